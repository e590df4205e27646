"""Exercises of notebook 00: how checks answer."""

from __future__ import annotations

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import uniform

__all__ = ["EXERCISES"]

# Wins below 0, narrow wins, and losers far above the mean of their row: only the largest logit tells who is right
LOGITS = torch.tensor(
    [
        [2.0, 1.0, 0.0],
        [-3.0, -1.0, -2.0],
        [-6.0, -2.5, -1.0],
        [0.2, 0.1, 0.0],
        [-1.0, -2.0, -9.0],
        [-2.0, -0.5, -1.0],
        [1.0, 0.0, 4.0],
        [-0.7, -0.6, -0.8],
    ]
)
LABELS = torch.tensor([0, 1, 1, 0, 1, 1, 1, 1])
W = torch.tensor([1.0, -2.0, 3.0])
G = torch.tensor([0.5, 0.5, -1.0])


def accuracy(logits, y):
    return (logits.argmax(-1) == y).float().mean()


def of_label(scores, y):
    """The score of each row at its label."""
    return scores.gather(-1, y[:, None])[:, 0]


def step(w, g):
    return w - 0.1 * g


def classified(generator, n):
    """Logits (n, classes) and labels (n,), which are the largest logits of about half of the rows."""
    logits = 2 * normal(generator, n, 3).float() - 1
    right = uniform(generator, n) < 0.5
    return logits, torch.where(right, logits.argmax(1), logits.argmin(1))


EXERCISES = (
    Exercise(
        id="00.1",
        task="count the parameters of Network([64, 32, 10])",
        solution=64 * 32 + 32 + 32 * 10 + 10,
        tested="the number equals net.parameter_count: weights and biases of both layers.",
        mistakes=(
            Mistake(64 * 32 + 32 * 10, "you counted the weights only: every unit of a layer also has a bias."),
            Mistake(64 + 32 + 10, "these are the units: a layer has inputs * outputs weights and a bias per output."),
            Mistake(65 * 32 + 33 * 10 + 64, "the input has no biases: the 64 pixels are given, not learned."),
        ),
        hints=(
            "A layer with n inputs and m outputs has n * m weights. What else does it learn?",
            "(64 + 1) * 32 for the first layer; the second one follows the same rule.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="00.2",
        task="write the accuracy of logits (batch, classes) for labels y (batch,)",
        solution=accuracy,
        tested="the share of rows whose largest logit is at the label, on two batches.",
        cases=((LOGITS, LABELS), (LOGITS[:3], LABELS[:3])),
        others=lambda generator: [classified(generator, n) for n in (20, 7)],
        mistakes=(
            Mistake(
                lambda logits, y: (logits.argmax(-1) == y).float().sum(),
                "you count the right answers; accuracy is their share of the batch.",
            ),
            Mistake(lambda logits, y: 100 * accuracy(logits, y), "this is in percent; accuracy runs from 0 to 1."),
            Mistake(lambda logits, y: 1 - accuracy(logits, y), "this is the error rate: 1 - accuracy."),
            Mistake(
                lambda logits, y: (logits.argmin(-1) == y).float().mean(),
                "you look at the smallest logit of a row: argmax finds the largest.",
            ),
            Mistake(
                lambda logits, y: (of_label(logits.softmax(-1), y) > 0.5).float().mean(),
                "you ask whether the label has more than half of the probability: it only has to have the most.",
            ),
            Mistake(
                lambda logits, y: (of_label(logits, y) > 0).float().mean(),
                "you ask whether the logit of the label is above 0: it only has to be the largest of its row.",
            ),
            Mistake(
                lambda logits, y: (of_label(logits, y) > logits.mean(-1)).float().mean(),
                "you compare the logit of the label with the mean of its row: it has to be the largest.",
            ),
        ),
        hints=(
            "logits.argmax(-1) is the predicted class of every row.",
            "Compare the predictions with y, turn the result into floats, and take the mean.",
        ),
    ),
    Exercise(
        id="00.3",
        task="write one step of gradient descent with learning rate 0.1",
        solution=step,
        tested="w - 0.1 * g on a tensor of three parameters, which stays unchanged itself.",
        cases=((W, G),),
        mistakes=(
            Mistake(lambda w, g: w + 0.1 * g, "you walk uphill: the gradient points to larger losses, so subtract it."),
            Mistake(lambda w, g: w - g, "the learning rate is missing: the step is 0.1 * g, not g."),
            Mistake(lambda w, g: -0.1 * g, "this is the step alone: add it to w."),
            Mistake(
                lambda w, g: 0.9 * w - 0.1 * g, "w itself keeps its length: only the gradient is multiplied by 0.1."
            ),
        ),
        hints=(
            "The gradient g says in which direction the loss grows.",
            "Return w - 0.1 * g: a new tensor, not w -= ...",
        ),
    ),
)
