"""Exercises of notebook 14: your network is sick, what is it?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal

__all__ = ["EXERCISES"]

SILENT = normal(14, 6, 5).clamp(min=0)
SILENT[:, [1, 3]] = 0  # two units that never answer
SILENT[2] = 0  # and a sample for which no unit does
AWAKE = torch.eye(4, dtype=torch.float64)[:, :3]
BEFORE, AFTER = normal(15, 4, 3), normal(15, 4, 3) + 0.01 * normal(16, 4, 3)
NAMES = (
    "labels shuffled against inputs", "learning rate too high", "forgotten zero_grad", "dead ReLUs",
    "softmax before cross-entropy", "no gradient reaches a layer", "eval mode forgotten", "zero initialization",
    "softmax over the wrong dimension", "inputs not normalized",
)  # fmt: skip


def dead_share(a):
    return (a == 0).all(0).double().mean()


def lowest(classes):
    return math.log(1 + (classes - 1) / math.e)


def ratio(before, after):
    return (after - before).norm() / before.norm()


def exchanged(*pair: str) -> tuple[str, ...]:
    """The right names with two of them exchanged."""
    other = dict(zip(pair, pair[::-1], strict=True))
    return tuple(other.get(name, name) for name in NAMES)


EXERCISES = (
    Exercise(
        id="14.1",
        task="the share of dead units in a layer",
        solution=dead_share,
        tested="six samples of five units, two of them dead, and a layer in which every unit answers once.",
        cases=((SILENT,), (AWAKE,)),
        mistakes=(
            Mistake(
                lambda a: (a == 0).double().mean(), "you count zeros: a unit is dead only if all its answers are 0."
            ),
            Mistake(
                lambda a: (a == 0).all(1).double().mean(),
                "you found samples for which no unit answers: a unit is a column, so all samples are axis 0.",
            ),
            Mistake(
                lambda a: (a == 0).any(0).double().mean(),
                "one answer of 0 does not kill a unit: it must be 0 for all samples.",
            ),
            Mistake(lambda a: 1 - dead_share(a), "that is the share of units that are alive."),
            Mistake(lambda a: (a == 0).all(0).sum(), "that is the number of dead units: divide by all units."),
        ),
        hints=(
            "For each unit one question: are all its answers 0? Then the mean of yes and no over the units.",
            "(a == 0).all(0) is True for a dead unit; as numbers its mean is the share.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="14.2",
        task="the lowest cross-entropy that probabilities can reach when they are taken for logits",
        solution=lowest,
        tested="2, 10 and 100 classes.",
        cases=((2,), (10,), (100,)),
        mistakes=(
            Mistake(lambda classes: 0.0, "0 needs a logit that is far above all others; a probability is at most 1."),
            Mistake(
                lambda classes: math.log(classes),
                "that is the loss of a guess: now the right class has probability 1, all others 0.",
            ),
            Mistake(
                lambda classes: math.log(1 + classes / math.e),
                "there are only classes - 1 wrong classes, each with exp(0) = 1.",
            ),
            Mistake(
                lambda classes: math.log(math.e + classes - 1),
                "you forgot the right class above the fraction: log(e + C - 1) - log(e).",
            ),
            Mistake(lambda classes: -lowest(classes), "right size, wrong sign: the loss is minus a logarithm."),
        ),
        hints=(
            "The best answer is 1 for the right class and 0 for the others. Put these numbers into softmax as logits.",
            "softmax gives e / (e + classes - 1) to the right class. The loss is minus its logarithm.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="14.3",
        task="how far a step moves a weight matrix, as a share of its length",
        solution=ratio,
        tested="two weight matrices before and after a step, one of them much longer.",
        cases=((BEFORE, AFTER), (10 * BEFORE, AFTER)),
        mistakes=(
            Mistake(
                lambda before, after: (after - before).norm(), "that is the length of the step: divide by the weights'."
            ),
            Mistake(
                lambda before, after: (after - before).norm() / after.norm(),
                "you divide by the length after the step: a share of what was there before.",
            ),
            Mistake(
                lambda before, after: after.norm() / before.norm() - 1,
                "you compare two lengths: weights can turn without getting longer. Take the length of the difference.",
            ),
            Mistake(
                lambda before, after: ((after - before) / before).abs().mean(),
                "a weight near 0 has a huge share of its own: divide the two lengths, not entry by entry.",
            ),
            Mistake(lambda before, after: ratio(before, after) ** 2, "you forgot the root: that is the ratio squared."),
        ),
        hints=(
            "Two lengths: that of the step, after - before, and that of the weights before it.",
            "(after - before).norm() / before.norm().",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="14.4",
        task="name the faults of patients 1 to 10",
        solution=NAMES,
        tested="your ten names are the faults with which the patients came.",
        mistakes=(
            Mistake(
                exchanged("dead ReLUs", "zero initialization"),
                "dead ReLUs and zero initialization are exchanged: in which one are all first losses exactly log 10?",
            ),
            Mistake(
                exchanged("forgotten zero_grad", "learning rate too high"),
                "forgotten zero_grad and learning rate too high are exchanged: read both steps.",
            ),
            Mistake(
                exchanged("softmax before cross-entropy", "softmax over the wrong dimension"),
                "the two softmax patients are exchanged: along which axis do the answers sum to 1?",
            ),
            Mistake(
                exchanged("labels shuffled against inputs", "inputs not normalized"),
                "the two patients with bad data are exchanged: print mean and standard deviation of their inputs.",
            ),
            Mistake(
                exchanged("no gradient reaches a layer", "eval mode forgotten"),
                "two are exchanged: one answers the same question in two ways, the other has weights that never move.",
            ),
        ),
        hints=(
            "The tables of this notebook name most of them. For the rest read the scripts: nnlab.show_source(patient).",
            "nnlab.clinic.patient(1).checkup() is the last resort: its first line is the name.",
        ),
    ),
)
