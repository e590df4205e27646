"""Exercises of notebook 01: which way is down, and how far should you step?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import uniform

__all__ = ["EXERCISES"]

N = 20  # samples of the fit, named in a message


def bowl_slope(w):
    return 1.5 * (w - 2)


def wavy_slope(w):
    return math.cos(w) - 0.2


def points(seed: int, features: int) -> tuple:
    """w (features,), x (sample, features) and y (sample,) of a linear fit."""
    generator = torch.Generator().manual_seed(seed)
    return normal(generator, features), normal(generator, N, features), normal(generator, N)


def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)


def descend_until(flat, slope, w, lr, steps):
    """Step until ``flat(g)``; w and how many steps were made."""
    for step in range(steps):
        g = slope(w)
        if flat(g):
            return w, step
        w = w - lr * g
    return w, steps


def descend(slope, w, lr, steps, tolerance):
    return descend_until(lambda g: abs(g) < tolerance, slope, w, lr, steps)


def descend_one_more(slope, w, lr, steps, tolerance):
    w, made = descend(slope, w, lr, steps, tolerance)
    return (w - lr * slope(w), made + 1) if made < steps else (w, steps)


def descend_miscounted(slope, w, lr, steps, tolerance):
    w, made = descend(slope, w, lr, steps, tolerance)
    return w, min(made + 1, steps)


def descend_blind(slope, w, lr, steps, tolerance):
    first = slope(w)
    return descend(lambda _: first, w, lr, steps, tolerance)


def other_descents(generator):
    """Other starts and rates for the same four runs."""
    a, b, c, d = (0.8 + 0.4 * uniform(generator, 4)).tolist()
    return [
        (bowl_slope, -a, 0.5 * b, 100, 0.3),
        (wavy_slope, b, 0.2 * a, 100, 0.01),
        (bowl_slope, 5 * c, 0.3, 3, 0.05),
        (bowl_slope, 2 + 0.01 * d, 0.3, 10, 0.05),
    ]


EXERCISES = (
    Exercise(
        id="01.1",
        task="write the gradient of the mean squared error of x @ w",
        solution=gradient,
        tested=f"your gradient agrees with autograd's on {N} samples with 3 features and with 1 feature.",
        cases=(points(1, 3), points(2, 1)),
        mistakes=(
            Mistake(
                lambda w, x, y: 2 * x.T @ (x @ w - y), f"your gradient is exactly {N} times too large: mean or sum?"
            ),
            Mistake(
                lambda w, x, y: x.T @ (x @ w - y) / len(y),
                "your gradient is exactly half of the right one: the square brings a factor 2.",
            ),
            Mistake(
                lambda w, x, y: 2 * x.T @ (y - x @ w) / len(y),
                "your gradient has the wrong sign: the error is prediction minus target.",
            ),
            Mistake(
                lambda w, x, y: 2 * x.T @ (x @ w - y) / len(y) ** 2,
                f"your gradient is exactly {N} times too small: you divide by the number of samples twice.",
            ),
            Mistake(
                lambda w, x, y: 2 * (x @ w - y) / len(y),
                "this is the gradient at the predictions, one number for each sample. "
                "The chain rule goes on: each weight moves the prediction by its feature x.",
            ),
        ),
        hints=(
            "The error of one sample is e = x @ w - y, and its square e**2 changes with weight k as 2 * e * x[k].",
            "For all samples at once: 2 * x.T @ error / len(y), with error = x @ w - y.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="01.2",
        task="write a gradient descent that stops when the ground is flat",
        solution=descend,
        tested="w and the number of steps agree on four runs: two stop early, one at once, and one is cut off.",
        cases=(
            (bowl_slope, -1.0, 0.5, 100, 0.28125),  # the slope after two steps is exactly -0.28125: not below
            (wavy_slope, 1.0, 0.2, 100, 0.01),
            (bowl_slope, 5.0, 0.3, 3, 0.05),
            (bowl_slope, 2.01, 0.3, 10, 0.05),
        ),
        others=other_descents,
        mistakes=(
            Mistake(
                lambda slope, w, lr, steps, tolerance: descend(slope, w, -lr, steps, tolerance),
                "your w walks uphill: the slope points up, so subtract it.",
            ),
            Mistake(
                lambda slope, w, lr, steps, tolerance: descend_until(lambda g: g < tolerance, slope, w, lr, steps),
                "you stop wherever the slope is negative: flat means that abs(slope) is small.",
            ),
            Mistake(
                lambda slope, w, lr, steps, tolerance: descend_until(lambda g: False, slope, w, lr, steps),
                "you never stop early: test abs(slope) < tolerance inside the loop.",
            ),
            Mistake(
                descend_one_more,
                "you still step after the ground is flat: test the slope first, then step.",
            ),
            Mistake(
                descend_miscounted,
                "your w is right, but you count one step too many: before the first step you have made 0.",
            ),
            Mistake(
                descend_blind,
                "you use the slope at the start for every step: ask for slope(w) again inside the loop.",
            ),
        ),
        hints=(
            "Loop over range(steps). In the loop: ask for the slope, return if it is small, otherwise step.",
            "if abs(g) < tolerance: return w, step. Below it, w = w - lr * g. After the loop, return w, steps.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="01.3",
        task="find the learning rate above which 3 w1^2 + 8 w2^2 diverges",
        solution=0.125,
        tested="gradient descent on 3 w1^2 + 8 w2^2 holds up to this lr, and diverges above it.",
        mistakes=(
            Mistake(0.25, "you divided by 8. The curvature is the second derivative: of 8 w2^2 it is not 8."),
            Mistake(2 / 6, "that is the limit along w1. Along w2 the curvature is larger, and w2 diverges first."),
            Mistake(1 / 16, "this lr lands in one step along w2. Divergence begins at twice this value."),
            Mistake(
                2 / 22,
                "that is the best lr, 2 / (sum of both curvatures), not the limit. Which is the largest that holds?",
            ),
        ),
        hints=(
            "Differentiate twice, along w1 and along w2: which curvature is the larger one?",
            "The curvatures are 6 and 16, and the limit is 2 divided by the larger one.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="01.4",
        task="choose a batch size",
        solution=64,
        tested="with this batch size the root of the variance is half as large as with 16 samples.",
        mistakes=(
            Mistake(
                32,
                "with 32 samples the *variance* is half as large. The typical error is its square root.",
            ),
            Mistake(8, "a smaller batch makes the error larger."),
            Mistake(
                256,
                "with 256 samples the variance is 16 times smaller, so the typical error is 4 times smaller: too far.",
            ),
        ),
        hints=(
            "The typical error is the square root of the variance. To halve the root, what must the variance do?",
            "The variance must be 4 times smaller, so m must be 4 times larger than 16.",
        ),
        tolerance=1e-9,
    ),
)
