"""What a function says when it is given something it cannot use: the rule, the value, the remedy."""

import difflib
import math
from collections.abc import Iterable
from pathlib import Path

import torch

__all__ = ["finite", "fraction", "not_negative", "number", "one_of", "path", "positive", "whole"]


def number(name: str, value, rule: str, allowed, remedy) -> None:
    """Check that ``value`` is a real number, or a tensor of them, for which ``allowed`` holds.

    Raises:
        TypeError: ``value`` is neither a number nor a tensor of numbers (a string, say).
        ValueError: ``allowed(value)`` is false for it or for one of its entries; nan never passes.
    """
    if isinstance(value, torch.Tensor):
        if not (value.is_floating_point() or value.dtype in (torch.int32, torch.int64)):
            raise TypeError(f"{name} must hold numbers. Got a tensor of {value.dtype}. Try {remedy}.")
        for entry in value.flatten().tolist():
            number(name, entry, rule, allowed, remedy)
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number. Got {value!r} ({type(value).__name__}). Try {remedy}.")
    if not (math.isfinite(value) and allowed(value)):
        raise ValueError(f"{name} must be {rule}. Got {value!r}. Try {remedy}.")


def positive(name: str, value, remedy) -> None:
    """Check ``0 < value < inf`` for a number or for every entry of a tensor."""
    number(name, value, "positive and finite", lambda v: v > 0, remedy)


def not_negative(name: str, value, remedy) -> None:
    """Check ``0 <= value < inf`` for a number or for every entry of a tensor."""
    number(name, value, "zero or positive, and finite", lambda v: v >= 0, remedy)


def fraction(name: str, value, remedy) -> None:
    """Check ``0 <= value < 1`` for a number or for every entry of a tensor."""
    number(name, value, "at least 0 and below 1", lambda v: 0 <= v < 1, remedy)


def whole(name: str, value, remedy: int, at_least: int = 1) -> None:
    """Check that ``value`` is an integer of at least ``at_least``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number. Got {value!r}. Try {remedy}.")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}. Got {value}. Try {remedy}.")


def one_of(name: str, value, known: Iterable[str]) -> None:
    """Check that ``value`` is one of the ``known`` names; otherwise name the nearest one."""
    known = list(known)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name (a string). Got {value!r}. Try {known[0]!r}.")
    if value not in known:
        nearest = difflib.get_close_matches(value, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"{name} must be one of {', '.join(known)}. Got {value!r}. Did you mean {nearest!r}?")


def path(name: str, value, remedy: str) -> Path:
    """``value`` as a Path, or a TypeError."""
    if not isinstance(value, (str, Path)):
        raise TypeError(f"{name} must be a path. Got {value!r}. Try {remedy!r}.")
    return Path(value)


def finite(name: str, value: torch.Tensor) -> None:
    """Check that a tensor holds neither nan nor infinity (one reduction when all is well)."""
    if not math.isfinite(value.sum()) and not value.isfinite().all():
        bad = int((~value.isfinite()).sum())
        raise ValueError(
            f"{name} must be finite. Got {bad} nan or infinite entries of {value.numel()}. "
            f"Try torch.nan_to_num({name}), or find out where they come from."
        )
