"""Zero initialization: all weights are 0, so all units of a layer are one."""

from torch import nn

from nnlab.analysis.clinic import healthy

__all__ = ["network"]

FAULT = "zero initialization"
CURE = {"network": healthy.network}


def network():
    """64 pixels, twice 64 units, 10 logits."""
    layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    for p in layers.parameters():
        nn.init.zeros_(p)
    return layers
