"""fit: the training loop of PyTorch, with what a run that you can trust needs around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

from nnlab import arguments
from nnlab.batches import Sliced, batches_of
from nnlab.callbacks import Callback
from nnlab.data import Dataset
from nnlab.history import History
from nnlab.progress import progress_bar
from nnlab.resume import resume, save
from nnlab.training_checks import bound, check_classes, check_metrics, check_model, check_outputs, usable

NO_BATCH = "data must give at least one mini-batch in an epoch. Got none. Try a smaller batch_size, or drop_last=False."


def fit(
    model: nn.Module,
    data: Dataset | DataLoader | tuple[DataLoader, DataLoader],
    *,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    schedule=None,
    metrics: Mapping | None = None,
    callbacks: Iterable[Callback] = (),
    clip_norm: float | None = None,
    seed: int,
    device: str | torch.device | None = None,
    progress: bool = True,
    checkpoint: str | Path | None = None,
) -> History:
    """Train ``model`` in place; the validation data are looked at before the first step and after every epoch.

    An interrupted cell (the stop button) is no error: what was recorded so far is returned, and the model can be
    used. The model is left in eval mode. The global random generators are as they were before.

    Args:
        model: any module that maps a batch x to logits.
        data: a ``Dataset``, or a DataLoader, or a pair of them for training and validation.
        optimizer: one of ``torch.optim`` that holds the parameters of ``model``, or some of them.
        loss: (logits, y) -> scalar mean over the batch, such as ``nn.CrossEntropyLoss()``.
        epochs: how often to go through the training data. steps: how many updates. Give one of the two.
        batch_size: samples in a mini-batch, drawn without replacement, the last one may be smaller; None takes all.
        schedule: an ``nnlab.schedules`` formula, or a scheduler of ``torch.optim.lr_scheduler`` that is bound to
            ``optimizer``. It counts what you count: epochs, or steps.
        metrics: name -> torchmetrics metric of (logits, y), computed on the validation data; None is the accuracy for
            class numbers and nothing for real targets. "accuracy" becomes ``val_accuracy``, "f1" ``extra["val_f1"]``.
        callbacks: see ``nnlab.callbacks``, for example ``EarlyStopping(patience=5)``.
        clip_norm: the largest allowed norm of the whole gradient, that of all parameters which ``optimizer`` holds;
            ``extra["grad_norm"]`` then has the norm before.
        seed: decides the order of samples, and dropout.
        device: where to train; None is where the model is.
        progress: show a progress bar, if somebody is there to see it.
        checkpoint: a folder for ``last.pt`` and ``best.pt`` (the lowest validation loss), written after every epoch.
            If it has a ``last.pt``, the run goes on from there, and ends with the bits of an uninterrupted one; from
            ``steps`` that ended within an epoch it cannot, and says so.

    Returns:
        A ``History`` with one member; ``extra["lr"]`` is the learning rate of every step.

    Raises:
        TypeError, ValueError: arguments that do not fit each other, with the remedy.
        nnlab.checkpoints.CheckpointError: the checkpoint is damaged or belongs to another run.
    """
    run = Run(model, data, optimizer, loss, batch_size, schedule, metrics, callbacks, clip_norm, seed, device)
    run.set_goal(epochs, steps)
    folder = None if checkpoint is None else Path(checkpoint)
    with own_randomness(seed, run.device):
        if folder:
            resume(run, folder, tell=progress)
        with progress_bar(run.goal, "step", run.step, progress) as bar:
            run.train_to_the_end(folder, bar)
    return run.history()


def train_epoch(run: Run) -> None:
    """One pass through the training data: the five lines of PyTorch, and what a ``Run`` adds to them."""
    run.model.train()
    for x, y in run.batches.train(run.generator):
        run.optimizer.zero_grad()
        loss = run.loss(run.model(x), y)
        loss.backward()
        run.clip_gradients()
        run.optimizer.step()
        run.after_step(loss)
        if run.step == run.goal:
            break


@contextmanager
def own_randomness(seed: int, device: torch.device):
    """Inside, the global generators start from ``seed`` (dropout uses them); afterwards they are as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.random.default_generator.manual_seed(seed)
        for each in devices:
            with torch.cuda.device(each):
                torch.cuda.manual_seed(seed)
        yield


class Run:
    """A training run in progress: what callbacks see, and what a checkpoint saves.

    Attributes:
        model, optimizer, loss, scheduler, batches, generator, device: what it trains with.
        step, epoch: how many updates and how many passes were made; ``steps`` may cut the last pass short.
        goal: the last step.
        stop: set it to True to end the run after this epoch.
    """

    def __init__(self, model, data, optimizer, loss, batch_size, schedule, metrics, callbacks, clip_norm, seed, device):
        check_model(model, optimizer)
        arguments.whole("seed", seed, 0, at_least=0)
        if clip_norm is not None:
            arguments.positive("clip_norm", clip_norm, 1.0)
        check_metrics(metrics)
        self.model = model if device is None else model.to(usable(device))
        self.device = next(model.parameters()).device
        self.batches = batches_of(data, batch_size, self.device)
        self.data, self.optimizer, self.clip_norm = data, optimizer, clip_norm
        self.loss, self.plain_loss = self.first_loss, loss
        self.scheduler = bound(schedule, optimizer)
        self.metrics = None if metrics is None else {n: m.to(self.device) for n, m in metrics.items()}
        self.callbacks = list(callbacks)
        self.settings = {"seed": seed, "batch_size": batch_size, "clip_norm": clip_norm}
        self.generator = torch.Generator().manual_seed(seed)
        self.step, self.epoch, self.goal, self.stop, self.counts_steps = 0, 0, 0, False, False
        self.losses: list[torch.Tensor] = []
        self.by_step: dict[str, list] = {"lr": []} | ({"grad_norm": []} if clip_norm else {})
        self.evaluations: list[dict[str, float]] = []  # each with "step", "val_loss", and "val_..." for every metric

    def set_goal(self, epochs: int | None, steps: int | None) -> None:
        """Check that exactly one of both is given, and count how many updates that makes."""
        if (epochs is None) == (steps is None):
            raise ValueError(f"give either epochs or steps. Got epochs={epochs} and steps={steps}. Try epochs=10.")
        arguments.whole(*(("epochs", epochs, 10) if steps is None else ("steps", steps, 200)))
        self.counts_steps = epochs is None
        if self.counts_steps:
            self.goal = steps
        elif self.steps_in_epoch() is None:
            raise TypeError(
                f"data must have a length to count epochs. Got a DataLoader without one. "
                f"Try steps={100 * epochs} instead of epochs."
            )
        else:
            self.goal = epochs * self.steps_in_epoch()
        if self.goal == 0:
            raise ValueError(NO_BATCH)
        if self.counts_steps and isinstance(self.scheduler, ReduceLROnPlateau):
            raise ValueError("ReduceLROnPlateau looks at the validation loss of each epoch. Got steps. Try epochs=10.")

    def steps_in_epoch(self) -> int | None:
        """How many updates one pass makes; None for a DataLoader that does not know."""
        try:
            return len(self.batches)
        except TypeError:
            return None

    def train_to_the_end(self, folder: Path | None, bar) -> None:
        """Epoch after epoch; whatever happens, every callback that was started gets its ``on_end``."""
        with ExitStack() as ends:  # an error in one callback does not keep the others from theirs
            for callback in self.callbacks:
                callback.on_start(self)
                ends.callback(callback.on_end, self)
            ends.callback(self.model.eval)  # this comes first: a stack ends with what it began with
            try:
                self.train_epochs(folder, bar)
            except KeyboardInterrupt:
                if not self.losses:
                    raise

    def train_epochs(self, folder: Path | None, bar) -> None:
        """Train, look at the validation data, let the schedule go on, write the checkpoint; and again."""
        if self.step == 0:
            self.evaluate()
        while self.step < self.goal and not self.stop:
            before = self.step
            train_epoch(self)
            if self.step == before:
                raise ValueError(NO_BATCH)
            self.epoch += 1
            self.evaluate()
            self.step_schedule(each="epoch")
            if folder:
                save(self, folder)
            if bar:
                bar.set_postfix_str(f"val_loss {self.evaluations[-1]['val_loss']:.3f}" if self.evaluations else "")
                bar.update(self.step - before)

    def first_loss(self, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The loss of the first mini-batch, checked; from then on ``run.loss`` is the plain one."""
        self.loss = self.plain_loss
        check_classes(logits, self.batches.y if isinstance(self.batches, Sliced) else y)
        return check_outputs(logits, y, self.loss)

    def clip_gradients(self) -> None:
        """Scale the whole gradient down to the norm ``clip_norm`` if it is longer.

        Only the parameters that the optimizer holds count: nobody empties the gradients of the others.
        """
        if self.clip_norm:
            held = [p for group in self.optimizer.param_groups for p in group["params"]]
            self.by_step["grad_norm"].append(nn.utils.clip_grad_norm_(held, self.clip_norm))

    def after_step(self, loss: torch.Tensor) -> None:
        """Record the step; callbacks and a schedule that counts steps follow."""
        self.by_step["lr"].append(self.optimizer.param_groups[0]["lr"])
        self.losses.append(loss.detach())  # last: a step with a loss has everything, whenever the stop button comes
        self.step += 1
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

    @torch.no_grad()
    def evaluate(self) -> None:
        """Look at the validation data: the mean loss over all samples, and every metric."""
        self.model.eval()
        total, count = 0.0, 0
        for x, y in self.batches.val():
            logits = self.model(x)
            if count == 0:
                self.prepare_metrics(logits, y)
            total += self.plain_loss(logits, y).item() * len(y)
            count += len(y)
            for metric in self.metrics.values():
                metric.update(logits, y)
        if count:
            values = {f"val_{name}": metric.compute().item() for name, metric in self.metrics.items()}
            self.evaluations.append({"step": self.step, "val_loss": total / count, "val_accuracy": math.nan, **values})
        self.tell("on_evaluate")

    def prepare_metrics(self, logits: torch.Tensor, y: torch.Tensor) -> None:
        """Empty the metrics; at the first look, check the shapes and choose the metric that was left open."""
        if not self.evaluations:
            check_outputs(logits, y, self.plain_loss)
        if self.metrics is None:
            classes = not y.is_floating_point() and logits.ndim == 2 and logits.shape[-1] > 1
            self.metrics = {"accuracy": Accuracy()} if classes else {}
        for metric in self.metrics.values():
            metric.reset()

    def latest(self, name: str) -> float:
        """The last value of a validation curve.

        Raises:
            ValueError: no validation data, or no such curve.
        """
        if not self.evaluations:
            raise ValueError(
                f"{name} needs validation data. Got none. Try fit(model, (train_loader, val_loader), ...)."
            )
        first = self.evaluations[0]  # without an accuracy, as for a regression, it is nan from the beginning
        missing = {"step"} | ({"val_accuracy"} if math.isnan(first["val_accuracy"]) else set())
        arguments.one_of("curve", name, [key for key in first if key not in missing])
        return self.evaluations[-1][name]

    def tell(self, moment: str) -> None:
        """Call the method ``moment`` of every callback."""
        for callback in self.callbacks:
            getattr(callback, moment)(self)

    def history(self) -> History:
        """What was recorded so far, as a ``History`` with one member.

        An interrupt may come within a step: all curves are as long as the shortest.
        """
        complete = min(map(len, [self.losses, *self.by_step.values()]))

        def evaluated(name):
            return torch.tensor([[e[name] for e in self.evaluations]], dtype=torch.float32)

        names = [n for n in (self.evaluations[0] if self.evaluations else ()) if n.startswith("val_")]
        extra = {n: torch.tensor([[float(v) for v in values[:complete]]]) for n, values in self.by_step.items()}
        extra |= {n: evaluated(n) for n in names if n not in ("val_loss", "val_accuracy")}
        return History(
            settings={"seed": (self.settings["seed"],)},
            loss=self.recorded_losses()[:complete].unsqueeze(0),
            evaluated=torch.tensor([e["step"] for e in self.evaluations], dtype=torch.int64),
            val_loss=evaluated("val_loss"),
            val_accuracy=evaluated("val_accuracy"),
            params={n: p.detach().cpu().clone().unsqueeze(0) for n, p in self.model.state_dict().items()},
            extra=extra,
        )

    def recorded_losses(self) -> torch.Tensor:
        """(step,), the training loss of every step so far, on the CPU."""
        return torch.stack(self.losses).float().cpu() if self.losses else torch.zeros(0)

    def random_state(self) -> dict[str, torch.Tensor]:
        """The states of every generator that the run draws from."""
        states = {name: generator.get_state() for name, generator in self.generators().items()}
        if self.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def set_random_state(self, states: dict[str, torch.Tensor]) -> None:
        """Take back what ``random_state`` gave."""
        for name, generator in self.generators().items():
            generator.set_state(states[name])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], self.device)

    def generators(self) -> dict[str, torch.Generator]:
        """The order of samples, dropout, and what the DataLoaders have of their own."""
        return {"batches": self.generator, "torch": torch.random.default_generator, **self.batches.generators()}


class Accuracy:
    """The share of samples with the largest logit at their class, with the methods of a torchmetrics metric.

    It is ``MulticlassAccuracy(average="micro")`` without the checks, which take longer than the network does on digits.
    """

    def reset(self) -> None:
        self.right, self.count = 0, 0

    def update(self, logits: torch.Tensor, y: torch.Tensor) -> None:
        """Count a batch: logits (batch, classes), class numbers y (batch,)."""
        self.right += (logits.argmax(-1) == y).sum()
        self.count += len(y)

    def compute(self) -> torch.Tensor:
        return self.right / self.count
