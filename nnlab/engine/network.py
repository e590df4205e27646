"""The network by hand: the stack of layers that a few settings describe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from nnlab import arguments
from nnlab.engine import activations, dropout, noise
from nnlab.engine.activations import Activation
from nnlab.engine.dropout import Dropout
from nnlab.engine.layers import Affine, Layer
from nnlab.engine.noise import Noise
from nnlab.engine.normalization import NORMS
from nnlab.engine.stack import Stack

__all__ = ["Network"]

PER_MEMBER = ("dropout", "input_noise", "feature_noise")
PerMember = float | tuple[float, ...]  # one value for each member


@dataclass(frozen=True, repr=False)
class Network(Stack):
    """A fully connected network: affine layers of these sizes with one activation between them.

    The last layer has no activation: its outputs are logits, or real numbers for a regression. Behind every other
    layer stand, in this order, norm, activation, noise, dropout: what the network has of them.

    Args:
        sizes: features, hidden units..., outputs; at least two whole numbers of at least 1.
        activation: a name from ``nnlab.activations`` or an ``Activation`` of your own.
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

    sizes: Sequence[int]
    activation: str | Activation = "relu"
    norm: str | None = None
    dropout: PerMember = 0.0
    input_noise: PerMember = 0.0
    feature_noise: PerMember = 0.0

    per_member = PER_MEMBER

    def __post_init__(self):
        object.__setattr__(self, "sizes", tuple(map(arguments.plain, self.sizes)))
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must have an input and an output. Got {list(self.sizes)}. Try [64, 32, 10].")
        for size in self.sizes:
            arguments.whole("every entry of sizes", size, 32)
        activations.get(self.activation)
        if self.norm is not None:
            arguments.one_of("norm", self.norm, NORMS)
        for name in PER_MEMBER:
            value = getattr(self, name)
            if isinstance(value, (list, torch.Tensor, np.ndarray, np.generic)):
                value = value.tolist() if hasattr(value, "tolist") else value
                object.__setattr__(self, name, tuple(value) if isinstance(value, list) else value)
            (dropout if name == "dropout" else noise).check(name, getattr(self, name))
        object.__setattr__(self, "stack", tuple(self._layers()))

    def _layers(self) -> Iterator[Layer]:
        """The stack that this description stands for."""
        if dropout.needed(self.input_noise):
            yield Noise(self.input_noise, of="layer1.weight")
        last = len(self.sizes) - 1
        for k, (inputs, outputs) in enumerate(pairwise(self.sizes), start=1):
            bias = k == last or self.norm != "batch"
            yield Affine(f"layer{k}", inputs, outputs, bias, first=k == 1)
            if k < last:
                if self.norm:
                    yield NORMS[self.norm](f"norm{k}", outputs)
                yield activations.get(self.activation)
                if dropout.needed(self.feature_noise):
                    yield Noise(self.feature_noise)
                if dropout.needed(self.dropout):
                    yield Dropout(self.dropout)

    @property
    def title(self) -> str:
        """Sizes, and what the network has beside its affine layers."""
        extras = [activations.get(self.activation).name, *([f"{self.norm} norm"] if self.norm else [])]
        for name in PER_MEMBER:
            if dropout.needed(value := getattr(self, name)):
                extras.append(f"{name} {value:g}" if isinstance(value, (int, float)) else f"{name} by member")
        return f"{super().title}, {', '.join(extras)}"
