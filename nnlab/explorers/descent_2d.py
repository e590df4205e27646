"""descent_2d: why is a narrow ravine slow? Gradient descent on a quadratic with two curvatures."""

from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from nnlab.analysis.palette import BLACK, BLUE, FAINT, GREEN, VERMILION
from nnlab.engine import surfaces
from nnlab.engine.optimizers import SGD
from nnlab.explorers.shared import CONVERGED, above_the_axes, counted, level_lines, note, show_loss, widening
from nnlab.stage.description import Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["descent_2d"]

HALF_WIDTH, HALF_HEIGHT = 2.4, 1.5  # of the view
LOST = 256  # times the view: after its first step, a path is followed no further than this, so that its start is seen


class Result(NamedTuple):
    """The path of one descent; ``w1``, ``w2`` and ``loss`` have an entry for the start and for every step."""

    lr: float
    condition: float
    w1: np.ndarray
    w2: np.ndarray
    loss: np.ndarray
    guaranteed: np.ndarray  # the loss by step that the best learning rate cannot exceed
    diverged: bool


def compute(lr: float, condition: float, start_w1: float, start_w2: float, steps: int) -> Result:
    """Follow SGD on (w1^2 + c w2^2) / 2 for a number of steps, or until the path is lost.

    With the best learning rate, 2 / (sum of both curvatures) = 2 / (c + 1), step t leaves ((c - 1) / (c + 1))^(2 t)
    of the first loss (Nesterov 2004, theorem 2.1.15, squared).
    """
    path = surfaces.descend(surfaces.ravine(condition), SGD(lr=lr), steps, (start_w1, start_w2))
    w1, w2, loss = (np.array(values) for values in path[:3])
    lost = outside(w1, w2) > LOST
    shown = max(2, int(np.argmax(lost))) if lost.any() else len(loss)
    rate = (condition - 1) / (condition + 1)
    guaranteed = loss[0] * rate ** (2 * np.arange(steps + 1))
    too_long = 2 * (1 + 1e-12)  # an lr of exactly 2 / c must not be lost to rounding
    diverged = (start_w2 != 0 and lr * condition > too_long) or (start_w1 != 0 and lr > too_long)
    return Result(lr, condition, w1[:shown], w2[:shown], loss[:shown], guaranteed, diverged)


def outside(w1, w2):
    """How many times the view must be wider to hold (w1, w2)."""
    return np.maximum(np.abs(w1) / HALF_WIDTH, np.abs(w2) / HALF_HEIGHT)


def draw(figure) -> dict:
    """Level lines with the path on the left, the loss by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set(xlabel="w₁, curvature 1", ylabel="w₂, curvature c")
    left.set_title("the path")
    left.ticklabel_format(scilimits=(-3, 4))
    left.locator_params(nbins=5)
    left.grid(False)
    right.set(xlabel="step", ylabel="loss", yscale="log")
    right.set_title("loss by step")
    right.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    artists = {
        "levels": left.plot([], [], "-", color=FAINT, linewidth=0.9)[0],
        "path": left.plot([], [], "-o", color=BLUE, markersize=4, linewidth=1)[0],
        "start": left.plot([], [], "o", color=VERMILION, markersize=9, label="start")[0],
        "end": left.plot([], [], "s", color=GREEN, markersize=8, label="end")[0],
        "lowest": left.plot(0, 0, "*", color=BLACK, markersize=10, zorder=2.5)[0],
        "where": note(left),
        "guaranteed": right.plot([], [], "--", color=BLACK, linewidth=1.4, label="best lr")[0],
        "loss": right.plot([], [], "-o", color=BLUE, markersize=3.5, label="this lr")[0],
    }
    for ax, names in (left, ("start", "end")), (right, ("loss", "guaranteed")):
        above_the_axes(ax, [artists[name] for name in names])
    return artists


def update(artists: dict, result: Result) -> None:
    """Move level lines, path and both losses; widen the view by powers of four where the path leaves it."""
    zoom = widening(outside(result.w1, result.w2).max())
    left = artists["path"].axes
    left.set(xlim=(-HALF_WIDTH * zoom, HALF_WIDTH * zoom), ylim=(-HALF_HEIGHT * zoom, HALF_HEIGHT * zoom))
    artists["levels"].set_data(*level_lines(1, result.condition, zoom))
    artists["path"].set_data(result.w1, result.w2)
    artists["start"].set_data(result.w1[:1], result.w2[:1])
    artists["end"].set_data(result.w1[-1:], result.w2[-1:])
    artists["where"].set_text(f"diverges: view {zoom:,.0f} times wider" if zoom > 1 else "")
    show_loss(artists["loss"], result.loss)
    artists["guaranteed"].set_data(np.arange(len(result.guaranteed)), result.guaranteed)


def sentence(result: Result) -> str:
    """What happened: how fast, or why not."""
    c, steps = result.condition, len(result.w1) - 1
    head = f"lr {result.lr:.3g}, condition number {c:.3g}: "
    if result.loss[0] == 0:
        return head + "starts at the lowest point, where the gradient is zero, and stays there."
    if result.diverged:
        return head + f"diverges, because lr is above 2 / largest curvature = {2 / c:.3g}."
    near = np.flatnonzero(result.loss <= CONVERGED * result.loss[0])
    jumps = int(np.sum(result.w2[1:] * result.w2[:-1] < 0))
    across = f", jumping across the valley {'once' if jumps == 1 else counted(jumps, 'time')}" if jumps else ""
    if len(near):
        return head + f"the loss falls to 0.1 % of its start in {counted(near[0], 'step')}{across}."
    share = 100 * result.loss[-1] / result.loss[0]
    return head + f"after {counted(steps, 'step')} {share:.2g} % of the first loss is left{across}."


DESCRIPTION = Description(
    name="descent_2d",
    title="Why is a narrow ravine slow?",
    about=(
        "Gradient descent on the ravine (w1^2 + c w2^2) / 2, whose condition number c is its largest curvature "
        "divided by its smallest. It diverges exactly when lr > 2 / c."
    ),
    controls=(
        Slider("lr", 0.03, 0.003, 3.0, 0.02, "learning rate lr", log=True),
        Slider("condition", 20.0, 1.0, 100.0, 0.02, "condition number c", log=True),
        Slider("start_w1", -2.0, -2.2, 2.2, 0.1, "start w₁"),
        Slider("start_w2", 1.0, -1.3, 1.3, 0.1, "start w₂"),
        Slider("steps", 40, 1, 200, 1, "steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    presets=(
        Preset("too small", "safe, but it creeps along the valley", {"lr": 0.01}),
        Preset("best", "lr = 2 / (1 + c): both directions shrink equally fast", {"lr": 0.0952}),
        Preset("zigzag", "lr just below 2 / c: every step jumps across the valley", {"lr": 0.0985}),
        Preset("too large", "lr just above 2 / c: the steep direction grows", {"lr": 0.103}),
        Preset("round bowl", "condition number 1: one step is enough", {"condition": 1.0, "lr": 1.0}),
        Preset(
            "narrow ravine",
            "condition number 100: even the best lr needs more than 100 steps",
            {"condition": 100.0, "lr": 0.0198, "steps": 200},
        ),
    ),
    widest=({"condition": 100.0}, {"steps": 200}),
    handles=(Handle("start", "start", x="start_w1", y="start_w2"),),
)

descent_2d = opener(DESCRIPTION)
