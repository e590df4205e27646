"""Explorer: controls, a picture that follows them, and one sentence that says what the picture shows."""

import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets

from nnlab.stage.description import Choice, Description, Slider, Toggle
from nnlab.stage.picture import Picture

__all__ = [
    "VIEW",
    "Explorer",
    "alert",
    "button",
    "make_widget",
    "move",
    "opener",
    "paragraph",
    "view_of",
    "when_unseen",
]

BUSY_AFTER = 0.1  # seconds
VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """A live picture of a description; display it by naming it on the last line of a cell.

    Without a kernel (on GitHub, in nbconvert's HTML) the same object is a PNG with its sentence.
    The newest value always wins: changes that arrive while a frame is drawn are drawn together, once.
    An error while computing or drawing is shown in red above the controls; the next move works again.

    Args:
        description: what to compute and draw.
        values: where the controls start, and where *reset* returns to.

    Attributes:
        controls: name -> widget.
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
        self._picture = Picture(description)
        self._frames = Frames(self._draw)
        self.controls = {c.name: make_widget(c, self._wanted(c)) for c in description.controls}
        for control in self.controls.values():
            control.observe(lambda change: self._frames.wanted(), names="value")
        self._image = widgets.Image(format="jpeg", width=self._picture.width)
        self._image.layout.max_width = "100%"
        self._sentence = widgets.HTML()
        self._note = widgets.HTML()
        self._error = widgets.HTML()
        self._code = widgets.Text(description="code", continuous_update=False)
        self._code.layout.width, self._code.layout.display = "auto", "none"
        self.widget = self._arrange()
        when_unseen(self.widget, self._forget_pixels)
        self._frames.wanted()

    @property
    def values(self) -> dict:
        """The value of every control, as ``compute`` gets it."""
        return {c.name: c.clean(self.controls[c.name].value) for c in self.description.controls}

    def set(self, **values) -> None:
        """Move controls to these values, all at once: one frame is drawn.

        Raises:
            ValueError, TypeError: an unknown control or a value outside its range; nothing is moved.
        """
        cleaned = self.description.values(**{**self.values, **values})
        with self._frames.together():
            for control in self.description.controls:
                move(self.controls[control.name], control, cleaned[control.name])

    def reset(self) -> None:
        """Return to the values that the explorer started with."""
        self._note.value = ""
        self.set(**self.start)

    def code(self) -> str:
        """The one-line call that reproduces what is on screen."""
        return self.description.code(self.values)

    def png(self) -> bytes:
        """The picture as it is now, as a PNG."""
        with self._frames.stopped():
            if self._picture.empty and self.result is not None:
                self._picture.show(self.result)
            return self._picture.png()

    def __repr__(self) -> str:
        return f"Explorer {self.description.name}: {self.sentence}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"text/plain": repr(self), "image/png": self.png(), VIEW: view_of(self.widget)}
        size = {"width": self._picture.width, "alt": self.sentence}
        return data, {"image/png": size}

    def _draw(self) -> None:
        with busy(self._sentence, lambda: paragraph(self.sentence)):
            try:
                result = self.description.compute(**self.values)
                sentence = self.description.sentence(result)
                self._picture.show(result)
                self._image.value = self._picture.jpeg()
            except Exception as error:  # shown to the student: the log console of JupyterLab is never opened
                self.error = f"{type(error).__name__}: {error}"
                self._error.value = alert(self.error)
                return
            self.result, self.sentence = result, sentence
            self._sentence.value = paragraph(sentence)
            if self._code.layout.display != "none":
                self._code.value = self.code()
            if self.error is not None:
                self.error, self._error.value = None, ""

    def _forget_pixels(self) -> None:
        """Give the pixels back until somebody wants them again.

        The kernel keeps every widget for ever, so a cell that is run again and again would fill the memory.
        """
        with self._frames.stopped():
            self._picture = Picture(self.description)

    def _wanted(self, control) -> list:
        """Where a control starts, and the values that presets give it."""
        values = [preset.values[control.name] for preset in self.description.presets if control.name in preset.values]
        return [self.start[control.name], *(control.clean(value) for value in [control.default, *values])]

    def _arrange(self) -> widgets.VBox:
        """Picture, sentence, error, controls in columns, buttons."""
        grid = widgets.Layout(display="flex", flex_flow="row wrap", max_width=f"{self._picture.width}px")
        row = widgets.Layout(display="flex", flex_flow="row wrap", max_width=grid.max_width, margin="6px 0 0 0")
        buttons = [self._preset_button(preset) for preset in self.description.presets]
        buttons += [
            button("reset", "back to where this explorer started", self.reset),
            button("copy as code", "the call that reproduces this picture", self._show_code),
        ]
        return widgets.VBox(
            [
                self._image,
                self._sentence,
                self._error,
                widgets.Box(list(self.controls.values()), layout=grid),
                widgets.Box(buttons, layout=row),
                self._note,
                self._code,
            ]
        )

    def _preset_button(self, preset) -> widgets.Button:
        def press():
            self.set(**self.description.values(**preset.values))  # the reason is true for just these values
            self._note.value = paragraph(f"{preset.label}: {preset.reason}")

        return button(preset.label, preset.reason, press)

    def _show_code(self) -> None:
        """Show the code field; from now on it follows the controls."""
        self._code.value = self.code()
        self._code.layout.display = "flex"


class Frames:
    """When to draw: the newest wishes win, one frame at a time, whatever thread they come from.

    Args:
        draw: draws the newest values and raises nothing.
    """

    def __init__(self, draw: Callable[[], None]):
        self._draw = draw
        self._drawing = threading.Lock()
        self._stale = False
        self._held = False

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
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.wanted()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """No frame is drawn inside; what was wanted meanwhile is drawn at the end."""
        with self._drawing:
            yield
        if self._stale:
            self.wanted()


@contextmanager
def busy(line: widgets.HTML, afterwards: Callable[[], str]) -> Iterator[None]:
    """Say "drawing ..." in a line of text when what happens inside takes longer than ``BUSY_AFTER``.

    ``afterwards`` gives what the line says then: that may be new, and the timer may go off behind it.
    """
    waiting = paragraph("drawing ...")

    def say():
        line.value = waiting

    timer = threading.Timer(BUSY_AFTER, say)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if line.value == waiting:
            line.value = afterwards()


def opener(description: Description) -> Callable[..., Explorer]:
    """The public function of an explorer: takes its controls as keywords, and says so on Shift-Tab.

    ``show_source`` shows what the explorer computes, not this wrapper.
    """

    def opened(**values) -> Explorer:
        return Explorer(description, **values)

    opened.__name__ = opened.__qualname__ = description.name
    opened.__module__ = description.compute.__module__
    opened.__doc__ = description.documentation
    signature = description.signature.replace(return_annotation=Explorer)
    opened.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()} | {"return": Explorer}
    vars(opened).update(__signature__=signature, __wrapped__=description.compute)
    return opened


def make_widget(control: Slider | Choice | Toggle, values: list) -> widgets.Widget:
    """The ipywidget of a control, described and wide enough to be read.

    A number gets a slider over a list of values. The browser rounds the value of a FloatSlider or a FloatLogSlider to
    its nearest step and sends that back, so that lr = 1.9 became 2; here every value stays what it was set to.

    Args:
        control: its description.
        values: the value it starts at, and for a slider the others that must be reachable exactly.
    """
    shape = {
        "description": control.label,
        "style": {"description_width": "130px"},
        "layout": {"width": "380px"},
    }
    if isinstance(control, Toggle):
        return widgets.Checkbox(value=values[0], **shape)
    if isinstance(control, Choice):
        return widgets.Dropdown(options=control.options, value=values[0], **shape)
    return widgets.SelectionSlider(options=options(control, [*control.stops, *values]), value=values[0], **shape)


def options(slider: Slider, values) -> list[tuple]:
    """What a SelectionSlider shows and what it means, in order."""
    return [(slider.text(value), value) for value in sorted(set(values))]


def move(widget: widgets.Widget, control: Slider | Choice | Toggle, value) -> None:
    """Put a widget at a value; a slider gets a stop there when it has none."""
    if isinstance(control, Slider) and value not in (known := [v for _, v in widget.options]):
        with widget.hold_sync():
            widget.options = options(control, [*known, value])
            widget.value = value
    widget.value = value


def button(label: str, reason: str, press) -> widgets.Button:
    """A button as wide as its text that calls ``press`` with no arguments."""
    made = widgets.Button(description=label, tooltip=reason, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return made


def paragraph(text: str) -> str:
    """Plain text as HTML, large enough to be read."""
    return f'<span style="font-size: 14px; line-height: 1.4">{html.escape(text)}</span>' if text else ""


def alert(text: str) -> str:
    """What went wrong, as HTML that a screen reader says at once; nothing for no text."""
    return f'<b role="alert" style="color: #b00020">{html.escape(text)}</b>' if text else ""


def when_unseen(widget: widgets.Widget, call) -> None:
    """Call ``call()`` whenever the last view of a widget is gone: its cell was run again, cleared or deleted."""

    def count(change):
        if change["old"] and not change["new"]:
            call()

    widget._view_count = 0  # from now on the front end counts
    widget.observe(count, names="_view_count")


def view_of(widget: widgets.Widget) -> dict:
    """The display entry that makes a front end show the live widget."""
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
