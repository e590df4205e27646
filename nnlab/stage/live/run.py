"""A training run that goes one step at a time, whose settings may change between two steps, and that can begin again.

It knows nothing of threads, pictures or widgets: ``background`` repeats its steps, ``live_picture`` looks at it.
"""

import copy
import math
from typing import NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nnlab import arguments
from nnlab.datasets.data import Dataset, Split
from nnlab.engine import dropout, losses
from nnlab.engine.pytorch import check_module, check_optimizer, refuse_ours

__all__ = ["LiveRun", "Measurement", "momentum_of", "set_momentum"]

LR = 0.1  # of the SGD that is used when no optimizer is given
MEASURE_EVERY = 10  # steps
MEASURED = 400  # validation samples at most
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  # they divide by the spread of a mini-batch: one has none


class Measurement(NamedTuple):
    """How good the network is after a number of steps: loss and share of right answers on validation data."""

    step: int
    loss: float
    accuracy: float


class LiveRun:
    """One network, its data and a running ``torch.optim`` optimizer.

    Model and optimizer are copied: two runs of the same model do not disturb each other, and the model that you gave
    keeps its weights. The order of the samples and the masks of ``nn.Dropout`` come from a generator of its own.
    Other layers that draw random numbers (``nn.Dropout2d``, ``nn.RReLU``) draw from PyTorch's global generator, so
    with them a run is not repeatable.

    Args:
        model: any module with (batch, features) -> logits (batch, classes); one of images begins with nn.Unflatten.
        data: a classification data set.
        optimizer: a function that makes one from the parameters, ``lambda p: torch.optim.Adam(p, lr=0.01)``, or an
            optimizer of the model; None is ``torch.optim.SGD`` with lr 0.1.
        loss: what ``nnlab.losses.to_torch`` takes; None is cross-entropy.
        batch_size: samples in each step; with batch norm at least two, and a last single one joins those before it.
        seed: of the generator.

    Attributes:
        model, optimizer: the copies that are trained; first: their states, batch size and seed at the beginning.
        losses: the loss of each mini-batch, before the step that it led to.
        validation: a ``Measurement`` before the first step and after every ten.
        changes: (step, setting, value) for each change of lr, momentum or batch size.
        diverged: the step at which the loss was no longer a finite number, or None.

    Raises:
        ValueError, TypeError: data without classes, a model that does not fit them, an optimizer of another model or
            with a learning rate of 0.
    """

    def __init__(
        self, model: nn.Module, data: Dataset, optimizer=None, *, loss=None, batch_size: int = 32, seed: int = 0
    ):
        check(model, data)
        arguments.whole("batch_size", batch_size, 32)
        arguments.whole("seed", seed, 0, at_least=0)
        self.model, self.optimizer = copies(model, optimizer)
        arguments.positive("lr", self.lr, LR)
        self.given = nn.functional.cross_entropy if loss is None else loss
        self.data, self.loss, self._batch_size = data, losses.to_torch(self.given), batch_size
        self._generator = torch.Generator().manual_seed(int(seed))
        self.least = 2 if any(isinstance(m, NORMS) for m in self.model.modules()) else 1
        self._measured = Split(data.val.x[:MEASURED], data.val.y[:MEASURED])
        self.first = copy.deepcopy((self.model.state_dict(), self.optimizer.state_dict(), batch_size, seed))
        self._begin()

    def _begin(self) -> None:
        self.losses: list[float] = []
        self.changes: list[tuple[int, str, float]] = []
        self.diverged: int | None = None
        self._order, self._position = torch.empty(0, dtype=torch.int64), 0
        self.validation: list[Measurement] = [self.measure()]

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.losses)

    def step(self) -> bool:
        """Train on the next mini-batch. Returns False once the run has diverged; it then changes nothing more."""
        if self.diverged is not None:
            return False
        index = self._next_batch()
        self.model.train()
        with OwnDropout(self._generator):
            loss = self.loss(self.model(self.data.train.x[index]), self.data.train.y[index])
        if not math.isfinite(loss.item()):
            self.diverged = self.steps
            return False
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.item())
        if self.steps % MEASURE_EVERY == 0:
            self.validation.append(self.measure())
        return True

    def reset(self) -> None:
        """Begin again: first weights, first state and settings of the optimizer, first random numbers, to the bit."""
        weights, settings, self._batch_size, seed = copy.deepcopy(self.first)
        self.model.load_state_dict(weights)
        self.optimizer.load_state_dict(settings)
        self.optimizer.zero_grad()
        self._generator.manual_seed(seed)
        self._begin()

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """The probability of each class, (batch, classes), for inputs x (batch, features)."""
        self.model.eval()
        return self.model(x).softmax(-1)

    @torch.no_grad()
    def measure(self) -> Measurement:
        """Loss and accuracy on the first 400 validation samples, as they are now."""
        self.model.eval()
        logits = self.model(self._measured.x)
        right = (logits.argmax(-1) == self._measured.y).float().mean()
        return Measurement(self.steps, float(self.loss(logits, self._measured.y)), right.item())

    def _next_batch(self) -> torch.Tensor:
        """Which samples come next: all of them once in each epoch, in an order that is drawn anew."""
        if self._position >= len(self._order):
            self._order, self._position = torch.randperm(len(self.data.train), generator=self._generator), 0
        end = self._position + max(self._batch_size, self.least)
        end = end if len(self._order) - end >= self.least else len(self._order)  # too few would be left
        index = self._order[self._position : end]
        self._position += len(index)
        return index

    @property
    def lr(self) -> float:
        """The learning rate of the running optimizer; setting it sets all parameter groups."""
        return float(self.optimizer.param_groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        arguments.positive("lr", value, LR)
        self._change("lr", value)
        for group in self.optimizer.param_groups:
            group["lr"] = value

    @property
    def momentum(self) -> float | None:
        """The momentum of the running optimizer: for the family of Adam its beta 1; None where there is neither."""
        return momentum_of(self.optimizer)

    @momentum.setter
    def momentum(self, value: float) -> None:
        arguments.fraction("momentum", value, 0.9)
        if self.momentum is None:
            raise ValueError(
                f"optimizer must have a momentum. Got {type(self.optimizer).__name__}. Try torch.optim.SGD."
            )
        self._change("momentum", value)
        set_momentum(self.optimizer, value)

    @property
    def batch_size(self) -> int:
        """Samples in each step; a change counts from the next step."""
        return self._batch_size

    @batch_size.setter
    def batch_size(self, value: int) -> None:
        arguments.whole("batch_size", value, 32)
        self._change("batch_size", value)
        self._batch_size = value

    def _change(self, name: str, value) -> None:
        if value != getattr(self, name):
            self.changes.append((self.steps, name, value))


class OwnDropout(TorchFunctionMode):
    """While this is active in a thread, ``dropout`` draws from ``generator`` instead of PyTorch's global one."""

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(self, function, types, args=(), kwargs=None):
        replaced = self.dropout if function is nn.functional.dropout else function
        return replaced(*args, **(kwargs or {}))

    def dropout(self, x, p=0.5, training=True, inplace=False):
        """Inverted dropout: each entry is 0 with probability p, and otherwise divided by 1 - p."""
        if not training or p == 0:
            return x
        return x * dropout.mask(x.shape, p, self.generator, x.dtype) if p < 1 else x * 0


def momentum_of(optimizer: torch.optim.Optimizer) -> float | None:
    """Its momentum, or for the family of Adam its beta 1; None where there is neither."""
    group = optimizer.param_groups[0]
    return group.get("momentum", group.get("betas", (None,))[0])


def set_momentum(optimizer: torch.optim.Optimizer, value: float) -> None:
    """Change the momentum of an optimizer that has one."""
    before = momentum_of(optimizer)
    for group in optimizer.param_groups:
        if "momentum" in group:
            group["momentum"] = value
        else:
            group["betas"] = (value, *group["betas"][1:])
    if before == 0 and "momentum" in group:  # a velocity from before it was 0 must not come back
        for parameter, memory in optimizer.state.items():
            memory["momentum_buffer"] = torch.zeros_like(parameter)


def copies(model: nn.Module, optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A copy of the model, and an optimizer of that copy."""
    refuse_ours(optimizer)
    if callable(optimizer) or optimizer is None:
        model = copy.deepcopy(model)
        optimizer = optimizer(model.parameters()) if optimizer else torch.optim.SGD(model.parameters(), lr=LR)
        check_optimizer(optimizer, model)
        return model, optimizer
    check_optimizer(optimizer, model)
    return copy.deepcopy((model, optimizer))  # together, so that the copy of one holds the copy of the other


def check(model: nn.Module, data: Dataset) -> None:
    """Check that there are classes, and that the model answers two samples with one logit for each class."""
    check_module(model)
    if not isinstance(data, Dataset):
        raise TypeError(f"data must be an nnlab.Dataset. Got {type(data).__name__}. Try nnlab.moons().")
    if data.classes is None:
        raise ValueError(f"data must have classes. Got {data!r}. Try nnlab.moons() or nnlab.digits().")
    features = data.train.x.shape[-1]
    rule, remedy = f"model must take {features} features", f"Try a first layer nn.Linear({features}, 32)."
    if any(isinstance(layer, nn.Conv2d) for layer in model.modules()):
        side = math.isqrt(features)
        remedy = f"Try nn.Sequential(nn.Unflatten(1, (1, {side}, {side})), model)."
    trial = copy.deepcopy(model).eval()  # batch norm must not see these samples twice
    try:
        with torch.no_grad():
            logits = trial(data.train.x[:2])
    except Exception as error:
        raise ValueError(f"{rule}. Got {type(error).__name__}: {error}. {remedy}") from error
    if logits.shape != (min(2, len(data.train)), data.classes):
        raise ValueError(
            f"model must give one logit for each of {data.classes} classes. Got {tuple(logits.shape)} for two samples. "
            f"Try a last layer nn.Linear(32, {data.classes})."
        )
