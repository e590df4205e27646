"""Places in a picture: handles that can be dragged, each in the name of one or two sliders, and curves with a name."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from nnlab.analysis.palette import FAINT
from nnlab.stage.description import Handle
from nnlab.stage.drawing.recorder import INCH

__all__ = ["names", "places", "ways"]


def places(handles: Iterable[Handle], artists: dict[str, Any], figure: Figure) -> list[dict]:
    """Where the handles of a picture are now, in pixels of its page, and what a way along each axis means.

    A handle lies on the middle of a line, or at the end of a bar; what shows nothing, or lies outside, has no handle.
    """
    found = []
    for handle in handles:
        artist = artists[handle.artist]
        line = artist if isinstance(artist, Artist) else artist[handle.number]
        ax: Any = line.axes
        if ax is None or not line.get_visible():
            continue
        points = line.get_transform().transform(shown(line))
        points = points[np.isfinite(points).all(-1)]
        if len(points) and inside(ax, points.mean(0)):
            at = points.mean(0)
            ways = {"x": way(figure, ax, 0, handle.x), "y": way(figure, ax, 1, handle.y)}
            found.append({"label": handle.label, "at": on_page(figure, at), **ways})
    return found


def names(figure: Figure, artists: dict[str, Any]) -> list[list[list]]:
    """What the lines of each Axes are called: [colour, width, whether it is dashed, name].

    A line is called by its label, or by the text in its colour right of an Axes, or else as ``draw`` calls it.
    """
    keys = {
        id(line): name for name, entry in artists.items() for line in ([entry] if isinstance(entry, Artist) else entry)
    }
    ends = [text for ax in figure.axes for text in ax.texts if text.get_transform() == ax.transAxes]
    beside = {to_hex(text.get_color(), True): text.get_text() for text in ends if text.get_position()[0] >= 1}
    found: list[list[list]] = []
    for ax in figure.axes:
        found.append([])
        for line in ax.lines:
            colour, label = to_hex(to_rgba(line.get_color(), line.get_alpha()), True), str(line.get_label())
            own = "" if label.startswith("_") else label
            name = own or beside.get(colour) or keys.get(id(line), "").replace("_", " ")
            if name and colour[:7] != FAINT:
                width = round(line.get_linewidth() * INCH / 72, 2)
                dashed = line.get_linestyle() not in ("-", "None")
                found[-1].append([colour, width, dashed, name.replace("\n", " ").replace("$", "")])
    return found


def ways(figure: Figure, called: list[list[list]]) -> list[dict]:
    """Each Axes with named lines as the front end must know it to tell their values; ``called`` is from ``names``."""
    return [
        {"x": scale(figure, ax, 0), "y": scale(figure, ax, 1), "names": lines}
        for ax, lines in zip(figure.axes, called, strict=True)
        if lines
    ]


def shown(artist: Artist) -> np.ndarray:
    """The points of a line, or the middle of the end of a bar, (point, 2) in what the artist's transform takes."""
    if isinstance(artist, Line2D):
        return np.asarray(artist.get_xydata(), float)
    if isinstance(artist, Rectangle):
        return np.array([[0.5, 1.0]])
    raise TypeError(f"A handle must lie on a line or a bar. Got {type(artist).__name__}. Try the line of a marker.")


def inside(ax: Axes, point: np.ndarray) -> bool:
    """Whether a point (in matplotlib's pixels) lies in the Axes or on its edge."""
    (left, bottom), (right, top) = ax.bbox.get_points()
    return bool(left - 1 <= point[0] <= right + 1 and bottom - 1 <= point[1] <= top + 1)


def on_page(figure: Figure, point: np.ndarray) -> list[float]:
    """From matplotlib's pixels, which count upwards, to those of the page."""
    scale = INCH / figure.dpi
    return [round(scale * float(point[0]), 1), round(scale * float(figure.bbox.height - point[1]), 1)]


def way(figure: Figure, ax: Axes, which: int, control: str | None) -> dict | None:
    """An axis as the front end must know it: from which pixel to which, and from which value to which."""
    return None if control is None else {"control": control, **scale(figure, ax, which)}


def scale(figure: Figure, ax: Axes, which: int) -> dict:
    """An axis: from which pixel to which, from which value to which, how they lie, and what it is called."""
    ends = [on_page(figure, corner)[which] for corner in ax.bbox.get_points()]
    axis, limits = (ax.xaxis, ax.get_xlim()) if which == 0 else (ax.yaxis, ax.get_ylim())
    kind = axis.get_scale()
    place = {"pixels": ends, "values": [float(v) for v in limits], "log": kind == "log"}
    return {**place, "told": kind in ("linear", "log"), "label": axis.get_label_text()}
