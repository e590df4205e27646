"""Probes: what happens inside a network, layer by layer, for ``Network`` and for any torch.nn.Module.

Two definitions, used by all notebooks. An entry z of a pre-activation is *saturated* when |f'(z)| is below 5 % of the
largest |f'| that the activation has: less than a twentieth of the gradient passes. A unit is *dead* on a batch when
f'(z) = 0 for every sample of it: no gradient passes at all, so it cannot learn from this batch.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from nnlab import activations, arguments
from nnlab.network import Network, Params

SATURATED = 0.05  # of the largest slope
STEEPEST = {"sigmoid": 0.25, "gelu": 1.1289, "silu": 1.0998}  # the largest |f'|; 1 for all other activations
NAMES = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
    nn.GELU: "gelu",
    nn.SiLU: "silu",
}


class Statistics(NamedTuple):
    """What a tensor looks like: every field has the tensor's leading member axes."""

    mean: torch.Tensor
    std: torch.Tensor
    counts: torch.Tensor  # (..., bins)
    edges: torch.Tensor  # (bins + 1,), the same for all members


class Layer(NamedTuple):
    """One layer's statistics; what a layer does not have is None."""

    name: str
    pre_activation: Statistics | None = None
    activation: Statistics | None = None
    weight: Statistics | None = None
    gradient: Statistics | None = None  # of the loss, at the pre-activation
    weight_gradient: Statistics | None = None
    saturated: torch.Tensor | None = None  # share of the entries of the pre-activation, 0 to 1
    dead: torch.Tensor | None = None  # share of the units


def statistics(values: torch.Tensor, bins: int = 40, limits: tuple[float, float] | None = None) -> Statistics:
    """Mean, standard deviation and histogram over the last two axes, (..., batch, features).

    Args:
        values: any tensor with at least two axes; leading axes are members.
        bins: how many intervals the histogram has.
        limits: the ends of the histogram; None takes the smallest and the largest finite value. Values outside
            are counted in the first or last interval, nan nowhere.
    """
    arguments.whole("bins", bins, 40)
    low, high = limits or extent(values)
    edges = torch.linspace(low, high, bins + 1, dtype=values.dtype)
    flat = values.flatten(-2)
    place = torch.bucketize(flat, edges[1:-1])  # nan would go to the last interval
    counts = torch.zeros(*flat.shape[:-1], bins, dtype=torch.int64)
    counts.scatter_add_(-1, place, (~flat.isnan()).to(torch.int64))
    return Statistics(flat.mean(-1), flat.std(-1, correction=0), counts, edges)


def extent(values: torch.Tensor) -> tuple[float, float]:
    """The smallest and the largest finite value, moved apart by one where they are equal."""
    finite = values[values.isfinite()]
    low, high = (float(v) for v in finite.aminmax()) if finite.numel() else (0.0, 0.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def saturated_share(name: str, z: torch.Tensor) -> torch.Tensor:
    """Share of the entries of z (..., batch, units) that are saturated, (...,).

    >>> saturated_share("tanh", torch.tensor([[0.0, 5.0], [0.1, -5.0]]))
    tensor(0.5000)
    """
    limit = SATURATED * STEEPEST.get(name, 1.0)
    return (slope(name, z).abs() < limit).float().mean((-2, -1))


def dead_share(name: str, z: torch.Tensor) -> torch.Tensor:
    """Share of the units of z (..., batch, units) that are dead on this batch, (...,).

    >>> dead_share("relu", torch.tensor([[-1.0, 1.0], [-2.0, -1.0]]))
    tensor(0.5000)
    """
    return (slope(name, z) == 0).all(-2).float().mean(-1)


def slope(name: str, z: torch.Tensor) -> torch.Tensor:
    """f'(z) of the activation of that name."""
    activation = activations.get(name)
    return activation.derivative(z, activation.f(z))


@torch.no_grad()
def network(net: Network, params: Params, x: torch.Tensor, dlogits=None, bins: int = 40) -> list[Layer]:
    """Probe a network by hand: one record for every layer, the output layer included.

    Args:
        net, params, x: as for ``net.forward``; member axes stay in front of every statistic.
        dlogits: a function logits -> gradient of the loss at the logits; None leaves gradients out.
        bins: intervals of the histograms.
    """
    logits, cache = net.forward(params, x)
    dzs = grads = None
    if dlogits is not None:
        gradient = dlogits(logits)
        dzs, grads = net.backpropagate(params, cache, gradient), net.backward(params, cache, gradient)
    layers = []
    for k, (name, _, _) in enumerate(net.layers):
        z, last = cache[k][1], k == len(net.layers) - 1
        layers.append(
            Layer(
                name,
                pre_activation=statistics(z, bins),
                activation=None if last else statistics(cache[k + 1][0], bins),
                weight=statistics(params[f"{name}.weight"], bins),
                gradient=statistics(dzs[k], bins) if dzs else None,
                weight_gradient=statistics(grads[f"{name}.weight"], bins) if grads else None,
                saturated=None if last else saturated_share(net.activation, z),
                dead=None if last else dead_share(net.activation, z),
            )
        )
    return layers


def module(model: nn.Module, x: torch.Tensor, loss=None, bins: int = 40) -> list[Layer]:
    """Probe any module: one record for every leaf module that ran, in the order in which they ran.

    A known activation (ReLU, LeakyReLU, Sigmoid, Tanh, GELU, SiLU) gets pre-activation, activation and shares; any
    other leaf gets its output as ``pre_activation``, and its weight if it has one. ``gradient`` is that at the
    output of the leaf. Hooks are removed whatever happens, and no parameter's ``.grad`` is touched.

    Args:
        model: the module; it is run once, in the mode (train or eval) in which it is.
        x: what it is called with.
        loss: a function output -> scalar loss; None leaves gradients out.
        bins: intervals of the histograms.
    """
    with recorded(model) as calls:
        output = model(x)
    outputs = [out for _, _, _, out in calls]
    weights = [getattr(leaf, "weight", None) for _, leaf, _, _ in calls]
    at_outputs = at_weights = [None] * len(calls)
    if loss is not None:
        wanted = outputs + [w for w in weights if w is not None]
        found = torch.autograd.grad(loss(output), wanted, allow_unused=True)
        at_outputs, rest = found[: len(outputs)], iter(found[len(outputs) :])
        at_weights = [None if w is None else next(rest) for w in weights]
    return [
        leaf_layer(call, w, g, gw, bins) for call, w, g, gw in zip(calls, weights, at_outputs, at_weights, strict=True)
    ]


@contextmanager
def recorded(model: nn.Module):
    """A list that collects (name, leaf, input, output) of every leaf module while the model runs."""
    calls, handles = [], []
    try:
        for name, leaf in model.named_modules():
            if not any(leaf.children()):
                handles.append(
                    leaf.register_forward_hook(
                        lambda leaf, args, out, name=name: calls.append((name, leaf, args[0].detach(), out))
                    )
                )
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def leaf_layer(call: tuple, weight, gradient, weight_gradient, bins: int) -> Layer:
    """The record of one leaf module."""
    name, leaf, z, out = call

    def of(values):
        return None if values is None else statistics(as_table(values.detach()), bins)

    shown = {"weight": of(weight), "gradient": of(gradient), "weight_gradient": of(weight_gradient)}
    kind = NAMES.get(type(leaf))
    if kind is None:
        return Layer(name, pre_activation=of(out), **shown)
    table = as_table(z)
    shares = {"saturated": saturated_share(kind, table), "dead": dead_share(kind, table)}
    return Layer(name, pre_activation=of(z), activation=of(out), **shares, **shown)


def as_table(values: torch.Tensor) -> torch.Tensor:
    """Any tensor as (batch, units): vectors get a batch of one, further axes count as units."""
    return values.flatten(1) if values.ndim > 1 else values.reshape(1, -1)
