"""Dead ReLUs: the biases are so far below zero that no unit ever answers."""

from torch import nn

from nnlab.analysis.clinic import healthy

__all__ = ["network"]

FAULT = "dead ReLUs"
CURE = {"network": healthy.network}


def network():
    """64 pixels, twice 64 units, 10 logits."""
    layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    nn.init.constant_(layers[0].bias, -20)
    return layers
