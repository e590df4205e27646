"""Real runs of networks on scikit-learn's data sets: what ``benchmarks.diagnosis`` spoils on purpose and judges.

Most are networks by hand, all seeds in one pass; some are PyTorch's own in the loop that everybody writes, which logs
every training step and looks at the validation data once an epoch, never before the first step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from sklearn import datasets as real_data
from torch import nn

import nnlab
from nnlab.datasets.data import Dataset, Split, split, standardized
from nnlab.engine import losses
from nnlab.engine.optimizers import SGD, Adam, Optimizer

__all__ = ["Case", "Trained", "load", "train", "validation"]


@dataclass(frozen=True)
class Case:
    """One fault on one data set: what is trained and how.

    ``hidden`` holds the hidden units of a network by hand, or names one of PyTorch's in ``MODELS``. ``samples`` cuts
    the training data. ``cure`` holds the settings that differ in the cured run.
    """

    fault: str
    data: str
    hidden: tuple[int, ...] | str = (32,)
    optimizer: Optimizer = field(default_factory=lambda: Adam(lr=0.005))
    steps: int = 400
    batch: int = 32
    samples: int | None = None
    dropout: float = 0.0
    cure: dict = field(default_factory=dict)


class Trained(NamedTuple):
    """Some runs of a case: what was recorded, and losses on all training data, (member,) each."""

    curves: list[tuple]
    watched: torch.Tensor  # (member, look), the loss on the samples that were watched
    start: torch.Tensor  # of the untrained networks
    end: torch.Tensor
    noisy_end: torch.Tensor  # in training mode, which differs with dropout


LOADERS = {
    "wine": real_data.load_wine,
    "breast cancer": real_data.load_breast_cancer,
    "iris": real_data.load_iris,
    "digits": real_data.load_digits,
    "diabetes": real_data.load_diabetes,
}
MODELS = {
    "convolutions": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 6, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 10)
    ),
    "batch norm": lambda: nn.Sequential(
        nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
    ),
    "dropout": lambda: nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10)
    ),
    "narrow": lambda: nn.Sequential(nn.Linear(64, 1), nn.Tanh(), nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 10)),
}  # fmt: skip


def load(name: str, seed: int, fault: str) -> Dataset:
    """A data set with standardized inputs, and with the labels that the fault asks for."""
    if name in LOADERS:
        x, y = LOADERS[name](return_X_y=True)
    elif name == "moons":
        x, y = real_data.make_moons(600, noise=0.25, random_state=seed)
    else:
        x, y = real_data.make_circles(600, noise=0.1, factor=0.5, random_state=seed)
    if name == "diabetes":
        y = (y - y.mean()) / y.std()
    generator, y = torch.Generator().manual_seed(seed), torch.as_tensor(y)
    share = {"most labels random": 0.6, "all labels random": 1.0}.get(fault, 0.0)
    other = y[torch.randperm(len(y), generator=generator)]
    y = torch.where(torch.rand(len(y), generator=generator) < share, other, y)
    return standardized(split(name, x, y.numpy(), seed, None if name == "diabetes" else len(y.unique())))


def validation(case: Case, data: Dataset) -> Split:
    """The validation samples of a case: five of them, or the half that a linear classifier is most sure about."""
    val = data.val
    if case.fault == "five validation samples":
        return Split(val.x[:5], val.y[:5])
    if case.fault != "easier validation samples":
        return val
    linear = nnlab.Network((val.x.shape[1], data.classes))
    params = nnlab.ensemble.train(linear, data, Adam(lr=0.05), seeds=[0], steps=100).params
    sure = nnlab.ensemble.mean_probabilities(linear, params, val.x).gather(1, val.y[:, None])[:, 0]
    easy = sure.argsort(descending=True)[: len(val) // 2]
    return Split(val.x[easy], val.y[easy])


def train(case: Case, data: Dataset, watched: Split, seeds: Iterable[int], steps: int) -> Trained:
    """Train a case once for each seed."""
    part = Split(data.train.x[: case.samples], data.train.y[: case.samples])
    with torch.random.fork_rng():
        if isinstance(case.hidden, str):
            curves, *values = zip(*(by_torch(case, part, watched, seed, steps) for seed in seeds), strict=True)
            return Trained(list(curves), *map(torch.stack, values))
        return by_hand(case, Dataset(data.name, part, watched, watched, data.classes), seeds, steps)


def by_hand(case: Case, data: Dataset, seeds: Iterable[int], steps: int) -> Trained:
    """All seeds at once, with the networks of nnlab."""
    net = nnlab.Network((data.train.x.shape[1], *case.hidden, data.classes or 1), "tanh", dropout=case.dropout)
    of = losses.get("mse" if data.classes is None else "cross_entropy")
    history = nnlab.ensemble.train(
        net, data, case.optimizer, seeds=seeds, steps=steps, batch_size=min(case.batch, len(data.train)),
        eval_every=max(1, case.steps // 50),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    noisy = [
        of(net.forward(history.params, data.train.x, train=True, generator=generator)[0], data.train.y)[0]
        for _ in range(8)
    ]
    first = net.init("he_normal", seed=list(seeds))
    start, end = (nnlab.ensemble.evaluate(net, params, data.train, of)[0] for params in (first, history.params))
    curves = [(history.select(seed=seed),) for seed in seeds]
    return Trained(curves, history.val_loss, start, end, torch.stack(noisy).mean(0))


def by_torch(case: Case, part: Split, watched: Split, seed: int, steps: int):
    """One seed with a network of PyTorch and the loop that everybody writes: a look after every epoch, none before."""
    torch.manual_seed(seed)
    model, loss = MODELS[case.hidden](), nn.CrossEntropyLoss()
    makers = {SGD: torch.optim.SGD, Adam: torch.optim.Adam}
    optimizer = makers[type(case.optimizer)](model.parameters(), lr=case.optimizer.lr)

    @torch.no_grad()
    def now(split):
        model.eval()
        value = loss(model(split.x), split.y)
        model.train()
        return value

    start, train_losses, val_losses = now(part), [], []
    generator = torch.Generator().manual_seed(seed)
    while len(train_losses) < steps:
        for index in torch.randperm(len(part), generator=generator).split(case.batch):
            optimizer.zero_grad()
            value = loss(model(part.x[index]), part.y[index])
            value.backward()
            optimizer.step()
            train_losses.append(value.detach())
        val_losses.append(now(watched))
    with torch.no_grad():
        noisy = torch.stack([loss(model(part.x), part.y) for _ in range(8)]).mean()
    return (torch.stack(train_losses), torch.stack(val_losses)), torch.stack(val_losses), start, now(part), noisy
