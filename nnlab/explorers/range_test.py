"""range_test: one short run with a growing learning rate, beside what full runs with many rates would have said."""

from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLUE, GREEN, MARK, SOFT, VERMILION
from nnlab.datasets import data
from nnlab.engine import ensemble, lr_range, optimizers
from nnlab.engine.network import Network
from nnlab.explorers.memory import remembered
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["range_test"]

SEEDS, FULL_STEPS = 8, 200
ENDS = (1e-5, 10.0)
RATES = tuple(float(f"{10 ** (k / 2):.1g}") for k in range(-8, 2))  # 0.0001, 0.0003, ..., 3
TOP, FULL = 3.8, (0.1, 4.0)  # of the pictures: smoothed loss, validation loss
COLOR, MARKS = BLUE, {"suggested": (GREEN, "-."), "lowest": (SOFT, "--"), "diverges": (VERMILION, ":")}


class Result(NamedTuple):
    """The three rates that the test finds, its curves, and the validation loss of full runs."""

    optimizer: str
    batch_size: int
    steps: int
    suggestion: float
    lowest: float
    diverges: float | None
    lr: np.ndarray  # (step,)
    smoothed: np.ndarray  # (member, step)
    median: np.ndarray  # (step,)
    full: np.ndarray  # (low, median or high, rate), after 200 steps of 8 members
    best: float  # of RATES: where the median of the full runs is lowest


def compute(optimizer: str, batch_size: str, steps: str, smoothing: float, seeds: int) -> Result:
    """Read the test off its losses, which are trained once for each optimizer, batch size and number of steps."""
    rates, losses = trained_losses(optimizer, int(batch_size), int(steps))
    found = lr_range.read(rates, lr_range.smooth(losses[:seeds], smoothing))
    smoothed = found.smoothed.numpy()
    full = full_runs(optimizer, int(batch_size))
    return Result(
        optimizer, int(batch_size), int(steps), found.suggestion, found.lowest, found.diverges,
        rates.numpy().copy(), smoothed, np.quantile(smoothed, 0.5, axis=0, method="lower"), full,
        RATES[int(full[1].argmin())],
    )  # fmt: skip


@remembered()
def network_and_digits() -> tuple:
    """One hidden layer of 32, and the digits."""
    return Network([64, 32, 10]), data.digits()


@remembered(64)
def trained_losses(optimizer: str, batch_size: int, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The learning rates (step,) and the mini-batch losses (member, step) of the range test with 8 seeds."""
    net, digits = network_and_digits()
    found = lr_range.range_test(
        net, digits, optimizers.get(optimizer)(), seeds=range(SEEDS), lr=ENDS, steps=steps, batch_size=batch_size,
        smoothing=0.0,
    )  # fmt: skip
    return found.lr, found.smoothed


@remembered(16)
def full_runs(optimizer: str, batch_size: int) -> np.ndarray:
    """The validation loss of 200 steps with each of RATES, 8 seeds each: (low, median or high, rate)."""
    net, digits = network_and_digits()
    runs = ensemble.train(
        net, digits, optimizers.get(optimizer)(), seeds=range(SEEDS), steps=FULL_STEPS, batch_size=batch_size,
        grid={"lr": RATES}, eval_every=FULL_STEPS,
    )  # fmt: skip
    last = np.nan_to_num(runs.val_loss[:, -1].numpy(), nan=np.inf).reshape(len(RATES), SEEDS)
    return np.quantile(last, (0.1, 0.5, 0.9), axis=1, method="lower")


def draw(figure) -> dict:
    """The range test on the left, full runs on the right, over the same learning rates."""
    left, right = figure.subplots(1, 2)
    left.set(xscale="log", xlim=ENDS, ylim=(0, TOP), xlabel="lr, growing at every step", ylabel="training loss")
    left.set_title("the range test: one run")
    right.set(xscale="log", xlim=ENDS, yscale="log", ylim=FULL, xlabel="lr, the same at every step")
    right.set_ylabel("validation loss after 200 steps")
    right.set_title("to compare: full runs, one rate each")
    right.set_yticks([0.1, 0.2, 0.5, 1, 2, 4], ["0.1", "0.2", "0.5", "1", "2", "4"])
    right.minorticks_off()
    heights = (0.21, 0.13, 0.05)
    suggested = right.text(1, FULL[1] * 0.9, "", color=MARKS["suggested"][0], ha="right", va="top", fontsize=9)
    suggested.set_in_layout(False)  # it moves, and the layout must not depend on where it was first
    return {
        "members": [left.plot([], [], "-", color=MARK, linewidth=0.7)[0] for _ in range(SEEDS)],
        "median": left.plot([], [], "-", color=COLOR, linewidth=2.2)[0],
        "marks": [left.plot([], [], s, color=c, linewidth=1.6)[0] for c, s in MARKS.values()],
        "keys": [
            left.plot([0.03, 0.11], [h, h], s, color=c, linewidth=1.6, transform=left.transAxes)[0]
            for (c, s), h in zip(MARKS.values(), heights, strict=True)
        ],
        "names": [
            left.text(0.13, h, "", color=c, transform=left.transAxes, va="center", fontsize=9)
            for (c, _), h in zip(MARKS.values(), heights, strict=True)
        ],
        "band": right.fill_between(RATES, 1, 1, color=COLOR, alpha=0.2, linewidth=0),
        "full": right.plot([], [], "o-", color=COLOR, markersize=5)[0],
        "here": right.plot([], [], "-.", color=MARKS["suggested"][0], linewidth=1.6)[0],
        "suggested": suggested,
    }


def update(artists: dict, result: Result) -> None:
    """Move all curves and marks; what is above the picture leaves through its top."""
    for k, line in enumerate(artists["members"]):
        line.set_data(result.lr, visible(result.smoothed[k])) if k < len(result.smoothed) else line.set_data([], [])
    artists["median"].set_data(result.lr, visible(result.median))
    found = (result.suggestion, result.lowest, result.diverges)
    for line, key, name, text, rate in zip(
        artists["marks"], artists["keys"], artists["names"], MARKS, found, strict=True
    ):
        line.set_data(*(([], []) if rate is None else ([rate, rate], [0, TOP])))
        key.set_visible(rate is not None)
        name.set_text("" if rate is None else f"{text}: {rate:.2g}")
    low, median, high = np.minimum(result.full, 2 * FULL[1])
    artists["band"].set_verts([np.r_[np.c_[RATES, low], np.c_[RATES, high][::-1]]])
    artists["full"].set_data(RATES, median)
    artists["here"].set_data([result.suggestion] * 2, FULL)
    artists["suggested"].set_text("suggested ")
    artists["suggested"].set_x(result.suggestion)


def visible(curve: np.ndarray) -> np.ndarray:
    """The curve as far as it is not far above the picture."""
    return np.where(curve <= 2 * TOP, curve, np.nan)


def sentence(result: Result) -> str:
    """What the test finds, and how far its suggestion is from the rate with the lowest median of the full runs."""
    ends = "" if result.diverges is None else f" and half of the gain is lost at {result.diverges:.2g}"
    return (
        f"{result.optimizer}, batch size {result.batch_size}, {result.steps} steps: the loss falls fastest at lr "
        f"{result.suggestion:.2g}, is lowest at {result.lowest:.2g}{ends}. Of full runs with {len(RATES)} rates, lr "
        f"{result.best:g} ends lowest (median of {SEEDS} seeds); the suggestion is "
        f"{result.suggestion / result.best:.2g} times it."
    )


DESCRIPTION = Description(
    name="range_test",
    title="Can one short run tell you the learning rate?",
    about=(
        "The learning-rate range test on digits (64-32-10), and full runs of 200 steps to compare it with. "
        "Smoothing is the memory of the running mean of the loss, seeds the number of runs that the median is of."
    ),
    controls=(
        Choice("optimizer", "Momentum", ("SGD", "Momentum", "RMSprop", "Adam"), "optimizer"),
        Choice("batch_size", "32", ("8", "32", "128"), "batch size"),
        Choice("steps", "200", ("50", "100", "200", "400"), "steps of the test"),
        Slider("smoothing", 0.9, 0.0, 0.98, 0.02, "smoothing"),
        Slider("seeds", SEEDS, 1, SEEDS, 1, "seeds"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=240,
    presets=(
        Preset(
            "SGD",
            "its suggestion is four times that of momentum, its best full run ten times",
            {"optimizer": "SGD"},
        ),
        Preset("Adam", "its steps have the length lr, so the rates are small", {"optimizer": "Adam"}),
        Preset("one seed, raw", "what a single run shows without smoothing", {"seeds": 1, "smoothing": 0.0}),
        Preset("too short", "50 steps: the loss has no time to fall before the rates are too large", {"steps": "50"}),
        Preset("too smooth", "the mean lags behind: lowest point and divergence move right", {"smoothing": 0.98}),
    ),
    size=(8.6, 3.6),
)  # fmt: skip

range_test = opener(DESCRIPTION)
