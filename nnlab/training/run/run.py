"""What a training run is: what callbacks see, and what a checkpoint holds. It knows neither the loop nor files."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from nnlab import arguments
from nnlab.engine.pytorch import check_module, check_optimizer
from nnlab.engine.schedules import Schedule
from nnlab.training.batches import NO_BATCH, Sliced, batches_of
from nnlab.training.checks import bound, check_classes, check_length, described, made, usable
from nnlab.training.evaluation import Evaluator
from nnlab.training.run.record import Record

__all__ = ["Run", "device_state", "set_device_state"]


class Run(Record):
    """A training run in progress: the record that callbacks see, and what it takes to go on; ``fit`` explains the rest.

    Attributes:
        optimizer, scheduler, batches, generator, device, evaluator: what it works with.
        settings: seed, batch_size and clip_norm. made: how optimizer and schedule were made, as text.
        epoch: how many passes were made; ``steps`` may cut the last pass short. goal: the last step.
        stop: set it to True to end the run after this epoch.
    """

    def __init__(
        self,
        *,
        model: nn.Module,
        data,
        optimizer: torch.optim.Optimizer,
        loss,
        epochs: int | None,
        steps: int | None,
        batch_size: int | None,
        schedule,
        metrics: Mapping[str, Any] | None,
        callbacks: Iterable,  # of Callback, which knows Run: it cannot be named here
        clip_norm: float | None,
        seed: int,
        device: str | torch.device | None,
        unpack: Callable | None = None,
    ):
        check_module(model)
        check_optimizer(optimizer, model)
        seed, clip_norm = arguments.whole("seed", seed, 0, at_least=0), arguments.plain(clip_norm)
        batch_size = arguments.plain(batch_size)
        if clip_norm is not None:
            arguments.positive("clip_norm", clip_norm, 1.0)
        settings = {"seed": seed, "batch_size": batch_size, "clip_norm": clip_norm}
        model = model if device is None else model.to(usable(device))
        first = next(p for p in model.parameters())
        self.device = first.device
        super().__init__(model, settings, Evaluator(loss, metrics, self.device))
        self.batches = batches_of(data, batch_size, self.device, first.dtype, unpack)
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizer, self.callbacks = optimizer, list(callbacks)
        self.goal, self.counts_steps = goal_of(self.batches.steps, epochs, steps), epochs is None
        self.before = [{**group} for group in optimizer.param_groups]  # a schedule changes them at once
        self.scheduler = bound(schedule, optimizer)
        if self.counts_steps and isinstance(self.scheduler, ReduceLROnPlateau):
            raise ValueError("ReduceLROnPlateau looks at the validation loss of each epoch. Got steps. Try epochs=10.")
        try:
            check_length(self.scheduler, epochs, self.goal)
        except ValueError:
            self.undo()
            raise
        self.parts = parts_of(self, loss, schedule, unpack)
        self.made = made(optimizer, self.scheduler, model)
        self.epoch, self.stop, self._checked = 0, False, False

    def loss(self, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The loss of a mini-batch; the first one shows whether there is an output for every class that is known."""
        if not self._checked:
            check_classes(logits, self.batches.y if isinstance(self.batches, Sliced) else y, self.evaluator.ignored)
            self._checked = True
        return self.evaluator.loss(logits, y)

    def clip_gradients(self) -> None:
        """Scale the whole gradient down to the norm ``clip_norm`` if it is longer.

        Only the parameters that the optimizer holds count: nobody empties the gradients of the others.
        """
        if self.settings["clip_norm"]:
            held = [p for group in self.optimizer.param_groups for p in group["params"]]
            self.by_step["grad_norm"].append(nn.utils.clip_grad_norm_(held, self.settings["clip_norm"]))

    def after_step(self, loss: torch.Tensor) -> None:
        """Record the step; callbacks and a schedule that counts steps follow."""
        lr = self.optimizer.param_groups[0]["lr"]
        self.by_step["lr"].append(lr.clone() if isinstance(lr, torch.Tensor) else lr)  # a tensor changes in place
        self.losses.append(loss.detach())  # last: a step with a loss has everything, whenever the stop button comes
        self.step_schedule(each="step")
        self.tell("on_step")

    def step_schedule(self, each: str) -> None:
        """Let the schedule take its next value, if this is what it counts."""
        if self.scheduler is None or self.counts_steps != (each == "step"):
            return
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(self.latest("val_loss"))
        else:
            self.scheduler.step()

    def evaluate(self) -> None:
        """Look at the validation data, if there are any, and record what is seen."""
        if seen := self.evaluator.look(self.model, self.batches.val()):
            self.evaluations.append({"step": self.step, **seen})
        self.tell("on_evaluate")

    def tell(self, moment: str) -> None:
        """Call the method ``moment`` of every callback."""
        for callback in self.callbacks:
            getattr(callback, moment)(self)

    def state_dict(self) -> dict:
        """Everything that decides how the run goes on, and what it has recorded."""
        return {
            "settings": identity(self),
            "parts": {**self.parts, "data": self.batches.identity},
            "made": {"first": self.made, "last": made(self.optimizer, self.scheduler, self.model)},
            "step": self.step,
            "epoch": self.epoch,
            "stop": self.stop,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.scheduler.state_dict() if self.scheduler else None,
            "random": self.random_state(),
            **super().state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
        }

    def load_state_dict(self, state: dict) -> None:
        """Take back what ``state_dict`` gave; if a part does not fit, all stay as they were."""
        scheduler = [(self.scheduler, state["schedule"])] if self.scheduler else []
        callbacks = zip(self.callbacks, state["callbacks"], strict=True)
        load_all([(self.model, state["model"]), (self.optimizer, state["optimizer"]), *callbacks, *scheduler])
        self.set_random_state(state["random"])
        super().load_state_dict(state)
        self.epoch, self.stop = state["epoch"], state["stop"]

    def undo(self) -> None:
        """Give the optimizer back the settings that it had before a schedule was bound to it."""
        for group, before in zip(self.optimizer.param_groups, self.before, strict=True):
            group.clear()
            group.update(before)

    def random_state(self) -> dict[str, torch.Tensor]:
        """The states of every generator that the run draws from."""
        states = {name: generator.get_state() for name, generator in self.generators().items()}
        own = device_state(self.device)
        if own is not None:
            states[self.device.type] = own
        return states

    def set_random_state(self, states: dict[str, torch.Tensor]) -> None:
        """Take back what ``random_state`` gave."""
        for name, generator in self.generators().items():
            generator.set_state(states[name])
        if self.device.type in states:
            set_device_state(self.device, states[self.device.type])

    def generators(self) -> dict[str, torch.Generator]:
        """The order of samples, dropout, and what the DataLoaders have of their own."""
        return {"batches": self.generator, "torch": torch.random.default_generator, **self.batches.generators()}


def load_all(pairs: list[tuple[Any, Any]]) -> None:
    """Let each owner load its state; if one cannot, those before it get back what they had.

    Model and optimizer also where they failed themselves: they may have taken a part.
    """
    before = [copy.deepcopy(owner.state_dict()) for owner, _ in pairs]
    loaded = 0
    try:
        for owner, state in pairs:
            owner.load_state_dict(state)
            loaded += 1
    except Exception:
        for k in {0, 1, *range(loaded)}:
            pairs[k][0].load_state_dict(before[k])
        raise


def device_state(device: torch.device) -> torch.Tensor | None:
    """The state of the generator that a GPU has of its own; None on the CPU."""
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else None


def set_device_state(device: torch.device, state: torch.Tensor) -> None:
    """Take back what ``device_state`` gave."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.mps.set_rng_state(state)


def identity(run: Run) -> dict[str, Any]:
    """What every checkpoint of this run has: its settings, and how optimizer and schedule were made."""
    defaults = {n: arguments.plain(v) for n, v in run.optimizer.defaults.items()}
    plain = {n: v for n, v in defaults.items() if isinstance(v, (int, float, str, tuple))}
    schedule = type(run.scheduler).__name__ if run.scheduler else None
    return {**run.settings, "optimizer": type(run.optimizer).__name__, **plain, "schedule": schedule}


def parts_of(run: Run, loss: str | Callable, schedule: Any, unpack: Callable | None) -> dict[str, str]:
    """What else decides how a run goes, as text."""
    untrained = [name for name, p in run.model.named_parameters() if not p.requires_grad]
    counted = None if schedule is None else "steps" if run.counts_steps else "epochs"
    formula = schedule if isinstance(schedule, Schedule) else None
    return {
        "model": f"{run.model!r} {untrained}",
        "loss": described(loss),
        "metrics": described(run.evaluator.metrics),
        "schedule": f"{formula!r}, counted in {counted}",
        "unpack": described(unpack),
    }


def goal_of(in_epoch: int | None, epochs: int | None, steps: int | None) -> int:
    """How many updates it makes: exactly one of ``epochs`` and ``steps`` is given.

    Args:
        in_epoch: the mini-batches of an epoch; None where nobody knows.
    """
    if steps is not None and epochs is None:
        return arguments.whole("steps", steps, 200)
    if epochs is None or steps is not None:
        raise ValueError(f"give either epochs or steps. Got epochs={epochs} and steps={steps}. Try epochs=10.")
    epochs = arguments.whole("epochs", epochs, 10)
    if in_epoch is None:
        raise TypeError(
            f"data must have a length to count epochs. Got a DataLoader without one. "
            f"Try steps={100 * epochs} instead of epochs."
        )
    if in_epoch == 0:
        raise ValueError(NO_BATCH)
    return epochs * in_epoch
