"""Exercises of notebook 07: when should you slow down?"""

from __future__ import annotations

import math

from nnlab.exercises.exercise import Exercise, Mistake
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]


def cosine(t, length):
    return (1 + math.cos(math.pi * t / length)) / 2


def warm_cosine(t):
    return 0.1 + 0.9 * t / 10 if t < 10 else cosine(t - 10, 90)


def by_epoch(step, steps_per_epoch):
    return 0.9 ** (step // steps_per_epoch)


EXERCISES = (
    Exercise(
        id="07.1",
        task="write the cosine schedule",
        solution=cosine,
        tested="your factor agrees with Loshchilov & Hutter's equation 5 at the start, in between and at the end.",
        cases=tuple((t, length) for length in (100, 37) for t in (0, 1, length // 4, length // 2, length - 1, length)),
        others=lambda generator: [
            (t, length) for length in whole(generator, 20, 400, 4) for t in whole(generator, 1, length - 1, 3)
        ],
        mistakes=(
            Mistake(
                lambda t, length: 1 + math.cos(math.pi * t / length),
                "your factor starts at 2: 1 + cos lies between 0 and 2, so halve it.",
            ),
            Mistake(
                lambda t, length: (1 + math.cos(2 * math.pi * t / length)) / 2,
                "your cosine makes a full turn and ends at 1 again: a half turn is pi t / length.",
            ),
            Mistake(
                lambda t, length: (1 - math.cos(math.pi * t / length)) / 2,
                "your factor climbs from 0 to 1: it is upside down.",
            ),
            Mistake(
                lambda t, length: math.cos(math.pi * t / length),
                "your factor is negative in the second half: lift the cosine by 1, then halve.",
            ),
            Mistake(
                lambda t, length: math.cos(math.pi * t / length / 2),
                "a quarter turn also falls from 1 to 0, but it ends steeply: take a lifted half turn.",
            ),
        ),
        hints=(
            "The cosine of 0 is 1 and the cosine of pi is -1. Lift it and halve it, and you have 1 and 0.",
            "(1 + math.cos(math.pi * t / length)) / 2. With torch it is torch.cos(torch.tensor(angle)).",
        ),
        tolerance=1e-4,
    ),
    Exercise(
        id="07.2",
        task="warm up for 10 steps, then follow a cosine for 90",
        solution=warm_cosine,
        tested="your factor agrees with WarmUp(10, 0.1, then=Cosine(90)) at ten times between 0 and 100.",
        cases=tuple((t,) for t in (0, 1, 5, 9, 10, 11, 30, 55, 80, 100)),
        others=lambda generator: [(t,) for t in whole(generator, 0, 100, 10)],
        mistakes=(
            Mistake(
                lambda t: 0.1 + 0.9 * t / 10 if t < 10 else cosine(t, 100),
                "your cosine does not start at 1 when the warm-up ends: its time is t - 10.",
            ),
            Mistake(
                lambda t: 0.1 + 0.9 * t / 10 if t < 10 else cosine(t - 10, 100),
                "your cosine is not at zero at t = 100: 10 steps are gone, so it has 90.",
            ),
            Mistake(
                lambda t: t / 10 if t < 10 else cosine(t - 10, 90),
                "your first step has the rate 0 and learns nothing: start at 0.1, not at 0.",
            ),
            Mistake(
                lambda t: 0.1 + t / 10 if t < 10 else cosine(t - 10, 90),
                "your warm-up is at 1 one step early, at t = 9: from 0.1 there are only 0.9 to go in 10 steps.",
            ),
            Mistake(
                lambda t: min(1.0, 0.1 + 0.9 * t / 10) * cosine(t, 100),
                "you multiply both: the cosine must wait until the warm-up is over.",
            ),
        ),
        hints=(
            "Two cases: t below 10, and the rest. What is the time of the cosine at t = 10?",
            "0.1 + 0.9 * t / 10 if t < 10 else my_cosine(t - 10, 90).",
        ),
        tolerance=1e-4,
    ),
    Exercise(
        id="07.3",
        task="find the k of a time decay",
        solution=0.3,
        tested="1 / (1 + 30 k) is a tenth.",
        mistakes=(
            Mistake(10 / 30, "you set k t = 10: solve 1 + k t = 10, with the 1."),
            Mistake(math.log(10) / 30, "that is the k of the exponential decay e^(-k t)."),
            Mistake(0.9 / 30, "1 / (1 + k t) is not 1 - k t: solve 1 + k t = 10."),
            Mistake(1 / 30, "this k halves the rate in 30 epochs: 1 + k t must be 10."),
        ),
        hints=(
            "Set 1 / (1 + 30 k) equal to 1 / 10, and turn both sides over.",
            "1 + 30 k = 10.",
        ),
        tolerance=1e-3,
    ),
    Exercise(
        id="07.4",
        task="count in epochs while the loop counts in steps",
        solution=by_epoch,
        tested="the factor stays the same within an epoch and is 0.9 times as large in the next, for three lengths.",
        cases=tuple((step, length) for length in (33, 4, 1) for step in (0, 1, 3, 4, 32, 33, 70)),
        others=lambda generator: [
            (step, length) for length in whole(generator, 2, 50, 3) for step in whole(generator, 0, 200, 7)
        ],
        mistakes=(
            Mistake(
                lambda step, steps_per_epoch: 0.9**step,
                "you multiply by 0.9 at every step: after one epoch of 33 steps only 3 % are left.",
            ),
            Mistake(
                lambda step, steps_per_epoch: 0.9 ** (step / steps_per_epoch),
                "your rate falls within the epoch: only whole epochs count, so divide with //.",
            ),
            Mistake(
                lambda step, steps_per_epoch: 0.9 ** (step // steps_per_epoch + 1),
                "your first epoch is already slowed down: epochs are counted from 0.",
            ),
            Mistake(
                lambda step, steps_per_epoch: 0.9 ** (step % steps_per_epoch),
                "% is the step within the epoch, and it starts anew in each: you need //.",
            ),
        ),
        hints=(
            "How many whole epochs lie behind the step?",
            "0.9 to the power of step // steps_per_epoch.",
        ),
    ),
    Exercise(
        id="07.5",
        task="change the batch size and keep the run",
        solution=0.4,
        tested="four times as many samples in a mini-batch, four times the lr: the linear scaling rule.",
        mistakes=(
            Mistake(0.025, "the wrong way round: a larger batch makes fewer steps, so each must be longer."),
            Mistake(0.2, "that is the square root rule. In the table above the same run needs the whole factor."),
            Mistake(0.1, "with the same lr and a quarter of the steps you get a quarter of the way."),
        ),
        hints=(
            "In the table above, find two rows with the same loss, and compare lr / batch size.",
            "0.1 / 32 must be equal to lr / 128.",
        ),
        tolerance=1e-6,
    ),
)
