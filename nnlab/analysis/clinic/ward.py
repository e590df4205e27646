"""A patient: a training script in six parts, one of which has a fault."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import nn

from nnlab import arguments
from nnlab.analysis import probes
from nnlab.analysis.checkup.order import checkup
from nnlab.analysis.checkup.report import Report
from nnlab.analysis.checkup.untouched import seeded, untouched
from nnlab.analysis.clinic import healthy
from nnlab.datasets.data import Dataset
from nnlab.history import Curve, History

__all__ = ["FAULTS", "Patient", "cure", "patient", "treat"]

PARTS = ("data", "network", "loss", "optimizer", "step", "predict")
FAULTS = (
    "dead ReLUs", "eval mode forgotten", "forgotten zero_grad", "inputs not normalized",
    "labels shuffled against inputs", "learning rate too high", "no gradient reaches a layer",
    "softmax before cross-entropy", "softmax over the wrong dimension", "zero initialization",
)  # fmt: skip
EPOCHS, BATCH = 10, 64


@dataclass(frozen=True, eq=False, repr=False)
class Patient:
    """A training script, its data and what becomes of it; made by ``patient``, ``treat`` and ``cure``.

    Attributes:
        number: from 1 to 10. seed: of the split of the data, the first weights and the mini-batches.
        parts: the functions of the script by name: data(seed), network(), loss(output, y), optimizer(model),
            step(model, optimizer, x, y), predict(model, x); and layers that the network is made of.
        fault: the name of the fault that it came with: one of ``FAULTS``. Look at it last.
    """

    number: int
    seed: int
    parts: Mapping[str, Callable]
    fault: str

    def __repr__(self) -> str:
        samples = f"{len(self.data.train):,} training samples"
        return f"patient {self.number}, seed {self.seed}: {self.data.name}, {samples}; nobody knows yet what is wrong"

    @property
    def script(self) -> list[Callable]:
        """All functions of the script, for ``nnlab.show_source(patient)``."""
        return [part for name, part in self.parts.items() if name not in PARTS] + [self.parts[n] for n in PARTS]

    @cached_property
    def data(self) -> Dataset:
        """What it is trained and validated on."""
        return self.parts["data"](self.seed)

    @property
    def model(self) -> nn.Module:
        """A new network with its first weights; the same ones at every call."""
        with untouched():
            seeded(self.seed)
            return self.parts["network"]()

    @property
    def loss(self) -> Callable:
        """(output, y) -> scalar."""
        return self.parts["loss"]

    @property
    def optimizer(self) -> Callable:
        """model -> optimizer."""
        return self.parts["optimizer"]

    @property
    def step(self) -> Callable:
        """(model, optimizer, x, y) -> loss of the mini-batch: one training step."""
        return self.parts["step"]

    @property
    def predict(self) -> Callable:
        """(model, x) -> the answers that are measured."""
        return self.parts["predict"]

    @property
    def trained(self) -> nn.Module:
        """The network after ten epochs."""
        return copy.deepcopy(self._run[0])

    @property
    def history(self) -> History:
        """The training loss of every step of ten epochs, and validation loss and accuracy before and after each."""
        return self._run[1]

    @cached_property
    def _run(self) -> tuple[nn.Module, History]:
        with untouched():
            return run(self)

    def layers(self, trained: bool = False) -> list[probes.Layer]:
        """Activations and gradients of every layer on the first 64 training samples, as ``nnlab.probes.module`` does.

        Args:
            trained: after ten epochs, not before the first.
        """
        with untouched():
            seeded(self.seed)
            x, y = self.data.train.x[:BATCH], self.data.train.y[:BATCH]
            return probes.module((self.trained if trained else self.model).train(), x, lambda o: self.loss(o, y))

    def checkup(self) -> Report:
        """``nnlab.checkup`` of the network and all parts of its script."""
        return checkup(
            self.model,
            self.data,
            loss=self.loss,
            optimizer=self.optimizer,
            step=self.step,
            predict=self.predict,
            seed=self.seed,
        )


def run(patient: Patient) -> tuple[nn.Module, History]:
    """Ten epochs of the script in mini-batches of 64: the network and its record."""
    model, train, val = patient.model, patient.data.train, patient.data.val
    seeded(patient.seed)  # before the first look too: patient 7 answers at random
    optimizer, losses, looks = patient.optimizer(model), [], [look(patient, model, val)]
    seeded(patient.seed)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(train)).split(BATCH):
            losses.append(patient.step(model, optimizer, train.x[rows], train.y[rows]).item())
        looks.append(look(patient, model, val))
    steps = torch.arange(len(losses))
    seen = torch.arange(EPOCHS + 1) * (len(losses) // EPOCHS)
    val_loss, val_accuracy = torch.tensor(looks).T[:, None]  # (1, look) each
    params = {name: p.detach().clone()[None] for name, p in model.state_dict().items()}
    curves = {
        "loss": Curve(torch.tensor([losses]), steps, False),
        "val_loss": Curve(val_loss, seen, False, part="val"),
        "val_accuracy": Curve(val_accuracy, seen, True, part="val"),
    }
    return model, History({"seed": (patient.seed,)}, params, curves)


def look(patient: Patient, model: nn.Module, val) -> tuple[float, float]:
    """Validation loss and accuracy, as the script measures them."""
    output = patient.predict(model, val.x)
    return patient.loss(output, val.y).item(), (output.argmax(1) == val.y).float().mean().item()


def patient(number: int, seed: int = 0) -> Patient:
    """One of the ten patients.

    Args:
        number: from 1 to 10; each has another fault. seed: of the split, the first weights and the mini-batches.

    Raises:
        ValueError, TypeError: there is no such patient.
    """
    arguments.number("number", number, "from 1 to 10", lambda n: n in range(1, 11), 3)
    arguments.whole("seed", seed, 0, at_least=0)
    sick = importlib.import_module(f"nnlab.analysis.clinic.patient_{number}")
    own = {name: getattr(sick, name) for name in sick.__all__}
    return Patient(number, seed, {name: getattr(healthy, name) for name in PARTS} | own, sick.FAULT)


def treat(patient: Patient, **parts: Callable) -> Patient:
    """The same patient with other parts, such as ``treat(patient, step=my_step)``.

    Raises:
        ValueError: a part that a script does not have. TypeError: no function.
    """
    for name, part in parts.items():
        arguments.one_of("part", name, PARTS)
        if not callable(part):
            raise TypeError(f"{name} must be a function. Got {part!r}. Try nnlab.show_source(patient) for its form.")
    return replace(patient, parts={**patient.parts, **parts})


def cure(patient: Patient) -> Patient:
    """The same patient without its fault."""
    sick = importlib.import_module(f"nnlab.analysis.clinic.patient_{patient.number}")
    return treat(patient, **sick.CURE)
