"""What can be measured on a training curve and a validation curve: levels, gaps, trends and noise, with error bars."""

import numpy as np

__all__ = ["measure"]


def measure(
    train: np.ndarray, val: np.ndarray, chance: float | None = None, *, raw=None, untrained=None, samples=None
) -> tuple[dict, dict]:
    """All measures of two curves of the same length, and how far noise may move each: two standard errors or more.

    Losses are shares of the first training loss: of ``chance`` where it is given, else of the beginning of ``raw``,
    the training loss of every step, else of the beginning of ``train``. ``untrained``: the validation loss before the
    first step, if there was one.
    ``left``, ``val_left``: what remains at the end (the last quarter). ``gap``: validation minus training at the end.
    ``ratio``: validation by training loss, median over all moments.
    ``above``: in which share of the second half of the run the training loss is 1.2 times its first value or more.
    ``train_rise``, ``val_rise``: from the lowest level to the last one. ``lowest``, ``val_lowest``: those levels;
    ``val_when``: where in the run, from 0 to 1. ``worse``: how far the validation loss ends above its own lowest
    level, as a share of that level. ``falling``: which share of the whole fall of the mean of both losses happened
    between the last two quarters; ``val_falling`` the same for the validation loss. ``ending``: how far that mean fell
    between the last two eighths. ``train_jumps``, ``jumps``: noise from moment to moment; ``jumpier``: their quotient.
    ``luck``: how far other validation samples may move their mean loss, as a share, 1 / sqrt(samples): one standard
    error if the losses of single samples scatter by as much as their mean. 0 if nobody told how many there are.
    """
    luck = 0.0 if samples is None else samples**-0.5
    untrained = None if luck > 0.2 else untrained  # too few samples to measure anything
    first, blur = (chance, 0.0) if chance else beginning(train if raw is None else raw, untrained)
    first = first or train.max()
    mean = (train + val) / 2
    low, val_low = smooth(train), smooth(val)
    ratio = np.median(val / np.maximum(train, 1e-12 * first))
    (end, noise), (val_end, val_noise) = level(train), level(val)
    chosen = luck * val_end * max(0.0, 1 - val_end / first)  # while nothing is learned, all samples are alike
    measures = {
        "moments": (len(val), 0),
        "first": (first, 0),
        "left": (end / first, noise / first + blur * end / first),
        "val_left": (val_end / first, (val_noise + chosen) / first),
        "gap": ((val_end - end) / first, (noise + val_noise + chosen) / first),
        "ratio": (ratio, 2 * ratio * jumps(val) / len(val) ** 0.5),
        "train_rise": ((low[-1] - low.min()) / first, 2 * noise / first),
        "val_rise": ((val_low[-1] - val_low.min()) / first, 2 * val_noise / first),
        "above": ((train[len(train) // 2 :] > 1.2 * first).mean(), 0),
        "lowest": (low.min() / first, 0),
        "val_lowest": (val_low.min() / first, 0),
        "val_when": (val_low.argmin() / (len(val_low) - 1), 0),
        "worse": (val_low[-1] / max(val_low.min(), 1e-300) - 1, 2 * val_noise / max(val_low.min(), 1e-300)),
        "falling": late_share(mean, first),
        "val_falling": late_share(val, first),
        "ending": ending(mean, first),
        "train_jumps": (jumps(train), 0),
        "jumps": (jumps(val), 0),
        "jumpier": (jumps(val) / max(jumps(train), 1e-6), 0),
        "luck": (luck, 0),
    }
    values, bars = ({key: float(pair[k]) for key, pair in measures.items()} for k in range(2))
    return values, bars


def beginning(curve: np.ndarray, untrained: float | None = None) -> tuple[float, float]:
    """The first loss and one standard error of it, as a share.

    While a curve stays level at its beginning, the mean over that part is taken, which is less noisy. Where it falls
    at once, its first value and the validation loss of the untrained network are two measurements of the same: their
    mean is taken, and half their distance is the error.
    """
    noise = jumps(curve)
    for length in (max(4, len(curve) // 4), max(4, len(curve) // 8), 4):
        early, late = curve[: length // 2].mean(), curve[length // 2 : length].mean()
        room = noise * curve[0]
        if abs(early - late) <= 4 * room / length**0.5 and abs(curve[0] - late) <= 3 * room:
            return float(curve[:length].mean()), noise / length**0.5
    if untrained is None:
        return float(curve[0]), noise
    middle = (curve[0] + untrained) / 2
    return float(middle), float(max(noise / 2**0.5, abs(curve[0] - untrained) / 2 / max(middle, 1e-300)))


def level(curve: np.ndarray) -> tuple[float, float]:
    """The mean of the last quarter, and two standard errors of it."""
    quarter = len(curve) // 4
    return curve[-quarter:].mean(), 2 * scatter(curve[-2 * quarter :]) / quarter**0.5


def late_share(curve: np.ndarray, first: float) -> tuple[float, float]:
    """How much of the fall from ``first`` happened between the last two quarters, and two standard errors of it."""
    end, error = level(curve)
    before = curve[-2 * (len(curve) // 4) : -(len(curve) // 4)].mean()
    fall = max(first - end, 1e-3 * first)
    return (before - end) / fall, error / fall


def ending(curve: np.ndarray, first: float) -> tuple[float, float]:
    """How far the curve fell between its last two eighths, as a share of ``first``, and two standard errors of it."""
    eighth = max(2, len(curve) // 8)
    before, end = curve[-2 * eighth : -eighth], curve[-eighth:]
    noise = jumps(curve) * end.mean() * (2 / eighth) ** 0.5
    return (before.mean() - end.mean()) / first, 2 * noise / first


def smooth(curve: np.ndarray) -> np.ndarray:
    """Running means over an eighth of the curve, (window,), from its beginning to its end."""
    width = max(2, len(curve) // 8)
    return np.convolve(curve, np.ones(width) / width, mode="valid")


def scatter(curve: np.ndarray) -> float:
    """The standard deviation around the best straight line."""
    t = np.linspace(-1, 1, len(curve))
    slope = (t * curve).sum() / (t * t).sum()
    return float((curve - curve.mean() - slope * t).std())


def jumps(curve: np.ndarray) -> float:
    """How far a moment lies from the middle of its two neighbours, as a share: the median, scaled to a standard
    deviation (for independent normal noise it is the noise itself)."""
    middle = (curve[:-2] + curve[2:]) / 2
    off = np.abs(curve[1:-1] - middle) / np.maximum((curve[1:-1] + 2 * middle) / 3, 1e-300)
    return float(1.4826 * np.median(off) / 1.5**0.5)
