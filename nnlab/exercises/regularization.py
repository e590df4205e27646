"""Exercises of notebook 10: how do you make a network prefer simple answers?"""

from __future__ import annotations

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal

__all__ = ["EXERCISES"]

GENERATOR = torch.Generator().manual_seed(10)
W = torch.tensor([1.0, -2.0, 0.5, 0.0], dtype=torch.float64)
G = torch.tensor([0.1, 0.4, -0.3, 0.2], dtype=torch.float64)
NEAR_ZERO = torch.tensor([0.152, -0.9, 0.03, -0.02, 0.052, 0.0], dtype=torch.float64)
SLOPES = torch.tensor([1.0, -1.0, 1.0, 0.1, -0.5, 0.0], dtype=torch.float64)
ERRORS = normal(GENERATOR, 4, 50) + torch.linspace(-1, 1, 50, dtype=torch.float64)
LOGITS = 3 * normal(GENERATOR, 5, 4, 3)


def l2_step(w, g):
    return w - 0.1 * (g + 0.3 * w)


def soft_step(w, g):
    w = w - 0.1 * g
    return w.sign() * (w.abs() - 0.1 * 0.5).clamp(min=0)


def soft_without_lr(w, g):
    w = w - 0.1 * g
    return w.sign() * (w.abs() - 0.5).clamp(min=0)


def soft_without_clamp(w, g):
    w = w - 0.1 * g
    return w.sign() * (w.abs() - 0.1 * 0.5)


def hard_threshold(w, g):
    w = w - 0.1 * g
    return torch.where(w.abs() > 0.1 * 0.5, w, 0.0)


def team_error(v, c, k):
    return v / k + (k - 1) / k * c


def team_mean(logits):
    return logits.softmax(-1).mean(0)


def team_votes(logits):
    return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype).mean(0)


def team_case(k: int) -> tuple:
    """v and c as measured on errors that partly agree, and a number of predictors."""
    v = (ERRORS**2).mean().item()
    c = ((ERRORS.sum(0) ** 2).mean().item() - 4 * v) / 12
    return v, c, k


EXERCISES = (
    Exercise(
        id="10.1",
        task="one step of SGD with L2",
        solution=l2_step,
        tested="the new w agrees with torch.optim.SGD(lr=0.1, weight_decay=0.3), nothing in place.",
        cases=((W, G), (-3 * W, 0 * G)),
        mistakes=(
            Mistake(
                lambda w, g: w - 0.1 * (g + 2 * 0.3 * w),
                "your slope is 2 lambda w: that belongs to lambda w^2, without the 1/2.",
            ),
            Mistake(
                lambda w, g: w - 0.1 * (g + 0.3 * w**2),
                "you added lambda w^2, the price: the gradient needs its slope, lambda w.",
            ),
            Mistake(
                lambda w, g: w - 0.1 * (g + 0.3 / 2 * w**2),
                "you added the price lambda / 2 w^2: the gradient needs its slope.",
            ),
            Mistake(
                lambda w, g: w - 0.1 * (g - 0.3 * w),
                "your weights grow: the slope of the penalty is added to g, not subtracted.",
            ),
            Mistake(
                lambda w, g: w - 0.3 * w - 0.1 * g,
                "your decay is not multiplied by lr: lambda w is part of the gradient.",
            ),
            Mistake(
                lambda w, g: (1 - 0.1 * 0.3) * (w - 0.1 * g),
                "you shrink the new w: the slope lambda w is that of the old one.",
            ),
            Mistake(lambda w, g: w - 0.1 * g, "this is SGD without any penalty."),
        ),
        hints=(
            "The slope of (lambda / 2) w^2 is lambda w. Add it to the gradient.",
            "w - 0.1 * (g + 0.3 * w).",
        ),
    ),
    Exercise(
        id="10.2",
        task="the weight_decay that makes both runs the same",
        solution=0.02,
        tested="the slope of 0.01 w^2 is 0.02 w, and torch adds weight_decay * w.",
        mistakes=(
            Mistake(0.01, "that would be the same for a price of 0.01 / 2 w^2: compare the two slopes."),
            Mistake(0.04, "torch adds weight_decay * w without a half: double the 0.01 once, not twice."),
            Mistake(0.005, "you halved it: the slope of w^2 is 2 w, so the factor goes the other way."),
        ),
        hints=(
            "Take the derivative of 0.01 w^2.",
            "It is 2 * 0.01 * w, and torch adds weight_decay * w.",
        ),
    ),
    Exercise(
        id="10.3",
        task="one step of SGD with L1 by soft threshold",
        solution=soft_step,
        tested="six weights agree with SGD and torch.nn.Softshrink(0.05); those near 0 become exactly 0.",
        cases=((NEAR_ZERO, SLOPES), (-NEAR_ZERO, 0 * SLOPES)),
        mistakes=(
            Mistake(soft_without_lr, "your threshold is lambda: it must be lr * lambda, as every step is."),
            Mistake(
                soft_without_clamp, "your |w| - threshold gets negative, so small weights change sign: clamp at 0."
            ),
            Mistake(
                lambda w, g: (w - 0.1 * g - 0.1 * 0.5).clamp(min=0),
                "negative weights become 0: take |w| first, and give the sign back.",
            ),
            Mistake(hard_threshold, "large weights keep their size: all of them shrink by the threshold."),
            Mistake(
                lambda w, g: w.sign() * (w.abs() - 0.1 * 0.5).clamp(min=0) - 0.1 * g,
                "you shrink before the gradient step: then no weight ends at exactly 0.",
            ),
            Mistake(
                lambda w, g: w - 0.1 * (g + 0.5 * w.sign()),
                "this is the subgradient: it jumps over 0 and gives no exact zeros.",
            ),
        ),
        hints=(
            "First the gradient step with lr 0.1. Then take 0.05 off the size of every weight, but never below 0.",
            "w = w - 0.1 * g, then w.sign() * (w.abs() - 0.05).clamp(min=0).",
        ),
    ),
    Exercise(
        id="10.4",
        task="the expected error of the mean of k predictors",
        solution=team_error,
        tested="teams of 1, 2, 8 and 1000 of predictors whose errors partly agree.",
        cases=tuple(team_case(k) for k in (2, 1, 8, 1000)),
        mistakes=(
            Mistake(lambda v, c, k: v / k + 0 * c, "you forgot the products: v / k holds only where c is 0."),
            Mistake(
                lambda v, c, k: v / k + c,
                "one predictor would have the error v + c: how many of the k^2 pairs are mixed?",
            ),
            Mistake(
                lambda v, c, k: v / k + (k - 1) / (2 * k) * c,
                "you count every pair once: (i, j) and (j, i) both appear in the square.",
            ),
            Mistake(
                lambda v, c, k: k * v + k * (k - 1) * c, "this is the error of the sum: the mean divides it by k^2."
            ),
        ),
        hints=(
            "The square of a sum of k errors has k squares and k (k - 1) mixed products.",
            "(k * v + k * (k - 1) * c) / k**2.",
        ),
    ),
    Exercise(
        id="10.5",
        task="what an ensemble says",
        solution=team_mean,
        tested="the mean of five networks' probabilities for four samples and three classes; every row sums to 1.",
        cases=((LOGITS,), (LOGITS[:1],)),
        mistakes=(
            Mistake(
                lambda logits: logits.mean(0).softmax(-1),
                "you averaged logits: average the probabilities, softmax first.",
            ),
            Mistake(
                lambda logits: logits.softmax(0).mean(0),
                "your softmax runs over the networks: probabilities sum to 1 over the classes.",
            ),
            Mistake(
                lambda logits: logits.softmax(-1).mean(1),
                "your mean runs over the samples: the networks are the first axis.",
            ),
            Mistake(lambda logits: logits.softmax(-1).sum(0), "you added the probabilities: the rows must sum to 1."),
            Mistake(team_votes, "you counted votes: that forgets how sure every network was."),
        ),
        hints=(
            "Each network's probabilities come first; the mean over the networks is the last step.",
            "logits.softmax(-1).mean(0).",
        ),
    ),
)
