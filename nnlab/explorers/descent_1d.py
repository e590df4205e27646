"""descent_1d: how far should one step go? Gradient descent on a curve with one parameter."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from nnlab.analysis.palette import BLUE, GREEN, MARK, VERMILION
from nnlab.engine.optimizers import SGD
from nnlab.explorers.shared import CONVERGED, counted, show_loss, widening
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["descent_1d"]

BOWL, VALLEYS = "bowl", "two valleys"
FAR = {BOWL: 1.0, VALLEYS: 0.25}  # curvature far from the middle, in units of the control
HALF_WIDTH = 3.2  # of the view


class Result(NamedTuple):
    """The path of one descent; ``w`` and ``loss`` have an entry for the start and for every step."""

    landscape: str
    lr: float
    curvature: float
    w: np.ndarray
    loss: np.ndarray
    lowest: float
    diverged: bool


def loss(landscape: str, curvature: float, w):
    """The bowl c w^2 / 2, or c (w^2 / 8 + exp(-w^2) - 3 w / 20): two valleys, of which the right one is deeper.

    The curvature is c everywhere in the bowl, and about c at the bottom of both valleys.
    """
    if landscape == BOWL:
        return curvature * w * w / 2
    return curvature * (w * w / 8 + np.exp(-w * w) - 0.15 * w)


def slope(landscape: str, curvature: float, w: float) -> float:
    """The derivative of ``loss`` with respect to w."""
    if landscape == BOWL:
        return curvature * w
    return curvature * (w / 4 - 2 * w * math.exp(-w * w) - 0.15)


def bend(landscape: str, curvature: float, w: float) -> float:
    """The derivative of ``slope`` with respect to w: the curvature at w."""
    if landscape == BOWL:
        return curvature
    return curvature * (0.25 - 2 * (1 - 2 * w * w) * math.exp(-w * w))


def compute(landscape: str, lr: float, curvature: float, start: float, steps: int) -> Result:
    """Follow w = w - lr L'(w) for a number of steps, or until the loss is above 10^12."""
    params, optimizer = {"w": start}, SGD(lr=lr)
    state, path = optimizer.init(params), [start]
    for _ in range(steps):
        grads = {"w": slope(landscape, curvature, params["w"])}
        params, state = optimizer.update(params, grads, state)
        path.append(params["w"])
        if not loss(landscape, curvature, params["w"]) < 1e12:
            break
    w = np.array(path)
    lowest = float(loss(landscape, curvature, np.linspace(-2, 2, 4001)).min())
    unstable = lr * curvature * FAR[landscape] > 2 * (1 + 1e-12) and start != 0
    diverged = unstable and (landscape == BOWL or abs(path[-1]) > HALF_WIDTH)
    return Result(landscape, lr, curvature, w, loss(landscape, curvature, w), lowest, diverged)


def draw(figure) -> dict:
    """The curve with the descent on the left, the loss by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set(xlabel="parameter w", ylabel="loss")
    left.set_title("the path on the curve")
    left.ticklabel_format(scilimits=(-3, 5))
    right.set(xlabel="step", ylabel="loss above the lowest", yscale="log")
    right.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    right.set_title("loss by step")
    artists = {
        "curve": left.plot([], [], "-", color=MARK, linewidth=2)[0],
        "path": left.plot([], [], "-o", color=BLUE, markersize=5, linewidth=1)[0],
        "start": left.plot([], [], "o", color=VERMILION, markersize=9, label="start")[0],
        "end": left.plot([], [], "s", color=GREEN, markersize=9, label="end")[0],
        "where": left.text(0.5, 0.93, "", transform=left.transAxes, ha="center", fontsize=10),
        "loss": right.plot([], [], "-o", color=BLUE, markersize=3.5)[0],
    }
    marks = [artists["start"], artists["end"]]
    left.legend(handles=marks, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2, columnspacing=1, handletextpad=0.2)
    return artists


def update(artists: dict, result: Result) -> None:
    """Move curve, path and loss; widen the view by powers of four where the path leaves it."""
    left = artists["curve"].axes
    zoom = widening(np.abs(result.w).max() / HALF_WIDTH)
    width = HALF_WIDTH * zoom
    grid = np.linspace(-width, width, 300)
    curve = loss(result.landscape, result.curvature, grid)
    top = 1.5 * 2.0 ** max(0, math.ceil(math.log2(max(result.loss.max(), 1.0) / 1.3)))
    if zoom > 1:
        top = 1.15 * curve.max()
    left.set(xlim=(-width, width), ylim=(-0.07 * top, top))
    artists["curve"].set_data(grid, curve)
    artists["path"].set_data(result.w, result.loss)
    artists["start"].set_data(result.w[:1], result.loss[:1])
    artists["end"].set_data(result.w[-1:], result.loss[-1:])
    wider = f"view {zoom:,.0f} times wider" if zoom > 1 else ""
    artists["where"].set_text(f"diverges: {wider}" if wider and result.diverged else wider)
    show_loss(artists["loss"], result.loss - result.lowest)


def sentence(result: Result) -> str:
    """What happened: the regime by lr times curvature, and how fast."""
    head = f"lr {result.lr:.3g}, curvature {result.curvature:.2g}: "
    bowl, above = result.landscape == BOWL, result.loss - result.lowest
    if result.diverged:
        limit = f", because lr is above 2 / curvature = {2 / result.curvature:.3g}" if bowl else ""
        return head + f"diverges{limit}."
    if above[0] < 1e-9:
        return head + "starts at the lowest point, where the slope is zero, and stays there."
    if bowl and math.isclose(result.lr * result.curvature, 2):
        return head + "jumps to and fro and gets nowhere, because lr is exactly 2 / curvature."
    inside = above <= CONVERGED * above[0]
    swing, steps = turning(result.w), counted(len(above) - 1, "step")
    if inside[-1] and holds(result):
        return head + f"the loss falls to 0.1 % of its start in {counted(arrival(inside), 'step')}{swing}."
    passing = f"comes within 0.1 % of its start at step {inside.argmax()} and bounces on: " if inside.any() else ""
    valley = " in the shallower valley" if not bowl and (result.w[-5:] < 0).all() else ""
    return head + f"{passing}after {steps} the loss is {above[-1]:.2g} above the lowest{valley}{swing}."


def arrival(inside: np.ndarray) -> int:
    """The step from which on a path is inside."""
    outside = np.flatnonzero(~inside)
    return int(outside[-1]) + 1 if len(outside) else 0


def holds(result: Result) -> bool:
    """Whether a path stays where it is: a step must be short enough for the curvature there."""
    return result.lr * bend(result.landscape, result.curvature, result.w[-1]) <= 2


def turning(w: np.ndarray) -> str:
    """How often a path changes its direction, in words."""
    moves = np.sign(np.diff(w))
    turns = int(np.sum(moves[1:] * moves[:-1] < 0))
    return ", turning round " + ("once" if turns == 1 else counted(turns, "time")) if turns else ", never turning round"


DESCRIPTION = Description(
    name="descent_1d",
    title="How far should one step go?",
    about=(
        "Gradient descent on one parameter: a bowl c w^2 / 2 with the curvature c, or two valleys. In the bowl it "
        "diverges exactly when lr > 2 / c."
    ),
    controls=(
        Slider("lr", 0.1, 0.01, 10.0, 0.05, "learning rate lr", log=True),
        Slider("curvature", 1.0, 0.5, 4.0, 0.1, "curvature"),
        Slider("start", -2.5, -3.0, 3.0, 0.1, "start"),
        Slider("steps", 20, 1, 60, 1, "steps"),
        Choice("landscape", BOWL, (BOWL, VALLEYS), "landscape"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=165,
    presets=(
        Preset("too small", "it creeps: 20 steps are not enough", {"lr": 0.03}),
        Preset("just right", "lr = 1 / curvature lands in one step", {"lr": 1.0}),
        Preset("oscillating", "lr is close to 2 / curvature: every step jumps across", {"lr": 1.9}),
        Preset("too large", "lr is above 2 / curvature: watch it bounce out", {"lr": 2.2}),
        Preset(
            "wrong valley",
            "it stops in the valley where it began",
            {"landscape": VALLEYS, "start": -2.8, "lr": 0.3},
        ),
    ),
    widest=({"lr": 2.2}, {"lr": 10.0}),
    handles=(Handle("start", "start", x="start"),),
)

descent_1d = opener(DESCRIPTION)
