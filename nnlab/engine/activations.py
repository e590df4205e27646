"""Activation functions: f and f' side by side.

Each function takes the pre-activation z, a tensor of any shape, and returns y = f(z), elementwise.
Its derivative takes z and y, because for some functions y is the shorter way: sigmoid' = y (1 - y).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from nnlab import arguments

SLOPE = 0.01  # of leaky ReLU for z < 0, as in torch.nn.LeakyReLU


class Activation(NamedTuple):
    """One activation function with its derivative."""

    name: str
    f: Callable[[torch.Tensor], torch.Tensor]  # z -> y
    derivative: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # (z, y) -> dy/dz


def gelu(z: torch.Tensor) -> torch.Tensor:
    """GELU, z Phi(z) with the standard normal distribution function Phi (Hendrycks & Gimpel 2016, eq. 1)."""
    return z * normal_cdf(z)


def gelu_derivative(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """d/dz [z Phi(z)] = Phi(z) + z phi(z)."""
    return normal_cdf(z) + z * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal_cdf(z: torch.Tensor) -> torch.Tensor:
    """Phi(z) = erfc(-z / sqrt 2) / 2, which keeps its digits for very negative z."""
    return 0.5 * torch.erfc(-z / math.sqrt(2))


def silu_derivative(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """d/dz [z sigmoid(z)] = s (1 + z (1 - s)) with s = sigmoid(z)."""
    s = torch.sigmoid(z)
    return s * (1 + z * (1 - s))


ACTIVATIONS = {
    a.name: a
    for a in (
        Activation("relu", torch.relu, lambda z, y: y.sign()),
        Activation(
            "leaky_relu",
            lambda z: torch.where(z > 0, z, SLOPE * z),
            lambda z, y: torch.where(z > 0, torch.ones_like(z), SLOPE),
        ),
        Activation("sigmoid", torch.sigmoid, lambda z, y: y * (1 - y)),
        Activation("tanh", torch.tanh, lambda z, y: 1 - y * y),
        Activation("gelu", gelu, gelu_derivative),
        Activation("silu", lambda z: z * torch.sigmoid(z), silu_derivative),
        Activation("identity", lambda z: z, lambda z, y: torch.ones_like(z)),
    )
}


def get(name: str) -> Activation:
    """The activation of that name.

    Raises:
        TypeError, ValueError: ``name`` is not a known name; the message gives the nearest one.

    >>> get("relu").f(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    arguments.one_of("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
