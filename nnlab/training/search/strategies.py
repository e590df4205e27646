"""Strategies: generators that yield batches of settings, and are sent the scores of the batch before the next one.

Grid and random decide everything beforehand, so they yield one batch. Only Bayesian search learns from scores.
"""

import math
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import product

import numpy as np

from nnlab.engine.spaces import Choice, Space

__all__ = ["Plan", "grid_sizes", "plan"]

Plan = Generator[list[dict], list[float], None]
Spaces = dict[str, Space]


def plan(strategy: str, space: Spaces, trials: int, seed: int, batch: int, higher_is_better: bool) -> Plan:
    """The generator of a strategy; a score that it is sent is nan where the trial has none."""
    if strategy == "grid":
        return at_once(grid(space, trials))
    if strategy == "random":
        return at_once(drawn(space, trials, seed))
    return bayesian(space, trials, seed, batch, higher_is_better)


def at_once(settings: list[dict]) -> Plan:
    """All settings in one batch."""
    yield settings


def grid(space: Spaces, trials: int) -> list[dict]:
    """Every combination of evenly spaced values, at most ``trials``."""
    sizes = grid_sizes(space, trials)
    values = [one.grid(sizes[name]) for name, one in space.items()]
    return [dict(zip(space, combination, strict=True)) for combination in product(*values)]


def grid_sizes(space: Spaces, trials: int) -> dict[str, int]:
    """How many values of each hyper-parameter a grid of at most ``trials`` combinations has.

    A choice has all its options. The others get one more in turn, the fewest first, while the product allows it: 30
    trials of two are 6 x 5.

    Raises:
        ValueError: the choices alone need more trials.
    """
    sizes = {name: int(one.size) if isinstance(one, Choice) else 1 for name, one in space.items()}
    if (least := math.prod(sizes.values())) > trials:
        raise ValueError(f"trials must be at least {least} for a grid of all choices. Got {trials}. Try {least}.")
    open_ones = [name for name, one in space.items() if not isinstance(one, Choice)]
    while open_ones:
        name = min(open_ones, key=sizes.__getitem__)
        more = {**sizes, name: sizes[name] + 1}
        if math.prod(more.values()) <= trials and len(space[name].grid(more[name])) == more[name]:
            sizes = more
        else:
            open_ones.remove(name)
    return sizes


def drawn(space: Spaces, trials: int, seed: int) -> list[dict]:
    """Independent draws; trial k depends on seed and k alone, so a longer search begins with the shorter one."""
    shares = [np.random.default_rng([seed, k]).random(len(space)).tolist() for k in range(trials)]
    return [{name: one.at(u) for (name, one), u in zip(space.items(), us, strict=True)} for us in shares]


def bayesian(space: Spaces, trials: int, seed: int, batch: int, higher_is_better: bool) -> Plan:
    """Optuna's TPE, in batches: settings are asked for, all of a batch, and then all scores are told, in order.

    The sampler sees shares u from 0 to 1, and the spaces turn them into values. A trial without a score is told as the
    worst possible: that a learning rate diverges is worth knowing.
    """
    optuna = imported_optuna()
    worst = -math.inf if higher_is_better else math.inf
    distributions = {name: distribution(optuna, one) for name, one in space.items()}
    with quiet(optuna):
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=batch > 1)
        study = optuna.create_study(direction="maximize" if higher_is_better else "minimize", sampler=sampler)
    for first in range(0, trials, batch):
        with quiet(optuna):
            asked = [study.ask(distributions) for _ in range(min(batch, trials - first))]
        scores = yield [{name: value_of(one, trial.params[name]) for name, one in space.items()} for trial in asked]
        with quiet(optuna):
            for trial, score in zip(asked, scores, strict=True):
                study.tell(trial, score if math.isfinite(score) else worst)


def distribution(optuna, space: Space):
    """What Optuna's sampler sees: the number of an option, or a share from 0 to 1."""
    if isinstance(space, Choice):
        return optuna.distributions.CategoricalDistribution(range(int(space.size)))
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def value_of(space: Space, found):
    """The value that belongs to what Optuna found."""
    return space.options[found] if isinstance(space, Choice) else space.at(found)


def imported_optuna():
    """Optuna, or an ImportError that says how to install it."""
    try:
        import optuna
    except ImportError as error:
        raise ImportError("Bayesian search must have optuna. Got no such package. Try: pip install optuna") from error
    return optuna


@contextmanager
def quiet(optuna):
    """Optuna tells nothing on stderr inside, neither studies nor what is experimental; afterwards it does as before."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
