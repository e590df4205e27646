"""What a run has recorded so far; ``History`` is its frozen form."""

from typing import Any

import torch
from torch import nn

from nnlab import arguments
from nnlab.history import Curve, History
from nnlab.training.evaluation import Evaluator

__all__ = ["Record"]


class Record:
    """Losses and other values of every step, and what was seen on the validation data.

    Args:
        model: whose weights ``history`` takes along.
        settings: of the run, with its "seed"; with a "clip_norm" there are norms of gradients to record.
        evaluator: knows which way each metric is better.

    Attributes:
        losses: the training loss of each mini-batch, a tensor where the model is.
        by_step: name -> a value for each step: "lr", "grad_norm".
        evaluations: each with "step", "val_loss", and "val_..." for every metric.
    """

    def __init__(self, model: nn.Module, settings: dict[str, Any], evaluator: Evaluator):
        self.model, self.settings, self.evaluator = model, settings, evaluator
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
        arguments.one_of("curve", name, [key for key in self.evaluations[0] if key != "step"])
        return self.evaluations[-1][name]

    def history(self) -> History:
        """The record so far as a ``History`` with one member.

        An interrupt may come within a step: all curves are as long as the shortest.
        """
        complete = min(map(len, [self.losses, *self.by_step.values()]))
        updates, looks = torch.arange(complete), torch.tensor([e["step"] for e in self.evaluations], dtype=torch.int64)
        by_step = {n: torch.tensor([float(v) for v in values]) for n, values in self.by_step.items()}
        by_step["loss"] = self.stacked_losses()
        curves = {}
        for name, higher in self.directions().items():
            if name in by_step:
                curves[name] = Curve(by_step[name][None, :complete], updates, higher)
            else:
                values = torch.tensor([[e[name] for e in self.evaluations]], dtype=torch.float32)
                curves[name] = Curve(values, looks, higher, part="val")
        params = {n: p.detach().cpu().clone().unsqueeze(0) for n, p in self.model.state_dict().items()}
        return History({"seed": (self.settings["seed"],)}, params, curves)

    def directions(self) -> dict[str, bool | None]:
        """Every curve so far, in the order of the record, and whether higher is better; None where nobody knows.

        A metric says it by its attribute ``higher_is_better``, as torchmetrics' do.
        """
        known: dict[str, bool | None] = {"loss": False, "val_loss": False, "grad_norm": False}  # inf is the worst
        measured = [n for n in self.evaluations[0] if n != "step"] if self.evaluations else ["val_loss"]
        return {
            name: known[name] if name in known else self.evaluator.higher_is_better(name)
            for name in ["loss", *measured, *self.by_step]
        }

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
