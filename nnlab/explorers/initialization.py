"""initialization: how far does the signal get? Activations and gradients of up to 50 layers, before any training."""

import math
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLUE, VERMILION
from nnlab.datasets.data import digits
from nnlab.engine import activations
from nnlab.engine.ensemble import one_thread
from nnlab.engine.initialization import SCHEMES
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["initialization"]

FEATURES, SAMPLES, DEEPEST, BINS = 64, 32, 50, 49
NORMAL, DIGITS, ONE, EQUAL = "normal, variance 1", "digits in [0, 1]", "one digit", "all equal to 1"
RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}  # what an activation can be; the others have no upper limit
EQUAL_BELOW = 1e-13  # of the largest entry: a smaller standard deviation is rounding
COLORS = {"activations": BLUE, "gradients": VERMILION}


class Result(NamedTuple):
    """What the first numbers do: every array has an entry for each hidden layer, from the first to the last."""

    activation: str
    scheme: str
    width: int
    gain: float
    std: dict[str, np.ndarray]  # of "activations" and of "gradients" (at the pre-activations)
    predicted: dict[str, np.ndarray]  # for wide layers
    zero: dict[str, np.ndarray]  # whether every entry of the layer is exactly 0
    density: np.ndarray  # (bins, layer), of activations between ``ends``: root of the share of the fullest interval
    ends: tuple[float, float]


@torch.no_grad()
@one_thread()
def compute(activation: str, scheme: str, depth: int, width: int, gain: float, inputs: str, seed: int) -> Result:
    """Send inputs forward through ``depth`` hidden layers, and random gradients of standard deviation 1 back."""
    net = Network([FEATURES] + [width] * (depth + 1), activation=activation)
    x = samples(inputs)
    params = {name: gain * values for name, values in net.learned(first_numbers(scheme, width, seed)).items()}
    hidden = net.trace(params, x, lambda logits: unit_gradients(width)[: len(x)])[:-1]
    found = {
        "activations": torch.stack([layer.a for layer in hidden]),  # (layer, batch, unit)
        "gradients": torch.stack([layer.dz for layer in hidden if layer.dz is not None]),
    }
    predicted = predict(net, params, x)
    std, zero = {}, {}
    for kind, values in found.items():
        std[kind], zero[kind] = spread_of(values)
    density, ends = histogram(found["activations"], activation, std["activations"])
    return Result(activation, scheme, width, gain, std, predicted, zero, density, ends)


@remembered(8)
def first_numbers(scheme: str, width: int, seed: int) -> Params:
    """The parameters of the deepest network; a shallower one begins with the same layers."""
    return Network([FEATURES] + [width] * (DEEPEST + 1)).init(scheme, seed, torch.float64)


@remembered()
def samples(inputs: str) -> torch.Tensor:
    """What is sent in, (batch, 64)."""
    if inputs == NORMAL:
        return torch.randn(SAMPLES, FEATURES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    if inputs == EQUAL:
        return torch.ones(SAMPLES, FEATURES, dtype=torch.float64)
    return digits(seed=0).train.x[: 1 if inputs == ONE else SAMPLES].double()


@remembered(8)
def unit_gradients(width: int) -> torch.Tensor:
    """What is sent back from the output, (batch, width): normal numbers of variance 1."""
    return torch.randn(SAMPLES, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def predict(net: Network, params: Params, x: torch.Tensor) -> dict[str, np.ndarray]:
    """The standard deviations that layers of many units would have.

    Forward, z_k is normal with the variance q_k = n Var(w_k) E[f(z_(k-1))^2] (Poole et al. 2016, eq. 3). Back, the
    variance of the gradient at z_k is n Var(w_(k+1)) E[f'(z_k)^2] times that at z_(k+1) (Schoenholz et al. 2017;
    Glorot & Bengio 2010, eq. 6, with f' = 1). Var(w_k) is the mean of squares of the numbers drawn.
    """
    activation = activations.get(net.activation)
    f, derivative = activation.f, activation.derivative
    u, p = bell()
    scale = [params[f"{layer.name}.weight"].square().mean() for layer in net.affine]  # Var(w_k), (layer + 1) numbers
    inside, q = [], FEATURES * scale[0] * x.square().mean()
    for var in scale[1:]:
        inside.append(q.sqrt() * u)
        q = net.sizes[1] * var * (p * f(inside[-1]).square()).sum()
    z = torch.stack(inside)  # (layer, point)
    a = f(z)
    mean = (p * a).sum(-1, keepdim=True)
    std = (p * (a - mean).square()).sum(-1).sqrt()
    factors = net.sizes[1] * torch.stack(scale[1:]) * (p * derivative(z, a).square()).sum(-1)
    back = factors.log().flip(0).cumsum(0).flip(0)  # a sum of logarithms cannot overflow
    return {"activations": std.numpy(), "gradients": (back / 2).exp().numpy()}


@remembered()
def bell() -> tuple[torch.Tensor, torch.Tensor]:
    """Points u of the standard normal distribution and their shares p; 0, where ReLU has its corner, is none."""
    u = torch.linspace(-7, 7, 400, dtype=torch.float64)
    p = torch.exp(-u * u / 2)
    return u, p / p.sum()


def spread_of(values: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The standard deviation of every layer of (layer, batch, unit), and whether it holds nothing but zeros.

    Each layer is divided by its largest entry first, so that squares of tiny or huge numbers stay numbers.
    """
    flat = values.flatten(1)
    largest = flat.abs().amax(1, keepdim=True)
    relative = (flat / largest.clamp_min(1e-300)).std(1, correction=0)
    relative[relative < EQUAL_BELOW] = 0
    return (relative * largest[:, 0]).numpy(), (largest[:, 0] == 0).numpy()


def histogram(values: torch.Tensor, activation: str, std: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """The density of every layer's activations, (bins, layer), and the ends of the view, which move by powers of 2.

    The root of the density is shown, so that the many zeros of ReLU leave something to see of the rest.
    """
    flat = values.flatten(1).numpy()
    reach = max(float(3 * std.max()), float(np.abs(flat.mean(1)).max()) * 1.2)
    reach = 2.0 ** math.ceil(math.log2(reach)) if reach > 0 else 1.0
    below = reach / 8 if flat.min() >= -reach / 8 else reach
    low, high = RANGES.get(activation, (-below, reach))
    place = (flat - low) * (BINS / (high - low))
    place = np.where((place >= 0) & (place <= BINS), np.minimum(place, BINS - 1), BINS).astype(np.int64)
    layers = np.arange(len(flat))[:, None]
    counts = np.bincount((place + (BINS + 1) * layers).ravel(), minlength=len(flat) * (BINS + 1))
    counts = counts.reshape(len(flat), BINS + 1)[:, :BINS]
    return np.sqrt(counts / np.maximum(counts.max(1, keepdims=True), 1)).T, (low, high)


def draw(figure) -> dict:
    """Standard deviations by layer on the left, the activations of every layer on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    left.set(xlabel="layer", ylabel="standard deviation", yscale="log")
    left.set_title("by layer (lines: predicted)", fontsize=10)
    right.set(xlabel="layer", ylabel="activation")
    right.set_title("where the activations lie", fontsize=10)
    right.yaxis.set_major_formatter("{x:.3g}")
    right.grid(False)
    look = [("activations", "o", "--"), ("gradients", "s", ":")]
    return {
        "density": right.imshow(np.zeros((BINS, 1)), origin="lower", aspect="auto", cmap="Blues", vmin=0, vmax=1),
        "predicted": [left.plot([], [], style, color=COLORS[kind], linewidth=1.4)[0] for kind, _, style in look],
        "std": [left.plot([], [], mark, color=COLORS[kind], markersize=4)[0] for kind, mark, _ in look],
        "labels": end_labels(left, COLORS),
    }


def update(artists: dict, result: Result) -> None:
    """Move points, predictions and the heat map; limits change by three decades and by tens of layers."""
    left, right = artists["std"][0].axes, artists["density"].axes
    depth = len(result.zero["activations"])
    layers = np.arange(1, depth + 1)
    last = next(n for n in (5, 10, 20, 30, 40, 50) if n >= depth)
    low, high = decades(np.concatenate([*result.std.values(), *result.predicted.values()]))
    left.set(xlim=(0.4, last + 0.6), ylim=(low, high))
    right.set(xlim=(0.4, last + 0.6), ylim=result.ends)
    ends = []
    for points, line, kind in zip(artists["std"], artists["predicted"], COLORS, strict=True):
        shown = np.maximum(result.std[kind], low)  # exactly 0 is drawn at the bottom
        points.set_data(layers, shown)
        line.set_data(layers, np.maximum(result.predicted[kind], low))
        ends.append(math.log(shown[-1] / low) / math.log(high / low))
    notes = [note(result.std[kind], result.zero[kind]) for kind in COLORS]
    for label, kind, remark in zip(artists["labels"], COLORS, notes, strict=True):
        label.set_text(kind + remark)
    to_the_ends(artists["labels"], ends, 0.16 if any(notes) else 0.09)
    artists["density"].set_data(result.density)
    artists["density"].set_extent((0.5, depth + 0.5, *result.ends))
    right.set(xlim=(0.4, last + 0.6), ylim=result.ends)  # set_extent moves the limits


def note(std: np.ndarray, zero: np.ndarray) -> str:
    """What stands under the label of points that lie at the bottom, because there is no spread to show."""
    if zero.all():
        return "\nexactly 0"
    return "\nall equal" if not std.any() else ""


def decades(values: np.ndarray) -> tuple[float, float]:
    """Limits of a logarithmic axis that hold all positive values: 0.001 to 10, or three, six ... decades more."""
    positive = values[values > 0]
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    above = max(0, math.ceil((math.log10(high) - 1) / 3))
    return 10.0 ** min(-3, 3 * math.floor(math.log10(low) / 3)), 10.0 ** (1 + 3 * above)


def sentence(result: Result) -> str:
    """What becomes of the activations on the way forward, and of the gradients on the way back."""
    depth = len(result.zero["activations"])
    layers = "1 layer" if depth == 1 else f"{depth} layers"
    units = "1 unit" if result.width == 1 else f"{result.width} units"
    gain = f" times {result.gain:.3g}" if result.gain != 1 else ""
    head = f"{result.activation}, {result.scheme}{gain}, {layers} of {units}: "
    forward = story("activations", result.std["activations"], result.zero["activations"], np.arange(1, depth + 1))
    back = story("gradients", result.std["gradients"][::-1], result.zero["gradients"][::-1], np.arange(depth, 0, -1))
    return f"{head}forward, the {forward}; back, the {back}."


def story(kind: str, std: np.ndarray, zero: np.ndarray, layers: np.ndarray) -> str:
    """How a standard deviation changes along the way, in words."""
    flat = np.flatnonzero(std == 0)
    if len(flat):
        where = f"in layer {layers[flat[0]]}" + (" already" if flat[0] == 0 and len(layers) > 1 else "")
        return f"{kind} are all {'exactly 0' if zero[flat[0]] else 'equal'} {where}"
    if len(std) == 1:
        return f"{kind} have the standard deviation {std[0]:.2g}"
    ratio = std[-1] / std[0]
    verb = "shrink" if ratio < 1 / 3 else "grow" if ratio > 3 else "keep their size,"
    return f"{kind} {verb} from {std[0]:.2g} to {std[-1]:.2g} ({ratio ** (1 / (len(std) - 1)):.2g} times a layer)"


DESCRIPTION = Description(
    name="initialization",
    title="How far does the signal get?",
    about=(
        "Signals in a network that was only initialised: how large activations and gradients are in every layer. "
        "Activations and schemes are those of nnlab.activations and nnlab.initialization; every weight is "
        "multiplied by the gain."
    ),
    controls=(
        Choice("activation", "tanh", tuple(activations.ACTIVATIONS), "activation"),
        Choice("scheme", "standard", tuple(SCHEMES), "scheme"),
        Slider("depth", 50, 1, DEEPEST, 1, "hidden layers"),
        Slider("width", 64, 1, 100, 1, "units in a layer"),
        Slider("gain", 1.0, 0.2, 5.0, 0.05, "weights times", log=True),
        Choice("inputs", NORMAL, (NORMAL, DIGITS, ONE, EQUAL), "inputs"),
        Slider("seed", 0, 0, 20, 1, "seed"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=225,
    presets=(
        Preset("Glorot", "variance 2 / (in + out): both directions keep a visible size", {"scheme": "glorot_uniform"}),
        Preset(
            "Glorot with ReLU",
            "ReLU removes half of the squares, so each layer keeps a factor of about 0.7",
            {"activation": "relu", "scheme": "glorot_uniform"},
        ),
        Preset("He with ReLU", "variance 2 / in puts that half back", {"activation": "relu", "scheme": "he_normal"}),
        Preset(
            "too large",
            "ReLU has no upper limit: weights twice as large double the signal in every layer",
            {"activation": "relu", "scheme": "he_normal", "gain": 2.0},
        ),
        Preset(
            "saturated",
            "tanh cannot explode, its gradients can: the activations pile up at -1 and 1",
            {"scheme": "glorot_uniform", "gain": 3.0},
        ),
        Preset("zeros", "nothing goes in either direction", {"scheme": "zeros"}),
        Preset(
            "narrow",
            "with few units chance decides: change the seed",
            {"activation": "relu", "scheme": "he_normal", "width": 6},
        ),
    ),
    widest=({"activation": "relu", "scheme": "he_normal", "gain": 2.0}, {"activation": "sigmoid"}),
)

initialization = opener(DESCRIPTION)
