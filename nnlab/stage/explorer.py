"""Explorer: controls, a picture that follows them, and one sentence that says what the picture shows."""

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

from nnlab.stage.ahead import SLOWEST, Ahead, neighbours
from nnlab.stage.alone.portable import Portable
from nnlab.stage.beside import Beside
from nnlab.stage.description import Description
from nnlab.stage.drawing.picture import Picture
from nnlab.stage.panel import Control, Panel, described, follow, taken, when_unseen

__all__ = ["Explorer", "opener"]

FIGURES = 8  # explorers that keep their figures, of some MB each, where no browser says which ones are out of sight
_drawn: deque[weakref.ref] = deque()  # these explorers, the last one at the end


class Explorer(Beside, Portable):
    """A live picture of a description; display it by naming it on the last line of a cell.

    Without a kernel (on GitHub, in nbconvert's HTML) the same object is a PNG with its sentence.
    The newest value always wins: changes that arrive while a frame is drawn are drawn together, once.
    An error while computing or drawing is shown in red above the controls; the next move works again.

    Args:
        description: what to compute and draw.
        values: where the controls start, and where *reset* returns to.

    Attributes:
        controls: name -> ``Control``, whose ``value`` can be set, observed and linked to a widget of ipywidgets.
        result: what ``compute`` returned for the values shown.
        sentence: the sentence under the picture.
        error: the message of the last error, or None.
    """

    def __init__(self, description: Description, **values):
        self.description = description
        self.start = description.values(**values)
        self.result: Any = None
        self.sentence = ""
        self.error: str | None = None
        self._frames = Frames(self._draw)
        self._moving = threading.RLock()
        self._took = 0.0
        self.widget = Panel(about(description, self.start, self._picture.page_size), self.start)
        self.controls = {
            c.name: Control(c, self.start[c.name], partial(self._moved_one, c.name)) for c in description.controls
        }
        self._ahead = Ahead(self._made, self.widget.send)
        self.widget.observe(lambda change: self._moved(change["old"]), names="values")
        self.widget.on_msg(lambda widget, message, buffers: self._heard(message))
        when_unseen(self.widget, self._forget_picture)
        self._frames.wanted()

    @property
    def values(self) -> dict:
        """The value of every control, as ``compute`` gets it."""
        return {c.name: c.clean(self.widget.values[c.name]) for c in self.description.controls}

    def set(self, **values) -> None:
        """Move controls to these values, all at once: one frame is drawn.

        Raises:
            ValueError, TypeError: an unknown control or a value outside its range; nothing is moved.
        """
        self._put(self.description.values(**{**self.values, **values}))

    def reset(self) -> None:
        """Return to the values that the explorer started with."""
        self.set(**self.start)

    def code(self) -> str:
        """The one-line call that reproduces what is on screen."""
        return self.description.code(self.values)

    def png(self) -> bytes:
        """The picture as it is now with its sentence, as a PNG."""
        with self._frames.stopped():
            picture = self._picture
            if self.result is not None:
                picture.record(self.result)  # the last one may be a frame that nobody wanted yet
            return picture.png(self.sentence or repr(self))

    def __repr__(self) -> str:
        told = f" failed: {self.error}" if self.error else f": {self.sentence}"
        return f"Explorer {self.description.name}{told}"

    @cached_property
    def _picture(self) -> Picture:
        _drawn.append(weakref.ref(self))
        if len(_drawn) > FIGURES and (oldest := _drawn.popleft()()) is not None:
            vars(oldest).pop("_picture", None)  # made again when it is wanted
        return Picture(self.description)

    def _draw(self) -> None:
        """Compute and send the frame of the values that are wanted now."""
        started = time.monotonic()
        try:
            values = self.values
            result = self.description.compute(**values)
            computed = time.monotonic() - started
            scene, frame = taken(self.description, self._picture, values, result)
        except Exception as error:  # shown to the student: the log console of JupyterLab is never opened
            self._fail(error)
            return
        anew = self.widget.scene.get("key") != scene["key"]  # a background takes its time, but not again for the next
        self._took = computed if anew else time.monotonic() - started
        self.result, self.sentence, self.error = result, frame["sentence"], None
        self.widget.show(scene, frame)

    def _made(self, values: dict) -> tuple[dict, dict] | None:
        """A scene and a frame that nobody wants yet; None if it takes long or fails, which is said when they are."""
        if self._took > SLOWEST:
            return None
        with self._frames.stopped():
            started = time.monotonic()
            try:
                made = taken(self.description, self._picture, values, self.description.compute(**values))
            except Exception:
                return None
            self._took = time.monotonic() - started
            return made

    def _put(self, values: dict) -> None:
        """Move the controls; one frame is drawn, after every lock is open again."""
        with self._frames.together(), self._moving:
            self.widget.values = {**self.widget.values, **values}

    def _moved_one(self, name: str, value) -> None:
        self._put({name: value})

    def _moved(self, before: dict) -> None:
        """The panel's values are other ones, by the browser or by ``_put``: the controls follow."""
        with self._frames.together(), self._moving:
            refused = follow(self.widget, self.controls, before)
        if refused:  # said after the frame, which would take it away
            self._fail(refused)

    def _fail(self, error: Exception) -> None:
        self.error = f"{type(error).__name__}: {error}"
        self.widget.fail(self.error)

    def _heard(self, message: dict) -> None:
        """A control is touched: its other values may be wanted soon."""
        if message.get("opened"):
            self._ahead.forget()
        touched = next((c for c in self.description.controls if c.name == message.get("touched")), None)
        if touched is not None:
            self._ahead.fetch(neighbours(touched, self.values))

    def _forget_picture(self) -> None:
        """Give the figure back until somebody wants it again.

        The kernel keeps every widget for ever, so a cell that is run again and again would fill the memory.
        """
        self._ahead.forget()
        with self._frames.stopped():
            vars(self).pop("_picture", None)


def about(description: Description, start: dict, size: list[int]) -> dict:
    """What the front end must know of an explorer once."""
    presets = [
        {"label": p.label, "reason": p.reason, "values": description.values(**p.values)} for p in description.presets
    ]
    return {
        "name": description.name,
        "title": description.title,
        "size": size,
        "letters": description.letters,
        "controls": described(description.controls),
        "presets": presets,
        "start": start,
    }


class Frames:
    """When to draw: the newest wishes win, one frame at a time, whatever thread they come from.

    Args:
        draw: draws the newest values and raises nothing.
    """

    def __init__(self, draw: Callable[[], None]):
        self._draw = draw
        self._drawing = threading.Lock()
        self._counting = threading.Lock()
        self._stale = False
        self._held = 0

    def wanted(self) -> None:
        """Draw a frame. Whoever comes while one is being drawn leaves the next one to that drawer."""
        self._stale = True
        while self._stale and not self._held and self._drawing.acquire(blocking=False):
            try:
                self._stale = False
                self._draw()
            finally:
                self._drawing.release()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Whatever is wanted inside is drawn at the end, once."""
        self._hold(1)
        try:
            yield
        finally:
            self._hold(-1)
            self.wanted()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """No frame is drawn inside; what was wanted meanwhile is drawn at the end."""
        with self._drawing:
            yield
        if self._stale:
            self.wanted()

    def _hold(self, more: int) -> None:
        with self._counting:
            self._held += more


def opener(description: Description) -> Callable[..., Explorer]:
    """The public function of an explorer: takes its controls as keywords, and says so on Shift-Tab.

    ``show_source`` shows what the explorer computes, not this wrapper. Give the function a name in the module that
    holds ``compute``: that is the name that *copy as code* writes.
    """

    def opened(**values) -> Explorer:
        return Explorer(description, **values)

    opened.__name__ = opened.__qualname__ = description.name
    opened.__module__ = description.compute.__module__
    opened.__doc__ = description.documentation
    signature = description.signature.replace(return_annotation=Explorer)
    opened.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()} | {"return": Explorer}
    vars(opened).update(__signature__=signature, __wrapped__=description.compute, description=description)
    return opened
