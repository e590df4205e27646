"""Exercises of notebook 04: why do deep sigmoid networks stop listening?"""

from __future__ import annotations

import torch

from nnlab.exercises.exercise import AUTOGRAD, Exercise, Mistake, normal
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]

Z = torch.tensor([[-3.0, -1.0, 0.0, 0.5], [2.0, 4.0, -0.1, -5.0]], dtype=torch.float64)
DRAWN = 4 * normal(4, 20, 6)
EDGES = torch.tensor([[4.3, -4.3, 4.4], [-4.4, 0.0, 6.0]], dtype=torch.float64)  # on both sides of sigmoid's 4.36
OFF = DRAWN - torch.tensor([0.0, 9.0, 18.0, 4.0, 20.0, 2.0], dtype=torch.float64)
HALF_OFF = torch.tensor([[-1.0, -2.0, 3.0], [-4.0, 5.0, 6.0]], dtype=torch.float64)


def silu_slope(z):
    s = torch.sigmoid(z)
    return s + z * s * (1 - s)


def silu_without_product_rule(z):
    s = torch.sigmoid(z)
    return s * (1 - s)


def silu_second_part_without_z(z):
    s = torch.sigmoid(z)
    return s + s * (1 - s)


def sigmoid_slope(z):
    y = torch.sigmoid(z)
    return y * (1 - y)


def saturated_share(z):
    return (sigmoid_slope(z) < 0.05 * 0.25).double().mean()


def dead_units(z):
    return (z <= 0).all(0)


EXERCISES = (
    Exercise(
        id="04.1",
        task="write the derivative of SiLU",
        solution=silu_slope,
        tested="your slope agrees with the derivative of z sigmoid(z) at 128 places, in the shape of z.",
        cases=((Z,), (DRAWN,)),
        mistakes=(
            Mistake(silu_without_product_rule, "that is sigmoid's own slope: SiLU is a product, z times sigmoid(z)."),
            Mistake(lambda z: z * torch.sigmoid(z), "that is SiLU itself, not its slope."),
            Mistake(torch.sigmoid, "that is the first half of the product rule: the slope of sigmoid is missing."),
            Mistake(silu_second_part_without_z, "in the product rule, the slope of sigmoid keeps its factor z."),
        ),
        forbidden=AUTOGRAD,
        hints=(
            "With s = sigmoid(z), SiLU is z * s. Use the product rule; what is the slope of s?",
            "s = torch.sigmoid(z), then s + z * s * (1 - s).",
        ),
    ),
    Exercise(
        id="04.2",
        task="measure the share of saturated entries of a sigmoid layer",
        solution=saturated_share,
        tested="your share agrees with nnlab.probes on three layers, one of them right at the limit.",
        cases=((DRAWN,), (EDGES,), (Z,)),
        mistakes=(
            Mistake(
                lambda z: (sigmoid_slope(z) < 0.05).double().mean(),
                "you compare the slope with 0.05: the limit is 5 % of the *largest* slope, and sigmoid's is 0.25.",
            ),
            Mistake(
                lambda z: (sigmoid_slope(z) < 0.05 * 0.25).double().sum(),
                "that is how many entries are saturated: divide by how many there are.",
            ),
            Mistake(
                lambda z: (sigmoid_slope(z) >= 0.05 * 0.25).double().mean(),
                "that is the share of entries that are *not* saturated.",
            ),
            Mistake(
                lambda z: (torch.sigmoid(z) > 0.95).double().mean(),
                "sigmoid is flat on the left side too: look at its slope, not its value.",
            ),
            Mistake(
                lambda z: (1 - torch.tanh(z) ** 2 < 0.05).double().mean(),
                "that is the slope of tanh; sigmoid's is y (1 - y).",
            ),
        ),
        hints=(
            "Compute the slope y (1 - y) of every entry first. Below which number is it saturated?",
            "The limit is 0.05 * 0.25. A comparison gives True and False; .double().mean() makes a share of them.",
        ),
    ),
    Exercise(
        id="04.3",
        task="find the dead units of a ReLU layer",
        solution=dead_units,
        tested="your True and False agree on three layers, one entry for each unit.",
        cases=((OFF,), (HALF_OFF,), (Z,)),
        others=lambda generator: [(z[:, whole(generator, 0, z.shape[1] - 1, z.shape[1])],) for z in (OFF, HALF_OFF, Z)],
        mistakes=(
            Mistake(
                lambda z: (z <= 0).any(0), "one sample below zero does not kill a unit: it must be so for all samples."
            ),
            Mistake(
                lambda z: (z <= 0).all(1),
                "you looked along a row, at all units of one sample: look along the samples, axis 0.",
            ),
            Mistake(lambda z: (z > 0).any(0), "True and False are exchanged: these are the units that live."),
            Mistake(
                lambda z: z.mean(0) <= 0, "a unit whose mean is below zero may still be above zero for some samples."
            ),
        ),
        hints=(
            "z has one row for each sample and one column for each unit. What must hold in a whole column?",
            "(z <= 0) is True where ReLU has the slope 0; .all(0) asks for a whole column.",
        ),
    ),
    Exercise(
        id="04.4",
        task="find the learning rate that kills a unit",
        solution=0.35,
        tested="with this lr the largest pre-activation becomes 0.5 + 0.2 - 2 lr = 0; every larger lr kills the unit.",
        mistakes=(
            Mistake(0.1, "you asked for b = 0. But some input still lifts z: add the largest value of w x."),
            Mistake(0.25, "you asked for w x - 2 lr = 0 and forgot the bias 0.2 that it starts with."),
            Mistake(0.7, "the step is lr times the gradient, and the gradient is 2, not 1."),
            Mistake(
                -0.15, "you used the smallest value of w x. The unit dies when even its *largest* z is not above 0."
            ),
        ),
        hints=(
            "Which input x, with entries from 0 to 1, gives the largest w x + b? How far must b fall?",
            "The largest w x is 0.5, so the largest z is 0.7. The bias falls by 2 lr.",
        ),
        tolerance=1e-6,
    ),
)
