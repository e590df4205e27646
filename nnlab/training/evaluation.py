"""What is seen on the validation data: the mean loss over all samples, and every metric."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from nnlab.training.batches import Batches
from nnlab.training.checks import check_classes, check_metrics

__all__ = ["Accuracy", "Evaluator"]


class Evaluator:
    """Looks at validation data, whenever it is asked to.

    Args:
        loss: (logits, y) -> scalar mean over the batch.
        metrics: name -> torchmetrics metric; None is the accuracy for class numbers and nothing for real targets, as
            the first look decides.
    """

    def __init__(self, loss: Callable, metrics: Mapping[str, Any] | None, device: torch.device):
        check_metrics(metrics)
        self.loss = loss
        self.metrics = None if metrics is None else {name: metric.to(device) for name, metric in metrics.items()}

    @torch.no_grad()
    def look(self, model: nn.Module, batches: Batches) -> dict[str, float]:
        """``val_loss`` and, as ``val_NAME``, every metric; nothing without data."""
        model.eval()
        total, count, metrics = 0.0, 0, {}
        for x, y in batches:
            logits = model(x)
            if count == 0:
                metrics = self.emptied(logits, y)
            total += self.loss(logits, y).item() * len(y)
            count += len(y)
            for metric in metrics.values():
                metric.update(logits, y)
        values = {f"val_{name}": metric.compute().item() for name, metric in metrics.items()}
        return {"val_loss": total / count, **values} if count else {}

    def emptied(self, logits: torch.Tensor, y: torch.Tensor) -> dict[str, Any]:
        """The metrics before the first batch: classes are checked, and the metric is chosen that was left open."""
        check_classes(logits, y)
        if self.metrics is None:
            classes = not y.is_floating_point() and logits.ndim == 2 and logits.shape[-1] > 1
            self.metrics = {"accuracy": Accuracy()} if classes else {}
        for metric in self.metrics.values():
            metric.reset()
        return self.metrics

    def directions(self) -> dict[str, bool | None]:
        """For every metric, as ``val_NAME``, whether higher is better; None where it does not say so."""
        metrics = {"accuracy": Accuracy()} if self.metrics is None else self.metrics
        return {f"val_{name}": getattr(metric, "higher_is_better", None) for name, metric in metrics.items()}


class Accuracy:
    """The share of samples with the largest logit at their class, with the methods of a torchmetrics metric.

    It is ``MulticlassAccuracy(average="micro")`` without the checks, which take longer than the network does on digits.
    """

    higher_is_better = True

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.right, self.count = torch.tensor(0), 0

    def update(self, logits: torch.Tensor, y: torch.Tensor) -> None:
        """Count a batch: logits (batch, classes), class numbers y (batch,)."""
        self.right = self.right + (logits.argmax(-1) == y).sum()
        self.count += len(y)

    def compute(self) -> torch.Tensor:
        return self.right / self.count
