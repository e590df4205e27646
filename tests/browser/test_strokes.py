"""The browser draws from strokes what Agg draws from artists, and a dark theme that can be read."""

import colorsys
import random
from importlib import import_module

import numpy as np
import pytest
import themes
from canvas import open_canvas
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image
from settings import settings

import nnlab
from benchmarks.notebook_page import find_browser
from nnlab.analysis.plots import CLASS_COLORS
from nnlab.stage.drawing.picture import SHARPNESS, Picture
from nnlab.stage.drawing.recorder import Recorder
from nnlab.stage.live.picture import LivePicture, look_at
from nnlab.stage.live.run import LiveRun

RANDOM = 20  # settings
TILE = 32  # pixels along a side
SEEN_FROM_FAR = 16  # of 255: how much the mean colour of a tile may differ
START = {"left": 0, "center": -0.5, "right": -1}


@pytest.fixture(scope="module")
def canvas():
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome was found: strokes were not drawn in a browser")
    with open_canvas() as canvas:
        yield canvas


def lettered(shape, *layers):
    """Where texts stand, (row, column): the browser has other letters than matplotlib."""
    found = np.zeros(shape, bool)
    for op in (op for layer in layers for op in layer["ops"] if op[0] == "t"):
        x, y, size, angle, align, width = op[3:9]
        start, angle = START[align] * width, np.radians(angle)
        along, up = np.meshgrid([start - 2, start + width + 2], [-0.35 * size - 1, size + 1])
        places = np.stack(
            [x + along * np.cos(angle) - up * np.sin(angle), y - along * np.sin(angle) - up * np.cos(angle)]
        )
        (left, top), (right, bottom) = (
            np.clip(SHARPNESS * end, 0, None).astype(int) for end in (places.min((1, 2)), places.max((1, 2)) + 1)
        )
        found[top:bottom, left:right] = True
    return found


def tiles(pixels):
    """The mean colour of each tile: where a line lies to a pixel, and where a dash begins, does not count."""
    height, width = (side - side % TILE for side in pixels.shape[:2])
    shaped = pixels[:height, :width].reshape(height // TILE, TILE, width // TILE, TILE, 3)
    return shaped.astype(float).mean((1, 3))


def difference(drawn, painted, without):
    """How much the tile that differs most does, in 255 parts."""
    left, right = (tiles(np.where(without[..., None], 255, pixels[..., :3])) for pixels in (drawn, painted))
    return np.abs(left - right).max()


def random_too(description, ends):
    """The settings, and random ones: one, or with ``ends`` as many as RANDOM."""
    yield from settings(description, ends)
    draw = random.Random(0)
    for _ in range(RANDOM if ends else 1):
        stops = {c.name: getattr(c, "stops", c.ends) for c in description.controls}
        yield {name: draw.choice(values) for name, values in stops.items()}


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_every_explorer_looks_as_agg_paints_it(canvas, name, request, shots):
    description = import_module(f"nnlab.explorers.{name}").DESCRIPTION
    picture = Picture(description)
    for k, values in enumerate(random_too(description, request.config.getoption("--ends"))):
        scene, background, frame = picture.record(description.compute(**description.values(**values)))
        drawn, painted = canvas.draw(background, frame, scale=SHARPNESS), picture.rgb()
        assert drawn.shape[:2] == painted.shape[:2]
        if shots.folder:
            both = np.concatenate([painted, drawn[..., :3]])
            Image.fromarray(both).save(shots.folder / f"strokes-{name}-{k}.png")
        without = lettered(painted.shape[:2], background, frame)
        assert without.mean() < 0.3
        assert difference(drawn, painted, without) < SEEN_FROM_FAR, (values, scene)


@pytest.mark.parametrize(("data", "layers"), [(nnlab.moons, (2, 8, 2)), (nnlab.digits, (64, 16, 10))])
def test_a_live_training_looks_as_agg_paints_it(canvas, data, layers):
    data, net = data(), nnlab.Network(layers)
    run, view = LiveRun(nnlab.models.to_torch(net, net.init("he_normal", 0)), data), LivePicture(data)
    for _ in range(35):
        run.step()
    picture = Picture(view)
    _, background, frame = picture.record(look_at(run, view.answers.inputs))
    painted = picture.rgb()
    without = lettered(painted.shape[:2], background, frame)
    assert difference(canvas.draw(background, frame), painted, without) < SEEN_FROM_FAR


@pytest.mark.parametrize("name", ["activation", "descent_1d", "softmax_cross_entropy"])
def test_a_missing_artist_would_be_seen(canvas, name):
    """What the test above is worth: every artist that can be seen at all makes more difference than it allows."""
    description = import_module(f"nnlab.explorers.{name}").DESCRIPTION
    picture = Picture(description)
    _, background, _ = picture.record(description.compute(**description.values()))
    recorder = Recorder(picture.figure)

    def drawn_without(*missing):
        for artist in picture.moving:
            if artist not in missing:
                recorder.draw(artist)
        return canvas.draw(background, recorder.strokes())

    whole = drawn_without()
    for artist in picture.moving:
        less = drawn_without(artist)
        if (less != whole).any(-1).sum() > 300:
            assert difference(less, whole, np.zeros(whole.shape[:2], bool)) > SEEN_FROM_FAR, artist


@pytest.fixture
def figure():
    """An empty figure of 100 x 100 pixels whose data are pixels of the page, counted upwards."""
    figure = Figure(figsize=(1, 1), dpi=150, frameon=False)
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 100), ylim=(0, 100), autoscale_on=False)
    ax.set_axis_off()
    return figure


def strokes_of(artist):
    recorder = Recorder(artist.get_figure())
    recorder.draw(artist)
    return recorder.strokes()


@pytest.mark.parametrize("scale", [1, 1.25, 2, 3])
def test_upright_lines_fill_whole_pixels_at_any_size(canvas, figure, scale):
    shown = canvas.draw(strokes_of(figure.axes[0].axvline(33.3, color="k", linewidth=0.72)), scale=scale)
    opaque = np.unique(shown[50, :, 3])
    assert shown.shape[:2] == (round(100 * scale),) * 2
    if scale != 1.25:  # a line of 1.25 pixels cannot
        assert set(opaque.tolist()) == {0, 255}
        assert (shown[50, :, 3] > 0).sum() == scale
    assert abs(np.flatnonzero(shown[50, :, 3]).mean() + 0.5 - 33.3 * scale) <= 1


def test_a_place_is_the_same_at_every_size(canvas, figure):
    strokes = strokes_of(figure.axes[0].plot([20, 80], [30, 30.4], color="k", solid_capstyle="butt")[0])
    for scale in (1, 2, 4):
        rows, columns = np.nonzero(canvas.draw(strokes, scale=scale)[..., 3] > 128)
        assert rows.mean() / scale == pytest.approx(69.8, abs=0.6)
        assert (columns.min() / scale, columns.max() / scale) == pytest.approx((20, 80), abs=1)


def test_clips_gaps_and_dashes_leave_paper(canvas, figure):
    ax = figure.axes[0]
    line = ax.plot([0, 100], [50, 50], color="k", linewidth=3.6, linestyle=(0, (2, 2)), dash_capstyle="butt")[0]
    dashes = canvas.draw(strokes_of(line), scale=1)[50, :, 3] > 100
    assert np.diff(dashes.astype(int)).astype(bool).sum() == 9  # on and off, 10 pixels each
    gap = ax.plot([0, 40, 50, 60, 100], [20, 20, np.nan, 20, 20], color="k", solid_capstyle="butt")[0]
    seen = canvas.draw(strokes_of(gap), scale=1)[79:81, :, 3].max(0)
    assert seen[10] > 0
    assert seen[90] > 0
    assert seen[42:58].max() == 0
    box = ax.axhspan(0, 100, color="r", linewidth=0)
    box.set_clip_path(Circle((50, 50), 20, transform=ax.transData))
    rows, columns = np.nonzero(canvas.draw(strokes_of(box), scale=1)[..., 3])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (30, 69, 30, 69)


def test_marks_and_closed_shapes(canvas, figure):
    marks = figure.axes[0].plot([20, 50, 80], [50, 50, 50], "s", color="b", markersize=7.2, markeredgewidth=0)[0]
    blue = canvas.draw(strokes_of(marks), scale=1)
    assert (blue[..., 2] == 255).sum() == 3 * 10 * 10
    assert blue[50, [20, 50, 80], 3].tolist() == [255, 255, 255]


@pytest.mark.parametrize(("ha", "inside"), [("left", (50, 100)), ("center", (0, 100)), ("right", (0, 50))])
def test_a_text_stays_in_the_room_it_was_given(canvas, figure, ha, inside):
    text = figure.axes[0].text(50, 50, "width", ha=ha, fontsize=10)
    op = strokes_of(text)["ops"][0]
    for font in ("serif", "monospace"):
        columns = np.flatnonzero(canvas.draw(strokes_of(text), scale=2, font=font)[..., 3].max(0)) / 2
        assert inside[0] - 1 <= columns.min() <= columns.max() <= inside[1] + 1
        assert np.ptp(columns) <= op[8] + 1


def test_letters_can_shrink_less_than_the_picture(canvas, figure):
    text = figure.axes[0].text(5, 50, "width", fontsize=10)

    def extent(**options):
        rows, columns = np.nonzero(canvas.draw(strokes_of(text), **options)[..., 3])
        return columns.min(), np.ptp(columns), np.ptp(rows)

    start, wide, high = extent(scale=1, letters=2)
    assert start == pytest.approx(extent(scale=1)[0], abs=1.5), "it stands where it stood"
    assert (wide, high) == pytest.approx(extent(scale=2)[1:], abs=1.5)


def test_images_are_placed_and_coloured(canvas, figure):
    image = figure.axes[0].imshow([[0, 1], [0.5, 0]], cmap="gray", interpolation="nearest", extent=(20, 60, 30, 50))
    shown = canvas.draw(strokes_of(image), scale=2)
    rows, columns = np.nonzero(shown[..., 3])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (100, 139, 40, 119)
    assert (shown[100:120, 40:80, 0] == 0).all()
    assert (shown[100:120, 80:120, 0] == 255).all()
    assert (shown[120:140, 40:80, 0] == 127).all() or (shown[120:140, 40:80, 0] == 128).all()
    image.set_interpolation("bilinear")
    assert len(np.unique(canvas.draw(strokes_of(image), scale=2)[110, 40:120, 0])) > 10


def test_dark_images_are_turned_round_but_photographs_are_not(canvas, figure):
    image = figure.axes[0].imshow([[0.0, 0.25, 0.5, 0.75, 1.0]], cmap="Blues", aspect="auto", extent=(0, 100, 0, 100))
    light, dark = (canvas.draw(strokes_of(image), scale=1, dark=dark)[50, 10::20, :3].sum(-1) for dark in (False, True))
    assert (np.diff(light.astype(int)) < 0).all()
    assert (np.diff(dark.astype(int)) > 0).all(), "more must look like more"
    image.set_url("photograph")
    kept = canvas.draw(strokes_of(image), scale=1, dark=True)[50, 10::20, :3].sum(-1)
    assert kept.tolist() == light.tolist()


def linear(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Of two colours, from 1 to 21 (WCAG 2.2, relative luminance and contrast ratio)."""
    light, dark = sorted((linear(colour) @ (0.2126, 0.7152, 0.0722) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def hue(colour):
    return colorsys.rgb_to_hsv(*(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)))[0]


def test_dark_greys_are_turned_round_and_colours_keep_their_hue(canvas):
    paper = canvas.themed("#ffffffff")
    assert contrast(paper, "#ffffff") > 17
    assert canvas.themed("#000000ff") == "#ffffffff"
    for grey in ("#4d4d4d", "#666666", "#737373"):  # what texts are written in
        assert contrast(canvas.themed(grey), paper) > 4.5
    for colour in CLASS_COLORS:
        assert contrast(canvas.themed(colour), paper) > 4.5, colour
        if colour != "#000000":
            assert abs(hue(canvas.themed(colour)) - hue(colour)) < 0.05, colour
    pale = canvas.themed("#ffefdb80")
    assert contrast(pale, paper) < 1.6
    assert pale[-2:] == "80"


def test_the_light_theme_changes_nothing(canvas):
    colours = ["#0072b2ff", "#12345678"]
    assert canvas.page.evaluate("all => all.map(c => window.strokes.themed(c, 'light'))", colours) == colours


def test_the_tests_in_python_know_the_dark_theme_of_the_browser(canvas):
    """tests/themes.py says the rule once more, for tests of contrast that need no browser."""
    greys = [f"#{3 * grey}ff" for grey in ("00", "12", "59", "8c", "c8", "f2")]
    for colour in (*CLASS_COLORS, *greys, "#fff0dcff", "#e3eef880", "#1b6e3c", "#ffff00", "#0000ff"):
        apart = np.abs(themes.channels(canvas.themed(colour)) - themes.themed(colour, True)) * 255
        assert apart.max() < 1.5, colour
