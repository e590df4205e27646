"""What a network is a stack of: layers, each with a forward and a backward pass of its own.

A layer holds no numbers. It is told its parameters, a plain dictionary of tensors with all of the network's,
``{"layer1.weight": (..., in, out), "layer1.bias": (..., out), ...}``, and takes those that carry its name. All axes
in front are members: one network is an ensemble of one. The layers without weights live where their mathematics is:
`activations`, `normalization`, `dropout`, `noise`.
"""

from dataclasses import dataclass
from typing import Any

import torch

from nnlab.engine import draws, initialization

__all__ = ["Affine", "Layer", "Params", "product"]

Params = dict[str, torch.Tensor]
FEW = 8  # columns


class Layer:
    """One step of a network, without parameters unless a subclass says so.

    What a layer must have: ``forward`` and ``backward``. A layer that learns also says which parameters it has
    (``shapes``) and what they start with (``init``). ``nnlab.gradient_check`` compares it with autograd.
    """

    name: str  # its parameters begin with it
    random = False  # whether it draws random numbers in training

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of everything that one member learns here."""
        return {}

    @property
    def running_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of what one member keeps beside that: the running statistics of batch norm."""
        return {}

    def init(self, scheme: str, generator: torch.Generator, dtype: torch.dtype) -> Params:
        """The first values of all ``shapes`` and ``running_shapes``, for one member."""
        return {}

    def forward(
        self, params: Params, x: torch.Tensor, train: bool = False, generator: draws.Generators | None = None
    ) -> tuple[torch.Tensor, Any]:
        """y (..., batch, outputs) from x (..., batch, inputs), and whatever ``backward`` needs to be kept.

        Nothing is changed in place. ``train`` and ``generator`` matter to layers that draw random numbers or look
        at the other samples of the batch.
        """
        raise NotImplementedError

    def backward(self, params: Params, kept: Any, dy: torch.Tensor) -> tuple[torch.Tensor, Params]:
        """The gradient of the loss at x, from the one at y; and those of the layer's parameters, by their names."""
        raise NotImplementedError

    def running(self, kept: Any) -> Params:
        """The new values of ``running_shapes`` after a forward pass."""
        return {}


@dataclass(frozen=True)
class Affine(Layer):
    """z = x W + b: a weight for every pair of an input and an output, and a bias for every output.

    PyTorch calls it Linear and stores the weight as (out, in); here it is (in, out).

    Args:
        name: what its parameters are called: "layer1" has "layer1.weight" and "layer1.bias".
        inputs, outputs: how many there are.
        bias: without one z = x W, as in front of batch norm, which would subtract a bias again.
        first: the inputs are data, and nobody asks for their gradient: the backward pass leaves it out.
    """

    name: str
    inputs: int
    outputs: int
    bias: bool = True
    first: bool = False

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The weight (in, out) and the bias (out,)."""
        weight = {f"{self.name}.weight": (self.inputs, self.outputs)}
        return {**weight, f"{self.name}.bias": (self.outputs,)} if self.bias else {**weight}

    def init(self, scheme: str, generator: torch.Generator, dtype: torch.dtype) -> Params:
        """The weight is drawn, the bias starts at zero."""
        weight = initialization.draw(scheme, self.inputs, self.outputs, generator, dtype)
        bias = {f"{self.name}.bias": torch.zeros(self.outputs, dtype=dtype)} if self.bias else {}
        return {f"{self.name}.weight": weight} | bias

    def forward(self, params, x, train=False, generator=None):
        """z (..., batch, out) = x W + b."""
        z = product(x, params[f"{self.name}.weight"])
        if self.bias:
            z += params[f"{self.name}.bias"].unsqueeze(-2)
        return z, x

    def backward(self, params, x, dz):
        """dW = x^T dz, db = the sum of dz over the batch, dx = dz W^T (Rumelhart, Hinton & Williams 1986, eq. 6, 7)."""
        grads = {f"{self.name}.weight": product(x.mT, dz)}  # (..., in, batch) @ (..., batch, out)
        if self.bias:
            grads[f"{self.name}.bias"] = dz.sum(-2)
        dx = dz @ params[f"{self.name}.weight"].mT if not self.first else None  # (..., batch, in)
        return dx, grads


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a @ b; with few columns as (b^T a^T)^T, the same numbers, which is up to three times faster for many members."""
    return (b.mT @ a.mT).mT if b.shape[-1] < FEW and b.ndim > 2 else a @ b
