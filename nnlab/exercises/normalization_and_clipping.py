"""Exercises of notebook 12: how do you keep a deep network in range?"""

from __future__ import annotations

import torch

from nnlab.exercises.exercise import Exercise, Mistake, follow, normal

__all__ = ["EXERCISES"]

EPS, MOMENTUM, MAX_NORM = 1e-5, 0.1, 1.0


SPREAD = torch.tensor([0.1, 1.0, 5.0], dtype=torch.float64)
CENTRE = torch.tensor([2.0, -1.0, 20.0], dtype=torch.float64)
TRAIN, NEW = (CENTRE + SPREAD * normal(n, n, 3) for n in (12, 5))
Z = CENTRE + SPREAD * normal(1, 6, 3)
FLAT = 0.002 * normal(2, 6, 3)  # so little variance that eps counts
WEIGHT, BIAS = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64), torch.tensor([0.0, -1.0, 0.3], dtype=torch.float64)
DY = normal(3, 6, 3)
X_HAT = (Z - Z.mean(0)) / (Z.var(0, correction=0) + EPS).sqrt()
STD = (Z.var(0, correction=0) + EPS).sqrt()
LONG = (normal(4, 3, 2), 2 * normal(5, 2))
SHORT, MIDDLE = (tuple(size * g for g in LONG) for size in (0.05, 0.3))


def z_score(train, new):
    return (new - train.mean(0)) / train.std(0, correction=0)


def batch_norm(z, weight, bias):
    var, mean = torch.var_mean(z, 0, correction=0)
    return weight * (z - mean) / (var + EPS).sqrt() + bias


def batch_norm_unbiased(z, weight, bias):
    var, mean = torch.var_mean(z, 0)
    return weight * (z - mean) / (var + EPS).sqrt() + bias


def batch_norm_over_units(z, weight, bias):
    var, mean = torch.var_mean(z, 1, correction=0, keepdim=True)
    return weight * (z - mean) / (var + EPS).sqrt() + bias


def batch_norm_eps_outside(z, weight, bias):
    var, mean = torch.var_mean(z, 0, correction=0)
    return weight * (z - mean) / (var.sqrt() + EPS) + bias


def batch_norm_without_eps(z, weight, bias):
    var, mean = torch.var_mean(z, 0, correction=0)
    return weight * (z - mean) / var.sqrt() + bias


def batch_norm_without_root(z, weight, bias):
    var, mean = torch.var_mean(z, 0, correction=0)
    return weight * (z - mean) / (var + EPS) + bias


def backward(dy, weight, x_hat, std):
    g = dy * weight
    return (g - g.mean(0) - x_hat * (g * x_hat).mean(0)) / std


def backward_without_variance(dy, weight, x_hat, std):
    g = dy * weight
    return (g - g.mean(0)) / std


def backward_sums(dy, weight, x_hat, std):
    g = dy * weight
    return (g - g.sum(0) - x_hat * (g * x_hat).sum(0)) / std


def running(mean, var, z):
    return (1 - MOMENTUM) * mean + MOMENTUM * z.mean(0), (1 - MOMENTUM) * var + MOMENTUM * z.var(0)


def running_reversed(mean, var, z):
    return MOMENTUM * mean + (1 - MOMENTUM) * z.mean(0), MOMENTUM * var + (1 - MOMENTUM) * z.var(0)


def running_biased(mean, var, z):
    return (1 - MOMENTUM) * mean + MOMENTUM * z.mean(0), (1 - MOMENTUM) * var + MOMENTUM * z.var(0, correction=0)


def running_std(mean, var, z):
    return (1 - MOMENTUM) * mean + MOMENTUM * z.mean(0), (1 - MOMENTUM) * var + MOMENTUM * z.std(0)


def clip(a, b):
    factor = min(1.0, MAX_NORM / float((a.pow(2).sum() + b.pow(2).sum()).sqrt()))
    return factor * a, factor * b


def clip_always(a, b):
    norm = (a.pow(2).sum() + b.pow(2).sum()).sqrt()
    return a * MAX_NORM / norm, b * MAX_NORM / norm


def clip_by_sum(a, b):
    factor = min(1.0, MAX_NORM / float(a.norm() + b.norm()))
    return factor * a, factor * b


def clip_squared(a, b):
    factor = min(1.0, MAX_NORM / float(a.pow(2).sum() + b.pow(2).sum()))
    return factor * a, factor * b


def other_batch(generator):
    """A gradient, a weight, and what batch norm keeps of six new samples."""
    z = normal(generator, 6, 3)
    std = (z.var(0, correction=0) + EPS).sqrt()
    return [(normal(generator, 6, 3), normal(generator, 3), (z - z.mean(0)) / std, std)]


EXERCISES = (
    Exercise(
        id="12.1",
        task="standardize new samples with the statistics of the training data",
        solution=z_score,
        tested="5 new samples of 3 features are standardized with mean and standard deviation (1/n) of 12 others.",
        cases=((TRAIN, NEW), (TRAIN, TRAIN)),
        mistakes=(
            Mistake(
                lambda train, new: (new - train.mean(0)) / (train**2).mean(0).sqrt(),
                "you divide by the root of E[x^2]: the variance is E[x^2] minus the squared mean.",
            ),
            Mistake(
                lambda train, new: (new - train.mean(0)) / train.var(0, correction=0),
                "you divide by the variance: take its square root first.",
            ),
            Mistake(
                lambda train, new: (new - new.mean(0)) / new.std(0, correction=0),
                "you used the new samples' own statistics: a network must see the same pixel as the same number.",
            ),
            Mistake(
                lambda train, new: (new - train.mean()) / train.std(correction=0),
                "one mean for everything: each feature (column) has its own, mean(0).",
            ),
            Mistake(
                lambda train, new: (new - train.mean(0)) / train.std(0),
                "almost: torch's std divides by n - 1. Here n is wanted, as in scikit-learn: std(0, correction=0).",
            ),
        ),
        hints=(
            "Four steps: mean and standard deviation of every column of train, subtract, divide.",
            "(new - train.mean(0)) / train.std(0, correction=0)",
        ),
    ),
    Exercise(
        id="12.2",
        task="write batch norm in training mode",
        solution=batch_norm,
        tested="your outputs agree with batch norm in training on two batches of 6 samples and 3 units, eps = 1e-5.",
        cases=((Z, WEIGHT, BIAS), (FLAT, WEIGHT, BIAS)),
        mistakes=(
            Mistake(
                batch_norm_unbiased, "your variance divides by batch - 1: in training batch norm divides by batch."
            ),
            Mistake(
                batch_norm_over_units, "you took mean and variance over the units: that is layer norm. Use axis 0."
            ),
            Mistake(batch_norm_eps_outside, "eps stands inside the root: (var + eps) ** 0.5."),
            Mistake(
                batch_norm_without_eps,
                "eps is missing: a unit that hardly varies in a batch is divided by almost nothing.",
            ),
            Mistake(batch_norm_without_root, "you divide by the variance: the root is missing."),
            Mistake(
                lambda z, weight, bias: batch_norm(z, torch.ones_like(weight), torch.zeros_like(bias)),
                "standardized, but weight and bias are not used: y = weight * z_hat + bias.",
            ),
        ),
        hints=(
            "Mean and variance over the batch, axis 0, then standardize, then scale and shift.",
            "mean, var = z.mean(0), z.var(0, correction=0); z_hat = (z - mean) / (var + 1e-5) ** 0.5.",
        ),
    ),
    Exercise(
        id="12.3",
        task="carry a gradient back through batch norm",
        solution=backward,
        tested="your gradient at z agrees with the chain rule through mean and variance, 6 samples and 3 units.",
        cases=((DY, WEIGHT, X_HAT, STD),),
        others=other_batch,
        mistakes=(
            Mistake(
                lambda dy, weight, x_hat, std: dy * weight / std,
                "you treat mean and variance as constants. That is right in evaluation; in training they depend on z.",
            ),
            Mistake(
                backward_without_variance, "the mean is right, the variance is missing: subtract z_hat * mean(g z_hat)."
            ),
            Mistake(
                lambda dy, weight, x_hat, std: backward(dy, torch.ones_like(weight), x_hat, std),
                "everything but the weight: start with g = dy * weight.",
            ),
            Mistake(backward_sums, "you subtract sums: both are means over the batch."),
        ),
        hints=(
            "The gradient has three terms: g itself, minus its mean, minus z_hat times the mean of g * z_hat.",
            "g = dy * weight; (g - g.mean(0) - z_hat * (g * z_hat).mean(0)) / std",
        ),
    ),
    Exercise(
        id="12.4",
        task="update the running statistics",
        solution=running,
        tested="mean and variance agree with PyTorch's over ten batches, momentum 0.1; nothing is changed in place.",
        cases=((torch.zeros_like(BIAS), torch.ones_like(BIAS), CENTRE + SPREAD * normal(6, 10, 6, 3)),),
        run=follow(lambda t, z, mean, var: (mean, var, z)),
        mistakes=(
            Mistake(
                running_reversed,
                "the wrong way round: PyTorch's momentum 0.1 is the weight of the *new* value; the old one keeps 0.9.",
            ),
            Mistake(
                running_biased,
                "the mean is right; the running variance is the unbiased one, with batch - 1: z.var(0).",
            ),
            Mistake(running_std, "you average standard deviations: the running value is a variance."),
            Mistake(
                lambda mean, var, z: (z.mean(0), z.var(0)), "this is the last batch alone: keep 0.9 of the old values."
            ),
        ),
        hints=(
            "new running value = 0.9 old + 0.1 of this batch, for the mean and for the variance.",
            "0.9 * mean + 0.1 * z.mean(0), and the same with z.var(0), which divides by batch - 1.",
        ),
    ),
    Exercise(
        id="12.5",
        task="clip two gradients by their global norm",
        solution=clip,
        tested="a long gradient is shortened to norm 1 in its own direction, and a short one stays as it is.",
        cases=(LONG, SHORT, MIDDLE),
        mistakes=(
            Mistake(
                lambda a, b: tuple(g * min(1.0, MAX_NORM / float(g.norm())) for g in (a, b)),
                "you clip each tensor by its own norm, and that turns the direction: use one norm for both.",
            ),
            Mistake(
                lambda a, b: (a.clamp(-MAX_NORM, MAX_NORM), b.clamp(-MAX_NORM, MAX_NORM)),
                "that is clipping by value: every entry is cut alone, and the direction turns.",
            ),
            Mistake(clip_always, "a short gradient must stay short: the factor is at most 1."),
            Mistake(clip_by_sum, "norms do not add up: add the squares of all entries, then take one root."),
            Mistake(clip_squared, "you divide by the squared norm: the root is missing."),
        ),
        hints=(
            "One norm over the entries of both tensors; one factor for both; never longer than before.",
            "norm = (a.pow(2).sum() + b.pow(2).sum()) ** 0.5, factor = min(1, 1 / norm).",
        ),
        tolerance=2e-6,
    ),
)
