"""What is asked of a model: classes or numbers; what its loss wants; and the loss of somebody who knows nothing."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

__all__ = ["Task", "task_of"]


class Task(NamedTuple):
    """What the loss of a model is about.

    Attributes:
        kind: "classes", "binary" or "numbers".
        takes: "logits", "log-probabilities", "probabilities" or "numbers": what the loss expects; "" if unknown.
        baseline: the loss of the best constant answer: log C, log 2, the variance for a squared error; None if unknown.
        classes: how many.
    """

    kind: str
    takes: str
    baseline: float | None
    classes: int = 0


def task_of(loss: Callable, output: torch.Tensor, y: torch.Tensor) -> Task:
    """Find out what a loss wants, by trying which constant answer it rates with log C.

    Args:
        loss: (output, y) -> scalar.
        output: of the model, (sample, classes, ...) or of the shape of y. y: class numbers or real targets.
    """
    if not y.is_floating_point() and output.ndim == y.ndim + 1 and output.shape[1] > 1:
        classes, kind = output.shape[1], "classes"
    elif output.numel() == y.numel() and ((y == 0) | (y == 1)).all():
        classes, kind = 2, "binary"
    else:
        classes, kind = 0, "numbers"
    if classes:
        ignorant = math.log(classes)
        constants = {"logits": 0.0, "log-probabilities": -ignorant, "probabilities": 1 / classes}
        for takes, constant in constants.items():
            value = loss(torch.full_like(output, constant), y).item()
            if abs(value - ignorant) < 0.02 * ignorant:
                return Task(kind, takes, ignorant, classes)
    if kind == "classes" or not y.is_floating_point():
        return Task(kind, "", None, classes)
    mean = y.mean(0, keepdim=True).expand_as(y).reshape(output.shape) if output.numel() == y.numel() else None
    return Task("numbers", "numbers", None if mean is None else loss(mean, y).item())
