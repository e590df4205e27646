"""Everything that ``ensemble.train`` may add to a plain step: penalties, weight decay, clipping, label smoothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import torch

from nnlab import arguments
from nnlab.engine import clipping, penalties
from nnlab.engine.optimizers import Optimizer, State
from nnlab.engine.stack import Stack

__all__ = ["Regularization", "used", "which_are_weights"]

RULES = {  # setting -> (its rule, a value that works)
    "l2": (arguments.not_negative, 1e-4),
    "l1": (arguments.not_negative, 1e-4),
    "proximal_l1": (arguments.not_negative, 1e-4),
    "decay": (arguments.not_negative, 0.01),
    "label_smoothing": (arguments.fraction, 0.1),
}


@dataclass(frozen=True)
class Regularization:
    """Settings of one step; each is a number, or a (member,) tensor with one value for each member.

    Attributes:
        l2, l1: lam of a penalty whose gradient is added to that of the loss; see ``nnlab.penalties``.
        proximal_l1: lam of L1 by a soft threshold lr * lam after the step.
        decay: lam of decoupled weight decay, a factor 1 - lr * lam before the step.
        clip_value, clip_norm: limits of the gradient, penalties included; first every entry, then the norm.
        label_smoothing: for cross_entropy.

    The four that shrink act on weights only, not on biases and norm layers. ``weight_decay`` of an optimizer
    (``optimizers.AdamW``) knows no such difference and shrinks every parameter, as in torch.
    """

    l2: Any = 0.0
    l1: Any = 0.0
    proximal_l1: Any = 0.0
    decay: Any = 0.0
    clip_norm: Any = None
    clip_value: Any = None
    label_smoothing: Any = 0.0

    def __post_init__(self):
        for name, (rule, remedy) in RULES.items():
            rule(name, getattr(self, name), remedy)
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, math.inf)
            clipping.check(name, getattr(self, name))

    def columns(self, dtype: torch.dtype) -> Regularization:
        """Every (member,) tensor as a column (member, 1), to broadcast over (member, parameter)."""
        per_member = {f.name: v for f in fields(self) if isinstance(v := getattr(self, f.name), torch.Tensor)}
        return replace(self, **{n: v.to(dtype)[:, None] for n, v in per_member.items() if n in RULES})

    def step(self, rule: Optimizer, w: torch.Tensor, g: torch.Tensor, state: State, is_weight: torch.Tensor):
        """One step of the optimizer ``rule``, with all that these settings add.

        Args:
            w, g: all parameters and their gradients, (member, parameter).
            is_weight: (parameter,), True or False, as ``which_are_weights`` returns.

        Returns:
            the new parameters, and the new state of the optimizer.
        """
        g = self.gradient(w, g, is_weight)
        if used(self.decay):
            w = torch.where(is_weight, penalties.decay(w, column(rule.lr, w) * self.decay), w)
        new, state = rule.update({"all": w}, {"all": g}, state)
        w = new["all"]
        if used(self.proximal_l1):
            w = torch.where(is_weight, penalties.proximal_l1(w, column(rule.lr, w) * self.proximal_l1), w)
        return w, state

    def gradient(self, w: torch.Tensor, g: torch.Tensor, is_weight: torch.Tensor) -> torch.Tensor:
        """The gradient with the slopes of the penalties, then clipped."""
        if used(self.l2):
            g = g + is_weight * penalties.l2(w, self.l2)[1]
        if used(self.l1):
            g = g + is_weight * penalties.l1(w, self.l1)[1]
        if used(self.clip_value, never=math.inf):
            g = clipping.by_value({"all": g}, self.clip_value, member_axes=1)["all"]
        if used(self.clip_norm, never=math.inf):
            g = clipping.by_norm({"all": g}, self.clip_norm, member_axes=1)["all"]
        return g


def used(value, never: float = 0.0) -> bool:
    """Whether a setting changes anything: any tensor may, and any number but ``never``."""
    return isinstance(value, torch.Tensor) or value != never


def column(value, like: torch.Tensor):
    """A number, or a value for each parameter, as it is; a (member,) tensor as (member, 1)."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(like.dtype)[:, None] if 0 < value.ndim < like.ndim else value.to(like.dtype)


def which_are_weights(net: Stack) -> torch.Tensor:
    """(parameter,), True where the flat vector of all that one member learns holds a weight of a layer."""
    shapes = net.shapes
    kept = penalties.weights(shapes)
    return torch.cat([torch.full((math.prod(shape),), name in kept) for name, shape in shapes.items()])
