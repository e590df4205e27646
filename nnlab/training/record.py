"""What a run has recorded so far; ``History`` is its frozen form."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from nnlab import arguments
from nnlab.history import History


class Record:
    """Losses and other values of every step, and what was seen on the validation data.

    Args:
        model: whose weights ``history`` takes along.
        settings: of the run, with its "seed"; with a "clip_norm" there are norms of gradients to record.

    Attributes:
        losses: the training loss of each mini-batch, a tensor where the model is.
        by_step: name -> a value for each step: "lr", "grad_norm".
        evaluations: each with "step", "val_loss", and "val_..." for every metric.
    """

    def __init__(self, model: nn.Module, settings: dict[str, Any]):
        self.model, self.settings = model, settings
        self.losses: list[torch.Tensor] = []
        self.by_step: dict[str, list] = {"lr": []} | ({"grad_norm": []} if settings["clip_norm"] else {})
        self.evaluations: list[dict[str, float]] = []

    @property
    def step(self) -> int:
        """How many updates were made."""
        return len(self.losses)

    def latest(self, name: str) -> float:
        """The last value of a validation curve.

        Raises:
            ValueError: no validation data, or no such curve.
        """
        if not self.evaluations:
            raise ValueError(
                f"{name} needs validation data. Got none. Try fit(model, (train_loader, val_loader), ...)."
            )
        first = self.evaluations[0]  # without an accuracy, as for a regression, it is nan from the beginning
        missing = {"step"} | ({"val_accuracy"} if math.isnan(first["val_accuracy"]) else set())
        arguments.one_of("curve", name, [key for key in first if key not in missing])
        return self.evaluations[-1][name]

    def history(self) -> History:
        """The record so far as a ``History`` with one member.

        An interrupt may come within a step: all curves are as long as the shortest.
        """
        complete = min(map(len, [self.losses, *self.by_step.values()]))

        def evaluated(name: str) -> torch.Tensor:
            return torch.tensor([[e[name] for e in self.evaluations]], dtype=torch.float32)

        names = [n for n in (self.evaluations[0] if self.evaluations else ()) if n.startswith("val_")]
        extra = {n: torch.tensor([[float(v) for v in values[:complete]]]) for n, values in self.by_step.items()}
        extra |= {n: evaluated(n) for n in names if n not in ("val_loss", "val_accuracy")}
        return History(
            settings={"seed": (self.settings["seed"],)},
            loss=self.stacked_losses()[:complete].unsqueeze(0),
            evaluated=torch.tensor([e["step"] for e in self.evaluations], dtype=torch.int64),
            val_loss=evaluated("val_loss"),
            val_accuracy=evaluated("val_accuracy"),
            params={n: p.detach().cpu().clone().unsqueeze(0) for n, p in self.model.state_dict().items()},
            extra=extra,
        )

    def stacked_losses(self) -> torch.Tensor:
        """(step,), the training loss of every step so far, on the CPU."""
        return torch.stack(self.losses).float().cpu() if self.losses else torch.zeros(0)

    def state_dict(self) -> dict:
        """What a checkpoint holds of it."""
        return {
            "losses": self.stacked_losses(),
            "by_step": {name: [float(v) for v in values] for name, values in self.by_step.items()},
            "evaluations": self.evaluations,
        }

    def load_state_dict(self, state: dict) -> None:
        """Take back what ``state_dict`` gave."""
        device = next(self.model.parameters()).device  # where the losses of new steps will be
        self.losses, self.by_step = list(state["losses"].to(device)), state["by_step"]
        self.evaluations = state["evaluations"]
