"""Exercises of notebook 05: why can the first random numbers decide everything?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]

N_IN, N_OUT = 300, 200  # of the layer in 05.4


def glorot_bound(n_in, n_out):
    return math.sqrt(6 / (n_in + n_out))


def glorot_std(n_in, n_out):
    return math.sqrt(2 / (n_in + n_out))


def size_after(depth, n, std):
    return (std * math.sqrt(n)) ** depth


def leaky_he(n_in, slope):
    return math.sqrt(2 / ((1 + slope**2) * n_in))


def rescaled(x, weight):
    return weight / (x @ weight).std()


def batch(seed: int, samples: int, n_in: int, n_out: int) -> tuple:
    """Inputs (sample, in) of standard deviation 3, and a weight (in, out) that is too small or too large for them."""
    generator = torch.Generator().manual_seed(seed)
    return 3 * normal(generator, samples, n_in), normal(generator, n_in, n_out) * 0.8**seed


EXERCISES = (
    Exercise(
        id="05.1",
        task="write the bound b of Glorot's uniform initialization U(-b, b)",
        solution=glorot_bound,
        tested="your bound is that of Glorot & Bengio 2010, equation 16, for three layers.",
        cases=((64, 32), (100, 100), (784, 10)),
        others=lambda generator: [tuple(whole(generator, 5, 900, 2)) for _ in range(3)],
        mistakes=(
            Mistake(
                glorot_std, "that is the standard deviation. A uniform U(-b, b) has the standard deviation b/sqrt(3)."
            ),
            Mistake(
                lambda n_in, n_out: math.sqrt(6 / n_in),
                "you count the inputs only: that is He's bound. Glorot's formula has inputs + outputs.",
            ),
            Mistake(
                lambda n_in, n_out: 6 / (n_in + n_out),
                "the root is missing: 6 / (in + out) is the square of the bound.",
            ),
            Mistake(
                lambda n_in, n_out: math.sqrt(3 / (n_in + n_out)),
                "your variance is 1 / (in + out), half of what is needed: it must be 2 / (in + out).",
            ),
        ),
        hints=(
            "The variance must be 2 / (in + out), and U(-b, b) has the variance b^2 / 3. Solve for b.",
            "b^2 / 3 = 2 / (in + out), so b = (6 / (n_in + n_out)) ** 0.5.",
        ),
    ),
    Exercise(
        id="05.2",
        task="predict the size of a signal after many layers",
        solution=size_after,
        tested="the factor is right for a shrinking, a growing and a steady signal.",
        cases=((15, 100, 0.09), (15, 100, 0.12), (3, 16, 0.25), (1, 50, 0.2)),
        mistakes=(
            Mistake(
                lambda depth, n, std: (std * n) ** depth,
                "you multiply by n: but variances add up, so the standard deviation grows by sqrt(n).",
            ),
            Mistake(
                lambda depth, n, std: std**depth, "you forgot that each unit adds up n products: sqrt(n) is missing."
            ),
            Mistake(
                lambda depth, n, std: (std * std * n) ** depth,
                "that is the factor of the variance. Take its root for the standard deviation.",
            ),
            Mistake(
                lambda depth, n, std: std * math.sqrt(n) * depth,
                "you multiply by the depth: each layer multiplies again, so it is a power.",
            ),
        ),
        hints=(
            "By which factor does a single layer change the standard deviation? Then that happens depth times.",
            "One layer gives std * n**0.5; raise it to the power of depth.",
        ),
    ),
    Exercise(
        id="05.3",
        task="write He's standard deviation for leaky ReLU",
        solution=leaky_he,
        tested="your formula is that of He et al. 2015, equation 15, also for slope 0 (ReLU) and 1 (identity).",
        cases=((64, 0.2), (64, 0.0), (64, 1.0), (10, 0.01)),
        mistakes=(
            Mistake(
                lambda n_in, slope: math.sqrt(2 / n_in),
                "that is plain ReLU: your slope never appears. What of the negative half comes through?",
            ),
            Mistake(
                lambda n_in, slope: math.sqrt(2 / ((1 + slope) * n_in)),
                "the slope must be squared: the negative half keeps slope^2 of its squares.",
            ),
            Mistake(
                lambda n_in, slope: math.sqrt(2 * (1 + slope**2) / n_in),
                "a leak lets more through, so the weights must be smaller: divide by 1 + slope^2.",
            ),
            Mistake(
                lambda n_in, slope: 2 / ((1 + slope**2) * n_in),
                "that is the variance: the standard deviation is its root.",
            ),
        ),
        hints=(
            "The positive half keeps half of the squares of z, the negative half slope^2 times half of them. Add both.",
            "n * var * (1 + slope**2) / 2 must be 1: solve for var and take the root.",
        ),
    ),
    Exercise(
        id="05.4",
        task=f"give the standard deviation of the weights of a fresh torch.nn.Linear({N_IN}, {N_OUT})",
        solution=1 / math.sqrt(3 * N_IN),
        tested="this is 1 / sqrt(3 n) with the inputs n = 300.",
        mistakes=(
            Mistake(
                1 / math.sqrt(N_IN),
                "that is the bound b of U(-b, b), or LeCun's rule. The standard deviation is b/sqrt(3).",
            ),
            Mistake(1 / math.sqrt(3 * N_OUT), "you count the outputs: PyTorch's default looks at the inputs."),
            Mistake(1 / (3 * N_IN), "that is the variance: the standard deviation is its root."),
            Mistake(glorot_std(N_IN, N_OUT), "that is Glorot's rule. PyTorch's default does not look at the outputs."),
        ),
        hints=(
            "The weights are U(-b, b) with b = 1 / sqrt(n). What is the standard deviation of such numbers?",
            "b / sqrt(3) = 1 / sqrt(3 n), and n = 300. A measured value comes near it, but only to about two digits.",
        ),
        tolerance=5e-5,  # absolute: one input more or less changes the result by 5.5e-5
    ),
    Exercise(
        id="05.5",
        task="scale a weight until its layer has outputs of standard deviation 1",
        solution=rescaled,
        tested="x @ weight has the standard deviation 1 over all samples and units, for weights too small and large.",
        cases=(batch(0, 200, 20, 12), batch(20, 300, 5, 30)),
        mistakes=(
            Mistake(
                lambda x, weight: weight * (x @ weight).std(),
                "you multiply by the standard deviation: a signal too large becomes larger still.",
            ),
            Mistake(
                lambda x, weight: weight / (x @ weight).var(),
                "you divide by the variance. Half the weight gives half the output: divide by the standard deviation.",
            ),
            Mistake(
                lambda x, weight: weight / weight.std(),
                "you look at the weight alone. Send the data through it, and look at the output.",
            ),
            Mistake(
                lambda x, weight: weight / (x @ weight).std(0),
                "you scale every unit on its own: one factor for the whole weight is asked for.",
            ),
        ),
        hints=(
            "If a weight is twice as large, so is every output. Which single factor gives the standard deviation 1?",
            "z = x @ weight, then return weight / z.std().",
        ),
        tolerance=2e-3,
    ),
)
