"""Softmax over the wrong dimension: dim=0 is the batch."""

from torch import nn

__all__ = ["loss", "network", "step"]

FAULT = "softmax over the wrong dimension"


def network(dim=0):
    """64 pixels, twice 64 units, 10 log-probabilities."""
    return nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), nn.LogSoftmax(dim)
    )


def loss(output, y):
    """The mean of minus the log-probability of the right class."""
    return nn.functional.nll_loss(output, y)


def step(model, optimizer, x, y):
    """The five lines of PyTorch."""
    model.train()
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    return value


def cured_network():
    """The same over the classes."""
    return network(dim=1)


CURE = {"network": cured_network}
