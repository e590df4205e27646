"""Exercises of notebook 02: how does every weight learn its share of the blame?"""

from __future__ import annotations

import torch

from nnlab.exercises.exercise import AUTOGRAD, Exercise, Mistake, normal

__all__ = ["EXERCISES"]

BATCH = 5  # samples of the layer and of the logits, named in messages


def neuron(*numbers: float) -> tuple:
    """w, x, b and t of one neuron, as tensors."""
    return tuple(torch.tensor(number, dtype=torch.float64) for number in numbers)


def layer(seed: int, n_in: int, n_out: int) -> tuple:
    """a (batch, in), weight (in, out) and dz (batch, out) of one layer."""
    generator = torch.Generator().manual_seed(seed)
    return normal(generator, BATCH, n_in), normal(generator, n_in, n_out), normal(generator, BATCH, n_out)


def classification(seed: int, classes: int) -> tuple:
    """Logits (batch, classes) and class numbers (batch,)."""
    generator = torch.Generator().manual_seed(seed)
    return 2 * normal(generator, BATCH, classes), torch.randint(classes, (BATCH,), generator=generator)


def gradient(w, x, b, t):
    y = torch.sigmoid(w * x + b)
    dz = (y - t) * y * (1 - y)
    return dz * x, dz


def gradient_reversed(w, x, b, t):
    dw, db = gradient(w, x, b, t)
    return -dw, -db


def gradient_without_slope(w, x, b, t):
    error = torch.sigmoid(w * x + b) - t
    return error * x, error


def gradient_twice(w, x, b, t):
    dw, db = gradient(w, x, b, t)
    return 2 * dw, 2 * db


def gradient_without_input(w, x, b, t):
    _, db = gradient(w, x, b, t)
    return db, db


def gradient_input_in_both(w, x, b, t):
    dw, _ = gradient(w, x, b, t)
    return dw, dw


def gradient_slope_at_output(w, x, b, t):
    y = torch.sigmoid(w * x + b)
    slope = torch.sigmoid(y) * (1 - torch.sigmoid(y))
    return (y - t) * slope * x, (y - t) * slope


def layer_backward(a, weight, dz):
    return a.T @ dz, dz.sum(0), dz @ weight.T


def dlogits(logits, labels):
    return (torch.softmax(logits, 1) - torch.eye(logits.shape[1], dtype=logits.dtype)[labels]) / len(logits)


def dlogits_over_batch(logits, labels):
    return (torch.softmax(logits, 0) - torch.eye(logits.shape[1], dtype=logits.dtype)[labels]) / len(logits)


EXERCISES = (
    Exercise(
        id="02.1",
        task="write dL/dw and dL/db of one sigmoid neuron",
        solution=gradient,
        tested="both slopes agree with autograd's on four neurons; one has a negative input, one the input 0.",
        cases=(neuron(1, 1.5, -0.5, 0), neuron(2, 3, -1, 0), neuron(0.5, -2, 0.3, 1), neuron(-1, 0, 0.7, 0.2)),
        mistakes=(
            Mistake(gradient_reversed, "your gradient has the wrong sign: the error is output minus target, y - t."),
            Mistake(gradient_without_slope, "the slope of the sigmoid, y (1 - y), is missing between error and input."),
            Mistake(gradient_twice, "your gradient is exactly twice too large: the loss is *half* of the square."),
            Mistake(gradient_without_input, "dL/db is right, but dL/dw has a third factor: z moves with w by x."),
            Mistake(gradient_input_in_both, "dL/dw is right, but the bias does not pass through x: dz/db is 1."),
            Mistake(
                gradient_slope_at_output,
                "you took the slope of the sigmoid at y. It is y (1 - y), with y the output that you have already.",
            ),
        ),
        hints=(
            "Three slopes: dL/dy = y - t, dy/dz, and dz/dw. The bias shares the first two.",
            "y = torch.sigmoid(w * x + b); dz = (y - t) * y * (1 - y); return dz * x, dz.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="02.2",
        task="write the backward pass of one layer z = a @ weight + bias",
        solution=layer_backward,
        tested=f"all three gradients agree with autograd's for {BATCH} samples and two shapes of the layer.",
        cases=(layer(1, 3, 2), layer(2, 4, 4)),
        mistakes=(
            Mistake(
                lambda a, weight, dz: (a.T @ dz / len(a), dz.mean(0), dz @ weight.T),
                f"your gradients of weight and bias are {BATCH} times too small: the mean is in dz already: sum.",
            ),
            Mistake(
                lambda a, weight, dz: (a.T @ dz, dz.mean(0), dz @ weight.T),
                f"your bias gradient is {BATCH} times too small: the bias serves every sample, so sum its shares.",
            ),
            Mistake(
                lambda a, weight, dz: (a.T @ dz, dz, dz @ weight.T),
                "the bias has one number for each unit: sum dz over the samples, axis 0.",
            ),
            Mistake(
                lambda a, weight, dz: (a.T @ dz, dz.sum(0, keepdim=True), dz @ weight.T),
                "right numbers, but the bias has the shape (out,): drop keepdim.",
            ),
            Mistake(
                lambda a, weight, dz: (a.T @ dz, dz.sum(1), dz @ weight.T),
                "you summed dz over the units. The bias needs the sum over samples, axis 0.",
            ),
            Mistake(
                lambda a, weight, dz: (dz.T @ a, dz.sum(0), dz @ weight.T),
                "your weight gradient is transposed: that is PyTorch's (out, in). Here a weight is (in, out).",
            ),
        ),
        hints=(
            "Let the shapes lead you: each gradient has the shape of what it belongs to.",
            "(in, batch) @ (batch, out) for the weight, a sum for the bias, (batch, out) @ (out, in) for a.",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="02.3",
        task="write the gradient of the mean cross-entropy at the logits",
        solution=dlogits,
        tested=f"your gradient agrees with autograd's for {BATCH} samples of 3 classes and of 10 classes.",
        cases=(classification(3, 3), classification(4, 10)),
        mistakes=(
            Mistake(
                lambda logits, labels: dlogits(logits, labels) * len(logits),
                f"your gradient is exactly {BATCH} times too large: mean or sum?",
            ),
            Mistake(
                lambda logits, labels: -dlogits(logits, labels),
                "your gradient has the wrong sign: probabilities minus one-hot targets.",
            ),
            Mistake(
                dlogits_over_batch,
                "your softmax runs over the samples: the probabilities of *one sample* must add up to 1.",
            ),
            Mistake(
                lambda logits, labels: torch.softmax(logits, 1) / len(logits),
                "subtract the one-hot target: only then do the right classes get raised.",
            ),
            Mistake(
                lambda logits, labels: (logits - torch.eye(logits.shape[1], dtype=logits.dtype)[labels]) / len(logits),
                "turn the logits into probabilities first: softmax, then subtract.",
            ),
            Mistake(
                lambda logits, labels: dlogits(logits, labels) / logits.shape[1],
                "you divided by the number of classes as well: the mean runs over the samples only.",
            ),
        ),
        forbidden=AUTOGRAD,
        hints=(
            "Probabilities minus one-hot targets, divided by the number of samples.",
            "torch.softmax(logits, 1), torch.nn.functional.one_hot(labels, logits.shape[1]), and len(logits).",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="02.4",
        task="say by what to divide each loss",
        solution=4,
        tested="the sum of four gradients, each a quarter, is the gradient of the mean over all 64 samples.",
        mistakes=(
            Mistake(16, "each loss is a mean over its 16 samples already. What happens when four means are added?"),
            Mistake(64, "dividing by all 64 samples counts them twice: each loss is a mean already."),
            Mistake(1, "without division the four gradients add up to 4 times the gradient of the mean."),
            Mistake(0.25, "dividing by 0.25 makes the gradient larger still. You mean: times 0.25."),
        ),
        hints=(
            "backward() adds. What is the sum of four means, compared with the mean of all?",
            "The mean over 64 is the mean of the four means: their sum divided by their number.",
        ),
        tolerance=1e-9,
    ),
)
