"""Batch norm and layer norm by hand: forward, backward, and the running statistics.

Both standardize, x_hat = (x - mean) / sqrt(var + eps), and then give back a scale and a shift that are learned,
y = weight * x_hat + bias. They differ in the axis: batch norm takes mean and variance of one unit over the batch, layer
norm of one sample over its units. So only batch norm needs other numbers after training, when a sample comes alone.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from nnlab import arguments
from nnlab.engine.layers import Layer, Params

__all__ = [
    "EPS",
    "MOMENTUM",
    "NORMS",
    "BatchNorm",
    "LayerNorm",
    "Norm",
    "Running",
    "Standardized",
    "backward",
    "batch_norm",
    "layer_norm",
    "standardize",
]

EPS = 1e-5  # as in torch
MOMENTUM = 0.1
BATCH, UNITS = -2, -1  # axes


class Running(NamedTuple):
    """What batch norm remembers for evaluation: mean and variance of every unit, each (..., units)."""

    mean: torch.Tensor
    var: torch.Tensor


class Standardized(NamedTuple):
    """What the backward pass needs."""

    x_hat: torch.Tensor  # (..., batch, units)
    scale: torch.Tensor  # 1 / sqrt(var + eps), (..., 1, units) or (..., batch, 1)
    axis: int | None  # over which mean and variance were taken; None when they were given


def batch_norm(x, weight, bias, running: Running, train: bool, momentum: float = MOMENTUM, eps: float = EPS):
    """Batch norm, as torch.nn.BatchNorm1d (Ioffe & Szegedy 2015, algorithm 1).

    In training, mean and variance are those of the batch (with 1/batch), and the running ones move towards them:
    running = (1 - momentum) running + momentum new, where the new variance is the unbiased one (with 1/(batch - 1)).
    Afterwards the running ones are used, and a sample's output no longer depends on the others. Note that PyTorch's
    momentum is the weight of the *new* value; in other libraries it is that of the old one.

    Args:
        x: (..., batch, units); in training at least two samples.
        weight, bias: (..., units). running: mean and variance, each (..., units); not changed in place.
        train: whether to use the statistics of the batch.
        momentum: in [0, 1). eps: positive.

    Returns:
        y (..., batch, units), what ``backward`` needs, and the new running statistics.

    Raises:
        ValueError, TypeError: one sample in training, or a value outside its range.
    """
    arguments.fraction("momentum", momentum, MOMENTUM)
    arguments.positive("eps", eps, EPS)
    if not train:
        scale = (running.var + eps).rsqrt().unsqueeze(BATCH)  # (..., 1, units)
        kept = Standardized((x - running.mean.unsqueeze(BATCH)) * scale, scale, None)
        return scaled(kept, weight, bias), kept, running
    batch = x.shape[BATCH]
    if batch < 2:
        raise ValueError(
            f"batch norm must see at least 2 samples in training. Got {batch}. Try a larger batch_size, or train=False."
        )
    kept, mean, var = standardize(x, BATCH, eps)
    new = Running(mean.squeeze(BATCH), var.squeeze(BATCH) * (batch / (batch - 1)))
    moved = Running(*((1 - momentum) * old + momentum * now for old, now in zip(running, new, strict=True)))
    return scaled(kept, weight, bias), kept, moved


def layer_norm(x, weight, bias, eps: float = EPS):
    """Layer norm, as torch.nn.LayerNorm over the last axis (Ba et al. 2016, eq. 3 and 4).

    A sample's output depends on no other sample, so training and evaluation are the same.

    Args:
        x: (..., batch, units). weight, bias: (..., units). eps: positive.

    Returns:
        y (..., batch, units), and what ``backward`` needs.
    """
    kept, _, _ = standardize(x, UNITS, eps)
    return scaled(kept, weight, bias), kept


def backward(dy: torch.Tensor, weight: torch.Tensor, kept: Standardized):
    """The gradients at x, weight and bias, for both norms.

    With g = dy * weight and all means over the axis of the statistics, dx = (g - mean(g) - x_hat mean(g x_hat)) /
    sqrt(var + eps): the two means are there because mean and variance depend on x too (Ioffe & Szegedy 2015,
    section 3). With running statistics they do not, and dx = g / sqrt(var + eps).

    Args:
        dy: (..., batch, units). weight: (..., units). kept: from ``batch_norm`` or ``layer_norm``.

    Returns:
        dx (..., batch, units), dweight (..., units), dbias (..., units).
    """
    x_hat, scale, axis = kept
    g = dy * weight.unsqueeze(-2)
    if axis is not None:
        g = g - g.mean(axis, keepdim=True) - x_hat * (g * x_hat).mean(axis, keepdim=True)
    return g * scale, (dy * x_hat).sum(-2), dy.sum(-2)


def standardize(x: torch.Tensor, axis: int, eps: float):
    """(x - mean) / sqrt(var + eps) with mean and variance over one axis; returns both of them too."""
    arguments.positive("eps", eps, EPS)
    mean = x.mean(axis, keepdim=True)
    centred = x - mean
    var = (centred * centred).mean(axis, keepdim=True)
    scale = (var + eps).rsqrt()
    return Standardized(centred * scale, scale, axis), mean, var


def scaled(kept: Standardized, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """weight * x_hat + bias."""
    return weight.unsqueeze(-2) * kept.x_hat + bias.unsqueeze(-2)


@dataclass(frozen=True)
class Norm(Layer):
    """What both norms share as layers: a scale and a shift for each unit, and the way back.

    Args:
        name: what its parameters are called: "norm1" has "norm1.weight" and "norm1.bias".
        units: how many are standardized.
    """

    name: str
    units: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Scale and shift, each (units,)."""
        return {f"{self.name}.weight": (self.units,), f"{self.name}.bias": (self.units,)}

    def init(self, scheme: str, generator: torch.Generator, dtype: torch.dtype) -> Params:
        """Scale 1 and shift 0; for batch norm also running mean 0 and variance 1."""
        shapes = self.shapes | self.running_shapes
        first = {name: torch.ones if name.endswith(("weight", "var")) else torch.zeros for name in shapes}
        return {name: first[name](shape, dtype=dtype) for name, shape in shapes.items()}

    def backward(self, params, kept, dy):
        """The gradients at x, scale and shift."""
        dx, dweight, dbias = backward(dy, params[f"{self.name}.weight"], kept[0])
        return dx, {f"{self.name}.weight": dweight, f"{self.name}.bias": dbias}


class LayerNorm(Norm):
    """Standardizes every sample over its units."""

    def forward(self, params, x, train=False, generator=None):
        """weight * x_hat + bias with the statistics of each sample, in training and afterwards."""
        y, kept = layer_norm(x, params[f"{self.name}.weight"], params[f"{self.name}.bias"])
        return y, (kept,)


class BatchNorm(Norm):
    """Standardizes every unit over the batch in training, and by its running statistics afterwards."""

    @property
    def running_shapes(self) -> dict[str, tuple[int, ...]]:
        """Running mean and variance, each (units,)."""
        return {f"{self.name}.running_mean": (self.units,), f"{self.name}.running_var": (self.units,)}

    def forward(self, params, x, train=False, generator=None):
        """weight * x_hat + bias with the statistics of the batch, or with the running ones."""
        weight, bias, mean, var = (params[name] for name in (*self.shapes, *self.running_shapes))
        y, kept, moved = batch_norm(x, weight, bias, Running(mean, var), train)
        return y, (kept, moved)

    def running(self, kept) -> Params:
        """The running statistics after the forward pass."""
        return dict(zip(self.running_shapes, kept[1], strict=True))


NORMS = {"batch": BatchNorm, "layer": LayerNorm}
