"""batch_norm: why does the same batch give two answers? Statistics of the batch against the running ones."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from nnlab.analysis.palette import BLUE, FAINT, SOFT, VERMILION
from nnlab.engine.normalization import EPS
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import above_the_axes, counted
from nnlab.stage.description import Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["batch_norm"]

MOST, UPDATES = 128, 200  # samples in a batch, training steps
MEAN, STD = 3.0, 2.0  # of the unit's pre-activation, before it moves
REACH = 4.0  # standard deviations on each side that the picture shows
BATCH, RUNNING, TRUTH = BLUE, VERMILION, SOFT


class Result(NamedTuple):
    """One unit after some updates; histories have an entry for the start and for every update."""

    batch_size: int
    momentum: float
    shift: float
    z: np.ndarray  # (sample,), the last batch
    train: np.ndarray  # (sample,), its outputs with its own statistics
    evaluation: np.ndarray  # (sample,), with the running ones
    batch_mean: np.ndarray  # (update,)
    batch_std: float  # of the last batch, with 1 / batch
    mean: np.ndarray  # (update + 1,), running
    var: np.ndarray  # (update + 1,)


@remembered(32)
def draws(seed: int) -> np.ndarray:
    """Standard normal numbers, (update, sample)."""
    return np.random.default_rng(seed).standard_normal((UPDATES, MOST))


def compute(batch_size: int, momentum: float, updates: int, shift: float, seed: int) -> Result:
    """Let the running statistics follow ``updates`` batches, then normalize the last one in both ways.

    z is normal with standard deviation 2; its mean moves evenly from 3 to 3 + shift in 200 updates, because the
    layers below learn. Running statistics start at mean 0 and variance 1 and move by (1 - momentum) old + momentum
    new, as in ``nnlab.normalization.batch_norm``. Weight 1 and bias 0, so the output is the standardized z.
    """
    m = batch_size
    z = STD * draws(seed)[:updates, :m] + true_mean(shift, np.arange(1, updates + 1))[:, None]
    batch_mean, batch_var = z.mean(1), z.var(1)
    mean, var = follow(0.0, batch_mean, momentum), follow(1.0, batch_var * m / (m - 1), momentum)
    train = (z[-1] - batch_mean[-1]) / math.sqrt(batch_var[-1] + EPS)
    evaluation = (z[-1] - mean[-1]) / math.sqrt(var[-1] + EPS)
    return Result(m, momentum, shift, z[-1], train, evaluation, batch_mean, math.sqrt(batch_var[-1]), mean, var)


def true_mean(shift: float, update):
    """The mean of z at an update."""
    return MEAN + shift * update / UPDATES


def follow(start: float, values: np.ndarray, momentum: float) -> np.ndarray:
    """The start, and the running value after each of ``values``."""
    running = [start]
    for value in values.tolist():
        running.append((1 - momentum) * running[-1] + momentum * value)
    return np.array(running)


def draw(figure) -> dict:
    """Output against input of the last batch on the left, the running statistics on the right."""
    left, right = figure.subplots(1, 2)
    left.set(xlabel="pre-activation z of a sample", ylabel="output of batch norm")
    left.set_title("one batch")
    right.set(xlabel="update", ylabel="pre-activation z")
    right.set_title("what is remembered")
    right.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    truth = {"color": TRUTH, "linewidth": 1.2}
    artists = {
        "gaps": left.plot([], [], "-", color=FAINT, linewidth=0.8, zorder=1)[0],
        "train": left.plot([], [], "o", color=BATCH, markersize=4.5, label="train")[0],
        "evaluation": left.plot([], [], "s", color=RUNNING, markersize=4.5, markerfacecolor="none", label="eval")[0],
        "means": right.plot([], [], ".", color=BATCH, markersize=4, label="batch means")[0],
        "truth": [right.plot([], [], style, **truth)[0] for style in ("-", ":", ":")],
        "running": [right.plot([], [], style, color=RUNNING, linewidth=2)[0] for style in ("-", "--", "--")],
    }
    right.plot([], [], "--", color=RUNNING, linewidth=2, label="running mean ± std")
    right.plot([], [], ":", label="true", **truth)
    above_the_axes(left, [artists["train"], artists["evaluation"]])
    right.legend(loc="lower right", ncols=1, labelspacing=0.2, borderpad=0.2)
    return artists


def update(artists: dict, result: Result) -> None:
    """Move dots and lines; limits change by steps, so that they change rarely."""
    left, right = artists["train"].axes, artists["means"].axes
    z, updates = result.z, len(result.batch_mean)
    low = min(MEAN - REACH * STD, math.floor(z.min()))
    high = max(MEAN + math.ceil(result.shift) + REACH * STD, math.ceil(z.max()))
    top = next(t for t in (3.5, 5, 8, 12, 20) if t >= max(np.abs(result.train).max(), np.abs(result.evaluation).max()))
    left.set(xlim=(low, high), ylim=(-top, top))
    artists["train"].set_data(z, result.train)
    artists["evaluation"].set_data(z, result.evaluation)
    between = np.full(len(z), np.nan)
    artists["gaps"].set_data(
        np.stack([z, z, between], 1).ravel(), np.stack([result.train, result.evaluation, between], 1).ravel()
    )
    right.set(xlim=(0, next(end for end in (10, 20, 50, 100, 200) if end >= updates)), ylim=(-6, high))
    steps = np.arange(updates + 1)
    artists["means"].set_data(steps[1:], result.batch_mean)
    for k, side in enumerate((0, 1, -1)):
        artists["truth"][k].set_data(steps, true_mean(result.shift, steps) + side * STD)
        artists["running"][k].set_data(steps, result.mean + side * np.sqrt(result.var))


def sentence(result: Result) -> str:
    """Both pairs of statistics, and how far the two outputs are apart."""
    apart = np.abs(result.train - result.evaluation)
    return (
        f"batch of {result.batch_size}, momentum {result.momentum:.2g}, "
        f"{counted(len(result.batch_mean), 'update')}: the batch has mean {result.batch_mean[-1]:.2f} and standard "
        f"deviation {result.batch_std:.2f}, remembered are {result.mean[-1]:.2f} and {math.sqrt(result.var[-1]):.2f}; "
        f"the two outputs of a sample differ by {apart.mean():.2f} on average, at most by {apart.max():.2f}."
    )


DESCRIPTION = Description(
    name="batch_norm",
    title="Why does the same batch give two answers?",
    about=(
        "One unit in front of batch norm: the same batch normalized by its own and by the running statistics. The "
        "momentum is the weight of the new value in the running statistics. In 200 updates the mean of z moves by "
        "shift."
    ),
    controls=(
        Slider("batch_size", 8, 2, MOST, math.log10(2), "batch size", log=True, whole=True),
        Slider("momentum", 0.1, 0.01, 0.9, 0.05, "momentum", log=True),
        Slider("updates", 10, 1, UPDATES, 1, "updates"),
        Slider("shift", 0.0, 0.0, 12.0, 0.5, "mean moves by"),
        Slider("seed", 0, 0, 20, 1, "seed"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=205,
    presets=(
        Preset(
            "just started",
            "after 3 updates the memory is still near its start, mean 0 and variance 1: evaluation is far off",
            {"updates": 3},
        ),
        Preset(
            "well trained",
            "large batches, many updates: both pairs of statistics agree",
            {"batch_size": 128, "updates": 200},
        ),
        Preset(
            "batch of two",
            "in training the outputs are 1 and -1, whatever the samples are",
            {"batch_size": 2, "updates": 200},
        ),
        Preset(
            "too forgetful",
            "momentum 0.9 remembers hardly more than the last batch, and repeats its chance",
            {"momentum": 0.9, "updates": 200},
        ),
        Preset(
            "too slow",
            "momentum 0.01 while the layer moves: the memory stays far behind",
            {"momentum": 0.01, "updates": 200, "shift": 12.0, "batch_size": 32},
        ),
    ),
    widest=({"batch_size": 3, "updates": 200},),
)

batch_norm = opener(DESCRIPTION)
