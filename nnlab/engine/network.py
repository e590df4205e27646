"""The network by hand: a forward pass that keeps what the backward pass needs, and the chain rule.

Parameters are a plain dictionary of tensors, ``{"layer1.weight": (..., in, out), "layer1.bias": (..., out), ...}``.
All functions are pure, use no autograd, and broadcast over leading member axes, so that one network
is an ensemble of one. Note that PyTorch stores a weight as (out, in); here it is (in, out), and z = x W + b.

Norm layers, dropout and noise are files of their own; here is only where they stand: after every layer but the last,
z = norm(a W + b), then a = dropout(f(z) + noise).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch

from nnlab import arguments
from nnlab.engine import activations, draws, dropout, initialization, noise, normalization

Params = dict[str, torch.Tensor]
FEW = 8  # columns
PER_MEMBER = ("dropout", "input_noise", "feature_noise")  # may have one value for each member


class Cache(list):
    """What ``backward`` needs: (a, z) of every layer, its input and its pre-activation.

    Three dictionaries are empty unless the network has what they belong to.

    Attributes:
        norms: number of the layer -> what the norm behind it keeps.
        disturbed: number of the layer -> (f(z), mask), before noise and dropout; the mask may be None.
        running: the new running statistics of batch norm, with their names in ``params``.
    """

    def __init__(self):
        super().__init__()
        self.norms, self.disturbed, self.running = {}, {}, {}


@dataclass(frozen=True, repr=False)
class Network:
    """A fully connected network: layers of these sizes with one activation between them.

    The last layer has no activation: its outputs are logits, or real numbers for a regression.

    Args:
        sizes: features, hidden units..., outputs; at least two whole numbers of at least 1.
        activation: a name from ``nnlab.activations``, used after every layer but the last.
        norm: "batch" or "layer" standardizes every pre-activation but those of the last layer. A layer in front of
            batch norm has no bias, because the norm would subtract it again.
        dropout: the probability to forget a hidden unit in training, in [0, 1).
        input_noise, feature_noise: standard deviation of the noise that training adds to the inputs and to every
            hidden unit. These three may be a tuple with one value for each member.

    Raises:
        TypeError, ValueError: sizes that are no whole numbers, an unknown name, or a value outside its range.

    >>> Network([64, 32, 10])
    Network 64 -> 32 -> 10, relu: 2,410 parameters
      layer1  weight (64, 32)  bias (32,)  2,080
      layer2  weight (32, 10)  bias (10,)    330
    """

    sizes: tuple[int, ...]
    activation: str = "relu"
    norm: str | None = None
    dropout: float | tuple[float, ...] = 0.0
    input_noise: float | tuple[float, ...] = 0.0
    feature_noise: float | tuple[float, ...] = 0.0

    def __post_init__(self):
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must have an input and an output. Got {list(self.sizes)}. Try [64, 32, 10].")
        for size in self.sizes:
            arguments.whole("every entry of sizes", size, 32)
        activations.get(self.activation)
        if self.norm is not None:
            arguments.one_of("norm", self.norm, ("batch", "layer"))
        for name in PER_MEMBER:
            value = getattr(self, name)
            if isinstance(value, (list, torch.Tensor)):
                object.__setattr__(self, name, tuple(value.tolist() if isinstance(value, torch.Tensor) else value))
            (dropout if name == "dropout" else noise).check(name, getattr(self, name))

    @cached_property
    def layers(self) -> list[tuple[str, int, int]]:
        """(name, inputs, outputs) of every layer, from the first to the last."""
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        return [(f"layer{k}", n_in, n_out) for k, (n_in, n_out) in enumerate(pairs, start=1)]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of everything that one member learns, from the first layer to the last."""
        shapes = {}
        for k, (name, n_in, n_out) in enumerate(self.layers, start=1):
            shapes[f"{name}.weight"] = (n_in, n_out)
            normed = self.norm and k < len(self.layers)
            if not (normed and self.norm == "batch"):
                shapes[f"{name}.bias"] = (n_out,)
            if normed:
                shapes[f"norm{k}.weight"] = shapes[f"norm{k}.bias"] = (n_out,)
        return shapes

    @cached_property
    def running_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of the running statistics that one member keeps beside what it learns: those of batch norm."""
        normed = self.layers[:-1] if self.norm == "batch" else []
        parts = ("running_mean", "running_var")
        return {f"norm{k}.{part}": (n_out,) for k, (_, _, n_out) in enumerate(normed, start=1) for part in parts}

    @property
    def parameter_count(self) -> int:
        """How many numbers one member learns: without norms the sum over layers of in * out + out."""
        return sum(map(math.prod, self.shapes.values()))

    @cached_property
    def random(self) -> bool:
        """Whether training draws random numbers in the forward pass."""
        return any(dropout.needed(getattr(self, name)) for name in PER_MEMBER)

    def __repr__(self) -> str:
        arrow = " -> ".join(map(str, self.sizes))
        extras = [f"{self.norm} norm"] if self.norm else []
        for name in PER_MEMBER:
            if dropout.needed(value := getattr(self, name)):
                extras.append(f"{name} {value:g}" if isinstance(value, (int, float)) else f"{name} by member")
        head = f"Network {arrow}, {', '.join([self.activation, *extras])}: {self.parameter_count:,} parameters"
        rows = []  # name, shape of the weight, of the bias, count
        for name in dict.fromkeys(key.partition(".")[0] for key in self.shapes):
            weight, bias = self.shapes[f"{name}.weight"], self.shapes.get(f"{name}.bias")
            count = math.prod(weight) + (math.prod(bias) if bias else 0)
            rows.append((name, str(weight), str(bias or "none"), f"{count:,}"))
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        line = "  {:<{}}  weight {:<{}}  bias {:<{}}  {:>{}}"
        pairs = [zip(row, wide, strict=True) for row in rows]
        return "\n".join([head, *(line.format(*(part for pair in row for part in pair)) for row in pairs)])

    def init(self, scheme: str = "he_normal", seed: int | Iterable[int] = 0, dtype=torch.float32) -> Params:
        """Draw the first weights; biases start at zero, a norm with scale 1, shift 0, running mean 0 and variance 1.

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
        for k, (name, n_in, n_out) in enumerate(self.layers, start=1):
            params[f"{name}.weight"] = initialization.draw(scheme, n_in, n_out, generator, dtype)
            if f"{name}.bias" in self.shapes:
                params[f"{name}.bias"] = torch.zeros(n_out, dtype=dtype)
            if f"norm{k}.weight" in self.shapes:
                first = normalization.init(self.norm, n_out, dtype)
                params |= {f"norm{k}.{part}": values for part, values in first.items()}
        return params

    def learned(self, params: Params) -> Params:
        """What an optimizer moves: all parameters but the running statistics of batch norm."""
        return {name: params[name] for name in self.shapes}

    def forward(
        self, params: Params, x: torch.Tensor, train: bool = False, generator: draws.Generators | None = None
    ) -> tuple[torch.Tensor, Cache]:
        """Compute the logits: z_k = a_(k-1) W_k + b_k and a_k = f(z_k) for every layer k, with a_0 = x.

        With a norm z_k = norm(a_(k-1) W_k + b_k); in training noise and dropout act on a_k. Training and evaluation
        differ only in a network that has noise, dropout or batch norm.

        Args:
            params: as from ``init``; with or without leading member axes.
            x: (batch, features) shared by all members, or (..., batch, features).
            train: True draws noise and masks, and lets batch norm use (and count) this batch.
            generator: what they are drawn from; a ``torch.Generator``, or a list with one for each member.

        Returns:
            logits (..., batch, outputs), and the cache that ``backward`` needs: for every layer its
            input a_(k-1) and its pre-activation z_k. ``cache.running`` holds the new running statistics: a training
            loop puts them into ``params``.

        Raises:
            ValueError, TypeError: ``x`` is no tensor, has the wrong number of features, or holds nan; ``params``
                are those of another network; no ``generator`` where one is needed.
        """
        self._check_input(params, x)
        f = activations.get(self.activation).f
        cache, a = Cache(), x
        if train and dropout.needed(self.input_noise):
            members = torch.broadcast_shapes(x.shape[:-2], params["layer1.weight"].shape[:-2])
            a = noise.add(x.expand(*members, *x.shape[-2:]), self.input_noise, generator)
        for k, (name, _, _) in enumerate(self.layers, start=1):
            hidden = k < len(self.layers)
            z = product(a, params[f"{name}.weight"])  # (..., batch, out)
            if not (hidden and self.norm == "batch"):
                z += params[f"{name}.bias"].unsqueeze(-2)
            if hidden and self.norm:
                z = self._normalize(params, k, z, train, cache)
            cache.append((a, z))
            a = f(z) if hidden else z
            if hidden and train and self.random:
                a = self._disturb(k, a, generator, cache)
        return a, cache

    def _normalize(self, params: Params, k: int, z: torch.Tensor, train: bool, cache: Cache) -> torch.Tensor:
        """The norm behind layer k."""
        weight, bias = params[f"norm{k}.weight"], params[f"norm{k}.bias"]
        if self.norm == "layer":
            z, cache.norms[k] = normalization.layer_norm(z, weight, bias)
            return z
        running = normalization.Running(params[f"norm{k}.running_mean"], params[f"norm{k}.running_var"])
        z, cache.norms[k], running = normalization.batch_norm(z, weight, bias, running, train)
        cache.running |= {f"norm{k}.running_mean": running.mean, f"norm{k}.running_var": running.var}
        return z

    def _disturb(self, k: int, y: torch.Tensor, generator, cache: Cache) -> torch.Tensor:
        """Noise and dropout on y = f(z_k), in training."""
        a = noise.add(y, self.feature_noise, generator) if dropout.needed(self.feature_noise) else y
        a, mask = dropout.forward(a, self.dropout, generator)
        cache.disturbed[k] = (y, mask)
        return a

    def backward(self, params: Params, cache: Cache, dlogits: torch.Tensor) -> Params:
        """Carry the gradient of the loss back through every layer (the chain rule).

        With dz_k the gradient at the pre-activation z_k: dW_k = a_(k-1)^T dz_k, db_k = sum over the batch of dz_k,
        da_(k-1) = dz_k W_k^T and dz_(k-1) = da_(k-1) * f'(z_(k-1)) (Rumelhart, Hinton & Williams 1986, eq. 4 to 7).
        Where a norm stands behind layer k, dz_k first goes back through the norm.

        Args:
            params, cache: those of the forward pass.
            dlogits: (..., batch, outputs), the gradient of the loss with respect to the logits.

        Returns:
            Gradients with the names and shapes of ``params``, without running statistics.

        Raises:
            ValueError: ``dlogits`` has not the shape of the logits.
        """
        dzs = self.backpropagate(params, cache, dlogits)
        grads = {}
        for k, ((name, _, _), (a, _), dz) in enumerate(zip(self.layers, cache, dzs, strict=True), start=1):
            dz, of_norm = self._through_norm(params, cache, k, dz)
            grads[f"{name}.weight"] = product(a.mT, dz)  # (..., in, batch) @ (..., batch, out)
            if f"{name}.bias" in self.shapes:
                grads[f"{name}.bias"] = dz.sum(-2)
            grads |= of_norm
        return grads

    def backpropagate(self, params: Params, cache: Cache, dlogits: torch.Tensor) -> list[torch.Tensor]:
        """The gradient of the loss at the pre-activation of every layer, from the first to the last.

        This is the chain rule alone: dz_(k-1) = (dz_k W_k^T) * f'(z_(k-1)), started at the last layer with
        ``dlogits``; it passes norms and dropout on its way. Arguments and errors are those of ``backward``.
        """
        self._check_gradient(cache, dlogits)
        derivative = activations.get(self.activation).derivative
        dz, dzs = dlogits, [dlogits]
        for k in range(len(self.layers), 1, -1):
            a, z = cache[k - 1][0], cache[k - 2][1]
            dz, _ = self._through_norm(params, cache, k, dz)
            dz = dz @ params[f"layer{k}.weight"].mT  # (..., batch, in)
            if k - 1 in cache.disturbed:
                a, mask = cache.disturbed[k - 1]
                dz = dropout.backward(dz, mask)
            dz *= derivative(z, a)
            dzs.append(dz)
        return dzs[::-1]

    def _through_norm(self, params: Params, cache: Cache, k: int, dz: torch.Tensor) -> tuple[torch.Tensor, Params]:
        """The gradient in front of the norm of layer k, and those of its parameters; without a norm dz, and none."""
        if k not in cache.norms:
            return dz, {}
        dz, dweight, dbias = normalization.backward(dz, params[f"norm{k}.weight"], cache.norms[k])
        return dz, {f"norm{k}.weight": dweight, f"norm{k}.bias": dbias}

    @cached_property
    def _kept_shapes(self) -> dict[str, tuple[int, ...]]:
        """Everything that ``params`` must hold; made once, because every forward pass asks."""
        return self.shapes | self.running_shapes

    def check_params(self, params: Params) -> None:
        """Check that these are the parameters of this network, with or without member axes.

        Raises:
            ValueError: one is missing, has another shape, or has no place here; running statistics count too.
        """
        for name, shape in self._kept_shapes.items():
            got = tuple(params[name].shape) if name in params else None
            if got is None or got[-len(shape) :] != shape:
                want = ", ".join(map(str, shape))
                raise ValueError(
                    f"params must hold {name} of shape (..., {want}). Got {got or 'none'}. Try net.init(seed=0)."
                )
        if len(params) > len(self._kept_shapes):
            extra = next(name for name in params if name not in self._kept_shapes)
            raise ValueError(
                f"params must hold nothing that this network does not use. Got {extra} as well. "
                "Try the network that they were made for, or net.learned(params)."
            )

    def _check_input(self, params: Params, x: torch.Tensor) -> None:
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"x must be a tensor. Got {type(x).__name__}. Try torch.as_tensor(x).")
        if x.ndim < 2 or x.shape[-1] != self.sizes[0]:
            raise ValueError(
                f"x must have the shape (batch, {self.sizes[0]}). Got {tuple(x.shape)}. "
                f"Try x.reshape(-1, {self.sizes[0]}), or a network with other sizes."
            )
        self.check_params(params)
        weight = params["layer1.weight"]
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
