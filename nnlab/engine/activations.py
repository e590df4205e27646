"""Activation functions: f and f' side by side.

Each function takes the pre-activation z, a tensor of any shape, and returns y = f(z), elementwise.
Its derivative takes z and y, because for some functions y is the shorter way: sigmoid' = y (1 - y).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from nnlab import arguments
from nnlab.engine.layers import Layer

__all__ = ["ACTIVATIONS", "SLOPE", "Activation", "get"]

SLOPE = 0.01  # of leaky ReLU for z < 0, as in torch.nn.LeakyReLU


@dataclass(frozen=True, repr=False)
class Activation(Layer):
    """One activation function with its derivative: a layer without parameters.

    Args:
        name: what it is called.
        f: z -> y, elementwise.
        derivative: (z, y) -> dy/dz.
        steepest: the largest |f'(z)| that there is.
        module: makes the torch.nn module that does the same; None if there is none.
    """

    name: str
    f: Callable[[torch.Tensor], torch.Tensor]
    derivative: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    steepest: float = 1.0
    module: Callable[[], nn.Module] | None = None

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"

    def forward(self, params, z, train=False, generator=None):
        """y = f(z); z and y are kept."""
        y = self.f(z)
        return y, (z, y)

    def backward(self, params, kept, dy):
        """dz = dy * f'(z), elementwise (Rumelhart, Hinton & Williams 1986, eq. 5)."""
        z, y = kept
        return dy * self.derivative(z, y), {}


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
        Activation("relu", torch.relu, lambda z, y: y.sign(), module=nn.ReLU),
        Activation(
            "leaky_relu",
            lambda z: torch.where(z > 0, z, SLOPE * z),
            lambda z, y: torch.where(z > 0, torch.ones_like(z), SLOPE),
            module=partial(nn.LeakyReLU, SLOPE),
        ),
        Activation("sigmoid", torch.sigmoid, lambda z, y: y * (1 - y), 0.25, nn.Sigmoid),
        Activation("tanh", torch.tanh, lambda z, y: 1 - y * y, module=nn.Tanh),
        Activation("gelu", gelu, gelu_derivative, 1.1289, nn.GELU),
        Activation("silu", lambda z: z * torch.sigmoid(z), silu_derivative, 1.0998, nn.SiLU),
        Activation("identity", lambda z: z, lambda z, y: torch.ones_like(z), module=nn.Identity),
    )
}


def get(name: str | Activation) -> Activation:
    """The activation of that name; one of your own as it is.

    Raises:
        TypeError, ValueError: ``name`` is not a known name; the message gives the nearest one.

    >>> get("relu").f(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if isinstance(name, Activation):
        return name
    arguments.one_of("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
