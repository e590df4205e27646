"""optimizer_race: seven optimizers leave the same point with the same learning rate. Who arrives?"""

import math
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, CYAN, GREEN, ORANGE, PAPER, PURPLE, VERMILION
from nnlab.analysis.plots import plot_surface
from nnlab.engine import surfaces
from nnlab.engine.optimizers import SGD, Adagrad, Adam, Adamax, Momentum, Nesterov, RMSprop
from nnlab.explorers.shared import end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["optimizer_race"]

ARRIVED = 1e-3  # of the loss at the start, above the lowest
LOST = 1e6  # times the loss at the start: this racer is out
FLOOR = 1e-8  # of the picture of the loss
COLORS = (BLACK, BLUE, CYAN, GREEN, ORANGE, VERMILION, PURPLE)
STYLES = (":", "-", "--", "-.", (0, (1.5, 0.8)), (0, (9, 1.5)), (0, (4, 1, 1, 1, 1, 1)))
NAMES = ("SGD", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "Adamax")


class Racer(NamedTuple):
    """One optimizer's path; ``loss`` is above the lowest loss of the surface."""

    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    lost: int | None  # the step at which it diverged
    arrived: int | None  # the step from which it stayed within ARRIVED of the lowest loss


class Result(NamedTuple):
    """All racers by name, on one surface."""

    surface: str
    lr: float
    momentum: float
    steps: int
    racers: dict[str, Racer]


def field(lr: float, momentum: float) -> dict:
    """The optimizers of the race. ``momentum`` is b of Momentum and Nesterov, beta1 of Adam and Adamax."""
    plain = {c.__name__: c(lr=lr) for c in (SGD, Adagrad, RMSprop)}
    heavy = {c.__name__: c(lr=lr, momentum=momentum) for c in (Momentum, Nesterov)}
    adaptive = {c.__name__: c(lr=lr, beta1=momentum) for c in (Adam, Adamax)}
    everyone = {**plain, **heavy, **adaptive}
    return {name: everyone[name] for name in NAMES}


def compute(surface: str, lr: float, momentum: float, steps: int) -> Result:
    """Let every optimizer descend from the start of the surface."""
    ground = surfaces.get(surface)
    racers = {name: race(ground, optimizer, steps) for name, optimizer in field(lr, momentum).items()}
    return Result(surface, lr, momentum, steps, racers)


def race(ground: surfaces.Surface, optimizer, steps: int) -> Racer:
    """One optimizer's path, cut where its loss is LOST times the first one."""
    path = surfaces.descend(ground, optimizer, steps)
    loss = np.array(path.loss) - ground.lowest
    out = np.flatnonzero(loss > LOST * loss[0])
    end = out[0] if len(out) else len(loss)
    lost = int(end) if len(out) else path.diverged
    far = np.flatnonzero(loss[:end] > ARRIVED * loss[0])
    arrived = int(far[-1]) + 1 if lost is None and far[-1] + 1 < end else None
    return Racer(np.array(path.x)[:end], np.array(path.y)[:end], loss[:end], lost, arrived)


def draw(figure) -> dict:
    """The surface with all paths on the left, the loss by step with a label at every line on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    right.set(xlabel="step", ylabel="loss above the lowest", yscale="log")
    right.set_title("loss by step")
    look = list(zip(NAMES, COLORS, STYLES, strict=True))
    return {
        "paths": [left.plot([], [], linestyle=s, color=c, linewidth=1.6)[0] for _, c, s in look],
        "ends": [left.plot([], [], "o", color=c, markersize=6, markeredgecolor=PAPER)[0] for _, c, _ in look],
        "losses": [right.plot([], [], linestyle=s, color=c, linewidth=1.6)[0] for _, c, s in look],
        "labels": end_labels(right, dict(zip(NAMES, COLORS, strict=True))),
        "outs": [right.plot([], [], "x", color=c, markersize=8, markeredgewidth=2)[0] for _, c, _ in look],
    }


def update(artists: dict, result: Result) -> str:
    """Move paths, losses and labels; the surface is the scene."""
    left, right = artists["paths"][0].axes, artists["losses"][0].axes
    racers = list(result.racers.values())
    draw_ground(left, result.surface)
    highest = max(racer.loss.max() for racer in racers)
    top = max(2, 2 * math.ceil(math.log10(highest) / 2)) if math.isfinite(highest) else 8
    right.set(xlim=(0, result.steps), ylim=(FLOOR, 10.0**top))
    to_the_ends(artists["labels"], [height(racer, top) for racer in racers])
    for k, racer in enumerate(racers):
        artists["paths"][k].set_data(racer.x, racer.y)
        artists["ends"][k].set_data(racer.x[-1:], racer.y[-1:])
        artists["losses"][k].set_data(np.arange(len(racer.loss)), racer.loss)  # below FLOOR it leaves the picture
        lost = racer.lost is not None
        artists["outs"][k].set_data(*(([len(racer.loss) - 1], racer.loss[-1:]) if lost else ([], [])))
        artists["labels"][k].set_text(NAMES[k] + (" lost" if lost else " \u2193" if racer.loss[-1] < FLOOR else ""))
    return result.surface


def draw_ground(ax, name: str) -> None:
    """Draw a surface under the paths, unless it is there already."""
    if ax.get_title(loc="left") == name:
        return
    for old in [*ax.collections, *(line for line in ax.lines if line.get_marker() == "*")]:
        old.remove()
    plot_surface(surfaces.get(name), ax)
    ax.set_title(name)


def height(racer: Racer, top: float) -> float:
    """Where a racer's line ends, from 0 at the bottom of the picture, or below it, to 1 at its top."""
    low = math.log10(FLOOR)
    return (math.log10(max(racer.loss[-1], 1e-300)) - low) / (top - low)


def sentence(result: Result) -> str:
    """Who arrived and when, who is nearest otherwise, and who diverged."""
    head = f"{result.surface}, lr {result.lr:.3g}, momentum {result.momentum:.2g}: "
    racers = result.racers
    arrived = sorted((racer.arrived, name) for name, racer in racers.items() if racer.arrived is not None)
    lost = [name for name, racer in racers.items() if racer.lost is not None]
    if arrived:
        text = "arrived " + ", ".join(f"{name} (step {step})" for step, name in arrived)
    elif len(lost) < len(racers):
        name = min((n for n in racers if n not in lost), key=lambda n: racers[n].loss[-1])
        share = racers[name].loss[-1] / racers[name].loss[0]
        text = (
            f"nobody has arrived after {result.steps} steps; {name} is nearest, with {share:.1%} of the first loss left"
        )
    else:
        text = "nobody arrived"
    return head + text + (f"; diverged: {', '.join(lost)}." if lost else ".")


DESCRIPTION = Description(
    name="optimizer_race",
    title="Who arrives first, and who gets lost?",
    about=(
        "Seven optimizers on a surface of two parameters, all with the same learning rate. The momentum is b of "
        "Momentum and Nesterov, and beta1 of Adam and Adamax. AdamW is not shown: without weight decay it is Adam."
    ),
    controls=(
        Choice("surface", "ravine", tuple(surfaces.SURFACES), "surface"),
        Slider("lr", 0.05, 0.0001, 1.0, 0.05, "learning rate lr", log=True),
        Slider("momentum", 0.9, 0.0, 0.99, 0.01, "momentum"),
        Slider("steps", 100, 10, 200, 5, "steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=175,
    presets=(
        Preset(
            "ravine",
            "SGD drops to the valley floor and creeps; momentum is faster, but swings",
            {"lr": 0.05},
        ),
        Preset("too large for SGD", "above 2 / 20 SGD leaves the ravine; Adam does not notice", {"lr": 0.15}),
        Preset("Beale", "a plain between walls: large steps pay, until they do not", {"surface": "Beale", "lr": 0.01}),
        Preset(
            "Rosenbrock",
            "the valley is curved, and so steep that plain descent needs a tiny lr",
            {"surface": "Rosenbrock", "lr": 0.001, "steps": 200},
        ),
        Preset("saddle", "it starts almost on the ridge: who leaves it first?", {"surface": "saddle", "lr": 0.05}),
    ),
    size=(8.6, 3.8),
    widest=({"surface": "Rosenbrock"}, {"surface": "Rosenbrock", "lr": 0.001, "steps": 200}),
)

optimizer_race = opener(DESCRIPTION)
