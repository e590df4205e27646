"""What a training run is: what callbacks see, and what a checkpoint holds. It knows neither the loop nor resuming."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from nnlab import arguments
from nnlab.history import Curve, History
from nnlab.training.batches import Sliced, batches_of
from nnlab.training.checks import bound, check_classes, check_metrics, check_model, check_outputs, usable

NO_BATCH = "data must give at least one mini-batch in an epoch. Got none. Try a smaller batch_size, or drop_last=False."


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
            self.evaluations.append({"step": self.step, "val_loss": total / count, **values})
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
        arguments.one_of("curve", name, [key for key in self.evaluations[0] if key != "step"])
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
        updates, looks = torch.arange(complete), torch.tensor([e["step"] for e in self.evaluations], dtype=torch.int64)
        by_step = {n: torch.tensor([float(v) for v in values]) for n, values in self.by_step.items()}
        by_step["loss"] = self.recorded_losses()
        curves = {}
        for name, higher in self.directions().items():
            if name in by_step:
                curves[name] = Curve(by_step[name][None, :complete], updates, higher)
            else:
                values = torch.tensor([[e[name] for e in self.evaluations]], dtype=torch.float32)
                curves[name] = Curve(values, looks, higher, part="val")
        params = {n: p.detach().cpu().clone().unsqueeze(0) for n, p in self.model.state_dict().items()}
        return History({"seed": (self.settings["seed"],)}, params, curves)

    def directions(self) -> dict[str, bool | None]:
        """Every curve so far, in the order of the record, and whether higher is better; None where nobody knows.

        A metric says it by its attribute ``higher_is_better``, as torchmetrics' do.
        """
        metrics = {"accuracy": Accuracy()} if self.metrics is None else self.metrics
        known: dict[str, bool | None] = {"loss": False, "val_loss": False, "grad_norm": False}  # inf is the worst
        known |= {f"val_{name}": getattr(metric, "higher_is_better", None) for name, metric in metrics.items()}
        measured = [n for n in self.evaluations[0] if n != "step"] if self.evaluations else ["val_loss"]
        return {name: known.get(name) for name in ["loss", *measured, *self.by_step]}

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

    higher_is_better = True

    def reset(self) -> None:
        self.right, self.count = 0, 0

    def update(self, logits: torch.Tensor, y: torch.Tensor) -> None:
        """Count a batch: logits (batch, classes), class numbers y (batch,)."""
        self.right += (logits.argmax(-1) == y).sum()
        self.count += len(y)

    def compute(self) -> torch.Tensor:
        return self.right / self.count
