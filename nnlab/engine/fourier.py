"""Fourier features: waves of random frequencies in front of a network that shall paint sharp pictures."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from nnlab import arguments
from nnlab.engine.layers import Layer
from nnlab.engine.network import Network

__all__ = ["Fourier", "FourierNetwork", "waves"]


def waves(v: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
    """gamma(v) = [cos(2 pi B v), sin(2 pi B v)] (Tancik et al. 2020, "Fourier Features Let Networks Learn High
    Frequency Functions in Low Dimensional Domains", eq. 5).

    Args:
        v: (..., batch, inputs), coordinates.
        frequencies: B transposed, (..., inputs, features): waves for each unit of a coordinate, one column a feature.

    Returns:
        (..., batch, 2 features), from -1 to 1: all cosines first, then all sines.

    >>> waves(torch.tensor([[0.25]]), torch.tensor([[1.0, 2.0]])).round().abs()
    tensor([[0., 1., 1., 0.]])
    """
    angle = 2 * math.pi * (v @ frequencies)  # (..., batch, features)
    return torch.cat([angle.cos(), angle.sin()], -1)


@dataclass(frozen=True)
class Fourier(Layer):
    """A layer that gives the ``waves`` of its inputs; its frequencies are drawn once and never learned.

    They are kept among the parameters all the same, because the weights behind them mean nothing without them.

    Args:
        name: what its frequencies are called: "fourier" has "fourier.frequencies".
        inputs, features: how many there are; it gives 2 * features outputs.
        scale: the standard deviation of the frequencies, positive: large ones draw small details.
        first: the inputs are data, and nobody asks for their gradient: the backward pass leaves it out.
    """

    name: str
    inputs: int
    features: int
    scale: float
    first: bool = False

    def __post_init__(self):
        arguments.whole("inputs", self.inputs, 2)
        arguments.whole("features", self.features, 64)
        arguments.positive("scale", self.scale, 0.5)

    @property
    def running_shapes(self) -> dict[str, tuple[int, ...]]:
        """The frequencies, (inputs, features)."""
        return {f"{self.name}.frequencies": (self.inputs, self.features)}

    def init(self, scheme, generator, dtype):
        """Normal frequencies with the standard deviation ``scale``."""
        drawn = torch.randn(self.inputs, self.features, generator=generator, dtype=dtype)
        return {f"{self.name}.frequencies": self.scale * drawn}

    def forward(self, params, x, train=False, generator=None):
        """The waves, (..., batch, 2 features)."""
        frequencies = params[f"{self.name}.frequencies"]
        y = waves(x, frequencies)
        return y, (y, frequencies)

    def backward(self, params, kept, dy):
        """d cos(a)/da = -sin(a) and d sin(a)/da = cos(a), with a = 2 pi B v."""
        if self.first:
            return None, {}
        (cos, sin), (dcos, dsin) = (both.chunk(2, -1) for both in (kept[0], dy))
        return 2 * math.pi * (dsin * cos - dcos * sin) @ kept[1].mT, {}

    def running(self, kept):
        """They stay as they are."""
        return {f"{self.name}.frequencies": kept[1]}


@dataclass(frozen=True, repr=False)
class FourierNetwork(Network):
    """A fully connected network that sees the Fourier features of its inputs instead of the inputs.

    Args:
        sizes, activation, norm, dropout, input_noise, feature_noise: as for ``Network``; the noise on the inputs is
            added to the features.
        features: how many random frequencies there are; the first affine layer has twice as many inputs.
        scale: their standard deviation, in waves for each unit of an input. Too small blurs, too large memorises.

    Raises:
        TypeError, ValueError: as for ``Network``; features or a scale that are not positive.

    >>> FourierNetwork([2, 64, 3], features=16)
    FourierNetwork 2 -> 64 -> 3, relu, 16 frequencies of scale 0.5: 2,307 parameters
      layer1  weight (32, 64)  bias (64,)  2,112
      layer2  weight (64, 3)   bias (3,)     195
    """

    features: int = 64
    scale: float = 0.5

    def _layers(self) -> Iterator[Layer]:
        """The waves, and behind them a network that takes them."""
        inputs, *others = self.sizes
        settings = {name: getattr(self, name) for name in ("activation", "norm", *self.per_member)}
        yield Fourier("fourier", inputs, self.features, self.scale, first=True)
        yield from Network([2 * self.features, *others], **settings).stack

    @property
    def title(self) -> str:
        """Sizes, and what the network has beside its affine layers."""
        return f"{super().title}, {self.features} frequencies of scale {self.scale:g}"
