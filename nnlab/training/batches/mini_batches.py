"""Mini-batches: slices of data in memory, or DataLoaders as they are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from nnlab import arguments
from nnlab.datasets.in_memory import tensors_of
from nnlab.training.checks import fingerprint

__all__ = ["NO_BATCH", "Batches", "Loaded", "Sliced", "batches_of"]

AT_ONCE = 4096  # validation samples in one forward pass

NO_BATCH = "data must give at least one mini-batch in an epoch. Got none. Try a smaller batch_size, or drop_last=False."

Batches = Iterator[tuple[Any, Any]]  # what the model is called with, and the targets
Unpack = Callable[[Any], tuple[Any, Any]]


class Sliced:
    """Mini-batches of tensors in memory: one permutation in each epoch, then slices of it, which cost nothing.

    The last batch of an epoch is smaller when ``batch_size`` does not divide the number of samples.

    Args:
        train: tensors with one row for each sample: x and y, or whatever ``unpack`` understands.
        val: the same of the validation data; None for none.
        unpack: makes (inputs, targets) of a slice of each; None for x and y.

    Attributes:
        steps: mini-batches in an epoch. y: the targets of all training samples.
    """

    def __init__(self, train: Sequence, val: Sequence | None, batch_size: int | None, device, unpack: Unpack | None):
        self.parts, self.val_parts = ([t.to(device) for t in part or ()] for part in (train, val))
        self.unpack = plain_pair if unpack is None else lambda batch: checked_pair(unpack(batch))
        samples = len(self.parts[0])
        self.size = arguments.whole("batch_size", samples if batch_size is None else batch_size, 32)
        if self.size > samples:
            raise ValueError(
                f"batch_size must be at most {samples}, the training data. Got {batch_size}. "
                f"Try {min(32, samples)}, or None for all."
            )
        self.steps: int | None = -(-samples // self.size)
        self.y = self.unpack(tuple(self.parts))[1]

    def train(self, generator: torch.Generator) -> Batches:
        order = torch.randperm(len(self.parts[0]), generator=generator).to(self.parts[0].device)
        return self.slices([part[order] for part in self.parts], self.size)

    def val(self) -> Batches:
        return self.slices(self.val_parts, AT_ONCE)

    def slices(self, parts: list[torch.Tensor], size: int) -> Batches:
        return map(self.unpack, zip(*(part.split(size) for part in parts), strict=True))

    def generators(self) -> dict[str, torch.Generator]:
        """Generators that the data bring along: none."""
        return {}

    @cached_property
    def identity(self) -> str:
        """The data in a few words, other words for other data."""
        return f"{len(self.parts[0])} samples, fingerprint {fingerprint([*self.parts, *self.val_parts])}"

    def without_single(self) -> str:
        """What to try so that no mini-batch has one sample only."""
        samples = len(self.parts[0])
        return f"batch_size={next(b for b in range(self.size + 1, samples + 1) if samples % b != 1 or b == samples)}"


class Loaded:
    """Mini-batches from a DataLoader for training, and one for validation or None; they shuffle by themselves.

    Attributes:
        steps: mini-batches in an epoch; None for a DataLoader that does not know.
    """

    def __init__(self, train: DataLoader, val: DataLoader | None, device: torch.device, unpack: Unpack | None):
        self.loader, self.val_loader, self.device, self.unpack = train, val, device, unpack
        try:
            self.steps: int | None = len(train)
        except TypeError:
            self.steps = None

    def train(self, generator: torch.Generator) -> Batches:
        return self.moved(self.loader)

    def val(self) -> Batches:
        return self.moved(() if self.val_loader is None else self.val_loader)

    def generators(self) -> dict[str, torch.Generator]:
        """The generators of their own that the loaders and their samplers have, each of them once."""
        found: dict[str, torch.Generator] = {}
        for name, loader in (("loader", self.loader), ("val_loader", self.val_loader)):
            sampler, batches = getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)
            owners = {"": loader, " sampler": sampler, " batches": batches, " order": getattr(batches, "sampler", None)}
            for part, owner in owners.items():
                generator = getattr(owner, "generator", None)
                if generator is not None and not any(generator is other for other in found.values()):
                    found[name + part] = generator
        return found

    def moved(self, loader: Iterable) -> Batches:
        for batch in loader:
            inputs, y = plain_pair(batch) if self.unpack is None else checked_pair(self.unpack(batch))
            yield on(self.device, inputs), on(self.device, y)

    @cached_property
    def identity(self) -> str:
        """The loaders in a few words; of data in memory with a fingerprint."""
        return "; ".join(loader_in_words(loader) for loader in (self.loader, self.val_loader) if loader is not None)

    def without_single(self) -> str:
        """What to try so that no mini-batch has one sample only."""
        return "DataLoader(..., drop_last=True)"


def loader_in_words(loader: DataLoader) -> str:
    """Which samples, and how many at once in which order."""
    data = loader.dataset
    content = f" fingerprint {fingerprint(data.tensors)}" if isinstance(data, TensorDataset) else ""
    samples = len(data) if hasattr(data, "__len__") else "?"
    how = f"{loader.batch_size}, drop_last={loader.drop_last}, {type(loader.sampler).__name__}"
    return f"{samples} samples of {type(data).__name__}{content} in batches of {how}"


def plain_pair(batch: Any) -> tuple[Any, Any]:
    """A batch as it is, checked to be a pair of tensors."""
    inputs, y = checked_pair(batch)
    if not isinstance(inputs, torch.Tensor) or not isinstance(y, torch.Tensor):
        raise TypeError(
            f"a batch must be a pair of tensors (x, y). Got a pair of {type(inputs).__name__} and {type(y).__name__}. "
            "Try fit(..., unpack=lambda batch: batch), which gives several inputs to the model."
        )
    return inputs, y


def checked_pair(batch: Any) -> tuple[Any, Any]:
    """A batch as (inputs, targets): what the hook ``unpack`` gave, or the batch itself if it is such a pair."""
    if type(batch) in (tuple, list) and len(batch) == 2:
        return batch[0], batch[1]
    names = [repr(name) for name in batch] if isinstance(batch, Mapping) else []
    got = f"a dictionary with {', '.join(names)}" if names else f"{type(batch).__name__} {parts_of(batch)}".strip()
    first, second = names[:2] if len(names) > 1 else ("0", "-1")
    raise TypeError(
        f"a batch must be a pair (x, y). Got {got}. "
        f"Try fit(..., unpack=lambda batch: (batch[{first}], batch[{second}]))."
    )


def parts_of(batch: Any) -> str:
    """How many parts a sequence has."""
    return f"of {len(batch)}" if isinstance(batch, (tuple, list)) else ""


def on(device: torch.device, nest: Any) -> Any:
    """The tensors of a nest of tuples, lists and dictionaries on the device; what is no tensor stays as it is."""
    if isinstance(nest, torch.Tensor):
        return nest.to(device)
    if isinstance(nest, Mapping):
        return {name: on(device, part) for name, part in nest.items()}
    if type(nest) in (tuple, list):
        return type(nest)(on(device, part) for part in nest)
    return nest


def batches_of(
    data: Any, batch_size: int | None, device: torch.device, dtype: torch.dtype, unpack: Unpack | None
) -> Sliced | Loaded:
    """The mini-batches of data in memory, of a DataLoader, or of a pair (training DataLoader, validation DataLoader).

    Raises:
        TypeError: ``data`` is something else. ValueError: a ``batch_size`` for a DataLoader, which has its own.
    """
    if unpack is not None and not callable(unpack):
        raise TypeError(
            f"unpack must be a function batch -> (inputs, y). Got {unpack!r}. Try lambda batch: (batch[0], batch[1])."
        )
    train, val = data if isinstance(data, (tuple, list)) and len(data) == 2 else (data, None)
    if not isinstance(train, DataLoader) or not isinstance(val, (DataLoader, type(None))):
        return Sliced(*tensors_of(data, dtype), batch_size, device, unpack)
    if batch_size is not None:
        raise ValueError(
            f"batch_size must be None for a DataLoader, which has its own. Got {batch_size}. "
            f"Try DataLoader(..., batch_size={batch_size})."
        )
    return Loaded(train, val, device, unpack)
