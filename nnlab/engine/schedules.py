"""Learning-rate schedules by hand, one short class per textbook formula.

A schedule is a frozen description that is called with a time, ``schedule(t) -> factor``; the factor multiplies the
learning rate ``lr`` of an optimizer. The time t = 0, 1, 2, ... is counted in whatever unit you count, epochs or steps:
the schedule never knows. ``schedule.to_torch(optimizer)`` is the same schedule as a ``torch.optim.lr_scheduler``.

What readers usually get wrong: PyTorch's schedulers are told the time by ``scheduler.step()``, once for each unit and
*after* ``optimizer.step()``. So the first unit runs with t = 0, and a schedule over 100 units called once for each of
100 mini-batches of every epoch is over after the first epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab import arguments

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = [
    "FORMULAS", "Constant", "Cosine", "CosineRestarts", "Exponential", "Geometric", "InverseRoot", "Schedule",
    "Step", "TimeDecay", "Triangular", "WarmUp",
]  # fmt: skip


@dataclass(frozen=True)
class Schedule:
    """What all schedules share: called with a time, they return the factor of the learning rate.

    Raises:
        ValueError, TypeError: a setting outside its range, or a time below 0.

    >>> decay = TimeDecay(k=1.0)
    >>> [round(0.1 * decay(epoch), 3) for epoch in range(4)]
    [0.1, 0.05, 0.033, 0.025]
    """

    def __call__(self, t: float) -> float:
        arguments.not_negative("t", t, 0)
        return self.formula(t)

    def formula(self, t: float) -> float:
        """The factor at time t >= 0."""
        raise NotImplementedError

    def to_torch(self, optimizer: Optimizer) -> LRScheduler:
        """The same schedule in PyTorch; its first learning rate is set at once, as PyTorch does.

        Every parameter group keeps its own learning rate, multiplied by the same factor.
        """
        return torch_schedulers().LambdaLR(optimizer, self)


@dataclass(frozen=True)
class Constant(Schedule):
    """1 at all times: the learning rate stays as it is."""

    def formula(self, t):
        return 1.0


@dataclass(frozen=True)
class TimeDecay(Schedule):
    """1 / (1 + k t): after 1/k units half, after 9/k a tenth. Falls ever more slowly; k is not negative.

    With k > 0 it is the decay that Robbins & Monro (1951) allow: its sum is infinite, the sum of its squares is not.
    PyTorch has no class for it, so ``to_torch`` gives a LambdaLR.
    """

    k: float = 1.0

    def __post_init__(self):
        arguments.not_negative("k", self.k, 1.0)

    def formula(self, t):
        return 1 / (1 + self.k * t)


@dataclass(frozen=True)
class Exponential(Schedule):
    """e^(-k t): the same share is lost in every unit; after 1/k units 37 % are left. k is not negative.

    In PyTorch ExponentialLR with gamma = e^(-k).
    """

    k: float = 0.1

    def __post_init__(self):
        arguments.not_negative("k", self.k, 0.1)

    def formula(self, t):
        return math.exp(-self.k * t)

    def to_torch(self, optimizer):
        return torch_schedulers().ExponentialLR(optimizer, gamma=math.exp(-self.k))


@dataclass(frozen=True)
class Geometric(Schedule):
    """gamma^t, with 0 < gamma <= 1: every unit multiplies by gamma. The exponential decay with k = -ln gamma.

    Lectures write t^epoch for it, with a number t just below 1. In PyTorch ExponentialLR.
    """

    gamma: float = 0.95

    def __post_init__(self):
        share("gamma", self.gamma, 0.95)

    def formula(self, t):
        return self.gamma**t

    def to_torch(self, optimizer):
        return torch_schedulers().ExponentialLR(optimizer, gamma=self.gamma)


@dataclass(frozen=True)
class Step(Schedule):
    """gamma^floor(t / every), with 0 < gamma <= 1: constant for ``every`` units, then gamma times as much. StepLR."""

    every: int = 30
    gamma: float = 0.1

    def __post_init__(self):
        arguments.whole("every", self.every, 30)
        share("gamma", self.gamma, 0.1)

    def formula(self, t):
        return self.gamma ** (t // self.every)

    def to_torch(self, optimizer):
        return torch_schedulers().StepLR(optimizer, step_size=self.every, gamma=self.gamma)


@dataclass(frozen=True)
class InverseRoot(Schedule):
    """1 / sqrt(1 + t / scale), with scale > 0: after 3 scales half, after 99 a tenth.

    With scale 1 it is the textbooks' 1 / sqrt(epoch), with epochs counted from 1. The slowest decay of all here.
    PyTorch has no class for it, so ``to_torch`` gives a LambdaLR.
    """

    scale: float = 1.0

    def __post_init__(self):
        arguments.positive("scale", self.scale, 1.0)

    def formula(self, t):
        return 1 / math.sqrt(1 + t / self.scale)


@dataclass(frozen=True)
class Cosine(Schedule):
    """(1 + cos(pi t / length)) / 2: slow at first, then fast, then slow, and zero at t = length.

    Loshchilov & Hutter 2017, equation 5, without restarts. *After* ``length`` it climbs back to 1, here and in
    PyTorch's CosineAnnealingLR alike: choose ``length`` as long as the run.
    """

    length: int = 100

    def __post_init__(self):
        arguments.whole("length", self.length, 100)

    def formula(self, t):
        return (1 + math.cos(math.pi * t / self.length)) / 2

    def to_torch(self, optimizer):
        return torch_schedulers().CosineAnnealingLR(optimizer, T_max=self.length)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Falls like a cosine, jumps back to 1, falls again; each fall is ``stretch`` times as long as the one before.

    (1 + cos(pi T / length)) / 2, with T the time since the last restart (Loshchilov & Hutter 2017, equation 5).
    In PyTorch CosineAnnealingWarmRestarts.

    Args:
        first: units until the first restart.
        stretch: a whole number, 1 or more.
    """

    first: int = 25
    stretch: int = 1

    def __post_init__(self):
        arguments.whole("first", self.first, 25)
        arguments.whole("stretch", self.stretch, 1)

    def formula(self, t):
        length = self.first
        while t >= length:
            t, length = t - length, length * self.stretch
        return (1 + math.cos(math.pi * t / length)) / 2

    def to_torch(self, optimizer):
        return torch_schedulers().CosineAnnealingWarmRestarts(optimizer, T_0=self.first, T_mult=self.stretch)


@dataclass(frozen=True)
class Triangular(Schedule):
    """Climbs in a straight line from ``lowest`` to 1 and back, again and again (Smith 2017, section 3.1).

    lowest + (1 - lowest) (1 - |1 - t / half|) for t up to 2 half, then from the start. In PyTorch CyclicLR, which is
    given the lowest and the highest learning rate of every group, and here leaves the momentum alone.

    Args:
        half: units from the lowest to the highest rate.
        lowest: 0 <= lowest < 1, as a share of ``lr``, which is the highest.
    """

    half: int = 25
    lowest: float = 0.1

    def __post_init__(self):
        arguments.whole("half", self.half, 25)
        arguments.fraction("lowest", self.lowest, 0.1)

    def formula(self, t):
        climbed = 1 - abs(1 - t % (2 * self.half) / self.half)
        return self.lowest + (1 - self.lowest) * climbed

    def to_torch(self, optimizer):
        highest = [group.pop("initial_lr", group["lr"]) for group in optimizer.param_groups]
        lowest = [self.lowest * lr for lr in highest]
        twin = torch_schedulers().CyclicLR(optimizer, lowest, highest, step_size_up=self.half, cycle_momentum=False)
        for group, lr in zip(optimizer.param_groups, highest, strict=True):
            group["initial_lr"] = lr  # CyclicLR notes the lowest there; other schedulers mean the base rate by it
        return twin


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Climbs in a straight line from ``start`` to 1 during ``length`` units; then stays there, or follows ``then``.

    start + (1 - start) t / length before t = length, and then(t - length) from there on (Goyal et al. 2017,
    section 2.2). In PyTorch LinearLR, followed by the other one's twin through SequentialLR.

    Args:
        length: units of the climb.
        start: 0 < start <= 1, as a share of ``lr``.
        then: the schedule that follows; its own time starts at 0 when the climb ends.
    """

    length: int = 10
    start: float = 0.1
    then: Schedule = Constant()

    def __post_init__(self):
        arguments.whole("length", self.length, 10)
        share("start", self.start, 0.1)
        if not isinstance(self.then, Schedule) or isinstance(self.then, WarmUp):
            raise TypeError(f"then must be a schedule that is no WarmUp. Got {self.then!r}. Try Cosine(length=100).")

    def formula(self, t):
        if t < self.length:
            return self.start + (1 - self.start) * t / self.length
        return self.then(t - self.length)

    def to_torch(self, optimizer):
        torch_has = torch_schedulers()
        climb = torch_has.LinearLR(optimizer, start_factor=self.start, total_iters=self.length)
        if self.then == Constant():
            return climb
        return torch_has.SequentialLR(optimizer, [climb, self.then.to_torch(optimizer)], milestones=[self.length])


FORMULAS: dict[str, type[Schedule]] = {
    formula.__name__: formula
    for formula in (
        Constant,
        TimeDecay,
        Exponential,
        Geometric,
        Step,
        InverseRoot,
        Cosine,
        CosineRestarts,
        Triangular,
        WarmUp,
    )
}


def get(name: str) -> Callable[..., Schedule]:
    """The schedule class with that name, such as ``get("Cosine")``; an unknown name raises a ValueError."""
    arguments.one_of("schedule", name, FORMULAS)
    return FORMULAS[name]


def share(name: str, value, remedy) -> None:
    """Check ``0 < value <= 1``."""
    arguments.number(name, value, "above 0 and at most 1", lambda v: 0 < v <= 1, remedy)


def torch_schedulers():
    """PyTorch's schedulers, imported when one is asked for: the formulas themselves need only ``math``."""
    import torch.optim.lr_scheduler

    return torch.optim.lr_scheduler
