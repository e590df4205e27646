"""The panel: what the browser may say to the kernel, what travels to it, and what is given back."""

import gc
import weakref

import ipywidgets
import pytest
from made_up import made_up
from matplotlib.figure import Figure

import nnlab
from nnlab import Explorer
from nnlab.stage.panel import front, picture_of


def draw_two_scenes(figure):
    ax = figure.subplots()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    return {"dot": ax.plot([], [], "o")[0]}


def update_two_scenes(artists, result):
    """Above a height of 4 the title, which is background, is another one."""
    artists["dot"].set_data([5], [result["height"]])
    artists["dot"].axes.set_title("high" if result["height"] > 4 else "low")
    return result["height"] > 4


TWO_SCENES = made_up(draw=draw_two_scenes, update=update_two_scenes)


@pytest.fixture
def sent(monkeypatch):
    """A function that collects the messages to the browser of an explorer: the names of the traits in each."""

    def collect(explorer):
        messages = []

        def send(data=None, metadata=None, buffers=None):
            messages.append(sorted(data["state"]) if data["method"] == "update" else data["method"])

        monkeypatch.setattr(explorer.widget.comm, "send", send)
        return messages

    return collect


def browser(explorer, **values):
    """The browser moves controls."""
    explorer.widget.set_state({"values": {**explorer.widget.values, **values}})


@pytest.mark.parametrize(
    "values",
    [
        {"height": 10},
        {"height": -1},
        {"height": 2.5},
        {"height": "3"},
        {"height": None},
        {"size": 0},
        {"colour": "green"},
        {"doubled": 1},
        {"size": 1.23456, "colour": "green"},
        {"height": 5, "doubled": "yes"},
    ],
    ids=str,
)
def test_a_value_of_the_browser_out_of_range_moves_nothing_and_is_said(values):
    explorer = Explorer(made_up(), height=3)
    before, frame = dict(explorer.widget.values), explorer.widget.frame
    browser(explorer, **values)
    assert explorer.widget.values == explorer.values == before
    assert {name: control.value for name, control in explorer.controls.items()} == before
    assert explorer.result == before
    assert explorer.widget.frame == frame
    name, value = list(values.items())[-1]
    assert explorer.error == explorer.widget.error
    assert explorer.error.startswith(("ValueError: ", "TypeError: "))
    assert name in explorer.error
    assert f"Got {value!r}" in explorer.error
    browser(explorer, height=4)
    assert (explorer.error, explorer.widget.error) == (None, "")
    assert explorer.sentence == "height 4, red."


def test_a_refused_value_is_taken_back_in_the_browser(sent):
    explorer = Explorer(made_up())
    messages = sent(explorer)
    browser(explorer, height=99)
    assert ["values"] in messages
    assert ["error"] in messages


def test_a_message_without_a_control_moves_nothing():
    explorer = Explorer(made_up())
    explorer.widget.set_state({"values": {"height": 5}})
    assert explorer.values == explorer.start
    assert explorer.error == explorer.widget.error != ""


def test_a_value_between_stops_survives():
    explorer = Explorer(made_up())
    (size,) = (control for control in explorer.widget.about["controls"] if control["name"] == "size")
    assert 0.123 not in size["stops"]
    browser(explorer, size=0.123)
    browser(explorer, height=5)
    explorer.controls["doubled"].value = True
    assert explorer.values["size"] == explorer.widget.values["size"] == explorer.controls["size"].value == 0.123
    assert explorer.widget.frame["values"]["size"] == 0.123
    browser(explorer, size=0.12345678)
    assert explorer.values["size"] == explorer.widget.values["size"] == 0.123, "three digits, as compute gets it"


def test_a_slider_of_ipywidgets_drives_an_explorer_both_ways():
    explorer = nnlab.explorers.descent_2d()
    slider = ipywidgets.FloatLogSlider(value=0.02, min=-4, max=1, step=0.05)
    link = ipywidgets.link((slider, "value"), (explorer.controls["lr"], "value"))
    assert explorer.values["lr"] == explorer.widget.values["lr"] == 0.02
    slider.value = 0.05
    fresh = nnlab.explorers.descent_2d(lr=0.05)
    assert explorer.values["lr"] == 0.05
    assert (explorer.widget.frame, explorer.sentence) == (fresh.widget.frame, fresh.sentence)
    explorer.set(lr=0.1)
    assert slider.value == 0.1
    browser(explorer, lr=0.03)
    assert slider.value == 0.03
    explorer.reset()
    assert slider.value == explorer.start["lr"]
    link.unlink()
    slider.value = 0.07
    assert explorer.values == explorer.start


def test_a_control_can_be_observed_and_refuses_what_is_out_of_range(refused):
    explorer, seen = Explorer(made_up()), []
    explorer.controls["height"].observe(lambda change: seen.append((change["old"], change["new"])), names="value")
    browser(explorer, height=5)
    explorer.set(height=6)
    assert seen == [(2, 5), (5, 6)]
    with refused("12", start="height"):
        explorer.controls["height"].value = 12
    assert explorer.values["height"] == explorer.controls["height"].value == 6
    assert seen == [(2, 5), (5, 6)]


def test_one_message_carries_scene_and_frame_and_an_unchanged_scene_is_not_sent_again(sent):
    explorer = Explorer(TWO_SCENES)
    messages = sent(explorer)
    explorer.set(height=5)
    assert messages == [["values"], ["frame", "scene"]]
    messages.clear()
    explorer.set(height=6)
    assert messages == [["values"], ["frame"]]
    messages.clear()
    explorer.set(height=1)
    assert messages == [["values"], ["frame", "scene"]]
    assert explorer.widget.frame["scene"] == explorer.widget.scene["key"]
    messages.clear()
    explorer.set(height=1)
    assert messages == []


def test_values_of_the_browser_are_not_sent_back(sent):
    explorer = Explorer(made_up())
    messages = sent(explorer)
    browser(explorer, height=5)
    assert ["frame"] in messages
    assert ["values"] not in messages[1:], "ipywidgets may echo an update at first, and no more"


def test_an_error_and_its_end_travel_without_a_scene(sent):
    explorer = Explorer(made_up())
    messages = sent(explorer)
    explorer.set(height=8)
    assert messages == [["values"], ["error"], "custom"]
    messages.clear()
    explorer.set(height=2)
    assert messages == [["values"], ["error"]], "the frame of before is the frame of now"


def test_explorers_whose_cell_runs_200_times_do_not_keep_figures_alive():
    gc.collect()
    before = sum(type(found) is Figure for found in gc.get_objects())  # of other tests
    figures = []
    for height in range(200):
        explorer = Explorer(made_up(), height=height % 8)
        figures.append(weakref.ref(explorer._picture.figure))
        explorer.widget._view_count = 1  # as the front end sets it
        explorer.widget._view_count = 0
    gc.collect()
    assert [figure() for figure in figures] == [None] * 200
    assert sum(type(found) is Figure for found in gc.get_objects()) <= before + 1
    assert explorer.png() == Explorer(made_up(), height=7).png()


def test_an_explorer_that_was_closed_and_is_opened_again_shows_what_a_fresh_one_does():
    explorer, fresh = Explorer(TWO_SCENES), Explorer(TWO_SCENES, height=6)
    explorer.widget._view_count = 1
    explorer.widget._view_count = 0
    browser(explorer, height=6)
    assert (explorer.widget.frame, explorer.widget.scene) == (fresh.widget.frame, fresh.widget.scene)


def test_a_figure_of_matplotlib_is_a_panel_without_controls():
    figure = Figure((4, 3))
    figure.subplots().plot([1, 2, 3])
    panel = picture_of(figure, "Will it rise?")
    assert panel.about["title"] == "Will it rise?"
    assert panel.about["size"] == [400, 300]
    assert panel.about["controls"] == []
    assert panel.scene["strokes"]["ops"]
    assert panel.frame["scene"] == panel.scene["key"]
    assert panel.frame["strokes"]["ops"] == []


@pytest.mark.parametrize("names", [("strokes.js", "page.js", "curves.js", "panel.js"), ("page.js", "question.js")])
def test_the_front_end_is_one_module_that_imports_nothing(names):
    module = front(*names)
    lines = module.splitlines()
    assert not [line for line in lines if line.startswith("import ")]
    assert [line for line in lines if line.startswith("export ")] == ["export default { render };"]
    assert "http" not in module.replace("http://www.w3.org", ""), "no network"
