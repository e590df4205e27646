"""Labels shuffled against inputs: the training inputs are shuffled, their labels are not."""

from dataclasses import replace

import torch

from nnlab.analysis.clinic import healthy
from nnlab.datasets.data import Split, digits

__all__ = ["data"]

FAULT = "labels shuffled against inputs"
CURE = {"data": healthy.data}


def data(seed):
    """Digits in a new order."""
    ordered = digits(seed, standardize=True)
    x, y = ordered.train.x, ordered.train.y
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    return replace(ordered, train=Split(x[order], y))
