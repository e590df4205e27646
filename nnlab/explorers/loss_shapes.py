"""loss_shapes: how much does each loss punish an error, and how hard does it pull?"""

import math
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLACK, BLUE, GREEN, MARK, ORANGE, SOFT, VERMILION
from nnlab.analysis.plots import spread
from nnlab.engine import losses
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["loss_shapes"]

ONE, FIVE, LOGIT = "regression, one sample", "regression, five samples", "two classes"
REACH, VIEW = 6.0, 6.3  # of the sliders, and of the picture
GRID = torch.linspace(-VIEW, VIEW, 505, dtype=torch.float64)
GOOD = (-0.6, -0.2, 0.1, 0.7)  # four of the five samples, as seen from the target; their mean is 0
LOOK = {
    "squared": (VERMILION, "-"),
    "absolute": (GREEN, "-."),
    "Huber": (BLUE, "--"),
    "hinge": (ORANGE, "-."),
    "cross-entropy": (BLUE, "-"),
    "squared after sigmoid": (VERMILION, "--"),
    "0-1 error": (BLACK, ":"),
}
XLABEL = {ONE: "prediction f", FIVE: "one prediction f for all five", LOGIT: "logit z"}


class Curve(NamedTuple):
    """One loss: on the grid, and at the output that was chosen."""

    loss: np.ndarray  # (grid,)
    slope: np.ndarray  # (grid,)
    here: float
    pull: float
    best: float | None  # the prediction with the least mean loss of the five samples


class Result(NamedTuple):
    """All losses of a view by name; ``samples`` are the targets of a regression."""

    view: str
    output: float
    target: int
    delta: float
    samples: np.ndarray
    curves: dict[str, Curve]


def compute(view: str, output: float, target: str, outlier: float, delta: float) -> Result:
    """Every loss of the view as a function of one output: a grid of outputs is an ensemble with one member each."""
    goal = int(target)
    samples = [*(goal + s for s in GOOD), outlier] if view == FIVE else [goal]
    y = torch.tensor(samples, dtype=torch.float64)
    outputs = torch.cat([torch.tensor([output], dtype=torch.float64), GRID])
    values = of_logits(outputs, goal) if view == LOGIT else of_predictions(outputs, y, delta)
    curves = {}
    for name, (loss, slope) in values.items():
        best = lowest_point(name, y, delta) if view == FIVE else None
        curves[name] = Curve(loss[1:].numpy(), slope[1:].numpy(), float(loss[0]), float(slope[0]), best)
    return Result(view, output, goal, delta, y.numpy(), curves)


def of_predictions(f: torch.Tensor, y: torch.Tensor, delta: float) -> dict:
    """Mean loss and its slope when the same prediction (grid,) is given for all samples (sample,)."""
    prediction = f[:, None, None].expand(-1, len(y), 1)  # (member, batch, 1)
    error = prediction[..., 0] - y  # (member, batch)
    by_hand = {"absolute": (error.abs().mean(1), error.sign().mean(1))}
    engine = {"squared": losses.mse(prediction, y), "Huber": losses.huber(prediction, y, delta)}
    engine = {name: (loss, gradient.sum((1, 2))) for name, (loss, gradient) in engine.items()}
    return {name: {**by_hand, **engine}[name] for name in ("squared", "absolute", "Huber")}


def of_logits(z: torch.Tensor, target: int) -> dict:
    """Loss and slope of one logit (grid,) for the class 0 or 1."""
    logits, y = z[:, None, None], torch.full((1, 1), target, dtype=torch.float64)  # (member, 1, 1)
    p = torch.sigmoid(logits)
    squared, at_p = losses.mse(p, y)
    entropy, at_z = losses.binary_cross_entropy(logits, y)
    hinge, at_pair = losses.hinge(torch.cat([torch.zeros_like(logits), logits], -1), torch.tensor([target]))
    wrong = (z > 0).double() != target
    return {
        "cross-entropy": (entropy, at_z.flatten()),
        "hinge": (hinge, at_pair[..., 1].flatten()),
        "squared after sigmoid": (squared, (at_p * p * (1 - p)).flatten()),
        "0-1 error": (wrong.double(), torch.zeros_like(z)),
    }


def lowest_point(name: str, y: torch.Tensor, delta: float) -> float:
    """The prediction with the least mean loss: the mean, the median, or Huber's compromise by bisection."""
    if name == "squared":
        return float(y.mean())
    if name == "absolute":
        return float(y.median())
    low, high, samples = float(y.min()), float(y.max()), y.numpy()
    for _ in range(40):
        middle = (low + high) / 2
        uphill = np.clip(middle - samples, -delta, delta).sum() > 0
        low, high = (low, middle) if uphill else (middle, high)
    return middle


def draw(figure) -> dict:
    """The losses on the left, their slopes with a label at every line on the right; dots mark the chosen output."""
    left, right = figure.subplots(1, 2)
    left.set(xlim=(-VIEW, VIEW), xticks=range(-6, 7, 2))
    right.set(xlim=(-VIEW, VIEW), xticks=range(-6, 7, 2))
    left.set_title("loss")
    right.set_title("slope: how hard it pulls")
    right.axhline(0, color=SOFT, linewidth=1)
    artists = {"samples": left.plot([], [], "|", color=BLACK, markersize=14, markeredgewidth=2, zorder=4)[0]}
    artists["here"] = [ax.axvline(0, color=MARK, linewidth=3, zorder=1) for ax in (left, right)]
    for kind, ax in (("losses", left), ("slopes", right)):
        artists[kind] = [ax.plot([], [], s, color=c, label=name)[0] for name, (c, s) in LOOK.items()]
        artists[f"{kind} dots"] = [ax.plot([], [], "o", color=c, markersize=6)[0] for c, _ in LOOK.values()]
    artists["best"] = [
        left.plot([], [], "*", color=c, markersize=12, markeredgecolor=BLACK)[0] for c, _ in LOOK.values()
    ]
    artists["labels"] = [
        right.text(1.02, 0, "", color=c, transform=right.transAxes, va="center", fontsize=9) for c, _ in LOOK.values()
    ]
    right.text(
        1.02, 0, "squared after sigmoid", alpha=0, transform=right.transAxes, fontsize=9
    )  # keeps room for labels
    return artists


def update(artists: dict, result: Result) -> str:
    """Move lines, dots and stars; the limits grow in powers of two until all dots are inside."""
    left, right = artists["losses"][0].axes, artists["slopes"][0].axes
    curves = result.curves.values()
    top = 2.0 ** max(2, math.ceil(math.log2(1.1 * max(c.here for c in curves) + 1e-9)))
    steepest = max(abs(c.pull) for c in curves)
    reach = 1.25 * 2.0 ** max(0, math.ceil(math.log2(steepest / 1.2 + 1e-9)))
    left.set(ylim=(-0.07 * top, top), xlabel=XLABEL[result.view])
    right.set(ylim=(-reach, reach), xlabel=XLABEL[result.view])
    for line in artists["here"]:
        line.set_xdata([result.output] * 2)
    artists["samples"].set_data(result.samples, np.full(len(result.samples), -0.035 * top))
    artists["samples"].set_visible(result.view != LOGIT)
    ends = spread([(result.curves[n].slope[-1] + reach) / (2 * reach) for n in result.curves], 0.085)
    heights = dict(zip(result.curves, ends, strict=True))
    for k, name in enumerate(LOOK):
        place(artists, k, name, result.curves.get(name), result.output, heights.get(name, 0))
    return result.view


def place(artists: dict, k: int, name: str, curve: Curve | None, output: float, height: float) -> None:
    """Put loss number ``k`` into its artists, or clear them when it is not in this view."""
    x = GRID.numpy()
    artists["losses"][k].set_data(*((x, curve.loss) if curve else ([], [])))
    artists["slopes"][k].set_data(*((x, curve.slope) if curve else ([], [])))
    artists["losses dots"][k].set_data(*(([output], [curve.here]) if curve else ([], [])))
    artists["slopes dots"][k].set_data(*(([output], [curve.pull]) if curve else ([], [])))
    best = [] if curve is None or curve.best is None else [curve.best]
    artists["best"][k].set_data(best, [np.interp(b, x, curve.loss) for b in best] if curve else [])
    artists["labels"][k].set_text(name if curve else "")
    artists["labels"][k].set_y(height)


def sentence(result: Result) -> str:
    """The slopes at the chosen output, or the best prediction of every loss."""
    named = result.curves.items()
    if result.view == FIVE:
        best = ", ".join(f"{name} {plus_zero(c.best, 2)}" for name, c in named if c.best is not None)
        return (
            f"four samples around {result.target}, the fifth at {result.samples[-1]:.1f}, delta {result.delta:.2g}: "
            f"the lowest mean loss is at {best}."
        )
    slopes = ", ".join(f"{name} {plus_zero(c.here, 3)} ({plus_zero(c.pull, 3)})" for name, c in named)
    p = f" (probability {1 / (1 + math.exp(-result.output)):.3f})" if result.view == LOGIT else ""
    head = f"logit {result.output:.1f}{p}" if p else f"delta {result.delta:.2g}, prediction {result.output:.1f}"
    return f"{head}, target {result.target}: loss and slope are {slopes}."


def plus_zero(value: float, decimals: int) -> str:
    """A rounded number, never as -0.00.

    >>> plus_zero(-0.001, 2), plus_zero(-1.5, 2)
    ('0.00', '-1.50')
    """
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


DESCRIPTION = Description(
    name="loss_shapes",
    title="How hard does each loss pull?",
    about=(
        "Losses and their slopes as functions of one prediction f or one logit z, at which the dots sit. The "
        "target is the value to predict, or the class of two. At delta, Huber's loss turns from a parabola into a "
        "line."
    ),
    controls=(
        Slider("output", -3.0, -REACH, REACH, 0.1, "output f or z"),
        Choice("target", "1", ("0", "1"), "target"),
        Slider("delta", 1.0, 0.1, 4.0, 0.1, "delta of Huber"),
        Slider("outlier", 5.5, -REACH, REACH, 0.1, "fifth sample of five"),
        Choice("view", ONE, (ONE, FIVE, LOGIT), "what is predicted"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=180,
    presets=(
        Preset("far off", "the squared error pulls ten times as hard as the others", {"output": -4.0}),
        Preset(
            "almost right", "near the target Huber and the square let go; the absolute error does not", {"output": 0.9}
        ),
        Preset(
            "one outlier", "the mean runs after it; median and Huber stay with the four", {"view": FIVE, "output": 1.0}
        ),
        Preset(
            "small delta", "Huber with a small delta ends near the median", {"view": FIVE, "output": 1.0, "delta": 0.1}
        ),
        Preset(
            "large delta",
            "Huber with a large delta is half the squared error: near the mean",
            {"view": FIVE, "output": 1.0, "delta": 4.0},
        ),
        Preset(
            "wrong and sure",
            "cross-entropy and hinge pull with 1; the square behind a sigmoid lets go",
            {"view": LOGIT, "output": -5.0},
        ),
        Preset(
            "right and sure",
            "hinge is satisfied from 1 on; cross-entropy never is, quite",
            {"view": LOGIT, "output": 2.0},
        ),
    ),
    size=(8.6, 3.6),
    widest=({"view": "regression, five samples", "outlier": 6.0}, {"output": 6.0}, {"view": "two classes"}),
    handles=(Handle("here", "output", x="output"), Handle("here", "output", x="output", number=1)),
)

loss_shapes = opener(DESCRIPTION)
