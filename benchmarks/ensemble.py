"""32 networks in one batched pass, against 32 plain PyTorch loops one after the other; and 8 against one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from statistics import median

import torch

import nnlab
from benchmarks.table import Row, at_least, at_most

MEMBERS, STEPS, GOAL = 32, 200, 20
TOGETHER, TOGETHER_GOAL = 8, 2.5  # times the time of one
OPTIMIZERS = {
    "Adam": (nnlab.optimizers.Adam(lr=0.01), lambda weights: torch.optim.Adam(weights, lr=0.01), GOAL),
    "SGD": (nnlab.optimizers.SGD(lr=0.1), lambda weights: torch.optim.SGD(weights, lr=0.1), None),
}


def measure(repeats: int = 5, names: Iterable[str] = (*OPTIMIZERS, "digits")) -> list[Row]:
    """A row for each optimizer, and one for "digits"; both ways take turns, medians are compared.

    Both run in one thread: with more, the small operations of the loops wait for each other, which on a busy machine
    makes them a hundred times slower and the ratio meaningless.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [measure_digits(3 * repeats) if name == "digits" else measure_one(name, repeats) for name in names]
    finally:
        torch.set_num_threads(threads)


def measure_one(name: str, repeats: int) -> Row:
    """Time both ways with one optimizer; both must have learned the same."""
    ours, theirs, goal = OPTIMIZERS[name]
    data = nnlab.spirals()
    net = nnlab.Network([2, 16, 16, 3], activation="relu")
    train_ensemble(net, data, ours, steps=5)
    times = {train_ensemble: [], train_loops: []}
    for _ in range(repeats):
        results = []
        for way, optimizer in ((train_ensemble, ours), (train_loops, theirs)):
            started = time.perf_counter()
            results.append(way(net, data, optimizer, STEPS))
            times[way].append(time.perf_counter() - started)
        apart = (results[0] - results[1]).abs().max().item()
        if not apart <= 1e-3:
            raise AssertionError(
                f"with {name} the last losses of both ways must agree to 0.001. Got {apart:.2g} apart."
            )
    fast, slow = median(times[train_ensemble]), median(times[train_loops])
    details = f" faster ({slow:.2f} s to {fast:.3f} s; last losses differ by {apart:.0e})"
    return at_least(f"{MEMBERS} members of 2-16-16-3, {STEPS} steps of {name}", slow / fast, goal, details)


def measure_digits(repeats: int) -> Row:
    """Time eight digits networks in one pass, and one of them alone, which must learn the same."""
    data, net, times = nnlab.digits(), nnlab.Network([64, 32, 10]), {1: [], TOGETHER: []}
    for _ in range(repeats):
        results = []
        for members in times:
            started = time.perf_counter()
            history = nnlab.ensemble.train(
                net, data, nnlab.optimizers.Adam(lr=0.003), seeds=range(members), steps=STEPS, batch_size=32
            )
            times[members].append(time.perf_counter() - started)
            results.append(history.val_loss[0, -1])
    apart = (results[0] - results[1]).abs().item()
    if not apart <= 1e-3:
        raise AssertionError(
            f"the first of {TOGETHER} networks must learn what it learns alone. Got {apart:.2g} apart."
        )
    one, eight = median(times[1]), median(times[TOGETHER])
    what = f"{TOGETHER} members of 64-32-10 on digits, batch 32, {STEPS} steps of Adam"
    return at_most(what, eight / one, TOGETHER_GOAL, "times the time of one", f" ({one:.3f} s to {eight:.3f} s)")


def train_ensemble(net, data, optimizer, steps) -> torch.Tensor:
    """The last training loss of every member, (member,)."""
    history = nnlab.ensemble.train(net, data, optimizer, seeds=range(MEMBERS), steps=steps, eval_every=steps)
    return history.loss[:, -1]


def train_loops(net, data, make_optimizer, steps) -> torch.Tensor:
    """The same from plain PyTorch, from the same first weights."""
    params = net.init("he_normal", seed=range(MEMBERS))
    return torch.tensor([train_one(member, params, data.train, make_optimizer, steps) for member in range(MEMBERS)])


def train_one(member: int, params, train, make_optimizer, steps: int) -> float:
    """The loop that every tutorial shows."""
    model = torch.nn.Sequential(
        *(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    )
    with torch.no_grad():
        for layer, linear in enumerate(model[::2], start=1):
            linear.weight.copy_(params[f"layer{layer}.weight"][member].T)
            linear.bias.copy_(params[f"layer{layer}.bias"][member])
    optimizer, criterion, losses = make_optimizer(model.parameters()), torch.nn.CrossEntropyLoss(), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(train.x), train.y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[-1]
