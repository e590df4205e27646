"""Pictures of searches over hyper-parameters: every function draws on the Axes it is given and returns it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnlab.analysis.palette import BLUE, VERMILION
from nnlab.analysis.plots import ink, label_lines
from nnlab.analysis.search.trials import Trials, short
from nnlab.analysis.search.views import band_of_best, color_limits, heat_map, heights, ranks
from nnlab.engine.spaces import Choice, Integer, LogUniform, OneMinusLogUniform, Space

__all__ = ["plot_best_so_far", "plot_heat_map", "plot_parallel_coordinates"]

TICKS = 5  # at most, on an axis that shows a hyper-parameter
FAILED = VERMILION
PAPER = {"alpha": 0.8, "linewidth": 0, "pad": 1}  # keeps a text readable on lines


def plot_heat_map(trials: Trials, ax, x: str, y: str, cells: int = 8):
    """Draw the best score in each cell of the plane of two hyper-parameters; darker is better.

    An x marks a cell in which every trial failed; a white cell was never tried. Scores that are far worse than most
    share one colour, so that a single one of 1e30 does not take all colours from the others.

    Args:
        trials: as from ``nnlab.search``. ax: the Axes to draw on.
        x, y: hyper-parameters, such as "lr" and "weight_decay".
        cells: along an axis of real numbers; the values of a grid get a cell each.
    """
    shown = heat_map(trials, x, y, cells)
    colors = "viridis" if not trials.higher_is_better else "viridis_r"
    low, high, beyond = color_limits(shown.scores, trials.higher_is_better)
    scores = np.ma.masked_invalid(shown.scores)
    mesh = ax.pcolormesh(shown.columns, shown.rows, scores, cmap=colors, edgecolors="white", vmin=low, vmax=high)
    ax.figure.colorbar(mesh, ax=ax, label="best score in the cell", extend=beyond)
    row, column = np.nonzero((shown.tried > 0) & ~np.isfinite(shown.scores))
    middles = [(edges[1:] + edges[:-1]) / 2 for edges in (shown.columns, shown.rows)]
    ax.plot(middles[0][column], middles[1][row], "x", color=FAILED, markersize=8, label="_failed")
    ax.set(xlim=shown.columns[[0, -1]], ylim=shown.rows[[0, -1]], xlabel=x, ylabel=y)
    ax.set_xticks(*ticks(trials.space[x]))
    ax.set_yticks(*ticks(trials.space[y]))
    ax.grid(False)
    return ax


def plot_parallel_coordinates(trials: Trials, ax, best: float = 0.1):
    """Draw each trial as a line through its hyper-parameters to the rank of its score, the best ones in colour.

    Where the coloured lines come together, the hyper-parameter matters; where they spread out, it does not
    (Inselberg 1985, *The Plane with Parallel Coordinates*).

    Args:
        trials: as from ``nnlab.search``. ax: the Axes to draw on.
        best: which share of the trials with a score is in colour, from 0 to 1. A failed trial is a dotted line that
            ends before the score.
    """
    lines, rank = heights(trials), ranks(trials)
    axes, top = np.arange(lines.shape[1]), rank >= 1 - best
    paper = PAPER | {"facecolor": ax.get_facecolor()}
    for height, good in zip(lines[np.argsort(top)], np.sort(top), strict=True):
        style = "-" if np.isfinite(height[-1]) else ":"
        look = {"color": BLUE, "linewidth": 1.8, "zorder": 3} if good else {"color": ink(ax, 0.28), "linewidth": 0.8}
        ax.plot(axes, height, style, **look)
    for k, space in enumerate(trials.space.values()):
        ax.axvline(k, color=ink(ax, 0.7), linewidth=0.8)
        for at, text in zip(*ticks(space), strict=True):
            ax.text(k - 0.03, at, text, ha="right", va="center", fontsize=9, bbox=paper, zorder=4)
    ax.axvline(axes[-1], color=ink(ax, 0.7), linewidth=0.8)
    for at, text in ((0, "worst"), (1, "best")):
        ax.text(axes[-1] + 0.03, at, text, va="center", fontsize=9)
    ax.set(xlim=(-0.4, axes[-1] + 0.3), ylim=(-0.05, 1.05), yticks=[])
    ax.set_xticks(axes, [*trials.space, "score"])
    ax.grid(False)
    return ax


def plot_best_so_far(repetitions: Sequence[Trials], ax, label: str = "", style: str = "-"):
    """Draw the best score so far by the number of trials: median and the middle 80 % of several repetitions.

    Bands are pictures: whether one strategy is better, ``nnlab.compare`` says from repetitions that share their seeds.

    Args:
        repetitions: as from ``nnlab.search`` with several seeds; call again with the same ``ax`` for another strategy.
        ax: the Axes; a logarithmic scale is set before, because labels stand where the lines end.
        label: the text at the end of the line.
        style: of the line, such as "-" or ":", so that two can be told apart without colour.
    """
    band = band_of_best(repetitions)
    tried = np.arange(1, band.shape[1] + 1)
    low, median, high = np.where(np.isfinite(band), band, np.nan)
    (line,) = ax.plot(tried, median, style, label=label or f"{len(repetitions)} repetitions")
    ax.fill_between(tried, low, high, color=line.get_color(), alpha=0.18, linewidth=0)
    ax.set(xlabel="trials", ylabel="best score so far")
    label_lines(ax)
    return ax


def ticks(space: Space) -> tuple[list[float], list[str]]:
    """Positions and texts for an axis: the options of a choice, powers of ten, otherwise evenly spaced values."""
    if isinstance(space, Choice):
        values = list(space.options)
    elif isinstance(space, Integer) and space.size <= TICKS:
        values = space.grid(int(space.size))
    else:
        values = powers_of_ten(space) or space.grid(TICKS)
    return [space.position(value) for value in values], [short(value) for value in values]


def powers_of_ten(space: Space) -> list[float]:
    """A few 10^k in a log-uniform space, 1 - 10^k in the one of betas; none where there are not two."""
    if isinstance(space, LogUniform):
        low, high = math.log10(space.low), math.log10(space.high)
    elif isinstance(space, OneMinusLogUniform):
        low, high = math.log10(1 - space.high), math.log10(1 - space.low)
    else:
        return []
    exponents = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    thinned = exponents[:: math.ceil(len(exponents) / TICKS)] if len(exponents) > 1 else []
    return [float(f"1e{k}") if isinstance(space, LogUniform) else 1 - float(f"1e{k}") for k in thinned]
