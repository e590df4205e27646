"""Calibration: does a network that says 90 % have it right nine times in ten?

The confidence of a sample is the largest of its probabilities. The curves are scikit-learn's, the error torchmetrics'.
"""

from typing import NamedTuple

import numpy as np
import torch

from nnlab import arguments

__all__ = ["Reliability", "calibration_error", "reliability"]

BINS = 15  # as Guo et al. 2017


class Reliability(NamedTuple):
    """A reliability diagram of one network; bins without samples are left out."""

    confidence: np.ndarray  # (bins with samples,), the mean confidence in each bin
    accuracy: np.ndarray  # the share of right answers in each
    counts: np.ndarray  # samples in each
    error: float  # expected calibration error


def reliability(probabilities: torch.Tensor, y: torch.Tensor, bins: int = BINS) -> Reliability:
    """Sort the samples into bins by confidence and compare confidence with accuracy (Guo et al. 2017, figure 1).

    Args:
        probabilities: (batch, classes), of one network or of an ensemble's mean.
        y: (batch,), class numbers.
        bins: how many bins of equal width between 0 and 1.

    Raises:
        ValueError, TypeError: probabilities with other axes or outside [0, 1], or other targets than class numbers.
    """
    from sklearn.calibration import calibration_curve

    check(probabilities, y, bins)
    if probabilities.ndim != 2:
        raise ValueError(
            f"probabilities must have the shape (batch, classes). Got {tuple(probabilities.shape)}. "
            "Try probabilities[0], one member, or probabilities.mean(0)."
        )
    highest, answer = probabilities.double().max(-1)
    right, confidence = (answer == y).numpy(), highest.clamp(max=1.0).numpy()
    accuracy, mean = calibration_curve(right, confidence, n_bins=bins, strategy="uniform")
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)  # scikit-learn does not return the counts
    counts = np.bincount(place, minlength=bins)
    counts = counts[counts > 0]
    return Reliability(mean, accuracy, counts, float((counts * np.abs(accuracy - mean)).sum() / len(y)))


def calibration_error(probabilities: torch.Tensor, y: torch.Tensor, bins: int = BINS) -> torch.Tensor:
    """Expected calibration error: the mean distance of accuracy and confidence, bins weighted by their samples.

    Guo et al. 2017, eq. 3, whose bins hold their right end; ``multiclass_calibration_error`` of torchmetrics with norm
    "l1" is the same but for samples exactly at an edge. For each member its own. It is an estimate from few samples:
    it is above zero also for a network that is calibrated, so compare it over seeds.

    Args:
        probabilities: (..., batch, classes). y: (batch,), class numbers. bins: how many bins between 0 and 1.

    Returns:
        the error of every member, (...,), from 0 to 1.

    Raises:
        ValueError, TypeError: as ``reliability``.
    """
    check(probabilities, y, bins)
    rows = probabilities.reshape(-1, *probabilities.shape[-2:])
    errors = [reliability(p, y, bins).error for p in rows]
    return torch.tensor(errors, dtype=torch.float32).reshape(probabilities.shape[:-2])


def check(probabilities: torch.Tensor, y: torch.Tensor, bins: int) -> None:
    """Check that these are probabilities, because torchmetrics would silently take a softmax of anything else."""
    arguments.whole("bins", bins, BINS)
    if not (probabilities.amin() >= 0 and (probabilities.sum(-1) - 1).abs().amax() <= 1e-3):
        sums = probabilities.sum(-1)
        raise ValueError(
            f"probabilities must be at least 0 and sum to 1. Got entries from {probabilities.amin():.3g} and sums from "
            f"{sums.amin():.5g} to {sums.amax():.5g}. Try logits.softmax(-1)."
        )
    if y.dtype != torch.int64 or y.shape != probabilities.shape[-2:-1]:
        raise ValueError(
            f"y must hold one class number for each sample. Got {y.dtype} of shape {tuple(y.shape)} for "
            f"probabilities {tuple(probabilities.shape)}. Try data.test.y."
        )
