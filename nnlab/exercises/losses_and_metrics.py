"""Exercises of notebook 03: what exactly is being minimised, and what is being measured?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import AUTOGRAD, Exercise, Mistake, normal
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]

N = 8  # samples of the gradient, named in a message
LARGE = torch.tensor(
    [[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1001.0], [0.5, 0.0, -2.0], [1000.0, -1000.0, 0.0]],
    dtype=torch.float64,
)
SMALL = torch.tensor([[0.0, 1.0], [2.0, -1.0]], dtype=torch.float64)


def log_softmax(z):
    shifted = z - z.amax(-1, keepdim=True)
    return shifted - shifted.exp().sum(-1, keepdim=True).log()


def log_softmax_one_maximum(z):
    shifted = z - z.max()
    return shifted - shifted.exp().sum(-1, keepdim=True).log()


def softmax(z):
    return log_softmax(z).exp()


def log_softmax_of_columns(z):
    shifted = z - z.amax(0, keepdim=True)
    return shifted - shifted.exp().sum(0, keepdim=True).log()


def onehot(logits, y):
    """1 at the class of every sample."""
    return torch.eye(logits.shape[-1], dtype=logits.dtype)[y]


def margins(scores, y):
    """1 + how far each score lies above that of the gold class."""
    return 1 + scores - scores[range(len(y)), y][:, None]


def pushed(near, scores, y):
    """The mean gradient if ``near`` pushes each class, and pulls the gold one by all of it; its own share cancels."""
    return (near - onehot(scores, y) * near.sum(1, keepdim=True)) / len(y)


def hinge_gradient(scores, y):
    return pushed((margins(scores, y) > 0).to(scores.dtype), scores, y)


def hinge_gradient_nearest(scores, y):
    others = margins(scores, y) - 1e9 * onehot(scores, y)
    return pushed(onehot(scores, others.argmax(1)) * (others > 0), scores, y)


def hinge_gradient_gold_once(scores, y):
    return hinge_gradient(scores, y).clamp(min=-1 / len(y))


def huber_slope(prediction, y, delta):
    return (prediction - y).clamp(-delta, delta)


def huber_slope_dropped(prediction, y, delta):
    error = prediction - y
    return torch.where(error.abs() <= delta, error, torch.zeros_like(error))


def huber_slope_of_sign(prediction, y, delta):
    error = prediction - y
    return torch.where(error.abs() <= delta, error, error.sign())


def epoch_accuracy(batches):
    right = sum(int((logits.argmax(1) == y).sum()) for logits, y in batches)
    return right / sum(len(y) for _, y in batches)


def accuracy_mean_of_batches(batches):
    return sum(float((logits.argmax(1) == y).double().mean()) for logits, y in batches) / len(batches)


def accuracy_count(batches):
    return sum(int((logits.argmax(1) == y).sum()) for logits, y in batches)


def labelled(right: int, size: int) -> tuple:
    """A batch of ``size`` samples of three classes of which the first ``right`` are classified right."""
    y = torch.arange(size) % 3
    guess = torch.where(torch.arange(size) < right, y, (y + 1) % 3)
    return onehot(torch.zeros(size, 3), guess), y


def other_epochs(generator):
    """As many batches as before, with other numbers of right answers."""
    a, b, c = whole(generator, 1, 6, 3)
    return [
        ([labelled(a, 7), labelled(b, 7)],),
        ([labelled(b, 7), labelled(c, 7), labelled(1, 3)],),
        ([labelled(c, 7)],),
    ]


EXERCISES = (
    Exercise(
        id="03.1",
        task="write log softmax so that no logit is too large",
        solution=log_softmax,
        tested="log softmax agrees on rows around 1000, around -1000 and around 0, in one tensor and in another.",
        cases=((LARGE,), (SMALL,)),
        mistakes=(
            Mistake(
                lambda z: (z.exp() / z.exp().sum(-1, keepdim=True)).log(),
                "exp(1000) overflows, and inf / inf is nan: subtract the largest logit of each row first.",
            ),
            Mistake(
                lambda z: z - z.exp().sum(-1, keepdim=True).log(),
                "the formula is right, but exp(1000) overflows: subtract the largest logit of each row first.",
            ),
            Mistake(
                log_softmax_one_maximum,
                "you subtract the largest logit of *all* rows, so rows far below it become log 0: one maximum a row.",
            ),
            Mistake(
                lambda z: torch.softmax(z, -1).log(),
                "the softmax of a logit far below the largest is 0, and log 0 is -inf: no log of a softmax.",
            ),
            Mistake(
                lambda z: (
                    (z - z.amin(-1, keepdim=True)) - (z - z.amin(-1, keepdim=True)).exp().sum(-1, keepdim=True).log()
                ),
                "you subtract the smallest logit of each row: then the largest still overflows. Subtract the largest.",
            ),
            Mistake(softmax, "these are probabilities: the logarithm is missing."),
            Mistake(log_softmax_of_columns, "your sums run over the batch: the classes are the last axis, dim=-1."),
        ),
        forbidden=("log_softmax", "cross_entropy"),
        hints=(
            "log softmax(z) = z - log(sum of exp(z)), and it stays the same when a row is moved by any constant.",
            "shifted = z - z.amax(-1, keepdim=True), then shifted - shifted.exp().sum(-1, keepdim=True).log().",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="03.2",
        task="write the gradient of the mean hinge loss with respect to the scores",
        solution=hinge_gradient,
        tested=f"your gradient agrees with autograd's on {N} samples with 3 classes and on {N} with 5; some cost 0.",
        cases=(
            (2 * normal(0, N, 3), torch.tensor([0, 1, 2, 0, 1, 2, 2, 1])),
            (2 * normal(9, N, 5), torch.tensor([4, 1, 2, 0, 3, 2, 2, 1])),
        ),
        mistakes=(
            Mistake(
                lambda scores, y: N * hinge_gradient(scores, y),
                f"your gradient is exactly {N} times too large: mean or sum?",
            ),
            Mistake(
                lambda scores, y: hinge_gradient(scores, y) / scores.shape[1],
                "your gradient is too small by the number of classes: PyTorch divides by it, the formula does not.",
            ),
            Mistake(
                lambda scores, y: -hinge_gradient(scores, y),
                "your gradient has the wrong sign: a class that comes too near is pushed down, the gold one pulled up.",
            ),
            Mistake(
                hinge_gradient_gold_once,
                "the gold score stands in every term that pays: it is pulled once for each, not only once.",
            ),
            Mistake(
                lambda scores, y: (margins(scores, y) > 0) * (1 - onehot(scores, y)) / len(y),
                "the gold class gets nothing: its score stands in every term that pays, with a minus.",
            ),
            Mistake(
                lambda scores, y: (margins(scores, y) > 0) / len(y),
                "the gold class is counted among those that pay: the sum leaves it out, and pulls it up instead.",
            ),
            Mistake(
                lambda scores, y: pushed((margins(scores, y) > 1).to(scores.dtype), scores, y),
                "only classes above the gold one push: the margin is missing, a class pays if it comes nearer than 1.",
            ),
            Mistake(
                lambda scores, y: pushed(margins(scores, y).clamp(min=0), scores, y),
                "you push with the loss itself: max(0, m) has the slope 1 where m is above 0, however large it is.",
            ),
            Mistake(
                hinge_gradient_nearest,
                "only the nearest class pushes: here *each* class that comes nearer than 1 does.",
            ),
        ),
        forbidden=AUTOGRAD,
        hints=(
            "Each term that is above 0 grows by 1 with its own score, and falls by 1 with that of the gold class.",
            "near = 1 + scores - gold's score > 0, as numbers; (near - onehot * near.sum(1, keepdim=True)) / len(y).",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="03.3",
        task="find the least loss of two classes when a softmax stands before the cross-entropy",
        solution=math.log(1 + math.exp(-1)),
        tested="this is the loss of the probabilities 1 and 0 when they are read as logits.",
        mistakes=(
            Mistake(
                0.0, "0 would be the least loss of logits. Here 1 and 0 are read as logits, and softmax runs again."
            ),
            Mistake(math.log(2), "that is the loss of equal outputs; the best outputs are 1 and 0."),
            Mistake(math.log(1 + 9 * math.exp(-1)), "that is the number for ten classes; here are two."),
            Mistake(
                math.log(1 + math.exp(1)),
                "that is the largest loss, of the outputs 0 and 1: here the 1 is at the target.",
            ),
        ),
        hints=(
            "After the first softmax the best outputs are 1 for the target and 0 for the other class.",
            "Softmax of (1, 0) gives the target e / (e + 1). Take minus the logarithm.",
        ),
        tolerance=2e-3,
    ),
    Exercise(
        id="03.4",
        task="write the derivative of Huber's loss for every sample",
        solution=huber_slope,
        tested="your derivative agrees with autograd's for delta 0.5, 1 and 3, with small and large errors.",
        cases=tuple((2 * normal(3, 12), 2 * normal(4, 12), delta) for delta in (0.5, 1.0, 3.0)),
        mistakes=(
            Mistake(
                lambda prediction, y, delta: prediction - y,
                "you never cut: beyond delta the loss is a line, and its slope stays at delta.",
            ),
            Mistake(
                lambda prediction, y, delta: (2 * (prediction - y)).clamp(-delta, delta),
                "the middle part is half of the squared error, so its slope is the error, not twice the error.",
            ),
            Mistake(lambda prediction, y, delta: (prediction - y).clamp(-1, 1), "you cut at 1: cut at delta."),
            Mistake(
                huber_slope_dropped, "outside delta your slope is 0: an outlier still pulls, with the force delta."
            ),
            Mistake(
                huber_slope_of_sign,
                "outside delta your slope is 1 or -1: the line must go on as steep as the parabola ends, with delta.",
            ),
            Mistake(
                lambda prediction, y, delta: (y - prediction).clamp(-delta, delta),
                "your derivative has the wrong sign: the error is prediction minus target.",
            ),
        ),
        hints=(
            "Inside delta the derivative is the error itself. What is it where both parts meet, and beyond?",
            "Cut the error prediction - y to the range from -delta to delta: torch.clamp.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="03.5",
        task="compute the accuracy of a whole epoch from its batches",
        solution=epoch_accuracy,
        tested="the accuracy agrees on three epochs: equal batches, a smaller last batch, and one batch alone.",
        cases=(
            ([labelled(6, 6), labelled(3, 6)],),
            ([labelled(6, 6), labelled(5, 6), labelled(1, 2)],),
            ([labelled(2, 5)],),
        ),
        others=other_epochs,
        mistakes=(
            Mistake(
                accuracy_mean_of_batches,
                "you take the mean of the batch accuracies: the small last batch counts as much as a full one.",
            ),
            Mistake(
                lambda batches: epoch_accuracy(batches[-1:]),
                "that is the accuracy of the last batch only: add up over all batches.",
            ),
            Mistake(accuracy_count, "that is how many are right: divide by the number of all samples."),
            Mistake(
                lambda batches: accuracy_count(batches) / (len(batches) * len(batches[0][1])),
                "you divide as if every batch were as large as the first: add up len(y) of every batch.",
            ),
        ),
        hints=(
            "Keep two counts over the batches, as a metric does: how many are right, and how many there were.",
            "(logits.argmax(1) == y).sum() of every batch, added up, divided by the sum of all len(y).",
        ),
        tolerance=1e-6,
    ),
)
