"""Weight initialization: the first random numbers, by the name of their scheme.

A layer with ``n_in`` inputs and ``n_out`` outputs draws its weight (n_in, n_out) with mean 0. What a scheme
decides is the standard deviation; a uniform U(-a, a) has the standard deviation a / sqrt(3).
"""

import math
from collections.abc import Callable

import torch

from nnlab import arguments

__all__ = ["SCHEMES", "draw"]


def normal(std: Callable[[int, int], float]):
    """A scheme that draws from a normal distribution with standard deviation ``std(n_in, n_out)``."""
    return lambda n_in, n_out, draw: std(n_in, n_out) * torch.randn(n_in, n_out, **draw)


def uniform(bound: Callable[[int, int], float]):
    """A scheme that draws from U(-a, a) with a = ``bound(n_in, n_out)``."""
    return lambda n_in, n_out, draw: bound(n_in, n_out) * (2 * torch.rand(n_in, n_out, **draw) - 1)


SCHEMES = {
    # He et al. 2015, section 2.2, eq. 10: variance 2 / n_in keeps the size of ReLU activations
    "he_normal": normal(lambda n_in, n_out: math.sqrt(2 / n_in)),
    "he_uniform": uniform(lambda n_in, n_out: math.sqrt(6 / n_in)),
    # Glorot & Bengio 2010, eq. 12 and 16 ("normalized"): variance 2 / (n_in + n_out)
    "glorot_normal": normal(lambda n_in, n_out: math.sqrt(2 / (n_in + n_out))),
    "glorot_uniform": uniform(lambda n_in, n_out: math.sqrt(6 / (n_in + n_out))),
    # LeCun et al. 1998, section 4.6: variance 1 / n_in
    "lecun_normal": normal(lambda n_in, n_out: math.sqrt(1 / n_in)),
    # Glorot & Bengio 2010, eq. 1 ("standard"), and PyTorch's default weights: variance 1 / (3 n_in), not 1 / n_in
    "standard": uniform(lambda n_in, n_out: 1 / math.sqrt(n_in)),
    # too small on purpose
    "small_normal": normal(lambda n_in, n_out: 0.01),
    "zeros": lambda n_in, n_out, draw: torch.zeros(n_in, n_out, dtype=draw["dtype"]),
}


def draw(scheme: str, n_in: int, n_out: int, generator: torch.Generator, dtype=torch.float32) -> torch.Tensor:
    """Draw one weight of shape (n_in, n_out) from the ``scheme`` of that name.

    Raises:
        TypeError, ValueError: ``scheme`` is not a known name; the message gives the nearest one.

    >>> draw("zeros", 2, 3, torch.Generator())
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    arguments.one_of("scheme", scheme, SCHEMES)
    return SCHEMES[scheme](n_in, n_out, {"generator": generator, "dtype": dtype})
