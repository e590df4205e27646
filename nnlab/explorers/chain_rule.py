"""chain_rule: how far does the loss of one sigmoid neuron follow its weight? Three small slopes, multiplied."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, PALE_BLUE, VERMILION
from nnlab.stage.description import Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["chain_rule"]

REACH = 6.0  # of the weight
GRID = np.linspace(-REACH, REACH, 241)
COLUMNS = (0.5, 2.0, 3.5, 5.0)  # of w, z, y and L
WAY, BACK = BLUE, VERMILION


class Result(NamedTuple):
    """One neuron y = sigmoid(w x + b) with the loss L = (y - t)^2 / 2, and the slopes along its chain."""

    w: float
    x: float
    z: float
    y: float
    loss: float
    dz_dw: float
    dy_dz: float
    dL_dy: float
    gradient: float
    curve: np.ndarray  # the loss at each weight of GRID


def sigmoid(z):
    """1 / (1 + e^(-z))."""
    return 1 / (1 + np.exp(-z))


def compute(w: float, x: float, b: float, t: float) -> Result:
    """The chain rule: dL/dw = dL/dy * dy/dz * dz/dw = (y - t) * y (1 - y) * x."""
    z = w * x + b
    y = float(sigmoid(z))
    dz_dw, dy_dz, dL_dy = x, y * (1 - y), y - t
    curve = (sigmoid(GRID * x + b) - t) ** 2 / 2
    return Result(w, x, z, y, (y - t) ** 2 / 2, dz_dw, dy_dz, dL_dy, dL_dy * dy_dz * dz_dw, curve)


def draw(figure) -> dict:
    """The chain on the left, the loss over the weight with its tangent on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.45, 1])
    left.set(xlim=(0, 5.5), ylim=(0, 4))
    left.set_axis_off()
    for column, name in zip(COLUMNS, ("w", "z = w x + b", "y = sigmoid(z)", "L = (y - t)² / 2"), strict=True):
        left.text(column, 3.65, name, ha="center", va="center", fontsize=9)
    arrow = {"arrowstyle": "-|>", "linewidth": 1.8, "mutation_scale": 12}
    slopes = ("dz/dw = x", "dy/dz = y (1 - y)", "dL/dy = y - t")
    for (a, b), name in zip(pairwise(COLUMNS), slopes, strict=True):
        left.annotate("", (b - 0.5, 3.05), (a + 0.5, 3.05), arrowprops=arrow | {"color": WAY})
        left.annotate("", (a, 1.95), (b, 1.95), arrowprops=arrow | {"color": BACK, "linestyle": "--"})
        left.text((a + b) / 2, 2.18, name, ha="center", va="center", fontsize=9, color=BACK)
    left.text(0, 0.95, "dL/dw, the product of the three slopes:", fontsize=10)
    right.set(xlim=(-1.05 * REACH, 1.05 * REACH), ylim=(-0.02, 0.53), xlabel="weight w", ylabel="loss L")
    right.set_title("the loss and its slope at w")
    middle = {"ha": "center", "va": "center"}
    return {
        "numbers": [
            left.text(column, 3.05, "", fontsize=11, bbox={"boxstyle": "round", "facecolor": PALE_BLUE}, **middle)
            for column in COLUMNS
        ],
        "slopes": [left.text((a + b) / 2, 1.62, "", fontsize=11, color=BACK, **middle) for a, b in pairwise(COLUMNS)],
        "product": left.text(0, 0.35, "", fontsize=12, color=BACK, weight="bold"),
        "curve": right.plot([], [], "-", color=WAY)[0],
        "tangent": right.plot([], [], "--", color=BACK, linewidth=2.2)[0],
        "point": right.plot([], [], "o", color=BLACK, markersize=7)[0],
    }


def update(artists: dict, r: Result) -> None:
    """Write the numbers, and lay the tangent on the curve; its limits never change."""
    for text, number in zip(artists["numbers"], (r.w, r.z, r.y, r.loss), strict=True):
        text.set_text(f"{number:.3g}")
    slopes = (r.dz_dw, r.dy_dz, r.dL_dy)
    for text, number in zip(artists["slopes"], slopes, strict=True):
        text.set_text(f"{number:.3g}")
    factors = " × ".join(f"({s:.3g})" if s < 0 else f"{s:.3g}" for s in slopes[::-1])
    artists["product"].set_text(f"{factors} = {r.gradient + 0.0:.3g}")
    artists["curve"].set_data(GRID, r.curve)
    ends = np.array([r.w - 1.6, r.w + 1.6])
    artists["tangent"].set_data(ends, r.loss + r.gradient * (ends - r.w))
    artists["point"].set_data([r.w], [r.loss])


def sentence(r: Result) -> str:
    """The product with its factors, what a step downhill does, and which factor keeps it small."""
    product = f"{r.dL_dy:.3g} times {r.dy_dz:.3g} times {r.dz_dw:.3g}"
    head = f"At w = {r.w:.3g} the loss is {r.loss:.3g}, and dL/dw = {product} = {r.gradient + 0.0:.3g}: "
    if r.dz_dw == 0:
        return head + "the input is 0, so this weight gets no blame."
    if r.dL_dy == 0:
        return head + "the output is the target, so there is nothing to correct."
    downhill = "smaller" if r.gradient > 0 else "larger"
    flat = f", but the neuron is saturated: y (1 - y) is only {r.dy_dz:.2g}" if r.dy_dz < 0.05 else ""
    return head + f"a step downhill makes w {downhill}{flat}."


DESCRIPTION = Description(
    name="chain_rule",
    title="How does the loss of one neuron follow its weight?",
    about="The chain rule on one sigmoid neuron, y = sigmoid(w x + b), with the loss L = (y - t)^2 / 2.",
    controls=(
        Slider("w", 1.0, -REACH, REACH, 0.1, "weight w"),
        Slider("x", 1.5, -3.0, 3.0, 0.1, "input x"),
        Slider("b", -0.5, -3.0, 3.0, 0.1, "bias b"),
        Slider("t", 0.0, 0.0, 1.0, 0.05, "target t"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=190,
    presets=(
        Preset("other target", "the error changes its sign, and the gradient with it", {"w": 1.0, "t": 1.0}),
        Preset("saturated", "y is wrong and close to 1, where the sigmoid is flat: almost no gradient", {"w": 5.0}),
        Preset("input 0", "a weight that multiplies 0 has no part in the loss", {"w": 1.0, "x": 0.0}),
        Preset("negative input", "x is a factor of the gradient, with its sign", {"w": 1.0, "x": -1.5, "b": 1.5}),
        Preset("no error", "y equals t: the loss is 0, and its slope too", {"w": 0.0, "b": 0.0, "t": 0.5}),
    ),
    handles=(Handle("point", "weight w", x="w"),),
)

chain_rule = opener(DESCRIPTION)
