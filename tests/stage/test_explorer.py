"""The explorer itself, on a made-up description: newest value wins, errors in sight, one frame for several moves."""

import gc
import inspect
import io
import threading
import warnings
import weakref

import ipywidgets as widgets
import matplotlib
import numpy as np
import pytest
from made_up import PATIENCE, Recorder, made_up
from matplotlib import pyplot
from PIL import Image

from nnlab import Explorer
from nnlab.stage.explorer import VIEW, opener


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))


def shown(explorer):
    """The text under the picture, and the error above the controls."""
    return explorer._sentence.value, explorer._error.value


def buttons(explorer):
    found, todo = {}, [explorer.widget]
    while todo:
        widget = todo.pop()
        todo += getattr(widget, "children", ())
        if isinstance(widget, widgets.Button):
            found[widget.description] = widget
    return found


def test_starts_with_its_values():
    explorer = Explorer(made_up(), height=4)
    assert explorer.values == {"height": 4, "size": 0.1, "colour": "red", "doubled": False}
    assert explorer.result == explorer.values
    assert explorer.sentence == "height 4, red."
    assert explorer.sentence in shown(explorer)[0]
    assert explorer.error is None
    assert list(explorer.controls) == ["height", "size", "colour", "doubled"]
    assert all(control.description for control in explorer.controls.values())


@pytest.mark.parametrize(("name", "value"), [("height", 5), ("size", 2.0), ("colour", "blue"), ("doubled", True)])
def test_widget_and_set_do_the_same(name, value):
    by_widget, by_set = Explorer(made_up()), Explorer(made_up())
    by_widget.controls[name].value = value
    by_set.set(**{name: value})
    assert by_widget.values[name] == by_set.values[name] == by_set.result[name] == value
    assert by_widget.sentence == by_set.sentence
    assert by_widget.png() == by_set.png()


def test_several_values_draw_one_frame():
    recorder = Recorder()
    explorer = Explorer(made_up(recorder))
    recorder.calls.clear()
    explorer.set(height=5, size=1.0, colour="blue")
    assert recorder.calls == [5]
    explorer.reset()
    assert recorder.calls == [5, 2]
    buttons(explorer)["up"].click()
    assert recorder.calls == [5, 2, 7]


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

    def slow_png():
        mover = threading.Thread(target=explorer.set, kwargs={"height": 6})
        mover.start()
        mover.join(PATIENCE)
        return encode()

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
def test_an_error_is_shown_in_red_and_the_next_move_works(height, message):
    explorer = Explorer(made_up())
    explorer.set(height=height)
    assert explorer.error == message
    in_red = shown(explorer)[1]
    assert "color: #b00020" in in_red
    assert 'role="alert"' in in_red
    assert message.replace("<b>", "&lt;b&gt;") in in_red
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


def test_a_slow_frame_says_that_it_is_drawing():
    recorder = Recorder(pause=3)
    explorer = Explorer(made_up(recorder))
    said, slow = [], threading.Event()

    def listen(change):
        said.append(change["new"])
        slow.set()

    explorer._sentence.observe(listen, names="value")
    drawer = threading.Thread(target=explorer.set, kwargs={"height": 3})
    drawer.start()
    assert slow.wait(PATIENCE)
    recorder.go_on.set()
    drawer.join(PATIENCE)
    assert ["drawing ..." in text for text in said] == [True, False]
    assert "height 3, red." in said[-1]


def test_a_timer_that_goes_off_at_the_last_moment_leaves_the_new_sentence(monkeypatch):
    """A frame of about a tenth of a second: the new sentence stands already when "drawing ..." is said."""

    class LastMoment:
        def __init__(self, seconds, say):
            self.cancel = say

        def start(self):
            pass

        join = start

    explorer = Explorer(made_up())
    monkeypatch.setattr("nnlab.stage.explorer.threading.Timer", LastMoment)
    explorer.set(height=3)
    assert explorer.sentence == "height 3, red."
    assert "height 3, red." in explorer._sentence.value


def test_a_slow_frame_that_fails_does_not_say_drawing_for_ever():
    recorder = Recorder(pause=8)
    explorer = Explorer(made_up(recorder))
    slow = threading.Event()
    explorer._sentence.observe(lambda change: slow.set(), names="value")
    drawer = threading.Thread(target=explorer.set, kwargs={"height": 8})
    drawer.start()
    assert slow.wait(PATIENCE)
    recorder.go_on.set()
    drawer.join(PATIENCE)
    assert "drawing" not in shown(explorer)[0]
    assert explorer.error


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
    buttons(explorer)["up"].click()
    assert explorer.values == description.values(height=7)
    assert explorer.values["colour"] != "blue", "the reason of a preset is true for its values and the defaults"
    assert "as high as it goes" in explorer._note.value
    buttons(explorer)["reset"].click()
    assert explorer.values == explorer.start
    assert (explorer.png(), explorer.sentence) == before
    assert explorer._note.value == ""


def test_copy_as_code():
    explorer = Explorer(made_up())
    assert explorer.code() == "nnlab.explorers.made_up()"
    explorer.set(height=5, size=0.25, doubled=True, colour="blue")
    assert explorer.code() == "nnlab.explorers.made_up(height=5, size=0.25, colour='blue', doubled=True)"
    field = explorer.widget.children[-1]
    assert field.layout.display == "none"
    buttons(explorer)["copy as code"].click()
    assert field.layout.display != "none"
    assert field.value == explorer.code()


def test_display_bundle_works_with_and_without_a_kernel():
    explorer = Explorer(made_up())
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"] == repr(explorer) == "Explorer made_up: height 2, red."
    assert data["image/png"] == explorer.png()
    assert data[VIEW]["model_id"] == explorer.widget.model_id
    assert metadata["image/png"] == {"width": 300, "alt": explorer.sentence}
    live, stored = pixels(explorer._image.value).astype(int), pixels(data["image/png"]).astype(int)
    assert live.shape == stored.shape == (300, 450, 3)
    assert np.abs(live - stored).mean() < 3  # of 255: JPEG and a palette of few colours


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
    assert (explorer.png(), explorer._image.value) == (fresh.png(), fresh._image.value)


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
