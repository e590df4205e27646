"""New samples from old ones: shifted digits, mixtures of two samples, and images with a piece of another one.

Every function takes a mini-batch and a generator and returns a new mini-batch, (x, y, generator) -> (x, y); so it can
be given to ``ensemble.train(augment=...)``. With a list of generators every member gets changes of its own.
"""

import torch
from scipy.special import betaincinv

from nnlab import arguments
from nnlab.engine import draws, losses

__all__ = ["cutmix", "mixup", "shifted"]


def shifted(x: torch.Tensor, y: torch.Tensor, generator: draws.Generators, pixels: int = 1):
    """Move every image by up to ``pixels`` to the side and up or down, all moves equally likely; zeros move in.

    Args:
        x: (..., batch, side * side) square images, row by row.
        y: targets, returned as they are.
        generator: a ``torch.Generator``, or a list with one for each member.
        pixels: whole number of at least 0.

    Raises:
        ValueError, TypeError: images that are not square, or pixels that are no whole number.

    >>> one = torch.tensor([[0.0, 1.0, 0.0, 0.0]])  # an image of 2 x 2
    >>> shifted(one, None, torch.Generator().manual_seed(5))[0].tolist()
    [[0.0, 0.0, 1.0, 0.0]]
    """
    arguments.whole("pixels", pixels, 1, at_least=0)
    side = side_of(x)
    x = for_members(x, generator)
    by = (draws.uniform((*x.shape[:-1], 2), generator) * (2 * pixels + 1)).long() - pixels  # (..., batch, 2)
    place = torch.arange(side)
    rows, columns = place - by[..., :1], place - by[..., 1:]  # where row i and column j come from, (..., batch, side)
    source = rows.unsqueeze(-1) * side + columns.unsqueeze(-2)  # (..., batch, side, side)
    inside = ((rows >= 0) & (rows < side)).unsqueeze(-1) & ((columns >= 0) & (columns < side)).unsqueeze(-2)
    moved = x.take_along_dim((source * inside).flatten(-2), -1)
    return moved * inside.flatten(-2), y


def mixup(x: torch.Tensor, y: torch.Tensor, generator: draws.Generators, alpha: float = 0.2, classes: int = 10):
    """Mix every sample with another one, in inputs and targets: l a + (1 - l) b (Zhang et al. 2018, eq. 1).

    As in their figure 1, l is drawn from Beta(alpha, alpha) once for a mini-batch; b is the shuffled mini-batch, not
    one of a second loader.

    Args:
        x: (..., batch, features).
        y: class numbers (..., batch), or real targets (..., batch) or (..., batch, outputs).
        generator: a ``torch.Generator``, or a list with one for each member.
        alpha: positive; small mixes little, 1 takes every share equally often.
        classes: how many there are, when y holds class numbers.

    Returns:
        x (..., batch, features), and y mixed: soft targets (..., batch, classes), or real targets.

    Raises:
        ValueError, TypeError: alpha that is not positive, or class numbers that are not below ``classes``.
    """
    arguments.positive("alpha", alpha, 0.2)
    arguments.whole("classes", classes, 10)
    x = for_members(x, generator)
    goal = targets(x, y, classes)  # (..., batch, classes or outputs)
    share = draws.uniform((*x.shape[:-2], 1, 1), generator, torch.float64)
    share = torch.as_tensor(betaincinv(alpha, alpha, share.numpy()), dtype=x.dtype)  # the inverse of Beta's integral
    other = draws.uniform((*x.shape[:-1], 1), generator).argsort(-2)  # (..., batch, 1), a permutation
    x = share * x + (1 - share) * x.take_along_dim(other, -2)
    goal = share * goal + (1 - share) * goal.expand(*x.shape[:-1], goal.shape[-1]).take_along_dim(other, -2)
    return x, goal.squeeze(-1) if without_outputs(x, y) else goal


def cutmix(x: torch.Tensor, y: torch.Tensor, generator: draws.Generators, classes: int = 10):
    """Paste a rectangle of another image into every image, and mix the targets by area (Yun et al. 2019, section 3.1).

    The rectangle has the area 1 - l with l uniform (Beta(1, 1), as in the paper) and a uniform centre, and is cut off
    at the border; it is the same for the whole mini-batch, as in the authors' code. The target's share is the share of
    pixels that are left of the first image, so it fits the picture also where the rectangle was cut off.

    Args:
        x: (..., batch, side * side) square images, row by row.
        y: class numbers (..., batch), or targets (..., batch, outputs).
        generator: a ``torch.Generator``, or a list with one for each member.
        classes: how many there are, when y holds class numbers.

    Returns:
        x (..., batch, side * side), and soft targets (..., batch, classes).

    Raises:
        ValueError, TypeError: images that are not square, or class numbers that are not below ``classes``.

    >>> images = torch.tensor([[0.0] * 9, [1.0] * 9])  # a black and a white one of 3 x 3
    >>> x, y = cutmix(images, torch.tensor([0, 1]), torch.Generator().manual_seed(1), classes=2)
    >>> torch.allclose(x.mean(-1), y[:, 1])  # the share of white pixels is the share of the white target
    True
    """
    arguments.whole("classes", classes, 10)
    side = side_of(x)
    x = for_members(x, generator)
    goal = targets(x, y, classes)  # (..., batch, classes)
    left, row, column = draws.uniform((*x.shape[:-2], 3, 1), generator).unbind(-2)  # each (..., 1)
    half, place = (1 - left).sqrt() * side / 2, torch.arange(side) + 0.5  # half a rectangle's side; centres of pixels
    rows, columns = ((place - side * centre).abs() < half for centre in (row, column))  # each (..., side)
    inside = (rows.unsqueeze(-1) & columns.unsqueeze(-2)).flatten(-2).unsqueeze(-2)  # (..., 1, side * side)
    other = draws.uniform((*x.shape[:-1], 1), generator).argsort(-2)  # (..., batch, 1), a permutation
    share = 1 - inside.to(x.dtype).mean(-1, keepdim=True)  # (..., 1, 1), of the pixels that stay
    goal = share * goal + (1 - share) * goal.expand(*x.shape[:-1], goal.shape[-1]).take_along_dim(other, -2)
    return torch.where(inside, x.take_along_dim(other, -2), x), goal


def side_of(x: torch.Tensor) -> int:
    """How many pixels a square image has in a row."""
    side = round(x.shape[-1] ** 0.5)
    if side * side != x.shape[-1]:
        raise ValueError(f"x must hold square images. Got {x.shape[-1]} features. Try digits, with 8 * 8 = 64.")
    return side


def targets(x: torch.Tensor, y: torch.Tensor, classes: int) -> torch.Tensor:
    """Targets with an axis of outputs, (..., batch, outputs): one-hot for class numbers."""
    if not y.is_floating_point():
        return losses.one_hot(y, x.new_empty(*y.shape, classes))
    return y.unsqueeze(-1) if without_outputs(x, y) else y


def without_outputs(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether ``y`` holds real targets (batch,) or (..., batch), one for each sample of ``x``."""
    return y.is_floating_point() and y.shape in (x.shape[:-1], x.shape[-2:-1])


def for_members(x: torch.Tensor, generator: draws.Generators) -> torch.Tensor:
    """Samples (batch, features) that all members share, as (member, batch, features) for a list of generators."""
    return x.expand(len(generator), *x.shape) if x.ndim == 2 and isinstance(generator, list | tuple) else x
