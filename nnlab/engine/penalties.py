"""Weight penalties: a price for large weights, its slope, and the two ways to shrink weights without a price.

Each function takes a tensor of weights, or a single one as a plain Python float (which explorers use, as it is many
times faster than a tensor with one entry), and ``lam``, zero or positive: a number, or a tensor that broadcasts (one
for each member). Penalties are for weights; biases and norm layers are left out, and ``weights`` picks the rest
(Goodfellow et al. 2016, section 7.1: a bias fixes no interaction of two variables, and to penalize it underfits).
"""

from typing import TypeVar

import torch

from nnlab import arguments

__all__ = ["decay", "l1", "l2", "proximal_l1", "weights"]

Weights = TypeVar("Weights", float, torch.Tensor)


def weights(params: dict) -> dict:
    """The weights of the layers among the parameters: no biases, no norm layers.

    >>> from nnlab import Network
    >>> list(weights(Network([2, 3, 1], norm="layer").init()))
    ['layer1.weight', 'layer2.weight']
    """
    return {name: p for name, p in params.items() if name.startswith("layer") and name.endswith(".weight")}


def l2(w: Weights, lam, half: bool = True, member_axes: int = 0) -> tuple[Weights, Weights]:
    """L2: the price (lam / 2) sum of w^2 and its gradient lam w (Goodfellow et al. 2016, eq. 7.2 and 7.3).

    Args:
        w: weights of any shape, or one as a float. lam: zero or positive.
        half: False leaves the 1/2 out: lam sum of w^2 and 2 lam w. Both are common: the same lam is then twice as
            strong. torch's ``weight_decay`` is the lam of the version with 1/2.
        member_axes: how many leading axes are members; each has a price of its own.

    Returns:
        the price (members...,) and the gradient with the shape of ``w``.
    """
    arguments.not_negative("lam", lam, 1e-4)
    gradient = (1 if half else 2) * lam * w
    return total(gradient * w / 2, member_axes), gradient


def l1(w: Weights, lam, member_axes: int = 0) -> tuple[Weights, Weights]:
    """L1: the price lam sum of |w| and a subgradient, lam sign(w) with sign(0) = 0.

    Goodfellow et al. 2016, eq. 7.18 and 7.20. A step along the subgradient jumps over zero instead of stopping there:
    weights get small, but never zero.
    Arguments and results are those of ``l2``.
    """
    arguments.not_negative("lam", lam, 1e-4)
    return total(lam * abs(w), member_axes), lam * sign(w)


def proximal_l1(w: Weights, threshold) -> Weights:
    """Soft threshold: sign(w) max(|w| - threshold, 0), after the gradient step, with threshold = lr * lam.

    It is the exact minimum over v of (v - w)^2 / 2 + threshold |v| (Parikh & Boyd 2014, section 6.5.2), so a weight
    that would cross zero becomes exactly zero. As torch.nn.Softshrink.

    >>> proximal_l1(torch.tensor([-1.0, 0.2, 0.5]), 0.25)
    tensor([-0.7500,  0.0000,  0.2500])
    """
    arguments.not_negative("threshold", threshold, 1e-4)
    if isinstance(w, torch.Tensor):
        return w.sign() * (w.abs() - threshold).clamp(min=0)
    return sign(w) * max(abs(w) - threshold, 0.0)


def decay(w: Weights, amount) -> Weights:
    """Decoupled weight decay: (1 - amount) w, before the step, with amount = lr * lam.

    Nothing passes through the gradient (Loshchilov & Hutter 2019, algorithms 1 and 2); with SGD it is the same run
    as ``l2``.
    """
    arguments.not_negative("amount", amount, 1e-4)
    return (1 - amount) * w


def sign(w: Weights) -> Weights:
    """-1, 0 or 1."""
    return w.sign() if isinstance(w, torch.Tensor) else float((w > 0) - (w < 0))


def total(values: Weights, member_axes: int) -> Weights:
    """The sum of one member's values, (members...,); a float is its own."""
    if isinstance(values, torch.Tensor) and values.ndim > member_axes:
        return values.flatten(member_axes).sum(-1)
    return values
