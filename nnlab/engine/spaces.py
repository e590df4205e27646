"""Search spaces: from which values of a hyper-parameter a search may choose, and how likely each of them is.

Every space is one formula, ``at(u)``: it turns a number u from 0 to 1 into a value. With u drawn uniformly this is
inverse transform sampling (Devroye 1986, *Non-Uniform Random Variate Generation*, section 2.2); with u evenly spaced it
is a grid; and ``position``, its inverse, says where a value lies between both ends of an axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnlab import arguments

__all__ = ["Choice", "Integer", "LogUniform", "OneMinusLogUniform", "Space", "Uniform", "check_space", "text_of"]


class Space:
    """What all spaces have in common; a space of your own needs ``at``, ``position`` and ``__repr__``."""

    def at(self, u: float) -> Any:
        """The value at the share ``u`` of the way from the low to the high end, u from 0 to 1."""
        raise NotImplementedError

    def position(self, value) -> float:
        """Where a value lies, 0 at the low and 1 at the high end: the inverse of ``at``."""
        raise NotImplementedError

    def sample(self, n: int, seed: int) -> list:
        """``n`` independent values, the same for the same seed."""
        n, seed = arguments.whole("n", n, 10), arguments.whole("seed", seed, 0, at_least=0)
        return [self.at(u) for u in np.random.default_rng(seed).random(n).tolist()]

    def grid(self, n: int) -> list:
        """``n`` evenly spaced values with both ends; the middle for n = 1; never a value twice, so it may be fewer."""
        n = arguments.whole("n", n, 5)
        return list(dict.fromkeys(self.at(k / (n - 1) if n > 1 else 0.5) for k in range(n)))

    @property
    def size(self) -> float:
        """How many different values there are; inf for real numbers."""
        return math.inf

    def __eq__(self, other) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Uniform(Space):
    """Real numbers from ``low`` to ``high``, all equally likely: x = low + u (high - low).

    For what acts by its size, such as a dropout rate. Not for a learning rate: nine tenths of its samples from 0 to 1
    are above 0.1.

    >>> Uniform(0, 0.8).grid(3)
    [0.0, 0.4, 0.8]
    """

    def __init__(self, low: float, high: float):
        self.low, self.high = ends("Uniform", low, high, "finite", lambda v: True, "Uniform(0, 0.8)")

    def at(self, u: float) -> float:
        return inside(self, self.low + u * (self.high - self.low))

    def position(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def __repr__(self) -> str:
        return f"Uniform({self.low!r}, {self.high!r})"


class LogUniform(Space):
    """Positive numbers whose logarithm is uniform: x = 10^k, with k uniform from log10(low) to log10(high).

    Every decade gets the same share of the samples. The density is p(x) = 1 / (x ln(high / low)) from low to high
    (Bergstra & Bengio 2012, *Random Search for Hyper-Parameter Optimization*, call it "drawn geometrically"). For what
    acts by its ratio: learning rates, weight decay.

    >>> [f"{lr:g}" for lr in LogUniform(1e-4, 1).grid(5)]
    ['0.0001', '0.001', '0.01', '0.1', '1']
    """

    def __init__(self, low: float, high: float):
        self.low, self.high = ends("LogUniform", low, high, "positive", lambda v: v > 0, "LogUniform(1e-5, 1)")

    def at(self, u: float) -> float:
        low, high = math.log10(self.low), math.log10(self.high)
        return inside(self, 10 ** (low + u * (high - low)))

    def position(self, value: float) -> float:
        return math.log(value / self.low) / math.log(self.high / self.low)

    def __repr__(self) -> str:
        return f"LogUniform({self.low!r}, {self.high!r})"


class OneMinusLogUniform(Space):
    """Numbers 1 - 10^k with k uniform, for the betas of Adam and for momentum: 0.9, 0.99, 0.999 are evenly spaced.

    What counts is how far a beta is from 1: the average remembers about 1 / (1 - beta) steps. So 1 - x is log-uniform,
    with k from log10(1 - low) down to log10(1 - high), and p(x) = 1 / ((1 - x) ln((1 - low) / (1 - high))).

    >>> [f"{beta:g}" for beta in OneMinusLogUniform(0.9, 0.999).grid(3)]
    ['0.9', '0.99', '0.999']
    """

    def __init__(self, low: float, high: float):
        allowed, remedy = (lambda v: v < 1), "OneMinusLogUniform(0.9, 0.999)"
        self.low, self.high = ends("OneMinusLogUniform", low, high, "below 1", allowed, remedy)

    def at(self, u: float) -> float:
        first, last = math.log10(1 - self.low), math.log10(1 - self.high)
        return inside(self, 1 - 10 ** (first + u * (last - first)))

    def position(self, value: float) -> float:
        return math.log((1 - value) / (1 - self.low)) / math.log((1 - self.high) / (1 - self.low))

    def __repr__(self) -> str:
        return f"OneMinusLogUniform({self.low!r}, {self.high!r})"


class Integer(Space):
    """Whole numbers from ``low`` to ``high``, both included; all equally likely, or by ratio with ``log=True``.

    With ``log`` the number n has the share ln((n + 1) / n) / ln((high + 1) / low): for widths and batch sizes.

    >>> Integer(1, 5).grid(3), Integer(8, 128, log=True).grid(5)
    ([1, 3, 5], [8, 16, 32, 64, 128])
    """

    def __init__(self, low: int, high: int, log: bool = False):
        least, remedy = (1, "Integer(8, 128, log=True)") if log else (-math.inf, "Integer(1, 5)")
        rule, allowed = (f"at least {least}", lambda v: v >= least) if log else ("finite", lambda v: True)
        self.low, self.high = ends("Integer", low, high, rule, allowed, remedy, whole=True)
        self.log = log

    def at(self, u: float) -> int:
        count = self.high - self.low + 1
        real = self.low * ((self.high + 1) / self.low) ** u if self.log else self.low + u * count
        return min(math.floor(real), self.high)  # u = 1 would be one too many

    def position(self, value: int) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def grid(self, n: int) -> list:
        real = LogUniform(self.low, self.high) if self.log else Uniform(self.low, self.high)
        return list(dict.fromkeys(round(value) for value in real.grid(n)))

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    def __repr__(self) -> str:
        return f"Integer({self.low}, {self.high}{', log=True' if self.log else ''})"


class Choice(Space):
    """One of some options, all equally likely; a grid takes all of them, for there is no order to thin them out by.

    >>> Choice(["SGD", "Adam"]).grid(2)
    ['SGD', 'Adam']
    """

    def __init__(self, options: Sequence):
        remedy = "Choice(['SGD', 'Adam'])"
        if isinstance(options, str) or not isinstance(options, Sequence):
            raise TypeError(f"options must be a list. Got {options!r}. Try {remedy}.")
        texts = [text_of(option) for option in options]
        if len(options) < 2 or len(set(texts)) < len(texts):
            raise ValueError(f"options must be two or more, all different. Got {options!r}. Try {remedy}.")
        if nameless := [text for text in texts if " at 0x" in text]:
            raise TypeError(
                f"options must be numbers, text, or functions and classes with a name, by which a search can be "
                f"resumed. Got {nameless[0]}. Try its name, and look it up in the objective."
            )
        self.options = tuple(options)

    def at(self, u: float) -> Any:
        return self.options[min(int(u * len(self.options)), len(self.options) - 1)]

    def position(self, value) -> float:
        return self.options.index(value) / (len(self.options) - 1)

    def grid(self, n: int) -> list:
        if arguments.whole("n", n, len(self.options)) != len(self.options):
            raise ValueError(f"n must be {len(self.options)}, the number of options. Got {n}. Try {len(self.options)}.")
        return list(self.options)

    @property
    def size(self) -> int:
        return len(self.options)

    def __repr__(self) -> str:
        return f"Choice([{', '.join(map(text_of, self.options))}])"


def text_of(option) -> str:
    """An option in words: the name of a function or class, otherwise what ``repr`` says.

    >>> text_of(0.1), text_of(max), text_of("Adam")
    ('0.1', 'max', "'Adam'")
    """
    return getattr(option, "__qualname__", None) or repr(arguments.plain(option))


def ends(name: str, low, high, rule: str, allowed, remedy: str, whole: bool = False) -> tuple:
    """Both ends of a range, checked."""
    low, high = arguments.plain(low), arguments.plain(high)
    for end, value in (("low", low), ("high", high)):
        arguments.number(f"{end} of {name}", value, rule, allowed, remedy)
        if whole and value != int(value):
            raise ValueError(f"{end} of {name} must be a whole number. Got {value!r}. Try {remedy}.")
    if not low < high:
        raise ValueError(f"low of {name} must be below high. Got {low!r} and {high!r}. Try {remedy}.")
    return (int(low), int(high)) if whole else (float(low), float(high))


def inside(space, value: float) -> float:
    """The value, and exactly the end where rounding went past it."""
    return min(max(value, space.low), space.high)


def check_space(space, taken: Sequence[str] = ()) -> dict[str, Space]:
    """Check that ``space`` names its hyper-parameters, and that each is one of these spaces.

    Args:
        space: name -> Space. taken: names that mean something else already.
    """
    remedy = "{'lr': nnlab.spaces.LogUniform(1e-5, 1)}"
    if not isinstance(space, Mapping):
        raise TypeError(f"space must be a dictionary of named spaces. Got {space!r}. Try {remedy}.")
    if not space:
        raise ValueError(f"space must have at least one hyper-parameter. Got {space!r}. Try {remedy}.")
    for name, one in space.items():
        if not isinstance(name, str) or not name.isidentifier() or name in taken:
            other = f", and none of {', '.join(taken)}" if taken else ""
            raise ValueError(f"names in space must be those of keywords{other}. Got {name!r}. Try 'lr'.")
        if not isinstance(one, Space):
            raise TypeError(f"space[{name!r}] must be one of nnlab.spaces. Got {one!r}. Try {remedy[7:-1]}.")
    return dict(space)
