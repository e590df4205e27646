"""Data sets: real digits, two small real tables and three toy problems, split into training, validation and test data.

Nothing is downloaded. Every ``.x`` has the shape (n, features) in float32; ``.y`` has the shape (n,) and holds class
numbers (int64) or real targets (float32).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from nnlab import arguments

__all__ = [
    "Dataset", "Split", "breast_cancer", "changed", "digits", "mislabelled", "moons", "polynomial", "reconstruction",
    "spirals", "split", "standardized", "wine",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set: inputs ``x`` (n, features) and targets ``y`` (n,), or (n, outputs)."""

    x: torch.Tensor
    y: torch.Tensor

    def __post_init__(self):
        if len(self.x) == 0 or len(self.x) != len(self.y):
            raise ValueError(
                f"a split must have one target for each of at least one sample. "
                f"Got x {tuple(self.x.shape)} and y {tuple(self.y.shape)}. Try more samples."
            )
        arguments.finite("x", self.x)
        if self.y.is_floating_point():
            arguments.finite("y", self.y)

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training, validation and test data of one problem; ``classes`` is None for a regression."""

    name: str
    train: Split
    val: Split
    test: Split
    classes: int | None

    def __repr__(self) -> str:
        sizes = f"{len(self.train):,} train, {len(self.val):,} val, {len(self.test):,} test"
        goal = f"{self.classes} classes" if self.classes else "real targets"
        return f"{self.name}: {sizes}; {self.train.x.shape[-1]} features, {goal}"


def digits(seed: int = 0, standardize: bool = False) -> Dataset:
    """1,797 real hand-written digits of 8 x 8 pixels, ten classes (Alpaydin & Kaynak 1998; in scikit-learn).

    Args:
        seed: which samples go where: 60 % training, 20 % validation, 20 % test, with equal class shares.
        standardize: False leaves pixels in [0, 1] (counts of 0 to 16 divided by 16, so nothing is fitted); True
            subtracts each pixel's mean and divides by its standard deviation, both of the *training* data.

    >>> digits(seed=0)
    digits: 1,077 train, 360 val, 360 test; 64 features, 10 classes
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    data = split("digits", pixels / 16, labels, seed, classes=10)
    return standardized(data) if standardize else data


def wine(seed: int = 0, standardize: bool = True) -> Dataset:
    """178 wines by their chemistry: 13 measurements, three growers (Forina et al. 1988, PARVUS; in scikit-learn).

    Args:
        seed: which samples go where. standardize: as in ``digits``; the raw features differ in size by a thousand.

    >>> wine(seed=0)
    wine, standardized: 106 train, 36 val, 36 test; 13 features, 3 classes
    """
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    data = split("wine", x, y, seed, classes=3)
    return standardized(data) if standardize else data


def breast_cancer(seed: int = 0, standardize: bool = True) -> Dataset:
    """569 tumours by their cell nuclei: 30 measurements, malignant (0) or benign (1).

    From Street et al. 1993, *Nuclear feature extraction for breast tumor diagnosis*; in scikit-learn.

    Args:
        seed: which samples go where. standardize: as in ``digits``; the raw features differ in size by 100,000.

    >>> breast_cancer(seed=0)
    breast cancer, standardized: 341 train, 114 val, 114 test; 30 features, 2 classes
    """
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    data = split("breast cancer", x, y, seed, classes=2)
    return standardized(data) if standardize else data


def moons(n: int = 300, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Two half circles that reach into each other: 2 features, 2 classes (scikit-learn's ``make_moons``).

    Args:
        n: samples in all. noise: standard deviation added to both features. seed: points and split.
    """
    from sklearn.datasets import make_moons

    check_sample(n, noise, seed)
    x, y = make_moons(n, noise=noise, random_state=seed)
    return split("moons", x, y, seed, classes=2)


def spirals(n: int = 150, classes: int = 3, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Spiral arms around the origin, one for each class: radius r in (0, 1], angle 4 r + 2 pi k / classes.

    Args:
        n: samples in all. classes: arms. noise: standard deviation of the angle, in radians. seed: points and split.
    """
    check_sample(n, noise, seed)
    arguments.whole("classes", classes, 3, at_least=2)
    arguments.whole("n", n, 50 * classes, at_least=5 * classes)  # so that every class is in every part
    draw = np.random.default_rng(seed)
    y = np.arange(n) % classes
    r = np.sqrt(draw.uniform(0.01, 1, n))
    angle = 4 * r + 2 * math.pi * y / classes + noise * draw.standard_normal(n)
    return split("spirals", np.stack([r * np.cos(angle), r * np.sin(angle)], 1), y, seed, classes=classes)


def polynomial(n: int = 100, noise: float = 0.2, seed: int = 0) -> Dataset:
    """A cubic with noise, y = 2 x^3 - x + noise * normal, x uniform in [-1, 1]: 1 feature, real targets.

    Args:
        n: samples in all. noise: standard deviation of the target. seed: points and split.
    """
    check_sample(n, noise, seed)
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1, 1, n)
    return split("polynomial", x[:, None], 2 * x**3 - x + noise * draw.standard_normal(n), seed, classes=None)


def check_sample(n: int, noise: float, seed: int) -> None:
    """Check the three arguments that all toy problems share."""
    arguments.whole("n", n, 300, at_least=20)
    arguments.not_negative("noise", noise, 0.2)
    arguments.whole("seed", seed, 0, at_least=0)


def split(name: str, x: np.ndarray, y: np.ndarray, seed: int, classes: int | None) -> Dataset:
    """Split arrays into 60 % training, 20 % validation and 20 % test data, stratified by class."""
    from sklearn.model_selection import train_test_split

    arguments.whole("seed", seed, 0, at_least=0)
    by_class = None if classes is None else y
    index, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed, stratify=by_class)
    by_class = None if classes is None else y[index]
    train, val = train_test_split(index, test_size=0.25, random_state=seed, stratify=by_class)
    inputs = torch.as_tensor(x, dtype=torch.float32)
    targets = torch.as_tensor(y, dtype=torch.float32 if classes is None else torch.int64)
    train, val, test = (Split(inputs[i], targets[i]) for i in (train, val, test))
    return Dataset(name, train, val, test, classes)


def standardized(data: Dataset) -> Dataset:
    """The data with each feature at mean 0 and standard deviation 1 *on the training split*.

    Validation and test data are moved by the same two numbers: to fit them on all data would let the test set
    speak to the training. A feature that never varies is only centred.
    """
    mean = data.train.x.mean(0)
    std = data.train.x.std(0, correction=0)
    std = torch.where(std > 0, std, 1.0)
    return changed(data, "standardized", lambda part: Split((part.x - mean) / std, part.y), data.classes)


def reconstruction(data: Dataset) -> Dataset:
    """The same samples with their inputs as targets: what an autoencoder learns.

    >>> reconstruction(digits()).train.y.shape
    torch.Size([1077, 64])
    """
    return changed(data, "reconstruction", lambda part: Split(part.x, part.x), classes=None)


def mislabelled(data: Dataset, share: float = 0.2, seed: int = 0) -> Dataset:
    """The same samples, some of them with a wrong label: what a tired hand leaves behind.

    In each of the three parts this share of the labels is replaced by another class, so even a network that reads
    every digit has the accuracy 1 - share.

    Args:
        data: a classification problem.
        share: in [0, 1). seed: which samples, and which labels.

    Raises:
        ValueError, TypeError: a share outside [0, 1), or real targets.

    >>> mislabelled(digits())
    digits, 20 % wrong labels: 1,077 train, 360 val, 360 test; 64 features, 10 classes
    """
    arguments.fraction("share", share, 0.2)
    arguments.whole("seed", seed, 0, at_least=0)
    if data.classes is None:
        raise ValueError(f"data must have classes. Got {data.name} with real targets. Try nnlab.digits().")
    classes, generator = data.classes, torch.Generator().manual_seed(int(seed))

    def with_wrong_labels(part: Split) -> Split:
        wrong = torch.randperm(len(part), generator=generator)[: round(share * len(part))]
        other = torch.randint(1, classes, wrong.shape, generator=generator)  # 1 to classes - 1 further
        y = part.y.clone()
        y[wrong] = (y[wrong] + other) % classes
        return Split(part.x, y)

    return changed(data, f"{share:.0%} wrong labels".replace("%", " %"), with_wrong_labels, classes)


def changed(data: Dataset, how: str, change: Callable[[Split], Split], classes: int | None) -> Dataset:
    """The data with a change in each of the three parts, and in their name ``how``.

    Args:
        data: what is changed. change: called with the training, validation and test split in this order.
        classes: how many there are afterwards; None for real targets.

    >>> changed(digits(), "upside down", lambda part: Split(part.x.flip(-1), part.y), 10)
    digits, upside down: 1,077 train, 360 val, 360 test; 64 features, 10 classes
    """
    return Dataset(f"{data.name}, {how}", change(data.train), change(data.val), change(data.test), classes)
