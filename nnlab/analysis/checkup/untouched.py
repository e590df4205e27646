"""Inside, random numbers are drawn as from a new generator; afterwards nobody can tell that any were drawn."""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

__all__ = ["batches_from", "seeded", "untouched"]


@contextmanager
def untouched() -> Iterator[None]:
    """Put the random states of torch (with its GPUs), numpy and Python back at the end, whatever happens."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002, a model may use them
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        with torch.random.fork_rng(devices=gpus()), torch.enable_grad():
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        if mps is not None:
            torch.mps.set_rng_state(mps)


def gpus() -> list[int]:
    """The GPUs that have a generator; before their first use there is none."""
    return list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []


def seeded(seed: int) -> None:
    """Let all random numbers begin anew; only inside ``untouched``."""
    torch.random.default_generator.manual_seed(seed)  # torch.manual_seed would also seed GPUs that come later
    if gpus():
        torch.cuda.manual_seed_all(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)


def batches_from(loader: DataLoader) -> Iterator[Any]:
    """The batches of a copy of a DataLoader, so that its generators, and those of its data, stay where they are.

    Tensors in memory are not copied. The copy works in this process only.
    """
    tensors = loader.dataset.tensors if isinstance(loader.dataset, TensorDataset) else ()
    try:
        own = copy.deepcopy(loader, {id(tensor): tensor for tensor in tensors})
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise ValueError(f"a DataLoader must let itself be copied, so that it stays as it is. Got {error}. "
                         "Try one of its batches: checkup(model, next(iter(loader)), ...).") from error  # fmt: skip
    own.num_workers, own.timeout, own.prefetch_factor = 0, 0, None
    return iter(own)
