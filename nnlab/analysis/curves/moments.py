"""Training and validation loss as people have them, brought to the same moments of one run."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nnlab.history import History

__all__ = ["Moments", "like_accuracies", "same_moments"]


class Moments(NamedTuple):
    """Training and validation loss at the same moments, (moment,), and what is known about the beginning."""

    train: np.ndarray
    val: np.ndarray
    raw: np.ndarray  # (step,), the training loss as it was recorded
    untrained: float | None = None  # the validation loss before the first step


def same_moments(train, val) -> Moments:
    """Both losses at the moments of the validation loss, checked. More training losses than those are averaged."""
    if isinstance(train, History):
        if val is not None:
            raise ValueError("val must be left out when a History is given. Got both. Try learning_curves(history).")
        return of_history(train)
    if val is None:
        raise ValueError("val must hold the validation loss. Got none. Try learning_curves(train, val).")
    train, val = without_gaps(checked("train", train), checked("val", val))
    if len(val) > len(train):
        raise ValueError(
            f"train must have at least as many moments as val, {len(val)}. Got {len(train)}. "
            "Try one training loss for each look at the validation data."
        )
    return Moments(np.array([part.mean() for part in np.array_split(train, len(val))]), val, train)


def checked(name: str, curve) -> np.ndarray:
    """A curve as (moment,) of float64."""
    values = np.asarray(curve, dtype=float)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must be one curve, (moment,). Got the shape {values.shape}. Try {name}[0].")
    if (values < 0).any():
        raise ValueError(
            f"{name} must be at least 0. Got {np.nanmin(values):g}. Try the loss itself, not its logarithm."
        )
    return values


def without_gaps(train: np.ndarray, val: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of a log without the rows in which they hold nothing, which is read as nan.

    Lightning's CSV has a row for each call that logs, and ``History.to_frame`` one for each step: in most of them one
    of the two losses is missing. A run that has diverged never comes back from nan. So a column that begins with nan,
    or comes back from it at least twice, has gaps. A nan that stands in curves without gaps, or that lasts longer at
    the end than every gap before, is the run's own: it is kept.
    """
    gaps = gaps_of(train), gaps_of(val)
    if not any(found and (found[0] > 0 or sum(gap > 0 for gap in found) >= 2) for found in gaps):
        return train, val
    longest = max(max(found, default=0) for found in gaps)
    train, val = (shortened(curve, longest) for curve in (train, val))
    return train, val


def gaps_of(curve: np.ndarray) -> list[int]:
    """How many rows without a number stand in front of each number."""
    return (np.diff(np.flatnonzero(~np.isnan(curve)), prepend=-1) - 1).tolist()


def shortened(curve: np.ndarray, longest: int) -> np.ndarray:
    """The numbers of a column, and one nan behind them if it ends in more than ``longest`` rows without a number."""
    numbers = np.flatnonzero(~np.isnan(curve))
    trailing = len(curve) - 1 - (numbers[-1] if len(numbers) else -1)
    return np.append(curve[numbers], [np.nan] if trailing > longest else [])


def like_accuracies(train: np.ndarray, val: np.ndarray) -> bool:
    """Whether both curves rise as accuracies do: within [0, 1], or smoothly towards at most 100 %."""
    both, eighth = (train + val) / 2, max(1, len(val) // 8)
    begin, end = both[:eighth].mean(), both[-eighth:].mean()
    top = max(train.max(), val.max())
    if top <= 1:
        return end > begin + 0.03
    smooth = np.abs(np.diff(both)).max() < 0.5 * (end - begin)
    return top <= 100 and end > 30 and end > begin + 3 and smooth


def of_history(history: History) -> Moments:
    """Median losses of a History where the validation data were looked at.

    The training loss there is the mean over the steps since the look before. Before the first step nothing has been
    learned, so the first mini-batch and the validation data measure the same, and their mean stands for both.

    Raises:
        ValueError: the run had no validation data.
    """
    if not len(history.evaluated):
        raise ValueError(
            "history must have validation losses. Got none. Try fit(model, (train_loader, val_loader), ...)."
        )
    raw, val, looks = history.median("loss").numpy(), history.median("val_loss").numpy(), history.evaluated.tolist()
    since = [raw[a:b].mean() for a, b in pairwise(looks)]
    if looks[0] == 0:
        return Moments(np.array([(raw[0] + val[0]) / 2, *since]), val, raw, float(val[0]))
    return Moments(np.array([raw[: looks[0]].mean(), *since]), val, raw)
