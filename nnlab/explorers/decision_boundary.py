"""decision_boundary: how does a small network divide the plane? ReLU cuts it in pieces, tanh bends it."""

import math
from collections import deque
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLACK, PAPER, SOFT
from nnlab.analysis.plots import CLASS_COLORS, CLASS_MARKERS, decision_image, fold_lines
from nnlab.datasets import data
from nnlab.engine import ensemble, loop, losses, surfaces
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam, State
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import counted, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["decision_boundary"]

Interval = tuple[float, float]
DATA: dict[str, tuple[dict[str, Any], Interval, Interval]] = {
    "moons": ({"n": 300, "noise": 0.2}, (-1.8, 2.8), (-1.4, 1.9)),
    "spirals": ({"n": 300, "classes": 3}, (-1.3, 1.3), (-1.3, 1.3)),
}
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "gelu", "identity")
FOLDED = ("relu", "leaky_relu")  # between folds they are flat
LR, LEG, POINTS, CLASSES = 0.05, 10, 120, 3
TOP = 1.5  # of the picture of the loss
FOLD = 1.1  # points: the width of a line


class Training(NamedTuple):
    """Where a training stands, with the losses measured so far, every LEG steps."""

    params: Params
    state: State | None  # of the optimizer; None before the first step
    curve: tuple[tuple[int, float, float], ...]  # (step, training loss, validation loss)


class Result(NamedTuple):
    """A trained network's picture of the plane, and how it got there."""

    data: str
    activation: str
    hidden: int
    layers: int
    steps: int
    image: np.ndarray  # (points, points, 3) in uint8
    folds: np.ndarray  # (point, 2), with nan between two lines
    pieces: int  # flat pieces in view
    curve: np.ndarray  # (measurement, 3): step, training loss, validation loss
    accuracy: tuple[float, float]


@remembered()
def problem(name: str) -> data.Dataset:
    """The data set of that name, always the same."""
    return getattr(data, name)(**DATA[name][0])


def network(name: str, activation: str, hidden: int, layers: int) -> Network:
    """Two inputs, ``layers`` hidden layers of ``hidden`` units, one output for each class."""
    classes = problem(name).classes
    assert classes is not None
    return Network([2, *[hidden] * layers, classes], activation)


@remembered(1024)
def trained(name: str, activation: str, hidden: int, layers: int, seed: int, steps: int) -> Training:
    """A training after a number of steps, made from the one LEG steps before.

    So moving the slider ``steps`` costs only the steps that are new.
    """
    net, given = network(name, activation, hidden, layers), problem(name)
    if steps == 0:
        params = net.init("he_normal", seed)
        return Training(params, None, ((0, *measured(net, params, given)),))
    before = (steps - 1) // LEG * LEG
    params, state, curve = trained(name, activation, hidden, layers, seed, before)
    batches = repeat((given.train.x, given.train.y), steps - before)
    (last,) = deque(loop.steps(net, params, Adam(lr=LR), batches, losses.cross_entropy, state=state), maxlen=1)
    return Training(last.params, last.state, (*curve, (steps, *measured(net, last.params, given))))


def measured(net: Network, params: Params, given: data.Dataset, what: int = 0) -> tuple[float, float]:
    """Loss (0) or accuracy (1) on the training and on the validation samples."""
    training, validation = (
        float(ensemble.evaluate(net, params, part, losses.cross_entropy)[what]) for part in (given.train, given.val)
    )
    return training, validation


@torch.no_grad()
@ensemble.one_thread()
def compute(data: str, activation: str, hidden: int, layers: int, steps: int, seed: int) -> Result:
    """Train with Adam, lr 0.05, all training samples in every step; then ask on a grid."""
    net, given = network(data, activation, hidden, layers), problem(data)
    training = trained(data, activation, hidden, layers, seed, steps)
    grid = surfaces.decision_grid(net, training.params, *DATA[data][1:], POINTS)
    folded = activation in FOLDED
    return Result(
        data,
        activation,
        hidden,
        layers,
        steps,
        (255 * decision_image(grid)).round().astype(np.uint8),
        fold_lines(grid) if folded else np.full((1, 2), np.nan),
        count_pieces(grid.sides) if folded else 0,
        np.array(training.curve),
        measured(net, training.params, given, 1),
    )


def count_pieces(sides: torch.Tensor) -> int:
    """How many different sets of units are above zero somewhere on the grid: the flat pieces, unless tiny."""
    weights = 2 ** torch.arange(sides.shape[-1])
    return len((sides * weights).sum(-1).unique())


def draw(figure) -> dict:
    """The plane with the training samples on the left, both losses by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    left.set(xlabel="$x_1$", ylabel="$x_2$")
    left.grid(False)
    right.set(xlabel="step", ylabel="loss", ylim=(0, TOP))
    return {
        "image": left.imshow(
            np.full((2, 2, 3), 255, np.uint8), origin="lower", aspect="auto", interpolation="bilinear", zorder=0
        ),
        "folds": left.plot([], [], color=BLACK, linewidth=FOLD, zorder=1)[0],
        "training": right.plot([], [], "-o", color=SOFT, markersize=3)[0],
        "validation": right.plot([], [], "--s", color=BLACK, markersize=2.5)[0],
        "samples": [
            left.plot([], [], marker, color=color, markeredgecolor=PAPER, markeredgewidth=0.6, markersize=5)[0]
            for color, marker in list(zip(CLASS_COLORS, CLASS_MARKERS, strict=True))[:CLASSES]
        ],
        "labels": end_labels(right, {"training": SOFT, "validation": BLACK}),
    }


def update(artists: dict, result: Result) -> None:
    """Move the picture and the curves; data and limits belong to the data set."""
    left, right = artists["image"].axes, artists["training"].axes
    _, xlim, ylim = DATA[result.data]
    left.set(xlim=xlim, ylim=ylim)
    artists["image"].set_data(result.image)
    artists["image"].set_extent((*xlim, *ylim))
    artists["folds"].set_data(*result.folds.T)
    part = problem(result.data).train
    for k, line in enumerate(artists["samples"]):
        line.set_data(*part.x[part.y == k].T)
    step, *curves = result.curve.T
    right.set_xlim(0, 50 * max(1, math.ceil(result.steps / 50)))
    for line, curve in zip((artists["training"], artists["validation"]), curves, strict=True):
        line.set_data(step, curve)
    ends = [min(curve[-1], TOP) / TOP for curve in curves]
    to_the_ends(artists["labels"], ends, 0.08)


def sentence(result: Result) -> str:
    """How many samples are right, and in how many pieces the plane is cut."""
    layers = "" if result.layers == 1 else f" in each of {result.layers} layers"
    head = f"{result.data}, {result.activation}, {counted(result.hidden, 'hidden unit')}{layers}: "
    training, validation = result.accuracy
    text = (
        f"after {counted(result.steps, 'step')} {training:.0%} of the training and {validation:.0%} of the validation "
    )
    shape = {"identity": "every boundary is a straight line"}.get(result.activation, "the surface is smooth")
    if result.activation in FOLDED:
        shape = f"{counted(result.pieces, 'flat piece')} in view"
    return f"{head}{text}samples are right; {shape}."


DESCRIPTION = Description(
    name="decision_boundary",
    title="How does a network divide the plane?",
    about=(
        "A network of two inputs on moons or spirals: the plane coloured by class, with the folds of ReLU. Trained "
        "with Adam, lr 0.05, on all training samples at once. Every hidden layer has as many units."
    ),
    controls=(
        Choice("data", "moons", tuple(DATA), "data"),
        Choice("activation", "relu", ACTIVATIONS, "activation"),
        Slider("hidden", 8, 1, 16, 1, "hidden units"),
        Slider("layers", 1, 1, 3, 1, "hidden layers"),
        Slider("steps", 100, 0, 300, 10, "training steps"),
        Slider("seed", 0, 0, 20, 1, "seed of the weights"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=180,
    presets=(
        Preset("before training", "biases are zero: all folds pass through one point", {"steps": 0}),
        Preset("tanh", "the same task, and no fold anywhere: tanh bends", {"activation": "tanh"}),
        Preset(
            "no activation", "without a bend or a fold, layers add nothing", {"activation": "identity", "layers": 2}
        ),
        Preset("three units", "three folds make at most seven pieces", {"hidden": 3}),
        Preset(
            "spirals",
            "sixteen folds make at most 137 pieces: enough for three arms",
            {"data": "spirals", "hidden": 16, "steps": 200},
        ),
        Preset(
            "second layer",
            "its folds bend where they cross the folds of the first",
            {"data": "spirals", "layers": 2, "steps": 200},
        ),
    ),
    size=(8.6, 3.8),
)

decision_boundary = opener(DESCRIPTION)
