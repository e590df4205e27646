"""capacity: how large should a network be? Training and validation error on digits, by width and by step."""

from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLUE, VERMILION
from nnlab.datasets import data
from nnlab.engine import ensemble, loop, losses
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import chosen_here, counted, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider, Toggle
from nnlab.stage.explorer import opener

__all__ = ["capacity"]

WIDTHS, SEEDS = (1, 2, 4, 8, 16, 32, 64), 5
STEPS, LEG, BATCH, LR, FIFTH = 300, 20, 32, 0.01, 5
MEASURED = 300  # at most so many training samples
SAMPLES = {"300": 300, "all 1,077": 1077}
SHAPES = {
    "one layer": lambda w: [64, w, 10],
    "two layers": lambda w: [64, w, w, 10],
    "bottleneck of 2": lambda w: [64, w, 2, w, 10],
}
TRAINING, VALIDATION = BLUE, VERMILION


class Result(NamedTuple):
    """Errors from 0 to 1 of networks of every width, each (measurement, width, seed).

    ``at`` is the measurement that is shown by width, ``chosen`` the width that is shown by step.
    """

    title: str
    at: int
    chosen: int
    training: np.ndarray
    validation: np.ndarray


@remembered()
def problem(samples: str, wrong: bool) -> tuple[data.Split, data.Split]:
    """Digits to learn from, every fifth with a wrong label if ``wrong``, and those to validate on."""
    digits, n = data.digits(seed=0), SAMPLES[samples]
    y = digits.train.y[:n].clone()
    if wrong:
        shift = torch.randint(1, 10, y[::FIFTH].shape, generator=torch.Generator().manual_seed(0))
        y[::FIFTH] = (y[::FIFTH] + shift) % 10  # another class than the true one
    return data.Split(digits.train.x[:n], y), digits.val


def first_params(shape: str) -> Params:
    """One member for each width and seed, all as wide as the widest: what a narrow one lacks is zero.

    With tanh a unit whose weights are all zero gives zero and gets no gradient, so it stays out of the network for
    ever, and networks of all widths train in one batched pass.
    """
    widest = Network(SHAPES[shape](WIDTHS[-1]), "tanh").init("he_normal", range(len(WIDTHS) * SEEDS))
    params = {name: torch.zeros_like(p) for name, p in widest.items()}
    for k, width in enumerate(WIDTHS):
        members = slice(k * SEEDS, (k + 1) * SEEDS)
        for name, p in Network(SHAPES[shape](width), "tanh").init("he_normal", range(SEEDS)).items():
            params[name][(members, *(slice(size) for size in p.shape[1:]))] = p
    return params


@remembered(32)
@torch.inference_mode()
@ensemble.one_thread()
def trained(samples: str, wrong: bool, shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation error every LEG steps, each (measurement, width, seed): 35 networks at once."""
    part, val = problem(samples, wrong)
    net, params = Network(SHAPES[shape](WIDTHS[-1]), "tanh"), first_params(shape)
    parts = data.Split(part.x[:MEASURED], part.y[:MEASURED]), val
    batches = ensemble.mini_batches(part, list(range(SEEDS)) * len(WIDTHS), BATCH)
    updates = loop.steps(net, params, Adam(lr=LR), batches, losses.cross_entropy)
    errors = [[error(net, params, given) for given in parts]]
    for step, now, *_ in islice(updates, STEPS):
        if step % LEG == 0:
            errors.append([error(net, now, given) for given in parts])
    training, validation = np.moveaxis(np.array(errors), 1, 0)
    return training, validation


def error(net: Network, params: Params, part: data.Split) -> np.ndarray:
    """The share of wrong answers, (width, seed)."""
    _, accuracy = ensemble.evaluate(net, params, part, losses.cross_entropy)
    return 1 - accuracy.view(len(WIDTHS), SEEDS).numpy()


def compute(samples: str, wrong: bool, shape: str, width: str, steps: int) -> Result:
    """Look up the errors of networks trained with Adam, lr 0.01, on mini-batches of 32."""
    spoiled = ", 20 % of them with a wrong label" if wrong else ""
    title = f"{samples} samples{spoiled}, {shape}"
    return Result(title, steps // LEG, WIDTHS.index(int(width)), *trained(samples, wrong, shape))


def draw(figure) -> dict:
    """Errors by width on the left, by step on the right; bands hold all seeds."""
    left, right = figure.subplots(1, 2, sharey=True)
    left.set(xlabel="units in each hidden layer", ylabel="error", xscale="log", xlim=(0.9, 71), ylim=(0, 1))
    left.set_xticks(WIDTHS, map(str, WIDTHS))
    left.minorticks_off()
    left.set_yticks(np.arange(6) / 5, [f"{k * 20} %" for k in range(6)])
    left.set_title("by width, after the chosen steps")
    right.set(xlabel="step", xlim=(0, STEPS))
    right.set_title("by step, at the chosen width")
    looks = (("training", TRAINING, "-"), ("validation", VALIDATION, "--"))
    artists = {"now": [chosen_here(ax) for ax in (left, right)]}
    for ax, name in ((left, "by_width"), (right, "by_step")):
        artists[name] = [
            ax.plot([], [], style, color=color, marker="o", markersize=3.5)[0] for _, color, style in looks
        ]
        edgeless = {"linestyle": "-", "linewidth": 0, "alpha": 0.14}
        artists[name + "_bands"] = [ax.fill([], [], color=color, **edgeless)[0] for _, color, _ in looks]
    artists["labels"] = end_labels(right, {name: color for name, color, _ in looks})
    return artists


def update(artists: dict, result: Result) -> None:
    """Move lines, bands and marks."""
    steps, both = np.arange(0, STEPS + 1, LEG), (result.training, result.validation)
    for k, errors in enumerate(both):
        show(artists["by_width"][k], artists["by_width_bands"][k], WIDTHS, errors[result.at])
        show(artists["by_step"][k], artists["by_step_bands"][k], steps, errors[:, result.chosen])
    for line, where in zip(artists["now"], (WIDTHS[result.chosen], steps[result.at]), strict=True):
        line.set_data([where, where], [0, 1])
    ends = [np.median(errors[-1, result.chosen]) for errors in both]
    to_the_ends(artists["labels"], ends, 0.08)


def show(line, band, x, errors: np.ndarray) -> None:
    """Put the median over the seeds, (point, seed), into a line, and all seeds into a band."""
    line.set_data(x, np.median(errors, 1))
    band.set_xy(np.column_stack([[*x, *x[::-1]], [*errors.min(1), *errors.max(1)[::-1]]]))


def sentence(result: Result) -> str:
    """Both errors at the chosen point, and where that on validation data is lowest: five seeds can say no more."""
    training, validation = (np.median(e[result.at, result.chosen]) for e in (result.training, result.validation))
    lowest = counted(WIDTHS[int(np.median(result.validation[result.at], 1).argmin())], "unit")  # of (width, seed)
    return (
        f"{result.title}, {counted(WIDTHS[result.chosen], 'unit')}, {result.at * LEG} steps: training error "
        f"{training:.0%}, validation error {validation:.0%} (medians of {SEEDS} seeds); the lowest median of all "
        f"widths is at {lowest}."
    )


DESCRIPTION = Description(
    name="capacity",
    title="How large should a network be?",
    about=(
        "Networks of 1 to 64 units on digits: training and validation error by width and by step, five seeds each. "
        "tanh, Adam with lr 0.01, mini-batches of 32. A bottleneck of 2 stands between two layers of the chosen "
        "width. The first look at a combination trains 35 networks."
    ),
    controls=(
        Choice("samples", "300", tuple(SAMPLES), "training samples"),
        Toggle("wrong", False, "20 % wrong labels"),
        Choice("shape", "one layer", tuple(SHAPES), "shape"),
        Choice("width", "16", tuple(map(str, WIDTHS)), "units"),
        Slider("steps", STEPS, 0, STEPS, LEG, "training steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=215,
    presets=(
        Preset("few samples", "from 8 units on all samples are learned by heart; more units do no harm", {}),
        Preset("too small", "two units: both errors stay high", {"width": "2"}),
        Preset("wrong labels", "now learning by heart has a price: stop earlier", {"wrong": True, "width": "64"}),
        Preset(
            "stop early",
            "the same, stopped after 40 steps: a lower validation error",
            {"wrong": True, "width": "64", "steps": 40},
        ),
        Preset(
            "more samples",
            "the same share of wrong labels: 300 steps are too few to learn so many by heart",
            {"wrong": True, "width": "64", "samples": "all 1,077"},
        ),
        Preset(
            "bottleneck",
            "two units in the middle: within 300 steps no width before and behind makes up for them",
            {"shape": "bottleneck of 2", "width": "64", "samples": "all 1,077"},
        ),
    ),
    size=(8.8, 3.7),
    handles=(Handle("now", "step", x="steps", number=1),),
)

capacity = opener(DESCRIPTION)
