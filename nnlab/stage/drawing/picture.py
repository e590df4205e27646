"""The picture of an explorer: a figure of its own, with a background made once and artists that move.

It comes out as strokes for a front end, or as pixels that Agg draws.
"""

import hashlib
import io
import json
import math
from collections.abc import Callable
from functools import cache, partial
from textwrap import wrap
from typing import NamedTuple, Protocol

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox
from PIL import Image

from nnlab.analysis.plots import STYLE
from nnlab.stage.drawing.recorder import Recorder
from nnlab.stage.handles import names, ways

__all__ = ["Picture", "Recording"]

DPI = 100  # at the shown size
SHARPNESS = 1.5  # pixels of the image for each pixel of the page
MARGIN = 4  # pixels of the page left of a fold's Axes
SCENES = 32  # whose backgrounds are kept
SHADES = 64  # of 256 that a caption does without
LETTERS, LINE = 13, 0.19  # of a caption: letters to an inch, inches for a line
LOOK = (
    *("agg.", "axes.", "contour.", "figure.", "font.", "grid.", "hatch.", "image.", "legend.", "lines.", "markers."),
    *("mathtext.", "patch.", "path.", "scatter.", "text.", "xtick.", "ytick."),
)


@cache
def look() -> dict:
    """Every setting of matplotlib that a picture depends on: nnlab's style, and for the rest the defaults."""
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name.startswith(LOOK)}
    return defaults | matplotlib.rc_params_from_file(STYLE, use_default_template=False)


class Drawing(Protocol):
    """The part of a ``Description`` that a picture needs."""

    @property
    def size(self) -> tuple[float, float]: ...

    @property
    def draw(self) -> Callable: ...

    @property
    def update(self) -> Callable: ...

    @property
    def roomy(self) -> Callable: ...


class Recording(NamedTuple):
    """One frame as strokes: ``frame`` is drawn over ``background``.

    ``scene`` is a name for the background: equal names, equal backgrounds. Its ``folds`` are where it may be cut from
    top to bottom, in pixels of the page, so that a narrow window shows its parts one above the other.
    """

    scene: str
    background: dict
    frame: dict


class Picture:
    """Draws the results of one description; knows nothing of widgets, pyplot or other pictures.

    A full ``canvas.draw()`` takes about 0.1 s. So everything that stays is drawn once and kept, and for each frame
    only the moving artists are drawn, or recorded, which takes a few milliseconds.
    """

    def __init__(self, description: Drawing):
        self.description = description
        with matplotlib.rc_context(look()):
            layout = ConstrainedLayoutEngine(rect=(0, 0, 0.985, 1))  # labels at the right edge keep a margin
            self.figure = Figure(figsize=description.size, dpi=DPI * SHARPNESS, layout=layout)
            self.canvas = FigureCanvasAgg(self.figure)
            self.artists = by_name(description.draw(self.figure))
        self.moving = sorted(flatten(self.artists), key=lambda artist: artist.get_zorder())
        for artist in self.moving:
            artist.set_animated(True)  # canvas.draw() leaves it out
        self._names = names(self.figure, self.artists)
        self._places = [(ax, ax.get_position(original=True)) for ax in self.figure.axes]
        self._recorder = Recorder(self.figure)
        self._folds: list[int] | None = None
        self._scene: tuple | None = None
        self._background = None  # its pixels
        self._recorded: tuple[str, dict] | None = None  # its name and its strokes
        self._known: list[tuple[tuple, tuple[str, dict]]] = []  # the last scenes, each with its background as strokes
        self._catch_up: Callable[[], None] | None = None  # paints the last result, if it was recorded only

    @property
    def empty(self) -> bool:
        """Whether no result was shown yet."""
        return self._background is None and self._catch_up is None

    @property
    def width(self) -> int:
        """The width at which the picture is shown, in pixels of the page."""
        return self.page_size[0]

    @property
    def page_size(self) -> list[int]:
        """Width and height at which the picture is shown, in pixels of the page."""
        return [round(side * DPI) for side in self.description.size]

    def show(self, result) -> None:
        """Put a result into the picture; what the student set in matplotlib's rcParams has no part in it."""
        with matplotlib.rc_context(look()):
            self.paint(result)

    def paint(self, result) -> None:
        """The same without touching rcParams, which all threads share: for a picture drawn beside a running cell.

        The artists must have been made with all they need, because what is made now follows the student's rcParams.
        """
        self._update(result)
        if self._background is None:
            self._lay_out(result)
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._background)
        for artist in self.moving:
            self.figure.draw_artist(artist)
        self._catch_up = None

    def record(self, result) -> Recording:
        """Put a result into the picture and get its strokes; pixels are painted only when somebody asks for them."""
        with matplotlib.rc_context(look()):
            recording = self.trace(result)
        self._catch_up = partial(self.show, result)
        return recording

    def trace(self, result) -> Recording:
        """The same without touching rcParams, as ``paint`` is to ``show``."""
        self._update(result)
        self._recorder.strokes()  # an error may have left some
        if self._recorded is None:
            self._lay_out(result)
            self._recorder.draw(self.figure)
            also = {"folds": self._folds, "axes": ways(self.figure, self._names)}
            background = {**self._recorder.strokes(), **also}
            self._recorded = fingerprint(background), background
            self._known = [*self._known[1 - SCENES :], (self._scene or (), self._recorded)]
        for artist in self.moving:
            self._recorder.draw(artist)
        self._catch_up = partial(self.paint, result)
        return Recording(*self._recorded, self._recorder.strokes())

    def _update(self, result) -> None:
        """Move the artists; in another scene the old background is of no use."""
        changed = self.description.update(self.artists, result)
        scene = (changed, *((*ax.get_xlim(), *ax.get_ylim()) for ax in self.figure.axes))
        if scene != self._scene:
            self._scene, self._background = scene, None
            self._recorded = next((recorded for known, recorded in self._known if known == scene), None)

    def _lay_out(self, result) -> None:
        """Give every Axes its place, once: an axis that moves while a slider is moved looks like a result.

        The room is what all results need that the description names, or else this one; a fold is for all of them, too.
        Each layout starts from where the axes were at first, because matplotlib's result depends on where it starts.
        """
        if self._folds is not None:
            return
        engine, corners, spans = self.figure.get_layout_engine(), [], []
        results = self.description.roomy() or [result]
        if isinstance(engine, ConstrainedLayoutEngine):
            for other in results:
                self.description.update(self.artists, other)
                for ax, place in self._places:
                    ax.set_position(place)
                    ax.set_in_layout(True)  # set_position takes an Axes out of the layout
                engine.execute(self.figure)
                corners.append([ax.get_position(original=True).get_points() for ax in self.figure.axes])
            self.figure.set_layout_engine("none")
            low, high = np.max(corners, 0)[:, 0], np.min(corners, 0)[:, 1]
            for ax, start, end in zip(self.figure.axes, low, high, strict=True):
                ax.set_position(Bbox([start, end]))
        for other in results:
            self.description.update(self.artists, other)
            spans.append(breadths(self.figure))
        self._folds = folds(np.min(spans, 0)[:, 0], np.max(spans, 0)[:, 1])
        self.description.update(self.artists, result)  # labels that keep apart look where the axes are

    def _pixels(self):
        """What Agg has painted, after it has caught up with what was recorded."""
        if self._catch_up is not None:
            self._catch_up()
        elif self._background is None:  # the first frame has failed: what there is without it
            self.canvas.draw()
        return self.canvas.buffer_rgba()

    def rgb(self) -> np.ndarray:
        """The pixels as they are now, (height, width, 3) in uint8."""
        return np.asarray(self._pixels())[..., :3]

    def _image(self) -> Image.Image:
        """The same for Pillow, without a copy; the fourth channel is left out."""
        size = self.canvas.get_width_height(physical=True)
        return Image.frombuffer("RGBX", size, self._pixels(), "raw", "RGBX", 0, 1)

    def png(self, caption: str = "") -> bytes:
        """The picture for a stored notebook, with its sentence below: few colours, so that the file stays small."""
        image, out = self._image().convert("RGB"), io.BytesIO()
        if caption:
            image = above(image, caption)
        few = image.quantize(96, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(out, "png", optimize=True)
        return out.getvalue()


def breadths(figure: Figure) -> np.ndarray:
    """From where to where each Axes reaches with its axis and its title, (axes, 2) in pixels of the page.

    What moves has no say, because it is another in each frame: labels at the ends of lines keep left of the next axis.
    """
    boxes = [ax.get_tightbbox(bbox_extra_artists=[]) or ax.get_window_extent() for ax in figure.axes]
    return np.array([[box.x0, box.x1] for box in boxes]) * DPI / figure.dpi


def folds(starts: np.ndarray, ends: np.ndarray) -> list[int]:
    """Where Axes can be cut apart: left of one, where no other stands; pixels of the page from the left edge."""
    found, reach = [], math.inf
    for start, end in sorted(zip(starts, ends, strict=True)):
        if start > reach:
            found.append(round(start - min(MARGIN, (start - reach) / 2)))
            reach = end
        reach = end if reach == math.inf else max(reach, end)
    return found


def above(image: Image.Image, caption: str) -> Image.Image:
    """An image with a text below it: where nothing is alive, picture and sentence must stay together."""
    dpi = DPI * SHARPNESS
    width = image.width / dpi  # inches
    lines = wrap(caption, round(LETTERS * width))
    height = LINE * (len(lines) + 0.6)
    with matplotlib.rc_context(look()):
        strip = Figure(figsize=(width, height), dpi=dpi)
        canvas = FigureCanvasAgg(strip)
        strip.text(0.01, 1, "\n".join(lines), va="top", fontsize=10, linespacing=1.25, parse_math=False)
        canvas.draw()
    letters = np.asarray(canvas.buffer_rgba())[..., :3]
    text = Image.fromarray(letters // SHADES * SHADES + (SHADES - 1))  # few shades, so that it is small
    both = Image.new("RGB", (image.width, image.height + text.height), "white")
    both.paste(image, (0, 0))
    both.paste(text, (0, image.height))
    return both


def fingerprint(strokes: dict) -> str:
    """A short name for strokes: the same for equal ones."""
    told = {name: part for name, part in strokes.items() if name not in ("points", "images")}
    parts = [json.dumps(told).encode(), strokes["points"], *strokes["images"]]
    return hashlib.blake2b(b"".join(parts), digest_size=8).hexdigest()


def by_name(artists) -> dict:
    """What ``draw`` returned, if it can be used."""
    if not isinstance(artists, dict):
        remedy = "return {'line': ax.plot([], [])[0]}"
        raise TypeError(f"draw must return the artists that move, by name. Got {artists!r}. Try {remedy}.")
    return artists


def flatten(artists) -> list[Artist]:
    """All artists in a nest of dictionaries and lists."""
    if isinstance(artists, Artist):
        return [artists]
    nested = artists.values() if isinstance(artists, dict) else artists
    return [artist for part in nested for artist in flatten(part)]
