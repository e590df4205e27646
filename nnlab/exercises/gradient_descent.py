"""Exercises of notebook 01: which way is down, and how far should you step?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake

N = 20  # samples of the fit, named in a message


def wave(w):
    return math.sin(w) + w**3


def growth(w):
    return math.exp(w / 2)


def bowl_slope(w):
    return 1.5 * (w - 2)


def wavy_slope(w):
    return math.cos(w) - 0.2


def points(seed: int, features: int) -> tuple:
    """w (features,), x (sample, features) and y (sample,) of a linear fit."""
    draw = {"generator": torch.Generator().manual_seed(seed), "dtype": torch.float64}
    return torch.randn(features, **draw), torch.randn(N, features, **draw), torch.randn(N, **draw)


def slope(f, w, h):
    return (f(w + h) - f(w - h)) / (2 * h)


def slope_forward(f, w, h):
    return (f(w + h) - f(w)) / h


def slope_backward(f, w, h):
    return (f(w) - f(w - h)) / h


def slope_without_two(f, w, h):
    return (f(w + h) - f(w - h)) / h


def slope_times_h(f, w, h):
    return (f(w + h) - f(w - h)) / 2 * h


def slope_reversed(f, w, h):
    return (f(w - h) - f(w + h)) / (2 * h)


def gradient(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y)


def gradient_of_sum(w, x, y):
    return 2 * x.T @ (x @ w - y)


def gradient_of_half(w, x, y):
    return x.T @ (x @ w - y) / len(y)


def gradient_reversed(w, x, y):
    return 2 * x.T @ (y - x @ w) / len(y)


def gradient_divided_twice(w, x, y):
    return 2 * x.T @ (x @ w - y) / len(y) ** 2


def gradient_of_prediction(w, x, y):
    return 2 * (x @ w - y) / len(y)


def descend(slope, w, lr, steps):
    for _ in range(steps):
        w = w - lr * slope(w)
    return w


def descend_uphill(slope, w, lr, steps):
    return descend(slope, w, -lr, steps)


def descend_once(slope, w, lr, steps):
    return descend(slope, w, lr, 1)


def descend_too_long(slope, w, lr, steps):
    return descend(slope, w, lr, steps + 1)


def descend_too_short(slope, w, lr, steps):
    return descend(slope, w, lr, steps - 1)


def descend_blind(slope, w, lr, steps):
    return w - steps * lr * slope(w)


EXERCISES = (
    Exercise(
        id="01.1",
        task="measure a slope with a central difference",
        solution=slope,
        tested="your slope of two functions at two points, with h = 0.5 and h = 0.1, is the central difference.",
        cases=((wave, 0.7, 0.5), (growth, -1.0, 0.1)),
        mistakes=(
            Mistake(slope_forward, "this is the forward difference: it looks to the right only. Look to both sides."),
            Mistake(slope_backward, "this is the backward difference: it looks to the left only. Look to both sides."),
            Mistake(
                slope_without_two,
                "your slope is exactly 2 times too large: how far apart are the points w - h and w + h?",
            ),
            Mistake(slope_times_h, "a / 2 * h multiplies by h: write a / (2 * h)."),
            Mistake(slope_reversed, "your slope has the wrong sign: the point on the right comes first."),
        ),
        hints=(
            "A slope is a rise divided by a run. Take the rise from w - h to w + h.",
            "The rise is f(w + h) - f(w - h), and the run is 2 * h.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="01.2",
        task="write the gradient of the mean squared error of x @ w",
        solution=gradient,
        tested=f"your gradient agrees with autograd's on {N} samples with 3 features and with 1 feature.",
        cases=(points(1, 3), points(2, 1)),
        mistakes=(
            Mistake(gradient_of_sum, f"your gradient is exactly {N} times too large: mean or sum?"),
            Mistake(gradient_of_half, "your gradient is exactly half of the right one: the square brings a factor 2."),
            Mistake(gradient_reversed, "your gradient has the wrong sign: the error is prediction minus target."),
            Mistake(
                gradient_divided_twice,
                f"your gradient is exactly {N} times too small: you divide by the number of samples twice.",
            ),
            Mistake(
                gradient_of_prediction,
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
        id="01.3",
        task="write gradient descent with one parameter",
        solution=descend,
        tested="your w after 1 step and after 12 steps agrees with w = w - lr * slope(w), on two functions.",
        cases=((bowl_slope, -1.0, 0.1, 12), (wavy_slope, 2.0, 0.05, 12), (bowl_slope, 5.0, 0.3, 1)),
        mistakes=(
            Mistake(descend_uphill, "your w walks uphill: the slope points up, so subtract it."),
            Mistake(descend_once, "you make one step only: the loop must run steps times."),
            Mistake(descend_too_long, "you make one step too many: range(steps) counts exactly steps times."),
            Mistake(descend_too_short, "you make one step too few: range(steps) counts exactly steps times."),
            Mistake(
                descend_blind,
                "you use the slope at the start for every step: ask for slope(w) again inside the loop.",
            ),
        ),
        hints=(
            "A for loop over range(steps) with one line in it. Return w after the loop.",
            "The line is w = w - lr * slope(w).",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="01.4",
        task="find the learning rate above which 3 x^2 + 8 y^2 diverges",
        solution=0.125,
        tested="gradient descent on 3 x^2 + 8 y^2 diverges exactly above this lr, 2 / largest curvature.",
        mistakes=(
            Mistake(0.25, "you divided by 8. The curvature is the second derivative: of 8 y^2 it is not 8."),
            Mistake(2 / 6, "that is the limit along x. Along y the curvature is larger, and y diverges first."),
            Mistake(1 / 16, "this lr lands in one step along y. Divergence begins at twice this value."),
            Mistake(
                2 / 22,
                "that is the best lr, 2 / (sum of both curvatures), not the limit. Which is the largest that holds?",
            ),
        ),
        hints=(
            "Differentiate twice, along x and along y: which curvature is the larger one?",
            "The curvatures are 6 and 16, and the limit is 2 divided by the larger one.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="01.5",
        task="choose a batch size",
        solution=64,
        tested="with 64 samples the variance is 4 times smaller than with 16, so its root is 2 times smaller.",
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
            "The typical error is the square root of the variance sigma^2 / m. Half the root: which part of the variance?",
            "The variance must be 4 times smaller, so m must be 4 times larger than 16.",
        ),
        tolerance=1e-9,
    ),
)
