"""Random numbers for many members: one generator for all of them, or one for each.

With a generator of its own a member gets the numbers that it would get alone, whatever the others do.
"""

from collections.abc import Sequence

import torch

__all__ = ["Generators", "normal", "per_member", "uniform"]

Generators = torch.Generator | Sequence[torch.Generator]


def uniform(shape: Sequence[int], generator: Generators, dtype=torch.float32) -> torch.Tensor:
    """Numbers from [0, 1), of that shape; ``normal`` explains the arguments."""
    return drawn(torch.rand, shape, generator, dtype)


def normal(shape: Sequence[int], generator: Generators, dtype=torch.float32) -> torch.Tensor:
    """Numbers with mean 0 and standard deviation 1.

    Args:
        shape: any shape; with several generators (member, ..., batch, feature).
        generator: a ``torch.Generator``, or a list of them: the k-th draws for member k.

    Raises:
        TypeError, ValueError: ``generator`` is none, or there is not one for each member.
    """
    return drawn(torch.randn, shape, generator, dtype)


def drawn(sample, shape: Sequence[int], generator: Generators, dtype) -> torch.Tensor:
    """``sample`` is torch.rand or torch.randn."""
    if isinstance(generator, torch.Generator):
        return sample(tuple(shape), generator=generator, dtype=dtype)
    if not isinstance(generator, list | tuple):
        raise TypeError(
            f"generator must be a torch.Generator, or a list with one for each member. "
            f"Got {generator!r}. Try torch.Generator().manual_seed(0)."
        )
    if len(shape) < 3 or len(generator) != shape[0]:
        raise ValueError(
            f"generator must have one entry for each member. Got {len(generator)} for the shape {tuple(shape)}. "
            "Try a single torch.Generator()."
        )
    return torch.stack([sample(tuple(shape[1:]), generator=g, dtype=dtype) for g in generator])


def per_member(name: str, value, like: torch.Tensor):
    """A number as it is; a tuple with one number for each member as (member, 1, ...), to broadcast over ``like``.

    Args:
        name: the name of the setting, for the message.
        value: a number, or a tuple or a tensor (member,).
        like: (member, ..., batch, feature).

    Raises:
        ValueError: ``like`` has another number of members.
    """
    if isinstance(value, (int, float)):
        return value
    if like.ndim < 3 or len(value) != like.shape[0]:
        raise ValueError(
            f"{name} must be one number, or one for each member. Got {len(value)} for the shape {tuple(like.shape)}. "
            f"Try {name}={float(value[0])}."
        )
    return torch.as_tensor(value, dtype=like.dtype).reshape(-1, *(1 for _ in like.shape[1:]))
