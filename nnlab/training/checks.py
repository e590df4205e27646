"""What must fit together before ``fit`` can train: model, optimizer, schedule, device, metrics, outputs and targets."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler


def check_model(model, optimizer) -> None:
    """Check that both are what they should be, and that the optimizer holds parameters of the model."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model must be a torch.nn.Module. Got {type(model).__name__}. "
            "Try nnlab.models.to_torch(net, net.init(seed=0)) for a network by hand."
        )
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must be one of torch.optim. Got {type(optimizer).__name__}. "
            "Try torch.optim.AdamW(model.parameters())."
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError(
            "optimizer must hold the parameters of this model. Got those of another one. "
            "Try torch.optim.AdamW(model.parameters()), made after the model."
        )


def bound(schedule, optimizer):
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


def check_outputs(logits: torch.Tensor, y: torch.Tensor, loss) -> torch.Tensor:
    """Check that what the model gives and what the data want fit each other; returns their loss."""
    if y.is_floating_point() and logits.shape != y.shape:
        raise ValueError(
            f"outputs and real targets must have the same shape, or they are broadcast against each other. "
            f"Got {tuple(logits.shape)} and {tuple(y.shape)}. Try nn.Sequential(model, nn.Flatten(0))."
        )
    check_classes(logits, y)
    value = loss(logits, y)
    if value.ndim != 0:
        raise ValueError(
            f"loss must give one number, the mean over the batch. Got the shape {tuple(value.shape)}. "
            "Try reduction='mean'."
        )
    return value


def check_classes(logits: torch.Tensor, y: torch.Tensor) -> None:
    """Check that there is an output for every class number in y (sample,)."""
    if not y.is_floating_point() and logits.ndim == 2 and 1 < logits.shape[-1] <= int(y.max()):
        raise ValueError(
            f"class numbers must be below the number of outputs. Got class {int(y.max())} and {logits.shape[-1]} "
            f"outputs. Try {int(y.max()) + 1} outputs."
        )
