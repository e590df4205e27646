"""Gaussian noise on inputs or on features: the network never sees the same sample twice."""

from dataclasses import dataclass

import torch

from nnlab import arguments
from nnlab.engine import draws
from nnlab.engine.layers import Layer

__all__ = ["Noise", "add", "check"]


def add(a: torch.Tensor, std, generator: draws.Generators) -> torch.Tensor:
    """a + std * n with n standard normal, drawn anew for every entry (Goodfellow et al. 2016, section 7.5).

    The gradient passes unchanged: d(a + std * n)/da = 1. For a linear model with squared error, noise on the
    inputs is L2 in the mean (Bishop 1995).

    Args:
        a: (..., batch, features).
        std: zero or positive, in the unit of ``a``; or a tuple with one for each member.
        generator: a ``torch.Generator``, or a list with one for each member.

    Raises:
        ValueError, TypeError: a negative std, or not one std and one generator for each member.
    """
    check("std", std)
    return a + draws.per_member("std", std, a) * draws.normal(a.shape, generator, a.dtype)


def check(name: str, std) -> None:
    """Check that std, or every entry of a tuple, is zero or positive."""
    for entry in std if isinstance(std, tuple) else [std]:
        arguments.not_negative(name, entry, 0.1)


@dataclass(frozen=True)
class Noise(Layer):
    """A layer that adds noise in training, for every member its own.

    Args:
        std: zero or positive, in the unit of what is disturbed; or a tuple with one for each member.
        of: the name of a parameter with two axes, by which a layer on inputs that all members share sees how many
            members there are; None where x has their axes already.
    """

    std: float | tuple[float, ...]
    of: str | None = None
    random = True

    def forward(self, params, x, train=False, generator=None):
        """x + std * n in training, x itself afterwards; nothing is kept."""
        if not train:
            return x, None
        if self.of:
            members = torch.broadcast_shapes(x.shape[:-2], params[self.of].shape[:-2])
            x = x.expand(*members, *x.shape[-2:])
        return add(x, self.std, generator), None

    def backward(self, params, kept, dy):
        """The gradient passes unchanged."""
        return dy, {}
