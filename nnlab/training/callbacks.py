"""What may happen while ``nnlab.fit`` trains: the hooks of a callback, and early stopping."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nnlab import arguments

if TYPE_CHECKING:
    from nnlab.training.run import Run

__all__ = ["Callback", "EarlyStopping", "check_callbacks"]

ELSEWHERE = {  # what other loops call a moment -> what it is called here
    "on_epoch_end": "on_evaluate", "on_epoch_start": "on_evaluate", "on_epoch_begin": "on_evaluate",
    "on_train_epoch_end": "on_evaluate", "on_validation_end": "on_evaluate", "on_validation_epoch_end": "on_evaluate",
    "on_batch_end": "on_step", "on_train_batch_end": "on_step", "on_batch_start": "on_step",
    "on_train_start": "on_start", "on_train_begin": "on_start", "on_fit_start": "on_start", "on_begin": "on_start",
    "on_train_end": "on_end", "on_fit_end": "on_end", "on_finish": "on_end",
}  # fmt: skip


class Callback:
    """Does nothing at every moment of a run; a subclass overrides the moments it cares about.

    ``run`` is the ``nnlab.training.Run``: look at ``run.model``, ``run.optimizer``, ``run.step``, ``run.epoch``,
    ``run.history()``; set ``run.stop = True`` to end it after this epoch.
    """

    def on_start(self, run: Run) -> None:
        """Before the first step; when a run is resumed, ``run.step`` is where it goes on."""

    def on_step(self, run: Run) -> None:
        """After every update of the weights."""

    def on_evaluate(self, run: Run) -> None:
        """After the validation data were looked at: once before the first step, and after every epoch."""

    def on_end(self, run: Run) -> None:
        """At the end, also when the run was interrupted or failed; not without ``on_start``."""

    def state_dict(self) -> dict:
        """What a checkpoint must remember of this callback: numbers, text, tensors, lists and dictionaries."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Take back what ``state_dict`` gave."""


def check_callbacks(callbacks: Iterable[Callback]) -> list[Callback]:
    """The callbacks as a list, checked: each is one, and has no method ``on_...`` that nobody would ever call.

    Raises:
        TypeError: something else than a callback. ValueError: a moment that a run does not have, with the nearest.
    """
    given = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    moments = {name.replace("_", ""): name for name in vars(Callback) if name.startswith("on_")}
    for callback in given:
        if not isinstance(callback, Callback) or not isinstance(callbacks, Iterable):
            raise TypeError(
                f"callbacks must be a list of nnlab.Callback objects. Got {callbacks!r}. "
                "Try [nnlab.EarlyStopping(patience=5)]."
            )
        for name in dir(callback):
            plain = name.lower().replace("_", "")
            known = name in moments.values() or not (name.startswith("on_") or plain in moments)
            if not known and callable(getattr(callback, name, None)):
                nearest = ELSEWHERE.get(name, moments.get(plain, name))
                arguments.one_of(f"a moment of {type(callback).__name__}", nearest, moments.values())
                raise ValueError(
                    f"a moment of {type(callback).__name__} must be one of {', '.join(moments.values())}. "
                    f"Got {name!r}. Did you mean {nearest!r}?"
                )
    return given


class EarlyStopping(Callback):
    """Stop when the validation curve has not improved for ``patience`` evaluations, and restore the best weights.

    (Goodfellow, Bengio & Courville 2016, *Deep Learning*, algorithm 7.1. The UP rules of Prechelt 1998, *Early
    Stopping - But When?*, compare with the strip of epochs before instead of the best.) The weights that the model has
    at the end are those of the best evaluation, whether the run was stopped, interrupted, or reached its last epoch.

    Args:
        patience: how many evaluations in a row may pass without a new best.
        of: the curve to watch: "val_loss" or a validation metric, such as "val_mae"; each knows which way is better.
        min_delta: how much better a value must be to count as a new best.

    Attributes:
        best_step: after how many steps the best value was seen. best: that value.

    Raises:
        TypeError, ValueError: ``patience`` is not a whole number of at least 1, or ``min_delta`` is negative; when
            training begins, if the run has no such validation curve, or its metric no ``higher_is_better``.
    """

    def __init__(self, patience: int = 5, of: str = "val_loss", min_delta: float = 0.0):
        arguments.whole("patience", patience, 5)
        arguments.not_negative("min_delta", min_delta, 0.0)
        self.patience, self.of, self.min_delta = patience, of, min_delta
        self.start_anew()

    def start_anew(self) -> None:
        """Forget everything: a callback that is used for a second run starts as for the first."""
        self.best, self.best_step, self.waited = math.nan, 0, 0
        self.weights: dict = {}

    def on_start(self, run: Run) -> None:
        if run.step == 0:
            self.start_anew()

    def on_evaluate(self, run: Run) -> None:
        value, higher = run.latest(self.of), run.directions()[self.of]
        if higher is None:
            raise ValueError(
                f"the metric of {self.of!r} must say higher_is_better. Got None. Try True or False, in its class, "
                "or as an attribute of a function."
            )
        if self.is_better(value, higher):
            self.best, self.best_step, self.waited = value, run.step, 0
            self.weights = {name: tensor.detach().clone() for name, tensor in run.model.state_dict().items()}
        else:
            self.waited += 1
            run.stop = run.stop or self.waited >= self.patience

    def is_better(self, value: float, higher: bool) -> bool:
        """Whether ``value`` is a new best; nan never is."""
        if math.isnan(self.best):
            return not math.isnan(value)
        return (value - self.best if higher else self.best - value) > self.min_delta

    def on_end(self, run: Run) -> None:
        if self.weights:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict:
        found = {"best": self.best, "best_step": self.best_step, "waited": self.waited, "weights": self.weights}
        return found | self.settings()

    def settings(self) -> dict:
        """What decides when it stops."""
        return {"patience": self.patience, "of": self.of, "min_delta": self.min_delta}

    def load_state_dict(self, state: dict) -> None:
        found = state["best"], state["best_step"], state["waited"], state["weights"]
        if different := {name: state[name] for name, value in self.settings().items() if state[name] != value}:
            raise ValueError(f"early stopping had {different}, and now has {self.settings()}")
        self.best, self.best_step, self.waited, self.weights = found
