"""Exercises of notebook 09: is it learning, memorising or broken?"""

from __future__ import annotations

import torch

from nnlab.analysis.curves import curve_families
from nnlab.exercises.exercise import Exercise, Mistake, exchanged, normal
from nnlab.exercises.others import uniform, whole

__all__ = ["EXERCISES"]

QUIZ_SEED = 12  # of the eight curves that notebook 09 shows
HIGH = 0.02

TRUTH = torch.tensor([0.0, 1.0, 4.0, 9.0], dtype=torch.float64)
PREDICTIONS = TRUTH + normal(9, 6, 4) * torch.tensor([0.1, 0.5, 1.0, 2.0]) + torch.tensor([1.0, -0.5, 0.0, 0.5])

STEPS = torch.arange(41, dtype=torch.float64)
WIGGLE = 0.03 * (1.7 * STEPS).sin()
RUNS = (  # training and validation loss: one that overfits, one with an easier validation set, one that is short
    (
        0.1 + 2.2 * (-STEPS / 6).exp() + WIGGLE,
        0.8 + 1.6 * (-STEPS / 5).exp() + 0.01 * STEPS - WIGGLE + 0.6 * (STEPS == 1),
    ),
    (0.6 + 1.8 * (-STEPS[:30] / 4).exp(), 0.4 + 2.1 * (-STEPS[:30] / 4).exp()),
    (2.5 - 0.1 * STEPS[:10], 2.4 - 0.08 * STEPS[:10] + WIGGLE[:10]),
)


def parts(predictions, truth):
    mean = predictions.mean(0)
    return ((mean - truth) ** 2).mean(), ((predictions - mean) ** 2).mean()


def parts_over_all(predictions, truth):
    mean = predictions.mean()
    return ((mean - truth) ** 2).mean(), ((predictions - mean) ** 2).mean()


def fold(n, k, number):
    index = torch.arange(n)
    val = index.tensor_split(k)[number]
    return torch.cat([index[: val[0]], index[val[-1] + 1 :]]), val


def fold_interleaved(n, k, number):
    index = torch.arange(n)
    return index[index % k != number], index[index % k == number]


def fold_rounded_down(n, k, number):
    index, size = torch.arange(n), n // k
    val = index[number * size : (number + 1) * size]
    return torch.cat([index[: number * size], index[(number + 1) * size :]]), val


def shares(ends, lowest, first):
    """left, gap and rise, from both losses at the end, the lowest validation loss and the first one."""
    train_end, val_end = ends
    return float(train_end / first), float((val_end - train_end) / first), float((val_end - lowest) / first)


def last_quarters(train, val):
    quarter = len(val) // 4
    return train[-quarter:].mean(), val[-quarter:].mean()


def three_numbers(train, val):
    return shares(last_quarters(train, val), val.min(), val[0])


def numbers_with_gap_turned(train, val):
    left, gap, rise = three_numbers(train, val)
    return left, -gap, rise


def named(bias: float, variance: float) -> str:
    """The verdict on two differences of errors."""
    high = (bias > HIGH, variance > HIGH)
    return {(False, False): "good", (True, False): "high bias", (False, True): "high variance"}.get(high, "both")


def verdict(human, train, val):
    return named(train - human, val - train)


_, NAMES = curve_families.quiz(QUIZ_SEED)


def other_folds(generator):
    counts = zip(whole(generator, 8, 30, 5), (5, 3, 2, 7, 4), strict=True)
    return [(n, k, *whole(generator, 0, k - 1, 1)) for n, k in counts]


def other_errors(generator):
    """Twelve rows of errors, each a little larger than the one before it."""
    steps = uniform(generator, 12, 3) * torch.tensor([0.01, 0.05, 0.05])
    return [tuple(row.cumsum(0).tolist()) for row in steps]


EXERCISES = (
    Exercise(
        id="09.1",
        task="split an error into bias and variance",
        solution=parts,
        tested="both parts agree with the formula on six predictions at four points, and they add up to the error.",
        cases=((PREDICTIONS, TRUTH), (PREDICTIONS[:2], TRUTH)),
        mistakes=(
            Mistake(
                lambda predictions, truth: parts(predictions, truth)[::-1],
                "right numbers, wrong order: the squared bias comes first.",
            ),
            Mistake(
                lambda predictions, truth: (((predictions - truth) ** 2).mean(), parts(predictions, truth)[1]),
                "your bias is the whole error: take the mean over the draws first, then compare it with the truth.",
            ),
            Mistake(
                lambda predictions, truth: (parts(predictions, truth)[0], ((predictions - truth) ** 2).mean()),
                "your variance is the whole error: measure the spread around the mean prediction, not the truth.",
            ),
            Mistake(
                parts_over_all, "your mean runs over draws and points: every point has a mean of its own, mean(0)."
            ),
            Mistake(
                lambda predictions, truth: (parts(predictions, truth)[0], predictions.var(0).mean()),
                "you divide by the number of draws minus one; then the parts do not add up. Use correction=0.",
            ),
            Mistake(
                lambda predictions, truth: ((predictions.mean(0) - truth).mean() ** 2, parts(predictions, truth)[1]),
                "biases of different signs cancel in your mean: square them before you average.",
            ),
        ),
        hints=(
            "First the mean prediction at every point. Bias is its distance from the truth, variance the spread.",
            "mean = predictions.mean(0), then ((mean - truth)**2).mean() and ((predictions - mean)**2).mean().",
        ),
        tolerance=1e-9,
    ),
    Exercise(
        id="09.2",
        task="cut the samples into folds",
        solution=fold,
        tested="training and validation indices of five folds, also where n is not a multiple of k.",
        cases=((10, 5, 1), (11, 3, 0), (11, 3, 2), (7, 7, 6), (10, 4, 3)),
        others=other_folds,
        mistakes=(
            Mistake(
                lambda n, k, number: fold(n, k, number)[::-1],
                "you return them in the wrong order: first training, then validation.",
            ),
            Mistake(
                lambda n, k, number: (torch.arange(n), fold(n, k, number)[1]),
                "your training indices contain the validation samples: that is not validation.",
            ),
            Mistake(fold_interleaved, "your fold takes every k-th sample; here it is one piece of neighbours."),
            Mistake(
                fold_rounded_down,
                "your folds have n // k samples each, so the last samples are never validated: use tensor_split.",
            ),
        ),
        hints=(
            "torch.arange(n).tensor_split(k) gives k pieces. One is for validation; join all others.",
            "parts = list(torch.arange(n).tensor_split(k)), val = parts.pop(number), return torch.cat(parts), val.",
        ),
    ),
    Exercise(
        id="09.3",
        task="measure left, gap and rise",
        solution=three_numbers,
        tested="left, gap and rise of three runs: one with a rise, one with a gap below zero, one of only 10 moments.",
        cases=RUNS,
        mistakes=(
            Mistake(
                lambda train, val: shares((train[-1], val[-1]), val.min(), val[0]),
                "your end is the last moment alone, which may be a lucky one: take the mean of the last quarter.",
            ),
            Mistake(
                lambda train, val: shares(last_quarters(train, val), val.min(), val[-1]),
                "you divide by the last loss: all three are shares of the first, val[0].",
            ),
            Mistake(
                lambda train, val: shares(last_quarters(train, val), val.min(), train[0]),
                "you divide by the first training loss: all three are shares of the first validation loss, val[0].",
            ),
            Mistake(
                lambda train, val: shares(last_quarters(train, val), val.min(), val.max()),
                "you divide by the largest validation loss: all three are shares of the first one, val[0].",
            ),
            Mistake(
                lambda train, val: shares(last_quarters(train, val), val.min(), 1),
                "these are losses, not shares: divide all three by the first one, val[0].",
            ),
            Mistake(numbers_with_gap_turned, "your gap has the wrong sign: it is validation minus training."),
            Mistake(
                lambda train, val: shares(last_quarters(train, val), val[0], val[0]),
                "your rise starts at the first validation loss: it starts at the lowest one, and is never below zero.",
            ),
            Mistake(
                lambda train, val: shares((train.mean(), val.mean()), val.min(), val[0]),
                "you average the whole run: only the last quarter is the end.",
            ),
        ),
        hints=(
            "First the two ends, each the mean of the last len(val) // 4 losses. Then put these into the formulas.",
            "q = len(val) // 4. The ends are train[-q:].mean() and val[-q:].mean(). Rise: (end - val.min()) / val[0].",
        ),
    ),
    Exercise(
        id="09.4",
        task="name what is high in an error table",
        solution=verdict,
        tested="twelve rows, half of them close to the limit: more than 2 percentage points are high.",
        cases=(
            (0.005, 0.01, 0.11),
            (0.005, 0.15, 0.16),
            (0.005, 0.15, 0.30),
            (0.005, 0.005, 0.01),
            (0.10, 0.11, 0.12),
            (0.10, 0.115, 0.13),
            (0.0, 0.021, 0.10),  # from here on close to the limit
            (0.0, 0.15, 0.171),
            (0.10, 0.121, 0.13),
            (0.10, 0.11, 0.131),
            (0.0, 0.02, 0.06),  # exactly 0.02 is not more than 0.02
            (0.0, 0.0, 0.02),
        ),
        others=other_errors,
        mistakes=(
            Mistake(
                lambda human, train, val: named(train, val - train),
                "you call the training error itself bias. If humans err as often, there is little left to learn.",
            ),
            Mistake(
                lambda human, train, val: named(train - human, val - human),
                "your variance starts at the human error: it starts at the training error.",
            ),
            Mistake(
                lambda human, train, val: named(val - train, train - human),
                "bias is what training leaves, variance what validation adds: you exchanged them.",
            ),
        ),
        hints=(
            "Two differences: training minus human error, and validation minus training error.",
            'bias = train - human > 0.02, variance = val - train > 0.02; "both" if both, "good" if none.',
        ),
    ),
    Exercise(
        id="09.5",
        task="name the eight curves of the quiz",
        solution=NAMES,
        tested="your eight names are the families that the curves were drawn from.",
        mistakes=(
            Mistake(
                exchanged(NAMES, "underfitting", "not learning"),
                "underfitting and not learning are exchanged: one of the two losses does fall before it stays high.",
            ),
            Mistake(
                exchanged(NAMES, "good fit", "underfitting"),
                "good fit and underfitting are exchanged: look where the axis has its zero.",
            ),
            Mistake(
                exchanged(NAMES, "still improving", "underfitting"),
                "still improving and underfitting are exchanged: only one of them has levelled off.",
            ),
            Mistake(
                exchanged(NAMES, "good fit", "easier validation"),
                "good fit and easier validation are exchanged: which line lies above?",
            ),
            Mistake(
                exchanged(NAMES, "overfitting", "diverging"),
                "overfitting and diverging are exchanged: in one of them the *training* loss rises.",
            ),
        ),
        hints=(
            "Two questions decide most: where does the training loss end, and how far away is the validation loss?",
            "Start with the sure ones: which training loss rises, which never moves, which validation loss jumps?",
        ),
    ),
)
