"""Data in memory in all the forms that people have them in, as tensors: one row for each sample."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset

from nnlab import arguments
from nnlab.datasets.data import Dataset, Split

__all__ = ["arrays_of", "tensor_of", "tensors_of"]

Tensors = tuple[torch.Tensor, ...]


def tensors_of(data: Any, dtype: torch.dtype) -> tuple[Tensors, Tensors | None]:
    """The tensors of the training data, and those of the validation data or None.

    Args:
        data: a ``Dataset``; a TensorDataset or (x, y), each a tensor, a numpy array or a table of pandas; or a pair of
            them for training and validation.
        dtype: what real numbers become; that of the model.

    Raises:
        TypeError: something else. ValueError: another number of targets than of inputs, nan.
    """
    train, val = arrays_of(data)
    return checked(train, dtype), None if val is None else checked(val, dtype)


def arrays_of(data: Any) -> tuple[Sequence, Sequence | None]:
    """The arrays of the training data, and those of the validation data or None, as they were given.

    Raises:
        TypeError: data in none of the forms that ``tensors_of`` takes.
    """
    if isinstance(data, Dataset):
        return (data.train.x, data.train.y), (data.val.x, data.val.y)
    if is_part(data):
        return part_of(data), None
    if type(data) in (tuple, list) and len(data) == 2 and all(map(is_part, data)):
        return part_of(data[0]), part_of(data[1])
    raise TypeError(
        f"data must be an nnlab.Dataset, a DataLoader, or a pair of them (train, val), or tensors, arrays or tables "
        f"(x, y) or ((x, y), (x_val, y_val)). Got {in_words(data)}. Try nnlab.digits(), or (x, y)."
    )


def is_array(thing: Any) -> bool:
    """Whether it is a tensor, a numpy array, or a table or column of pandas."""
    return isinstance(thing, (torch.Tensor, np.ndarray)) or hasattr(thing, "to_numpy")


def is_part(thing: Any) -> bool:
    """Whether it is one part of the data: training or validation."""
    several = type(thing) in (tuple, list) and len(thing) > 1 and all(map(is_array, thing))
    return isinstance(thing, (Split, TensorDataset)) or several


def part_of(part: Any) -> Sequence:
    """The arrays of one part."""
    if isinstance(part, Split):
        return part.x, part.y
    return part.tensors if isinstance(part, TensorDataset) else part


def checked(arrays: Sequence, dtype: torch.dtype) -> Tensors:
    """The arrays of one part as tensors with as many rows each, and only finite numbers."""
    tensors = tuple(tensor_of(array, dtype, first=k == 0) for k, array in enumerate(arrays))
    for k, tensor in enumerate(tensors):
        Split(tensors[0], tensor)  # one target for each of at least one sample
        if tensor.is_floating_point():
            arguments.finite("y" if k else "x", tensor)
    return tensors


def tensor_of(array: Any, dtype: torch.dtype, first: bool) -> torch.Tensor:
    """A tensor of an array: real numbers as the model wants them, whole numbers int64.

    Arrays and tables have whole numbers also where they measure something, so as inputs they become real numbers; a
    tensor has been made on purpose, and stays what it is.
    """
    if not isinstance(array, torch.Tensor):
        values = np.asarray(array.to_numpy() if hasattr(array, "to_numpy") else array)
        if values.dtype.kind not in "fiub":
            raise TypeError(
                f"{'x' if first else 'y'} must hold numbers. Got {values.dtype} with {values.flat[0]!r}. "
                "Try pandas.get_dummies(table), or column.astype('category').cat.codes."
            )
        array = torch.tensor(values.astype(np.float64 if first or values.dtype.kind == "f" else np.int64))
    return array.to(dtype) if array.is_floating_point() else array


def in_words(data: Any) -> str:
    """What was given, in a few words."""
    kinds = [type(part).__name__ for part in data] if type(data) in (tuple, list) else []
    return f"{type(data).__name__} of {', '.join(kinds[:4])}" if kinds else type(data).__name__
