"""descent_1d: how far should one step go? Gradient descent on a curve with one parameter."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nnlab.description import Choice, Description, Preset, Slider
from nnlab.explorer import Explorer
from nnlab.optimizers import SGD

CONVERGED = 1e-3  # of the first loss
BOWL, VALLEYS = "bowl", "two valleys"
VIEW = {BOWL: ((-3.2, 3.2), (-0.9, 13.0)), VALLEYS: ((-2.3, 2.3), (-0.8, 7.0))}


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
    """The bowl L w^2 / 2, or L times two valleys (w^2 - 1)^2 / 2 - 3 w / 10, of which the right one is deeper."""
    if landscape == BOWL:
        return curvature * w * w / 2
    return curvature * ((w * w - 1) * (w * w - 1) / 2 - 0.3 * w)


def slope(landscape: str, curvature: float, w):
    """The derivative of ``loss`` with respect to w."""
    return curvature * w if landscape == BOWL else curvature * (2 * w * (w * w - 1) - 0.3)


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
    grid = np.linspace(-2, 2, 4001)
    losses = loss(landscape, curvature, w)
    growing = landscape == BOWL and lr * curvature > 2 and start != 0
    return Result(
        landscape,
        lr,
        curvature,
        w,
        losses,
        float(loss(landscape, curvature, grid).min()),
        bool(growing or not losses[-1] < 1e12),
    )


def draw(figure) -> dict:
    """The curve with the descent on the left, the loss by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set(xlabel="parameter w", ylabel="loss")
    left.set_title("the path on the curve")
    right.set(xlabel="step", ylabel="loss above the lowest", yscale="log", ylim=(1e-8, 1e2))
    right.set_title("loss by step")
    return {
        "curve": left.plot([], [], "-", color="0.55", linewidth=2)[0],
        "path": left.plot([], [], "-o", color="#0072B2", markersize=5, linewidth=1)[0],
        "start": left.plot([], [], "o", color="#D55E00", markersize=9, label="start")[0],
        "end": left.plot([], [], "s", color="#009E73", markersize=9, label="end")[0],
        "where": left.text(0.5, 0.93, "", transform=left.transAxes, ha="center", fontsize=10),
        "loss": right.plot([], [], "-o", color="#0072B2", markersize=3.5)[0],
    }


def update(artists: dict, result: Result) -> None:
    """Move curve, path and loss; widen the view by powers of four where the path leaves it."""
    axes = artists["curve"].axes, artists["loss"].axes
    (left, right), (low, high) = VIEW[result.landscape]
    reach = np.abs(result.w).max() / right
    zoom = 4.0 ** max(0, math.ceil(math.log(reach, 4))) if reach > 0 else 1.0
    left, right = left * zoom, right * zoom
    grid = np.linspace(left, right, 300)
    curve = loss(result.landscape, result.curvature, grid)
    if zoom > 1:
        low, high = -0.05 * curve.max(), 1.15 * curve.max()
    axes[0].set(xlim=(left, right), ylim=(low, high))
    artists["curve"].set_data(grid, curve)
    artists["path"].set_data(result.w, result.loss)
    artists["start"].set_data(result.w[:1], result.loss[:1])
    artists["end"].set_data(result.w[-1:], result.loss[-1:])
    artists["where"].set_text(f"diverges: view {zoom:.0f} times wider" if zoom > 1 else "")
    above = np.maximum(result.loss - result.lowest, 1e-8)
    artists["loss"].set_data(np.arange(len(above)), above)
    top = 10.0 ** (2 * max(1, math.ceil(math.log10(above.max()) / 2)))
    axes[1].set(xlim=(-1, 10 * math.ceil((len(above) - 1) / 10) + 1), ylim=(1e-8, top))


def sentence(result: Result) -> str:
    """What happened: the regime by lr times curvature, and how fast."""
    bowl = result.landscape == BOWL
    head = f"lr {result.lr:.3g}, curvature {result.curvature:.2g}: "
    if result.diverged:
        limit = f", because lr is above 2 / curvature = {2 / result.curvature:.3g}" if bowl else ""
        return head + f"diverges{limit}."
    above = result.loss - result.lowest
    near = np.flatnonzero(above <= CONVERGED * max(above[0], 1e-12))
    turns = int(np.sum(np.diff(np.sign(np.diff(result.w))) != 0))
    swing = f", turning round {turns} times" if turns else ", without turning round"
    if len(near):
        return head + f"within 0.1 % of the first loss after {near[0]} steps{swing}."
    valley = " in the shallower valley" if not bowl and result.w[-1] < 0 else ""
    return head + f"after {len(result.w) - 1} steps the loss is {above[-1]:.2g} above the lowest{valley}{swing}."


DESCRIPTION = Description(
    name="descent_1d",
    title="How far should one step go?",
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
    presets=(
        Preset("too small", "it creeps: 20 steps are not enough", {"lr": 0.03}),
        Preset("just right", "lr = 1 / curvature lands in one step", {"lr": 1.0}),
        Preset("oscillating", "lr is close to 2 / curvature: every step jumps across", {"lr": 1.9}),
        Preset("too large", "lr is above 2 / curvature: watch it bounce out", {"lr": 2.2}),
        Preset(
            "wrong valley",
            "it stops in the valley where it began",
            {"landscape": VALLEYS, "start": -1.8, "lr": 0.1},
        ),
    ),
)


def descent_1d(**values) -> Explorer:
    """Gradient descent on one parameter: a bowl L w^2 / 2 or two valleys.

    Args:
        lr: learning rate, 0.01 to 10.
        curvature: L, 0.5 to 4; the bowl's descent diverges exactly when lr > 2 / L.
        start: where w begins, -3 to 3.
        steps: 1 to 60.
        landscape: "bowl" or "two valleys".
    """
    return Explorer(DESCRIPTION, **values)
