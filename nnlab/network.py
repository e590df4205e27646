"""The network by hand: a forward pass that keeps what the backward pass needs, and the chain rule.

Parameters are a plain dictionary of tensors, ``{"layer1.weight": (..., in, out), "layer1.bias": (..., out), ...}``.
All functions are pure, use no autograd, and broadcast over leading member axes, so that one network
is an ensemble of one. Note that PyTorch stores a weight as (out, in); here it is (in, out), and z = x W + b.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch

from nnlab import activations, arguments, initialization

Params = dict[str, torch.Tensor]
FEW = 8  # columns


@dataclass(frozen=True, repr=False)
class Network:
    """A fully connected network: layers of these sizes with one activation between them.

    The last layer has no activation: its outputs are logits, or real numbers for a regression.

    Args:
        sizes: features, hidden units..., outputs; at least two whole numbers of at least 1.
        activation: a name from ``nnlab.activations``, used after every layer but the last.

    Raises:
        TypeError, ValueError: sizes that are no whole numbers, or an unknown activation.

    >>> Network([64, 32, 10])
    Network 64 -> 32 -> 10, relu: 2,410 parameters
      layer1  weight (64, 32)  bias (32,)  2,080
      layer2  weight (32, 10)  bias (10,)    330
    """

    sizes: tuple[int, ...]
    activation: str = "relu"

    def __post_init__(self):
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must have an input and an output. Got {list(self.sizes)}. Try [64, 32, 10].")
        for size in self.sizes:
            arguments.whole("every entry of sizes", size, 32)
        activations.get(self.activation)

    @cached_property
    def layers(self) -> list[tuple[str, int, int]]:
        """(name, inputs, outputs) of every layer, from the first to the last."""
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return [(f"layer{k}", n_in, n_out) for k, (n_in, n_out) in enumerate(pairs, start=1)]

    @property
    def parameter_count(self) -> int:
        """How many numbers one member learns: sum over layers of in * out + out."""
        return sum((n_in + 1) * n_out for _, n_in, n_out in self.layers)

    def __repr__(self) -> str:
        arrow = " -> ".join(map(str, self.sizes))
        shapes = [(f"({i}, {o})", f"({o},)", f"{(i + 1) * o:,}") for _, i, o in self.layers]
        wide = [max(map(len, column)) for column in zip(*shapes, strict=True)]
        rows = [
            f"  {name}  weight {w:<{wide[0]}}  bias {b:<{wide[1]}}  {count:>{wide[2]}}"
            for (name, _, _), (w, b, count) in zip(self.layers, shapes, strict=True)
        ]
        return "\n".join([f"Network {arrow}, {self.activation}: {self.parameter_count:,} parameters", *rows])

    def init(self, scheme: str = "he_normal", seed: int | Iterable[int] = 0, dtype=torch.float32) -> Params:
        """Draw the first weights; biases start at zero.

        Args:
            scheme: a name from ``nnlab.initialization``.
            seed: a whole number for one network, or several, such as ``range(32)``: then every tensor
                gets a leading (member,) axis, and member k is the network of the k-th seed alone.
        """
        if isinstance(seed, Iterable) and not isinstance(seed, str):
            members = [self.init(scheme, s, dtype) for s in seed]
            if not members:
                raise ValueError("seed must name at least one member. Got none. Try range(8).")
            return {name: torch.stack([m[name] for m in members]) for name in members[0]}
        arguments.whole("seed", seed, 0, at_least=0)
        generator = torch.Generator().manual_seed(seed)
        params = {}
        for name, n_in, n_out in self.layers:
            params[f"{name}.weight"] = initialization.draw(scheme, n_in, n_out, generator, dtype)
            params[f"{name}.bias"] = torch.zeros(n_out, dtype=dtype)
        return params

    def forward(self, params: Params, x: torch.Tensor):
        """Compute the logits: z_k = a_(k-1) W_k + b_k and a_k = f(z_k) for every layer k, with a_0 = x.

        Args:
            params: as from ``init``; with or without leading member axes.
            x: (batch, features) shared by all members, or (..., batch, features).

        Returns:
            logits (..., batch, outputs), and the cache that ``backward`` needs: for every layer its
            input a_(k-1) and its pre-activation z_k.

        Raises:
            ValueError, TypeError: ``x`` is no tensor, has the wrong number of features, or holds nan; ``params``
                are those of another network.
        """
        self._check_input(params, x)
        f = activations.get(self.activation).f
        cache, a = [], x
        for k, (name, _, _) in enumerate(self.layers, start=1):
            z = product(a, params[f"{name}.weight"])  # (..., batch, out)
            z += params[f"{name}.bias"].unsqueeze(-2)
            cache.append((a, z))
            a = f(z) if k < len(self.layers) else z
        return a, cache

    def backward(self, params: Params, cache: list, dlogits: torch.Tensor) -> Params:
        """Carry the gradient of the loss back through every layer (the chain rule).

        With dz_k the gradient at the pre-activation z_k: dW_k = a_(k-1)^T dz_k, db_k = sum over the batch of dz_k,
        da_(k-1) = dz_k W_k^T and dz_(k-1) = da_(k-1) * f'(z_(k-1)) (Rumelhart, Hinton & Williams 1986, eq. 4 to 7).

        Args:
            params, cache: those of the forward pass.
            dlogits: (..., batch, outputs), the gradient of the loss with respect to the logits.

        Returns:
            Gradients with the names and shapes of ``params``.

        Raises:
            ValueError: ``dlogits`` has not the shape of the logits.
        """
        dzs = self.backpropagate(params, cache, dlogits)
        grads = {}
        for (name, _, _), (a, _), dz in zip(self.layers, cache, dzs, strict=True):
            grads[f"{name}.weight"] = product(a.mT, dz)  # (..., in, batch) @ (..., batch, out)
            grads[f"{name}.bias"] = dz.sum(-2)
        return grads

    def backpropagate(self, params: Params, cache: list, dlogits: torch.Tensor) -> list[torch.Tensor]:
        """The gradient of the loss at the pre-activation of every layer, from the first to the last.

        This is the chain rule alone: dz_(k-1) = (dz_k W_k^T) * f'(z_(k-1)), started at the last layer with
        ``dlogits``. Arguments and errors are those of ``backward``.
        """
        self._check_gradient(cache, dlogits)
        derivative = activations.get(self.activation).derivative
        dz, dzs = dlogits, [dlogits]
        for k in range(len(self.layers), 1, -1):
            a, z = cache[k - 1][0], cache[k - 2][1]
            dz = dz @ params[f"layer{k}.weight"].mT  # (..., batch, in)
            dz *= derivative(z, a)
            dzs.append(dz)
        return dzs[::-1]

    def _check_input(self, params: Params, x: torch.Tensor) -> None:
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"x must be a tensor. Got {type(x).__name__}. Try torch.as_tensor(x).")
        if x.ndim < 2 or x.shape[-1] != self.sizes[0]:
            raise ValueError(
                f"x must have the shape (batch, {self.sizes[0]}). Got {tuple(x.shape)}. "
                f"Try x.reshape(-1, {self.sizes[0]}), or a network with other sizes."
            )
        for name, n_in, n_out in self.layers:
            weight = params.get(f"{name}.weight")
            if weight is None or weight.shape[-2:] != (n_in, n_out):
                got = "none" if weight is None else tuple(weight.shape)
                raise ValueError(
                    f"params must hold {name}.weight of shape (..., {n_in}, {n_out}). Got {got}. Try net.init()."
                )
        members, own = weight.shape[:-2], x.shape[:-2]
        if any(a != b and 1 not in (a, b) for a, b in zip(members[::-1], own[::-1], strict=False)):
            raise ValueError(
                f"x must have the member axes of params, {tuple(members)}, or none. Got {tuple(x.shape)}. "
                f"Try x of shape (batch, {self.sizes[0]}), which all members share."
            )
        if x.dtype != weight.dtype:
            raise TypeError(f"x must have the type of the parameters, {weight.dtype}. Got {x.dtype}. Try x.float().")
        arguments.finite("x", x)

    def _check_gradient(self, cache: list, dlogits: torch.Tensor) -> None:
        logits = cache[-1][1]
        if dlogits.shape != logits.shape:
            raise ValueError(
                f"dlogits must have the shape of the logits, {tuple(logits.shape)}. Got {tuple(dlogits.shape)}. "
                "Try the second result of a function in nnlab.losses."
            )


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a @ b; with few columns as (b^T a^T)^T, the same numbers, which is up to three times faster for many members."""
    return (b.mT @ a.mT).mT if b.shape[-1] < FEW and b.ndim > 2 else a @ b
