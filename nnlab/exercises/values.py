"""Answers as values: whether two are equal, whatever their container or number kind, and where they differ first."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import torch

__all__ = ["abbreviate", "describe", "difference", "numbers"]

# How far a right answer may be off that was computed in these kinds, relative to the largest number of the result
PRECISION = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 1e-5}
WHOLE = 1e-3  # whole numbers are exact; float kinds only blur them by less


def numbers(value: Any) -> torch.Tensor | None:
    """The numbers in a tensor, array, table, list or single number; None where there are none, or shapes do not fit."""
    if isinstance(value, torch.Tensor):
        return None if value.is_complex() else value.detach().cpu()
    if isinstance(value, bool | np.bool_):
        return torch.tensor(bool(value))
    if isinstance(value, Real | Decimal):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, list | tuple):
        parts = [part for part in map(numbers, value) if part is not None]
        alike = 0 < len(parts) == len(value) and all(part.shape == parts[0].shape for part in parts)
        return torch.stack(parts) if alike else None
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return None
    array = np.asarray(value)
    if array.dtype == object:
        return numbers(array.tolist()) if array.ndim else None
    kind = {"b": np.bool_, "i": np.float64, "u": np.float64, "f": np.float64}.get(array.dtype.kind)
    return torch.from_numpy(array.astype(kind)) if kind else None


def difference(got: Any, want: Any, tolerance: float, reveal: bool = True) -> str | None:
    """Where an answer differs first from the wanted one, and how; None when they agree.

    Args:
        got: the answer; floats, lists, arrays and tables count by the numbers in them.
        want: a number, a string, a tensor, or a tuple of these.
        tolerance: relative to the largest wanted number; numbers below 1 are compared absolutely.
        reveal: whether the text says what is wanted.
    """
    if got is None:
        return "got None. Is a `return` missing? print shows a value, but does not return it."
    if isinstance(want, tuple):
        parts = unpacked(got)
        if parts is None or len(parts) != len(want):
            return f"{len(want)} results are wanted, as a tuple. Got {describe(got)}."
        for k, (part, wanted) in enumerate(zip(parts, want, strict=True), start=1):
            if reason := difference(part, wanted, tolerance, reveal):
                return f"result {k} of {len(want)}{' ' if reason.startswith('at [') else ': '}{reason}"
        return None
    if isinstance(want, str | bool):
        single = got.item() if isinstance(got, torch.Tensor | np.ndarray) and len(got.reshape(-1)) == 1 else got
        right = isinstance(single, type(want) | np.bool_) and single == want
        return None if right else ending(abbreviate(got), repr(want), reveal)
    shaped = isinstance(want, torch.Tensor)
    wanted = want if shaped else torch.tensor(want, dtype=torch.int64 if isinstance(want, int) else torch.float64)
    return difference_of_numbers(got, wanted, tolerance, reveal, shaped)


def unpacked(value: Any) -> Sequence | None:
    """The results in a tuple, a list, or along the first axis of a tensor or array."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return list(value) if value.ndim else None
    return value if isinstance(value, list | tuple) else None


def difference_of_numbers(got: Any, want: torch.Tensor, tolerance: float, reveal: bool, shaped: bool) -> str | None:
    found = numbers(got)
    if found is None or (found.dtype == torch.bool and want.dtype != torch.bool):
        return f"{'a tensor' if shaped and want.dim() else 'a number'} is wanted. Got {describe(got)}."
    if shaped and found.shape != want.shape:
        return f"the shape must be {tuple(want.shape)}. Got {tuple(found.shape)}."
    if not shaped and (found.numel() != 1 or isinstance(got, list | tuple)):
        return f"a single number is wanted. Got {describe(got)}."
    a, b = found.double().reshape(want.shape), want.double()
    same = (a == b) | (a.isnan() & b.isnan())  # a recorded mistake may hold nan or inf
    off = ~same & ~((a - b).abs() <= limit(found, want, tolerance))
    if not off.any():
        return None
    index = off.nonzero()[0].tolist()
    place = f"at {index}: " if index else ""
    return place + ending(*apart(a[tuple(index)].item(), b[tuple(index)].item()), reveal)


def limit(found: torch.Tensor, want: torch.Tensor, tolerance: float) -> float:
    """How far a number may be off: as the exercise says, but no less than the answer's number kind can hold."""
    relative = max(tolerance, *(PRECISION.get(kind, 0.0) for kind in (kind_of(found), kind_of(want))))
    absolute = relative * max(1.0, float(want.double().nan_to_num(0, 0, 0).abs().amax()))
    return absolute if want.is_floating_point() else min(absolute, WHOLE)


def kind_of(values: torch.Tensor) -> torch.dtype:
    """The kind that numbers were computed in: a float64 that is exactly a float32 has been one before."""
    if values.dtype in PRECISION:
        return values.dtype
    wide = values.double()
    finite = wide[wide.isfinite()]
    fraction = bool((finite != finite.round()).any())
    return torch.float32 if fraction and torch.equal(finite.float().double(), finite) else torch.float64


def ending(got: str, want: str, reveal: bool) -> str:
    return f"got {got}, wanted {want}." if reveal else f"got {got}, which is not right."


def apart(a: float, b: float) -> tuple[str, str]:
    """Two different numbers with as many digits as it takes to see it, at least four."""
    for digits in range(4, 17):
        if f"{a:.{digits}g}" != f"{b:.{digits}g}":
            return f"{a:.{digits}g}", f"{b:.{digits}g}"
    return repr(a), repr(b)


def describe(value: Any) -> str:
    """The kind of a value in a few words."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"{'a tensor' if isinstance(value, torch.Tensor) else 'an array'} of shape {tuple(value.shape)}"
    if callable(value):
        return "a function"
    if isinstance(value, tuple | list) and len(value) < 10:
        return f"a {type(value).__name__} of {len(value)}"
    return f"{abbreviate(value)} ({type(value).__name__})"


def abbreviate(value: Any) -> str:
    """A value as it may stand in a call: short ones whole, long tensors and lists by their size."""
    if isinstance(value, torch.Tensor | np.ndarray):
        if value.ndim > 1 or len(value.reshape(-1)) > 4:
            return f"tensor {tuple(value.shape)}"
        listed = value.tolist()
        return f"[{', '.join(f'{n:.4g}' for n in listed)}]" if value.ndim else f"{listed:.4g}"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, float):
        return repr(float(f"{value:.6g}"))
    text = repr(value)
    if len(text) <= 60 and "\n" not in text and " at 0x" not in text:
        return text
    return f"list of {len(value)}" if isinstance(value, list | tuple) else type(value).__name__
