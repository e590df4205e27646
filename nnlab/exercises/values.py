"""Answers as values: whether two are equal, whatever their container or number kind, and where they differ first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import torch

__all__ = ["abbreviate", "describe", "difference", "numbers", "unpacked"]

# How far a right answer may be off that was computed in these kinds, relative to the largest number of the result
PRECISION = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 1e-5}
WHOLE = 1e-3  # whole numbers are exact; float kinds only blur them by less


def numbers(value: Any) -> torch.Tensor | None:
    """The numbers in a tensor, array, table, list or single number; None where there are none, or shapes do not fit."""
    if isinstance(value, torch.Tensor):
        return None if value.is_complex() else (value.to_dense() if value.is_sparse else value).detach().cpu()
    if isinstance(value, bool | np.bool_):
        return torch.tensor(bool(value))
    if isinstance(value, Real | Decimal):
        whole = isinstance(value, int) and abs(value) > 10**300  # more than a float can hold
        return torch.tensor(math.inf if whole else float(value), dtype=torch.float64)
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
        single = got.item() if isinstance(got, torch.Tensor | np.ndarray) and size(got) == 1 else got
        right = isinstance(single, type(want) | np.bool_) and str(single).strip().lower() == str(want).lower()
        return None if right else ending(abbreviate(got), repr(want), reveal)
    shaped = isinstance(want, torch.Tensor)
    wanted = want if shaped else torch.tensor(want, dtype=torch.int64 if isinstance(want, int) else torch.float64)
    return difference_of_numbers(got, wanted, tolerance, reveal, shaped)


def size(value: torch.Tensor | np.ndarray) -> int:
    return value.numel() if isinstance(value, torch.Tensor) else value.size


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
        turned = " It is transposed." if found.dim() == 2 and found.shape == want.shape[::-1] else ""
        return f"the shape must be {tuple(want.shape)}. Got {tuple(found.shape)}.{turned}"
    if not shaped and (found.numel() != 1 or isinstance(got, list | tuple)):
        return f"a single number is wanted. Got {describe(got)}."
    a, b = found.double().reshape(want.shape), want.double()
    same = (a == b) | (a.isnan() & b.isnan())  # a recorded mistake may hold nan or inf
    off = ~same & ~((a - b).abs() <= limit(found, want, tolerance))
    if not off.any():
        return None
    index = off.nonzero()[0].tolist()
    x, y = a[tuple(index)].item(), b[tuple(index)].item()
    if not reveal:
        return f"got {apart(x, y)[0]}, which is {'too large' if x > y else 'too small' if x < y else 'not right'}."
    place = f"at {index}: " if index else ""
    texts = apart(*((bool(x), bool(y)) if want.dtype == torch.bool else (x, y)))
    return place + ending(*texts, reveal) + factor(a, b)


def factor(a: torch.Tensor, b: torch.Tensor) -> str:
    """A sentence on the one number by which all of the answer is too large, if there is one."""
    ratios = (a / b)[b != 0]
    if len(ratios) < 2 or not ratios.isfinite().all() or bool((a[b == 0] != 0).any()):
        return ""
    first = ratios[0].item()
    if first == 0 or not torch.allclose(ratios, ratios[0], rtol=1e-5, atol=0):
        return ""
    return f" Every number is {first:.4g} times the wanted one."


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
    """Two different numbers with as many digits as it takes to see it, at least four; whole ones whole."""
    if all(isinstance(n, bool) or (n == n // 1 and abs(n) < 1e15) for n in (a, b)):
        return str(a if isinstance(a, bool) else int(a)), str(b if isinstance(b, bool) else int(b))
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
        if value.ndim > 1 or size(value) > 4:
            return f"tensor {tuple(value.shape)}"
        parts = [f"{part:.4g}" if isinstance(part, int | float) else repr(part) for part in value.reshape(-1).tolist()]
        return f"[{', '.join(parts)}]" if value.ndim else parts[0]
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, float):
        return repr(float(f"{value:.6g}"))
    text = repr(value)
    if len(text) <= 60 and "\n" not in text and " at 0x" not in text:
        return text
    return f"list of {len(value)}" if isinstance(value, list | tuple) else type(value).__name__
