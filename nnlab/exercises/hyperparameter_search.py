"""Exercises of notebook 13: where should you spend your runs?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake
from nnlab.exercises.others import uniform

__all__ = ["EXERCISES"]

SHARES = torch.tensor([0.0, 0.1, 0.37, 0.5, 0.81, 1.0], dtype=torch.float64)
OTHERS = torch.tensor([0.64, 0.93, 0.25], dtype=torch.float64)
LOSSES = torch.tensor([0.9, 1.4, 0.7, math.inf, 0.8, 0.3, 0.35], dtype=torch.float64)
LATE = torch.tensor([math.inf, 2.0, 5.0, 2.0, 1.5], dtype=torch.float64)


def log_uniform(u):
    return 10 ** (-5 + 6 * u)


def betas(u):
    return 1 - 10 ** (-1 - 2 * u)


def best_so_far(losses):
    best, curve = math.inf, []
    for loss in losses.tolist():
        best = min(best, loss)
        curve.append(best)
    return torch.tensor(curve, dtype=losses.dtype)


def random_search(loss, shares):
    best_lr, best_loss = math.nan, math.inf
    for u in shares.tolist():
        lr = 10 ** (-5 + 6 * u)
        if loss(lr) < best_loss:
            best_lr, best_loss = lr, loss(lr)
    return best_lr, best_loss


def search_worst(loss, shares):
    return search_by(loss, shares, max)


def search_last(loss, shares):
    lr = 10 ** (-5 + 6 * float(shares[-1]))
    return lr, loss(lr)


def search_uniform(loss, shares):
    return min(((1e-5 + (10 - 1e-5) * u, loss(1e-5 + (10 - 1e-5) * u)) for u in shares.tolist()), key=lambda p: p[1])


def search_exponents(loss, shares):
    k = min((-5 + 6 * u for u in shares.tolist()), key=lambda k: loss(10**k))
    return k, loss(10**k)


def search_smallest_rate(loss, shares):
    lr = 10 ** (-5 + 6 * float(shares.min()))
    return lr, loss(lr)


def search_by(loss, shares, pick):
    lr = pick((10 ** (-5 + 6 * u) for u in shares.tolist()), key=loss)
    return lr, loss(lr)


def valley(lr):
    """A loss with its lowest point at lr = 0.01."""
    return 0.2 + abs(math.log10(lr) + 2) ** 1.5


def steep(lr):
    """A loss that gets lower up to lr = 1, and is infinite above."""
    return math.inf if lr > 1 else 3 - math.log10(lr) / 2


def refined(low, high, best):
    half = (high / low) ** (1 / 6)
    return max(low, best / half), min(high, best * half)


def refined_linear(low, high, best):
    return max(low, best - (high - low) / 6), min(high, best + (high - low) / 6)


def refined_beyond(low, high, best):
    half = (high / low) ** (1 / 6)
    return best / half, best * half


def refined_twice_as_wide(low, high, best):
    whole = (high / low) ** (1 / 3)
    return max(low, best / whole), min(high, best * whole)


def refined_shifted(low, high, best):
    third = (high / low) ** (1 / 3)
    return best, min(high, best * third)


def other_shares(generator):
    return [(uniform(generator, 6),), (uniform(generator, 3),)]


def other_searches(generator):
    return [(valley, uniform(generator, 6)), (valley, uniform(generator, 3)), (steep, 0.8 * uniform(generator, 5))]


def other_ranges(generator):
    """Ranges of one to four decades, and a best rate somewhere in each."""
    found = []
    for low, length, best in uniform(generator, 3, 3).tolist():
        low, decades = 10 ** (-5 + 2 * low), 1 + 3 * length
        found.append((low, low * 10**decades, low * 10 ** (decades * best)))
    return found


EXERCISES = (
    Exercise(
        id="13.1",
        task="turn uniform shares into log-uniform learning rates",
        solution=log_uniform,
        tested="nine shares from 0 to 1 become learning rates from 1e-5 to 10, each decade with an equal part of them.",
        cases=((SHARES,), (OTHERS,)),
        others=other_shares,
        mistakes=(
            Mistake(
                lambda u: 1e-5 + (10 - 1e-5) * u,
                "these are uniform: nine tenths of them are above 1. The exponent k must be uniform.",
            ),
            Mistake(lambda u: -5 + 6 * u, "this is the exponent k: the learning rate is 10 ** k."),
            Mistake(lambda u: (-5 + 6 * u).exp(), "your base is e, so the rates end at e instead of 10: take 10 ** k."),
            Mistake(lambda u: 10 ** (-5 + 5 * u), "your rates end at 1: from -5 to 1 there are six decades, not five."),
            Mistake(lambda u: 10 ** (-5 * u), "your rates go from 1 down to 1e-5: k begins at -5 and ends at 1."),
        ),
        hints=("Let k go from -5 at u = 0 to 1 at u = 1, in a straight line.", "k = -5 + 6 * u; the rate is 10 ** k."),
    ),
    Exercise(
        id="13.2",
        task="turn uniform shares into betas from 0.9 to 0.999",
        solution=betas,
        tested="nine shares from 0 to 1 become betas 1 - 10^k from 0.9 to 0.999, with 0.99 in the middle.",
        cases=((SHARES,), (OTHERS,)),
        others=other_shares,
        mistakes=(
            Mistake(
                lambda u: 0.9 + 0.099 * u,
                "these are uniform: nine tenths of them are below 0.99. The exponent k of 1 - 10^k must be uniform.",
            ),
            Mistake(lambda u: 10 ** (-1 - 2 * u), "this is 1 - beta: subtract it from 1."),
            Mistake(
                lambda u: 0.9 * (0.999 / 0.9) ** u, "log-uniform in beta itself: what counts is the distance to 1."
            ),
            Mistake(lambda u: 1 - 10 ** (-3 + 2 * u), "the wrong way round: u = 0 must give 0.9, u = 1 gives 0.999."),
            Mistake(lambda u: 1 - 10 ** (-1 - 3 * u), "your betas end at 0.9999: k ends at -3."),
        ),
        hints=(
            "1 - beta goes from 0.1 to 0.001, and is log-uniform.",
            "k = -1 - 2 * u, and beta is 1 - 10 ** k.",
        ),
    ),
    Exercise(
        id="13.3",
        task="the best loss so far, trial by trial",
        solution=best_so_far,
        tested="two searches of 7 and 5 trials, with trials that diverged (inf), also as the first one.",
        cases=((LOSSES,), (LATE,)),
        mistakes=(
            Mistake(lambda losses: losses.min(), "this is the best of all trials: a value for each trial is wanted."),
            Mistake(
                lambda losses: losses.min().expand(len(losses)),
                "the first trials know the best of the later ones: trial k may only look back.",
            ),
            Mistake(
                lambda losses: losses.sort(descending=True).values,
                "you sorted the losses: their order in time is lost.",
            ),
            Mistake(
                lambda losses: losses.cummax(0).values, "this is the worst so far: of losses the lowest is the best."
            ),
            Mistake(
                lambda losses: torch.minimum(losses, losses.roll(1)),
                "you look back one trial only: the best may be older.",
            ),
        ),
        hints=("Go through the trials, and keep the lowest loss that you have seen.", "torch.cummin(losses, 0).values"),
    ),
    Exercise(
        id="13.4",
        task="a random search over the learning rate",
        solution=random_search,
        tested="the best rate and its loss, for two loss functions and three sets of draws.",
        cases=((valley, SHARES), (valley, OTHERS), (steep, SHARES[1:])),
        others=other_searches,
        mistakes=(
            Mistake(search_worst, "this is the worst rate: keep the one with the *lowest* loss."),
            Mistake(search_last, "this is the last rate that was tried: keep the best one."),
            Mistake(search_smallest_rate, "this is the smallest rate: its loss must be the smallest."),
            Mistake(search_exponents, "the loss is right, but you return the exponent k: the rate is 10 ** k."),
            Mistake(search_uniform, "your rates are uniform from 1e-5 to 10: turn the shares as in 13.1."),
        ),
        hints=(
            "Turn every share into a rate, ask loss for each, and remember the best pair.",
            "rates = [10 ** (-5 + 6 * u) for u in shares.tolist()]; best = min(rates, key=loss)",
        ),
    ),
    Exercise(
        id="13.5",
        task="a finer range around the best learning rate",
        solution=refined,
        tested="a third of the decades, the best in the middle; cut off where the old range ends. Three ranges.",
        cases=((1e-5, 10.0, 0.01), (1e-4, 1.0, 0.5), (0.3, 8.0, 0.4)),
        others=other_ranges,
        mistakes=(
            Mistake(refined_linear, "you added and subtracted: on a log scale the range is best / r to best * r."),
            Mistake(refined_beyond, "your range leaves the old one: cut it off at low and at high."),
            Mistake(
                refined_twice_as_wide, "twice as wide: a third of the decades in all is a sixth to each side of best."
            ),
            Mistake(refined_shifted, "your range begins at the best rate: it must lie in the middle."),
        ),
        hints=(
            "A third of the decades: high / low to the power 1/3. Half of that to each side is the power 1/6.",
            "r = (high / low) ** (1 / 6); return max(low, best / r), min(high, best * r)",
        ),
    ),
)
