"""The recorder: matplotlib draws on it as on a canvas, and it writes strokes down instead of painting pixels."""

from functools import cached_property, lru_cache, partial
from typing import cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, weight_dict
from matplotlib.image import AxesImage
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Affine2D, IdentityTransform

from nnlab.stage.drawing.strokes import GRAIN, Sheet, grains, outline

__all__ = ["INCH", "Recorder"]

IDENTITY = IdentityTransform()
INCH = 100  # pixels of the page
POINT = INCH / 72
ALIGNED_AT_MOST = 1024  # points of a path that Agg aligns to pixels by itself
SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}  # of the width of a text
PHOTOGRAPH = "photograph"  # the url of an image whose colours mean themselves, in every theme


class Recorder(RendererBase):
    """Takes the place of Agg's renderer for one figure.

    Everything that asks for a size gets Agg's answer, so that the layout is the one of the PNG.

    Args:
        figure: on an Agg canvas, of any dpi; its size stays as it is.

    >>> figure = FigureCanvasAgg(Figure((8, 3.6))).figure
    >>> recorder = Recorder(figure)
    >>> recorder.draw(figure)
    >>> recorder.strokes()["size"]
    [800.0, 360.0]
    """

    def __init__(self, figure: Figure):
        super().__init__()
        self.figure = figure
        self._sheet = Sheet()
        self._size = (INCH * figure.get_size_inches()).tolist()  # in pixels of the page
        self._scale = INCH / figure.dpi
        self._page = np.array([[self._scale, 0, 0], [0, -self._scale, self._size[1]], [0, 0, 1]])
        self._block: list[list] = []  # the lines of the text that is being drawn
        self._smooth = True  # how the next image is enlarged

    @cached_property
    def _measure(self):
        """Agg's measures of texts. Its renderer holds the pixels of a whole picture, so it is not made before."""
        agg = cast(FigureCanvasAgg, self.figure.canvas).get_renderer()
        return lru_cache(1000)(agg.get_text_width_height_descent)

    def draw(self, artist: Artist) -> None:
        """Record an artist with all that is in it."""
        for image in artist.findobj(AxesImage):
            # only asked if the renderer scales images, so that Agg draws as ever
            vars(image).update(_check_unsampled_image=partial(self._notice, image))
        artist.draw(self)

    def strokes(self) -> dict:
        """Everything drawn since the last call; the next drawing starts on an empty sheet."""
        sheet, self._sheet = self._sheet, Sheet()
        return sheet.strokes([round(side, 2) for side in self._size])

    def points_to_pixels(self, points):
        return points * self.figure.dpi / 72

    def get_canvas_width_height(self):
        return tuple(self.figure.bbox.size)

    def get_text_width_height_descent(self, s, prop, ismath):
        return self._measure(s, prop.copy(), ismath)  # a copy, because it is kept

    def option_image_nocomposite(self):
        return True

    def option_scale_image(self):
        return True

    def draw_path(self, gc, path, transform, rgbFace=None):
        style = style_of(gc, rgbFace)
        if style is not None:
            codes, points, straight = outline(path, self._to_page(transform), self._size if rgbFace is None else None)
            if len(points):
                op = ["p", self._sheet.style(style), self._clip(gc), codes, aligned(gc, straight, path)]
                self._sheet.add(op, points)

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        style = style_of(gc, rgbFace)
        if path.codes is not None:
            path = Path([vertices[-2:] for vertices, _ in path.iter_segments(simplify=False)])
        places = self._to_page(trans).transform(path.vertices)
        origin = self._to_page(IDENTITY).transform((0, 0))
        codes, shape, straight = outline(marker_path, self._to_page(marker_trans).translate(*-origin), None)
        width, height = np.abs(shape).max(0, initial=0) / GRAIN + 1
        (x, y), (right, bottom) = places.T, self._size
        seen = (x > -width) & (x < right + width) & (y > -height) & (y < bottom + height)  # False where nan
        if style is not None and seen.any():
            snap = aligned(gc, straight, marker_path)
            op = ["m", self._sheet.style(style), self._clip(gc), codes, snap, int(seen.sum())]
            self._sheet.add(op, shape, grains(places[seen]))

    def draw_image(self, gc, x, y, im, transform=None):
        rows, columns = im.shape[:2]
        cells = np.array(im)
        if transform is not None and gc.get_alpha() != 1:  # without a transform the cells have it
            cells[..., 3] = np.rint(cells[..., 3] * gc.get_alpha())
        square = Affine2D().scale(columns, rows) if transform is None else transform.frozen()
        (a, c, e), (b, d, f), _ = self._to_page(square.translate(x, y)).get_matrix().tolist()
        place = [round(part, 3) for part in (a, b, c, d, e, f)]
        op = ["i", self._clip(gc), columns, rows, place, self._smooth, gc.get_url() == PHOTOGRAPH]
        self._sheet.add_image(op, cells)
        self._smooth = True

    def draw_quad_mesh(self, gc, transform, width, height, corners, *others):
        """A mesh of equal cells is an image; any other one is as many paths as it has cells."""
        colours, places = others[2], self._to_page(transform).transform(corners.reshape(-1, 2))
        place = evenly(places.reshape(corners.shape))
        if place is None or len(colours) != width * height:
            super().draw_quad_mesh(gc, transform, width, height, corners, *others)
        else:
            cells = np.rint(255 * colours).astype(np.uint8).reshape(height, width, 4)
            self._sheet.add_image(["i", self._clip(gc), width, height, place, False, False], cells)

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        if not s.strip():
            return
        if ismath:
            scale = self.points_to_pixels(prop.get_size_in_points()) / TextToPath.FONT_SCALE
            height = self.get_canvas_width_height()[1]
            place = Affine2D().scale(scale).rotate_deg(angle).translate(x, height - y)
            gc.set_linewidth(0)
            self.draw_path(gc, lettering(s, prop.copy()), place, gc.get_rgb())
            return
        scale = self._scale
        width = scale * self.get_text_width_height_descent(s, prop, False)[0]
        size, weight = POINT * prop.get_size_in_points(), prop.get_weight()
        numbers = [round(float(part), 2) for part in (scale * x, scale * y, size, angle)]
        op = ["t", s, self._clip(gc), *numbers, "left", round(float(width), 2), colour(gc.get_rgb())]
        op.append(weight_dict.get(weight, weight))
        self._sheet.ops.append(op)
        if mtext is None:  # one of many lines
            self._block.append(op)
        else:
            align(op, alignment(mtext))

    def close_group(self, s):
        """The end of a text: of many lines matplotlib has told where each one starts, but not what lies in line."""
        if s == "text" and self._block:
            how = in_line(self._block)
            for op in self._block:
                align(op, how)
            self._block = []

    def _notice(self, image: AxesImage) -> bool:
        """Matplotlib is about to draw this image, and asks whether we want its cells as they are."""
        self._smooth = smooth(image)
        return True

    def _to_page(self, transform) -> Affine2D:
        """From whatever ``transform`` takes to pixels of the page."""
        return Affine2D(self._page @ transform.get_affine().get_matrix())

    def _clip(self, gc) -> int:
        """The number of the rectangle outside of which nothing is drawn."""
        corners = [self._to_page(IDENTITY).transform(box) for box in windows(gc)]
        return self._sheet.clip(common(corners) if corners else None)


def windows(gc) -> list[np.ndarray]:
    """Opposite corners of what a context clips with; a path counts as its bounding box."""
    path, transform = gc.get_clip_path()
    boxes = [gc.get_clip_rectangle(), None if path is None else path.get_extents(transform)]
    return [box.get_points() for box in boxes if box is not None]


def common(corners: list[np.ndarray]) -> tuple:
    """Left, top, width and height of what some rectangles have in common."""
    x, y = np.max([each.min(0) for each in corners], 0)
    right, bottom = np.min([each.max(0) for each in corners], 0)
    return tuple(round(float(part), 2) for part in (x, y, max(0, right - x), max(0, bottom - y)))


def evenly(corners: np.ndarray) -> list | None:
    """The transform of a mesh with equal cells from the unit square to the page; None for another mesh.

    Args:
        corners: of the cells, (row, column, 2) in pixels of the page.
    """
    width, height = corners[-1, -1] - corners[0, 0]
    rows, columns = corners.shape[:2]
    across, down = np.meshgrid(np.linspace(0, width, columns), np.linspace(0, height, rows))
    if np.abs(corners - corners[0, 0] - np.stack([across, down], -1)).max() > 1 / GRAIN:
        return None
    return [round(float(part), 3) for part in (width, 0, 0, height, *corners[0, 0])]


def style_of(gc, face) -> tuple | None:
    """How a path looks: (stroke, width, dash, cap, join, fill); None if it cannot be seen.

    Args:
        gc: matplotlib's context.
        face: the colour to fill with, 3 or 4 numbers; None fills nothing.
    """
    stroke = fill = None
    if face is not None:
        opaque = gc.get_alpha() if gc.get_forced_alpha() or len(face) == 3 else face[3]
        fill = colour((*face[:3], opaque)) if opaque else None
    if gc.get_linewidth() and gc.get_rgb()[3]:
        stroke = colour(gc.get_rgb())
    if stroke is None:
        return None if fill is None else (None, 0, None, "butt", "miter", fill)
    offset, dashes = gc.get_dashes()
    dash = None if dashes is None or not len(dashes) else tuple(round(POINT * float(d), 2) for d in (offset, *dashes))
    cap = "square" if gc.get_capstyle() == "projecting" else gc.get_capstyle()
    return (stroke, round(POINT * float(gc.get_linewidth()), 2), dash, cap, gc.get_joinstyle(), fill)


def colour(rgba) -> str:
    """Four numbers from 0 to 1 as "#rrggbbaa"."""
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in rgba)


def aligned(gc, straight: bool, path: Path) -> bool:
    """Whether Agg would move this path so that its lines fill whole pixels."""
    wish = gc.get_snap()
    return straight and len(path) <= ALIGNED_AT_MOST if wish is None else bool(wish)


def smooth(image: AxesImage) -> bool:
    """Whether an image blends its cells. Matplotlib's "auto" does so only where they are small."""
    name = image.get_interpolation()
    if name not in ("auto", "antialiased"):
        return name not in ("none", "nearest")
    (rows, columns), box = image.get_size(), image.get_window_extent()
    return bool(min(abs(box.width) / columns, abs(box.height) / rows) <= 3)


@lru_cache(1000)
def lettering(formula: str, font: FontProperties) -> Path:
    """A formula in matplotlib's own notation, as the outlines of its letters."""
    vertices, codes = TextToPath().get_text_path(font, formula, ismath=True)
    return Path(vertices, codes)


def alignment(text: Text) -> str:
    """The end of a text, or its middle, that stands where it was put, whatever the width of the letters."""
    turned = text.get_rotation() % 360
    if text.get_rotation_mode() == "anchor" or turned % 180 == 0:
        return text.get_horizontalalignment()
    upwards = {"bottom": "left", "top": "right"}
    downwards = {"bottom": "right", "top": "left"}
    return (upwards if turned < 180 else downwards).get(text.get_verticalalignment(), "center")


def in_line(block: list[list]) -> str:
    """What the lines of a text have in common: their left ends, middles or right ends."""
    places = [(along(op[6], op[3], op[4]), op[8]) for op in block]
    spread = {name: np.ptp([start + share * width for start, width in places]) for name, share in SHIFT.items()}
    return min(("center", "left", "right"), key=lambda name: round(spread[name], 1))


def along(angle: float, x: float, y: float) -> float:
    """How far along the direction of writing a place is."""
    return x * np.cos(np.radians(angle)) - y * np.sin(np.radians(angle))


def align(op: list, how: str) -> None:
    """Move the anchor of a text that was written from its left end."""
    x, y, angle, width = op[3], op[4], op[6], op[8]
    way = SHIFT[how] * width
    op[3] = round(float(x + way * np.cos(np.radians(angle))), 2)
    op[4] = round(float(y - way * np.sin(np.radians(angle))), 2)
    op[7] = how
