"""Forgotten zero_grad."""

from nnlab.analysis.clinic import healthy
from nnlab.analysis.clinic.healthy import loss

__all__ = ["step"]

FAULT = "forgotten zero_grad"
CURE = {"step": healthy.step}


def step(model, optimizer, x, y):
    """One training step."""
    model.train()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    return value
