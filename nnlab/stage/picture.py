"""The picture of an explorer: an Agg figure of its own, with a background drawn once and artists that move."""

import io
from collections.abc import Callable
from functools import cache
from typing import Protocol

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from nnlab.analysis.plots import STYLE

__all__ = ["Picture"]

DPI = 100  # at the shown size
SHARPNESS = 1.5  # pixels of the image for each pixel of the page
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


class Picture:
    """Draws the results of one description; knows nothing of widgets, pyplot or other pictures.

    A full ``canvas.draw()`` takes about 0.1 s. So everything that stays is drawn once and kept, and each frame
    restores it and draws only the moving artists, which takes a few milliseconds.
    """

    def __init__(self, description: Drawing):
        self.description = description
        with matplotlib.rc_context(look()):
            layout = ConstrainedLayoutEngine(rect=(0, 0, 0.985, 1))  # labels at the right edge keep a margin
            self.figure = Figure(figsize=description.size, dpi=DPI * SHARPNESS, layout=layout)
            self.canvas = FigureCanvasAgg(self.figure)
            self.artists = description.draw(self.figure)
        self.moving = sorted(flatten(self.artists), key=lambda artist: artist.get_zorder())
        for artist in self.moving:
            artist.set_animated(True)  # canvas.draw() leaves it out
        self._places = [(ax, ax.get_position(original=True)) for ax in self.figure.axes]
        self._scene: tuple | None = None
        self._background = None

    @property
    def empty(self) -> bool:
        """Whether no result was shown yet."""
        return self._background is None

    @property
    def width(self) -> int:
        """The width at which the picture is shown, in pixels of the page."""
        return round(self.description.size[0] * DPI)

    def show(self, result) -> None:
        """Put a result into the picture; what the student set in matplotlib's rcParams has no part in it."""
        with matplotlib.rc_context(look()):
            self.paint(result)

    def paint(self, result) -> None:
        """The same without touching rcParams, which all threads share: for a picture drawn beside a running cell.

        The artists must have been made with all they need, because what is made now follows the student's rcParams.
        """
        changed = self.description.update(self.artists, result)
        scene = (changed, *((*ax.get_xlim(), *ax.get_ylim()) for ax in self.figure.axes))
        if scene != self._scene:
            self._draw_background()
            self._scene = scene
        self.canvas.restore_region(self._background)
        for artist in self.moving:
            self.figure.draw_artist(artist)

    def _draw_background(self) -> None:
        """Lay out and draw everything that stays.

        The layout starts from where the axes were at first, because matplotlib's result depends on where it
        starts, and a picture must not depend on the pictures before it.
        """
        for ax, place in self._places:
            ax.set_position(place)
            ax.set_in_layout(True)  # set_position takes an Axes out of the layout
        self.canvas.draw()
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)

    def rgb(self) -> np.ndarray:
        """The pixels as they are now, (height, width, 3) in uint8."""
        return np.asarray(self.canvas.buffer_rgba())[..., :3]

    def _image(self) -> Image.Image:
        """The same for Pillow, without a copy: the JPEG encoder skips the fourth channel by itself."""
        size = self.canvas.get_width_height(physical=True)
        return Image.frombuffer("RGBX", size, self.canvas.buffer_rgba(), "raw", "RGBX", 0, 1)

    def jpeg(self, draft: bool = False) -> bytes:
        """The picture for the live widget: quick to encode. A draft is half as large; the next one soon replaces it."""
        look = {"quality": 80, "subsampling": 2} if draft else {"quality": 90, "subsampling": 0}
        out = io.BytesIO()
        self._image().save(out, "jpeg", **look)
        return out.getvalue()

    def png(self) -> bytes:
        """The picture for a stored notebook: few colours, so that the file stays small."""
        out = io.BytesIO()
        few = self._image().convert("RGB").quantize(96, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(out, "png", optimize=True)
        return out.getvalue()


def flatten(artists) -> list[Artist]:
    """All artists in a nest of dictionaries and lists."""
    if isinstance(artists, Artist):
        return [artists]
    nested = artists.values() if isinstance(artists, dict) else artists
    return [artist for part in nested for artist in flatten(part)]
