"""Inputs not normalized: wine by 13 measurements, one of which is near 750 and another near 0.4."""

from torch import nn

from nnlab.datasets.data import split, standardized

__all__ = ["data", "network"]

FAULT = "inputs not normalized"


def data(seed):
    """178 wines of three growers, by 13 measurements."""
    from sklearn.datasets import load_wine

    measurements, growers = load_wine(return_X_y=True)
    return split("wine", measurements, growers, seed, classes=3)


def network():
    """13 measurements, twice 64 units, 3 logits."""
    return nn.Sequential(nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))


def cured_data(seed):
    """The same, each measurement with mean 0 and standard deviation 1."""
    return standardized(data(seed))


CURE = {"data": cured_data}
