"""activation: which part of the gradient does an activation function let through?"""

from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis import probes
from nnlab.analysis.palette import BLACK, BLUE, MARK, ORANGE, VERMILION
from nnlab.engine import activations
from nnlab.explorers.memory import remembered
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["activation"]

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu")
REACH = 6.0  # z goes from -REACH to REACH
TANGENT = 1.5  # how far the tangent is drawn to both sides
YLIM = {"sigmoid": (-0.25, 1.25), "tanh": (-1.5, 1.5)}  # of f; all others:
WIDE = (-1.4, 6.4)
SLOPE_LIM = {"sigmoid": (-0.03, 0.36), "tanh": (-0.12, 1.45)}  # of f'; all others:
WIDE_SLOPE = (-0.25, 1.6)


class Curve(NamedTuple):
    """f and f' on a grid of z, with the largest slope."""

    z: np.ndarray
    f: np.ndarray
    slope: np.ndarray
    steepest: float


class Result(NamedTuple):
    """Value and slope of an activation at z, on its curve."""

    name: str
    z: float
    f: float
    slope: float
    saturated: bool
    curve: Curve


@remembered()
def curve(name: str) -> Curve:
    """An activation and its derivative from -6 to 6; a grid point lies at 0, where some have a corner."""
    z = torch.linspace(-REACH, REACH, 601, dtype=torch.float64)
    f, slope = value_and_slope(name, z)
    return Curve(z.numpy(), f.numpy(), slope.numpy(), activations.get(name).steepest)


def value_and_slope(name: str, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """f(z) and f'(z) of the activation of that name."""
    activation = activations.get(name)
    f = activation.f(z)
    return f, activation.derivative(z, f)


def compute(activation: str, z: float) -> Result:
    """Value and slope at z; saturated is what ``probes`` calls so: a slope below 5 % of the largest."""
    point = torch.tensor([[z]], dtype=torch.float64)
    f, slope = value_and_slope(activation, point)
    saturated = probes.saturated_share(activation, point).item() == 1
    return Result(activation, z, f.item(), slope.item(), saturated, curve(activation))


def draw(figure) -> dict:
    """f with its tangent on the left, f' with the limit of saturation on the right."""
    left, right = figure.subplots(1, 2)
    left.set_title("f and its tangent at z")
    right.set_title("the slope f': what a gradient is multiplied by")
    for ax in (left, right):
        ax.axhline(0, color=MARK, linewidth=0.8)
        ax.set(xlabel="pre-activation z", xlim=(-REACH, REACH))
    left.set_ylabel("activation f(z)")
    right.set_ylabel("slope f'(z)")
    return {
        "f": left.plot([], [], "-", color=BLUE, linewidth=2)[0],
        "tangent": left.plot([], [], "--", color=VERMILION, linewidth=2)[0],
        "point": left.plot([], [], "o", color=VERMILION, markersize=9, markeredgecolor=BLACK)[0],
        "band": right.fill_between([-REACH, REACH], -1, 1, color=ORANGE, alpha=0.25, linewidth=0),
        "band_label": right.text(
            0.02, 0.88, "shaded: saturated", transform=right.transAxes, va="top", fontsize=9, color=ORANGE
        ),
        "slope": right.plot([], [], "-", color=BLUE, linewidth=2)[0],
        "now": right.plot([], [], "o", color=VERMILION, markersize=9, markeredgecolor=BLACK)[0],
        "share": right.text(0.02, 0.97, "", transform=right.transAxes, va="top", fontsize=10),
    }


def update(artists: dict, result: Result) -> None:
    """Move point and tangent; curves and limits change with the activation only."""
    left, right = artists["f"].axes, artists["slope"].axes
    left.set_ylim(YLIM.get(result.name, WIDE))
    right.set_ylim(SLOPE_LIM.get(result.name, WIDE_SLOPE))
    artists["f"].set_data(result.curve.z, result.curve.f)
    artists["slope"].set_data(result.curve.z, result.curve.slope)
    along = np.array([-TANGENT, TANGENT])
    artists["tangent"].set_data(result.z + along, result.f + result.slope * along)
    artists["point"].set_data([result.z], [result.f])
    artists["now"].set_data([result.z], [result.slope])
    limit = probes.SATURATED * result.curve.steepest
    artists["band"].set_data([-REACH, REACH], [-limit, -limit], [limit, limit])
    artists["share"].set_text(f"{abs(result.slope) / result.curve.steepest:.1%} of the largest slope")


def sentence(result: Result) -> str:
    """Value, slope, and how much of a gradient passes."""
    head = f"{result.name} at z = {result.z:.3g}: f = {result.f:.3g}, f' = {result.slope:.3g}, "
    share = abs(result.slope) / result.curve.steepest
    if result.slope == 0:
        return head + "so no gradient passes."
    said = f"{share:.1%} of its largest slope, {result.curve.steepest:.3g}"
    return head + said + (": saturated." if result.saturated else ".")


DESCRIPTION = Description(
    name="activation",
    title="How much of the gradient passes?",
    about="An activation function with its tangent, and its slope: the factor on every gradient that passes.",
    controls=(
        Choice("activation", "sigmoid", NAMES, "activation"),
        Slider("z", 0.0, -REACH, REACH, 0.1, "pre-activation z"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    presets=(
        Preset("sigmoid, saturated", "flat on both sides: a fiftieth of a slope that is small already", {"z": 5.3}),
        Preset("tanh", "four times as steep as sigmoid at 0, and saturated twice as early", {"activation": "tanh"}),
        Preset("ReLU, off", "below zero the slope is exactly 0", {"activation": "relu", "z": -2.0}),
        Preset("leaky ReLU", "below zero 1 % of the gradient passes", {"activation": "leaky_relu", "z": -2.0}),
        Preset("GELU", "it dips below zero, and its slope even rises above 1", {"activation": "gelu", "z": 1.4}),
        Preset(
            "SiLU", "z times sigmoid: near -1.3 it turns, so its slope is almost 0", {"activation": "silu", "z": -1.3}
        ),
    ),
    widest=({"activation": "relu"},),
    handles=(Handle("point", "input z", x="z"), Handle("now", "input z", x="z")),
)

activation = opener(DESCRIPTION)
