"""Explorer: controls, a picture that follows them, and one sentence that says what the picture shows."""

from __future__ import annotations

import html
import math
import threading
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets

from nnlab.description import Choice, Description, Slider, Toggle
from nnlab.picture import Picture

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
        self._drawing = threading.Lock()
        self._stale = False
        self._held = False
        self.controls = {c.name: make_widget(c, self.start[c.name]) for c in description.controls}
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        self._image = widgets.Image(format="jpeg", width=self._picture.width)
        self._image.layout.max_width = "100%"
        self._sentence = widgets.HTML()
        self._note = widgets.HTML()
        self._error = widgets.HTML()
        self.widget = self._arrange()
        self._changed()

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
        with self._together():
            for name, value in cleaned.items():
                self.controls[name].value = value

    def reset(self) -> None:
        """Return to the values that the explorer started with."""
        self._note.value = ""
        self.set(**self.start)

    def code(self) -> str:
        """The one-line call that reproduces what is on screen."""
        return self.description.code(self.values)

    def png(self) -> bytes:
        """The picture as it is now, as a PNG."""
        with self._drawing:
            return self._picture.png()

    def __repr__(self) -> str:
        return f"Explorer {self.description.name}: {self.sentence}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"text/plain": repr(self), "image/png": self.png(), VIEW: view_of(self.widget)}
        size = {"width": self._picture.width, "alt": self.sentence}
        return data, {"image/png": size}

    def _changed(self, change=None) -> None:
        """Draw the newest values. Whoever comes while a frame is being drawn leaves its values to that drawer."""
        self._stale = True
        while self._stale and not self._held and self._drawing.acquire(blocking=False):
            try:
                self._stale = False
                with self._busy():
                    self._draw()
            finally:
                self._drawing.release()

    def _draw(self) -> None:
        try:
            result = self.description.compute(**self.values)
            sentence = self.description.sentence(result)
            self._picture.show(result)
            self._image.value = self._picture.jpeg()
        except Exception as error:  # shown to the student: the log console of JupyterLab is never opened
            self.error = f"{type(error).__name__}: {error}"
            self._error.value = f'<b role="alert" style="color: #b00020">{html.escape(self.error)}</b>'
            return
        self.result, self.sentence = result, sentence
        self._sentence.value = paragraph(sentence)
        if self.error is not None:
            self.error, self._error.value = None, ""

    @contextmanager
    def _busy(self):
        """Say "drawing" under the picture when a frame takes longer than ``BUSY_AFTER``."""

        def say():
            self._sentence.value = paragraph("drawing ...")

        timer = threading.Timer(BUSY_AFTER, say)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if self._sentence.value == paragraph("drawing ..."):
                self._sentence.value = paragraph(self.sentence)

    @contextmanager
    def _together(self):
        """Move several controls and draw once."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self._changed()

    def _arrange(self) -> widgets.VBox:
        """Picture, sentence, error, controls in columns, buttons."""
        grid = widgets.Layout(display="flex", flex_flow="row wrap", max_width=f"{self._picture.width}px")
        code = widgets.Text(description="code", layout=widgets.Layout(width="auto", display="none"))
        code.continuous_update = False
        buttons = [self._preset_button(preset) for preset in self.description.presets]
        buttons += [
            button("reset", "back to where this explorer started", self.reset),
            button("copy as code", "the call that reproduces this picture", lambda: self._show_code(code)),
        ]
        return widgets.VBox(
            [
                self._image,
                self._sentence,
                self._error,
                widgets.Box(list(self.controls.values()), layout=grid),
                widgets.Box(buttons, layout=grid),
                self._note,
                code,
            ]
        )

    def _preset_button(self, preset) -> widgets.Button:
        def press():
            self.set(**{**self.start, **preset.values})
            self._note.value = paragraph(f"{preset.label}: {preset.reason}")

        return button(preset.label, preset.reason, press)

    def _show_code(self, field: widgets.Text) -> None:
        field.value = self.code()
        field.layout.display = "flex"


def make_widget(control: Slider | Choice | Toggle, value) -> widgets.Widget:
    """The ipywidget of a control, described and wide enough to be read."""
    shape = {
        "description": control.label,
        "style": {"description_width": "130px"},
        "layout": {"width": "380px"},
    }
    if isinstance(control, Toggle):
        return widgets.Checkbox(value=value, **shape)
    if isinstance(control, Choice):
        return widgets.Dropdown(options=control.options, value=value, **shape)
    if control.log:
        ends = {"min": exponent(control.low), "max": exponent(control.high), "step": control.step}
        return widgets.FloatLogSlider(value=value, **ends, readout_format=".3g", **shape)
    ends = {"min": control.low, "max": control.high, "step": control.step}
    if isinstance(control.step, int):
        return widgets.IntSlider(value=value, **ends, **shape)
    return widgets.FloatSlider(value=value, **ends, readout_format=".2f", **shape)


def exponent(value: float) -> float:
    """log10, free of rounding noise, so that a slider's end is the number that was asked for."""

    return round(math.log10(value), 6)


def button(label: str, reason: str, press) -> widgets.Button:
    """A button as wide as its text that calls ``press`` with no arguments."""
    made = widgets.Button(description=label, tooltip=reason, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return made


def paragraph(text: str) -> str:
    """Plain text as HTML, large enough to be read."""
    return f'<span style="font-size: 14px; line-height: 1.4">{html.escape(text)}</span>' if text else ""


def view_of(widget: widgets.Widget) -> dict:
    """The display entry that makes a front end show the live widget."""
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
