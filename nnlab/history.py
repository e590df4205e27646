"""History: the frozen record of a training run of one or many members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from nnlab import arguments

__all__ = ["Curve", "History", "concatenate"]


class Curve(NamedTuple):
    """One quantity of every member, step by step, and how to read it."""

    values: torch.Tensor  # (member, step)
    steps: torch.Tensor  # (step,), after how many updates each value was seen
    higher_is_better: bool | None = None  # None: nobody knows, as for a learning rate
    part: str = "train"  # the data that it is measured on: "train" or "val"

    @property
    def worst(self) -> float:
        """What a diverged member counts as, in place of nan; nan where nobody knows what is better."""
        return torch.nan if self.higher_is_better is None else -torch.inf if self.higher_is_better else torch.inf


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """What happened to every member of an ensemble, step by step.

    Attributes:
        settings: one tuple for each varied setting, one entry for each member, e.g. ``{"seed": (0, 1)}``.
        params: the last parameters, every tensor with a leading (member,) axis.
        curves: what was recorded, by name; "loss" and "val_loss" are always there.
    """

    settings: dict[str, tuple]
    params: dict[str, torch.Tensor]
    curves: dict[str, Curve]

    @property
    def loss(self) -> torch.Tensor:
        """(member, step), the training loss of each mini-batch, before the step that it led to."""
        return self.curves["loss"].values

    @property
    def evaluated(self) -> torch.Tensor:
        """(evaluation,), after how many steps the validation data were looked at."""
        return self.curves["val_loss"].steps

    @property
    def val_loss(self) -> torch.Tensor:
        """(member, evaluation)."""
        return self.curves["val_loss"].values

    @property
    def val_accuracy(self) -> torch.Tensor:
        """(member, evaluation), from 0 to 1; only where it was measured: a regression raises an AttributeError."""
        if "val_accuracy" not in self.curves:
            raise AttributeError(f"val_accuracy must be measured. Got only {', '.join(self.curves)}. Try val_loss.")
        return self.curves["val_accuracy"].values

    @property
    def extra(self) -> dict[str, torch.Tensor]:
        """The values of all other curves by name, such as the learning rate ``lr`` or a metric ``val_f1``."""
        return {n: c.values for n, c in self.curves.items() if n not in ("loss", "val_loss", "val_accuracy")}

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        varied = {k: list(dict.fromkeys(v)) for k, v in self.settings.items()}
        grid = ", ".join(f"{k}: {v[0]}" if len(v) == 1 else f"{len(v)} {k}s" for k, v in varied.items())
        lost = int((self.diverged >= 0).sum())
        end = f"; {lost} diverged" if lost else ""
        many = "member" if len(self) == 1 else "members"
        return f"History of {len(self)} {many} ({grid}), {self.loss.shape[1]} steps{end}"

    @property
    def diverged(self) -> torch.Tensor:
        """(member,), the first step at which the training loss was inf or nan, or -1 for a member that held.

        The last step has no training loss after it; there the last validation loss decides.
        """
        lost = ~torch.cat([self.loss, self.val_loss[:, -1:]], 1).isfinite()
        if not lost.numel():
            return torch.full((len(self),), -1)
        return torch.where(lost.any(1), lost.int().argmax(1), -1)

    def select(self, **settings) -> History:
        """The members with these settings, such as ``select(lr=0.1)`` or ``select(seed=3, lr=0.1)``.

        Raises:
            ValueError: an unknown setting or a value that no member has; the message lists those there are.
        """
        keep = torch.ones(len(self), dtype=torch.bool)
        for name, value in settings.items():
            arguments.one_of("setting", name, self.settings)
            if value not in self.settings[name]:
                have = ", ".join(map(str, dict.fromkeys(self.settings[name])))
                raise ValueError(f"{name} must be one of {have}. Got {value!r}. Try {self.settings[name][0]!r}.")
            keep &= torch.tensor([v == value for v in self.settings[name]])
        rows = keep.nonzero().flatten()
        return History(
            settings={name: tuple(values[i] for i in rows.tolist()) for name, values in self.settings.items()},
            params={name: p[rows] for name, p in self.params.items()},
            curves={name: curve._replace(values=curve.values[rows]) for name, curve in self.curves.items()},
        )

    def best(self, by: str, of: str = "val_loss") -> History:
        """The members with the one value of a setting whose median ends best, such as ``best("lr")``.

        Raises:
            ValueError: an unknown setting or curve, or a curve of which nobody knows what is better.
        """
        arguments.one_of("by", by, self.settings)
        arguments.one_of("of", of, self.curves)
        if (higher := self.curves[of].higher_is_better) is None:
            raise ValueError(f"of must be a curve that has a better side. Got {of!r}. Try 'val_loss'.")
        groups = [self.select(**{by: value}) for value in dict.fromkeys(self.settings[by])]
        return (max if higher else min)(groups, key=lambda group: group.median(of)[-1])

    def steps(self, of: str = "loss") -> torch.Tensor:
        """The step numbers that belong to the last axis of a curve such as ``loss`` or ``val_loss``."""
        arguments.one_of("of", of, self.curves)
        return self.curves[of].steps

    def median(self, of: str = "loss") -> torch.Tensor:
        """The median over members, at every step of ``of``.

        A diverged member counts as the worst: inf where lower is better, as for a loss, and -inf where higher is. Where
        the curve does not know, nan stays nan.
        """
        return self._quantile(of, 0.5)

    def band(self, of: str = "loss", coverage: float = 0.8) -> tuple[torch.Tensor, torch.Tensor]:
        """The low and the high end of the band that holds the middle ``coverage`` of the members."""
        arguments.fraction("coverage", coverage, 0.8)
        return self._quantile(of, (1 - coverage) / 2), self._quantile(of, (1 + coverage) / 2)

    def _quantile(self, of: str, q: float) -> torch.Tensor:
        arguments.one_of("of", of, self.curves)
        curve = self.curves[of]
        values = curve.values.double().nan_to_num(curve.worst, torch.inf, -torch.inf)
        nearest = "nearest" if values.isinf().any() else "linear"  # inf cannot be interpolated
        return torch.quantile(values, q, dim=0, interpolation=nearest)

    def to_frame(self):
        """A pandas DataFrame with one row for each member and step; validation columns are empty in between."""
        import pandas as pd

        members, steps = self.loss.shape
        columns = {"member": [m for m in range(members) for _ in range(steps + 1)]}
        for name, values in self.settings.items():
            columns[name] = [value for value in values for _ in range(steps + 1)]
        columns["step"] = list(range(steps + 1)) * members
        for name, curve in self.curves.items():
            table = torch.full((members, steps + 1), torch.nan, dtype=torch.float64)
            table[:, curve.steps] = curve.values.double()
            columns[name] = table.flatten().tolist()
        return pd.DataFrame(columns)

    def to_csv(self, path) -> None:
        """Write ``to_frame()`` as a CSV file."""
        self.to_frame().to_csv(path, index=False)


def concatenate(histories: Sequence[History]) -> History:
    """Several runs as the members of one record, for example the same ``fit`` with eight seeds.

    Raises:
        ValueError: there is no run, or they differ in their number of steps, in their evaluations, in what they
            recorded, or in the shapes of their parameters.
    """
    if not histories:
        raise ValueError("histories must be at least one. Got none. Try concatenate([fit(...), fit(...)]).")
    first = histories[0]
    for other in histories[1:]:
        if other.loss.shape[1] != first.loss.shape[1] or not torch.equal(other.evaluated, first.evaluated):
            raise ValueError(
                f"all histories must have the same steps and evaluations. Got {first.loss.shape[1]} and "
                f"{other.loss.shape[1]} steps. Try the same epochs and no early stopping."
            )
        if other.settings.keys() != first.settings.keys() or other.curves.keys() != first.curves.keys():
            raise ValueError(
                f"all histories must record the same. Got {list(other.settings)}, {list(other.curves)} and "
                f"{list(first.settings)}, {list(first.curves)}. Try the same arguments for every run."
            )
        if shapes(other) != shapes(first):
            raise ValueError(
                f"all histories must be of networks with the same shapes. Got {shapes(other)} and {shapes(first)}. "
                "Try one record for each network."
            )
    return History(
        settings={name: tuple(v for h in histories for v in h.settings[name]) for name in first.settings},
        params={name: torch.cat([h.params[name] for h in histories]) for name in first.params},
        curves={
            n: c._replace(values=torch.cat([h.curves[n].values for h in histories])) for n, c in first.curves.items()
        },
    )


def shapes(history: History) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter of one member."""
    return {name: tuple(p.shape[1:]) for name, p in history.params.items()}
