"""What several explorers share: words for a number, a view that widens, a loss by step, level lines, labels."""

import math

import numpy as np

from nnlab.analysis.palette import MARK, PAPER
from nnlab.analysis.plots import spread

__all__ = [
    "CONVERGED", "above_the_axes", "chosen_here", "counted", "end_labels", "level_lines", "note", "show_loss",
    "to_the_ends", "widening",
]  # fmt: skip

CONVERGED = 1e-3  # of the first loss
FLOOR = 1e-6  # the lowest loss that the picture shows; a line below it, or at 0, leaves through the bottom
LEVELS = 0.12 * 1.6 ** np.arange(12)  # where the level lines meet the x axis
CIRCLE = np.append(np.exp(2j * np.pi * np.arange(73) / 72), np.nan)  # nan lifts the pen between two lines


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "step"), counted(20, "step")
    ('1 step', '20 steps')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def chosen_here(ax):
    """An empty line, to be put upright where the chosen value stands, behind all others."""
    return ax.plot([], [], "-", color=MARK, linewidth=3, zorder=1)[0]


def widening(reach: float) -> float:
    """How many times wider the view must be to show ``reach`` half widths: 1, 4, 16, ..."""
    return 4.0 ** max(0, math.ceil(math.log(reach, 4))) if reach > 0 else 1.0


def show_loss(line, above) -> None:
    """Put a loss by step into a line on a logarithmic axis, with limits that change rarely."""
    line.set_data(np.arange(len(above)), above)
    top = 10.0 ** (2 * max(1, math.ceil(math.log10(max(above.max(), FLOOR)) / 2)))
    right = next(steps for steps in (10, 20, 40, 60, 100, 150, 200) if steps >= len(above) - 1)
    line.axes.set(xlim=(-0.03 * right, 1.03 * right), ylim=(FLOOR, top))


def level_lines(curvature_x: float, curvature_y: float, zoom: float = 1.0):
    """Points (x, y) on ellipses of equal loss around (0, 0), as one line with gaps."""
    x, y = (np.outer(LEVELS * zoom, part).ravel() for part in (CIRCLE.real, CIRCLE.imag))
    return x, y * math.sqrt(curvature_x / curvature_y)


def note(ax):
    """A line of text at the top, readable on whatever lies under it."""
    paper = {"facecolor": PAPER, "alpha": 0.8, "linewidth": 0, "pad": 2}
    return ax.text(0.5, 0.93, "", transform=ax.transAxes, ha="center", fontsize=10, bbox=paper)


def end_labels(ax, colors: dict[str, str]) -> list:
    """The name of each line in its colour, right of the axes; ``to_the_ends`` moves them."""
    style = {"transform": ax.transAxes, "va": "center", "fontsize": 9}
    return [ax.text(1.02, 0.5, name, color=color, **style) for name, color in colors.items()]


def to_the_ends(labels: list, heights, gap: float = 0.085) -> None:
    """Move labels to where their lines end, from 0 at the bottom of the axes to 1 at the top, and apart."""
    for label, height in zip(labels, spread(heights, gap), strict=True):
        label.set_y(height)


def above_the_axes(ax, handles) -> None:
    """A legend in one line, right of the title, where nothing can lie under it."""
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.03, 0.98),
        ncols=len(handles),
        columnspacing=1,
        handletextpad=0.4,
        handlelength=1.6,
        borderpad=0.2,
    )
