"""Tasks made of another one: some of its classes, or a few samples of each class."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from nnlab import arguments
from nnlab.datasets.data import Dataset, Split, changed

__all__ = ["few", "of_classes"]


def of_classes(data: Dataset, classes: Iterable[int]) -> Dataset:
    """Only the samples of these classes, which are numbered 0, 1, 2, ... in the given order.

    Args:
        data: a classification problem. classes: at least two different class numbers of it, such as ``range(5)``.

    Raises:
        ValueError, TypeError: fewer than two classes, one twice, or one that ``data`` does not have.

    >>> from nnlab import digits
    >>> of_classes(digits(), range(5, 10))
    digits, classes 5 6 7 8 9: 537 train, 179 val, 180 test; 64 features, 5 classes
    """
    chosen = [arguments.whole("every class", c, 0, at_least=0) for c in classes]
    known = data.classes or 0
    if len(chosen) < 2 or len(set(chosen)) < len(chosen) or max(chosen) >= known:
        raise ValueError(
            f"classes must be two or more different class numbers below {known}. Got {chosen}. Try range({known})."
        )
    number = torch.full((known,), -1)
    number[chosen] = torch.arange(len(chosen))

    def picked(part: Split) -> Split:
        keep = number[part.y] >= 0
        return Split(part.x[keep], number[part.y[keep]])

    return changed(data, f"classes {' '.join(map(str, chosen))}", picked, len(chosen))


def few(data: Dataset, per_class: int, seeds: Iterable[int]) -> Dataset:
    """So few training samples, drawn anew for every seed; validation and test data stay whole.

    Args:
        data: a classification problem.
        per_class: samples of each class; at most as many as the rarest class has.
        seeds: one set of samples for each, for ``ensemble.train(seeds=seeds)``.

    Returns:
        a data set with ``train.x`` (seed, sample, features) and ``train.y`` (seed, sample). A larger ``per_class`` of
        the same seed keeps the samples of a smaller one.

    Raises:
        ValueError, TypeError: real targets, no seed, or a class with fewer samples.

    >>> from nnlab import digits
    >>> few(of_classes(digits(), range(5)), 10, seeds=range(16)).train.x.shape
    torch.Size([16, 50, 64])
    """
    arguments.whole("per_class", per_class, 10)
    seeds, y = list(seeds), data.train.y
    classes = data.classes or 0
    rarest = int(y.bincount(minlength=classes).min()) if classes else 0
    if per_class > rarest:
        raise ValueError(f"per_class must be at most {rarest}, the size of the rarest class. Got {per_class}. Try 1.")
    if not seeds:
        raise ValueError("seeds must name at least one set of samples. Got none. Try range(16).")
    chosen = []
    for seed in seeds:
        order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
        chosen.append(torch.cat([order[y[order] == k][:per_class] for k in range(classes)]))
    index = torch.stack(chosen)  # (seed, sample)
    train = Split(data.train.x[index], y[index])
    return Dataset(f"{data.name}, {per_class} of each", train, data.val, data.test, data.classes)
