"""What an eye can tell apart in recorded strokes: how much a text or a line stands out from what it lies on."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.path import Path
from PIL import Image, ImageDraw
from read_strokes import cells, letters, read
from themes import contrast, inverted, over, themed

__all__ = ["Seen", "seen"]

CODES = {"M": Path.MOVETO, "L": Path.LINETO, "Q": Path.CURVE3, "C": Path.CURVE4}
EACH = {"M": 1, "L": 1, "Q": 2, "C": 3}
START = {"left": 0, "center": -0.5, "right": -1}


class Seen(NamedTuple):
    """A text, a line, or markers: its contrast with its ground, its colour in the light theme, and its words."""

    kind: str
    contrast: float
    colour: str
    words: str


def seen(*layers: dict, dark: bool = False) -> list[Seen]:
    """Everything in some strokes that lies on something, the first ones at the bottom."""
    width, height = (round(side) for side in layers[0]["size"])
    ground, found = np.ones((height, width, 3)), []
    for layer in layers:
        for op, *chains in read(layer):
            found += KINDS[op[0]](ground, layer, op, chains, dark)
    return found


def text(ground, layer, op, chains, dark):
    """Compared with what lies along the middle of its letters."""
    _, words, _, x, y, size, angle, align, width, colour, _ = op
    if colour[7:] == "00":
        return []  # hidden
    way = np.radians(angle)
    along = (START[align] + np.linspace(0.02, 0.98, 25)) * width
    up = 0.3 * size
    places = np.stack([x + along * np.cos(way) - up * np.sin(way), y - along * np.sin(way) - up * np.cos(way)], -1)
    return [Seen("text", worst(ground, places, themed(colour, dark)), colour, words)]


def path(ground, layer, op, chains, dark):
    """A line is compared with what lies along it; what is filled becomes the ground of what follows."""
    _, style, clip, codes, _ = op
    stroke, width, _, _, _, fill = layer["styles"][style]
    found = []
    if stroke:
        points = along(codes, chains[0])
        points = inside(points, clip_of(layer, clip))
        if len(points):
            found.append(Seen("line", worst(ground, points, themed(stroke, dark)), stroke, f"{width:g} px"))
    if fill:
        if not stroke and fill[7:] in ("", "ff") and "Q" in codes:  # letters of a formula
            middle = inside(chains[0], None)
            found.append(Seen("text", worst(ground, middle, themed(fill, dark)), fill, "a formula"))
        else:
            flood(ground, as_path(codes, chains[0]), themed(fill, dark), clip_of(layer, clip))
    return found


def markers(ground, layer, op, chains, dark):
    """Fill or edge must stand out from the ground, or the fill from its edge."""
    _, style, clip, _, _, _ = op
    stroke, _, _, _, _, fill = layer["styles"][style]
    shape, places = chains
    places = inside(places, clip_of(layer, clip))
    if not len(places):
        return []
    ways = [worst(ground, places, themed(colour, dark)) for colour in (stroke, fill) if colour]
    if stroke and fill and stroke != fill:
        ways.append(float(contrast(themed(stroke, dark)[:3], themed(fill, dark)[:3])))
    return [Seen("markers", max(ways), fill or stroke, f"{len(places)} of {np.ptp(shape[:, 0]):.0f} px")]


def image(ground, layer, op, chains, dark):
    """An image is ground."""
    _, clip, columns, rows, (a, _, _, d, e, f), _, keep, _ = op
    height, width = ground.shape[:2]
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    column, row = np.floor((x - e) / a * columns).astype(int), np.floor((y - f) / d * rows).astype(int)
    here = (column >= 0) & (column < columns) & (row >= 0) & (row < rows) & clipped(ground, clip_of(layer, clip))
    colours, number = np.unique(cells(layer, op).reshape(-1, 4), axis=0, return_inverse=True)
    shown = [inverted(tuple(c)) if dark and not keep else c / 255 for c in colours]
    table = np.array(shown)[number.ravel()].reshape(rows, columns, 4)
    ground[here] = over(table[row[here], column[here]], ground[here])
    return []


KINDS = {"t": text, "p": path, "m": markers, "i": image}


def clip_of(layer, number):
    return layer["clips"][number] if number >= 0 else None


def worst(ground, places, colour):
    """The contrast that a colour has at least at nine of ten places, (point, 2)."""
    height, width = ground.shape[:2]
    column, row = np.floor(places).astype(int).T
    under = ground[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return float(np.quantile(contrast(over(colour, under), under), 0.1))


def as_path(codes, points):
    kinds, chain, start, k = [], [], (0, 0), 0
    for letter, count in letters(codes):
        if letter == "Z":
            kinds, chain = [*kinds, Path.CLOSEPOLY], [*chain, start]
            continue
        n = EACH[letter] * count
        kinds += [CODES[letter]] * n
        chain += points[k : k + n].tolist()
        start = points[k] if letter == "M" else start
        k += n
    return Path(chain, kinds)


def along(codes, points):
    """Places on a line, at most two pixels apart, (place, 2)."""
    found = []
    for part in as_path(codes, points).to_polygons(closed_only=False):
        for one, other in pairwise(part):
            steps = max(2, int(np.hypot(*(other - one)) / 2))
            found.append(one + np.linspace(0, 1, steps)[:, None] * (other - one))
    return np.concatenate(found) if found else np.empty((0, 2))


def inside(points, clip):
    if clip is None:
        return points
    left, top, width, height = clip
    (x, y) = points.T
    return points[(x >= left) & (x <= left + width) & (y >= top) & (y <= top + height)]


def clipped(ground, clip):
    """Where it is drawn, (row, column)."""
    here = np.zeros(ground.shape[:2], bool)
    left, top, width, height = (round(v) for v in clip or (0, 0, *ground.shape[1::-1]))
    here[max(0, top) : top + height, max(0, left) : left + width] = True
    return here


def flood(ground, shape, colour, clip):
    """Paint what a path encloses: what lies in two of its parts is a hole."""
    height, width = ground.shape[:2]
    hit = np.zeros((height, width), bool)
    for part in shape.to_polygons():
        mask = Image.new("1", (width, height))
        ImageDraw.Draw(mask).polygon([tuple(point) for point in part.tolist()], fill=1)
        hit ^= np.asarray(mask)
    hit &= clipped(ground, clip)
    ground[hit] = over(colour, ground[hit])
