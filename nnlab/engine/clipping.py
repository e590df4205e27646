"""Gradient clipping: no step longer than you allow, whatever the slope.

By norm keeps the direction and shortens the whole gradient; by value cuts every entry and so turns the direction.
A gradient is a dictionary of tensors, or of plain Python floats (which explorers use, as they are ten times faster).
"""

import math

import torch

from nnlab import arguments

__all__ = ["by_norm", "by_value", "check"]


def norm(grads: dict, member_axes: int = 0):
    """The global norm: the root of the sum of squares over *all* gradients of one member, (members...,)."""
    if not any(isinstance(g, torch.Tensor) for g in grads.values()):
        return math.hypot(*grads.values())
    return torch.stack([g.flatten(member_axes).norm(dim=-1) for g in grads.values()], -1).norm(dim=-1)


def by_norm(grads: dict, max_norm, member_axes: int = 0) -> dict:
    """Shorten the gradient to ``max_norm`` where it is longer: g * min(1, max_norm / (norm + 1e-6)).

    As torch.nn.utils.clip_grad_norm_: the norm is that over all parameters together (Pascanu et al. 2013,
    algorithm 1), for each member its own. Nothing is changed in place.

    Args:
        grads: name -> gradient, every one with the same leading member axes, or every one a float.
        max_norm: positive; a number, or a tensor (members...,). Infinity clips nothing.
        member_axes: how many leading axes are members.

    Raises:
        ValueError, TypeError: ``max_norm`` is not positive.

    >>> by_norm({"w": torch.tensor([3.0, 4.0])}, max_norm=1.0)
    {'w': tensor([0.6000, 0.8000])}
    """
    check("max_norm", max_norm)
    length = norm(grads, member_axes) + 1e-6
    if isinstance(max_norm, (int, float)) and max_norm == math.inf:  # also where the length itself is too large
        return dict(grads)
    factor = cut(max_norm / length, 1.0)  # (members...,)
    return {name: g * in_front(factor, g, member_axes) for name, g in grads.items()}


def by_value(grads: dict, limit, member_axes: int = 0) -> dict:
    """Cut every entry to [-limit, limit], as torch.nn.utils.clip_grad_value_. Nothing is changed in place.

    Args:
        grads: name -> gradient. limit: positive; a number, or a tensor (members...,).
        member_axes: how many leading axes are members.

    >>> by_value({"w": torch.tensor([3.0, -0.5])}, limit=1.0)
    {'w': tensor([ 1.0000, -0.5000])}
    """
    check("limit", limit)
    return {name: cut(g, in_front(limit, g, member_axes)) for name, g in grads.items()}


def check(name: str, value) -> None:
    """Check that every entry is positive; infinity is allowed, so that one member of many may go unclipped."""
    for entry in value.flatten().tolist() if isinstance(value, torch.Tensor) else [value]:
        if entry != math.inf:
            arguments.positive(name, entry, 1.0)


def cut(values, limit):
    """Every entry between -limit and limit; nan stays nan."""
    if isinstance(values, torch.Tensor):
        return values.clamp(-limit, limit)
    return min(max(values, -limit), limit)


def in_front(values, g, member_axes: int):
    """Values (members...,) in the type of ``g`` (members..., ...), shaped to broadcast over it; a number as it is."""
    if not isinstance(values, torch.Tensor):
        return values
    return values.to(g.dtype).reshape(values.shape + (1,) * (g.ndim - member_axes))
