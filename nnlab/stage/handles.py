"""Handles: places in a picture that can be dragged, each in the name of one or two sliders."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from nnlab.stage.description import Handle
from nnlab.stage.recorder import INCH

__all__ = ["places"]


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
    if control is None:
        return None
    ends = [on_page(figure, corner)[which] for corner in ax.bbox.get_points()]
    axis, limits = (ax.xaxis, ax.get_xlim()) if which == 0 else (ax.yaxis, ax.get_ylim())
    return {"control": control, "pixels": ends, "values": [float(v) for v in limits], "log": axis.get_scale() == "log"}
