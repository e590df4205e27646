"""The explorer itself, on a made-up description: newest value wins, errors in sight, one frame for several moves."""

import gc
import inspect
import io
import threading
import warnings
import weakref
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from ipywidgets import widget_serialization
from made_up import PATIENCE, Recorder, made_up
from matplotlib import pyplot
from PIL import Image

from nnlab import Explorer
from nnlab.stage.explorer import FIGURES, opener
from nnlab.stage.panel import VIEW


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))


def shown(explorer):
    """The text under the picture, and the error, as the browser gets them."""
    return explorer.widget.frame["sentence"], explorer.widget.error


def press(explorer, label):
    """What a button of the browser does: it sends the values of a preset, or those of the start."""
    about = explorer.widget.about
    settings = {preset["label"]: preset["values"] for preset in about["presets"]} | {"reset": about["start"]}
    explorer.widget.set_state({"values": settings[label]})


def test_starts_with_its_values():
    explorer = Explorer(made_up(), height=4)
    assert explorer.values == {"height": 4, "size": 0.1, "colour": "red", "doubled": False}
    assert explorer.result == explorer.values
    assert explorer.sentence == "height 4, red."
    assert explorer.sentence in shown(explorer)[0]
    assert explorer.error is None
    assert list(explorer.controls) == ["height", "size", "colour", "doubled"]
    about = explorer.widget.about
    assert [control["name"] for control in about["controls"]] == list(explorer.controls)
    assert all(control["label"] for control in about["controls"])
    assert [control["kind"] for control in about["controls"]] == ["slider", "slider", "choice", "toggle"]
    assert about["title"] == "How high?"


@pytest.mark.parametrize(("name", "value"), [("height", 5), ("size", 2.0), ("colour", "blue"), ("doubled", True)])
def test_widget_browser_and_set_do_the_same(name, value):
    by_widget, by_browser, by_set = Explorer(made_up()), Explorer(made_up()), Explorer(made_up())
    by_widget.controls[name].value = value
    by_browser.widget.set_state({"values": {**by_browser.widget.values, name: value}})
    by_set.set(**{name: value})
    for explorer in (by_widget, by_browser, by_set):
        assert explorer.values[name] == explorer.controls[name].value == explorer.result[name] == value
        assert explorer.widget.values == explorer.widget.frame["values"] == explorer.values
        assert shown(explorer) == (explorer.sentence, "") == (by_set.sentence, "")
        assert explorer.widget.frame == by_set.widget.frame
        assert explorer.png() == by_set.png()


def test_several_values_draw_one_frame():
    recorder = Recorder()
    explorer = Explorer(made_up(recorder))
    recorder.calls.clear()
    explorer.set(height=5, size=1.0, colour="blue")
    assert recorder.calls == [5]
    explorer.reset()
    assert recorder.calls == [5, 2]
    press(explorer, "up")
    assert recorder.calls == [5, 2, 7]
    explorer.widget.set_state({"values": {"height": 1, "size": 3.0, "colour": "blue", "doubled": True}})
    assert recorder.calls == [5, 2, 7, 1]


@pytest.mark.parametrize("together", [False, True])
def test_newest_value_wins(together):
    """Values 4, 5 and 6 arrive from another thread while 3 is drawn: 4 and 5 are skipped, 6 is shown."""
    recorder = Recorder(pause=3)
    explorer = Explorer(made_up(recorder))
    recorder.calls.clear()
    drawer = threading.Thread(target=explorer.set, kwargs={"height": 3})
    drawer.start()
    assert recorder.inside.wait(PATIENCE)
    for height in (4, 5, 6):
        if together:
            explorer.set(height=height, colour="blue")
        else:
            explorer.controls["height"].value = height
    assert recorder.calls == [3]
    recorder.go_on.set()
    drawer.join(PATIENCE)
    assert not drawer.is_alive()
    assert recorder.calls == [3, 6]
    assert explorer.result["height"] == explorer.values["height"] == 6
    assert explorer.png() == Explorer(made_up(), **explorer.values).png()


def test_a_value_that_comes_while_the_picture_is_stored_is_drawn(monkeypatch):
    explorer = Explorer(made_up())
    encode = explorer._picture.png

    def slow_png(caption):
        mover = threading.Thread(target=explorer.set, kwargs={"height": 6})
        mover.start()
        mover.join(PATIENCE)
        return encode(caption)

    monkeypatch.setattr(explorer._picture, "png", slow_png)
    explorer.png()
    assert explorer.result["height"] == 6


def test_many_threads_end_with_the_value_of_the_controls():
    explorer = Explorer(made_up())

    def move(k):
        for height in range(8):
            explorer.controls["height"].value = (height + k) % 8

    threads = [threading.Thread(target=move, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert explorer.error is None
    assert explorer.result == explorer.values
    assert explorer.png() == Explorer(made_up(), **explorer.values).png()


@pytest.mark.parametrize(
    ("height", "message"),
    [(8, "ZeroDivisionError: 8 cannot be computed"), (9, "OverflowError: 9 cannot be drawn <b>")],
)
def test_an_error_is_shown_and_the_next_move_works(height, message):
    explorer = Explorer(made_up())
    explorer.set(height=height)
    assert explorer.error == shown(explorer)[1] == message
    explorer.controls["height"].value = 3
    assert explorer.error is None
    assert shown(explorer)[1] == ""
    assert explorer.sentence == "height 3, red."
    assert explorer.png() == Explorer(made_up(), height=3).png()


def test_an_error_in_the_first_frame_is_shown_too():
    explorer = Explorer(made_up(), height=8)
    assert "8 cannot be computed" in explorer.error
    explorer.set(height=1)
    assert explorer.sentence == "height 1, red."


def nothing(*_):
    raise LookupError("of the author")


@pytest.mark.parametrize("part", ["compute", "update", "sentence"])
def test_an_explorer_that_never_had_a_frame_says_why_wherever_it_is_shown(part, published):
    explorer = Explorer(replace(made_up(), **{part: lambda *results, **values: nothing()}))
    assert explorer.error == "LookupError: of the author"
    explorer._ipython_display_()
    (data, metadata), _ = published
    assert data["text/plain"] == metadata["image/png"]["alt"] == "Explorer made_up failed: LookupError: of the author"
    assert (pixels(data["image/png"])[300:] < 128).any(), "the reason stands below the picture"
    with pytest.raises(LookupError, match="of the author"):
        Explorer(replace(made_up(), draw=nothing))


def test_a_draw_that_returns_nothing_is_told_so(refused):
    with refused("None", start="draw"):
        Explorer(replace(made_up(), draw=lambda figure: None))


def test_the_same_error_again_is_told_again():
    """The browser says that it is busy until a frame or a failure comes, and the same words are no change."""
    explorer, told = Explorer(made_up()), []
    explorer.set(height=8)
    explorer.widget.send = lambda message, buffers=None: told.append(message)
    explorer.set(size=2.0)
    assert told == [{"failed": True}]
    assert shown(explorer)[1] == "ZeroDivisionError: 8 cannot be computed"


def test_while_a_slow_frame_is_drawn_the_last_sentence_stands():
    recorder = Recorder(pause=3)
    explorer = Explorer(made_up(recorder))
    drawer = threading.Thread(target=explorer.set, kwargs={"height": 3})
    drawer.start()
    assert recorder.inside.wait(PATIENCE)
    assert shown(explorer) == ("height 2, red.", "")
    assert explorer.widget.frame["values"]["height"] == 2
    recorder.go_on.set()
    drawer.join(PATIENCE)
    assert shown(explorer) == ("height 3, red.", "")


def test_no_thread_is_left_behind():
    before = threading.active_count()
    explorer = Explorer(made_up())
    explorer.set(height=5)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "values",
    [
        {"heigth": 3},
        {"height": 10},
        {"height": -1},
        {"height": 2.5},
        {"height": "3"},
        {"height": True},
        {"height": float("nan")},
        {"size": 0},
        {"colour": "green"},
        {"colour": None},
        {"doubled": 1},
    ],
    ids=str,
)
def test_a_bad_value_moves_nothing(values, refused):
    recorder = Recorder()
    explorer = Explorer(made_up(recorder))
    with refused():
        explorer.set(**{"height": 5, "colour": "blue", **values})
    assert explorer.values == {"height": 2, "size": 0.1, "colour": "red", "doubled": False}
    assert recorder.calls == [2]
    with refused():
        Explorer(made_up(), **values)


def test_the_public_function_is_made_from_the_description(refused):
    function = opener(made_up())
    assert str(inspect.signature(function)) == (
        "(*, height: int = 2, size: float = 0.1, colour: Literal['red', 'blue'] = 'red', doubled: bool = False)"
        " -> nnlab.stage.explorer.Explorer"
    )
    assert inspect.cleandoc(function.__doc__) == inspect.cleandoc("""How high?

        A dot at a height.

        Args:
            height: from 0 to 9; default 2.
            size: from 0.001 to 10; default 0.1.
            colour: 'red' or 'blue'; default 'red'.
            doubled: True or False; default False.

        Its buttons are presets: up.""")
    assert function(height=4).values == made_up().values(height=4)
    with refused("'heigth'"):
        function(heigth=4)
    with refused("10", start="height"):
        function(height=10)
    with pytest.raises(TypeError, match=r"made_up\(\) takes 0 positional arguments but 1 was given"):
        function(4)


def test_reset_returns_to_the_start_and_a_preset_sets_everything():
    description = made_up()
    explorer = Explorer(description, height=4, colour="blue")
    before = explorer.png(), explorer.sentence
    press(explorer, "up")
    assert explorer.values == description.values(height=7)
    assert explorer.values["colour"] != "blue", "the reason of a preset is true for its values and the defaults"
    assert [preset["reason"] for preset in explorer.widget.about["presets"]] == ["as high as it goes"]
    press(explorer, "reset")
    assert explorer.values == explorer.start == description.values(height=4, colour="blue")
    assert (explorer.png(), explorer.sentence) == before
    press(explorer, "up")
    explorer.reset()
    assert (explorer.png(), explorer.sentence) == before


def test_copy_as_code():
    explorer = Explorer(made_up())
    assert explorer.code() == "nnlab.Explorer(...)", "this description has no name"
    explorer.set(height=5, size=0.25, doubled=True, colour="blue")
    assert explorer.code() == "nnlab.Explorer(..., height=5, size=0.25, colour='blue', doubled=True)"
    assert explorer.widget.frame["code"] == explorer.code(), "what the button of the browser copies"


def test_a_cell_shows_a_picture_that_stands_still_and_beside_it_the_live_one(published):
    explorer = Explorer(made_up())
    explorer._ipython_display_()
    (data, metadata), (live, _) = published
    assert live.keys() == {VIEW}, "no stored notebook needs it"
    how, shown = widget_serialization["from_json"](f"IPY_MODEL_{live[VIEW]['model_id']}", None).children
    assert shown is explorer.widget
    assert "nnlab lab" in how.value
    assert VIEW not in data
    assert data["text/plain"] == repr(explorer) == "Explorer made_up: height 2, red."
    assert data["image/png"] == explorer.png()
    assert metadata["image/png"] == {"width": 300, "alt": explorer.sentence}
    stored, painted = pixels(data["image/png"]).astype(int), explorer._picture.rgb().astype(int)
    assert painted.shape == (300, 450, 3)
    assert np.abs(painted - stored[:300]).mean() < 3  # of 255: a palette of few colours
    assert stored.shape[1:] == (450, 3)
    assert (stored[300:] < 128).any(), "the sentence stands below"
    assert explorer.widget.about["size"] == explorer.widget.frame["strokes"]["size"] == [300, 200]
    assert explorer.widget.scene["key"] == explorer.widget.frame["scene"]
    assert [op[0] for op in explorer.widget.frame["strokes"]["ops"]] == ["m"], "the dot, which alone moves"


def test_when_its_last_view_is_gone_the_pixels_are_given_back_until_they_are_wanted_again():
    explorer = Explorer(made_up())
    before, drawn = explorer.png(), weakref.ref(explorer._picture)
    explorer.widget._view_count = 2  # as the front end sets it
    explorer.widget._view_count = 1
    gc.collect()
    assert drawn() is explorer._picture
    explorer.widget._view_count = 0
    gc.collect()
    assert drawn() is None
    assert explorer.png() == before
    explorer.widget._view_count = 1
    explorer.widget._view_count = 0
    explorer.set(height=5)
    fresh = Explorer(made_up(), height=5)
    assert (explorer.png(), explorer.widget.frame) == (fresh.png(), fresh.widget.frame)


def test_pyplot_and_the_style_are_left_alone():
    before = dict(matplotlib.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer = Explorer(made_up())
        explorer.set(height=5)
        explorer.png()
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_the_students_own_style_does_not_change_the_picture():
    wanted = Explorer(made_up()).png()
    with matplotlib.rc_context({"axes.facecolor": "black", "font.size": 20, "lines.markersize": 30, "axes.grid": True}):
        explorer = Explorer(made_up())
        explorer.set(height=5)
        explorer.reset()
        assert explorer.png() == wanted


def test_a_setting_that_fails_and_needs_more_room_breaks_no_other_frame():
    """The room that the axes leave is that of the settings that can be drawn."""
    explorer = Explorer(made_up(widest=({"height": 8},)))  # which fails, as one that is moved to
    assert explorer.error is None
    assert explorer.sentence == "height 2, red."
    explorer.set(height=8)
    assert explorer.error is not None
    explorer.set(height=3)
    assert (explorer.error, explorer.sentence) == (None, "height 3, red.")
    with pytest.raises(ValueError, match="height"):
        Explorer(made_up(widest=({"height": 99},))).description.roomy()


def test_a_cell_that_is_run_again_and_again_keeps_few_figures():
    """In a kernel without a browser nobody says which explorers are out of sight, and the kernel keeps them all."""
    explorers = [Explorer(made_up()) for _ in range(FIGURES + 4)]
    stills = {explorer.png() for explorer in explorers}
    assert sum("_picture" in vars(explorer) for explorer in explorers) <= FIGURES
    assert len(stills) == 1
    explorers[0].set(height=5)
    assert explorers[0].error is None
    assert explorers[0].png() not in stills
