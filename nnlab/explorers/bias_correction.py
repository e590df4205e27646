"""bias_correction: what would Adam's first steps be without dividing by 1 - beta^t?"""

from typing import NamedTuple

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from nnlab.analysis.palette import BLUE, MARK, ORANGE, SOFT, VERMILION
from nnlab.explorers.shared import end_labels, to_the_ends
from nnlab.stage.description import Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["bias_correction"]

EPS = 1e-8
KINDS = ("corrected", "t forgotten", "not corrected")
COLORS = (BLUE, ORANGE, VERMILION)
LINEAR = 2  # the axis is linear up to here, and logarithmic above
STYLES = ("-", "-.", "--")


class Result(NamedTuple):
    """For every way of correcting: the running mean of the gradient and the step in units of lr, by step."""

    beta1: float
    beta2: float
    mean: dict[str, np.ndarray]
    step: dict[str, np.ndarray]


def compute(beta1: float, beta2: float, noise: float, steps: int) -> Result:
    """Feed gradients 1 + noise * normal, always the same draws, to Adam's means (Kingma & Ba 2015, section 3)."""
    g = 1 + noise * np.random.default_rng(0).standard_normal(steps)
    m, s = running_mean(g, beta1), running_mean(g * g, beta2)
    t = np.arange(1, steps + 1)
    divisors = {
        "corrected": (1 - beta1**t, 1 - beta2**t),
        "t forgotten": (1 - beta1, 1 - beta2),
        "not corrected": (1.0, 1.0),
    }
    mean = {kind: m / a for kind, (a, _) in divisors.items()}
    step = {kind: m / a / (np.sqrt(s / b) + EPS) for kind, (a, b) in divisors.items()}
    return Result(beta1, beta2, mean, step)


def running_mean(values: np.ndarray, beta: float) -> np.ndarray:
    """m = beta m + (1 - beta) value, from m = 0, after every value."""
    m, means = 0.0, []
    for value in values.tolist():
        m = beta * m + (1 - beta) * value
        means.append(m)
    return np.array(means)


def draw(figure) -> dict:
    """The running mean of the gradient on the left, the length of the step on the right.

    Both axes are linear up to 2 and logarithmic beyond, so that no setting leaves them.
    """
    left, right = figure.subplots(1, 2)
    left.set_title("the true mean is 1")
    right.set_title("how far Adam goes")
    for ax, label, top in ((left, "running mean of the gradient", 300), (right, "step in units of lr", 60)):
        ax.set(xlabel="step t", ylabel=label)
        ax.set_yscale("symlog", linthresh=LINEAR, linscale=1.5)
        ax.set_ylim(0, top)
        ax.yaxis.set_major_locator(FixedLocator([-30, -10, -5, -2, -1, 0, 1, 2, 5, 10, 30, 100, 300]))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter("{x:g}")
        ax.axhline(1, color=SOFT, linewidth=1, linestyle=":")
        ax.axhline(LINEAR, color=MARK, linewidth=0.8)
        where = {"transform": ax.get_yaxis_transform(), "ha": "right", "color": SOFT, "fontsize": 9}
        ax.text(0.99, 0.97 * top, "above 2: each tick is a factor", va="top", **where)
    look = list(zip(KINDS, COLORS, STYLES, strict=True))
    return {
        "means": [left.plot([], [], s, color=c)[0] for _, c, s in look],
        "steps": [right.plot([], [], s, color=c)[0] for _, c, s in look],
        "labels": end_labels(right, dict(zip(KINDS, COLORS, strict=True))),
    }


def update(artists: dict, result: Result) -> None:
    """Move all lines, and the labels to the ends of the lines on the right; show what is negative only if there is."""
    right = artists["steps"][0].axes
    t = np.arange(1, len(result.mean["corrected"]) + 1)
    for curves, lines in ((result.mean, artists["means"]), (result.step, artists["steps"])):
        for line, curve in zip(lines, curves.values(), strict=True):
            line.set_data(t, curve)
        negative = min(curve.min() for curve in curves.values()) < 0
        lines[0].axes.set(xlim=(1, t[-1]), ylim=(-40 if negative else 0, None))
    to_axes = right.transData + right.transAxes.inverted()
    ends = [to_axes.transform((t[-1], curve[-1]))[1] for curve in result.step.values()]
    to_the_ends(artists["labels"], ends, 0.09)


def sentence(result: Result) -> str:
    """The first and the largest step with and without the correction."""
    raw, right = result.step["not corrected"], result.step["corrected"]
    largest = int(np.abs(raw).argmax())
    farthest = right[np.abs(right).argmax()]
    return (
        f"beta1 {result.beta1:.3g}, beta2 {result.beta2:.4g}: not corrected, the first step is {raw[0]:.3g} times lr "
        f"and the largest {raw[largest]:.3g} times (step {largest + 1}); corrected they are {right[0]:.3g} and "
        f"{farthest:.3g}."
    )


DESCRIPTION = Description(
    name="bias_correction",
    title="What would Adam's first steps be without correction?",
    about=(
        "Adam's running means and steps on gradients with mean 1, corrected, not corrected, and with the t "
        "forgotten. beta1 is the memory of the mean of gradients, beta2 that of the mean of squared gradients, "
        "noise the standard deviation of the gradients."
    ),
    controls=(
        Slider("beta1", 0.9, 0.0, 0.99, 0.01, "beta1"),
        Slider("beta2", 0.999, 0.9, 0.999, 0.001, "beta2"),
        Slider("noise", 0.0, 0.0, 2.0, 0.1, "gradient noise"),
        Slider("steps", 50, 10, 500, 10, "steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    presets=(
        Preset("first ten steps", "where the correction matters most", {"steps": 10}),
        Preset(
            "short memory", "beta2 0.99 forgets ten times faster: the bias is smaller, and sooner gone", {"beta2": 0.99}
        ),
        Preset(
            "equal memories",
            "beta1 = beta2: the step is too short at first, not too long",
            {"beta1": 0.9, "beta2": 0.9},
        ),
        Preset("noisy", "with noise the corrected step is well below 1", {"noise": 2.0, "steps": 200}),
    ),
    widest=({"noise": 2.0, "steps": 200},),
)

bias_correction = opener(DESCRIPTION)
