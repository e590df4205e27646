"""What is examined: a model with its data, always in copies, and the script that trains it."""

import copy
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter
from torch.utils.data import DataLoader

from nnlab.analysis.checkup.task import Task, task_of
from nnlab.analysis.checkup.untouched import batches_from, seeded
from nnlab.datasets.in_memory import arrays_of, tensor_of
from nnlab.engine import losses

__all__ = ["Case", "sample_of"]

SAMPLES = 512  # that are looked at
BATCH = 64


class Case:
    """A model on the table. It is never run itself: every check gets a copy of it.

    Attributes:
        x, y: up to 512 training samples. batch: the first 64 of them.
        loss: (output, y) -> scalar. step, optimizer, predict: of the script; ``own`` says which of them were given.
        seed: where random numbers begin in every copy.
    """

    def __init__(self, model: nn.Module, x, y, loss: str | Callable, optimizer, step, predict, seed: int):
        self.x, self.y, self.seed = x, y, seed
        self.batch = x[:BATCH], y[:BATCH]
        self.loss = losses.to_torch(copy.deepcopy(loss) if isinstance(loss, nn.Module) else loss)
        self.own = {"optimizer": optimizer is not None, "step": step is not None, "predict": predict is not None}
        self.optimizer = optimizer or (lambda model: torch.optim.AdamW(model.parameters(), lr=1e-3))
        self.step, self.predict = step or self.five_lines, predict
        self._pristine = duplicate(model)
        if any(isinstance(p, UninitializedParameter) for p in model.parameters()):  # lazy layers learn their shapes
            seeded(seed)
            self._pristine.eval()(x[:2])

    def five_lines(self, model: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor):
        """One training step as it should be."""
        model.train()
        optimizer.zero_grad()
        loss = self.loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    def copy(self, train: bool) -> nn.Module:
        """The model as it was, in train or in eval mode; the random numbers begin anew."""
        model = duplicate(self._pristine)
        seeded(self.seed)
        return model.train(train)

    @cached_property
    def output(self) -> torch.Tensor:
        """What the untrained model answers in eval mode for all samples."""
        with torch.no_grad():
            return self.copy(train=False)(self.x)

    @cached_property
    def task(self) -> Task:
        """What the loss wants, and how large it is for somebody who knows nothing."""
        return task_of(self.loss, self.output, self.y)

    @cached_property
    def first_loss(self) -> float:
        """The loss of the untrained model in eval mode, over all samples."""
        return self.loss(self.output, self.y).item()

    @property
    def trained_already(self) -> bool:
        """Whether the model comes with weights that have learned: then some checks say nothing."""
        return self.task.baseline is not None and self.first_loss < 0.7 * self.task.baseline

    def gradients(self) -> tuple[nn.Module, dict[str, torch.Tensor | None]]:
        """A copy in train mode, and the gradient of its first batch for every parameter that wants one."""
        model = self.copy(train=True)
        x, y = self.batch
        loss = self.loss(model(x), y)
        wanted = {name: p for name, p in model.named_parameters() if p.requires_grad}
        if not loss.requires_grad:
            return model, dict.fromkeys(wanted)
        found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True)
        return model, dict(zip(wanted, found, strict=True))


def duplicate(model: nn.Module) -> nn.Module:
    """A deep copy, or the reason why there is none."""
    try:
        return copy.deepcopy(model)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"model must let itself be copied, for the checkup works on copies. Got {error}. "
            "Try a model that keeps no outputs of an earlier call, such as a new one."
        ) from error


def sample_of(data: Any, model: nn.Module, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Up to 512 training samples where the model is: the first batches of a DataLoader, else drawn at random."""
    first = next(iter(model.parameters()), torch.zeros(0))
    train = data[0] if isinstance(data, (tuple, list)) and data and isinstance(data[0], DataLoader) else data
    if isinstance(train, DataLoader):
        return joined(train, first.device)
    x, y, *_ = (tensor_of(array, first.dtype, first=k == 0) for k, array in enumerate(arrays_of(data)[0]))
    if len(x) != len(y) or not len(x):
        raise ValueError(f"data must have one target for each sample. Got {len(x)} inputs and {len(y)} targets. "
                         "Try (x, y) of the same length.")  # fmt: skip
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:SAMPLES]
    return x[order].to(first.device), y[order].to(first.device)


def joined(loader: DataLoader, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The first batches of a loader as one."""
    parts: list[tuple[torch.Tensor, torch.Tensor]] = []
    for batch in batches_from(loader):
        pair = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        if len(pair) != 2 or not all(isinstance(part, torch.Tensor) for part in pair):
            raise TypeError(f"a batch must be a pair of tensors (x, y). Got {type(batch).__name__} of {len(pair)}. "
                            "Try a Dataset that returns (x, y).")  # fmt: skip
        parts.append(pair)
        if sum(len(x) for x, _ in parts) >= SAMPLES:
            break
    if not parts:
        raise ValueError("data must give at least one batch. Got none. Try a smaller batch_size, or drop_last=False.")
    xs, ys = zip(*parts, strict=True)
    return torch.cat(xs)[:SAMPLES].to(device), torch.cat(ys)[:SAMPLES].to(device)
