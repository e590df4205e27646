"""Many repetitions of a search at once, each with a seed of its own: what a strategy finds is partly luck."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from nnlab import arguments
from nnlab.analysis.search import COLUMNS, Trials
from nnlab.engine.spaces import Space, check_space
from nnlab.training.search.running import STRATEGIES, frame
from nnlab.training.search.strategies import plan
from nnlab.training.search.trial import judged

__all__ = ["repeated_search"]

Row = tuple[int, dict]  # the seed of a repetition, and the settings of one of its trials


def repeated_search(
    objective: Callable[..., Sequence[float]],
    space: Mapping[str, Space] | Callable[[int], Mapping[str, Space]],
    *,
    strategy: str = "random",
    trials: int,
    seeds: Iterable[int] = range(20),
    goal: str = "lower",
    at_once: int = 128,
) -> list[Trials]:
    """Search again and again, all repetitions side by side in this process; the objective gets many settings in a call.

    Nothing is looked up or shared: each trial is a network of its own, but ``nnlab.ensemble.train`` trains all
    that are asked for in one batched pass. A grid and a random search ask for everything at once; a Bayesian search
    asks for one trial of each repetition, learns its score, and asks again.

    Args:
        objective: called as ``objective(seeds, lr=[...], ...)`` with lists of equal length, one entry for each trial;
            returns as many scores. A score that is nan or infinite is a trial that diverged.
        space: name -> one of ``nnlab.spaces``; or a function of the seed that returns such a dictionary, when each
            repetition has a range of its own.
        strategy: "random", "grid" or "bayesian", as in ``nnlab.search``. trials: of each repetition.
        seeds: one repetition for each; strategies that are run with the same seeds can be compared in pairs.
        goal: whether a "lower" or a "higher" score is better.
        at_once: how many trials a call of the objective gets at most: more need more memory.

    Returns:
        one ``Trials`` for each seed; their "seconds" are nan, because the trials run together.

    Raises:
        TypeError, ValueError: arguments that cannot be used, with the remedy; scores that are not one for each trial.

    >>> from nnlab import spaces
    >>> def objective(seeds, lr): return [(one - 0.3) ** 2 for one in lr]
    >>> repeated_search(objective, {"lr": spaces.Uniform(0, 1)}, strategy="grid", trials=11, seeds=[0, 1])[1]
    11 trials (11 ok); best score 0: lr 0.3
    """
    if not callable(objective):
        raise TypeError(f"objective must be a function of seeds and settings. Got {objective!r}. Try nnlab.search.")
    arguments.one_of("strategy", strategy, STRATEGIES)
    arguments.one_of("goal", goal, ("lower", "higher"))
    trials, at_once = arguments.whole("trials", trials, 20), arguments.whole("at_once", at_once, 128)
    spaces = {seed: check_space(space(seed) if callable(space) else space, taken()) for seed in checked(seeds)}
    plans = {seed: plan(strategy, one, trials, seed, 1, goal == "higher") for seed, one in spaces.items()}
    tables: dict[int, dict] = {seed: {} for seed in plans}
    last: dict[int, list[float] | None] = dict.fromkeys(plans)
    while rows := asked(plans, last):
        parts = [rows[k : k + at_once] for k in range(0, len(rows), at_once)]
        scores = [score for part in parts for score in measured(objective, part)]
        told: dict[int, list[float]] = {seed: [] for seed in plans}
        for (seed, settings), score in zip(rows, scores, strict=True):
            found = judged(score, math.nan)
            tables[seed][len(tables[seed])] = (settings, found)
            told[seed].append(found.score)
        last = {**told}
    return [Trials(frame(tables[seed], spaces[seed]), spaces[seed], goal == "higher") for seed in spaces]


def taken() -> tuple[str, ...]:
    """Names that no hyper-parameter may have."""
    return (*COLUMNS, "seeds")


def checked(seeds: Iterable[int]) -> list[int]:
    """The seeds as a list: whole numbers, at least one, none of them twice."""
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise TypeError(f"seeds must be a list of whole numbers. Got {seeds!r}. Try range(20).")
    found = [arguments.whole("every seed", seed, 0, at_least=0) for seed in seeds]
    if not found or len(set(found)) < len(found):
        raise ValueError(f"seeds must be at least one, and all different. Got {found}. Try range(20).")
    return found


def asked(plans: dict, last: dict) -> list[Row]:
    """What all repetitions want to try next; those that have nothing more to try are none of the plans afterwards."""
    rows: list[Row] = []
    for seed, steps in list(plans.items()):
        try:
            rows += [(seed, settings) for settings in steps.send(last[seed])]
        except StopIteration:
            del plans[seed]
    return rows


def measured(objective: Callable[..., Sequence[float]], rows: list[Row]) -> list[float]:
    """The scores of these trials, from one call."""
    settings = {name: [values[name] for _, values in rows] for name in rows[0][1]}
    scores = [float(score) for score in objective([seed for seed, _ in rows], **settings)]
    if len(scores) != len(rows):
        raise ValueError(
            f"objective must return one score for each trial. Got {len(scores)} for {len(rows)}. "
            "Try history.val_loss[:, -1]."
        )
    return scores
