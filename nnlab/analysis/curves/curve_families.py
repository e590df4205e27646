"""Made-up learning curves of eight kinds, for practice: the quiz of notebook 09 and the tests of ``diagnosis``.

They are made from what causes each kind (a floor that the model cannot pass, a gap that opens, too few validation
samples, ...), and know nothing of the thresholds of ``diagnosis``.
"""

from typing import NamedTuple

import numpy as np

from nnlab import arguments

__all__ = ["FAMILIES", "draw", "quiz"]


class Curves(NamedTuple):
    """Training and validation loss at the same moments of one run, each (moment,)."""

    train: np.ndarray
    val: np.ndarray


def draw(family: str, seed: int) -> Curves:
    """One random run of a family: length, first loss, speed, final losses and noise differ from seed to seed.

    Args:
        family: "good fit", "underfitting", "overfitting", "still improving", "not learning", "diverging",
            "noisy validation" or "easier validation".
        seed: the same seed gives the same curves.

    Raises:
        ValueError, TypeError: an unknown family or a negative seed.

    >>> draw("diverging", seed=0).train.shape
    (72,)
    """
    arguments.one_of("family", family, FAMILIES)
    arguments.whole("seed", seed, 0, at_least=0)
    random = np.random.default_rng([seed, list(FAMILIES).index(family)])
    moments = round(30 * 10 ** random.uniform(0, 1))  # 30 to 300 points are recorded
    train, val = FAMILIES[family](random, np.linspace(0, 1, moments))
    first_loss = 0.1 * 100 ** random.uniform(0, 1)  # from a small squared error to a large cross-entropy
    train = train * (1 + mini_batch_noise(random, moments))
    val = val * (1 + 0.5 * mini_batch_noise(random, moments)) * (1 + 0.02 * random.standard_normal())
    return Curves(first_loss * train, first_loss * val)


def quiz(seed: int) -> tuple[list[Curves], tuple[str, ...]]:
    """Eight curves, one of each family in a random order, and in the same order their names.

    >>> curves, names = quiz(seed=0)
    >>> len(curves), len(set(names))
    (8, 8)
    """
    arguments.whole("seed", seed, 0, at_least=0)
    names = tuple(np.random.default_rng(seed).permutation(list(FAMILIES)).tolist())
    return [draw(name, seed) for name in names], names


def mini_batch_noise(random, moments: int) -> np.ndarray:
    """Relative noise of 0.3 % to 3 %: independent, or with a memory of a few moments."""
    size, memory = 0.003 * 10 ** random.uniform(0, 1), random.choice([0.0, 0.5])
    noise = size * random.standard_normal(moments)
    for k in range(1, moments):
        noise[k] = memory * noise[k - 1] + (1 - memory**2) ** 0.5 * noise[k]
    return noise


def fall(random, t: np.ndarray, slowest: float = 0.12) -> np.ndarray:
    """From 1 towards 0: exponentially, or faster at first and slower later, as losses often fall."""
    speed = slowest * random.uniform(0.2, 1)
    late = random.uniform(0, 0.3) * speed  # the first moment is recorded after some steps
    if random.random() < 0.5:
        return np.exp(-(t + late) / speed)
    return (1 + (t + late) / speed) ** -random.uniform(1.5, 3)


def good_fit(random, t):
    """Both losses level off low, the validation loss a little above."""
    end = random.uniform(0.02, 0.25)
    down = fall(random, t)
    return end + (1 - end) * down, end + random.uniform(0, 0.05) + (1 - end) * down


def underfitting(random, t):
    """Both losses level off far from zero: the model cannot do better, on any data."""
    end = random.uniform(0.55, 0.85)
    down = fall(random, t)
    return end + (1 - end) * down, end + random.uniform(0, 0.03) + (1 - end) * down


def overfitting(random, t):
    """The training loss goes towards zero; the validation loss stops early, and rises in two of three runs."""
    end, stop = random.uniform(0.0, 0.1) + 0.002, random.uniform(0.3, 0.6)
    rise = random.choice([0, 1, 1]) * random.uniform(0.1, 0.8)
    turn = random.uniform(0.1, 0.5)
    val = stop + (1 - stop) * fall(random, t) + rise * np.maximum(t - turn, 0) ** random.uniform(0.7, 1.3)
    return end + (1 - end) * fall(random, t, 0.2), val


def still_improving(random, t):
    """Too slow, or stopped too early: both losses fall to the last moment."""
    speed, end = random.uniform(0.5, 2.0), random.uniform(0, 0.1)
    down = np.exp(-t / speed)
    return end + (1 - end) * down, end + random.uniform(0, 0.03) + (1 - end) * down


def not_learning(random, t):
    """Nothing happens: both losses stay where they were, up to a drift of at most 2 %."""
    return 1 + random.uniform(-0.02, 0.02) * t, 1 + random.uniform(-0.02, 0.02) * t


def diverging(random, t):
    """Up from the start, up after a good start, up to inf, or wild jumps on a growing level."""
    kind, turn = random.integers(4), random.uniform(0.0, 0.7)
    up = np.expm1(random.uniform(2, 20) * np.maximum(t - turn, 0))
    down = 0.2 + 0.8 * fall(random, t)
    if kind == 0:
        train = np.exp(random.uniform(1, 15) * t)
    elif kind == 3:
        train = (1 + random.uniform(2, 10) * t) * np.exp(0.5 * random.standard_normal(len(t)))
    else:
        train = down + up
    if kind == 2:
        train = np.where(t > random.uniform(turn, 0.95), random.choice([np.inf, np.nan]), train)
    return train, train * np.exp(0.1 * random.standard_normal(len(t)))


def noisy_validation(random, t):
    """The training run is fine, but a handful of validation samples makes their loss jump."""
    train, val = good_fit(random, t)
    return train, val * np.exp(random.uniform(0.2, 0.6) * random.standard_normal(len(t)))


def easier_validation(random, t):
    """The validation loss lies below the training loss: easier samples, or dropout that only training feels."""
    end, share = random.uniform(0.1, 0.4), random.uniform(0.4, 0.8)
    train = end + (1 - end) * fall(random, t)
    return train, share * train


FAMILIES = {
    "good fit": good_fit,
    "underfitting": underfitting,
    "overfitting": overfitting,
    "still improving": still_improving,
    "not learning": not_learning,
    "diverging": diverging,
    "noisy validation": noisy_validation,
    "easier validation": easier_validation,
}
