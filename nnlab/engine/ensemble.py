"""Train many members at once: every seed and every setting of a grid is one row of a batched pass."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import islice, product
from typing import Any

import torch

from nnlab import arguments
from nnlab.datasets.data import Dataset, Split
from nnlab.engine import loop, losses, regularization
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Optimizer
from nnlab.engine.regularization import Regularization
from nnlab.engine.stack import Stack, check_input
from nnlab.history import Curve, History

__all__ = ["evaluate", "mean_probabilities", "mini_batches", "one_thread", "probabilities", "rows", "train"]


@contextmanager
def one_thread():
    """Compute on one thread, then return to as many as before.

    The tensors of an ensemble are small, so a second thread saves little; while other programs keep the cores
    busy it costs up to a hundred times the time, because the threads wait for each other after every operation.
    And with one thread the bits of a run do not depend on how many threads there are.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@torch.inference_mode()
@one_thread()
def train(
    net: Stack,
    data: Dataset,
    optimizer: Optimizer,
    *,
    seeds: Iterable[int] = range(8),
    steps: int = 200,
    batch_size: int | None = None,
    grid: Mapping[str, Iterable[float]] | None = None,
    init: str = "he_normal",
    start: Params | None = None,
    loss: str | Callable | None = None,
    eval_every: int | None = None,
    schedule: Callable[[int], float | torch.Tensor] | None = None,
    augment: Callable | None = None,
    lr_factors: Mapping[str, float | torch.Tensor] | None = None,
    **extras: float | None,
) -> History:
    """Train one member for every combination of ``seeds`` and ``grid``, all in the same batched pass.

    Member k ends with the parameters it would have if it were trained alone: it has its own first weights,
    its own order of the samples and its own hyper-parameters. A member that diverges stays in its row.

    Args:
        net: the network; its first and last size must fit the data.
        data: ``data.train`` is learned from, ``data.val`` is measured on. The training part may hold samples of its own
            for each seed, x (seed, n, features) and y (seed, n), as ``nnlab.tasks.few`` gives them.
        optimizer: hyper-parameters that the grid does not vary.
        seeds: one member for each; the seed decides first weights and the order of samples.
        steps: how many updates.
        batch_size: samples in a mini-batch, drawn without replacement in each epoch; None takes all.
        grid: setting -> values, e.g. ``{"lr": [0.01, 0.1]}``: a hyper-parameter of the optimizer; dropout,
            input_noise or feature_noise of the network; or one of the ``extras``.
        init: name of an initialization scheme.
        start: parameters to begin with instead of drawing them, such as ``history.params``: one member of them for
            each member of this run. Batches are still drawn by the seeds, and the optimizer starts anew.
        loss: a name, one by hand, or (logits, y) -> scalar of PyTorch; None takes cross_entropy for classes and mse for
            real targets.
        eval_every: steps between two looks at the validation data; None looks about 50 times.
        schedule: ``schedule(step)``, such as ``schedules.Cosine(200)``, multiplies lr in step 0, 1, 2, ...; it
            returns a number, or a (member,) tensor with a factor for each member.
        augment: ``augment(x, y, generator) -> (x, y)``, new mini-batches for every step, such as ``nnlab.augmentation.
            shifted``; ``generator`` is a list with one for each member.
        lr_factors: layer -> what lr is multiplied by there, a number or a (member,) tensor, such as {"layer1": 0,
            "layer2": 0.1}; 1 where none is named. 0 freezes a layer, as ``requires_grad = False`` does in PyTorch: its
            parameters stay, and count neither in penalties nor in the norm that is clipped. The running statistics
            of a batch norm go on, as they do there.
        **extras: l2, l1, proximal_l1, decay, clip_norm, clip_value, label_smoothing, as ``Regularization`` explains
            them. The recorded training loss is without penalties, the validation loss also without label smoothing.

    Raises:
        ValueError, TypeError: sizes that do not fit, an unknown name, a value outside its range.
    """
    eval_every = check_settings(steps, eval_every, schedule, augment, extras)
    check_fit(net, data)
    check_optimizer(optimizer)
    of = losses.get(("mse" if data.classes is None else "cross_entropy") if loss is None else loss)
    seeds = listed("seeds", seeds, "range(8)")
    settings, (optimizer, extra, net) = members([optimizer, Regularization(**extras), net], seeds, grid or {})
    own = settings["seed"]
    params = net.init(init, own) if start is None else started(net, start, len(own))
    batches = mini_batches(for_members(data.train, len(own), seeds), own, batch_size)
    disturb, change = (generators(own, stream) for stream in (1, 2))
    if augment is not None:
        batches = (augment(x, y, change) for x, y in batches)
    updates = loop.steps(
        net, params, optimizer, batches, smoothed(of, extra.label_smoothing),
        extra=extra, schedule=schedule, generator=disturb, lr_factors=lr_factors,
    )  # fmt: skip
    evaluations = [(0, *evaluate(net, params, data.val, of))]
    train_loss = torch.empty(len(own), steps, dtype=evaluations[0][1].dtype)
    for step, params, _, value in islice(updates, steps):
        train_loss[:, step - 1] = value
        if step % eval_every == 0 or step == steps:
            evaluations.append((step, *evaluate(net, params, data.val, of)))
    evaluated, val_loss, val_accuracy = zip(*evaluations, strict=True)
    with torch.inference_mode(False):  # what is handed out may be used with autograd
        looks = torch.tensor(evaluated)
        curves = {
            "loss": Curve(train_loss.clone(), torch.arange(steps), higher_is_better=False),
            "val_loss": Curve(torch.stack(val_loss, 1), looks, higher_is_better=False, part="val"),
        }
        if data.classes is not None:
            curves["val_accuracy"] = Curve(torch.stack(val_accuracy, 1), looks, higher_is_better=True, part="val")
        return History(settings, {name: p.clone() for name, p in params.items()}, curves)


def check_settings(steps, eval_every, schedule, augment, extras) -> int:
    """Check what does not depend on the data; returns how many steps lie between two looks at the validation data."""
    arguments.whole("steps", steps, 200)
    eval_every = max(1, steps // 50) if eval_every is None else eval_every
    arguments.whole("eval_every", eval_every, 10)
    if schedule is not None and not callable(schedule):
        raise TypeError(f"schedule must be callable. Got {schedule!r}. Try nnlab.schedules.Cosine({steps}).")
    if augment is not None and not callable(augment):
        raise TypeError(f"augment must be callable. Got {augment!r}. Try nnlab.augmentation.shifted.")
    for name in extras:
        arguments.one_of("every further argument", name, [f.name for f in fields(Regularization)])
    return eval_every


def members(descriptions: list, seeds: Iterable[int], grid: Mapping[str, Iterable[float]]):
    """Every combination of grid values and seeds: the settings by member, and the descriptions that hold them.

    A description is a frozen dataclass: the optimizer, the regularization, the network. Each takes the settings that
    are its own fields, as a (member,) tensor, or in the network as a tuple.
    """
    seeds = listed("seeds", seeds, "range(8)")
    if not seeds:
        raise ValueError("seeds must name at least one member. Got none. Try range(8).")
    if not isinstance(grid, Mapping):
        raise TypeError(f"grid must be a dictionary. Got {grid!r}. Try {{'lr': [0.01, 0.1]}}.")
    varied = [d.per_member if isinstance(d, Stack) else [f.name for f in fields(d)] for d in descriptions]
    for name in grid:
        arguments.one_of("every name in grid", name, [known for names in varied for known in names])
    rows = list(product(*(listed(f"{name} in grid", v, f"[{v!r}]") for name, v in grid.items()), seeds))
    if not rows:
        raise ValueError(f"every entry of grid must have at least one value. Got {dict(grid)}. Try [0.01, 0.1].")
    settings = dict(zip([*grid, "seed"], zip(*rows, strict=True), strict=True))
    own = [{name: settings[name] for name in grid if name in names} for names in varied]
    return settings, [with_members(d, values) for d, values in zip(descriptions, own, strict=True)]


def listed(name: str, values, remedy: str) -> list:
    """``values`` as a list, or a TypeError."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of numbers. Got {values!r}. Try {remedy}.")
    return list(map(arguments.plain, values))


def with_members(description, values: Mapping[str, Any]):
    """The description with one value for each member."""
    for name, entries in values.items():
        for value in dict.fromkeys(entries):
            if value is None:
                raise TypeError(f"every value of {name} in grid must be a number. Got None. Try math.inf for no limit.")
            replace(description, **{name: value})  # says rule, value and remedy before the values become one tensor
    if isinstance(description, Stack):
        return replace(description, **values) if isinstance(description, Network) else description
    return replace(description, **{n: torch.tensor(v, dtype=torch.float64) for n, v in values.items()})


def smoothed(loss: Callable, amount) -> Callable:
    """The loss with label smoothing, which only cross-entropy knows."""
    if not regularization.used(amount):
        return loss
    if loss is not losses.cross_entropy:
        raise ValueError(
            f"label_smoothing must go with cross_entropy. Got the loss {loss.__name__}. Try label_smoothing=0."
        )
    return lambda logits, y: loss(logits, y, amount)


def generators(seeds: Iterable[int], stream: int) -> list[torch.Generator]:
    """One generator for each member, with numbers of their own: not those of the weights and the batches."""
    return [torch.Generator().manual_seed((seed + stream * 0x9E3779B9) % 2**32) for seed in seeds]


def started(net: Stack, start: Params, count: int) -> Params:
    """The parameters to begin with, in the order of the network's layers, checked against what ``net`` would draw."""
    params = {}
    for name, drawn in net.init(seed=0).items():
        got = tuple(start[name].shape) if name in start else "none"
        if got != (count, *drawn.shape):
            raise ValueError(
                f"start must hold {name} of shape {(count, *drawn.shape)}, one for each member. Got {got}. "
                f"Try net.init(seed=range({count}))."
            )
        params[name] = start[name]
    return params


def check_optimizer(optimizer: Optimizer) -> None:
    """Check that the optimizer is one by hand."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer must be one of nnlab.optimizers. Got {type(optimizer).__name__}. Try nnlab.optimizers.Adam()."
        )


def check_fit(net: Stack, data: Dataset) -> None:
    """Check that the network is one by hand, and has the inputs and outputs that the data need."""
    if not isinstance(net, Stack):
        raise TypeError(f"net must be a network by hand. Got {type(net).__name__}. Try nnlab.Network, or nnlab.fit.")
    if not isinstance(data, Dataset):
        raise TypeError(
            f"data must be a Dataset. Got {type(data).__name__}. Try nnlab.data.split(name, x, y, seed=0, classes=10)."
        )
    y = data.train.y
    features, outputs = data.train.x.shape[-1], data.classes or (1 if y.ndim == 1 else y.shape[-1])
    if (net.sizes[0], net.sizes[-1]) != (features, outputs):
        middle = [features, *net.sizes[1:-1], outputs]
        raise ValueError(
            f"the network must have {features} inputs and {outputs} outputs for {data.name}. "
            f"Got {list(net.sizes)}. Try Network({middle})."
        )


def mini_batches(part: Split, seeds: Iterable[int], batch_size: int | None):
    """Endless mini-batches: all of (x, y), or x (member, batch, features) and y (member, batch).

    Each member walks through a permutation of its own, drawn anew for every epoch from a generator that its seed
    starts. The last batch of an epoch is dropped when it would be smaller than the others; ``fit`` keeps it. Here
    one tensor holds the batches of all members, and each step of a curve is the average of equally many samples.
    """
    n, own = part.x.shape[-2], part.x.ndim == 3  # own: (member, n, features)
    if batch_size is None or batch_size == n:
        while True:
            yield part.x, part.y
    batch_size = arguments.whole("batch_size", batch_size, 32)
    if batch_size > n:
        raise ValueError(f"batch_size must be at most {n}, the training data. Got {batch_size}. Try {min(n, 32)}.")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    while True:
        order = torch.stack([torch.randperm(n, generator=g) for g in generators])  # (member, n)
        for index in order.split(batch_size, 1):
            if index.shape[1] == batch_size:
                yield rows(part.x, index), part.y.take_along_dim(index, 1) if own else part.y[index]


def for_members(part: Split, members: int, seeds: list[int]) -> Split:
    """The training samples of every member, where each seed has its own; what all share stays as it is."""
    if part.x.ndim < 3:
        return part
    if len(part) != len(seeds) or part.y.shape != part.x.shape[:2]:
        raise ValueError(
            f"data.train must hold samples for each of the {len(seeds)} seeds, x (seed, n, features) and y (seed, n). "
            f"Got x {tuple(part.x.shape)} and y {tuple(part.y.shape)}. Try nnlab.tasks.few(data, 10, seeds)."
        )
    settings = members // len(seeds)  # of the grid, each with all seeds
    return Split(part.x.repeat(settings, 1, 1), part.y.repeat(settings, 1))


def rows(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """x[index], (member, batch, features) from x (n, features) and index (member, batch), in a quarter of the time."""
    if x.ndim == 3:
        return x.take_along_dim(index.unsqueeze(-1), 1)
    return x.index_select(0, index.flatten()).view(*index.shape, x.shape[-1])


def seen(net: Stack, params: Params, x: torch.Tensor) -> torch.Tensor:
    """The logits in evaluation mode; nothing is kept for a way back, which takes a third of the memory."""
    check_input(net, params, x)
    for layer in net.stack:
        x, _ = layer.forward(params, x)
    return x


def evaluate(net: Stack, params: Params, part: Split, loss) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss and accuracy of every member, each (member,); the accuracy of a regression is nan."""
    logits = seen(net, params, part.x)
    value, _ = loss(logits, part.y)
    if part.y.is_floating_point():
        return value, torch.full_like(value, torch.nan)
    return value, (logits.argmax(-1) == part.y).float().mean(-1)


def probabilities(net: Stack, params: Params, x: torch.Tensor) -> torch.Tensor:
    """What every member says: the softmax of its logits in evaluation mode, (member..., batch, classes)."""
    return seen(net, params, x).softmax(-1)


def mean_probabilities(net: Stack, params: Params, x: torch.Tensor) -> torch.Tensor:
    """What the ensemble says: the mean of its members' probabilities, (batch, classes).

    Probabilities are averaged, not logits: the loss of the mean is at most the mean of the losses, because -log is
    convex (Lakshminarayanan et al. 2017, section 2.4).

    Args:
        net: the network. params: those of several members, such as ``history.params``. x: (batch, features).

    Raises:
        ValueError: ``params`` are those of a single network.
    """
    p = probabilities(net, params, x)
    if p.ndim < 3:
        raise ValueError(
            f"params must have a member axis. Got probabilities of shape {tuple(p.shape)}. Try history.params."
        )
    return p.flatten(0, -3).mean(0)
