"""Trials: the frozen table of a search, one row for each trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab import arguments
from nnlab.engine.spaces import Space, text_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Trials", "short"]

COLUMNS = ("trial", "score", "seconds", "state", "reason")  # beside the hyper-parameters


@dataclass(frozen=True, eq=False, repr=False)
class Trials:
    """What a search tried, in the order of the trials.

    Attributes:
        table: one row for each trial: "trial", its number from 0; a column for each hyper-parameter; "score", nan where
            there is none; "seconds"; "state", which is "ok", "diverged" (the score was nan or infinite), "raised" (an
            error) or "killed" (its worker process died); "reason", empty for "ok".
        space: name -> the space that its values come from.
        higher_is_better: whether a larger score is the better one.
    """

    table: pd.DataFrame
    space: Mapping[str, Space]
    higher_is_better: bool

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        states = self.table["state"].value_counts()
        counts = ", ".join(f"{states[state]} {state}" for state in ("ok", "diverged", "raised", "killed")
                           if state in states)  # fmt: skip
        if not self.ok.any():
            return f"{len(self)} trials ({counts})"
        return f"{len(self)} trials ({counts}); best score {self.best_score:.3g}: {worded(self.best)}"

    @property
    def ok(self) -> np.ndarray:
        """(trial,), whether it has a score."""
        return (self.table["state"] == "ok").to_numpy()

    @property
    def scores(self) -> np.ndarray:
        """(trial,), nan where there is none."""
        return self.table["score"].to_numpy(dtype=float)

    @property
    def best_trial(self) -> int:
        """The number of the best trial; of equals, the first.

        Raises:
            ValueError: no trial has a score; the message has the reason of the first.
        """
        if not self.ok.any():
            reason = self.table["reason"].iloc[0] if len(self) else "there is no trial"
            raise ValueError(
                f"trials must hold one with a score. Got none of {len(self)}: {reason}. "
                "Try the objective with settings of your own first."
            )
        scores = self.scores
        return int(self.table["trial"].iloc[np.nanargmax(scores) if self.higher_is_better else np.nanargmin(scores)])

    @property
    def best_score(self) -> float:
        """The score of the best trial. It is the best of many draws: too good to be true on new data."""
        return float(self.table.set_index("trial").loc[self.best_trial, "score"])

    @property
    def best(self) -> dict:
        """The settings of the best trial, by name: ``objective(**trials.best)`` runs it again."""
        row = self.table.set_index("trial").loc[self.best_trial]
        return {name: arguments.plain(row[name]) for name in self.space}


def worded(settings: Mapping) -> str:
    """Settings in words.

    >>> worded({"lr": 0.01234, "optimizer": "Adam", "width": 64})
    'lr 0.0123, optimizer Adam, width 64'
    """

    return ", ".join(f"{name} {short(value)}" for name, value in settings.items())


def short(value) -> str:
    """A value in few characters: three digits, but of a number just below 1, such as a beta, its distance to 1 counts.

    >>> short(0.12345), short(0.99987), short(1.0), short("Adam")
    ('0.123', '0.99987', '1', 'Adam')
    """
    if isinstance(value, float):
        just_below = 0.99 < value < 1 - 1e-12
        return f"{value:.{1 - math.floor(math.log10(1 - value) + 1e-9)}f}".rstrip("0") if just_below else f"{value:.3g}"
    return value if isinstance(value, str) else text_of(value)
