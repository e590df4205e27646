"""Probes: what happens inside a network, layer by layer, for ``Network`` and for any torch.nn.Module.

Two definitions, used by all notebooks. An entry z of a pre-activation is *saturated* when |f'(z)| is below 5 % of the
largest |f'| that the activation has: less than a twentieth of what passes at its steepest place. A unit is *dead* on a
batch when f'(z) = 0 for every sample of it: no gradient passes at all, so it cannot learn from this batch.
"""

import math
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.autograd.graph import get_gradient_edge

from nnlab import arguments
from nnlab.engine import activations
from nnlab.engine.activations import Activation
from nnlab.engine.layers import Params
from nnlab.engine.network import Network
from nnlab.engine.stack import Traced

__all__ = [
    "SATURATED", "Statistics", "dead_share", "network", "recorded", "saturated", "saturated_share", "statistics",
]  # fmt: skip

SATURATED = 0.05  # of the largest slope
KNOWN = {type(a.module()): a for a in activations.ACTIVATIONS.values() if a.module}  # torch's class -> our activation


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
            are counted in the first or last interval, nan nowhere. As in numpy.histogram an interval holds its
            left end, and the last one both ends.

    Raises:
        ValueError, TypeError: fewer than two axes, ``bins`` below 1, or limits that are not in order.

    >>> statistics(torch.tensor([[0.0, 1.0], [1.0, 4.0]]), bins=2).counts
    tensor([3, 1])
    """
    arguments.whole("bins", bins, 40)
    if values.ndim < 2:
        raise ValueError(f"values must have the axes (batch, features). Got {tuple(values.shape)}. Try values[None].")
    low, high = limits or extent(values)
    if not low < high:
        raise ValueError(f"limits must be two numbers in order. Got {limits}. Try limits=(-1.0, 1.0).")
    edges = torch.linspace(low, high, bins + 1, dtype=values.dtype)
    flat = values.flatten(-2)
    place = torch.bucketize(flat, edges[1:-1], right=True)  # nan would go to the last interval
    counts = torch.zeros(*flat.shape[:-1], bins, dtype=torch.int64)
    counts.scatter_add_(-1, place, (~flat.isnan()).to(torch.int64))
    return Statistics(flat.mean(-1), flat.std(-1, correction=0), counts, edges)


def extent(values: torch.Tensor) -> tuple[float, float]:
    """The smallest and the largest finite value, moved apart where they are equal."""
    low, high = (float(v) for v in values.aminmax()) if values.numel() else (0.0, 0.0)
    if not math.isfinite(high - low):
        finite = values[values.isfinite()]
        low, high = (float(v) for v in finite.aminmax()) if finite.numel() else (0.0, 0.0)
    apart = max(0.5, 1e-6 * abs(low))  # at 1e17 a float no longer notices 0.5
    return (low, high) if low < high else (low - apart, high + apart)


def saturated_share(name: str | Activation, z: torch.Tensor) -> torch.Tensor:
    """Share of the entries of z (..., batch, units) that are saturated, (...,).

    >>> saturated_share("tanh", torch.tensor([[0.0, 5.0], [0.1, -5.0]]))
    tensor(0.5000)
    """
    return saturated(slope(name, z), activations.get(name).steepest)


def dead_share(name: str | Activation, z: torch.Tensor) -> torch.Tensor:
    """Share of the units of z (..., batch, units) that are dead on this batch, (...,).

    >>> dead_share("relu", torch.tensor([[-1.0, 1.0], [-2.0, -1.0]]))
    tensor(0.5000)
    """
    return dead(slope(name, z))


def saturated(slopes: torch.Tensor, steepest: float) -> torch.Tensor:
    """Share of the slopes (..., batch, units) below ``SATURATED`` times the steepest that the activation has."""
    return (slopes.abs() < SATURATED * steepest).float().mean((-2, -1))


def dead(slopes: torch.Tensor) -> torch.Tensor:
    """Share of the units whose slope is 0 for every sample of (..., batch, units)."""
    return (slopes == 0).all(-2).float().mean(-1)


def slope(name: str | Activation, z: torch.Tensor) -> torch.Tensor:
    """f'(z) of the activation of that name."""
    activation = activations.get(name)
    return activation.derivative(z, activation.f(z))


@torch.no_grad()
def network(
    net: Network, params: Params, x: torch.Tensor, dlogits: Callable | None = None, bins: int = 40
) -> list[Layer]:
    """Probe a network by hand: one record for every layer, the output layer included.

    Args:
        net, params, x: as for ``net.forward``; member axes stay in front of every statistic.
        dlogits: a function logits -> gradient of the loss at the logits; None leaves gradients out.
        bins: intervals of the histograms.
    """
    *hidden, last = net.trace(params, x, dlogits)
    return [traced(net, params, layer, bins) for layer in hidden] + [traced(None, params, last, bins)]


def traced(net: Network | None, params: Params, layer: Traced, bins: int) -> Layer:
    """The record of one layer; ``net`` is None for the last one, which has no activation."""
    weight = f"{layer.name}.weight"
    return Layer(
        layer.name,
        pre_activation=statistics(layer.z, bins),
        activation=statistics(layer.a, bins) if net else None,
        weight=statistics(params[weight], bins),
        gradient=statistics(layer.dz, bins) if layer.dz is not None else None,
        weight_gradient=statistics(layer.gradients[weight], bins) if layer.gradients else None,
        saturated=saturated_share(net.activation, layer.z) if net else None,
        dead=dead_share(net.activation, layer.z) if net else None,
    )


class Call(NamedTuple):
    """One run of a leaf module, as it was at that moment: a later module may overwrite the tensors in place."""

    name: str
    leaf: nn.Module
    input: torch.Tensor | None  # a copy from before the leaf ran; kept for activations only
    output: torch.Tensor | None  # a copy; None when the leaf returned no tensor
    edge: Any  # where the gradient of this output arrives; None when no gradient is wanted or possible


def module(model: nn.Module, x: torch.Tensor, loss: Callable | None = None, bins: int = 40) -> list[Layer]:
    """Probe any module: one record for every run of a leaf module, in the order in which they ran.

    A known activation (ReLU, LeakyReLU, Sigmoid, Tanh, GELU, SiLU, Identity) gets pre-activation, activation and
    shares; any other leaf gets its output as ``pre_activation``, and its weight if it has one. ``gradient`` is that at
    the output of the leaf. A leaf that returns several tensors (an LSTM) is judged by the first of them; what a leaf
    does not have is None.

    The model stays as it is: hooks are removed whatever happens, running means (of batch norm) are put back, ``x``
    is copied, and no parameter's ``.grad`` is touched.

    Args:
        model: the module; it is run once, in its present mode, train or eval.
        x: what it is called with.
        loss: a function output -> scalar loss; None leaves gradients out.
        bins: intervals of the histograms.

    Raises:
        ValueError: no parameter and no input of the loss can have a gradient.
    """
    differentiable = loss is not None and x.is_floating_point()
    with unchanged_buffers(model), torch.set_grad_enabled(loss is not None):
        with recorded(model) as calls:
            output = model(x.detach().requires_grad_(differentiable).clone())  # a clone may be changed in place
        weights = [
            weight if isinstance(weight := getattr(c.leaf, "weight", None), torch.Tensor) else None for c in calls
        ]
        at_outputs: list[torch.Tensor | None] = [None] * len(calls)
        at_weights = at_outputs
        if loss is not None:
            both = gradients(loss(output), [c.edge for c in calls] + weights)
            at_outputs, at_weights = both[: len(calls)], both[len(calls) :]
    return [leaf_layer(*parts, bins) for parts in zip(calls, weights, at_outputs, at_weights, strict=True)]


def gradients(loss: torch.Tensor, places: list) -> list[torch.Tensor | None]:
    """The gradient of the loss at every place, a tensor or an edge of the graph; None where there is none."""
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1 or not loss.requires_grad:
        raise ValueError(
            f"loss must return one number that depends on the model. Got {loss!r}. "
            "Try lambda output: output.square().mean()."
        )
    wanted = [p for p in places if p is not None and getattr(p, "requires_grad", True)]
    found = iter(torch.autograd.grad(loss, wanted, allow_unused=True))
    return [next(found) if p is not None and getattr(p, "requires_grad", True) else None for p in places]


@contextmanager
def unchanged_buffers(model: nn.Module):
    """Put the buffers back as they were: in train mode batch norm counts every batch that it sees."""
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, values in before:
                buffer.copy_(values)


@contextmanager
def recorded(model: nn.Module):
    """A list that collects a ``Call`` for every run of a leaf module while the model runs."""
    calls, handles, inputs = [], [], []

    def before(leaf, args, kwargs):
        z = first_tensor((args, kwargs))
        inputs.append(z.detach().clone() if type(leaf) in KNOWN and z is not None else None)

    def after(name):
        def record(leaf, args, out):
            values = first_tensor(out)
            copied = None if values is None else values.detach().clone()
            edge = get_gradient_edge(values) if copied is not None and values.requires_grad else None
            calls.append(Call(name or type(leaf).__name__, leaf, inputs.pop(), copied, edge))

        return record

    try:
        for name, leaf in model.named_modules():
            if next(leaf.children(), None) is None:
                handles.append(leaf.register_forward_pre_hook(before, with_kwargs=True))
                handles.append(leaf.register_forward_hook(after(name)))
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def first_tensor(nest) -> torch.Tensor | None:
    """The first tensor in a nest of tuples, lists and dictionaries, or None."""
    if isinstance(nest, torch.Tensor):
        return nest
    parts = nest.values() if isinstance(nest, dict) else nest if isinstance(nest, tuple | list) else ()
    return next((found for part in parts if (found := first_tensor(part)) is not None), None)


def leaf_layer(call: Call, weight, gradient, weight_gradient, bins: int) -> Layer:
    """The record of one run of a leaf module."""

    def of(values):
        return None if values is None else statistics(as_table(values.detach()), bins)

    shown: dict[str, Any] = {"weight": of(weight), "gradient": of(gradient), "weight_gradient": of(weight_gradient)}
    kind = KNOWN.get(type(call.leaf))
    if kind is None or call.input is None:
        return Layer(call.name, pre_activation=of(call.output), **shown)
    slopes = slopes_of(call.leaf, as_table(call.input))
    shares: dict[str, Any] = {"saturated": saturated(slopes, kind.steepest), "dead": dead(slopes)}
    return Layer(call.name, pre_activation=of(call.input), activation=of(call.output), **shares, **shown)


@torch.enable_grad()
def slopes_of(activation: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """f'(z) of a module that works entry by entry, by autograd: so its own settings count, such as a leaky slope."""
    z = z.detach().requires_grad_()
    return torch.autograd.grad(activation(z.clone()).sum(), z)[0]


def as_table(values: torch.Tensor) -> torch.Tensor:
    """Any tensor as (batch, units) in float32 or float64: a vector is a batch of one, further axes count as units."""
    table = values.flatten(1) if values.ndim > 1 else values.reshape(1, -1)
    return table if table.dtype in (torch.float32, torch.float64) else table.float()
