"""schedule: what does a learning rate that changes do to a descent with noisy gradients?"""

import math
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLUE, VERMILION
from nnlab.engine.schedules import (
    Cosine,
    CosineRestarts,
    Exponential,
    InverseRoot,
    Schedule,
    Step,
    TimeDecay,
    Triangular,
    WarmUp,
)
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["schedule"]

STEPS, RUNS = 400, 64
START = (3.0, 4.0)
WALLS, FLAT = 0.3, 0.02  # loss = x^2 / 2 + WALLS x^4 / 4 + FLAT y^2 / 2
LOST = 1e6  # a run whose loss is above it has left for good
FLOOR = 1e-5  # of the picture
COLORS, WIDTH = (BLUE, VERMILION), 2.0

FORMULAS = {  # name -> the schedule that after T steps is at a tenth or at zero, or has gone round four times or more
    "time decay": lambda T: TimeDecay(k=float(f"{9 / T:.3g}")),
    "exponential": lambda T: Exponential(k=float(f"{math.log(10) / T:.3g}")),
    "step": lambda T: Step(every=T // 2, gamma=0.316),
    "inverse root": lambda T: InverseRoot(scale=float(f"{T / 99:.3g}")),
    "cosine": lambda T: Cosine(length=T),
    "cosine restarts": lambda T: CosineRestarts(first=T // 4),
    "triangular": lambda T: Triangular(half=T // 8, lowest=0.1),
}


class Result(NamedTuple):
    """The factor of lr by step, and the loss of 64 runs with it and with a constant lr, as quantiles."""

    schedule: Schedule
    lr: float
    noise: float
    factor: np.ndarray  # (step,)
    quantiles: np.ndarray  # (scheduled or constant, low, median or high, step + 1); inf where a run has left
    lost: tuple[int, int]  # how many of the 64 runs left, scheduled and constant


def compute(formula: str, lr: float, T: int, warm_up: int, noise: float) -> Result:
    """Descend 400 steps, 64 times, with the schedule and with a constant rate, both with the same noise."""
    schedule = FORMULAS[formula](T)
    if warm_up:
        schedule = WarmUp(length=warm_up, start=0.01, then=schedule)
    factor = np.array([schedule(t) for t in range(STEPS)])
    losses = descend(lr * np.stack([factor, np.ones(STEPS)], 1), noise)
    lost = ~np.isfinite(losses[-1])  # (scheduled or constant, run)
    quantiles = np.quantile(losses, (0.1, 0.5, 0.9), axis=2, method="lower").transpose(2, 0, 1)
    return Result(schedule, lr, noise, factor, quantiles, tuple(lost.sum(1).tolist()))


def descend(rates: np.ndarray, noise: float) -> np.ndarray:
    """The loss (step + 1, scheduled or constant, run) of runs with these learning rates (step, scheduled or constant).

    The gradient is (x + 0.3 x^3, 0.02 y) plus noise, smaller along y, as the noise of mini-batches is where a loss is
    flat.
    """
    x, y = (np.full((2, RUNS), start) for start in START)
    path = np.empty((STEPS + 1, 2, 2, RUNS))
    path[0] = x, y
    kicks = noise * draws()
    for t, rate in enumerate(rates[:, :, None]):
        x = x - rate * (x + WALLS * x**3 + kicks[t, 0])
        y = y - rate * (FLAT * y + kicks[t, 1])
        x = np.clip(x, -1e6, 1e6)  # far beyond LOST, and no overflow
        path[t + 1] = x, y
    x, y = path[:, 0], path[:, 1]
    loss = x**2 / 2 + WALLS * x**4 / 4 + FLAT * y**2 / 2
    return np.where(np.maximum.accumulate(loss, 0) > LOST, np.inf, loss)


@remembered()
def draws() -> np.ndarray:
    """The noise of every step, (step, x or y, 1, run), the same in every call; along y it is sqrt(FLAT) as large."""
    scale = np.array([1.0, math.sqrt(FLAT)])[:, None, None]
    return scale * np.random.default_rng(0).standard_normal((STEPS, 2, 1, RUNS))


def draw(figure) -> dict:
    """The factor by step on the left, the loss by step on the right, each beside the constant rate."""
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
    left.set(xlabel="step", ylabel="learning rate, in units of lr", xlim=(0, STEPS), ylim=(0, 1.06))
    left.set_title("the schedule")
    left.axhline(1, linestyle="--", color=COLORS[1], linewidth=1.4)
    right.set(xlabel="step", ylabel="loss, without its noise", xlim=(0, STEPS), yscale="log")
    right.set_title("64 runs: median and middle 80 %")
    steps, nothing = np.arange(STEPS + 1), np.full(STEPS + 1, FLOOR)
    names, styles = ("scheduled", "constant"), ("-", "--")
    return {
        "factor": left.plot([], [], "-", color=COLORS[0], linewidth=WIDTH)[0],
        "bands": [right.fill_between(steps, nothing, nothing, color=c, alpha=0.2, linewidth=0) for c in COLORS],
        "medians": [right.plot([], [], s, color=c, linewidth=WIDTH)[0] for s, c in zip(styles, COLORS, strict=True)],
        "labels": end_labels(right, dict(zip(names, COLORS, strict=True))),
        "outs": [right.plot([], [], "x", color=c, markersize=9, markeredgewidth=2)[0] for c in COLORS],
    }


def update(artists: dict, result: Result) -> None:
    """Move the schedule, both medians with their bands, and the labels; a cross stands where a median is lost."""
    top = LOST if any(result.lost) else 30.0
    artists["medians"][0].axes.set_ylim(FLOOR, top)
    artists["factor"].set_data(np.arange(STEPS), result.factor)
    steps = np.arange(STEPS + 1)
    heights = []
    for k, (low, median, high) in enumerate(np.clip(result.quantiles, FLOOR, LOST)):
        end = int((result.quantiles[k, 1] < LOST).sum())
        artists["medians"][k].set_data(steps[:end], median[:end])
        artists["bands"][k].set_verts([np.r_[np.c_[steps, low], np.c_[steps, high][::-1]]])
        artists["outs"][k].set_data(*(([end - 1], median[end - 1 : end]) if end <= STEPS else ([], [])))
        heights.append(math.log(median[end - 1] / FLOOR) / math.log(top / FLOOR))
    for label, name, lost in zip(artists["labels"], ("scheduled", "constant"), result.lost, strict=True):
        label.set_text(f"{name}\n{lost} lost" if lost else name)
    to_the_ends(artists["labels"], heights, 0.17 if any(result.lost) else 0.085)


def sentence(result: Result) -> str:
    """The schedule as it is written, its last rate, and how both descents end."""
    ends = [ending(median[-1], lost) for (_, median, _), lost in zip(result.quantiles, result.lost, strict=True)]
    return (
        f"{result.schedule}, lr {result.lr:.3g}, noise {result.noise:.2g}: the last step has lr "
        f"{result.lr * result.factor[-1]:.2g}; {ends[0]}, with the constant rate {ends[1]}."
    )


def ending(loss: float, lost: int) -> str:
    """How the runs of one kind end, in words."""
    if lost == RUNS:
        return "all 64 runs are lost"
    if loss == np.inf:
        return f"{lost} of 64 runs are lost"
    return f"the loss ends at {loss:.2g}" + (f" and {lost} of 64 runs are lost" if lost else "")


DESCRIPTION = Description(
    name="schedule",
    title="When should you slow down?",
    about=(
        "A learning-rate schedule, and what it does to 64 descents with noisy gradients. The loss has two "
        "directions: one with walls that are steep far out, where a large rate overshoots, and a flat one, which "
        "needs a large rate for long. After T steps time decay, exponential, step and inverse root are at a tenth, "
        "cosine is at zero, and cosine restarts and triangular have gone round four times (more often when T is "
        "small and no multiple of 8). The noise is the standard deviation of the gradient along the steep "
        "direction."
    ),
    controls=(
        Choice("formula", "cosine", tuple(FORMULAS), "formula"),
        Slider("lr", 0.5, 0.01, 2.0, 0.05, "learning rate lr", log=True),
        Slider("T", 400, 10, 400, 10, "time scale T (steps)"),
        Slider("warm_up", 0, 0, 100, 5, "warm-up (steps)"),
        Slider("noise", 0.5, 0.0, 1.5, 0.05, "gradient noise"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=220,
    presets=(
        Preset("too early", "at step 80 a hundredth of lr is left: it stands still", {"formula": "step", "T": 40}),
        Preset("no noise", "nothing to average away: the constant rate wins", {"noise": 0.0}),
        Preset("climbs again", "a cosine of 200 steps in a run of 400: it is back at the top", {"T": 200}),
        Preset("restarts", "four falls: the loss jumps with each restart", {"formula": "cosine restarts"}),
        Preset("too fast a start", "lr 0.8 on the steep wall: both leave at once", {"lr": 0.8}),
        Preset("warm-up", "lr 0.8, after 20 steps that get it down the wall", {"lr": 0.8, "warm_up": 20, "T": 380}),
    ),
    size=(8.4, 3.6),
)  # fmt: skip

schedule = opener(DESCRIPTION)
