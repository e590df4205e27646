"""Exercises of notebook 11: why does forgetting help?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import uniform

__all__ = ["EXERCISES"]

GENERATOR = torch.Generator().manual_seed(11)
H = normal(GENERATOR, 3, 8)
U = torch.rand(3, 8, generator=GENERATOR, dtype=torch.float64)
U[0, :5] = torch.tensor([0.2, 0.75, 0.0, 0.3, 0.6], dtype=U.dtype)  # u = p is kept, with the p of every case
DY = normal(GENERATOR, 3, 8)
RELU = H.clamp(min=0)
RELU[0, :5] = H[0, :5].abs()  # also where u = p
SMALL = torch.tensor([0, 2, 1])


def forget(h, u, p):
    return h * (u >= p) / (1 - p)


def back(dy, h, u, p):
    return dy * (u >= p) / (1 - p) * (h > 0)


def smooth(labels, a, classes):
    return (1 - a) * one_hot(labels, classes) + a / classes


def one_hot(labels, classes):
    return torch.nn.functional.one_hot(labels, classes).double()


def smooth_others_only(labels, a, classes):
    hard = one_hot(labels, classes)
    return (1 - a) * hard + (1 - hard) * a / (classes - 1)


def gap(a, classes):
    return math.log(classes * (1 - a) / a + 1)


def gap_of_a_logit(a, classes):
    """The logit of the goal, log g / (1 - g): right for two classes."""
    goal = 1 - a + a / classes
    return math.log(goal / (1 - goal))


def other_masks(generator):
    h, u = normal(generator, 3, 8), uniform(generator, 3, 8)
    return [(h, u, p) for p in (0.9 * uniform(generator, 3)).tolist()]


def other_masks_behind_relu(generator):
    return [(normal(generator, 3, 8), h.clamp(min=0), u, p) for h, u, p in other_masks(generator)[:2]]


EXERCISES = (
    Exercise(
        id="11.1",
        task="dropout in training",
        solution=forget,
        tested="three rates, 0 among them: forgotten units are 0, the others are divided by 1 - p; nothing in place.",
        cases=((H, U, 0.2), (H, U, 0.0), (H, U, 0.75)),
        others=other_masks,
        mistakes=(
            Mistake(
                lambda h, u, p: h * (u >= p),
                "your sum shrinks: divide what is kept by 1 - p, so that the mean stays h.",
            ),
            Mistake(
                lambda h, u, p: h * (u >= p) / p if p else h,
                "you divide by p: a unit is kept with probability 1 - p, so divide by that.",
            ),
            Mistake(lambda h, u, p: h * (u >= p) * (1 - p), "you multiply by 1 - p what must be divided by it."),
            Mistake(
                lambda h, u, p: h * (u < p) / (1 - p), "you keep the units with u < p: those are the ones to forget."
            ),
            Mistake(
                lambda h, u, p: h * (u < 1 - p) / (1 - p),
                "the share is right, but you forget u >= 1 - p: this exercise forgets where u < p.",
            ),
            Mistake(lambda h, u, p: h * (u > p) / (1 - p), "you also forget u = p: only u < p is forgotten."),
            Mistake(lambda h, u, p: h, "nothing is forgotten: this is evaluation."),
        ),
        hints=(
            "The mask is u >= p: True (1) with probability 1 - p. What makes the mean of mask * h equal to h?",
            "h * (u >= p) / (1 - p).",
        ),
    ),
    Exercise(
        id="11.2",
        task="the gradient behind dropout and ReLU",
        solution=back,
        tested="the gradient agrees with autograd through ReLU and torch's multiplication, for two rates.",
        cases=((DY, RELU, U, 0.3), (DY, RELU, U, 0.6)),
        others=other_masks_behind_relu,
        mistakes=(
            Mistake(
                lambda dy, h, u, p: dy * (u >= p) * (h > 0),
                "the factor is missing: y = m h / (1 - p), so the slope is m / (1 - p).",
            ),
            Mistake(
                lambda dy, h, u, p: dy * (u >= p) * (1 - p) * (h > 0),
                "the factor is upside down: the slope of y = m h / (1 - p) is m / (1 - p).",
            ),
            Mistake(
                lambda dy, h, u, p: dy * (u > p) / (1 - p) * (h > 0),
                "your mask is not the one of 11.1: u = p is kept.",
            ),
            Mistake(
                lambda dy, h, u, p: dy / (1 - p) * (h > 0),
                "forgotten units get a gradient: they had no say in y, so theirs is 0.",
            ),
            Mistake(
                lambda dy, h, u, p: dy * (u >= p) / (1 - p),
                "this is the gradient at h: it has to go on through the ReLU, which is flat where h is 0.",
            ),
            Mistake(
                lambda dy, h, u, p: dy * (u >= p) / (1 - p) * h,
                "you multiply by h itself: the slope of ReLU is 1 where h is above 0, however large h is.",
            ),
            Mistake(lambda dy, h, u, p: dy * (h > 0), "only the ReLU is there: go back through dropout first."),
        ),
        hints=(
            "Both steps multiply every entry by a number that they know since the way forward. By which two?",
            "dy * (u >= p) / (1 - p) gives the gradient at h. The slope of ReLU is 1 where h > 0, else 0.",
        ),
    ),
    Exercise(
        id="11.3",
        task="the target of label smoothing",
        solution=smooth,
        tested="targets of three and ten classes, rows that sum to 1; also a = 0.",
        cases=((SMALL, 0.3, 3), (SMALL, 0.1, 10), (SMALL, 0.0, 3)),
        mistakes=(
            Mistake(
                lambda labels, a, classes: (1 - a) * one_hot(labels, classes) + a,
                "your rows sum to more than 1: a is shared among the classes, a / K for each.",
            ),
            Mistake(
                smooth_others_only,
                "you give a to the wrong classes only: here the right class keeps its share a / K too.",
            ),
            Mistake(
                lambda labels, a, classes: (1 - a) * one_hot(labels, classes) + a / (classes - 1),
                "your rows sum to more than 1: all K classes share a, not K - 1.",
            ),
            Mistake(
                lambda labels, a, classes: one_hot(labels, classes) + a / classes,
                "your rows sum to more than 1: the one-hot target must shrink to 1 - a first.",
            ),
            Mistake(
                lambda labels, a, classes: a * one_hot(labels, classes) + (1 - a) / classes,
                "a and 1 - a have changed places: a is the small part that is spread out.",
            ),
        ),
        hints=(
            "A mixture: 1 - a of the one-hot target, and a of the target that gives every class the same.",
            "(1 - a) * torch.nn.functional.one_hot(labels, classes).double() + a / classes.",
        ),
    ),
    Exercise(
        id="11.4",
        task="the logit gap where the smoothed loss is lowest",
        solution=gap,
        tested="four pairs of a and K; softmax of that gap gives exactly the smoothed target.",
        cases=((0.1, 10), (0.1, 2), (0.3, 10), (0.05, 1000)),
        mistakes=(
            Mistake(
                lambda a, classes: math.log(classes * (1 - a) / a),
                "almost: the right class has a / K in its target too, which adds 1 inside the log.",
            ),
            Mistake(
                lambda a, classes: classes * (1 - a) / a + 1,
                "this is the quotient of the two targets: the gap of the logits is its logarithm.",
            ),
            Mistake(
                lambda a, classes: math.log(1 - a + a / classes),
                "this is the log of one target: the gap is the log of the quotient of two.",
            ),
            Mistake(
                gap_of_a_logit, "you compare with all other classes together: the gap is to one of them, with a / K."
            ),
            Mistake(
                lambda a, classes: math.log((classes - 1) * (1 - a) / a),
                "this belongs to the other rule, in which only wrong classes share a: here all do.",
            ),
        ),
        hints=(
            "Softmax gives exp(gap) times as much to the right class as to each other one. Which quotient is wanted?",
            "The targets are 1 - a + a/K and a/K: math.log((1 - a + a / K) / (a / K)).",
        ),
    ),
)
