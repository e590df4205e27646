"""Exercises of notebook 16: can a network paint a photograph from a tenth of its pixels?"""

from __future__ import annotations

import math

import torch

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]

PAINTED, TRUTH = (torch.sigmoid(normal(seed, 6, 3)) for seed in (0, 1))
V, FREQUENCIES = normal(2, 5, 2), 0.5 * normal(3, 4, 2)
TRAIN = torch.sigmoid(2 * normal(4, 8, 3) + torch.tensor([1.0, 0.0, -2.0], dtype=torch.float64))
OUTPUTS = 1.5 * normal(5, 6, 3)
ORDER = torch.randperm(60, generator=torch.Generator().manual_seed(6))


def coordinates(height, width):
    rows, columns = (torch.linspace(-1, 1, n, dtype=torch.float64) for n in (height, width))
    return torch.cartesian_prod(rows, columns)


def coordinates_over(height, width, rows, columns):
    r, c = torch.cartesian_prod(torch.arange(height).double(), torch.arange(width).double()).T
    return torch.stack([2 * r / rows - 1, 2 * c / columns - 1], 1)


def psnr(painted, truth):
    return -10 * torch.log10(((painted - truth) ** 2).mean())


def fourier(v, b):
    angle = 2 * math.pi * v @ b.T
    return torch.cat([angle.cos(), angle.sin()], 1)


def waves_of(angle):
    return torch.cat([angle.cos(), angle.sin()], 1)


def colours(outputs, train):
    return (outputs * train.std(correction=0) + train.mean()).clamp(0, 1)


def colours_by_channel(outputs, train):
    return (outputs * train.std(0, correction=0) + train.mean(0)).clamp(0, 1)


def split(order, known):
    held = known // 5
    return order[: known - held], order[known - held : known], order[known:]


def split_at(order, first, second, third):
    return order[:first], order[second:third], order[third:]


EXERCISES = (
    Exercise(
        id="16.1",
        task="scale the coordinates of all pixels to -1 ... 1",
        solution=coordinates,
        tested="rows and columns of all pixels of three pictures, row by row, with -1 and 1 at the borders.",
        cases=((3, 4), (5, 2), (2, 7)),
        others=lambda generator: [tuple(whole(generator, 2, 9, 2)) for _ in range(3)],
        mistakes=(
            Mistake(
                lambda height, width: coordinates(height, width).flip(1),
                "you give column and row: here the row comes first.",
            ),
            Mistake(
                lambda height, width: coordinates(width, height).flip(1),
                "the right pairs, column by column: go through the picture row by row.",
            ),
            Mistake(
                lambda height, width: (coordinates(height, width) + 1) / 2,
                "your coordinates run from 0 to 1: -1 to 1 is twice as long, and centred.",
            ),
            Mistake(
                lambda height, width: coordinates_over(height, width, height, width),
                "the last row and column do not reach 1: n pixels have n - 1 steps between them.",
            ),
            Mistake(
                lambda height, width: coordinates_over(height, width, *[max(height, width) - 1] * 2),
                "you divide both by the longer side: here each coordinate runs from -1 to 1 by itself.",
            ),
        ),
        hints=(
            "torch.linspace(-1, 1, n) has both ends. You need every row with every column.",
            "torch.cartesian_prod(a, b) pairs every entry of a with every one of b, and b runs fastest.",
        ),
    ),
    Exercise(
        id="16.2",
        task="compute the PSNR of painted colours from 0 to 1",
        solution=psnr,
        tested="the PSNR of 6 pixels, of a better painting of them, and of one that is wrong by 1 everywhere.",
        cases=((PAINTED, TRUTH), (0.1 * PAINTED + 0.9 * TRUTH, TRUTH), (TRUTH + 1, TRUTH)),
        mistakes=(
            Mistake(lambda painted, truth: -psnr(painted, truth), "the sign: a smaller error is a higher PSNR."),
            Mistake(
                lambda painted, truth: 2 * psnr(painted, truth),
                "twice too much: 20 log10 belongs to the root of the MSE, 10 log10 to the MSE.",
            ),
            Mistake(
                lambda painted, truth: psnr(painted, truth) / 2,
                "half of it: you took the root of the MSE. Leave it, or write 20 log10.",
            ),
            Mistake(
                lambda painted, truth: psnr(painted, truth) * math.log(10),
                "that is the natural logarithm: torch.log10.",
            ),
            Mistake(
                lambda painted, truth: -10 * torch.log10(((painted - truth) ** 2).sum()),
                "you sum the squares: PSNR takes their mean over pixels and colours.",
            ),
            Mistake(
                lambda painted, truth: -10 * torch.log10((painted - truth).abs().mean()),
                "you average absolute errors: PSNR takes squared ones.",
            ),
        ),
        hints=(
            "First the mean of the squared differences; full light is 1, so PSNR = 10 log10(1 / MSE).",
            "-10 * torch.log10(((painted - truth) ** 2).mean())",
        ),
    ),
    Exercise(
        id="16.3",
        task="turn coordinates into Fourier features",
        solution=fourier,
        tested="your features of 5 points and 4 frequencies agree with eq. 5 of Tancik et al.: cosines, then sines.",
        cases=((V, FREQUENCIES), (V[:2], FREQUENCIES[:1])),
        mistakes=(
            Mistake(
                lambda v, b: waves_of(v @ b.T),
                "2 pi is missing: a frequency counts whole waves, and a wave is 2 pi long.",
            ),
            Mistake(lambda v, b: waves_of(math.pi * v @ b.T), "pi instead of 2 pi: your waves are twice too long."),
            Mistake(
                lambda v, b: fourier(v, b).roll(len(b), 1),
                "sines first: equation 5 has the cosines first.",
            ),
            Mistake(
                lambda v, b: fourier(v, b).reshape(len(v), 2, len(b)).mT.flatten(1),
                "the right numbers, interleaved: first all cosines, then all sines.",
            ),
            Mistake(
                lambda v, b: fourier(v, b)[:, : len(b)],
                "only the cosines: without sines no wave can be shifted.",
            ),
        ),
        hints=(
            "An angle for every point and every frequency, (5, 4), then its cosine beside its sine.",
            "angle = 2 * math.pi * v @ b.T; then torch.cat of angle.cos() and angle.sin() along axis 1.",
        ),
    ),
    Exercise(
        id="16.4",
        task="turn outputs back into colours",
        solution=colours,
        tested="6 outputs become colours with mean and standard deviation of the training colours, cut to 0 ... 1.",
        cases=((OUTPUTS, TRAIN), (0.3 * OUTPUTS, TRAIN)),
        mistakes=(
            Mistake(
                lambda outputs, train: outputs * train.std(correction=0) + train.mean(),
                "some colours are below 0 or above 1: cut them with clamp(0, 1).",
            ),
            Mistake(
                colours_by_channel,
                "you use a mean and a deviation for each colour. Here one of each serves all three.",
            ),
            Mistake(
                lambda outputs, train: ((outputs + train.mean()) * train.std(correction=0)).clamp(0, 1),
                "the order: first times the standard deviation, then plus the mean.",
            ),
            Mistake(
                lambda outputs, train: ((outputs - train.mean()) / train.std(correction=0)).clamp(0, 1),
                "that standardizes once more: the way back multiplies and adds.",
            ),
            Mistake(
                lambda outputs, train: (outputs * train.std() + train.mean()).clamp(0, 1),
                "almost: torch's std divides by n - 1. Here n is wanted: std(correction=0).",
            ),
            Mistake(
                lambda outputs, train: outputs.sigmoid(),
                "a sigmoid also ends between 0 and 1, but it is not the way back: the targets were z-scores.",
            ),
        ),
        hints=(
            "z = (colour - mean) / std; solve it for the colour. Then cut what no screen can show.",
            "(outputs * train.std(correction=0) + train.mean()).clamp(0, 1)",
        ),
    ),
    Exercise(
        id="16.5",
        task="split shuffled pixels into training, validation and test, without overlap",
        solution=split,
        tested="60 pixels: each is in one part only, for three numbers of known ones; a fifth of them validates.",
        cases=((ORDER, 20), (ORDER, 33), (ORDER, 9)),
        others=lambda generator: [
            (torch.randperm(60, generator=generator), known) for known in whole(generator, 5, 45, 3)
        ],
        mistakes=(
            Mistake(
                lambda order, known: split_at(order, known, known - known // 5, known),
                "the validation pixels are among the training pixels too: no overfitting would be seen.",
            ),
            Mistake(
                lambda order, known: (*split(order, known)[:2], order[known - known // 5 :]),
                "the validation pixels are among the test pixels too: the model was chosen by them.",
            ),
            Mistake(
                lambda order, known: (order[:known], order[known : known + known // 5], order[known + known // 5 :]),
                "you validate on pixels that are not known: only the first ones of the order are.",
            ),
            Mistake(
                lambda order, known: tuple(part.sort().values for part in split(order, known)),
                "the right pixels, sorted: keep them as they were shuffled.",
            ),
            Mistake(
                lambda order, known: split(torch.arange(len(order)), known),
                "you take the first pixels of the picture, a strip at its top: use the shuffled order.",
            ),
        ),
        hints=(
            "Cut the order twice: behind the training pixels, and behind the known ones.",
            "held = known // 5; then order[:known - held], order[known - held:known], order[known:].",
        ),
    ),
)
