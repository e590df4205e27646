"""The learning-rate range test: let lr grow during one short run, and see where the loss falls and where it returns."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import torch

from nnlab import arguments
from nnlab.datasets.data import Dataset
from nnlab.engine import ensemble
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Optimizer

__all__ = ["RangeTest", "range_test", "read", "smooth"]


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What a range test found.

    Attributes:
        suggestion: the rate at which the median of the smoothed losses falls fastest.
        lowest: the rate at which that median is lowest, not before about 15 % of the steps. Too large for a whole run:
            the loss is about to rise.
        diverges: the first rate beyond ``lowest`` at which half of the gain is lost again; None if there is none.
        lr: (step,), the learning rate of every step.
        smoothed: (member, step), running means of the mini-batch losses.
    """

    suggestion: float
    lowest: float
    diverges: float | None
    lr: torch.Tensor = field(repr=False)
    smoothed: torch.Tensor = field(repr=False)


def range_test(
    net: Network,
    data: Dataset,
    optimizer: Optimizer,
    *,
    seeds: Iterable[int] = range(8),
    lr: tuple[float, float] = (1e-5, 10.0),
    steps: int = 200,
    batch_size: int | None = 32,
    smoothing: float = 0.9,
    init: str = "he_normal",
) -> RangeTest:
    """Train while the learning rate grows by the same factor at every mini-batch, and read off a rate to begin with.

    Smith 2017 (arXiv 1506.01186), section 3.3, lets the rate grow in a straight line and watches the accuracy. Here,
    as in fastai's ``lr_find``, it grows exponentially and the smoothed loss is watched: one short run then covers six
    decades. All seeds train in one batched pass.

    What readers usually get wrong: the rate with the lowest loss is not the one to use. The loss there is what the
    smaller rates before it have earned, and it is about to rise.

    Args:
        net, data, init, seeds, batch_size: as for ``ensemble.train``.
        optimizer: its hyper-parameters; its own ``lr`` does not matter.
        lr: the first and the last learning rate.
        steps: how many mini-batches, at least 10. Few are cheap, but then each rate is seen for a moment only.
        smoothing: the memory of the running mean, 0 <= smoothing < 1; it lags about 1 / (1 - smoothing) steps behind.

    Raises:
        ValueError, TypeError: a value outside its range, or a network that does not fit the data.
    """
    arguments.whole("steps", steps, 200, at_least=10)
    arguments.fraction("smoothing", smoothing, 0.9)
    first, last = ends(lr)
    rates = growing(first, last, steps)
    factors = (rates / first).tolist()
    history = ensemble.train(
        net, data, replace(optimizer, lr=first), seeds=seeds, steps=steps, batch_size=batch_size, init=init,
        eval_every=steps, schedule=factors.__getitem__,
    )  # fmt: skip
    return read(rates, smooth(history.loss, smoothing))


def ends(lr) -> tuple[float, float]:
    """The first and the last learning rate, checked."""
    if not isinstance(lr, tuple | list) or len(lr) != 2:
        raise TypeError(f"lr must be a pair: first and last learning rate. Got {lr!r}. Try (1e-5, 10.0).")
    for value in lr:
        arguments.positive("lr", value, (1e-5, 10.0))
    if not lr[0] < lr[1]:
        raise ValueError(f"lr must grow from the first to the last. Got {lr!r}. Try {(lr[1] / 1e6, lr[1])!r}.")
    return lr[0], lr[1]


def growing(first: float, last: float, steps: int) -> torch.Tensor:
    """(step,), from ``first`` to ``last`` by equal factors."""
    return first * (last / first) ** (torch.arange(steps, dtype=torch.float64) / (steps - 1))


def smooth(loss: torch.Tensor, memory: float) -> torch.Tensor:
    """The running mean m = b m + (1 - b) loss of every member, divided by 1 - b^t like Adam's; once lost, inf.

    Args:
        loss: (member, step). memory: b, 0 <= b < 1.
    """
    mean, means = torch.zeros(len(loss), dtype=torch.float64), []
    for t, now in enumerate(loss.double().nan_to_num(torch.inf, torch.inf).unbind(1), start=1):
        mean = memory * mean + (1 - memory) * now
        means.append(mean / (1 - memory**t))
    return torch.stack(means, 1).nan_to_num(torch.inf, torch.inf)


def read(rates: torch.Tensor, smoothed: torch.Tensor) -> RangeTest:
    """Find the three rates on the median over members of ``smoothed`` (member, step).

    The first tenth of the steps is left out, where the running mean is of few losses and jumps; and the fall is
    measured over a twentieth of the steps, so that the noise of one mini-batch does not decide.
    """
    median = smoothed.quantile(0.5, dim=0, interpolation="lower")
    skip, reach = len(rates) // 10, max(1, len(rates) // 40)
    low = max(int(median.argmin()), skip + 2 * reach)
    fall = median[skip + 2 * reach : low + 1] - median[skip : low + 1 - 2 * reach]
    back = (median[low:].isinf() | (median[low:] > (median[0] + median[low]) / 2)).nonzero()  # inf > inf is False
    return RangeTest(
        suggestion=rates[skip + reach + int(fall.argmin())].item(),
        lowest=rates[low].item(),
        diverges=rates[low + int(back[0])].item() if len(back) else None,
        lr=rates,
        smoothed=smoothed,
    )
