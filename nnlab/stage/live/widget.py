"""Live training: a network that trains while you watch, with handles on its running optimizer."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch

from nnlab import arguments
from nnlab.datasets.data import Dataset
from nnlab.engine.ensemble import one_thread
from nnlab.stage.beside import Beside
from nnlab.stage.description import Slider
from nnlab.stage.drawing.picture import Picture
from nnlab.stage.live.background import Background
from nnlab.stage.live.picture import LivePicture, look_at, sentence
from nnlab.stage.live.run import LiveRun
from nnlab.stage.panel import Control, Panel, described, follow, told, when_unseen

__all__ = ["LiveTraining", "live_training"]

LETTERS = 190  # of the longest sentence
REST = 1.0  # seconds after which a hand that moves a slider again means another change
ALONE = partial(torch.set_num_threads, 1)  # in the thread of the background; see ensemble.one_thread
PACES = [1, 2, 5, 10, 20, 50, 100]
BUTTONS = (
    ("run", "start", "train until you press pause"),
    ("step", "one step", "pause, then train on one mini-batch"),
    ("reset", "reset", "back to the first weights and settings"),
)
RUNNING, PAUSED = {"labels": {"run": "pause"}, "on": "run"}, {"labels": {"run": "start"}, "on": ""}


@dataclass(frozen=True)
class Stops:
    """A slider over whole numbers that are not evenly spaced, in the form of ``description.Slider``."""

    name: str
    default: int
    label: str
    stops: list[int]
    only_whole: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        """The stops in words."""
        return f"one of {', '.join(map(str, self.stops))}"

    @staticmethod
    def text(value) -> str:
        """The number as it stands beside the slider."""
        return str(value)

    def clean(self, value) -> int:
        """The value, if it is one of the stops."""
        if value not in self.stops:
            raise ValueError(f"{self.name} must be one of {self.stops}. Got {value!r}. Try {self.default}.")
        return value


class Drag:
    """A slider that is dragged is one change, not one for every value on its way."""

    def __init__(self):
        self._moved = -REST

    def merge(self, changes: list[tuple[int, str, float]], known: int) -> None:
        """If one was made since there were ``known``, soon after another of the same slider, forget the other."""
        if len(changes) > known:
            now = time.monotonic()
            if known and changes[-2][1] == changes[-1][1] and now - self._moved < REST:
                del changes[-2]
            self._moved = now


class LiveTraining(Beside):
    """A training run with buttons, sliders and a picture; made by ``nnlab.live_training``.

    Training happens in a thread that exists only while there is something to do, so the cell returns at once and
    other cells run meanwhile. It ends at *pause*, at an interrupt of the kernel, on an error, when the run diverges,
    when its last view is closed (its cell is run again, deleted or cleared), at the latest after 100,000 steps.

    Attributes:
        run: the ``LiveRun``: ``run.model`` and ``run.optimizer`` are what is being trained.
        controls: name -> slider.
        sentence: the sentence under the picture.
        error: the message of the last error, or None.
    """

    def __init__(self, run: LiveRun, steps: int = 0):
        self.run = run
        self.sentence = ""
        self.error: str | None = None
        self._threads = torch.get_num_threads()
        self._background = Background(run.step, self._show, self._fail, ALONE, self._end)
        self._view = LivePicture(run.data)
        self._picture = Picture(self._view)
        self._drawing = threading.Lock()
        self._drag = Drag()
        self._sliders = sliders(run, self._background.per_picture)
        start = {name: slider.default for name, slider in self._sliders.items()}
        self.widget = Panel(about(run.data.name, self._picture.page_size, self._sliders), start)
        self.controls = {name: Control(s, start[name], partial(self._moved, name)) for name, s in self._sliders.items()}
        self.widget.observe(lambda change: self._pulled(change["old"]), names="values")
        self.widget.on_msg(lambda widget, message, buffers: self._pressed(message.get("press")))
        when_unseen(self.widget, self._rest)
        self.step(steps)

    @property
    def losses(self) -> list[float]:
        """The loss of every mini-batch so far."""
        with self._background.turns:
            return list(self.run.losses)

    @property
    def running(self) -> bool:
        """Whether it is training now."""
        return self._background.running

    def start(self) -> None:
        """Train in the background. Returns at once."""
        self._fail(None)
        self._background.start()
        self._tell()

    def pause(self) -> None:
        """Stop: when this returns, no step is being made, and none will be."""
        self._background.pause()
        self._tell()

    def step(self, steps: int = 1) -> None:
        """Pause, then make some steps here and now, and draw once. The same steps give the same bits."""
        arguments.whole("steps", steps, 1, at_least=0)
        self.pause()
        self._fail(None)
        with one_thread():
            with self._background.turns:
                for _ in range(steps):
                    self.run.step()
            self._show()

    def reset(self) -> None:
        """Pause and begin again: first weights, settings, optimizer state and random numbers, to the bit."""
        self.pause()
        self._fail(None)
        self.set(**{name: slider.default for name, slider in self._sliders.items()})
        with self._background.turns:
            self.run.reset()
        self._background.refresh()

    def set(self, **values) -> None:
        """Move sliders: ``lr``, ``momentum``, ``batch_size``, ``per_picture``. They count from the next step.

        Raises:
            ValueError, TypeError: an unknown slider, or a value outside its range.
        """
        for name, value in values.items():
            arguments.one_of("slider", name, self.controls)
            self.controls[name].value = value

    def png(self) -> bytes:
        """The picture as it is now with its sentence, as a PNG."""
        self._background.wait()
        if self._picture.empty:
            self._show()  # the figure was given back
        with self._drawing:
            return self._picture.png(self.sentence)

    def __repr__(self) -> str:
        return f"Live training of {self.sentence}"

    def _pressed(self, button: str | None) -> None:
        """A button of the front end."""
        if button == "run":
            self.pause() if self.running else self.start()
        elif button == "step":  # in the background, so that many quick presses are drawn together
            self._fail(None)
            self._background.once()
        elif button == "reset":
            self.reset()

    def _pulled(self, before: dict) -> None:
        """Sliders were moved in the browser."""
        known = len(self.run.changes)
        if refused := follow(self.widget, self.controls, before):
            self._fail(refused)
        with self._background.turns:
            self._drag.merge(self.run.changes, known)

    def _moved(self, name: str, value) -> None:
        """A slider was moved, perhaps in a thread of its own: the optimizer has its value when this returns."""
        with self._background.turns:
            setattr(self._background if name == "per_picture" else self.run, name, value)
        self.widget.values = {**self.widget.values, name: value}
        self._background.refresh()

    def _end(self) -> None:
        torch.set_num_threads(self._threads)
        self._tell()

    def _show(self) -> None:
        """Draw where the run stands. No step is made while it is looked at; while it is drawn, steps could be."""
        with self._drawing:
            with self._background.turns:
                shown = look_at(self.run, self._view.answers.inputs)
            recorded = self._picture.trace(shown)
            self.sentence = sentence(shown)
            self.widget.show(*told(recorded, self.widget.values, self.sentence), self.error or "")

    def _fail(self, error: Exception | None) -> None:
        """Show an error in red, or take the last one away."""
        self.error = None if error is None else f"{type(error).__name__}: {error}"
        self.widget.error = self.error or ""

    def _tell(self) -> None:
        self.widget.state = RUNNING if self.running else PAUSED

    def _rest(self) -> None:
        """Nobody watches: pause, and give the pixels back."""
        self.pause()
        with self._drawing:
            self._picture = Picture(self._view)


def about(data: str, size: list[int], sliders: dict[str, Any]) -> dict:
    """What the front end must know once."""
    buttons = [{"name": name, "label": label, "reason": reason} for name, label, reason in BUTTONS]
    return {
        "name": "live_training",
        "title": f"Live training on {data}",
        "size": size,
        "letters": LETTERS,
        "controls": described(sliders.values()),
        "buttons": buttons,
        "remember": False,
    }


def sliders(run: LiveRun, per_picture: int) -> dict[str, Any]:
    """The sliders of a run by name, a ``Slider`` or ``Stops`` each; they start where the run does."""
    lr, momentum, batch = run.lr, run.momentum, run.batch_size
    powers = [2**k for k in range(len(run.data.train).bit_length()) if 2**k <= 1024]
    made: list[Slider | Stops] = [Slider("lr", lr, min(1e-4, lr), max(10.0, lr), 0.1, "learning rate lr", log=True)]
    if momentum is not None:
        label = "momentum" if "momentum" in run.optimizer.param_groups[0] else "momentum (beta 1)"
        made.append(Slider("momentum", momentum, 0.0, max(0.99, momentum), 0.01, label))
    made.append(Stops("batch_size", batch, "batch size", sorted({*powers, batch})))
    made.append(Stops("per_picture", per_picture, "steps per picture", PACES))
    return {slider.name: slider for slider in made}


def live_training(
    model: torch.nn.Module,
    data: Dataset,
    *,
    optimizer=None,
    loss: str | Callable | None = None,
    batch_size: int = 32,
    steps: int = 50,
    seed: int = 0,
) -> LiveTraining:
    """Train a network while you watch: start, pause, one step, reset, and sliders that act on the running optimizer.

    The first ``steps`` are made at once, in the cell, so that a stored notebook shows a picture and the same numbers
    every time. Then it waits for *start*; *reset* leads back to step 0. With two features the picture is the plane,
    with images it is what the network reads. A dotted line marks each step at which you moved a slider.

    Args:
        model: (batch, features) -> logits (batch, classes). It is copied: yours keeps its weights, and
            ``live.run.model`` is the one that is trained. Pause before you use that one in another cell.
        data: such as ``nnlab.moons()`` or ``nnlab.digits()``.
        optimizer: a function that makes one, ``lambda p: torch.optim.Adam(p, lr=0.01)``, or an optimizer of ``model``,
            which is copied too; None is ``torch.optim.SGD`` with lr 0.1. For Adam the momentum slider is beta 1.
        loss: (logits, y) -> number, such as ``nn.CrossEntropyLoss()``; or one by hand, such as
            ``nnlab.losses.hinge``, or its name, "hinge"; None is cross-entropy.
        batch_size: samples in each step.
        steps: made before it is shown.
        seed: of the order of the samples and of dropout.

    Raises:
        ValueError, TypeError: a model that does not fit the data, data without classes or without a picture.
    """
    return LiveTraining(LiveRun(model, data, optimizer, loss=loss, batch_size=batch_size, seed=seed), steps)
