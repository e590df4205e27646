"""TensorBoard: a callback that writes curves, histograms, pictures and settings of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nnlab import arguments
from nnlab.analysis import probes
from nnlab.analysis.mistakes import as_pictures, picture_of, worst_mistakes
from nnlab.training.callbacks import Callback
from nnlab.training.checks import check_writable, place
from nnlab.training.tracking import event_files, event_writers
from nnlab.training.tracking.recorded import recorded

if TYPE_CHECKING:
    from nnlab.training.run import Run

__all__ = ["TensorBoard"]

AT_ONCE = 256  # samples whose activations go into a histogram


class TensorBoard(Callback):
    """Write the run for TensorBoard: ``tensorboard --logdir runs`` compares all runs below the folder ``runs``.

    After every epoch: the loss of every step and of the validation data on one chart, the metrics, ``lr``, and
    ``grad_norm`` if the run clips gradients. Every few epochs: histograms of all weights, of their gradients on the
    last mini-batch, and of what every layer gives for the first validation samples; and the misclassified validation
    pictures of which the model is most sure. Once: the settings (HPARAMS) and the graph of the model.

    The run itself stays the same to the bit. A new run replaces what ``folder`` holds of an earlier one. A resumed
    run first takes back what was written after its checkpoint.

    Args:
        folder: one for each run, such as "runs/adam"; TensorBoard shows "adam/train" and "adam/val".
        every: epochs between two looks at histograms and pictures; None leaves both out.
        images: the largest number of misclassified pictures; 0 for none. Data without pictures have none.
        hparams: name -> number, text or bool: settings that ``fit`` does not know, such as ``{"hidden": 128}``.
            The optimizer, ``lr``, ``batch_size`` and ``seed`` are there already.
        graph: draw the model; one that ``torch.jit.trace`` cannot follow is left out.

    Raises:
        TypeError, ValueError: arguments out of range; when training begins, a folder that cannot be written to.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        every: int | None = 5,
        images: int = 24,
        hparams: dict | None = None,
        graph: bool = True,
    ):
        self.folder = place("folder", folder, "runs/adam")
        if every is not None:
            arguments.whole("every", every, 5)
        arguments.whole("images", images, 24, at_least=0)
        self.every, self.images, self.hparams, self.graph = every, images, check_hparams(hparams), graph
        self._sizes: dict[str, int] = {}  # of the event files, when the checkpoint was written
        self._writers = event_writers.Writers(self.folder)
        self._written = (0, -1)  # the next step to write, the last evaluation written

    def on_start(self, run: Run) -> None:
        check_writable("folder", self.folder)
        goes_on = event_files.cut(self.folder, self._sizes if run.step else {})
        self._writers = event_writers.Writers(self.folder, run.step + 1 if goes_on else None)
        self._written = (run.step, run.step) if goes_on else (0, -1)

    def on_evaluate(self, run: Run) -> None:
        with undisturbed(run):
            if self._written == (0, -1):
                self._write_once(run)
            self._write_scalars(run)
            if self.every and (run.epoch % self.every == 0 or run.stop or run.step == run.goal):
                self._write_histograms(run)
                self._write_mistakes(run)
        self._writers.flush()

    def on_end(self, run: Run) -> None:
        try:
            self._write_scalars(run)
            if run.step >= run.goal or run.stop:
                self._writers["."].file_writer.add_summary(event_writers.settings_summaries({}, {})[2], run.step)
        finally:
            self._writers.close()

    def state_dict(self) -> dict:
        return {"sizes": event_files.sizes(self.folder)}

    def load_state_dict(self, state: dict) -> None:
        self._sizes = state.get("sizes", {})

    def _write_scalars(self, run: Run) -> None:
        """Every number that is not written yet."""
        for step, part, values in recorded(run, *self._written):
            for name, value in values.items():
                self._writers.scalar(part, name, value, step)
        self._written = (len(run.losses), int(run.evaluations[-1]["step"]) if run.evaluations else -1)

    def _write_once(self, run: Run) -> None:
        """The settings, and the graph of the model."""
        measured = [("val", name) for e in run.evaluations[:1] for name in e if name != "step"]
        event_writers.write_settings(
            self._writers["."], settings_of(run) | self.hparams, [("train", "loss"), *measured]
        )
        if self.graph and (batch := first_validation_batch(run)):
            event_writers.write_graph(self._writers["train"], run.model, first_of(batch[0], 1))

    def _write_histograms(self, run: Run) -> None:
        """Weights, gradients and activations; there is no gradient before the first step."""
        train = self._writers["train"]
        for name, parameter in run.model.named_parameters():
            event_writers.write_histogram(train, f"weights/{name}", parameter, run.step)
            if parameter.grad is not None and run.step:
                event_writers.write_histogram(train, f"gradients/{name}", parameter.grad, run.step)
        if batch := first_validation_batch(run):
            with probes.recorded(run.model) as calls, torch.no_grad():
                run.model(first_of(batch[0], AT_ONCE))
            for call in calls:
                if call.output is not None:
                    event_writers.write_histogram(train, f"activations/{call.name}", call.output, run.step)

    def _write_mistakes(self, run: Run) -> None:
        """The misclassified validation pictures."""
        if not self.images or not (batch := first_validation_batch(run)):
            return
        x, y = batch
        if not classes_of_pictures(run, x, y):
            return
        mistakes = worst_mistakes(run.model, run.batches.val(), self.images)
        if len(mistakes.y):
            self._writers["val"].add_image("misclassified", picture_of(mistakes), run.step, dataformats="HWC")


@contextmanager
def undisturbed(run: Run) -> Iterator[None]:
    """Whatever is drawn inside, the run goes on with the random numbers that it would have had."""
    before = run.random_state()
    try:
        yield
    finally:
        run.set_random_state(before)


def first_validation_batch(run: Run) -> tuple[Any, Any] | None:
    """The first validation batch, or None without validation data."""
    return next(iter(run.batches.val()), None)


def first_of(nest: Any, samples: int) -> Any:
    """The first samples of what a model is called with: a tensor, or several in a tuple, list or dictionary."""
    if isinstance(nest, dict):
        return {name: first_of(part, samples) for name, part in nest.items()}
    if isinstance(nest, (tuple, list)):
        return type(nest)(first_of(part, samples) for part in nest)
    return nest[:samples] if isinstance(nest, torch.Tensor) else nest


@torch.no_grad()
def classes_of_pictures(run: Run, x: Any, y: Any) -> bool:
    """Whether samples are pictures with class numbers, and the model has an output for each class."""
    if not isinstance(x, torch.Tensor) or not isinstance(y, torch.Tensor) or y.is_floating_point() or y.ndim != 1:
        return False
    return as_pictures(x) is not None and run.model(x[:1]).shape[1:].numel() > 1


def settings_of(run: Run) -> dict:
    """What ``fit`` knows of its own settings."""
    group = run.optimizer.param_groups[0]
    known = {"optimizer": type(run.optimizer).__name__, "lr": float(group.get("initial_lr", group["lr"]))}
    if run.scheduler is not None:
        known["schedule"] = type(run.scheduler).__name__
    return known | {name: value for name, value in run.settings.items() if value is not None}


def check_hparams(hparams: dict | None) -> dict:
    """``hparams`` as a dictionary of numbers, text and bools, or a TypeError."""
    hparams = {} if hparams is None else hparams
    if not isinstance(hparams, dict) or not all(isinstance(name, str) for name in hparams):
        raise TypeError(f"hparams must be a dictionary name -> value. Got {hparams!r}. Try {{'hidden': 128}}.")
    for name, value in hparams.items():
        if not isinstance(value, (bool, int, float, str)):
            raise TypeError(f"hparams must be numbers, text or bools. Got {name}={value!r}. Try {name}={str(value)!r}.")
    return dict(hparams)
