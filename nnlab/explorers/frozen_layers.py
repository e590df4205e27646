"""frozen_layers: how much of a trained network should stay as it is? Moved digits 0 to 4 first, then 5 to 9."""

from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLUE, SOFT, VERMILION
from nnlab.datasets import data, tasks
from nnlab.engine import augmentation, ensemble, loop, losses
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import chosen_here, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["frozen_layers"]

SEEDS, BACKBONE = 24, 3
NET = Network([64, *[48] * BACKBONE, 5])
HEAD = f"layer{BACKBONE + 1}"
FIRST, LEG, STEPS, BATCH = 600, 10, 40, 25  # steps of pretraining; steps between two looks; steps of the new task
COPIES, PIXELS = 20, 2
WAYS = BACKBONE + 2  # from scratch, then 0 to all layers of the backbone frozen
SOURCES = ("digits 0 to 4", "shuffled pixels")
NEW, OLD, SCRATCH = BLUE, VERMILION, SOFT


class Result(NamedTuple):
    """Accuracies from 0 to 1, each (measurement, way, seed); way 0 is from scratch, way 1 + k has k layers frozen.

    ``frozen`` is the number of frozen layers and ``at`` the measurement that are shown.
    """

    title: str
    frozen: int
    at: int
    new: np.ndarray  # on the digits 5 to 9
    old: np.ndarray  # on the first task, with its own head


@remembered()
def problems(source: str) -> tuple[data.Dataset, data.Dataset]:
    """What is learned first and what is learned then, all images moved; those of the first shuffled or not."""
    digits, generator = data.digits(), torch.Generator().manual_seed(0)
    places = torch.randperm(64, generator=generator) if source == "shuffled pixels" else torch.arange(64)

    def moved(part: data.Split, copies: int = 1) -> data.Split:
        x, y = part.x.repeat(copies, 1), part.y.repeat(copies)
        return data.Split(*augmentation.shifted(x, y, generator, PIXELS))

    def first(part: data.Split, copies: int) -> data.Split:
        part = moved(part, copies)
        return data.Split(part.x[:, places], part.y)

    old, new = (tasks.of_classes(digits, classes) for classes in (range(5), range(5, 10)))
    train, val = first(old.train, COPIES), first(old.val, 1)
    return data.Dataset("old", train, val, val, 5), data.changed(new, "moved", moved, 5)


@remembered(len(SOURCES))
def pretrained(source: str) -> Params:
    """24 networks that read the first task, (seed, ...)."""
    old, _ = problems(source)
    adam = Adam(lr=0.003)
    return ensemble.train(NET, old, adam, seeds=range(SEEDS), steps=FIRST, batch_size=32, eval_every=FIRST).params


@remembered(32)
@torch.inference_mode()
@ensemble.one_thread()
def trained(source: str, per_class: int, lr: float) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy on the new and on the old task every LEG steps, each (measurement, way, seed): 120 networks at once."""
    old, new = problems(source)
    before, drawn = pretrained(source), NET.init(seed=range(1000, 1000 + SEEDS))
    part = tasks.few(new, per_class, range(SEEDS)).train
    part = data.Split(part.x.repeat(WAYS, 1, 1), part.y.repeat(WAYS, 1))
    params = {  # (way and seed, ...): only from scratch is the backbone new
        name: torch.cat([p, (p if name.startswith(HEAD) else before[name]).repeat(WAYS - 1, *[1] * (p.ndim - 1))])
        for name, p in drawn.items()
    }
    frozen = torch.arange(WAYS).sub(1).clamp(min=0).repeat_interleave(SEEDS)  # how many layers, (way and seed,)
    factors = {f"layer{k}": (frozen < k).double() for k in range(1, BACKBONE + 1)}
    batches = ensemble.mini_batches(part, list(range(SEEDS)) * WAYS, BATCH)
    updates = loop.steps(NET, params, Adam(lr=lr), batches, losses.cross_entropy, lr_factors=factors)
    head = {name: p.repeat(WAYS, *[1] * (p.ndim - 1)) for name, p in before.items() if name.startswith(HEAD)}
    seen = [(right(params, new.test), right(params | head, old.val))]
    for step, now, *_ in islice(updates, STEPS):
        if step % LEG == 0:
            seen.append((right(now, new.test), right(now | head, old.val)))
    on_new, on_old = (np.stack(values) for values in zip(*seen, strict=True))
    return on_new, on_old


def right(params: Params, part: data.Split) -> np.ndarray:
    """The share of right answers, (way, seed)."""
    return ensemble.evaluate(NET, params, part, losses.cross_entropy)[1].view(WAYS, SEEDS).numpy()


def compute(frozen: int, per_class: str, source: str, lr: str, steps: int) -> Result:
    """Look up the accuracies of networks that learn the new task with Adam, on mini-batches of 25."""
    title = f"{per_class} examples of each class, lr {lr}, first {source}"
    return Result(title, frozen, steps // LEG, *trained(source, int(per_class), float(lr)))


def draw(figure) -> dict:
    """Accuracy by frozen layers on the left, by step on the right; bands hold the middle 80 % of the seeds."""
    left, right = figure.subplots(1, 2, sharey=True)
    left.set(xlabel="frozen layers of the backbone", ylabel="accuracy", xlim=(-0.15, BACKBONE + 0.15), ylim=(0, 1))
    left.set_xticks(range(BACKBONE + 1))
    left.set_yticks(np.arange(6) / 5, [f"{k * 20} %" for k in range(6)])
    left.set_title("5 to 9, after the chosen steps")
    right.set(xlabel="step", xlim=(-1, STEPS + 1))
    right.set_title("by step, with the chosen layers frozen")
    artists: dict = {"now": [chosen_here(ax) for ax in (left, right)]}
    looks = {"new": (left, NEW, "o-"), "scratch": (left, SCRATCH, "--")}
    looks |= {"new_by_step": (right, NEW, "o-"), "old_by_step": (right, OLD, "s--")}
    for name, (ax, color, style) in looks.items():
        (line,), (band,) = (
            ax.plot([], [], style, color=color, markersize=3.5),
            ax.fill([], [], color=color, linestyle="-", linewidth=0, alpha=0.14),
        )
        artists[name] = line, band
    left.text(0.5, 0.93, "dashed: from scratch", color=SCRATCH, ha="center", fontsize=9, transform=left.transAxes)
    artists["labels"] = end_labels(right, {"5 to 9": NEW, "first task": OLD})
    return artists


def update(artists: dict, result: Result) -> None:
    """Move lines, bands and marks."""
    layers, steps = np.arange(BACKBONE + 1), np.arange(0, STEPS + 1, LEG)
    way, new = 1 + result.frozen, result.new[result.at]
    shown = {"new": (layers, new[1:]), "scratch": (np.array([-0.15, BACKBONE + 0.15]), new[[0, 0]])}
    shown |= {"new_by_step": (steps, result.new[:, way]), "old_by_step": (steps, result.old[:, way])}
    for name, (x, values) in shown.items():
        line, band = artists[name]
        show(line, band, x, values)
    for line, where in zip(artists["now"], (result.frozen, steps[result.at]), strict=True):
        line.set_data([where, where], [0, 1])
    to_the_ends(artists["labels"], [np.median(values[-1, way]) for values in (result.new, result.old)], 0.08)


def show(line, band, x, values: np.ndarray) -> None:
    """Put the median over the seeds, (point, seed), into a line, and the middle 80 % of them into a band."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=1)
    line.set_data(x, middle)
    band.set_xy(np.column_stack([[*x, *x[::-1]], [*low, *high[::-1]]]))


def sentence(result: Result) -> str:
    """How good it is on the new task beside from scratch, seed by seed, and what is left of the old one."""
    new, scratch = result.new[result.at, 1 + result.frozen], result.new[result.at, 0]
    old, before = result.old[result.at, 1 + result.frozen], result.old[0, 1]
    ahead = f"ahead with {(new > scratch).sum()} of {SEEDS} seeds"
    return (
        f"{result.title}; {result.frozen} of {BACKBONE} layers frozen, {result.at * LEG} steps: "
        f"{np.median(new):.0%} of 5 to 9 right, from scratch {np.median(scratch):.0%}, {ahead}; "
        f"{np.median(old):.0%} of the first task right, {np.median(before):.0%} before."
    )


DESCRIPTION = Description(
    name="frozen_layers",
    title="How much of a trained network should stay as it is?",
    about=(
        "Networks that read moved digits 0 to 4 learn 5 to 9 from a few examples, with 0 to 3 layers of their backbone "
        "frozen, beside networks that start from scratch: 24 seeds, Adam, one learning rate for all. Orange: the first "
        "task with its old head. The first look at a combination trains 120 networks."
    ),
    controls=(
        Slider("frozen", BACKBONE, 0, BACKBONE, 1, "frozen layers"),
        Choice("per_class", "5", ("5", "10", "20", "50"), "examples of each class"),
        Choice("source", SOURCES[0], SOURCES, "first task"),
        Choice("lr", "0.01", ("0.003", "0.01", "0.03"), "learning rate"),
        Slider("steps", STEPS, 0, STEPS, LEG, "training steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=205,
    presets=(
        Preset("few examples", "five of each class: the whole backbone stays, and it is ahead of from scratch", {}),
        Preset("many examples", "fifty of each class: frozen features now hold the network back", {"per_class": "50"}),
        Preset(
            "fine-tuning",
            "nothing is frozen: still ahead of from scratch with fifty, but the first task is forgotten",
            {"per_class": "50", "frozen": 0},
        ),
        Preset(
            "useless features",
            "the same first task with its pixels shuffled: frozen features of nothing are behind from scratch",
            {"source": SOURCES[1], "per_class": "50"},
        ),
    ),
    size=(8.8, 3.7),
    handles=(Handle("now", "frozen layers", x="frozen"), Handle("now", "step", x="steps", number=1)),
)

frozen_layers = opener(DESCRIPTION)
