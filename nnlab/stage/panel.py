"""Panel: the one widget of nnlab, a picture with its sentence and controls, drawn by ``front/panel.js``."""

import itertools
import json
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

import anywidget
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nnlab.analysis.palette import THEMES
from nnlab.stage.description import Choice, Description, Slider, Toggle
from nnlab.stage.drawing.picture import Picture, Recording
from nnlab.stage.drawing.recorder import Recorder
from nnlab.stage.handles import places

__all__ = [
    "VIEW",
    "Control",
    "Drawn",
    "Panel",
    "described",
    "follow",
    "front",
    "picture_of",
    "taken",
    "told",
    "view_of",
    "when_unseen",
]

PLAIN = {"letters": 0, "presets": [], "buttons": [], "start": None, "remember": True}  # a panel that only shows
VIEW = "application/vnd.jupyter.widget-view+json"


@cache
def front(*names: str) -> str:
    """Files of the front end as one module: what a later one needs of an earlier one needs no import."""
    texts = [files("nnlab.stage").joinpath("front", name).read_text(encoding="utf-8") for name in names]
    ends = (("\nexport function", "\nfunction"), ("\nexport default { render };\n", "\n"))
    for k, (exported, own) in itertools.product(range(len(texts) - 1), ends):
        texts[k] = texts[k].replace(exported, own)
    if "strokes.js" in names:
        texts.insert(0, f"const PALETTE = {json.dumps(THEMES)}; // light: [dark, print]")
    return "\n".join(texts)


class Drawn(anywidget.AnyWidget):
    """A widget that files of ``front`` draw, all in one style.

    Attributes:
        scripts: their names, in the order in which they stand in the module.
    """

    scripts: ClassVar[tuple[str, ...]] = ()
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _module(self):
        return front(*self.scripts)

    @traitlets.default("_css")
    def _style(self):
        return front("panel.css")


class Panel(Drawn):
    """What the browser shows, and what it wants.

    Attributes:
        about: what never changes: name, title, size in pixels, the letters of the longest sentence, controls, presets,
            buttons, start, and whether the same values always give the same frame, so that it may be remembered.
        values: where the controls stand; the browser and the kernel both move it.
        scene: the background, ``{"key": ..., "strokes": ...}``.
        frame: what moves upon it, with its sentence, its code, its values and the key of its scene.
        error: the message of the last error, or "".
        state: what the buttons say, ``{"labels": {name: label}, "on": name}``.
    """

    scripts = ("strokes.js", "page.js", "curves.js", "panel.js")
    about = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, about: dict, values: dict):
        super().__init__(about={**PLAIN, **about}, values=values)

    def show(self, scene: dict, frame: dict, error: str = "") -> None:
        """Send a frame, with its background if that is another one than before, in one message."""
        with self.hold_sync():
            if self.scene.get("key") != scene["key"]:
                self.scene = scene
            self.frame, self.error = frame, error

    def fail(self, error: str) -> None:
        """Say in red why there is no frame, also if it is what was said before."""
        self.error = error
        self.send({"failed": True})


class Control(traitlets.HasTraits):
    """One control of a panel, to be read, set, observed and linked: ``ipywidgets.link((slider, "value"), ...)``.

    Attributes:
        value: where it stands. A value outside its range raises ValueError or TypeError, and nothing moves.
    """

    value: Any = traitlets.Any()

    def __init__(self, description: Slider | Choice | Toggle, value, move: Callable[[Any], None]):
        self.description = description
        super().__init__(value=value)
        self.observe(lambda change: move(change["new"]), names="value")

    @traitlets.validate("value")
    def _clean(self, proposal):
        return self.description.clean(proposal["value"])


def follow(panel: Panel, controls: dict[str, Control], before: dict) -> Exception | None:
    """Let the controls stand where the panel says; if one cannot, the panel goes back to ``before``: returns why."""
    try:
        values = {name: control.description.clean(panel.values[name]) for name, control in controls.items()}
    except (ValueError, TypeError, KeyError) as error:  # from a browser: what a person typed is checked there
        panel.values = before
        return error
    panel.values = values  # as ``compute`` gets them
    for name, control in controls.items():
        control.value = values[name]
    return None


def described(controls: Iterable[Slider | Choice | Toggle]) -> list[dict]:
    """What the front end must know of each control."""
    return [{"name": c.name, "label": c.label, **_kind(c)} for c in controls]


def _kind(control) -> dict:
    if isinstance(control, Toggle):
        return {"kind": "toggle"}
    if isinstance(control, Choice):
        return {"kind": "choice", "options": list(control.options)}
    stops = control.stops
    between = isinstance(control, Slider)  # whether a value between two stops is as good
    ends = {"low": stops[0], "high": stops[-1], "allowed": control.allowed, "whole": control.only_whole}
    return {
        "kind": "slider",
        "stops": stops,
        "texts": [control.text(stop) for stop in stops],
        "between": between,
        **ends,
    }


def picture_of(figure: Figure, title: str) -> Panel:
    """A panel that shows a figure of matplotlib: no controls, no sentence."""
    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)
    recorder = Recorder(figure)
    recorder.draw(figure)
    strokes, nothing = recorder.strokes(), recorder.strokes()
    panel = Panel({"name": "figure", "title": title, "size": strokes["size"], "controls": []}, {})
    panel.show(*told(Recording("figure", strokes, nothing), {}, ""))
    return panel


def told(recorded: Recording, values: dict, sentence: str, **more) -> tuple[dict, dict]:
    """The scene and the frame of a recording, as a panel takes them; ``more`` may be its code and its handles."""
    frame = {"values": values, "scene": recorded.scene, "strokes": recorded.frame, "sentence": sentence}
    return {"key": recorded.scene, "strokes": recorded.background}, {**frame, "code": "", **more}


def taken(description: Description, picture: Picture, values: dict, result) -> tuple[dict, dict]:
    """The scene and the frame of an explorer's result, as every page and every notebook shows them."""
    recorded, sentence = picture.record(result), description.sentence(result)
    handles = places(description.handles, picture.artists, picture.figure)
    return told(recorded, values, sentence, code=description.code(values), handles=handles)


def view_of(widget) -> dict:
    """The display entry that makes a front end show the live widget."""
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


def when_unseen(widget, call: Callable[[], None]) -> None:
    """Call ``call()`` whenever the last view of a widget is gone: its cell was run again, cleared or deleted."""

    def count(change):
        if change["old"] and not change["new"]:
            call()

    widget._view_count = 0  # from now on the front end counts
    widget.observe(count, names="_view_count")
