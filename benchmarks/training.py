"""``fit`` against the bare loop, and against what people use instead: DataLoader loops, skorch, Lightning.

The same job for all: AdamW in its fused form, the training loss of every step, loss and accuracy on the validation data
after every epoch.
"""

from __future__ import annotations

import gc
import time
from statistics import median

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassAccuracy

import nnlab
from benchmarks.table import Row, at_least, at_most

EPOCHS, BATCH, LR = 20, 64, 1e-3
AT_MOST, AT_LEAST = 1.3, 1.7  # times the bare loop; times faster than the others
SEEDS = range(3)  # accuracies are means over these: two ways may differ by seed noise, 1.5 % here
NOISE = 0.015


def measure(repeats: int = 15) -> list[Row]:
    """Rows for as many threads as PyTorch takes by itself, which have a goal, and without one for a single thread.

    All ways take turns, medians are compared.
    """
    threads = torch.get_num_threads()
    table = rows(*timed(repeats), "", True)
    torch.set_num_threads(1)
    try:
        return table + rows(*timed(repeats), ", one thread", False)
    finally:
        torch.set_num_threads(threads)


def timed(repeats: int) -> tuple[dict, dict]:
    """Seconds and accuracies of every way: {way: [of each run]}."""
    data = nnlab.digits()
    times, accuracies = {way: [] for way in WAYS}, {way: [] for way in WAYS}
    for way in WAYS:
        way(data, model(0), 1, 0)  # imports and first calls
    for run in range(max(repeats, len(SEEDS))):
        for way in WAYS:
            network = model(run)
            gc.collect()
            started = time.perf_counter()
            way(data, network, EPOCHS, run)
            times[way].append(time.perf_counter() - started)
            accuracies[way].append(accuracy(network, data.val))
    return times, accuracies


def rows(times: dict, accuracies: dict, how: str, goal: bool) -> list[Row]:
    """The table; it fails when a way did not learn the same."""
    ours, level = median(times[with_fit]), mean(accuracies[with_fit][: len(SEEDS)])
    for way in WAYS:
        if abs(mean(accuracies[way][: len(SEEDS)]) - level) > NOISE:
            raise AssertionError(f"{way.__name__} must learn what fit learns. Got {accuracies[way]}, fit {level:.3f}.")
    what = f"fit, digits, 64-128-128-10, {EPOCHS} epochs of AdamW{how}"
    seconds = {way: median(times[way]) for way in WAYS}
    bare = f"({seconds[bare_loop]:.3f} s to {ours:.3f} s; accuracy {level:.3f})"
    ratio = ours / seconds[bare_loop]
    table = [at_most(what, ratio, AT_MOST, "times", f" the bare loop {bare}")] if goal else []
    for name, way in {"a DataLoader loop": loader_loop, "skorch": with_skorch, "Lightning": with_lightning}.items():
        reached = mean(accuracies[way][: len(SEEDS)])
        details = f" faster ({seconds[way]:.3f} s to {ours:.3f} s; accuracy {reached:.3f})"
        table.append(at_least(f"{what}: against {name}", seconds[way] / ours, AT_LEAST if goal else None, details))
    return table


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def model(seed: int) -> nn.Sequential:
    """The network, with first weights that the seed decides."""
    net = nnlab.Network([64, 128, 128, 10])
    return nnlab.models.to_torch(net, net.init(seed=seed))


def accuracy(network: nn.Module, part: nnlab.Split) -> float:
    with torch.no_grad():
        return (network.eval()(part.x).argmax(-1) == part.y).float().mean().item()


def with_fit(data, network, epochs, seed) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=LR, fused=True)
    nnlab.fit(
        network,
        data,
        optimizer=optimizer,
        loss=nn.CrossEntropyLoss(),
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
        progress=False,
    )


def bare_loop(data, network, epochs, seed) -> None:
    """The least that trains and measures: slices of tensors in memory."""
    generator = torch.Generator().manual_seed(seed)
    val = [(data.val.x, data.val.y)]

    def slices():
        order = torch.randperm(len(data.train), generator=generator)
        return zip(data.train.x[order].split(BATCH), data.train.y[order].split(BATCH), strict=True)

    plain_loop(network, epochs, slices, val)


def loader_loop(data, network, epochs, seed) -> None:
    """The same loop, as PyTorch's own tutorials feed it."""
    train, val = loaders(data, seed)
    plain_loop(network, epochs, lambda: train, val)


def plain_loop(network, epochs, train, val) -> None:
    """The loop that everybody writes; ``train()`` gives the mini-batches of an epoch, ``val`` those of validation."""
    optimizer, criterion = torch.optim.AdamW(network.parameters(), lr=LR, fused=True), nn.CrossEntropyLoss()
    metric, losses = MulticlassAccuracy(10, average="micro"), []
    for _ in range(epochs):
        network.train()
        for x, y in train():
            optimizer.zero_grad()
            loss = criterion(network(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        network.eval()
        metric.reset()
        with torch.no_grad():
            for x, y in val:
                logits = network(x)
                criterion(logits, y)
                metric.update(logits, y)
        metric.compute()


def loaders(data, seed) -> tuple[DataLoader, DataLoader]:
    train, val = (TensorDataset(part.x, part.y) for part in (data.train, data.val))
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(train, BATCH, shuffle=True, generator=generator), DataLoader(val, BATCH)


def with_skorch(data, network, epochs, seed) -> None:
    from skorch import NeuralNetClassifier
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    torch.manual_seed(seed)  # skorch shuffles with the global generator
    validation = Dataset(data.val.x.numpy(), data.val.y.numpy())
    NeuralNetClassifier(
        network,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=LR,
        optimizer__fused=True,
        batch_size=BATCH,
        max_epochs=epochs,
        train_split=predefined_split(validation),
        iterator_train__shuffle=True,
        verbose=0,
    ).fit(data.train.x.numpy(), data.train.y.numpy())


def with_lightning(data, network, epochs, seed) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=LR, fused=True)
    nnlab.lightning_twin.fit(
        network,
        *loaders(data, seed),
        optimizer=optimizer,
        loss=nn.CrossEntropyLoss(),
        epochs=epochs,
        classes=10,
    )


WAYS = (with_fit, bare_loop, loader_loop, with_skorch, with_lightning)
