"""Softmax before cross-entropy."""

from torch import nn

from nnlab.analysis.clinic import healthy

__all__ = ["network"]

FAULT = "softmax before cross-entropy"
CURE = {"network": healthy.network}


def network():
    """64 pixels, twice 64 units, 10 answers."""
    return nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1)
    )
