"""What a function says when it is given something it cannot use: the rule, the value, the remedy."""

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch

OTHER_NAMES = {  # what others call it -> what it is called here
    "xavier": "glorot", "kaiming": "he", "he": "he_normal", "glorot": "glorot_normal", "lecun": "lecun_normal",
    "learning_rate": "lr", "wd": "weight_decay", "batchnorm": "batch", "layernorm": "layer", "swish": "silu",
    "logistic": "sigmoid", "linear": "identity", "mean_squared_error": "mse", "l2_loss": "mse", "smooth_l1": "huber",
    "bce": "binary_cross_entropy", "nll": "cross_entropy", "crossentropy": "cross_entropy",
}  # fmt: skip


def plain(value):
    """A number of numpy, or the one in a tensor without axes, as Python's own; anything else as it is."""
    alone = isinstance(value, np.generic) or (isinstance(value, (np.ndarray, torch.Tensor)) and value.ndim == 0)
    return value.item() if alone else value


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
    if isinstance(value, bool) or not isinstance(value, Real):
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


def whole(name: str, value, remedy: int, at_least: int = 1) -> int:
    """Check that ``value`` is an integer of at least ``at_least``; numpy's are too."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number. Got {value!r}. Try {remedy}.")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}. Got {value}. Try {remedy}.")
    return int(value)


def one_of(name: str, value, known: Iterable[str]) -> None:
    """Check that ``value`` is one of the ``known`` names; otherwise name the nearest one."""
    known = list(known)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name (a string). Got {value!r}. Try {known[0]!r}.")
    if value not in known:
        nearest = difflib.get_close_matches(in_our_words(value, known), known, n=1, cutoff=0.0)[0]
        raise ValueError(f"{name} must be one of {', '.join(known)}. Got {value!r}. Did you mean {nearest!r}?")


def in_our_words(value: str, known: list[str]) -> str:
    """What we call what others call ``value``, as far as we know: "xavier_uniform" is "glorot_uniform"."""
    first, line, rest = value.lower().partition("_")
    for ours in (OTHER_NAMES.get(value.lower()), OTHER_NAMES.get(first, first) + line + rest):
        for name in (ours, OTHER_NAMES.get(ours or "")):
            if name in known:
                return name
    return value


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
