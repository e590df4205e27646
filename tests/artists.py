"""What artists show: read it, compare it with what they must show, and spoil it to see that the comparison notices.

What an artist shows, and what it must show, is a dictionary of numbers and texts, such as ``curve(x, y)``; ``{}`` means
that nothing is to be seen. A picture is a dictionary {name: artist or list of artists}, as ``draw`` returns it.
"""

import numpy as np
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Polygon, Rectangle, StepPatch
from matplotlib.path import Path
from matplotlib.text import Text

from nnlab.analysis.plots import spread
from nnlab.stage.live.picture import Backdrop

__all__ = [
    "band", "cells", "complaints", "contours", "curve", "differs", "ends", "everything", "flat", "shown_by", "still",
    "survivors", "words",
]  # fmt: skip

ROUNDING = 1e-7  # of the largest number of a series


def curve(x, y) -> dict:
    """A line or marks through these points, lifted at nan; nothing where there are none."""
    x, y = np.broadcast_arrays(*(np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel() for values in (x, y)))
    lifted = np.isnan(x + y)
    return {"x": np.where(lifted, np.nan, x), "y": np.where(lifted, np.nan, y)} if not lifted.all() else {}


def band(x, low, high) -> dict:
    """A filled area between two curves."""
    return {"x": np.asarray(x, dtype=float), "low": np.asarray(low, float), "high": np.asarray(high, float)}


def cells(columns, rows, values) -> dict:
    """A coloured rectangle for each of values (row, column) between the edges; nan where there is none."""
    x, y = np.meshgrid(np.asarray(columns, float), np.asarray(rows, float))
    return {"x": x, "y": y, "values": np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)}


def words(text: str, **place) -> dict:
    """A text, and where it stands (``x``, ``y``) if that tells something."""
    return {"text": text, **{side: np.atleast_1d(float(value)) for side, value in place.items()}} if text else {}


def ends(lines, gap: float) -> list[float]:
    """Where labels of lines stand, as a share of the height of the Axes: at the last points, ``gap`` apart."""
    heights = []
    for line in lines:
        x, y = shown_by(line)["x"], shown_by(line)["y"]
        last = np.flatnonzero(np.isfinite(y))[-1]
        to_axes = line.axes.transData + line.axes.transAxes.inverted()
        heights.append(float(to_axes.transform((x[last], y[last]))[1]))
    return spread(heights, gap)


def shown_by(artist) -> dict:
    """What an artist shows now."""
    if not artist.get_visible():
        return {}
    match artist:
        case Line2D():
            return curve(*artist.get_data(orig=False))
        case AxesImage():
            return {"values": np.asarray(artist.get_array(), float), "extent": np.array(artist.get_extent(), float)}
        case Backdrop():
            return {"values": artist.colours.astype(float)}
        case StepPatch():
            return {"values": np.asarray(artist.get_data().values, float), "edges": artist.get_data().edges}
        case Rectangle():
            return curve([artist.get_x() + artist.get_width() / 2], [artist.get_y() + artist.get_height()])
        case PathPatch():
            return {"outline": artist.get_path().vertices}
        case Polygon():
            return area(artist.get_xy())
        case ContourSet():
            return contours(artist)
        case PathCollection():
            x, y = artist.get_offsets().T
            return {"x": np.asarray(x), "y": np.asarray(y), "sizes": artist.get_sizes()}
        case QuadMesh():
            x, y = np.moveaxis(artist.get_coordinates(), -1, 0)
            return cells(x[0], y[:, 0], artist.get_array())
        case LineCollection():
            return {"outline": np.concatenate(lines)} if (lines := artist.get_segments()) else {}
        case PolyCollection():
            return area(np.concatenate([path.vertices for path in artist.get_paths()]))
        case Text():
            return words(artist.get_text(), x=artist.get_position()[0], y=artist.get_position()[1])
    raise TypeError(f"shown_by must learn to read {artist!r}.")


def contours(drawn: ContourSet) -> dict:
    """All level lines, one after the other."""
    return {"outline": np.concatenate([path.vertices for path in drawn.get_paths()])}


def area(corners: np.ndarray) -> dict:
    """The band whose outline has these corners, (corner, 2)."""
    x = np.unique(corners[:, 0])
    heights = [corners[corners[:, 0] == place, 1] for place in x]
    return band(x, [each.min() for each in heights], [each.max() for each in heights])


def put(artist, shown: dict) -> None:
    """Make an artist show something else: the counterpart of ``shown_by``."""
    match artist:
        case Line2D():
            artist.set_data(shown["x"], shown["y"])
        case AxesImage():
            artist.set(data=shown["values"].astype(artist.get_array().dtype), extent=shown["extent"])
        case Backdrop():
            artist.colours = shown["values"].astype(np.uint8)
        case StepPatch():
            artist.set_data(shown["values"], shown["edges"])
        case Rectangle():
            artist.set_x(shown["x"][0] - artist.get_width() / 2)
            artist.set_height(shown["y"][0] - artist.get_y())
        case PathPatch():
            artist.set_path(Path(shown["outline"], artist.get_path().codes))
        case ContourSet():
            artist.set_paths(split(shown["outline"], artist.get_paths()))
        case PathCollection():
            artist.set(offsets=np.c_[shown["x"], shown["y"]], sizes=shown["sizes"])
        case QuadMesh():
            artist.set_array(np.ma.masked_invalid(shown["values"]))
            artist._coordinates = np.stack([shown["x"], shown["y"]], -1)  # matplotlib has no setter
        case Polygon():
            artist.set_xy(outline(shown))
        case PolyCollection():
            artist.set_verts([outline(shown)])
        case Text():
            artist.set(text=shown["text"], position=(shown["x"][0], shown["y"][0]))


def split(vertices: np.ndarray, paths: list) -> list:
    """Paths like these with other vertices."""
    cuts = np.cumsum([len(path.vertices) for path in paths])[:-1]
    return [Path(part, path.codes) for part, path in zip(np.split(vertices, cuts), paths, strict=True)]


def outline(shown: dict) -> np.ndarray:
    """The corners of a band, once round."""
    return np.r_[np.c_[shown["x"], shown["low"]], np.c_[shown["x"], shown["high"]][::-1]]


def flat(artists, name: str = "") -> dict:
    """All leaves of a nest by name: {"lines": [a, b]} gives {"lines 0": a, "lines 1": b}; what one shows is a leaf."""
    shown = isinstance(artists, dict) and all(isinstance(part, np.ndarray | str) for part in artists.values())
    if isinstance(artists, dict) and not shown:
        parts = artists.items()
    elif isinstance(artists, list | tuple):
        parts = enumerate(artists)
    else:
        return {name: artists}
    return {key: part for inner, each in parts for key, part in flat(each, f"{name} {inner}".strip()).items()}


def still(figure, moving: dict) -> dict:
    """What else the Axes of a figure show, in the order in which it was drawn: {"still 0": artist, ...}."""
    known = set(map(id, moving.values()))
    found = [a for ax in figure.axes for a in (*ax.lines, *ax.collections, *ax.images, *ax.patches, *ax.artists)]
    return {f"still {k}": artist for k, artist in enumerate(a for a in found if id(a) not in known)}


def everything(figure) -> dict:
    """All that the Axes of a figure show, texts last: {"still 0": artist, ..., "text 0": text, ...}."""
    return still(figure, {}) | {f"text {k}": text for k, text in enumerate(t for ax in figure.axes for t in ax.texts)}


def complaints(artists: dict, wanted: dict) -> list[str]:
    """A sentence for every artist that does not show what it must; both by name."""
    if artists.keys() != wanted.keys():
        return [f"no word is said about what these show: {artists.keys() ^ wanted.keys()}"]
    return [
        f"{name} {reason}" for name, artist in artists.items() if (reason := differs(shown_by(artist), wanted[name]))
    ]


def differs(shown: dict, wanted: dict) -> str:
    """What is wrong with that which is shown; of a text only what is wanted matters."""
    if bool(shown) != bool(wanted):
        return f"shows {list(shown) or 'nothing'}, and not {list(wanted) or 'nothing'}"
    for part, value in wanted.items():
        got = shown[part]
        if isinstance(value, str):
            if got != value:
                return f"says {got!r}, and not {value!r}"
        elif not close(got, value):
            return f"shows another {part}: {np.ravel(got)[:3]} ... and not {np.ravel(value)[:3]} ..."
    return ""


def close(got, value) -> bool:
    """Whether two arrays are the same but for rounding."""
    atol = 1e-15 + ROUNDING * np.abs(value[np.isfinite(value)]).max(initial=0)
    return np.shape(got) == np.shape(value) and np.allclose(got, value, rtol=ROUNDING, atol=atol, equal_nan=True)


def survivors(artists: dict, wanted: dict) -> list[str]:
    """Which false artists ``complaints`` would not see: none, if it is worth anything."""
    return [
        f"{name}, {how}"
        for name, artist in artists.items()
        for how in spoils(artist, wanted[name])
        if not complaints({name: artist}, {name: wanted[name]})
    ]


def spoils(artist, wanted: dict):
    """Spoil what an artist must show in every way, one at a time; it is as before in the end.

    Each part is scaled by 0.8 (unless it is zero) and shifted by a tenth of its size, and all of it is dropped.
    """
    before = shown_by(artist)
    for part, value in wanted.items():
        if isinstance(value, str):
            put(artist, before | {part: value + "?"})
            yield f"{part} misspelt"
            continue
        size = np.nanmax(np.abs(value))
        if size > 1e-14:
            put(artist, before | {part: 0.8 * before[part]})
            yield f"{part} scaled"
        put(artist, before | {part: before[part] + 0.1 * (size if size > 1e-14 else 1.0)})
        yield f"{part} shifted"
    if wanted:
        put(artist, before)
        artist.set_visible(False)
        yield "dropped"
        artist.set_visible(True)
