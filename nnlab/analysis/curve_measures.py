"""What can be measured on a training curve and a validation curve: levels, gaps, trends and noise, with error bars."""

from itertools import pairwise

import numpy as np

from nnlab.history import History

__all__ = ["measure", "same_moments"]


def same_moments(train, val) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation loss at the same moments, checked."""
    if isinstance(train, History):
        if val is not None:
            raise ValueError("val must be left out when a History is given. Got both. Try learning_curves(history).")
        return of_history(train)
    if val is None:
        raise ValueError("val must hold the validation loss. Got none. Try learning_curves(train, val).")
    train, val = checked("train", train), checked("val", val)
    if len(val) > len(train):
        raise ValueError(
            f"train must have at least as many moments as val, {len(val)}. Got {len(train)}. "
            "Try one training loss for each look at the validation data."
        )
    return np.array([part.mean() for part in np.array_split(train, len(val))]), val


def checked(name: str, curve) -> np.ndarray:
    """A curve as (moment,) of float64."""
    values = np.asarray(curve, dtype=float)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must be one curve, (moment,). Got the shape {values.shape}. Try {name}[0].")
    if (values < 0).any():
        raise ValueError(f"{name} must be at least 0. Got {values.min():g}. Try the loss itself, not its logarithm.")
    return values


def of_history(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Median losses of a History where the validation data were looked at.

    The training loss there is the mean over the steps since the look before. At step 0 nothing has been learned, so
    the validation loss stands for both: it has more samples than one mini-batch.

    Raises:
        ValueError: the run had no validation data.
    """
    if not len(history.evaluated):
        raise ValueError(
            "history must have validation losses. Got none. Try fit(model, (train_loader, val_loader), ...)."
        )
    train, val, looks = history.median("loss").numpy(), history.median("val_loss").numpy(), history.evaluated.tolist()
    since = [train[a:b].mean() for a, b in pairwise(looks)]
    return np.array([val[0] if looks[0] == 0 else train[: looks[0]].mean(), *since]), val


def measure(train: np.ndarray, val: np.ndarray, chance: float | None) -> tuple[dict, dict]:
    """All measures of two curves of the same length, and how far noise may move each: two standard errors or more.

    Losses are shares of the first training loss (of ``chance`` where it is given).
    ``left``, ``val_left``: what remains at the end (the last quarter). ``gap``: validation minus training at the end.
    ``ratio``: validation by training loss, median over all moments.
    ``train_rise``, ``val_rise``: from the lowest level to the last one. ``lowest``, ``val_lowest``: those levels;
    ``val_when``: where in the run, from 0 to 1. ``falling``: which share of the whole fall of the mean of both losses
    happened between the last two quarters; ``val_falling`` the same for the validation loss.
    ``train_jumps``, ``jumps``: noise from moment to moment; ``jumpier``: their quotient.
    """
    first, blur = (chance, 0.0) if chance else beginning(train)
    first = first or train.max()
    mean = (train + val) / 2
    low, val_low = smooth(train), smooth(val)
    ratio = np.median(val / np.maximum(train, 1e-12 * first))
    (end, noise), (val_end, val_noise) = level(train), level(val)
    measures = {
        "moments": (len(val), 0),
        "first": (first, 0),
        "left": (end / first, noise / first + blur * end / first),
        "val_left": (val_end / first, val_noise / first),
        "gap": ((val_end - end) / first, (noise + val_noise) / first),
        "ratio": (ratio, 2 * ratio * jumps(val) / len(val) ** 0.5),
        "train_rise": ((low[-1] - low.min()) / first, 2 * noise / first),
        "val_rise": ((val_low[-1] - val_low.min()) / first, 2 * val_noise / first),
        "lowest": (low.min() / first, 0),
        "val_lowest": (val_low.min() / first, 0),
        "val_when": (val_low.argmin() / (len(val_low) - 1), 0),
        "falling": late_share(mean, first),
        "val_falling": late_share(val, first),
        "train_jumps": (jumps(train), 0),
        "jumps": (jumps(val), 0),
        "jumpier": (jumps(val) / max(jumps(train), 1e-6), 0),
    }
    values, bars = ({key: float(pair[k]) for key, pair in measures.items()} for k in range(2))
    return values, bars


def beginning(curve: np.ndarray) -> tuple[float, float]:
    """The first loss and one standard error of it, as a share.

    While a curve stays level at its beginning, the mean over that part is taken, which is less noisy.
    """
    noise = jumps(curve)
    for length in (max(4, len(curve) // 4), max(4, len(curve) // 8), 4):
        early, late = curve[: length // 2].mean(), curve[length // 2 : length].mean()
        room = noise * curve[0]
        if abs(early - late) <= 4 * room / length**0.5 and abs(curve[0] - late) <= 3 * room:
            return float(curve[:length].mean()), noise / length**0.5
    return float(curve[0]), noise


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
