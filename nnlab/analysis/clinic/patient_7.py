"""Eval mode forgotten: the answers are made in the mode that training has left behind, with dropout."""

import torch
from torch import nn

from nnlab.analysis.clinic import healthy

__all__ = ["network", "predict"]

FAULT = "eval mode forgotten"
CURE = {"predict": healthy.predict}


def network():
    """64 pixels, twice 64 units with dropout, 10 logits."""
    return nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)
    )


def predict(model, x):
    """The answers that are measured."""
    with torch.no_grad():
        return model(x)
