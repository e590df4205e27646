"""Layers, one behind the other: run forward, run in reverse, or looked at while they run.

All functions are pure, use no autograd, and broadcast over leading member axes, so that one network is an ensemble of
one. What a layer does stands with the layer: `layers`, `activations`, `normalization`, `noise`, `dropout`.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import torch

from nnlab import arguments
from nnlab.engine import draws
from nnlab.engine.layers import Affine, Layer, Params

__all__ = ["Stack", "Traced", "check_input", "check_params"]


class Traced(NamedTuple):
    """What one affine layer and the layers behind it saw in one pass."""

    name: str
    x: torch.Tensor  # the input of the layer, (..., batch, in)
    z: torch.Tensor  # the pre-activation, behind the norm if there is one, (..., batch, out)
    a: torch.Tensor  # the activation f(z), before noise and dropout; in the last layer z itself
    dz: torch.Tensor | None  # the gradient of the loss at z
    gradients: Params  # of the parameters


class Stack:
    """Layers, one behind the other: what a network is, however it was put together.

    Args:
        stack: the layers in the order of the forward pass, each a ``nnlab.layers.Layer``; the first affine one takes
            the inputs, the last one gives the outputs.

    >>> from nnlab import activations, layers
    >>> net = Stack([layers.Affine("layer1", 2, 3), activations.get("tanh"), layers.Affine("layer2", 3, 1)])
    >>> net.forward(net.init(seed=range(8)), torch.zeros(5, 2))[0].shape
    torch.Size([8, 5, 1])
    """

    stack: tuple[Layer, ...]
    sizes: Sequence[int]  # features, outputs of every affine layer
    per_member: tuple[str, ...] = ()  # settings that an ensemble may give one value for each member

    def __init__(self, stack: Iterable[Layer]):
        self.stack = tuple(stack)
        check_stack(self.stack)
        self.sizes = (self.affine[0].inputs, *(layer.outputs for layer in self.affine))

    def __repr__(self) -> str:
        return "\n".join([f"{self.title}: {self.parameter_count:,} parameters", *table_of(self.shapes)])

    @property
    def title(self) -> str:
        """What it is, and its sizes."""
        return f"{type(self).__name__} {' -> '.join(map(str, self.sizes))}"

    @cached_property
    def affine(self) -> list[Affine]:
        """The layers with weights, from the first to the last."""
        return [layer for layer in self.stack if isinstance(layer, Affine)]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of everything that one member learns, from the first layer to the last."""
        return {name: shape for layer in self.stack for name, shape in layer.shapes.items()}

    @cached_property
    def running_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of the running statistics that one member keeps beside what it learns: those of batch norm."""
        return {name: shape for layer in self.stack for name, shape in layer.running_shapes.items()}

    @cached_property
    def kept_shapes(self) -> dict[str, tuple[int, ...]]:
        """Everything that ``params`` must hold."""
        return self.shapes | self.running_shapes

    @cached_property
    def random(self) -> bool:
        """Whether training draws random numbers in the forward pass, and so needs a generator."""
        return any(layer.random for layer in self.stack)

    @property
    def parameter_count(self) -> int:
        """How many numbers one member learns: without norms the sum over layers of in * out + out."""
        return sum(map(math.prod, self.shapes.values()))

    def init(self, scheme: str = "he_normal", seed: int | Iterable[int] = 0, dtype=torch.float32) -> Params:
        """Draw the first weights; biases start at zero, a norm with scale 1, shift 0, running mean 0 and variance 1.

        Args:
            scheme: a name from ``nnlab.initialization``.
            seed: a whole number for one network, or several, such as ``range(32)``: then every tensor
                gets a leading (member,) axis, and member k is the network of the k-th seed alone.
        """
        seed = arguments.plain(seed)
        if isinstance(seed, Iterable) and not isinstance(seed, str):
            members = [self.init(scheme, s, dtype) for s in seed]
            if not members:
                raise ValueError("seed must name at least one member. Got none. Try range(8).")
            return {name: torch.stack([m[name] for m in members]) for name in members[0]}
        arguments.whole("seed", seed, 0, at_least=0)
        generator, params = torch.Generator().manual_seed(seed), Params()
        for layer in self.stack:
            params |= layer.init(scheme, generator, dtype)
        return params

    def learned(self, params: Params) -> Params:
        """What an optimizer moves: all parameters but the running statistics of batch norm."""
        return {name: params[name] for name in self.shapes}

    def forward(
        self, params: Params, x: torch.Tensor, train: bool = False, generator: draws.Generators | None = None
    ) -> tuple[torch.Tensor, list]:
        """Compute the logits: every layer takes what the one before it gives.

        Training and evaluation differ only in a network that has noise, dropout or batch norm.

        Args:
            params: as from ``init``; with or without leading member axes.
            x: (batch, features) shared by all members, or (..., batch, features).
            train: True draws noise and masks, and lets batch norm use (and count) this batch.
            generator: what they are drawn from; a ``torch.Generator``, or a list with one for each member.

        Returns:
            logits (..., batch, outputs), and the cache: for every layer of ``stack`` what its backward pass needs.

        Raises:
            ValueError, TypeError: ``x`` is no tensor, has the wrong number of features, or holds nan; ``params``
                are those of another network; no ``generator`` where one is needed.
        """
        check_input(self, params, x)
        cache = []
        for layer in self.stack:
            x, kept = layer.forward(params, x, train, generator)
            cache.append(kept)
        return x, cache

    def backward(self, params: Params, cache: list, dlogits: torch.Tensor) -> Params:
        """Carry the gradient of the loss back through every layer (the chain rule).

        Args:
            params, cache: those of the forward pass.
            dlogits: (..., batch, outputs), the gradient of the loss with respect to the logits.

        Returns:
            Gradients with the names and shapes of ``params``, without running statistics. A ``dlogits`` that has not
            the shape of the logits is a ValueError.
        """
        check_gradient(self, params, cache, dlogits)
        dy, gradients = dlogits, Params()
        for layer, kept in zip(reversed(self.stack), reversed(cache), strict=True):
            dy, of_layer = layer.backward(params, kept, dy)
            gradients = of_layer | gradients
        return gradients

    def running(self, cache: list) -> Params:
        """The new running statistics after a forward pass: a training loop puts them into ``params``."""
        return {n: v for layer, kept in zip(self.stack, cache, strict=True) for n, v in layer.running(kept).items()}

    def trace(
        self,
        params: Params,
        x: torch.Tensor,
        dlogits: Callable[[torch.Tensor], torch.Tensor] | None = None,
        train: bool = False,
        generator: draws.Generators | None = None,
    ) -> list[Traced]:
        """What every affine layer and those behind it see in one forward pass, and in the backward pass.

        Args:
            params, x, train, generator: as for ``forward``.
            dlogits: logits -> the gradient of the loss at the logits; None leaves the backward pass out.
        """
        found = passes(self, params, x, dlogits, train, generator)
        starts = [k for k, layer in enumerate(self.stack) if isinstance(layer, Affine)]
        return [traced(self, *ends, *found) for ends in pairwise([*starts, len(self.stack)])]


def passes(net: Stack, params: Params, x: torch.Tensor, dlogits, train: bool, generator):
    """What goes into every layer and out of the last, the gradients of the loss there, and those of the parameters."""
    check_input(net, params, x)
    values, cache = [x], []
    for layer in net.stack:
        y, kept = layer.forward(params, values[-1], train, generator)
        values.append(y)
        cache.append(kept)
    slopes: list = [None] * len(values)
    gradients = Params()
    if dlogits is not None:
        slopes[-1] = dlogits(values[-1])
        check_gradient(net, params, cache, slopes[-1])
        for k in reversed(range(len(cache))):
            slopes[k], of_layer = net.stack[k].backward(params, cache[k], slopes[k + 1])
            gradients |= of_layer
    return values, slopes, gradients


def traced(net: Stack, start: int, end: int, values: list, slopes: list, gradients: Params) -> Traced:
    """One affine layer and those behind it, from ``start`` in the stack to the next affine one at ``end``."""
    own = [name for part in net.stack[start:end] for name in part.shapes]
    # The pre-activation is what the layers give that learn: behind the weights, behind the norm.
    at = next((k for k in range(start + 1, end) if not net.stack[k].shapes), end)
    found = {name: gradients[name] for name in own if name in gradients}
    return Traced(net.stack[start].name, values[start], values[at], values[min(at + 1, end)], slopes[at], found)


def table_of(shapes: dict[str, tuple[int, ...]]) -> list[str]:
    """A line for every layer that learns: its name, the shapes of weight and bias, and how many numbers that is."""
    rows = []
    for name in dict.fromkeys(key.partition(".")[0] for key in shapes):
        parts = [str(shapes.get(f"{name}.{part}", "none")) for part in ("weight", "bias")]
        count = sum(math.prod(shape) for key, shape in shapes.items() if key.partition(".")[0] == name)
        rows.append((name, *parts, f"{count:,}"))
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line = "  {:<{}}  weight {:<{}}  bias {:<{}}  {:>{}}"
    return [line.format(*(part for pair in zip(row, wide, strict=True) for part in pair)) for row in rows]


def check_stack(stack: tuple[Layer, ...]) -> None:
    """Check that these are layers, with at least one affine one, and that no two have a parameter of the same name."""
    names: list[str] = []
    for layer in stack:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"every entry of stack must be a layer. Got {layer!r}. "
                "Try a class of your own that inherits from nnlab.layers.Layer."
            )
        names += [*layer.shapes, *layer.running_shapes]
    if not any(isinstance(layer, Affine) for layer in stack):
        raise ValueError('stack must have an affine layer. Got none. Try nnlab.layers.Affine("layer1", 64, 10).')
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"every layer must have a name of its own. Got {twice[0]} twice. Try layer1, layer2, ...")


def check_params(net: Stack, params: Params) -> None:
    """Check that these are the parameters of this network, with or without member axes.

    Raises:
        ValueError: one is missing, has another shape, or has no place here; running statistics count too.
    """
    for name, shape in net.kept_shapes.items():
        got = tuple(params[name].shape) if name in params else None
        if got is None or got[-len(shape) :] != shape:
            want = ", ".join(map(str, shape))
            raise ValueError(
                f"params must hold {name} of shape (..., {want}). Got {got or 'none'}. Try net.init(seed=0)."
            )
    if len(params) > len(net.kept_shapes):
        extra = next(name for name in params if name not in net.kept_shapes)
        raise ValueError(
            f"params must hold nothing that this network does not use. Got {extra} as well. "
            "Try the network that they were made for, or net.learned(params)."
        )


def check_input(net: Stack, params: Params, x: torch.Tensor) -> None:
    """Check that x is a batch of inputs for this network and these parameters."""
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"x must be a tensor. Got {type(x).__name__}. Try torch.as_tensor(x).")
    if x.ndim < 2 or x.shape[-1] != net.sizes[0]:
        raise ValueError(
            f"x must have the shape (batch, {net.sizes[0]}). Got {tuple(x.shape)}. "
            f"Try x.reshape(-1, {net.sizes[0]}), or a network with other sizes."
        )
    check_params(net, params)
    weight = params[f"{net.affine[0].name}.weight"]
    members, own = weight.shape[:-2], x.shape[:-2]
    if any(a != b and 1 not in (a, b) for a, b in zip(members[::-1], own[::-1], strict=False)):
        raise ValueError(
            f"x must have the member axes of params, {tuple(members)}, or none. Got {tuple(x.shape)}. "
            f"Try x of shape (batch, {net.sizes[0]}), which all members share."
        )
    if x.dtype != weight.dtype:
        raise TypeError(f"x must have the type of the parameters, {weight.dtype}. Got {x.dtype}. Try x.float().")
    arguments.finite("x", x)


def check_gradient(net: Stack, params: Params, cache: list, dlogits: torch.Tensor) -> None:
    """Check that the gradient has the shape of the logits, where the last layer is affine."""
    if not isinstance(last := net.stack[-1], Affine):
        return
    x, weight = cache[-1], params[f"{last.name}.weight"]
    members, own = weight.shape[:-2], x.shape[:-2]
    if members != own:
        members = torch.broadcast_shapes(members, own)
    shape = (*members, x.shape[-2], last.outputs)
    if dlogits.shape != shape:
        raise ValueError(
            f"dlogits must have the shape of the logits, {shape}. Got {tuple(dlogits.shape)}. "
            "Try the second result of a function in nnlab.losses."
        )
