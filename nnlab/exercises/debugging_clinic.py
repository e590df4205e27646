"""Exercises of notebook 14: your network is sick, what is it?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from nnlab.exercises.exercise import Exercise, Mistake, exchanged, normal
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]

SILENT = normal(14, 6, 5).clamp(min=0)
SILENT[:, [1, 3]] = 0  # two units that never answer
SILENT[2] = 0  # and a sample for which no unit does
AWAKE = torch.eye(4, dtype=torch.float64)[:, :3]
LOGITS, LABELS = 3 * normal(17, 5, 4), torch.tensor([3, 0, 2, 1, 2])
NAMES = (
    "labels shuffled against inputs", "learning rate too high", "forgotten zero_grad", "dead ReLUs",
    "softmax before cross-entropy", "no gradient reaches a layer", "eval mode forgotten", "zero initialization",
    "softmax over the wrong dimension", "inputs not normalized",
)  # fmt: skip


def dead_share(a):
    return (a == 0).all(0).double().mean()


def lowest(classes):
    return math.log(1 + (classes - 1) / math.e)


def layer(x, weight, bias):
    return x @ weight.T + bias


def entropy(z, y):
    return (z.logsumexp(dim=1) - z[range(len(y)), y]).mean()


def with_gradients(answer: Callable, case: Sequence) -> list:
    """Run a layer once: its output, and the gradients of half of the sum of squares that reach weight and bias."""
    x, *parameters = (part.clone() for part in case)
    for p in parameters:
        p.requires_grad_()
    output = answer(x, *(1 * p for p in parameters))
    if not isinstance(output, torch.Tensor) or not output.requires_grad:
        return [(output, *map(torch.zeros_like, parameters))]
    found = torch.autograd.grad(output.double().square().sum() / 2, parameters, allow_unused=True)
    return [
        (output.detach(), *(torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)))
    ]


def partly_silent(generator, dead):
    """Six samples of seven units, so many of which never answer."""
    a = normal(generator, 6, 7).clamp(min=0)
    a[:, whole(generator, 0, 6, dead)] = 0
    return a


EXERCISES = (
    Exercise(
        id="14.1",
        task="the share of dead units in a layer",
        solution=dead_share,
        tested="six samples of five units, two of them dead, and a layer in which every unit answers once.",
        cases=((SILENT,), (AWAKE,)),
        others=lambda generator: [(partly_silent(generator, dead),) for dead in whole(generator, 1, 4, 2)],
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
        others=lambda generator: [(classes,) for classes in whole(generator, 3, 200, 3)],
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
        task="a layer by hand through which gradients come back",
        solution=layer,
        tested="the output of two layers, and the gradients of weight and bias that autograd finds through it.",
        cases=(
            (normal(18, 4, 3), normal(19, 3, 3), normal(20, 3)),
            (normal(21, 2, 5), normal(22, 5, 5), normal(23, 5)),
        ),
        run=with_gradients,
        mistakes=(
            Mistake(
                lambda x, weight, bias: x @ weight.data.T + bias,
                "the numbers are right, but no gradient reaches the weights: .data and detach() cut it off.",
            ),
            Mistake(
                lambda x, weight, bias: x @ weight.T + bias.data,
                "the weights are cured, but no gradient reaches the bias: .data and detach() cut it off.",
            ),
            Mistake(
                lambda x, weight, bias: (x @ weight.T + bias).data,
                "the numbers are right, but no gradient comes back at all: autograd must see the whole sum.",
            ),
            Mistake(
                lambda x, weight, bias: x @ weight + bias,
                "a row of weight belongs to a unit, so it is the rows that x is multiplied with: weight.T.",
            ),
            Mistake(lambda x, weight, bias: x @ weight.T, "you forgot the bias."),
        ),
        hints=(
            "The layer is x times the transposed weights, plus the bias. Take the parameters themselves.",
            "x @ weight.T + bias, without .data.",
        ),
        tolerance=1e-6,
    ),
    Exercise(
        id="14.4",
        task="name the faults of patients 1 to 10",
        solution=NAMES,
        tested="your ten names are the faults with which the patients came.",
        mistakes=(
            Mistake(
                exchanged(NAMES, "dead ReLUs", "zero initialization"),
                "dead ReLUs and zero initialization are exchanged: in which one are all first losses exactly log 10?",
            ),
            Mistake(
                exchanged(NAMES, "forgotten zero_grad", "learning rate too high"),
                "forgotten zero_grad and learning rate too high are exchanged: read both steps.",
            ),
            Mistake(
                exchanged(NAMES, "softmax before cross-entropy", "softmax over the wrong dimension"),
                "the two softmax patients are exchanged: along which axis do the answers sum to 1?",
            ),
            Mistake(
                exchanged(NAMES, "labels shuffled against inputs", "inputs not normalized"),
                "the two patients with bad data are exchanged: print mean and standard deviation of their inputs.",
            ),
            Mistake(
                exchanged(NAMES, "no gradient reaches a layer", "eval mode forgotten"),
                "two are exchanged: one answers the same question in two ways, the other has weights that never move.",
            ),
        ),
        hints=(
            "The tables of this notebook name most of them. For the rest read the scripts: nnlab.show_source(patient).",
            "nnlab.clinic.patient(1).checkup() is the last resort: its first line is the name.",
        ),
    ),
    Exercise(
        id="14.5",
        task="the cross-entropy with its softmax over the classes",
        solution=entropy,
        tested="the cross-entropy of 5 samples and 4 classes, and of as many samples as classes.",
        cases=((LOGITS, LABELS), (LOGITS[:4], LABELS[:4])),
        mistakes=(
            Mistake(
                lambda z, y: -z.log_softmax(0)[range(len(y)), y].mean(),
                "that is patient 9: your softmax runs over the samples. The classes are axis 1.",
            ),
            Mistake(
                lambda z, y: -z.log_softmax(1).softmax(1)[range(len(y)), y].mean(),
                "you took minus the mean probability: the logarithm is missing.",
            ),
            Mistake(lambda z, y: len(y) * entropy(z, y), "that is the sum over the samples: take their mean."),
            Mistake(lambda z, y: -entropy(z, y), "right size, wrong sign: the loss is minus a logarithm."),
            Mistake(
                lambda z, y: torch.nn.functional.cross_entropy(z.softmax(1), y),
                "cross_entropy applies the softmax itself: that is the fault of patient 5.",
            ),
            Mistake(
                lambda z, y: -z.log_softmax(1).mean(),
                "you average over all classes: only the class that is right counts, z[range(len(y)), y].",
            ),
        ),
        hints=(
            "log_softmax over axis 1, then for each sample the entry of its own class, then minus the mean.",
            "-z.log_softmax(1)[range(len(y)), y].mean().",
        ),
        tolerance=1e-6,
    ),
)
