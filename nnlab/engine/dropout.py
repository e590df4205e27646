"""Dropout by hand: forget some units in training, keep all of them afterwards.

The mask is *inverted*: what is kept is divided by 1 - p at once, so that the mean of mask * h is h, and the network
that is used later needs no scaling at all. torch.nn.Dropout does the same.
"""

from dataclasses import dataclass

import torch

from nnlab import arguments
from nnlab.engine import draws
from nnlab.engine.layers import Layer

__all__ = ["Dropout", "backward", "check", "forward", "mask", "needed"]


def mask(shape, p, generator: draws.Generators, dtype=torch.float32) -> torch.Tensor:
    """Draw a mask: 0 with probability p, else 1 / (1 - p) (Srivastava et al. 2014, section 10, "inverted").

    The same uniform numbers are compared with p, so members with the same generator and a larger p forget the same
    units and some more.

    Args:
        shape: (..., batch, units), the shape of what is masked.
        p: the probability to forget, in [0, 1); or a tuple with one for each member.
        generator: a ``torch.Generator``, or a list with one for each member.

    Raises:
        ValueError, TypeError: p outside [0, 1), or not one p and one generator for each member.

    >>> mask((2, 4), 0.5, torch.Generator().manual_seed(0))
    tensor([[0., 2., 0., 0.],
            [0., 2., 0., 2.]])
    """
    check("p", p)
    u = draws.uniform(shape, generator, dtype)
    p = draws.per_member("p", p, u)
    return (u >= p).to(dtype) / (1 - p)


def forward(h: torch.Tensor, p, generator: draws.Generators, train: bool = True):
    """Dropout of activations h (..., batch, units): mask * h in training, h itself afterwards.

    Returns:
        the result, and the mask that ``backward`` needs; None when nothing was forgotten.
    """
    if not train or not needed(p):
        check("p", p)
        return h, None
    drawn = mask(h.shape, p, generator, h.dtype)
    return drawn * h, drawn


def backward(dy: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The gradient at h: a unit that was forgotten gets none, the others get theirs times 1 / (1 - p)."""
    return dy if mask is None else mask * dy


def needed(p) -> bool:
    """Whether any member forgets anything."""
    return p != 0 if isinstance(p, (int, float)) else any(float(entry) != 0 for entry in p)


def check(name: str, p) -> None:
    """Check that p, or every entry of a tuple or tensor, is at least 0 and below 1."""
    for entry in p if isinstance(p, tuple) else [p]:
        arguments.fraction(name, entry, 0.5)


@dataclass(frozen=True)
class Dropout(Layer):
    """A layer that forgets some units in training.

    Args:
        p: the probability to forget, in [0, 1); or a tuple with one for each member.
    """

    p: float | tuple[float, ...]
    random = True

    def forward(self, params, h, train=False, generator=None):
        """mask * h in training, h itself afterwards; the mask is kept."""
        return forward(h, self.p, generator) if train else (h, None)

    def backward(self, params, mask, dy):
        """The gradient at h: mask * dy; None for dropout on the data themselves, whose gradient nobody asks for."""
        return dy if dy is None else backward(dy, mask), {}
