"""label_smoothing: what happens when a network may not be quite sure? A loss with an end, and how sure it gets."""

import math
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.calibration import Reliability, calibration_error, reliability
from nnlab.analysis.palette import BLACK, BLUE, MARK, SOFT, VERMILION
from nnlab.datasets import data
from nnlab.engine import ensemble
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import above_the_axes, counted
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["label_smoothing"]

CLEAN, WRONG = "1,077 digits", "300 digits, a fifth wrong"
STEP, HIGHEST, SEEDS = 0.05, 0.5, range(4)
AMOUNTS = [round(k * STEP, 2) for k in range(round(HIGHEST / STEP) + 1)]
TRAINING_STEPS, BINS = 400, 10
FEWEST = 20  # samples in a bin that is shown: the share of right answers among fewer is chance
LR = 1.0  # of the descent on free logits
GAPS = np.linspace(0, 14, 141)
PLAIN, SMOOTHED = SOFT, BLUE


class Result(NamedTuple):
    """The loss of one sample by logit gap, and four digits networks that were trained with the same smoothing."""

    smoothing: float
    classes: int
    labels: str
    loss: np.ndarray  # (gap,), at ``GAPS``
    best: float  # the gap where it is lowest, inf without smoothing
    path: list[float]  # the gap before the first step of gradient descent, and after each
    shown: Reliability  # all four networks together
    errors: np.ndarray  # (seed,), the expected calibration error of each
    confidence: float  # mean over samples and networks
    accuracy: float


def best_gap(smoothing: float, classes: int) -> float:
    """log(K (1 - a) / a + 1): where softmax gives the right class its target, 1 - a + a / K, and the others a / K."""
    return math.log(classes * (1 - smoothing) / smoothing + 1) if smoothing else math.inf


def loss_by_gap(gap, smoothing: float, classes: int):
    """Cross-entropy when the right logit is ``gap`` above all others: log(1 + (K-1) e^-gap) + a (K-1)/K gap."""
    return np.log1p((classes - 1) * np.exp(-gap)) + smoothing * (classes - 1) / classes * gap


def descend(smoothing: float, classes: int, steps: int) -> list[float]:
    """Gradient descent on the logits of one sample, all zero at first; the wrong ones stay equal, by symmetry."""
    gap, path = 0.0, [0.0]
    for _ in range(steps):
        too_low = 1 / (1 + (classes - 1) * math.exp(-gap)) - (1 - smoothing + smoothing / classes)  # p - goal
        gap -= LR * too_low * (1 + 1 / (classes - 1))  # what the right logit loses, the others share
        path.append(gap)
    return path


@remembered(2)
def trained(labels: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities (amount, seed, test digit, class) of networks of every amount of smoothing, and the labels."""
    digits, width = data.digits(), 64
    if labels == WRONG:
        digits, width = data.mislabelled(digits, 0.2), 128
        first = data.Split(digits.train.x[:300], digits.train.y[:300])
        digits = data.Dataset(labels, first, digits.val, digits.test, 10)
    net = Network([64, width, 10])
    history = ensemble.train(
        net,
        digits,
        Adam(lr=0.01),
        seeds=SEEDS,
        steps=TRAINING_STEPS,
        batch_size=32,
        grid={"label_smoothing": AMOUNTS},
        eval_every=TRAINING_STEPS,
    )
    with ensemble.one_thread():
        p = ensemble.probabilities(net, history.params, digits.test.x)
    return p.view(len(AMOUNTS), len(SEEDS), *p.shape[1:]), digits.test.y


@remembered(64)
def calibrated(amount: int, labels: str) -> tuple[Reliability, np.ndarray, float, float]:
    """Diagram of the four networks of one amount together, the error of each, mean confidence and accuracy."""
    p, y = trained(labels)
    p = p[amount]
    shown = reliability(p.flatten(0, 1), y.repeat(len(p)), BINS)
    confidence, answer = p.max(-1)
    right = (answer == y).double().mean()
    return shown, calibration_error(p, y).numpy(), float(confidence.mean()), float(right)


def compute(smoothing: float, classes: int, steps: int, labels: str) -> Result:
    """Loss, descent and networks for one amount of smoothing, which is rounded to the nearest 0.05."""
    amount = round(smoothing / STEP)
    a, k = AMOUNTS[amount], classes
    path = descend(a, k, steps)
    return Result(a, k, labels, loss_by_gap(GAPS, a, k), best_gap(a, k), path, *calibrated(amount, labels))


def draw(figure) -> dict:
    """The loss by logit gap on the left, the reliability diagram on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set(xlabel="right logit minus the others", ylabel="loss of one sample", xlim=(0, 14), ylim=(0, 7.5))
    left.set_title("one sample")
    right.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
    right.set_title("digits networks")
    right.plot([0, 1], [0, 1], "--", color=MARK, linewidth=1)
    right.text(0.6, 0.12, "too sure", color=SOFT, fontsize=9)
    right.text(0.03, 0.94, "not sure enough", color=SOFT, fontsize=9)
    artists = {
        "plain": left.plot([], [], "--", color=PLAIN, linewidth=1.4, label="a = 0")[0],
        "loss": left.plot([], [], "-", color=SMOOTHED, linewidth=2, label="smoothed")[0],
        "best": left.plot([], [], "*", color=BLACK, markersize=15, linestyle="", label="lowest")[0],
        "now": left.plot([], [], "o", color=VERMILION, markersize=5, linestyle="", label="descent")[0],
        "without": right.plot([], [], "--s", color=PLAIN, linewidth=1.2, markersize=3.5, label="a = 0")[0],
        "with": right.plot([], [], "-o", color=SMOOTHED, linewidth=1.8, markersize=6, label="smoothed")[0],
    }
    above_the_axes(left, [artists[name] for name in ("plain", "loss", "best", "now")])
    above_the_axes(right, [artists["without"], artists["with"]])
    return artists


def update(artists: dict, result: Result) -> None:
    """Move both curves, the star, the dot of the descent, and both lines of the diagram."""
    a, k, gap = result.smoothing, result.classes, result.path[-1]
    artists["plain"].set_data(GAPS, loss_by_gap(GAPS, 0.0, k))
    artists["loss"].set_data(GAPS, result.loss)
    star = [result.best] if a else []
    artists["best"].set_data(star, [loss_by_gap(g, a, k) for g in star])
    artists["now"].set_data([gap], [loss_by_gap(gap, a, k)])
    for name, shown in (("without", calibrated(0, result.labels)[0]), ("with", result.shown)):
        many = shown.counts >= FEWEST
        artists[name].set_data(shown.confidence[many], shown.accuracy[many])


def sentence(result: Result) -> str:
    """The best gap and the one that was reached; accuracy, confidence and calibration error of the networks."""
    a, gap, steps = result.smoothing, result.path[-1], counted(len(result.path) - 1, "step")
    labels = f"{WRONG}, in the test too" if result.labels == WRONG else result.labels
    where = f"is lowest at the logit gap {result.best:.2f}" if a else "falls for ever as the logit gap grows"
    return (
        f"a = {a:.2g}, {result.classes} classes: the loss {where}; {steps} of descent reach {gap:.2f}. "
        f"Networks on {labels}: accuracy {result.accuracy:.1%}, confidence {result.confidence:.1%}, "
        f"calibration error {np.median(result.errors):.3f} ({result.errors.min():.3f} to {result.errors.max():.3f})."
    )


DESCRIPTION = Description(
    name="label_smoothing",
    title="What happens when a network may not be quite sure?",
    about=(
        "The loss with smoothed labels, and how sure networks become that learn with it. The amount a is rounded "
        "to the nearest 0.05. On the left, gradient descent with lr 1 moves the logits of one sample. On the right "
        "are networks; with wrong labels, a fifth of the test labels are wrong as well, and accuracy and "
        "calibration are measured against them. The first look trains the networks."
    ),
    controls=(
        Slider("smoothing", 0.1, 0.0, HIGHEST, STEP, "smoothing a"),
        Slider("classes", 10, 2, 1000, 0.15, "classes K (left)", log=True, whole=True),
        Slider("steps", 100, 1, 1000, 0.25, "descent steps (left)", log=True, whole=True),
        Choice("labels", WRONG, (WRONG, CLEAN), "networks learn"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=240,
    presets=(
        Preset(
            "no smoothing",
            "the loss has no lowest point: 1,000 steps, and the gap still grows",
            {"smoothing": 0.0, "steps": 1000},
        ),
        Preset("clean digits", "these networks were right to be sure: now they say too little", {"labels": CLEAN}),
        Preset("too much", "a half of every label is spread out: nobody dares to be sure", {"smoothing": 0.5}),
        Preset(
            "many classes",
            "a thousand classes: the best gap grows only as the logarithm of their number",
            {"classes": 1000, "steps": 1000},
        ),
    ),
    size=(9.0, 3.7),
)

label_smoothing = opener(DESCRIPTION)
