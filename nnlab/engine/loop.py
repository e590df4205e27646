"""The training loop by hand: one update after the other, for as long as somebody asks for the next."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import torch

from nnlab import arguments
from nnlab.engine import draws, regularization
from nnlab.engine.layers import Params
from nnlab.engine.optimizers import Optimizer, State
from nnlab.engine.regularization import Regularization
from nnlab.engine.stack import Stack

__all__ = ["Step", "steps"]


class Step(NamedTuple):
    """Where training stands after an update."""

    step: int  # how many updates were made
    params: Params
    state: State  # of the optimizer: with ``params`` all that is needed to go on
    loss: torch.Tensor  # (...,), of the mini-batch, before the update that it led to


def steps(
    net: Stack,
    params: Params,
    optimizer: Optimizer,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    loss: Callable,
    *,
    extra: Regularization | None = None,
    schedule: Callable[[int], float | torch.Tensor] | None = None,
    generator: draws.Generators | None = None,
    state: State | None = None,
    lr_factors: Mapping[str, float | torch.Tensor] | None = None,
) -> Iterator[Step]:
    """Train one network, or many in one batched pass, and yield after every update.

    The caller decides when to stop, what to look at and which samples come: ``ensemble.train`` collects a ``History``,
    explorers keep what they draw. ``itertools.islice(steps(...), 200)`` makes 200 updates, and
    ``deque(steps(...), maxlen=1)`` keeps nothing but the last.

    Args:
        net: the network. params: what it begins with, as from ``net.init``; with or without a member axis.
        optimizer: its hyper-parameters; each a number, or a (member,) tensor.
        batches: mini-batches (x, y), such as ``ensemble.mini_batches`` gives; when they end, so does this.
        loss: (logits, y) -> value and gradient at the logits, such as ``losses.cross_entropy``.
        extra: penalties, weight decay and clipping.
        schedule: ``schedule(step)`` multiplies lr in step 0, 1, 2, ...
        generator: what dropout and noise are drawn from.
        state: that of the optimizer, to go on with ``params`` from an earlier ``Step``; None begins.
        lr_factors: layer -> what lr is multiplied by there, a number or a (member,) tensor; see ``ensemble.train``.
    """
    flat = flatten(params, net.shapes)  # one update for all layers
    state = state or optimizer.init({"all": flat})
    extra, is_weight = (extra or Regularization()).columns(flat.dtype), regularization.which_are_weights(net)
    if lr_factors is not None:
        factors = by_parameter(lr_factors, net, flat)
        optimizer, moves = optimizer.scaled(factors), factors > 0
        is_weight = is_weight & moves  # no penalty on a frozen weight
    for x, y in batches:
        logits, cache = net.forward(params, x, train=True, generator=generator)
        value, dlogits = loss(logits, y)
        gradients = net.backward(params, cache, dlogits)
        rule = optimizer if schedule is None else optimizer.scaled(schedule(state.step))
        gradient = flatten(gradients, net.shapes)
        gradient = gradient if lr_factors is None else torch.where(moves, gradient, 0)
        flat, state = extra.step(rule, flat, gradient, state, is_weight)
        params = unflatten(flat, net.shapes) | net.running(cache)
        yield Step(state.step, params, state, value)


def by_parameter(lr_factors: Mapping[str, float | torch.Tensor], net: Stack, flat: torch.Tensor) -> torch.Tensor:
    """The factor of every parameter, of the shape of ``flat``, (..., parameter); 1 where none is named.

    Raises:
        ValueError, TypeError: no mapping, an unknown layer, a factor below 0, or not one for each member.
    """
    if not isinstance(lr_factors, Mapping):
        raise TypeError(f"lr_factors must be a dictionary. Got {lr_factors!r}. Try {{'layer1': 0}}.")
    owners = [name.rpartition(".")[0] for name in net.shapes]
    for layer, factor in lr_factors.items():
        arguments.one_of("every layer in lr_factors", layer, dict.fromkeys(owners))
        arguments.not_negative(f"{layer} in lr_factors", factor, 0.1)
        if isinstance(factor, torch.Tensor) and factor.ndim and factor.shape != flat.shape[:-1]:
            raise ValueError(
                f"{layer} in lr_factors must have one value for each member, {tuple(flat.shape[:-1])}. "
                f"Got shape {tuple(factor.shape)}. Try a single number."
            )
    factors = torch.ones_like(flat)
    for owner, part in zip(owners, factors.split(list(map(math.prod, net.shapes.values())), -1), strict=True):
        factor = lr_factors.get(owner, 1.0)
        part[:] = factor.unsqueeze(-1) if isinstance(factor, torch.Tensor) else factor
    return factors


def flatten(tensors: Params, shapes: dict[str, tuple[int, ...]]) -> torch.Tensor:
    """The tensors with these names side by side, (..., parameter), whatever order they come in."""
    if missing := shapes.keys() - tensors.keys():
        raise ValueError(
            f"gradients must have the names of net.shapes, {', '.join(shapes)}. Got {', '.join(tensors)}. "
            f"Try a backward pass that returns {', '.join(sorted(missing))} too."
        )
    return torch.cat([tensors[name].flatten(-len(shape)) for name, shape in shapes.items()], -1)


def unflatten(flat: torch.Tensor, shapes: dict[str, tuple[int, ...]]) -> Params:
    """Cut (..., parameter) into tensors of these names and shapes."""
    pieces = flat.split(list(map(math.prod, shapes.values())), -1)
    return {name: p.view(*flat.shape[:-1], *shape) for (name, shape), p in zip(shapes.items(), pieces, strict=True)}
