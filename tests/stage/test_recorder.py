"""The recorder: what matplotlib draws arrives in the strokes, to an eighth of a pixel, and nothing else does."""

import json

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from read_strokes import cells, letters, read, steps

from nnlab.stage.drawing.recorder import Recorder
from nnlab.stage.drawing.strokes import in_bytes, outline

WIDTH, HEIGHT = 400, 300  # pixels of the page
HALF_GRAIN = 1 / 16 + 1e-9


@pytest.fixture
def figure():
    """An empty figure whose data are pixels of the page, counted upwards."""
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=150)
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    ax.set_axis_off()
    return figure


def record(artist):
    """The strokes of one artist."""
    recorder = Recorder(artist.get_figure())
    recorder.draw(artist)
    strokes = recorder.strokes()
    assert json.loads(json.dumps({k: v for k, v in strokes.items() if k not in ("points", "images")}))
    return strokes


def only(artist):
    """The single operation of an artist with its points and its style."""
    strokes = record(artist)
    ((op, *chains),) = read(strokes)
    return op, *chains, strokes["styles"][op[1]] if op[0] in "pm" else strokes


def line(figure, x, y, *style, **more):
    return figure.axes[0].plot(x, y, *style, **more)[0]


def test_a_line_has_its_places_and_its_pen(figure):
    op, points, style = only(line(figure, [10, 200, 390], [20, 260, 20], color="#0072B2", linewidth=1.8))
    assert op == ["p", 0, 0, "M1L2", False]
    np.testing.assert_allclose(points, [[10, 280], [200, 40], [390, 280]], atol=HALF_GRAIN)
    assert style == ["#0072b2ff", 2.5, None, "square", "round", None]


def test_dashes_come_with_their_offset_in_pixels(figure):
    shown = line(figure, [0, 100], [0, 100], linestyle=(2, (3, 1)), linewidth=2, dash_capstyle="round")
    style = only(shown)[-1]
    assert style[2] == pytest.approx([2 * 2 * 100 / 72, 3 * 2 * 100 / 72, 1 * 2 * 100 / 72], abs=0.01)
    assert style[3] == "round"


def test_a_gap_stays_a_gap(figure):
    op, points, _ = only(line(figure, [0, 10, 20, 30, 40], [5, 9, np.nan, 2, 8]))
    assert op[3] == "M1L1M1L1"
    assert points[:, 0].tolist() == [0, 10, 30, 40]
    assert record(line(figure, [np.nan, 1], [1, np.nan]))["ops"] == []


def test_what_is_unseen_is_left_out(figure):
    strokes = record(line(figure, [0, 1], [0, 1], alpha=0)), record(line(figure, [0, 1], [0, 1], linewidth=0))
    assert [one["ops"] for one in strokes] == [[], []]


def test_points_on_the_way_are_left_out_and_corners_are_not(figure):
    x, y = [0, 10, 20, 20, 20, 20, 5], [0, 0, 0, 0, 50, 100, 100]
    op, points, _ = only(line(figure, x, y))
    assert points.tolist() == [[0, 300], [20, 300], [20, 200], [5, 200]]
    assert op[4], "all of it runs along the axes"


def test_a_long_curve_is_thinned_but_stays_where_it_is(figure):
    x = np.linspace(0, WIDTH, 2000)
    _, points, _ = only(line(figure, x, 150 + 100 * np.sin(x / 20)))
    assert len(points) < 700
    np.testing.assert_allclose(HEIGHT - points[:, 1], 150 + 100 * np.sin(points[:, 0] / 20), atol=0.7)


def test_far_places_are_cut_off_without_a_bend(figure):
    _, points, _ = only(line(figure, [0, 200, 400], [0, 1e9, 0]))
    assert np.abs(points).max() < 500
    figure.axes[0].set(autoscale_on=False)
    _, points, style = only(figure.axes[0].add_patch(Polygon([(0, 0), (4e6, 3e6), (4e6, 0)], facecolor="r")))
    assert style[5] == "#ff0000ff"
    corners = {(x, HEIGHT - y) for x, y in points.tolist()}
    assert corners == {(0, 0), (2000, 1500), (2000, 0)}  # the edge is as steep as it was
    outside = figure.axes[0].add_patch(Polygon([(1e7, 0), (2e7, 3e6), (3e7, 0)], facecolor="r"))
    assert record(outside)["ops"] == []


def test_a_polygon_is_closed_and_filled_with_its_alpha(figure):
    patch = Polygon([(10, 10), (50, 10), (30, 40)], facecolor="#D55E0080", edgecolor="black", linewidth=0.72)
    op, points, style = only(figure.axes[0].add_patch(patch))
    assert op[3] == "M1L3Z" or op[3] == "M1L2Z"
    assert points[:3].tolist() == [[10, 290], [50, 290], [30, 260]]
    assert style == ["#000000ff", 1.0, None, "butt", "miter", "#d55e0080"]
    patch.set_alpha(0.2)
    assert only(patch)[-1][::5] == ["#00000033", "#d55e0033"]


def test_curves_stay_curves(figure):
    op, points, _ = only(figure.axes[0].add_patch(Circle((100, 100), 50)))
    assert [letter for letter, _ in letters(op[3])] == ["M", "C", "Z"]
    assert not op[4]
    assert points.min(0) == pytest.approx([50, 150], abs=0.1)
    assert points.max(0) == pytest.approx([150, 250], abs=0.1)


def test_marks_are_a_shape_and_its_places(figure):
    x, y = [50, 100, np.nan, 150, 1e7], [60, 70, 80, 90, 80]
    op, shape, places, style = only(line(figure, x, y, "s", markersize=7.2, color="k", markeredgecolor="w"))
    assert (op[0], op[5]) == ("m", 3)
    assert places.tolist() == [[50, 240], [100, 230], [150, 210]]
    assert np.abs(shape).max() == 5
    assert style[0] == "#ffffffff"
    assert style[5] == "#000000ff"
    strokes = record(line(figure, x, y, "-o"))
    assert [op[0] for op, *_ in read(strokes)] == ["p", "m"]


def test_equal_and_unequal_shapes_of_a_scatter(figure):
    equal = record(figure.axes[0].scatter([10, 20], [30, 40], 30))
    assert [op[0] for op in equal["ops"]] == ["m"]
    unequal = record(figure.axes[0].scatter([10, 20], [30, 40], [30, 60], c=["r", "b"]))
    assert [unequal["styles"][op[1]][5] for op, *_ in read(unequal)] == ["#ff0000ff", "#0000ffff"]
    _, points = read(unequal)[1]
    assert points.mean(0) == pytest.approx([20, 260], abs=1)


def test_bands_and_contours(figure):
    ax = figure.axes[0]
    op, points, style = only(ax.fill_between([0, 100, 200], [0, 0, 0], [10, 50, 10], alpha=0.25, linewidth=0))
    assert (op[0], style[0], style[5][-2:]) == ("p", None, "40")
    assert points.min(0).tolist() == [0, 250]
    grid = np.hypot(*np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 40)))
    lines = record(ax.contour(np.linspace(0, 100, 40), np.linspace(0, 100, 40), grid, levels=[0.5, 0.8]))
    assert len(lines["ops"]) == 2
    assert all(style[5] is None for style in lines["styles"])


def test_styles_and_clips_are_written_once(figure):
    for k in range(3):
        line(figure, [0, 10], [k, k + 5], color="k")
    strokes = record(figure)
    assert strokes["clips"] == [[0, 0, WIDTH, HEIGHT]]
    assert [op[1:3] for op in strokes["ops"][-3:]] == [[1, 0]] * 3
    assert len(strokes["styles"]) == 2  # the paper and the lines


def test_clips_are_rectangles_whatever_clips(figure):
    shown = line(figure, [0, 400], [0, 300])
    shown.set_clip_path(Circle((100, 100), 50, transform=figure.axes[0].transData))
    strokes = record(shown)
    assert strokes["clips"] == [pytest.approx([50, 150, 100, 100], abs=0.1)]
    shown.set_clip_on(False)
    assert record(shown)["ops"][0][2] == -1


def test_what_agg_aligns_to_pixels_is_marked(figure):
    ax = figure.axes[0]
    assert only(ax.axvline(33.3))[0][4]
    assert only(ax.bar([50], [70], width=20)[0])[0][4]
    assert not only(line(figure, [0, 10], [0, 11]))[0][4]
    assert not only(line(figure, [0, 10], [5, 5], snap=False))[0][4]
    assert only(line(figure, [0, 10], [0, 11], snap=True))[0][4]


@pytest.mark.parametrize(("ha", "at"), [("left", 100), ("center", 100), ("right", 100)])
def test_a_text_is_held_where_it_was_put(figure, ha, at):
    text = figure.axes[0].text(at, 200, "Wide text", ha=ha, va="baseline", fontsize=10.8, weight="bold", color="r")
    op, _ = only(text)
    assert op[:8] == ["t", "Wide text", op[2], at, 100, 15, 0, ha]
    assert op[8] == pytest.approx(text.get_window_extent().width / 1.5, abs=1)
    assert op[9:] == ["#ff0000ff", 700]


@pytest.mark.parametrize(
    ("angle", "look", "align"),
    [
        (90, {"ha": "center", "va": "bottom", "rotation_mode": "anchor"}, "center"),
        (90, {"ha": "left", "va": "bottom"}, "left"),
        (90, {"ha": "left", "va": "top"}, "right"),
        (270, {"ha": "left", "va": "top"}, "left"),
        (180, {"ha": "right"}, "right"),
    ],
)
def test_a_turned_text_is_held_by_the_end_that_was_given(figure, angle, look, align):
    text = figure.axes[0].text(200, 150, "turned", rotation=angle, **look)
    op, _ = only(text)
    box = text.get_window_extent().transformed(IdentityTransform())
    assert op[6:8] == [angle, align]
    assert box.x0 / 1.5 - 1 <= op[3] <= box.x1 / 1.5 + 1
    assert box.y0 / 1.5 - 1 <= HEIGHT - op[4] <= box.y1 / 1.5 + 1


@pytest.mark.parametrize("ha", ["left", "center", "right"])
def test_lines_of_a_text_stay_in_line(figure, ha):
    strokes = record(figure.axes[0].text(150, 150, "one\nanother, longer\nthe last", ha=ha))
    assert [op[1] for op in strokes["ops"]] == ["one", "another, longer", "the last"]
    assert {(op[3], op[7]) for op in strokes["ops"]} == {(150, ha)}
    assert np.diff([op[4] for op in strokes["ops"]]).min() > 10


def test_formulas_are_outlines_where_the_letters_would_be(figure):
    text = figure.axes[0].text(100, 100, r"$\frac{\sigma^2}{m}$", fontsize=14)
    op, points, style = only(text)
    box = text.get_window_extent()
    assert op[0] == "p"
    assert style == [None, 0, None, "butt", "miter", "#000000ff"]
    assert points[:, 0].min() == pytest.approx(box.x0 / 1.5, abs=1.5)
    assert points[:, 0].max() == pytest.approx(box.x1 / 1.5, abs=3)
    assert HEIGHT - points[:, 1].min() == pytest.approx(box.y1 / 1.5, abs=2)


def test_a_text_without_letters_is_nothing(figure):
    assert record(figure.axes[0].text(1, 1, " \n "))["ops"] == []


def placed(op, u, v):
    """Where a place of the unit square lies in data."""
    a, b, c, d, e, f = op[4]
    return round(a * u + c * v + e, 2), round(HEIGHT - (b * u + d * v + f), 2)


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_an_image_comes_cell_by_cell(figure, origin):
    colours = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    image = figure.axes[0].imshow(colours, origin=origin, extent=(100, 200, 50, 150), aspect="auto")
    figure.axes[0].set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    op, strokes = only(image)
    assert op[:4] == ["i", 0, 5, 3]
    np.testing.assert_array_equal(cells(strokes, op)[..., :3], colours)
    first_row = 150 if origin == "upper" else 50
    assert placed(op, 0, 0) == (100, first_row)
    assert placed(op, 1, 1) == (200, 200 - first_row)


@pytest.mark.parametrize(
    ("interpolation", "smooth"),
    [("nearest", False), ("none", False), ("bilinear", True), ("bicubic", True), ("auto", False)],
)
def test_an_image_says_whether_its_cells_are_blended(figure, interpolation, smooth):
    image = figure.axes[0].imshow(np.eye(4), interpolation=interpolation, cmap="Blues", extent=(0, 99, 0, 99))
    op, strokes = only(image)
    assert op[5:] == [smooth, False, 0]
    np.testing.assert_array_equal(cells(strokes, op), image.to_rgba(np.eye(4), bytes=True))


def test_many_small_cells_are_blended_by_auto(figure):
    image = figure.axes[0].imshow(np.zeros((300, 300)), interpolation="auto", aspect="auto")
    assert only(image)[0][5] is True


def test_a_photograph_is_marked_and_alpha_is_in_the_cells(figure):
    op, strokes = only(figure.axes[0].imshow(np.eye(2), alpha=0.5, url="photograph"))
    assert op[6]
    assert (cells(strokes, op)[..., 3] == 128).all()


def test_an_image_of_many_colours_keeps_256_that_are_near(figure):
    red, green = np.meshgrid(np.linspace(0, 1, 40), np.linspace(0, 1, 40))
    colours = np.stack([red, green, 0 * red], -1)
    op, strokes = only(figure.axes[0].imshow(colours))
    shown = cells(strokes, op)
    assert 200 < len(np.unique(shown.reshape(-1, 4), axis=0)) <= 256
    assert np.abs(shown[..., :3] / 255 - colours).mean() < 0.02


def test_a_regular_mesh_is_an_image_and_another_one_is_not(figure):
    values = np.arange(6.0).reshape(2, 3)
    mesh = figure.axes[0].pcolormesh([0, 100, 200, 300], [0, 100, 200], values)
    figure.axes[0].set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    op, strokes = only(mesh)
    assert op[:4] == ["i", 0, 3, 2]
    assert (placed(op, 0, 0), placed(op, 1, 1)) == ((0, 0), (300, 200))
    np.testing.assert_allclose(cells(strokes, op).reshape(-1, 4), 255 * mesh.to_rgba(values.ravel()), atol=0.51)
    uneven = record(figure.axes[0].pcolormesh([0, 100, 150, 300], [0, 100, 200], values))
    assert [op[0] for op in uneven["ops"]] == ["p"] * 6


def test_a_sheet_is_empty_after_it_was_read(figure):
    recorder = Recorder(figure)
    recorder.draw(figure)
    assert recorder.strokes()["ops"]
    assert recorder.strokes() == {
        "size": [WIDTH, HEIGHT], "styles": [], "clips": [], "ops": [], "points": b"", "images": [],
    }  # fmt: skip


def test_sizes_are_those_of_agg(figure):
    recorder, agg = Recorder(figure), figure.canvas.get_renderer()
    font = figure.axes[0].title.get_fontproperties()
    for text, formula in (("lp", False), ("$x^2$", True)):
        asked = (text, font, formula)
        assert recorder.get_text_width_height_descent(*asked) == agg.get_text_width_height_descent(*asked)
    assert recorder.get_canvas_width_height() == agg.get_canvas_width_height()
    assert recorder.points_to_pixels(3) == agg.points_to_pixels(3)


def test_a_step_takes_one_byte_or_three():
    numbers = [0, 127, -127, 128, -128, 129, 300, -32000, 32000, -1, 1]
    written = in_bytes(np.array(numbers))
    assert steps(written) == numbers
    assert len(written) == 5 + 3 * 6
    assert in_bytes(np.empty(0, int)) == b""


def test_an_image_of_few_colours_has_a_short_table(figure):
    op, strokes = only(figure.axes[0].imshow(np.eye(5), cmap="gray"))
    assert len(strokes["images"][op[7]]) == 2 * 4 + 25


def test_letters_of_every_kind():
    path = Path([(0, 0), (10, 0), (10, 10), (0, 10), (5, 5), (0, 0), (0, 0)], [1, 2, 3, 3, 2, 2, 79])
    codes, points, straight = outline(path, IdentityTransform(), None)
    assert codes == "M1L1Q1L2Z"
    assert (len(points), straight) == (6, False)


def test_a_mathematical_text_of_only_a_space_is_nothing(figure):
    assert record(figure.axes[0].text(1, 1, r"$\ $"))["ops"] == []
