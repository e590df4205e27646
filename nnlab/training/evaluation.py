"""What is seen on the validation data: the loss and every metric of all samples at once."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from nnlab.engine import losses
from nnlab.training.batches import Batches
from nnlab.training.checks import check_classes, check_metrics

__all__ = ["Accuracy", "Evaluator"]

ON_LOGITS = (
    "binary_cross_entropy", losses.binary_cross_entropy, nn.functional.binary_cross_entropy_with_logits,
)  # fmt: skip


class Evaluator:
    """Looks at validation data, whenever it is asked to.

    Outputs and targets of all batches are put together before anything is computed. A mean of batch means would be
    wrong wherever samples count differently (class weights, ignored labels) or a batch is smaller, and wrong for a sum.

    Args:
        loss: a name or a function, as ``nnlab.losses.to_torch`` takes it.
        metrics: name -> torchmetrics metric, or function (logits, y) -> number or numbers; None is the accuracy for
            class numbers, also of one logit for each sample, and nothing for real targets, as the first look decides.
    """

    def __init__(self, loss: str | Callable, metrics: Mapping[str, Any] | None, device: torch.device):
        check_metrics(metrics)
        self.given = loss
        self.loss = losses.to_torch(loss)
        self.binary = isinstance(loss, nn.BCEWithLogitsLoss) or loss in ON_LOGITS
        self.ignored = getattr(loss, "ignore_index", -100)  # the label that PyTorch leaves out, and its default
        self.metrics = None if metrics is None else {name: on_device(m, device) for name, m in metrics.items()}

    @torch.no_grad()
    def look(self, model: nn.Module, batches: Batches) -> dict[str, float]:
        """``val_loss`` and, as ``val_NAME``, every metric; nothing without data."""
        model.eval()
        seen = [(model(x), y) for x, y in batches]
        if not seen:
            return {}
        logits, y = (together(parts) for parts in zip(*seen, strict=True))
        check_classes(logits, y, self.ignored)
        if self.metrics is None:
            self.metrics = self.usual(logits, y)
        values = {"val_loss": self.loss(logits, y).item()}
        for name, metric in self.metrics.items():
            values |= numbers(f"val_{name}", measured(metric, logits, y))
        return values

    def usual(self, logits: Any, y: Any) -> dict[str, Any]:
        """The metric that was left open: the accuracy, where there are classes."""
        if not isinstance(logits, torch.Tensor) or not isinstance(y, torch.Tensor):
            return {}
        several = not y.is_floating_point() and logits.ndim == 2 and logits.shape[-1] > 1 and y.ndim == 1
        one = logits.numel() == y.numel() == len(y) and (self.binary or not y.is_floating_point())
        return {"accuracy": Accuracy(self.ignored)} if several or (one and bool(((y == 0) | (y == 1)).all())) else {}

    def higher_is_better(self, curve: str) -> bool | None:
        """What the metric of a curve ``val_NAME`` or ``val_NAME_class`` says of itself; None where it does not."""
        metrics = {"accuracy": Accuracy()} if self.metrics is None else self.metrics
        named = {f"val_{name}": metric for name, metric in metrics.items()}
        its = max((name for name in named if f"{curve}_".startswith(f"{name}_")), key=len, default=None)
        return None if its is None else getattr(named[its], "higher_is_better", None)


def on_device(metric: Any, device: torch.device) -> Any:
    """A metric where the model is, emptied; a function is everywhere."""
    if not hasattr(metric, "compute"):
        return metric
    metric = metric.to(device) if hasattr(metric, "to") else metric
    metric.reset()
    return metric


def measured(metric: Any, logits: Any, y: Any) -> Any:
    """What a metric says about all samples."""
    if not hasattr(metric, "compute"):
        return metric(logits, y)
    metric.reset()
    metric.update(logits, y)
    return metric.compute()


def numbers(name: str, value: Any) -> dict[str, float]:
    """A value under its name; of several, such as one for each class, each with its number or name behind."""
    if isinstance(value, Mapping):
        return {way: number for key, part in value.items() for way, number in numbers(f"{name}_{key}", part).items()}
    try:
        values = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"a metric must give a number, or a tensor of them. Got {value!r} for {name!r}. "
            "Try (logits.argmax(-1) == y).float().mean()."
        ) from error
    return {"_".join([name, *map(str, place)]): float(values[place]) for place in np.ndindex(values.shape)}


def together(parts: tuple) -> Any:
    """The outputs, or the targets, of all batches as one: tensors one below the other, in tuples and dictionaries too.

    Raises:
        ValueError: batches of different shapes.
    """
    first = parts[0]
    if isinstance(first, Mapping):
        return {name: together(tuple(part[name] for part in parts)) for name in first}
    if isinstance(first, (tuple, list)):
        return tuple(map(together, zip(*parts, strict=True)))
    if not isinstance(first, torch.Tensor) or len(parts) == 1:
        return first
    if len({part.shape[1:] for part in parts}) > 1:
        other = next(part for part in parts if part.shape[1:] != first.shape[1:])
        raise ValueError(
            f"validation batches must differ in their number of samples only. Got {tuple(first.shape)} and "
            f"{tuple(other.shape)}. Try a collate_fn that fills all up to one length."
        )
    return torch.cat(parts)


class Accuracy:
    """The share of samples with the largest logit at their class, with the methods of a torchmetrics metric.

    It is ``MulticlassAccuracy(average="micro")`` without the checks, which take longer than the network does on digits;
    where there is one logit for each sample it is ``BinaryAccuracy``: a positive one means class 1.

    Args:
        ignored: a label that does not count, as for the loss.
    """

    higher_is_better = True

    def __init__(self, ignored: int = -100) -> None:
        self.ignored = ignored
        self.reset()

    def reset(self) -> None:
        self.right, self.count = torch.tensor(0), torch.tensor(0)

    def update(self, logits: torch.Tensor, y: torch.Tensor) -> None:
        """Count a batch: logits (batch, classes) or (batch,) or (batch, 1), classes y (batch,) or as the logits."""
        one = logits.numel() == y.numel()
        guess = (logits > 0).reshape(y.shape) if one else logits.argmax(-1)
        counts = y != self.ignored
        self.right, self.count = self.right + ((guess == y) & counts).sum(), self.count + counts.sum()

    def compute(self) -> torch.Tensor:
        return self.right / self.count
