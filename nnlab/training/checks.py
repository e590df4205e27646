"""What must fit together before ``fit`` can train: schedule and optimizer, device, metrics, outputs and classes."""

import torch
from torch.optim.lr_scheduler import LRScheduler

__all__ = ["bound", "check_classes", "check_metrics", "usable"]


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
    if not hasattr(metrics, "values") or not all(hasattr(metric, "compute") for metric in metrics.values()):
        raise TypeError(
            f"metrics must be a dictionary name -> torchmetrics metric. Got {metrics!r}. "
            "Try {'f1': torchmetrics.classification.MulticlassF1Score(10)}."
        )
    if "loss" in metrics:
        raise ValueError("metrics must not be named like the validation loss. Got 'loss'. Try 'own_loss'.")


def check_classes(logits: torch.Tensor, y: torch.Tensor) -> None:
    """Check that there is an output for every class number in y (sample,)."""
    if not y.is_floating_point() and logits.ndim == 2 and 1 < logits.shape[-1] <= int(y.max()):
        raise ValueError(
            f"class numbers must be below the number of outputs. Got class {int(y.max())} and {logits.shape[-1]} "
            f"outputs. Try {int(y.max()) + 1} outputs."
        )
