"""Gaussian noise on inputs or on features: the network never sees the same sample twice."""

from __future__ import annotations

import torch

from nnlab import arguments
from nnlab.engine import draws


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
