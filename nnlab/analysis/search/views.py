"""What is read off the trials of a search for a picture: the best so far, cells of a heat map, heights of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnlab import arguments
from nnlab.analysis.search.trials import Trials

__all__ = ["HeatMap", "band_of_best", "best_so_far", "color_limits", "heat_map", "heights", "ranks"]


def best_so_far(trials: Trials) -> np.ndarray:
    """(trial,), the best score up to each trial; nan before the first one that has a score."""
    scores = trials.scores
    return np.fmax.accumulate(scores) if trials.higher_is_better else np.fmin.accumulate(scores)


def band_of_best(repetitions: Sequence[Trials], coverage: float = 0.8) -> np.ndarray:
    """(low, median or high; trial), the best so far over repetitions of a search; the band holds ``coverage`` of them.

    A repetition that has no score yet counts as the worst: as inf where lower is better, as -inf where higher is.

    Raises:
        ValueError: no repetition, or they differ in their number of trials or in which scores are better.
    """
    arguments.fraction("coverage", coverage, 0.8)
    shapes = {(len(trials), trials.higher_is_better) for trials in repetitions}
    if len(shapes) != 1:
        raise ValueError(
            f"repetitions must be searches with the same number of trials and the same goal. "
            f"Got {sorted(shapes)}. Try [nnlab.search(..., seed=s) for s in range(20)]."
        )
    worst = -np.inf if repetitions[0].higher_is_better else np.inf
    curves = np.nan_to_num([best_so_far(trials) for trials in repetitions], nan=worst)
    shares = [(1 - coverage) / 2, 0.5, (1 + coverage) / 2]
    if np.isinf(curves).any():  # they cannot be interpolated
        return np.quantile(curves, shares, axis=0, method="nearest")
    return np.quantile(curves, shares, axis=0)


@dataclass(frozen=True, eq=False)
class HeatMap:
    """The best score in each cell of a plane of two hyper-parameters.

    Attributes:
        x, y: the names of the two.
        columns, rows: where the cells end, as positions: one more than there are cells.
        scores: (row, column), nan where no trial has a score.
        tried: (row, column), how many trials fell into each cell.
    """

    x: str
    y: str
    columns: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    tried: np.ndarray


def heat_map(trials: Trials, x: str, y: str, cells: int = 8) -> HeatMap:
    """Sort trials into cells; the values of a grid get a cell each, real numbers are cut into ``cells`` equal parts.

    A cell shows the best score of its trials, whatever the other hyper-parameters were.

    Raises:
        ValueError: x and y are not two hyper-parameters of this search.
    """
    cells = arguments.whole("cells", cells, 8)
    for name, value in (("x", x), ("y", y)):
        arguments.one_of(name, value, trials.space)
    if x == y:
        raise ValueError(f"x and y must differ. Got {x!r} for both. Try {other_than(x, trials)!r}.")
    at = {name: positions(trials, name).round(9) for name in (x, y)}
    is_grid = len(np.unique(at[x])) * len(np.unique(at[y])) <= len(trials)
    edges = {n: edges_of(at[n], 0 if is_grid or trials.space[n].size <= cells else cells) for n in at}
    places = {n: np.clip(np.searchsorted(edges[n], at[n], "right") - 1, 0, len(edges[n]) - 2) for n in at}
    scores = np.full((len(edges[y]) - 1, len(edges[x]) - 1), np.nan)
    tried = np.zeros(scores.shape, dtype=int)
    better = np.fmax if trials.higher_is_better else np.fmin
    for row, column, score in zip(places[y], places[x], trials.scores, strict=True):
        scores[row, column] = better(scores[row, column], score)
        tried[row, column] += 1
    return HeatMap(x, y, edges[x], edges[y], scores, tried)


def color_limits(scores: np.ndarray, higher_is_better: bool) -> tuple[float | None, float | None, str]:
    """The lowest and highest score with a colour of its own, and on which side others lie: "neither", "min" or "max".

    On the worse side colours end at Tukey's fence, one and a half quartile distances beyond the quartile (Tukey 1977,
    *Exploratory Data Analysis*, section 2D).
    """
    known = scores[np.isfinite(scores)]
    if not len(known):
        return None, None, "neither"
    low, high = known.min(), known.max()
    first, third = np.quantile(known, (0.25, 0.75))
    if higher_is_better:
        fence = first - 1.5 * (third - first)
        return max(low, fence), high, "min" if low < fence else "neither"
    fence = third + 1.5 * (third - first)
    return low, min(high, fence), "max" if high > fence else "neither"


def edges_of(at: np.ndarray, cells: int) -> np.ndarray:
    """Where cells end: ``cells`` equal ones from 0 to 1; for 0 cells, one around each value that occurs."""
    if cells:
        return np.linspace(0, 1, cells + 1)
    values = np.unique(at)
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middles = (values[1:] + values[:-1]) / 2
    return np.r_[2 * values[0] - middles[0], middles, 2 * values[-1] - middles[-1]]


def other_than(x: str, trials: Trials) -> str:
    """The name of another hyper-parameter."""
    return next((name for name in trials.space if name != x), "lr")


def positions(trials: Trials, name: str) -> np.ndarray:
    """(trial,), where the values of a hyper-parameter lie in its space, from 0 to 1."""
    return np.array([trials.space[name].position(value) for value in trials.table[name]], dtype=float)


def ranks(trials: Trials) -> np.ndarray:
    """(trial,), 1 for the best score, 0 for the worst, evenly spaced between; nan where there is none."""
    scores = trials.scores if trials.higher_is_better else -trials.scores
    known = np.isfinite(scores)
    found = np.full(len(scores), np.nan)
    found[known] = np.searchsorted(np.sort(scores[known]), scores[known]) / max(1, known.sum() - 1)
    return found


def heights(trials: Trials) -> np.ndarray:
    """(trial, axis), for parallel coordinates: the position of every value, and on the last axis the rank of the score.

    Ranks, because one bad score would press all others into a line.
    """
    return np.column_stack([*(positions(trials, name) for name in trials.space), ranks(trials)])
