"""Frames sent ahead: the ones that would come when asked, nearest first, once each, and never in the way."""

import asyncio
import itertools
import threading
import time

import pytest
from made_up import PATIENCE, made_up
from test_panel import TWO_SCENES

import nnlab
from nnlab import Explorer
from nnlab.stage import ahead
from nnlab.stage.ahead import Ahead, neighbours, packed
from nnlab.stage.description import Choice, Slider, Toggle


def unpacked(message, buffers):
    """Scenes and frames of a message, as the browser puts them together again."""
    rest = list(buffers)

    def whole(part):
        points, *images = (rest.pop(0) for _ in range(part["count"]))
        return {**part["strokes"], "points": points, "images": images}

    scenes = {scene["key"]: whole(scene) for scene in message["ahead"]["scenes"]}
    frames = [
        {name: value for name, value in frame.items() if name != "count"} | {"strokes": whole(frame)}
        for frame in message["ahead"]["frames"]
    ]
    assert rest == [], "bytes that belong to nothing"
    return scenes, frames


class Browser:
    """The other end of an explorer: touches controls and keeps what comes."""

    def __init__(self, explorer):
        self.explorer, self.scenes, self.frames, self.messages = explorer, {}, [], []
        explorer._ahead._send = self.receive

    def receive(self, message, buffers):
        scenes, frames = unpacked(message, buffers)
        assert not scenes.keys() & self.scenes.keys(), "a scene came twice"
        self.scenes |= scenes
        self.frames += frames
        self.messages.append([frame["values"] for frame in frames])
        assert all(frame["scene"] in self.scenes for frame in frames)

    def say(self, **message):
        self.explorer.widget._handle_custom_msg(message, [])

    async def idle(self):
        end = time.monotonic() + PATIENCE
        while self.explorer._ahead._running:
            assert time.monotonic() < end
            await asyncio.sleep(0.001)

    async def touch(self, name):
        self.say(touched=name)
        await self.idle()

    def got(self, name):
        return [frame["values"][name] for frame in self.frames]


@pytest.fixture(autouse=True)
def a_loaded_machine_is_slow_not_broken(monkeypatch):
    monkeypatch.setattr("nnlab.stage.explorer.SLOWEST", PATIENCE)


def frame_when_asked(description, values):
    """Scene and frame of a fresh explorer that stands there, as one that was moved there would send them."""
    widget = Explorer(description, **values).widget
    return widget.scene["strokes"], widget.frame


@pytest.mark.parametrize("name", ["height", "size", "colour", "doubled"])
@pytest.mark.parametrize("description", [made_up(), TWO_SCENES], ids=["one scene", "two scenes"])
def test_frames_sent_ahead_are_the_frames_that_come_when_asked(description, name):
    browser = Browser(Explorer(description, height=3))
    asyncio.run(browser.touch(name))
    assert browser.frames
    for frame in browser.frames[:: max(1, len(browser.frames) // 10)]:
        scene, wanted = frame_when_asked(description, frame["values"])
        assert frame == wanted, "to the byte, with sentence and code"
        assert browser.scenes[frame["scene"]] == scene


@pytest.mark.parametrize(
    ("name", "control"), [("descent_2d", "lr"), ("descent_1d", "start"), ("softmax_cross_entropy", "target")]
)
def test_the_same_for_explorers_of_the_course(name, control):
    explorer = getattr(nnlab.explorers, name)()
    control = control if control in explorer.controls else next(iter(explorer.controls))
    browser = Browser(explorer)
    asyncio.run(browser.touch(control))
    assert browser.frames
    moved = getattr(nnlab.explorers, name)()
    for frame in browser.frames[:: max(1, len(browser.frames) // 5)]:
        moved.set(**frame["values"])
        assert frame == moved.widget.frame
        assert browser.scenes[frame["scene"]] == moved.widget.scene["strokes"]


def test_every_other_value_comes_the_nearest_first():
    browser = Browser(Explorer(made_up(), height=3))
    asyncio.run(browser.touch("height"))
    apart = [abs(height - 3) for height in browser.got("height")]
    assert apart == sorted(apart)
    assert sorted(browser.got("height")) == [0, 1, 2, 4, 5, 6, 7], "8 and 9 fail, 3 is shown"
    assert {frame["values"]["colour"] for frame in browser.frames} == {"red"}


def test_neighbours_of_each_kind_of_control():
    slider = Slider("lr", 0.1, 0.01, 1.0, 0.5, "lr", log=True)
    assert slider.stops == [0.01, 0.032, 0.1, 0.32, 1.0]
    assert [at["lr"] for at in neighbours(slider, {"lr": 0.1, "k": 1})] == [0.032, 0.32, 0.01, 1.0]
    between = [at["lr"] for at in neighbours(slider, {"lr": 0.3, "k": 1})]
    assert between == [0.32, 0.1, 1.0, 0.032, 0.01]
    choice = Choice("c", "b", ("a", "b", "d"), "c")
    assert list(neighbours(choice, {"c": "b", "k": 1})) == [{"c": "a", "k": 1}, {"c": "d", "k": 1}]
    assert list(neighbours(Toggle("t", True, "t"), {"t": True})) == [{"t": False}]


def test_nothing_is_sent_twice_until_the_browser_is_opened_anew():
    browser = Browser(Explorer(TWO_SCENES, height=3))

    async def twice():
        await browser.touch("height")
        first = len(browser.frames)
        await browser.touch("height")
        assert len(browser.frames) == first
        browser.explorer.set(height=5)
        await browser.touch("height")
        heights = browser.got("height")
        assert len(set(heights)) == len(heights)
        browser.say(opened=True)
        browser.scenes.clear()
        browser.frames.clear()
        await browser.touch("height")
        assert sorted(browser.got("height")) == [0, 1, 2, 3, 4, 6, 7, 9], "8 fails, 5 is shown"

    asyncio.run(twice())


def test_a_frame_that_fails_is_left_out_and_is_not_an_error_yet():
    explorer = Explorer(made_up(), height=6)
    browser = Browser(explorer)
    asyncio.run(browser.touch("height"))
    assert not {8, 9} & set(browser.got("height"))
    assert (explorer.error, explorer.widget.error) == (None, "")
    assert explorer.values["height"] == explorer.widget.frame["values"]["height"] == 6
    explorer.set(height=8)
    assert "8 cannot be computed" in explorer.error


def test_what_is_shown_stays_what_it_was():
    explorer = Explorer(TWO_SCENES, height=3)
    before = explorer.widget.frame, explorer.widget.scene, explorer.png(), explorer.sentence, explorer.result
    asyncio.run(Browser(explorer).touch("height"))
    after = explorer.widget.frame, explorer.widget.scene, explorer.png(), explorer.sentence, explorer.result
    assert after == before


def test_where_frames_are_slow_none_is_made_before_it_is_wanted(monkeypatch):
    calls = []
    description = made_up(compute=lambda **values: calls.append(values["height"]) or values)
    explorer = Explorer(description)
    monkeypatch.setattr("nnlab.stage.explorer.SLOWEST", 0.0)  # whatever a frame takes
    browser = Browser(explorer)
    asyncio.run(browser.touch("height"))
    assert browser.frames == []
    assert calls == [2]


def test_after_one_slow_frame_no_other_is_made_before_it_is_wanted(monkeypatch):
    monkeypatch.setattr("nnlab.stage.explorer.SLOWEST", 2.0)
    calls = []

    def compute(**values):
        calls.append(values["height"])
        if values["height"] == 4:
            time.sleep(2.1)
        return values

    browser = Browser(Explorer(made_up(compute=compute), height=2))
    asyncio.run(browser.touch("height"))
    assert calls == [2, 1, 3, 0, 4], "5, 6, 7, ... are as far as 4 or farther"


def test_what_waits_is_dropped_when_another_control_is_touched(monkeypatch):
    monkeypatch.setattr(ahead, "SLICE", 0.0)  # one frame, then whatever came meanwhile
    browser = Browser(Explorer(made_up(), height=2))

    async def change_the_mind():
        browser.say(touched="size")
        while len(browser.frames) < 3:
            await asyncio.sleep(0.001)
        await browser.touch("colour")

    asyncio.run(change_the_mind())
    assert browser.frames[-1]["values"] == {"height": 2, "size": 0.1, "colour": "blue", "doubled": False}
    assert len(browser.frames) <= 5 < len(browser.explorer.description.controls[1].stops)


@pytest.mark.parametrize("how", ["opened", "unseen"])
def test_what_waits_is_dropped_when_nobody_can_want_it_any_more(how, monkeypatch):
    monkeypatch.setattr(ahead, "SLICE", 0.0)
    explorer = Explorer(made_up())
    browser = Browser(explorer)
    explorer.widget._view_count = 1

    async def leave():
        browser.say(touched="size")
        while len(browser.frames) < 3:
            await asyncio.sleep(0.001)
        if how == "opened":
            browser.say(opened=True)
        else:
            explorer.widget._view_count = 0
        await browser.idle()

    asyncio.run(leave())
    assert len(browser.frames) <= 4
    assert how == "opened" or "_picture" not in vars(explorer), "no figure is made again"


def test_between_two_slices_the_kernel_does_what_came_meanwhile(monkeypatch):
    """Frames that take half a slice each: other work has its turn after two of them."""
    monkeypatch.setattr(ahead, "SLICE", 0.02)
    made, turns = [], []

    def make(values):
        time.sleep(0.011)
        made.append(values["k"])
        return {"key": "s", "strokes": {"points": b"", "images": []}}, {
            "values": values,
            "scene": "s",
            "strokes": {"points": b"", "images": []},
        }

    async def other_work(frames):
        while frames._running:
            turns.append(len(made))
            await asyncio.sleep(0)

    async def run():
        frames = Ahead(make, lambda message, buffers: None)
        frames.fetch({"k": k} for k in range(10))
        await other_work(frames)

    asyncio.run(run())
    assert made == list(range(10))
    steps = [after - before for before, after in itertools.pairwise(turns)]
    assert max(steps) <= 2


@pytest.mark.parametrize("where", ["here", "in a thread"])
def test_without_an_event_loop_nothing_happens(where):
    """In a script, and in a thread such as one of ipykernel's subshells."""
    explorer = Explorer(made_up())
    browser = Browser(explorer)
    if where == "here":
        browser.say(touched="height")
    else:
        thread = threading.Thread(target=browser.say, kwargs={"touched": "height"})
        thread.start()
        thread.join(PATIENCE)
    assert browser.frames == []
    assert not explorer._ahead._running
    assert explorer.error is None
    asyncio.run(browser.touch("height"))
    assert browser.frames, "and later it works"


@pytest.mark.parametrize("message", [{}, {"touched": "nothing"}, {"touched": None}, {"other": 1}], ids=str)
def test_a_message_that_names_no_control_starts_nothing(message):
    browser = Browser(Explorer(made_up()))

    async def run():
        browser.say(**message)
        await browser.idle()

    asyncio.run(run())
    assert browser.frames == []


def test_a_bundle_holds_each_scene_once_and_bytes_in_order():
    def strokes(points, *images):
        return {"size": [1, 1], "ops": [], "points": points, "images": list(images)}

    scene, other = {"key": "a", "strokes": strokes(b"1")}, {"key": "b", "strokes": strokes(b"2", b"3")}
    frames = [{"values": {"k": k}, "scene": key, "strokes": strokes(bytes([k]))} for k, key in enumerate("aba")]
    known = {"b"}
    message, buffers = packed(list(zip([scene, other, scene], frames, strict=True)), known)
    assert known == {"a", "b"}
    assert buffers == [b"1", b"\x00", b"\x01", b"\x02"]
    scenes, back = unpacked(message, buffers)
    assert scenes == {"a": scene["strokes"]}
    assert back == frames
