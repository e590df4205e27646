"""Eight optimizers by hand, one short class per textbook formula.

Every optimizer is a frozen description with two pure functions: ``init(params) -> state`` and
``update(params, grads, state) -> (params, state)``. The formulas use nothing but arithmetic, so parameters may be
tensors or plain Python floats (which the explorers use, because 100 steps then take a tenth of a millisecond).
Each hyper-parameter may be a number, or a (member,) tensor with one value for each member of an ensemble.

Conventions are PyTorch's, where textbooks differ: the velocity is v = b v + g and the step lr * v, so lr is *not*
inside the velocity; eps is added *after* the square root; ``weight_decay`` adds weight_decay * p to the gradient
(L2), except in AdamW, where it shrinks p directly; biases and norm layers are parameters like all others to it. With
w the parameter, g its gradient, t = 1, 2, ... the step.
"""

from __future__ import annotations

import copy
from collections import namedtuple
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch

from nnlab import arguments

__all__ = [
    "OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "Adamax", "MeanAndLargest", "MeanAndSquares", "Momentum",
    "Nesterov", "Nothing", "Optimizer", "RMSprop", "Squares", "State", "Velocity", "get",
]  # fmt: skip

RULES = {  # hyper-parameter -> (its rule, a value that works)
    "lr": (arguments.positive, 0.1),
    "momentum": (arguments.fraction, 0.9),
    "alpha": (arguments.fraction, 0.99),
    "beta1": (arguments.fraction, 0.9),
    "beta2": (arguments.fraction, 0.999),
    "eps": (arguments.positive, 1e-8),
    "weight_decay": (arguments.not_negative, 0.01),
}


class State(NamedTuple):
    """What an optimizer remembers: how many steps it made, and for each parameter its running values."""

    step: int
    memory: dict[str, tuple]  # name of a parameter -> its Velocity, Squares, ..., whichever the optimizer remembers


# What an optimizer remembers of each parameter.
Nothing = namedtuple("Nothing", [])
Velocity = namedtuple("Velocity", ["velocity"])
Squares = namedtuple("Squares", ["squares"])
MeanAndSquares = namedtuple("MeanAndSquares", ["mean", "squares"])  # Adam's first and second moment
MeanAndLargest = namedtuple("MeanAndLargest", ["mean", "largest"])


@dataclass(frozen=True)
class Optimizer:
    """What all optimizers share: hyper-parameters are checked, and ``update`` visits every parameter.

    Raises:
        ValueError, TypeError: a hyper-parameter outside its range; the message says rule, value and remedy.
    """

    lr: Any = 0.01
    weight_decay: Any = 0.0

    remembers: ClassVar[Any] = Nothing  # a named tuple: what running values a parameter has
    decoupled = False  # weight decay acts on the parameter, not through the gradient

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, field.name, value.item())
            if field.name in RULES:  # one of your own has a hyper-parameter of its own
                rule, remedy = RULES[field.name]
                rule(field.name, value, remedy)

    def init(self, params: dict) -> State:
        """The state before the first step: every running value is zero."""
        memory = {name: self.remembers(*(0.0 * p for _ in self.remembers._fields)) for name, p in params.items()}
        return State(0, memory)

    def update(self, params: dict, grads: dict, state: State) -> tuple[dict, State]:
        """Make one step; nothing is changed in place.

        Args:
            params, grads: tensors (or floats) of the same names and shapes.
            state: from ``init``, or from the step before.

        Raises:
            ValueError: names or shapes of ``grads`` are not those of ``params``.
        """
        if params.keys() != grads.keys():
            raise ValueError(
                f"grads must have the names of params, {', '.join(params)}. Got {', '.join(grads) or 'none'}. "
                "Try net.backward(...)."
            )
        step, new_params, memory = state.step + 1, {}, {}
        for name, p in params.items():
            g, rule = grads[name], self._for(p)
            if getattr(g, "shape", ()) != getattr(p, "shape", ()):
                raise ValueError(
                    f"grads[{name!r}] must have the shape of its parameter, {tuple(getattr(p, 'shape', ()))}. Got "
                    f"{tuple(getattr(g, 'shape', ()))}. Try the gradient of the mean loss over the batch."
                )
            if not self.decoupled and not (isinstance(rule.weight_decay, (int, float)) and rule.weight_decay == 0):
                g = g + rule.weight_decay * p
            new_params[name], values = rule.formula(p, g, state.memory[name], step)
            memory[name] = self.remembers(*values)
        return new_params, State(step, memory)

    def formula(self, w, g, memory: Any, t: int) -> tuple[Any, tuple]:
        """One textbook step for one parameter: returns the new parameter and its new running values, in order."""
        raise NotImplementedError

    def scaled(self, factor) -> Optimizer:
        """This optimizer with ``factor`` times the learning rate; 0 is allowed, as at the end of a schedule.

        A factor is a number, a (member,) tensor, or one that has a value for each parameter, (member, ..., parameter).
        """
        slower, lr = copy.copy(self), self.lr
        if isinstance(lr, torch.Tensor) and isinstance(factor, torch.Tensor):
            axes = max(lr.ndim, factor.ndim)
            lr, factor = (t.reshape(t.shape + (1,) * (axes - t.ndim)) if t.ndim else t for t in (lr, factor))
        object.__setattr__(slower, "lr", lr * factor)
        return slower

    def _for(self, p):
        """This optimizer with every (member,) hyper-parameter shaped to broadcast over ``p`` (member, ...)."""
        if not isinstance(p, torch.Tensor):
            return self
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        per_member = {name: v for name, v in values.items() if isinstance(v, torch.Tensor) and v.ndim}
        if not per_member:
            return self
        shaped = copy.copy(self)
        for name, value in per_member.items():
            if tuple(p.shape[: value.ndim]) != tuple(value.shape):
                raise ValueError(
                    f"{name} must have one value for each member. Got shape {tuple(value.shape)} for parameters "
                    f"of shape {tuple(p.shape)}. Try a single number."
                )
            shape = value.shape + (1,) * (p.ndim - value.ndim)  # (member,) -> (member, 1, 1)
            object.__setattr__(shaped, name, value.to(p.dtype).reshape(shape))
        return shaped


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: w = w - lr g (Robbins & Monro 1951). Remembers nothing."""

    def formula(self, w, g, memory, t):
        return w - self.lr * g, ()


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Momentum: v = b v + g, w = w - lr v (Polyak 1964; PyTorch's form). Remembers a velocity.

    With lr inside the velocity (v = b v - lr g, w = w + v) the runs are equal as long as lr is constant;
    with v = b v + (1 - b) g they are equal when lr is divided by 1 - b.
    """

    momentum: Any = 0.9
    remembers = Velocity

    def formula(self, w, g, memory, t):
        v = self.momentum * memory.velocity + g
        return w - self.lr * v, (v,)


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Nesterov's momentum: v = b v + g, w = w - lr (g + b v) (Sutskever et al. 2013, eq. 3 and 4, as PyTorch
    writes it: the gradient is taken at the parameters that look ahead). Remembers a velocity.
    """

    momentum: Any = 0.9
    remembers = Velocity

    def formula(self, w, g, memory, t):
        v = self.momentum * memory.velocity + g
        return w - self.lr * (g + self.momentum * v), (v,)


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Adagrad: s = s + g^2, w = w - lr g / (sqrt(s) + eps) (Duchi et al. 2011, section 1.1).

    Remembers the sum of all squared gradients, so its steps can only get shorter.
    """

    eps: Any = 1e-10
    remembers = Squares

    def formula(self, w, g, memory, t):
        s = memory.squares + g * g
        return w - self.lr * g / (s**0.5 + self.eps), (s,)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """RMSprop: s = a s + (1 - a) g^2, w = w - lr g / (sqrt(s) + eps) (Tieleman & Hinton 2012, lecture 6.5).

    Remembers a running mean of squared gradients. It starts at zero and is not corrected for that.
    """

    alpha: Any = 0.99
    eps: Any = 1e-8
    remembers = Squares

    def formula(self, w, g, memory, t):
        s = self.alpha * memory.squares + (1 - self.alpha) * (g * g)
        return w - self.lr * g / (s**0.5 + self.eps), (s,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam: running means of g and g^2, each divided by 1 - b^t (Kingma & Ba 2015, algorithm 1).

    m = b1 m + (1 - b1) g, s = b2 s + (1 - b2) g^2,
    w = w - lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps).
    The power t is often dropped in print: then the correction is a constant, and no correction at all.
    """

    lr: Any = 0.001
    beta1: Any = 0.9
    beta2: Any = 0.999
    eps: Any = 1e-8
    remembers = MeanAndSquares

    def formula(self, w, g, memory, t):
        m = self.beta1 * memory.mean + (1 - self.beta1) * g
        s = self.beta2 * memory.squares + (1 - self.beta2) * (g * g)
        m_hat, s_hat = m / (1 - self.beta1**t), s / (1 - self.beta2**t)
        return w - self.lr * m_hat / (s_hat**0.5 + self.eps), (m, s)


@dataclass(frozen=True)
class AdamW(Adam):
    """AdamW: first w = (1 - lr weight_decay) w, then Adam's step (Loshchilov & Hutter 2019, algorithm 2).

    The decay does not pass through the gradient, so it is not divided by the root of s: this is *not* L2 in Adam.
    It shrinks every parameter, biases and norm layers included, as torch's AdamW does when it is given all parameters;
    ``decay=`` of ``ensemble.train`` (``regularization.Regularization``) shrinks weights only.
    """

    weight_decay: Any = 0.01
    decoupled = True

    def formula(self, w, g, memory, t):
        return super().formula((1 - self.lr * self.weight_decay) * w, g, memory, t)


@dataclass(frozen=True)
class Adamax(Optimizer):
    """Adamax: m = b1 m + (1 - b1) g, u = max(b2 u, |g| + eps), w = w - lr / (1 - b1^t) m / u
    (Kingma & Ba 2015, algorithm 2; eps inside the maximum as in PyTorch). Remembers a mean and a largest size.
    """

    lr: Any = 0.002
    beta1: Any = 0.9
    beta2: Any = 0.999
    eps: Any = 1e-8
    remembers = MeanAndLargest

    def formula(self, w, g, memory, t):
        maximum = torch.maximum if isinstance(w, torch.Tensor) else max
        m = self.beta1 * memory.mean + (1 - self.beta1) * g
        u = maximum(self.beta2 * memory.largest, abs(g) + self.eps)
        return w - self.lr / (1 - self.beta1**t) * m / u, (m, u)


OPTIMIZERS = {c.__name__: c for c in (SGD, Momentum, Nesterov, Adagrad, RMSprop, Adam, Adamax, AdamW)}


def get(name: str) -> type[Optimizer]:
    """The optimizer class of that name; an unknown name raises a ValueError with the nearest known one."""
    arguments.one_of("optimizer", name, OPTIMIZERS)
    return OPTIMIZERS[name]
