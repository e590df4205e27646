"""Strokes: what a picture consists of, written so that a browser can draw it and so that it is small.

Everything is in pixels of the page, 100 to an inch, counted from the top left corner. This module knows the form in
which paths, markers, texts and images travel; ``recorder`` gets them from matplotlib, ``front/strokes.js`` draws them.
"""

from functools import lru_cache

import numpy as np
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox
from PIL import Image

__all__ = ["GRAIN", "WORD", "Sheet", "grains", "in_bytes", "outline"]

GRAIN = 8  # coordinates are whole numbers of this part of a pixel
REACH = 2000  # pixels; filled shapes are cut there, so that every difference fits into 16 bits
EVERYWHERE = Bbox([[-REACH, -REACH], [REACH, REACH]])
SHORT = 16  # paths with fewer points are not thinned
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
EACH = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 1}  # entries that matplotlib makes of one letter
COLOURS = 256  # of an image at most
BYTE, WORD = 127, -128  # the longest step that fits into a byte; what says that two bytes follow


class Sheet:
    """What was drawn so far. A style, a clip and an operation are written once and then referred to by number."""

    def __init__(self) -> None:
        self.ops: list[list] = []
        self._styles: dict[tuple, int] = {}
        self._clips: dict[tuple, int] = {}
        self._points: list[np.ndarray] = []
        self._images: list[bytes] = []

    def style(self, style: tuple) -> int:
        """The number of a style: (stroke, width, dash, cap, join, fill)."""
        return self._styles.setdefault(style, len(self._styles))

    def clip(self, box: tuple | None) -> int:
        """The number of a rectangle (x, y, width, height); -1 for none."""
        return -1 if box is None else self._clips.setdefault(box, len(self._clips))

    def add(self, op: list, *chains: np.ndarray) -> None:
        """An operation and its points, as whole numbers (point, 2): each chain starts at a place of its own."""
        self.ops.append(op)
        for chain in chains:
            self._points.append(np.diff(np.clip(chain, -REACH * GRAIN, REACH * GRAIN), axis=0, prepend=0))

    def add_image(self, op: list, cells: np.ndarray) -> None:
        """An image and its cells, (row, column, 4) in uint8."""
        self.ops.append([*op, len(self._images)])
        self._images.append(indexed(cells.tobytes(), cells.shape[1]))

    def strokes(self, size: list) -> dict:
        """All of it, as it travels: JSON, but for two kinds of bytes.

        ``styles`` and ``clips`` are what operations refer to by number (clip -1: none); ``ops`` are drawn in order:

        - ``["p", style, clip, codes, snap]``: a path, "M1L3Z" for one move, three lines, and closed; Q and C are
          curves of 2 and 3 points; with ``snap`` its lines fill whole pixels of the screen.
        - ``["m", style, clip, codes, snap, count]``: a shape around (0, 0), and the ``count`` places where it stands.
        - ``["t", text, clip, x, y, size, angle, align, width, colour, weight]``: a line of text on its base line.
        - ``["i", clip, columns, rows, [a, b, c, d, e, f], smooth, keep, image]``: cells on the unit square, which the
          transform takes to the page; ``keep``: the colours mean themselves; ``image``: which of ``images``.

        A background of a picture has ``axes``, too: see ``handles.ways``.

        ``points``: x, y, x, y, ... of all paths, shapes and places in order, in grains, each as the difference from
        the one before it: one byte, or -128 and two bytes where it is longer than 127 (little endian).
        ``images``: up to 256 colours (RGBA), then one byte for each cell, the number of its colour.
        """
        points = np.concatenate(self._points).ravel() if self._points else np.empty(0, int)
        return {
            "size": size,
            "styles": [[list(part) if isinstance(part, tuple) else part for part in style] for style in self._styles],
            "clips": [list(clip) for clip in self._clips],
            "ops": self.ops,
            "points": in_bytes(points),
            "images": self._images,
        }


def grains(points: np.ndarray) -> np.ndarray:
    """Pixels as whole numbers of grains."""
    return np.rint(GRAIN * np.clip(points, -REACH, REACH)).astype(np.int32)


def in_bytes(steps: np.ndarray) -> bytes:
    """Whole numbers (number,), most of them small, in one byte or in three: -128, then 16 bits, little endian.

    >>> list(in_bytes(np.array([5, -1, 300])))
    [5, 255, 128, 44, 1]
    """
    long = np.abs(steps) > BYTE
    each = np.empty((len(steps), 3), np.int8)
    each[:, 0] = np.where(long, WORD, steps)
    each[:, 1:] = steps.astype("<i2").view(np.int8).reshape(-1, 2)
    needed = np.ones(each.shape, bool)
    needed[:, 1:] = long[:, None]
    return each[needed].tobytes()


def outline(path: Path, transform: Affine2D, size: tuple[float, float] | None) -> tuple[str, np.ndarray, bool]:
    """Letters of a path, its points (point, 2) in grains, and whether all of it runs along the axes.

    Args:
        path: may have curves, gaps (nan) and closed parts.
        transform: to the page.
        size: of the page, for a line; what runs outside is left out. None for a shape that is filled.
    """
    codes, vertices = cleaned(path, transform, size)
    bent = bool((codes == Path.CURVE3).any() or (codes == Path.CURVE4).any())
    straight = not bent and along_the_axes(codes, vertices)
    points = grains(vertices)
    if not bent:
        for choose in (apart, corners):
            needed = choose(codes, points)
            codes, points = codes[needed], points[needed]
    return letters(codes), points[codes != Path.CLOSEPOLY], straight


def cleaned(path: Path, transform: Affine2D, size: tuple[float, float] | None) -> tuple[np.ndarray, np.ndarray]:
    """Codes (point,) and places (point, 2) of a path without gaps, needless points and what is far away."""
    bent = path.codes is not None and bool(np.isin(path.codes, (Path.CURVE3, Path.CURVE4)).any())
    thin = size is not None and not bent and len(path) >= SHORT
    clip = None if size is None else (-1, -1, size[0] + 1, size[1] + 1)
    path = path.cleaned(transform, remove_nans=True, clip=clip, simplify=thin, curves=True)
    if size is None and np.abs(path.vertices).max(initial=0) > REACH:
        parts = [Path(part).clip_to_bbox(EVERYWHERE) for part in path.to_polygons(closed_only=False)]
        path = Path.make_compound_path(*parts).cleaned()
    codes, vertices = np.asarray(path.codes), np.asarray(path.vertices)
    drawn = codes != Path.STOP
    return codes[drawn], vertices[drawn]


def along_the_axes(codes: np.ndarray, vertices: np.ndarray) -> bool:
    """Whether every line of the path is horizontal or vertical: then Agg aligns it to pixels."""
    slanted = (np.abs(np.diff(vertices, axis=0)) >= 1e-4).all(-1)
    return not bool((slanted & (codes[1:] == Path.LINETO)).any())


def apart(codes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points are not where the one before them is, (point,)."""
    needed = np.ones(len(codes), bool)
    still = (points[1:] == points[:-1]).all(-1)
    needed[1:] = ~(still & (codes[1:] == Path.LINETO) & (codes[:-1] == Path.LINETO))
    return needed


def corners(codes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points are needed, (point,): not those on the straight way between their neighbours."""
    needed = np.ones(len(codes), bool)
    (dx, dy), (next_dx, next_dy) = np.diff(points[:-1], axis=0).T, np.diff(points[1:], axis=0).T
    onward = (dx * next_dy == dy * next_dx) & (dx * next_dx + dy * next_dy > 0)
    needed[1:-1] = ~(onward & (codes[1:-1] == Path.LINETO) & (codes[2:] == Path.LINETO))
    return needed


def letters(codes: np.ndarray) -> str:
    """Matplotlib's codes in runs.

    >>> letters(np.array([1, 2, 2, 2, 79]))
    'M1L3Z'
    """
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(starts, append=len(codes))
    runs = [(LETTERS[code], length) for code, length in zip(codes[starts].tolist(), lengths.tolist(), strict=True)]
    return "".join(letter if letter == "Z" else f"{letter}{length // EACH[letter]}" for letter, length in runs)


@lru_cache(32)  # in most frames some images stay as they were
def indexed(cells: bytes, columns: int) -> bytes:
    """A table of its colours, then the number of its colour for each cell. Exact for up to 256 colours."""
    each = np.frombuffer(cells, np.uint32)
    colours, indices = np.unique(each, return_inverse=True)
    if len(colours) > COLOURS:
        image = Image.frombytes("RGBA", (columns, len(each) // columns), cells)
        opaque = image.getchannel("A").getextrema() == (255, 255)
        few = image.convert("RGB" if opaque else "RGBA").quantize(COLOURS, Image.Quantize.FASTOCTREE)
        each = np.frombuffer(few.convert("RGBA").tobytes(), np.uint32)
        colours, indices = np.unique(each, return_inverse=True)
    return colours.tobytes() + indices.astype(np.uint8).tobytes()
