"""minibatch_noise: what does a small batch cost? Gradients of mini-batches, their path and their variance."""

import math
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, FAINT, SOFT, VERMILION
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import above_the_axes, counted, level_lines, note, widening
from nnlab.stage.description import Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["minibatch_noise"]

SAMPLES, STEPS, REPEATS = 128, 200, 1000
START = (-0.9, 1.1)
CENTRE, HALF_WIDTH, HALF_HEIGHT = (1.0, 0.0), 2.4, 1.5  # of the view


class Problem(NamedTuple):
    """A line w x + b through fixed points, with the loss mean((w x + b - y)^2) / 2.

    The inputs have mean 0, so that the two parameters do not disturb each other: the loss is a ravine along b or w.
    """

    x: np.ndarray  # (sample,)
    y: np.ndarray  # (sample,)
    curvature: tuple[float, float]  # along w and along b
    minimum: tuple[float, float]  # (w, b) of the lowest loss
    noise: np.ndarray  # (sample, 2), the gradient of each sample at the minimum; its mean is 0


class Result(NamedTuple):
    """The path of one mini-batch descent, and what its gradients are like at the minimum."""

    batch_size: int
    lr: float
    path: np.ndarray  # (step, 2)
    full_path: np.ndarray  # (step, 2), with the gradient of all samples
    excess: float  # loss above the lowest, mean over the last half of the path; at its end if it is short
    measured: np.ndarray  # (batch size, ), the variance of the gradient of 1, 2, ... samples
    predicted: np.ndarray  # (batch size, ), sigma^2 / m
    diverged: bool


@remembered()
def problem() -> Problem:
    """128 points around the line y = x, the same in every call."""
    draw = np.random.default_rng(0)
    x = draw.uniform(-1, 1, SAMPLES)
    x -= x.mean()
    y = x + 0.5 * draw.standard_normal(SAMPLES)
    y -= y.mean()
    w = float((x * y).mean() / (x * x).mean())
    error = w * x - y
    return Problem(x, y, (float((x * x).mean()), 1.0), (w, 0.0), np.stack([error * x, error], 1))


@remembered(32)
def moments(seed: int) -> np.ndarray:
    """Sums over the first 1, 2, ... samples of the batch of every step: (step, batch size, 4).

    The gradient of a batch of m samples with a = mean x, q = mean x^2, p = mean x y, r = mean y is
    (q w + a b - p, a w + b - r): these four sums are all that a step needs.
    """
    x, y = problem().x, problem().y
    drawn = np.random.default_rng(seed).integers(SAMPLES, size=(STEPS, SAMPLES))
    return np.stack([x, x * x, x * y, y], 1)[drawn].cumsum(1)


@remembered(32)
def measured_variance(seed: int) -> np.ndarray:
    """The variance of 1,000 gradients of 1, 2, ... samples, drawn with replacement: (batch size,)."""
    drawn = np.random.default_rng([seed, 1]).integers(SAMPLES, size=(REPEATS, SAMPLES))
    gradients = problem().noise[drawn].cumsum(1) / np.arange(1, SAMPLES + 1)[:, None]
    return (gradients**2).sum(-1).mean(0)


def compute(batch_size: int, lr: float, steps: int, seed: int) -> Result:
    """Descend with batches of ``batch_size`` samples, drawn with replacement, and with all samples.

    With replacement, the samples of a batch are independent, so the variance of their mean is sigma^2 / m exactly,
    with sigma^2 the variance of the gradient of a single sample (summed over both parameters).
    """
    given, m = problem(), batch_size
    path = descend(moments(seed)[:steps, m - 1] / m, lr)
    full = np.stack([given.x, given.x**2, given.x * given.y, given.y]).mean(1)
    full_path = descend(np.broadcast_to(full, (steps, 4)), lr)
    away = (path - given.minimum) ** 2 @ np.array(given.curvature) / 2
    sigma2 = float((given.noise**2).sum(1).mean())
    predicted = sigma2 / np.arange(1, SAMPLES + 1)
    diverged = bool(away[-1] > 4 * away[0])
    excess = float(away[len(away) // 2 :].mean() if steps >= 10 else away[-1])
    return Result(m, lr, path, full_path, excess, measured_variance(seed), predicted, diverged)


def descend(means: np.ndarray, lr: float) -> np.ndarray:
    """The path (step, 2) of w and b, as far as it is below 10^6; ``means`` (step, 4) are those of each batch."""
    w, b = START
    path = [START]
    for a, q, p, r in means.tolist():
        w, b = w - lr * (q * w + a * b - p), b - lr * (a * w + b - r)
        path.append((w, b))
        if abs(w) + abs(b) > 1e6:
            break
    return np.array(path)


def draw(figure) -> dict:
    """Both paths on the level lines of the loss on the left, variance against batch size on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set(xlabel="slope w of the line", ylabel="intercept b")
    left.set_title("the path")
    left.ticklabel_format(scilimits=(-3, 4))
    left.locator_params(nbins=5)
    left.grid(False)
    sizes = 2 ** np.arange(8)
    right.set(xlabel="batch size m", xscale="log", yscale="log", xlim=(0.8, 160))
    right.set_xticks(sizes, map(str, sizes))
    right.minorticks_off()
    right.set_title("variance of the gradient at the star")
    sigma2 = float((problem().noise ** 2).sum(1).mean())
    right.set_ylim(sigma2 / 300, sigma2 * 2.5)
    right.plot(sizes, sigma2 / sizes, "--", color=BLACK, linewidth=1.4)
    right.text(8, sigma2 / 5, "predicted: $\\sigma^2 / m$", fontsize=10)
    artists = {
        "levels": left.plot([], [], "-", color=FAINT, linewidth=0.9)[0],
        "full_path": left.plot([], [], "--", color=SOFT, linewidth=2, label="all samples")[0],
        "path": left.plot([], [], "-o", color=BLUE, markersize=3, linewidth=0.9, label="mini-batches")[0],
        "lowest": left.plot(*problem().minimum, "*", color=BLACK, markersize=10, zorder=2.5)[0],
        "where": note(left),
        "measured": right.plot([], [], "o", color=BLUE, markersize=4.5)[0],
        "now": right.plot([], [], "s", color=VERMILION, markersize=10, markerfacecolor="none", markeredgewidth=2)[0],
        "number": right.text(1, 1, "", fontsize=10, ha="right", va="top", color=VERMILION),
    }
    above_the_axes(left, [artists["path"], artists["full_path"]])
    return artists


def update(artists: dict, result: Result) -> None:
    """Move paths and level lines, mark the batch size; widen the view by powers of four for a path that leaves it."""
    given = problem()
    away = np.abs(result.path - CENTRE)
    zoom = widening(max(away[:, 0].max() / HALF_WIDTH, away[:, 1].max() / HALF_HEIGHT))
    left = artists["path"].axes
    left.set_xlim(CENTRE[0] - HALF_WIDTH * zoom, CENTRE[0] + HALF_WIDTH * zoom)
    left.set_ylim(CENTRE[1] - HALF_HEIGHT * zoom, CENTRE[1] + HALF_HEIGHT * zoom)
    x, y = level_lines(given.curvature[0], given.curvature[1], zoom)
    artists["levels"].set_data(given.minimum[0] + x, given.minimum[1] + y)
    artists["path"].set_data(*result.path.T)
    artists["full_path"].set_data(*result.full_path.T)
    artists["where"].set_text(f"view {zoom:,.0f} times wider" if zoom > 1 else "")
    sizes, m = 2 ** np.arange(8), result.batch_size
    artists["measured"].set_data(sizes, result.measured[sizes - 1])
    artists["now"].set_data([m], [result.measured[m - 1]])
    artists["number"].set_position((m / 1.25, result.measured[m - 1] / 1.25) if m > 1 else (3.2, result.measured[0]))
    artists["number"].set_text(f"m = {m}")


def sentence(result: Result) -> str:
    """Measured and predicted variance, and where the descent ended."""
    m, steps = result.batch_size, len(result.path) - 1
    head = f"batch size {m}, lr {result.lr:.3g}: the variance of the gradient is {result.measured[m - 1]:.2g}, "
    head += f"predicted {result.predicted[m - 1]:.2g}; "
    if result.diverged:
        return head + f"the path diverges within {counted(steps, 'step')}."
    when = f"after {counted(steps, 'step')}" if steps < 10 else f"in the last half of {steps} steps"
    return head + f"{when} the loss is {result.excess:.2g} above the lowest."


DESCRIPTION = Description(
    name="minibatch_noise",
    title="What does a small batch cost?",
    about=(
        "A straight line fitted with mini-batches: the path, and the variance of the gradient by batch size. The "
        "samples of a batch are drawn with replacement from 128."
    ),
    controls=(
        Slider("batch_size", 8, 1, SAMPLES, math.log10(2), "batch size m", log=True, whole=True),
        Slider("lr", 0.2, 0.01, 3.0, 0.02, "learning rate lr", log=True),
        Slider("steps", 100, 1, STEPS, 1, "steps"),
        Slider("seed", 0, 0, 20, 1, "seed"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    presets=(
        Preset("one sample", "the cheapest step, and the noisiest: it never settles", {"batch_size": 1}),
        Preset("large batch", "the path follows the grey one, at 128 times the cost", {"batch_size": 128}),
        Preset(
            "small steps",
            "one sample, but lr 0.05: slower, and the cloud is smaller",
            {"batch_size": 1, "lr": 0.05, "steps": 200},
        ),
        Preset("large steps", "batches of 8, but lr 1: early there, and then a wide cloud", {"lr": 1.0}),
    ),
    widest=({"lr": 3.0},),
    handles=(Handle("now", "batch size", x="batch_size"),),
)

minibatch_noise = opener(DESCRIPTION)
