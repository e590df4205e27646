"""ensemble: how much better is the mean of K predictors? Independent ones on a disc, and digits networks."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLACK, BLUE, MARK, PAPER, VERMILION
from nnlab.datasets import data
from nnlab.engine import loop, losses
from nnlab.engine.ensemble import one_thread, probabilities, rows
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import chosen_here, counted, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["ensemble"]

MEMBERS, REPEATS = 32, 1000
STEPS, BATCH, LR = 200, 32, 0.01
SIZES = np.arange(1, MEMBERS + 1)
NETWORKS = ("the same 1,077 digits", "own draw of 1,077", "own 33 digits")
DISC, DIGITS = BLUE, VERMILION


class Result(NamedTuple):
    """Errors relative to that of a single predictor; ``disc``, ``theory`` and ``digits`` are (K = 1 to 32,)."""

    members: int
    shared: float
    networks: str
    points: np.ndarray  # (K, 2), one draw of predictors whose target is the centre
    disc: np.ndarray
    theory: np.ndarray
    digits: np.ndarray


@remembered(32)
def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points, uniform on the unit disc: the common error (repeat, 1, 2), and each predictor's own (repeat, 32, 2)."""
    draw = np.random.default_rng(seed)
    radius, angle = np.sqrt(draw.random((REPEATS, MEMBERS + 1))), 2 * np.pi * draw.random((REPEATS, MEMBERS + 1))
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
    return points[:, :1], points[:, 1:]


@remembered(32)
def mean_squares(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean square of the common error, and of the mean of K own ones, and twice their mean product: each by K, (32,).

    They are all that the mean square of a mixture of both needs, so a slider that mixes them costs nothing.
    """
    common, own = drawn(seed)
    means = own.cumsum(1) / SIZES[:, None]  # (repeat, K, 2)
    pairs = ((common, common), (means, means), (2 * common, means))
    return tuple((a * b).sum(-1).mean(0) for a, b in pairs)


def on_the_disc(shared: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The predictors of the first draw, (32, 2), and the mean square of the mean of K of them, (32,), over all draws.

    Each error is sqrt(shared) * common + sqrt(1 - shared) * own, so two of them have the correlation ``shared``.
    """
    common, own = (errors[0] for errors in drawn(seed))
    square_common, square_own, product = mean_squares(seed)
    mixed = shared * square_common + (1 - shared) * square_own + np.sqrt(shared * (1 - shared)) * product
    return np.sqrt(shared) * common + np.sqrt(1 - shared) * own, mixed


def expected(square, product, sizes=SIZES):
    """The expected square of the mean of K errors, square / K + (1 - 1 / K) product (Goodfellow et al. 2016, eq. 7.51).

    ``square`` is the mean square of one error, ``product`` the mean product of two. It is also exactly the mean over
    all teams of K out of a larger number.
    """
    return square / sizes + (1 - 1 / sizes) * product


@remembered(8)
def samples(networks: str) -> torch.Tensor:
    """Which of the 1,077 training digits each member learns from, (member, sample)."""
    if networks == NETWORKS[0]:
        return torch.arange(1077).expand(MEMBERS, -1)
    generator = torch.Generator().manual_seed(0)
    if networks == NETWORKS[1]:
        return torch.randint(1077, (MEMBERS, 1077), generator=generator)
    return torch.randperm(1077, generator=generator)[: 33 * MEMBERS].view(MEMBERS, 33)


@remembered(8)
@torch.inference_mode()
@one_thread()
def answers(networks: str) -> np.ndarray:
    """Probabilities of the test digits by 32 networks, (member, digit, class); trained in one batched pass."""
    net, digits = Network([64, 32, 10]), data.digits(seed=0)
    params, batches = net.init(seed=range(MEMBERS)), mini_batches(digits.train, samples(networks))
    (last,) = deque(loop.steps(net, params, Adam(lr=LR), batches, losses.cross_entropy), maxlen=1)
    return probabilities(net, last.params, digits.test.x).numpy()


def mini_batches(part: data.Split, own: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """For every step BATCH of the samples that each member owns, drawn with replacement."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        index = own.gather(1, torch.randint(own.shape[1], (MEMBERS, BATCH), generator=generator))  # (member, batch)
        yield rows(part.x, index), part.y[index]


@remembered(8)
def on_digits(networks: str) -> tuple[float, float]:
    """The mean square of a network's error (its Brier score) and the mean product of the errors of two networks.

    An error is the probabilities minus the one-hot label.
    """
    errors = answers(networks) - np.eye(10)[data.digits(seed=0).test.y]  # (member, digit, class)
    square = (errors**2).sum(-1).mean()
    all_pairs = (errors.sum(0) ** 2).sum(-1).mean()
    return float(square), float((all_pairs - MEMBERS * square) / (MEMBERS * (MEMBERS - 1)))


def compute(members: int, shared: float, networks: str, seed: int) -> Result:
    """The error of the mean of K predictors, divided by that of one."""
    points, disc = on_the_disc(shared, seed)
    square, product = on_digits(networks)
    theory, digits = expected(1, shared), expected(1, product / square)
    return Result(members, shared, networks, points[:members], disc / 0.5, theory, digits)


def draw(figure) -> dict:
    """The predictors of one draw and their mean on the left, errors by K on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.7])
    angle = np.linspace(0, 2 * np.pi, 101)
    left.plot(np.cos(angle), np.sin(angle), "-", color=MARK, linewidth=1.2)
    left.plot(0, 0, "+", color=BLACK, markersize=12, markeredgewidth=2)
    left.set(xlim=(-1.45, 1.45), ylim=(-1.45, 1.45), xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="x", ylabel="y")
    left.set_aspect("equal")
    left.set_title("K predictors, and their mean")
    right.set(xlabel="predictors K", ylabel="error of the mean / of one", xscale="log", yscale="log")
    right.set(xlim=(0.9, 35), ylim=(0.022, 1.3))
    sizes, levels = 2 ** np.arange(6), (0.03, 0.1, 0.3, 1)
    right.set_xticks(sizes, map(str, sizes))
    right.set_yticks(levels, map(str, levels))
    right.minorticks_off()
    right.set_title("squared error by number of predictors")
    right.plot(SIZES, 1 / SIZES, ":", color=BLACK, linewidth=1.4)
    return {
        "points": left.plot([], [], "o", color=DISC, markersize=5, markeredgecolor=PAPER, label="one predictor")[0],
        "miss": left.plot([], [], "-", color=DIGITS, linewidth=2, label="miss of the mean")[0],
        "mean": left.plot([], [], "*", color=DIGITS, markersize=14, markeredgecolor=PAPER, label="mean")[0],
        "now": chosen_here(right),
        "theory": right.plot([], [], "-", color=DISC, linewidth=1.4)[0],
        "disc": right.plot([], [], "o", color=DISC, markersize=4.5)[0],
        "digits": right.plot([], [], "--s", color=DIGITS, markersize=3.5, linewidth=1.4)[0],
        "labels": end_labels(right, {"1 / K": BLACK, "disc": DISC, "digits networks": DIGITS}),
    }


def update(artists: dict, result: Result) -> None:
    """Move predictors, their mean, and the curves."""
    mean = result.points.mean(0)
    artists["points"].set_data(*result.points.T)
    artists["miss"].set_data([0, mean[0]], [0, mean[1]])
    artists["mean"].set_data(mean[:1], mean[1:])
    right = artists["now"].axes
    low, high = right.get_ylim()
    artists["now"].set_data([result.members] * 2, [low, high])
    artists["theory"].set_data(SIZES, result.theory)
    shown = 2 ** np.arange(6) - 1
    artists["disc"].set_data(SIZES[shown], result.disc[shown])
    artists["digits"].set_data(SIZES[shown], result.digits[shown])
    ends = (1 / MEMBERS, result.theory[-1], result.digits[-1])
    to_the_ends(artists["labels"], [float(np.log(end / low) / np.log(high / low)) for end in ends])


def sentence(result: Result) -> str:
    """The miss of this draw, and the errors of K predictors relative to one, measured and expected."""
    k, miss = result.members, float((result.points.mean(0) ** 2).sum())
    return (
        f"{counted(k, 'predictor')} on the disc, {result.shared:.0%} of their error shared: squared miss {miss:.3f} in "
        f"this draw; over {REPEATS:,} draws {result.disc[k - 1]:.3f} of one predictor's error, expected "
        f"{result.theory[k - 1]:.3f}; {counted(k, 'digits network')} ({result.networks}): {result.digits[k - 1]:.3f}."
    )


DESCRIPTION = Description(
    name="ensemble",
    title="How much better is the mean of K predictors?",
    about=(
        "The mean of K predictors: independent ones on a disc, and 32 digits networks. The shared part is the "
        "correlation of the errors of two predictors on the disc. An own draw of 1,077 digits is one with "
        "replacement. The first look trains the networks."
    ),
    controls=(
        Slider("members", 4, 1, MEMBERS, 0.1, "predictors K", log=True, whole=True),
        Slider("shared", 0.0, 0.0, 1.0, 0.05, "shared part"),
        Choice("networks", NETWORKS[0], NETWORKS, "networks"),
        Slider("seed", 0, 0, 20, 1, "seed of the disc"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=210,
    presets=(
        Preset("independent", "the error falls as 1 / K: ten times as many, a tenth of the error", {"members": 32}),
        Preset("half shared", "no number of predictors averages the shared half away", {"members": 32, "shared": 0.5}),
        Preset(
            "like the networks",
            "networks that learn from the same digits err almost alike",
            {"members": 32, "shared": 0.83},
        ),
        Preset(
            "own digits",
            "33 digits for each network: they agree less, so averaging helps more",
            {"members": 32, "networks": NETWORKS[2], "shared": 0.47},
        ),
    ),
    size=(8.4, 3.5),
    handles=(Handle("now", "predictors", x="members"),),
)

ensemble = opener(DESCRIPTION)
