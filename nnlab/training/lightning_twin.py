"""The job of ``nnlab.fit`` as Lightning wants it written. Lightning is optional: only these functions need it."""

import importlib.util
import logging
import warnings
from collections.abc import Callable
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.data import DataLoader

__all__ = ["REMEDY", "available", "classifier", "fit"]

REMEDY = "Lightning is not installed, and only this part needs it. Try: python -m pip install lightning"


def available() -> bool:
    """Whether Lightning is installed."""
    return importlib.util.find_spec("lightning") is not None


def classifier(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Callable, classes: int):
    """The ``LightningModule``: what one step is, what is measured, which optimizer; the loop itself is Lightning's.

    Args:
        model: any module that maps a batch x to logits. optimizer: of its parameters. loss: (logits, y) -> scalar mean.
        classes: how many there are; more than one.
    """
    import lightning
    from torchmetrics.classification import MulticlassAccuracy

    class Classifier(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model, self.accuracy = model, MulticlassAccuracy(classes, average="micro")

        def training_step(self, batch):
            x, y = batch
            return loss(self.model(x), y)

        def validation_step(self, batch):
            x, y = batch
            logits = self.model(x)
            self.accuracy(logits, y)
            self.log_dict({"val_loss": loss(logits, y), "val_accuracy": self.accuracy})

        def configure_optimizers(self):
            return optimizer

    return Classifier()


def fit(
    model: nn.Module,
    train: DataLoader,
    val: DataLoader,
    *,
    optimizer: torch.optim.Optimizer,
    loss: Callable,
    epochs: int,
    classes: int,
) -> dict[str, float]:
    """Train ``model`` in place with ``lightning.Trainer`` on the CPU, without loggers, checkpoints and bars.

    ``nnlab.fit`` ends with the same weights, bit by bit, from the same DataLoaders whose shuffling has a generator of
    its own, and with a model without dropout: what comes from PyTorch's global generator differs.

    Returns:
        The last ``val_loss`` and ``val_accuracy``.

    Raises:
        ModuleNotFoundError: Lightning is not installed; the message says how to install it.
    """
    if not available():
        raise ModuleNotFoundError(REMEDY)
    with quiet():
        import lightning

        trainer = lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            num_sanity_val_steps=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(classifier(model, optimizer, loss, classes), train, val)
    model.eval()
    return {name: value.item() for name, value in trainer.callback_metrics.items()}


@contextmanager
def quiet():
    """No advice about workers, loggers and devices; afterwards Lightning is as talkative as before."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightning  # noqa: F401 (its import sets the levels)

        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
