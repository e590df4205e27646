"""History: the frozen record of a training run of one or many members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from nnlab import arguments

CURVES = ("loss", "val_loss", "val_accuracy")


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """What happened to every member of an ensemble, step by step.

    Attributes:
        settings: one tuple for each varied setting, one entry for each member, e.g. ``{"seed": (0, 1)}``.
        loss: (member, step), the training loss of each mini-batch, before the step that it led to.
        evaluated: (evaluation,), after how many steps the validation data were looked at.
        val_loss: (member, evaluation).
        val_accuracy: (member, evaluation), from 0 to 1; nan for a regression.
        params: the last parameters, every tensor with a leading (member,) axis.
        extra: further curves by name. One whose name starts with ``val_`` is (member, evaluation), such as a metric;
            any other is (member, step), such as the learning rate ``lr``.
    """

    settings: dict[str, tuple]
    loss: torch.Tensor
    evaluated: torch.Tensor
    val_loss: torch.Tensor
    val_accuracy: torch.Tensor
    params: dict[str, torch.Tensor]
    extra: dict[str, torch.Tensor] = field(default_factory=dict)

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
    def curves(self) -> dict[str, torch.Tensor]:
        """Every curve by name: loss, val_loss, val_accuracy, and the extra ones."""
        return {name: getattr(self, name) for name in CURVES} | self.extra

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
        return replace(
            self,
            settings={name: tuple(values[i] for i in rows.tolist()) for name, values in self.settings.items()},
            params={name: p[rows] for name, p in self.params.items()},
            **{name: getattr(self, name)[rows] for name in CURVES},
            extra={name: curve[rows] for name, curve in self.extra.items()},
        )

    def steps(self, of: str = "loss") -> torch.Tensor:
        """The step numbers that belong to the last axis of a curve such as ``loss`` or ``val_loss``."""
        arguments.one_of("of", of, self.curves)
        return self.evaluated if of.startswith("val_") else torch.arange(self.loss.shape[1])

    def median(self, of: str = "loss") -> torch.Tensor:
        """The median over members, at every step of ``of``.

        A diverged member counts as the worst: inf for losses and training curves, 0 for the accuracy. What is worst for
        another metric is not known here: nan stays nan, as it does for the accuracy of a regression.
        """
        return self._quantile(of, 0.5)

    def band(self, of: str = "loss", coverage: float = 0.8) -> tuple[torch.Tensor, torch.Tensor]:
        """The low and the high end of the band that holds the middle ``coverage`` of the members."""
        arguments.fraction("coverage", coverage, 0.8)
        return self._quantile(of, (1 - coverage) / 2), self._quantile(of, (1 + coverage) / 2)

    def _quantile(self, of: str, q: float) -> torch.Tensor:
        arguments.one_of("of", of, self.curves)
        if of == "val_accuracy":
            worst = torch.nan if self.val_accuracy.isnan().all() else 0.0
        else:
            worst = torch.nan if of.startswith("val_") and of != "val_loss" else torch.inf
        curves = torch.nan_to_num(self.curves[of].double(), nan=worst, posinf=torch.inf)
        nearest = "nearest" if curves.isinf().any() else "linear"  # inf cannot be interpolated
        return torch.quantile(curves, q, dim=0, interpolation=nearest)

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
            table[:, self.steps(name)] = curve.double()
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
    return replace(
        first,
        settings={name: tuple(v for h in histories for v in h.settings[name]) for name in first.settings},
        params={name: torch.cat([h.params[name] for h in histories]) for name in first.params},
        **{name: torch.cat([getattr(h, name) for h in histories]) for name in CURVES},
        extra={name: torch.cat([h.extra[name] for h in histories]) for name in first.extra},
    )


def shapes(history: History) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter of one member."""
    return {name: tuple(p.shape[1:]) for name, p in history.params.items()}
