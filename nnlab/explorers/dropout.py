"""dropout: which units are forgotten, and who may answer afterwards? One mask, many masks, one scaled pass."""

import math
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLUE, GREEN, GRID, ORANGE, VERMILION
from nnlab.analysis.plots import spread
from nnlab.datasets import data
from nnlab.engine import ensemble
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import chosen_here, counted
from nnlab.stage.description import Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["dropout"]

RATES = [round(0.1 * k, 1) for k in range(10)]
SEEDS, STEPS, MASKS, DIGITS = range(4), 300, 30, 20
BINS = np.linspace(0, 1, 26)
NAMES = ("scaled pass", "mean of masks", "one mask", "scaled by p")
COLORS = (BLUE, GREEN, ORANGE, VERMILION)
STYLES = ("-", "--", "-.", ":")


class Hidden(NamedTuple):
    """A network from its hidden units on: units (digit, 64), weight (64, 10), bias (10,)."""

    units: np.ndarray
    weight: np.ndarray
    bias: np.ndarray


class Result(NamedTuple):
    """One test digit and the network of seed 0: its hidden units under the last mask, what every mask says.

    ``shown`` (64,) is nan where a unit is forgotten. ``right`` (mask,) is the probability of the right class. ``said``
    has one number for each of ``NAMES``. ``losses`` (name, rate, network) is the cross-entropy on all test digits.
    """

    rate: float
    digit: int
    shown: np.ndarray
    right: np.ndarray
    said: tuple[float, float, float, float]
    losses: np.ndarray


@remembered(1)
def trained():
    """Networks 64-64-10 of every rate and seed, the test data, and their hidden units (rate * seed, digit, 64)."""
    digits, net = data.digits(), Network([64, 64, 10])
    history = ensemble.train(
        net, digits, Adam(lr=0.01), seeds=SEEDS, steps=STEPS, batch_size=32, grid={"dropout": RATES}, eval_every=STEPS
    )
    with ensemble.one_thread():
        hidden, _ = net.trace(history.params, digits.test.x)
    return history.params, digits.test, hidden.a


@remembered(1)
def losses() -> np.ndarray:
    """(name, rate, network), the cross-entropy on all test digits of the four ways to answer."""
    params, test, units = trained()
    weight, bias = params["layer2.weight"], params["layer2.bias"].unsqueeze(-2)
    p = torch.tensor(RATES, dtype=units.dtype).repeat_interleave(len(SEEDS)).view(-1, 1, 1)
    generator = torch.Generator().manual_seed(0)
    with ensemble.one_thread():
        uniform = (torch.rand(units.shape[1:], generator=generator, dtype=units.dtype) for _ in range(MASKS))
        answers = [(units * (u >= p) / (1 - p) @ weight + bias).softmax(-1) for u in uniform]
        scaled, by_p = ((units @ weight * factor + bias).softmax(-1) for factor in (1, p / (1 - p)))
        ways = (scaled, torch.stack(answers).mean(0), answers[0], by_p)
        paid = torch.stack([-way[:, torch.arange(len(test.y)), test.y].log().mean(-1) for way in ways])
    return paid.view(len(NAMES), len(RATES), len(SEEDS)).numpy()


@remembered(1)
def doubtful() -> np.ndarray:
    """The 20 test digits that the networks with p = 0.5 doubt most: nearest to probability 0.5 for the right class."""
    params, test, units = trained()
    group = slice(RATES.index(0.5) * len(SEEDS), (RATES.index(0.5) + 1) * len(SEEDS))
    with ensemble.one_thread():
        logits = units[group] @ params["layer2.weight"][group] + params["layer2.bias"][group].unsqueeze(-2)
    right = logits.softmax(-1).mean(0)[torch.arange(len(test.y)), test.y]
    return (right - 0.5).abs().argsort()[:DIGITS].numpy()


@remembered(len(RATES))
def network(rate: int) -> Hidden:
    """The network of seed 0 of one rate, with the hidden units of the doubtful digits."""
    params, _, units = trained()
    k = rate * len(SEEDS)
    return Hidden(
        *(t.numpy().astype(float) for t in (units[k][doubtful()], params["layer2.weight"][k], params["layer2.bias"][k]))
    )


def right_class(units: np.ndarray, net: Hidden, label: int) -> np.ndarray:
    """The probability of the right class from hidden units (..., 64)."""
    return torch.from_numpy(units @ net.weight + net.bias).softmax(-1)[..., label].numpy()


@remembered(32)
def uniform(seed: int) -> np.ndarray:
    """The numbers that decide who is forgotten, (mask, unit); more masks continue the same list."""
    return np.random.default_rng(seed).random((1000, 64))


def compute(rate: float, masks: int, digit: int, seed: int) -> Result:
    """What each mask, their mean, the scaled pass and the wrongly scaled pass say about one digit."""
    k = round(10 * rate)
    p, net, label = RATES[k], network(k), int(trained()[1].y[doubtful()[digit]])
    kept = uniform(seed)[:masks] >= p
    units = net.units[digit]
    right = right_class(units * kept / (1 - p), net, label)
    scaled, by_p = (float(right_class(units * factor, net, label)) for factor in (1, p / (1 - p)))
    said = (scaled, float(right.mean()), float(right[-1]), by_p)
    return Result(p, label, np.where(kept[-1], units, np.nan), right, said, losses())


def draw(figure) -> dict:
    """The hidden units as a square, the answers of all masks, and loss by rate: median and range of four networks."""
    left, middle, right = figure.subplots(1, 3, width_ratios=[0.75, 1.05, 1])
    left.set(xticks=[], yticks=[], xlabel="64 hidden units\n(x: forgotten)")
    left.set_title("one mask")
    left.grid(False)
    middle.set(xlabel="probability of the right class", ylabel="masks", xlim=(0, 1), ylim=(0, 1.02), yticks=[])
    middle.set_title("who says what")
    right.set(xlabel="rate p", ylabel="cross-entropy", yscale="log", xlim=(0, 0.9), ylim=(0.08, 8))
    right.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    right.minorticks_off()
    right.set_title("all test digits, 4 networks")
    looks = list(zip(NAMES, COLORS, STYLES, strict=True))
    low, high = right.get_ylim()
    medians = np.median(losses(), -1)
    heights = spread([math.log(curve[-1] / low) / math.log(high / low) for curve in medians], 0.085)
    for (name, color, style), each, curve, height in zip(looks, losses(), medians, heights, strict=True):
        right.fill_between(RATES, each.min(-1), each.max(-1), color=color, alpha=0.15, linewidth=0)
        right.plot(RATES, curve, style, color=color, linewidth=1.8)
        right.text(1.03, height, name, color=color, transform=right.transAxes, va="center", fontsize=9)
    return {
        "units": left.imshow(np.zeros((8, 8)), cmap="Greys", vmin=0, vmax=1, interpolation="nearest"),
        "forgotten": left.plot([], [], "x", color=COLORS[3], markersize=7, markeredgewidth=1.6)[0],
        "masks": middle.stairs(np.zeros(len(BINS) - 1), BINS, fill=True, color=GRID),
        "said": [middle.plot([], [], s, color=c, linewidth=2)[0] for _, c, s in looks],
        "now": chosen_here(right),
    }


def update(artists: dict, result: Result) -> None:
    """Colour the units, cross out the forgotten ones, and move bars and lines; the losses stay."""
    known = np.nan_to_num(result.shown).reshape(8, 8)
    artists["units"].set_data(known / max(known.max(), 1e-9))
    rows, columns = np.nonzero(np.isnan(result.shown).reshape(8, 8))
    artists["forgotten"].set_data(columns, rows)
    counts = np.histogram(result.right, BINS)[0]
    artists["masks"].set_data(counts / counts.max())
    for line, place in zip(artists["said"], result.said, strict=True):
        line.set_data([place, place], [0, 1])
    axes = artists["now"].axes
    low, high = axes.get_ylim()
    artists["now"].set_data([result.rate] * 2, [low, high])


def sentence(result: Result) -> str:
    """Who gives the right class which probability, and what each way pays on all test digits."""
    scaled, mean, _, by_p = result.said
    paid = dict(zip(NAMES, np.median(result.losses[:, RATES.index(result.rate)], -1), strict=True))
    return (
        f"p = {result.rate:.1f}, a {result.digit}: probability of the right class {scaled:.3f} by the scaled pass, "
        f"{mean:.3f} on average over {counted(len(result.right), 'mask')}, {by_p:.3f} if scaled by p. Cross-entropy of "
        f"all test digits: {paid['scaled pass']:.2f} scaled pass, {paid['mean of masks']:.2f} mean of {MASKS} masks, "
        f"{paid['one mask']:.2f} one mask, {paid['scaled by p']:.2f} scaled by p."
    )


DESCRIPTION = Description(
    name="dropout",
    title="Who answers for a network that forgets?",
    about=(
        "Digits networks that were trained with dropout: one mask, the mean of many, one scaled pass. The rate p "
        "is the probability to forget a hidden unit, rounded to the nearest 0.1. The digits are the 20 of the test "
        "set that are most in doubt. The first look trains 40 networks."
    ),
    controls=(
        Slider("rate", 0.5, 0.0, 0.9, 0.1, "rate p"),
        Slider("masks", 100, 1, 1000, 0.25, "masks", log=True, whole=True),
        Slider("digit", 0, 0, DIGITS - 1, 1, "digit in doubt"),
        Slider("seed", 0, 0, 20, 1, "seed of the masks"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=240,
    presets=(
        Preset(
            "forget nothing", "every mask is the whole network: all ways agree, but for the factor p = 0", {"rate": 0.0}
        ),
        Preset("a fifth", "p / (1 - p) is a quarter: whoever scales by p is four times too quiet", {"rate": 0.2}),
        Preset(
            "nearly all",
            "one mask leaves about six of 64 units; scaled by p the network shouts, nine times too loud",
            {"rate": 0.9},
        ),
        Preset("few masks", "the mean of three masks is still an accident", {"masks": 3}),
    ),
    size=(9.6, 3.6),
    handles=(Handle("now", "rate", x="rate"),),
)

dropout = opener(DESCRIPTION)
