"""Where ``nnlab.fit`` takes its mini-batches from: tensors in memory, or DataLoaders as they are."""

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader

from nnlab import arguments
from nnlab.datasets.data import Dataset

__all__ = ["NO_BATCH", "Batches", "Sliced", "batches_of"]

AT_ONCE = 4096  # validation samples in one forward pass

NO_BATCH = "data must give at least one mini-batch in an epoch. Got none. Try a smaller batch_size, or drop_last=False."

Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]


class Sliced:
    """Mini-batches of tensors in memory: one permutation in each epoch, then slices of it, which cost nothing.

    The last batch of an epoch is smaller when ``batch_size`` does not divide the number of samples.

    Attributes:
        steps: mini-batches in an epoch.
    """

    def __init__(self, data: Dataset, batch_size: int | None, device: torch.device):
        self.x, self.y = data.train.x.to(device), data.train.y.to(device)
        self.val_x, self.val_y = data.val.x.to(device), data.val.y.to(device)
        self.size = len(self.x) if batch_size is None else batch_size
        self.size = arguments.whole("batch_size", self.size, 32)
        if self.size > len(self.x):
            raise ValueError(
                f"batch_size must be at most {len(self.x)}, the training data. Got {batch_size}. "
                "Try 32, or None for all."
            )
        self.steps: int | None = -(-len(self.x) // self.size)

    def train(self, generator: torch.Generator) -> Batches:
        order = torch.randperm(len(self.x), generator=generator).to(self.x.device)
        return zip(self.x[order].split(self.size), self.y[order].split(self.size), strict=True)

    def generators(self) -> dict[str, torch.Generator]:
        """Generators that the data bring along: none."""
        return {}

    def val(self) -> Batches:
        return zip(self.val_x.split(AT_ONCE), self.val_y.split(AT_ONCE), strict=True)


class Loaded:
    """Mini-batches from a DataLoader for training, and one for validation or None; they shuffle by themselves.

    Attributes:
        steps: mini-batches in an epoch; None for a DataLoader that does not know.
    """

    def __init__(self, train: DataLoader, val: DataLoader | None, device: torch.device):
        self.loader, self.val_loader, self.device = train, val, device
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

    def moved(self, loader) -> Batches:
        return ((x.to(self.device), y.to(self.device)) for x, y in loader)


def batches_of(data, batch_size: int | None, device: torch.device) -> Sliced | Loaded:
    """The mini-batches of a ``Dataset``, of a DataLoader, or of a pair (training DataLoader, validation DataLoader).

    Raises:
        TypeError: ``data`` is something else. ValueError: a ``batch_size`` for a DataLoader, which has its own.
    """
    if isinstance(data, Dataset):
        return Sliced(data, batch_size, device)
    train, val = data if isinstance(data, (tuple, list)) and len(data) == 2 else (data, None)
    if not isinstance(train, DataLoader) or not isinstance(val, (DataLoader, type(None))):
        raise TypeError(
            f"data must be an nnlab.Dataset, a DataLoader, or a pair of them (train, val). "
            f"Got {type(data).__name__}. Try nnlab.digits()."
        )
    if batch_size is not None:
        raise ValueError(
            f"batch_size must be None for a DataLoader, which has its own. Got {batch_size}. "
            f"Try DataLoader(..., batch_size={batch_size})."
        )
    return Loaded(train, val, device)
