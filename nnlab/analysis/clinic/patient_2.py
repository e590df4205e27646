"""Learning rate too high."""

import torch

from nnlab.analysis.clinic import healthy

__all__ = ["optimizer"]

FAULT = "learning rate too high"
CURE = {"optimizer": healthy.optimizer}


def optimizer(model):
    """Plain gradient descent on all parameters."""
    return torch.optim.SGD(model.parameters(), lr=10)
