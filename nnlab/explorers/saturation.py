"""saturation: how far does a signal travel through a deep network, forward and backward?"""

import math
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator

from nnlab.analysis import probes
from nnlab.analysis.palette import BLACK, BLUE, ORANGE, VERMILION
from nnlab.datasets import data
from nnlab.engine import ensemble, losses
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import counted, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["saturation"]

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu")
DIGITS, NOISE, EQUAL = INPUTS = ("digits", "noise", "all equal")
SAMPLES, FEATURES, CLASSES, MEMBERS, BINS, DEEPEST = 32, 64, 10, 4, 40, 30
ROUNDING = 1e-14  # of a size: nothing below it means anything
VIEW = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}  # of the activations; all others:
WIDE = (-0.5, 3.5)
FORWARD, BACKWARD, SATURATED, DEAD = BLUE, VERMILION, ORANGE, BLACK


class Result(NamedTuple):
    """What happens in every hidden layer, from the first to the last; medians over MEMBERS networks.

    Attributes:
        counts: (layer, bin), the histogram of all activations; those outside ``VIEW`` are in the outermost bins.
        difference: (layer,), how far the samples lie apart: the standard deviation over the samples, as the root
            mean square over the units.
        gradient: (layer,), root mean square of the gradient of the loss at the pre-activation.
        saturated, dead: (layer,), shares from 0 to 1, as ``probes`` defines them.
    """

    activation: str
    width: int
    scale: float
    counts: np.ndarray
    difference: np.ndarray
    gradient: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray


@remembered()
def samples(inputs: str) -> tuple[torch.Tensor, torch.Tensor]:
    """32 samples of 64 features, each with a label: digits in [0, 1], normal noise, or ones everywhere."""
    part = data.digits(seed=0).train
    x, y = part.x[:SAMPLES].double(), part.y[:SAMPLES]
    if inputs == NOISE:
        x = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    return (torch.ones_like(x) if inputs == EQUAL else x), y


@remembered(8)
def unit_weights(width: int) -> Params:
    """The deepest networks there are, one for each member: weights with variance 1 / inputs, biases of zero."""
    sizes = [FEATURES, *[width] * DEEPEST, CLASSES]
    return Network(sizes).init("lecun_normal", range(MEMBERS), torch.float64)


def scaled_params(net: Network, width: int, scale: float) -> Params:
    """The first layers and the output layer of the deepest networks, with their weights times ``scale``."""
    deepest, last = unit_weights(width), len(net.sizes) - 1
    params = {}
    for k in range(1, last + 1):
        source = f"layer{DEEPEST + 1 if k == last else k}"
        params[f"layer{k}.weight"] = scale * deepest[f"{source}.weight"]
        params[f"layer{k}.bias"] = deepest[f"{source}.bias"]
    return params


@torch.no_grad()
@ensemble.one_thread()
def compute(activation: str, depth: int, width: int, scale: float, inputs: str) -> Result:
    """One forward and one backward pass; a weight has the standard deviation ``scale`` / sqrt(inputs of its layer)."""
    x, y = samples(inputs)
    net = Network([FEATURES, *[width] * depth, CLASSES], activation)
    params = scaled_params(net, width, scale)
    hidden = net.trace(params, x, lambda logits: losses.cross_entropy(logits, y)[1])[:-1]
    z, a, gradient = (torch.stack([getattr(t, of) for t in hidden]) for of in ("z", "a", "dz"))  # (layer, member, ...)
    return Result(
        activation,
        width,
        scale,
        probes.statistics(a.flatten(1, 2), BINS, VIEW.get(activation, WIDE)).counts.numpy(),
        median(sample_difference(a)),
        median(root_mean_square(gradient)),
        median(probes.saturated_share(activation, z)),
        median(probes.dead_share(activation, z)),
    )


def root_mean_square(values: torch.Tensor) -> torch.Tensor:
    """Over the last two axes, (..., batch, unit)."""
    return values.square().mean((-2, -1)).sqrt()


def sample_difference(a: torch.Tensor) -> torch.Tensor:
    """How far the samples lie apart; 0 where that is less than what rounding to float64 does to ``a``."""
    size = root_mean_square(a - a.mean(-2, keepdim=True))
    return torch.where(size > ROUNDING * root_mean_square(a), size, 0.0)


def median(values: torch.Tensor) -> np.ndarray:
    """The lower of the middle members, (layer, member) -> (layer,)."""
    return values.double().median(1).values.numpy()


def draw(figure) -> dict:
    """Histograms of the activations, shares of saturated and dead units, and both signals: all by layer."""
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.15])
    for ax in (left, middle, right):
        ax.set_xlabel("hidden layer")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    left.set_ylabel("activation (shaded: many)")
    left.set_title("activations")
    left.grid(False)
    shares = (0, 0.25, 0.5, 0.75, 1)
    middle.set(ylabel="share", ylim=(-0.03, 1.3))
    middle.set_yticks(shares, [f"{share:.0%}" for share in shares])
    middle.set_title("saturated and dead")
    right.set(yscale="log")
    right.set_title("size of both signals")
    artists = {
        "image": left.imshow(
            np.zeros((BINS, 1)), cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="lower", interpolation="nearest"
        ),
        "saturated": middle.plot([], [], "-o", color=SATURATED, markersize=4)[0],
        "dead": middle.plot([], [], "--s", color=DEAD, markersize=3.5, linewidth=1.2)[0],
        "none": middle.text(0.5, 0.45, "", transform=middle.transAxes, ha="center", fontsize=9),
        "difference": right.plot([], [], "-o", color=FORWARD, markersize=4)[0],
        "gradient": right.plot([], [], "--s", color=BACKWARD, markersize=3.5)[0],
        "zeros": right.plot([], [], "x", color=BLACK, markersize=7, markeredgewidth=2)[0],
        "labels": end_labels(right, {"samples\napart": FORWARD, "gradient": BACKWARD}),
    }
    for height, name in ((0.96, "saturated"), (0.88, "dead")):
        line = artists[name]
        text = {"saturated": "\u25cf saturated entries", "dead": "\u25a0 dead units"}[name]
        middle.text(0.02, height, text, color=line.get_color(), transform=middle.transAxes, va="center", fontsize=9)
    return artists


def update(artists: dict, result: Result) -> None:
    """Move everything; the limits change in steps of five layers and five decades."""
    left, middle, right = (artists[name].axes for name in ("image", "saturated", "gradient"))
    depth = len(result.gradient)
    layers, last = np.arange(1, depth + 1), 5 * math.ceil(depth / 5)
    low, high = VIEW.get(result.activation, WIDE)
    artists["image"].set_data(np.sqrt(result.counts / result.counts.max(1, keepdims=True)).T)
    artists["image"].set_extent((0.5, depth + 0.5, low, high))
    left.set_ylim(low, high)
    for ax in (left, middle, right):
        ax.set_xlim(0.5, last + 0.5)
    artists["saturated"].set_data(layers, result.saturated)
    artists["dead"].set_data(layers, result.dead)
    artists["none"].set_text("" if result.saturated.any() or result.dead.any() else "none in any layer")
    bottom, top = decades(np.concatenate([result.difference, result.gradient]))
    right.set_ylim(10.0**bottom, 10.0**top)
    zeros, heights = [], []
    for name in ("difference", "gradient"):
        size = getattr(result, name)
        shown = np.where(size > 0, size, np.nan)
        artists[name].set_data(layers, shown)
        zeros += layers[size == 0].tolist()
        heights.append((math.log10(size[-1]) - bottom) / (top - bottom) if size[-1] > 0 else 0.0)
    artists["zeros"].set_data(zeros, [10.0 ** (bottom + 0.025 * (top - bottom))] * len(zeros))
    to_the_ends(artists["labels"], heights, 0.16)


def decades(sizes: np.ndarray) -> tuple[int, int]:
    """The powers of ten between which all sizes above zero lie, in steps of five."""
    powers = np.log10(sizes[sizes > 0])
    if len(powers) == 0:
        return -5, 0
    return 5 * math.floor(powers.min() / 5 - 0.02), 5 * math.ceil(max(powers.max(), -0.1) / 5 + 0.02)


def sentence(result: Result) -> str:
    """How both signals change between the first and the last layer, and how much is saturated or dead."""
    depth = len(result.gradient)
    head = f"{result.activation}, {counted(depth, 'hidden layer')} of {counted(result.width, 'unit')}, "
    head += f"weight scale {result.scale:.3g}: "
    shares = f"{result.saturated.mean():.0%} of the entries are saturated, {result.dead.mean():.0%} of the units dead"
    if depth == 1:
        return head + f"the gradient is {result.gradient[0]:.2g}; {shares}."
    forward = f"by layer {depth} the differences between the samples " + change(result.difference, "those in layer 1")
    backward = "back in layer 1 the gradient " + change(result.gradient[::-1], f"that in layer {depth}")
    return f"{head}{forward}; {backward}; {shares}."


def change(sizes: np.ndarray, start: str) -> str:
    """What became of a signal along the way, in words; ``start`` names what it was at first."""
    verb = "are" if start.startswith("those") else "is"
    if sizes[-1] == 0 or sizes[0] == 0:
        return f"{verb} zero"
    return f"{verb} {sizes[-1] / sizes[0]:.2g} times {start}"


DESCRIPTION = Description(
    name="saturation",
    title="How far does a signal travel?",
    about=(
        "A deep network before training: activations, saturated and dead shares, and both signals, layer by layer. "
        "The standard deviation of a weight is scale / sqrt(inputs of its layer)."
    ),
    controls=(
        Choice("activation", "sigmoid", NAMES, "activation"),
        Slider("depth", 10, 1, DEEPEST, 1, "hidden layers"),
        Slider("width", 32, 1, 48, 1, "units in each"),
        Slider("scale", 1.0, 0.0, 8.0, 0.1, "weight scale"),
        Choice("inputs", DIGITS, INPUTS, "inputs"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=275,
    presets=(
        Preset("sigmoid", "nothing is saturated, and still neither signal arrives", {}),
        Preset("sigmoid, large weights", "now many entries are saturated, and yet more arrives", {"scale": 8.0}),
        Preset("tanh", "slope 1 at zero: both signals arrive", {"activation": "tanh"}),
        Preset(
            "tanh, large weights",
            "half of the entries are saturated; the gradient of the others explodes",
            {"activation": "tanh", "scale": 4.0},
        ),
        Preset(
            "ReLU",
            "scale 1.4, the root of 2: half of the entries pass everything",
            {"activation": "relu", "scale": 1.4},
        ),
        Preset(
            "one unit wide", "a chain: a single dead unit cuts it", {"activation": "relu", "width": 1, "scale": 1.4}
        ),
        Preset("all inputs equal", "there is nothing to tell apart", {"inputs": EQUAL, "activation": "tanh"}),
    ),
    size=(9.2, 3.5),
    widest=({"activation": "tanh", "depth": 30, "scale": 5.0}, {"depth": 30}),
)

saturation = opener(DESCRIPTION)
