"""What must fit together before ``fit`` can train: schedule and optimizer, device, metrics, outputs and classes."""

from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

LENGTHS = ("total_steps", "T_max", "total_iters")  # what the schedules of PyTorch call their length

__all__ = ["bound", "check_classes", "check_length", "check_metrics", "usable"]


def bound(schedule, optimizer: torch.optim.Optimizer) -> LRScheduler | None:
    """The scheduler for this optimizer: one of PyTorch's as it is, or the twin of a formula."""
    if schedule is None or isinstance(schedule, LRScheduler):
        if schedule is not None and schedule.optimizer is not optimizer:
            raise ValueError("schedule must be bound to the optimizer. Got that of another one. Make it from this one.")
        return schedule
    if not hasattr(schedule, "to_torch"):
        raise TypeError(
            f"schedule must be a formula of nnlab.schedules or a torch.optim.lr_scheduler. "
            f"Got {type(schedule).__name__}. Try torch.optim.lr_scheduler.StepLR(optimizer, 10)."
        )
    return schedule.to_torch(optimizer)


def usable(device) -> torch.device:
    """A device on which this PyTorch can make a tensor, or a ValueError."""
    try:
        return torch.empty(0, device=device).device
    except Exception as error:  # unknown, not built in, or not there: each fails in its own way
        raise ValueError(
            f"device must be one that this PyTorch can use. Got {device!r} ({type(error).__name__}: {error}). "
            "Try 'cpu', or None for where the model is."
        ) from error


def check_metrics(metrics) -> None:
    """Check that there is a metric behind every name, and that no name stands for the loss."""
    if metrics is None:
        return
    if not hasattr(metrics, "values") or not all(map(is_metric, metrics.values())):
        raise TypeError(
            f"metrics must be a dictionary name -> torchmetrics metric, or function (logits, y) -> number. "
            f"Got {metrics!r}. Try {{'f1': torchmetrics.classification.MulticlassF1Score(10)}}."
        )
    if "loss" in metrics:
        raise ValueError("metrics must not be named like the validation loss. Got 'loss'. Try 'own_loss'.")


def is_metric(metric: Any) -> bool:
    """Whether it is a metric or a function; not a class of metrics."""
    return not isinstance(metric, type) and (hasattr(metric, "compute") or callable(metric))


def check_classes(logits: Any, y: Any, ignored: int = -100) -> None:
    """Check that there is an output for every class number in y (sample,) but the ``ignored`` one."""
    if not isinstance(logits, torch.Tensor) or not isinstance(y, torch.Tensor):
        return
    if y.is_floating_point() or y.ndim != 1 or logits.ndim != 2 or logits.shape[-1] < 2:
        return
    if (largest := int(torch.where(y == ignored, 0, y).max())) >= logits.shape[-1]:
        raise ValueError(
            f"class numbers must be below the number of outputs. Got class {largest} and {logits.shape[-1]} "
            f"outputs. Try {largest + 1} outputs."
        )


def check_length(scheduler: LRScheduler | None, epochs: int | None, steps: int) -> None:
    """Check that a schedule with a length is not counted in epochs when its length is in steps.

    Args:
        epochs: how often it is told the time, if that is once in each epoch; None for once in each step.
        steps: how many the run makes.
    """
    length = next((getattr(scheduler, name) for name in LENGTHS if hasattr(scheduler, name)), None)
    moments, unit = (steps, "step") if epochs is None else (epochs, "epoch")
    whole_run = isinstance(scheduler, OneCycleLR)  # it is meaningless when cut short, and fails beyond its end
    # A run that is cut short, after less than a fifth, hardly ends just there.
    in_steps = length == steps >= 5 * moments
    if length is None or length == moments or not (whole_run or in_steps):
        return
    remedy = f"steps={steps} instead of epochs" if length == steps else f"total_steps={moments}"
    raise ValueError(
        f"schedule must be as long as the run, counted in what you count: {type(scheduler).__name__} is told the time "
        f"once in each {unit}, {moments} times. Got the length {length}. Try {remedy}."
    )
