"""compare: is a better than b, seed by seed? Clearly better, clearly worse, or not clear. roughly: how good is it?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch

from nnlab import arguments
from nnlab.history import History

__all__ = ["FEWEST_PAIRS", "Comparison", "compare", "roughly"]

FEWEST_PAIRS = 16


@dataclass(frozen=True, repr=False)
class Comparison:
    """The verdict on a, compared with b, and all that it rests on.

    Attributes:
        verdict: "clearly better", "clearly worse" or "no clear difference".
        wins, losses, ties: pairs in which a is better, worse, equal.
        difference: the median over all pairs of a minus b; inf or -inf if in most pairs one of the two runs failed.
        medians: of a and of b.
        failed: how many runs of a and of b ended in nan or inf.
        chance: how often a fair coin would fall at least as unevenly as the wins and losses.
    """

    verdict: str
    wins: int
    losses: int
    ties: int
    difference: float
    medians: tuple[float, float]
    failed: tuple[int, int]
    chance: float

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return self.wins + self.losses + self.ties

    def __repr__(self) -> str:
        size = f"median {self.medians[0]:.2g} against {self.medians[1]:.2g}, difference {self.difference:+.1g}"
        failed = "{} against {}".format(*self.failed)
        counts = f"wins {self.wins}, losses {self.losses}, ties {self.ties} of {self.pairs} pairs, failed {failed}"
        return f"{self.verdict}: {size} ({counts})"


def compare(
    a, b, *, of: str = "val_loss", at: str = "last", higher_is_better: bool | None = None, level: float = 0.01
) -> Comparison:
    """Whether ``a`` is clearly better than ``b``, from runs that share their seeds.

    Runs with the same seed have the same first weights and the same mini-batches, so what differs within a pair is what
    you changed. The verdict is an exact sign test: count the pairs that a wins and those that it loses, leave ties out,
    and ask how often a fair coin would fall at least so unevenly, to either side. It is *clear* when that happens at
    most once in a hundred times: 14 of 16 pairs, 24 of 32 (Conover 1999, section 3.4; Demsar 2006, section 3.1.4). Why
    not Wilcoxon's signed ranks: they rank the sizes of the differences, and a run that failed has none, while it can
    lose a pair; and wins can be counted by hand. The price is that small differences need more pairs.

    A run that failed (nan or inf) loses its pair; two that failed are a tie. Clear is not the same as large: read the
    median difference too. And of a hundred comparisons of equals about one is called clear.

    Args:
        a, b: one number for each seed, in the same order (a tensor, an array, a list); or two Histories of the same
            seeds, each with one run a seed.
        of: with Histories, the curve, such as "val_loss" or "val_accuracy".
        at: with Histories, "last" takes its last value, "best" the best that each run ever had.
        higher_is_better: whether a larger number wins. A History's curve knows; for numbers it must be said.
        level: the chance, above 0 and below 1, up to which a difference is called clear.

    Raises:
        TypeError: a and b are not both numbers or both Histories.
        ValueError: fewer than 16 pairs, seeds that differ or occur twice, no direction, a level outside its range.

    >>> compare(range(16), range(1, 17), higher_is_better=False)
    clearly better: median 7.5 against 8.5, difference -1 (wins 16, losses 0, ties 0 of 16 pairs, failed 0 against 0)
    """
    arguments.number("level", level, "above 0 and below 1", lambda v: 0 < v < 1, 0.01)
    if isinstance(a, History) != isinstance(b, History):
        raise TypeError(
            f"a and b must both be Histories or both be numbers. Got {type(a).__name__} and {type(b).__name__}. "
            "Try compare(a.val_loss[:, -1], b, higher_is_better=False)."
        )
    if isinstance(a, History):
        a, b, higher_is_better = paired(a, b, of, at, higher_is_better)
    if not isinstance(higher_is_better, bool):
        raise ValueError(
            f"higher_is_better must be True or False. Got {higher_is_better!r}. "
            "Try False for a loss and True for an accuracy."
        )
    a, b = listed("a", a), listed("b", b)
    if len(a) != len(b) or len(a) < FEWEST_PAIRS:
        raise ValueError(
            f"a and b must hold one number for each of the same seeds, at least {FEWEST_PAIRS}. "
            f"Got {len(a)} and {len(b)}. Try seeds=range({FEWEST_PAIRS}) for both."
        )
    return judged(a, b, higher_is_better, level)


def roughly(share, *marks: float) -> str:
    """Between which marks a share lies, in words that do not change with the last digit of a run.

    Say of an accuracy what you would bet on for other seeds, and no more. A share on a mark lies above it; one that is
    nan, as after a run that failed, is "nan".

    Args:
        share: a number, such as a median accuracy; 1 is 100 %.
        marks: one or more shares, rising.

    Raises:
        TypeError, ValueError: a share that is no number; no mark, or marks that do not rise.

    >>> roughly(0.31, 0.25, 0.85), roughly(0.9, 0.25, 0.85), roughly(0.1, 0.25, 0.85)
    ('25 to 85 %', 'above 85 %', 'below 25 %')
    """
    try:
        share = float(share)
    except (TypeError, ValueError) as error:
        raise TypeError(f"share must be one number. Got {share!r}. Try the median: {error}.") from None
    if not marks or any(low >= high for low, high in pairwise(marks)):
        raise ValueError(f"marks must be at least one number, and rise. Got {marks}. Try 0.25, 0.85.")
    if math.isnan(share):
        return "nan"
    words = [f"{100 * mark:g}" for mark in marks]
    passed = sum(share >= mark for mark in marks)
    if passed == 0:
        return f"below {words[0]} %"
    return f"above {words[-1]} %" if passed == len(marks) else f"{words[passed - 1]} to {words[passed]} %"


def judged(a: list[float], b: list[float], higher_is_better: bool, level: float) -> Comparison:
    """The sign test on pairs of numbers."""
    worst = -math.inf if higher_is_better else math.inf
    failed = sum(not math.isfinite(value) for value in a), sum(not math.isfinite(value) for value in b)
    a, b = ([value if math.isfinite(value) else worst for value in values] for values in (a, b))
    differences = [0.0 if x == y else x - y for x, y in zip(a, b, strict=True)]  # inf - inf would be nan
    above, below = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    wins, losses = (above, below) if higher_is_better else (below, above)
    chance = chance_of_a_coin(wins, losses)
    clear = "clearly better" if wins > losses else "clearly worse"
    return Comparison(
        verdict=clear if chance <= level else "no clear difference",
        wins=wins,
        losses=losses,
        ties=len(a) - wins - losses,
        difference=middle(differences),
        medians=(middle(a), middle(b)),
        failed=failed,
        chance=chance,
    )


def chance_of_a_coin(wins: int, losses: int) -> float:
    """How often wins + losses throws of a fair coin fall at least as unevenly, to either side."""
    count, most = wins + losses, max(wins, losses)
    tail = sum(math.comb(count, k) for k in range(most, count + 1))
    return min(1.0, 2 * tail / 2**count)


def middle(values: list[float]) -> float:
    """The median; 0 half-way between -inf and inf, where a and b fail equally often."""
    found = statistics.median(values)
    return 0.0 if math.isnan(found) else found


def paired(a: History, b: History, of: str, at: str, higher_is_better: bool | None):
    """One number of each run of a and of b, in the order of a's seeds, and the direction that their curve knows."""
    arguments.one_of("at", at, ("last", "best"))
    arguments.one_of("of", of, [name for name in a.curves if name in b.curves])
    if higher_is_better is None:
        higher_is_better = a.curves[of].higher_is_better
    if higher_is_better is None:
        raise ValueError(
            f"of must name a curve that has a better side. Got {of!r}. Try val_loss, or higher_is_better=True or False."
        )
    mine, other = (by_seed(history, of, at, higher_is_better) for history in (a, b))
    if mine.keys() != other.keys():
        raise ValueError(
            f"a and b must have the same seeds. Got {list(mine)} and {list(other)}. Try the same seeds for both."
        )
    return list(mine.values()), [other[seed] for seed in mine], higher_is_better


def by_seed(history: History, of: str, at: str, higher_is_better: bool) -> dict[int, float]:
    """The last or the best value of a curve, by the seed of its run."""
    seeds = history.settings["seed"]
    if len(set(seeds)) < len(seeds):
        varied = ", ".join(name for name in history.settings if name != "seed")
        raise ValueError(
            f"a and b must have one run for each seed. Got {len(seeds)} runs of {len(set(seeds))} seeds. "
            f"Try .select(...) for one value of {varied or 'what differs'}."
        )
    values = history.curves[of].values.double()
    if at == "last":
        return dict(zip(seeds, values[:, -1].tolist(), strict=True))
    worst = -math.inf if higher_is_better else math.inf
    values = torch.where(values.isfinite(), values, worst)
    best = values.amax(1) if higher_is_better else values.amin(1)
    return dict(zip(seeds, best.tolist(), strict=True))


def listed(name: str, values) -> list[float]:
    """The numbers of a tensor, an array or a list as floats."""
    remedy = f"{name}=history.val_loss[:, -1]"
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must hold one number for each seed. Got {values!r}. Try {remedy}.")
    if (axes := getattr(values, "ndim", 1)) != 1:
        raise ValueError(f"{name} must have one axis, the seeds. Got {axes} axes. Try {remedy}.")
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must hold numbers. Got one that is none: {error}. Try {remedy}.") from None
