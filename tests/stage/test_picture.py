"""The picture: a kept background with moving artists equals a full drawing, pixel for pixel."""

import io
from importlib import import_module

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from nnlab.stage.description import Description, Slider
from nnlab.stage.drawing.picture import DPI, SHARPNESS, Picture, flatten, look


def draw(figure):
    left, right = figure.subplots(1, 2)
    left.set(xlim=(0, 10), ylim=(0, 10), title="background")
    right.set_ylim(0, 10)
    return {"line": left.plot([], [])[0], "dots": [left.plot([], [], "o")[0], right.plot([1, 2], [3, 4], "s")[0]]}


def update(artists, height):
    artists["line"].set_data([0, 10], [0, height])
    artists["dots"][0].set_data([5], [height])
    artists["dots"][1].axes.set_xlim(0, 20 if height > 6 else 10)
    artists["line"].axes.set_title("high" if height > 4 else "low")
    return height > 4  # the title is background


DESCRIPTION = Description(
    "made_up",
    "",
    "",
    (Slider("height", 1, 0, 10, 1, "height"),),
    lambda height: height,
    draw,
    update,
    str,
    (),
    (4.0, 2.0),
    widest=({"height": 9},),  # labels up to 20
)


def test_frames_do_not_depend_on_the_frames_before():
    """Within a scene, across a change of the limits, across a change of the scene, and back."""
    picture = Picture(DESCRIPTION)
    for height in (1, 2, 5, 6, 9, 8, 3, 1):
        picture.show(height)
        fresh = Picture(DESCRIPTION)
        fresh.show(height)
        np.testing.assert_array_equal(picture.rgb(), fresh.rgb())


@pytest.mark.parametrize("height", [1, 5, 9])
def test_blitting_equals_a_full_drawing(height):
    picture = Picture(DESCRIPTION)
    picture.show(height)
    blitted = picture.rgb().copy()
    for artist in flatten(picture.artists):
        artist.set_animated(False)
    picture.figure.set_layout_engine("none")  # the axes stay where they are
    canvas = FigureCanvasAgg(picture.figure)
    with matplotlib.rc_context(look()):
        canvas.draw()
    different = (np.asarray(canvas.buffer_rgba())[..., :3] != blitted).any(-1)
    assert different.mean() < 0.01  # where a moving line crosses a frame that is drawn above it


def test_background_is_drawn_once_for_a_scene(monkeypatch):
    picture, drawn = Picture(DESCRIPTION), []
    full = picture.canvas.draw
    monkeypatch.setattr(picture.canvas, "draw", lambda: (drawn.append(1), full())[1])
    for height, count in [(1, 1), (2, 1), (3, 1), (5, 2), (6, 2), (7, 3), (9, 3), (5, 4)]:
        picture.show(height)
        assert len(drawn) == count


def test_encoded_picture_is_the_drawn_one():
    picture = Picture(DESCRIPTION)
    picture.show(5)
    image = Image.open(io.BytesIO(picture.png()))
    assert image.size == (4 * DPI * SHARPNESS, 2 * DPI * SHARPNESS)
    assert picture.width == 4 * DPI
    decoded = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(decoded - picture.rgb().astype(int)).mean() < 3
    assert pyplot.get_fignums() == []


def test_same_result_same_bytes():
    first, second = Picture(DESCRIPTION), Picture(DESCRIPTION)
    first.show(3)
    second.show(3)
    assert first.png() == second.png()
    second.show(4)
    assert first.png() != second.png()


def test_flatten_finds_every_artist():
    artists = Picture(DESCRIPTION).artists
    assert flatten(artists) == [artists["line"], *artists["dots"]]


def same_strokes(one, other):
    return (one.scene, one.background, one.frame) == (other.scene, other.background, other.frame)


def test_strokes_do_not_depend_on_the_frames_before():
    """Recorded or shown: within a scene, across a change of limits or scene, and back."""
    picture, scenes = Picture(DESCRIPTION), {}
    for height, before in [(1, 1), (2, 2), (5, 5), (6, 1), (9, 9), (8, 3), (3, 8), (1, 1), (8, 6)]:
        picture.show(before)
        recorded = picture.record(height)
        assert same_strokes(recorded, Picture(DESCRIPTION).record(height))
        scenes.setdefault(recorded.scene, []).append(height)
    assert list(scenes.values()) == [[1, 2, 3, 1], [5, 6], [9, 8, 8]]


def test_background_is_recorded_once_for_a_scene():
    picture = Picture(DESCRIPTION)
    first, second, other = (picture.record(height) for height in (1, 2, 5))
    assert first.background is second.background
    assert (first.scene, first.frame) != (second.scene, second.frame)
    assert other.scene != first.scene
    assert [op[0] for op in first.frame["ops"]] == ["p", "m", "m"]
    assert "low" in [op[1] for op in first.background["ops"]]
    assert "high" in [op[1] for op in other.background["ops"]]


def test_recording_paints_nothing_until_pixels_are_wanted(monkeypatch):
    picture, painted = Picture(DESCRIPTION), []
    full = picture.canvas.draw
    monkeypatch.setattr(picture.canvas, "draw", lambda: (painted.append(1), full())[1])
    assert picture.empty
    for height in (1, 5, 9):
        picture.record(height)
    assert painted == []
    assert not picture.empty
    shown = Picture(DESCRIPTION)
    shown.show(9)
    np.testing.assert_array_equal(picture.rgb(), shown.rgb())
    assert picture.png() == shown.png()
    assert painted == [1]
    picture.record(8), shown.show(8)
    assert picture.png() == shown.png()
    assert painted == [1]


def test_after_an_error_the_pixels_are_those_of_the_last_result():
    picture, shown = Picture(DESCRIPTION), Picture(DESCRIPTION)
    recorded = picture.record(5)
    with pytest.raises(TypeError):
        picture.record("high")
    shown.show(5)
    assert picture.png() == shown.png()
    assert same_strokes(picture.record(5), recorded)


def test_strokes_follow_nnlabs_style_whatever_the_student_set():
    recorded = Picture(DESCRIPTION).record(3)
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black", "font.size": 20}):
        assert same_strokes(Picture(DESCRIPTION).record(3), recorded)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("backprop_steps", 0),
        ("descent_2d", 1),
        ("dropout", 2),
        ("fourier_features", 3),
        ("loss_shapes", 1),
        ("search", 1),
        ("softmax_cross_entropy", 2),
    ],
)
def test_a_picture_may_be_cut_between_its_axes_and_nowhere_else(name, count):
    description = import_module(f"nnlab.explorers.{name}").DESCRIPTION
    picture, cuts = Picture(description), {}
    ends = [{control.name: end} for control in description.controls for end in control.ends]
    for values in ({}, *(preset.values for preset in description.presets), *ends):
        _, background, _ = picture.record(description.compute(**description.values(**values)))
        assert len(background["folds"]) == count
        assert cuts.setdefault("folds", background["folds"]) == background["folds"], "controls below must not jump"
        for fold in background["folds"]:
            assert (picture.rgb()[:, round(SHARPNESS * fold)] == 255).all(), "nothing is drawn there"
