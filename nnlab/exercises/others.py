"""Other cases for an exercise, drawn from a seed: of the same kind as those that a student sees, with other numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

__all__ = ["Draw", "uniform", "varied", "whole"]

Draw = Callable[[torch.Generator], Sequence[tuple]]  # what draws the argument lists of other cases
LEAST, MOST = 0.8, 1.25  # by which a number is multiplied: it keeps its sign and its size, and 0 stays 0


def varied(cases: Sequence[tuple], generator: torch.Generator) -> list[tuple]:
    """The same cases with every number that has a fraction times a factor of its own from 0.8 to 1.25.

    Whole numbers, words and functions stay, as does what is 0 or infinite. What stood in two places still does.
    """
    known: dict[int, Any] = {}
    return [other(case, generator, known) for case in cases]


def other(value: Any, generator: torch.Generator, known: dict[int, Any]) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(other(part, generator, known) for part in value)
    if isinstance(value, float):
        return value * float(factors(generator))
    if not (isinstance(value, torch.Tensor) and value.is_floating_point()):
        return value
    if id(value) not in known:
        known[id(value)] = value * factors(generator, *value.shape).to(value.dtype)
    return known[id(value)]


def factors(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return LEAST + (MOST - LEAST) * uniform(generator, *shape)


def uniform(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Numbers from 0 to 1 in float64, each equally likely."""
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def whole(generator: torch.Generator, low: int, high: int, count: int) -> list[int]:
    """So many whole numbers from ``low`` to ``high``, all different."""
    return (low + torch.randperm(high - low + 1, generator=generator)[:count]).tolist()
