"""A page says what the notebook says: which settings are recorded, how they travel, what is kept, what is refused."""

import json
import random
import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import made_up

import nnlab
from nnlab import Explorer
from nnlab.stage.alone import kept
from nnlab.stage.alone.chunks import apart, pack, together, unpack
from nnlab.stage.alone.page import script
from nnlab.stage.alone.plan import GRID, MOST, plan, stops
from nnlab.stage.alone.portable import LARGEST, in_files
from nnlab.stage.alone.recording import Caps, Takes, record
from nnlab.stage.drawing.strokes import in_bytes

SMALL = made_up()
BASES = [SMALL.values(), SMALL.values(height=7)]


def description_of(name):
    return import_module(f"nnlab.explorers.{name}").DESCRIPTION


def bases_of(description):
    return [description.values(), *(description.values(**preset.values) for preset in description.presets)]


def frames_in(chunks):
    """Values -> (scene, frame), from chunks as a page reads them."""
    scenes, found = {}, {}
    for chunk in chunks:
        message, buffers = unpack(chunk)
        rest = iter(buffers)

        def whole(part, rest=rest):
            points, *images = (next(rest) for _ in range(part["count"]))
            return {**part["strokes"], "points": points, "images": images}

        scenes |= {scene["key"]: whole(scene) for scene in message["ahead"]["scenes"]}
        for frame in message["ahead"]["frames"]:
            told = {name: value for name, value in frame.items() if name != "count"} | {"strokes": whole(frame)}
            found[tuple(frame["values"].values())] = scenes[frame["scene"]], told
    return found


def as_sent(thing):
    """What is left of tuples after a way as JSON."""
    return json.loads(json.dumps(thing, default=lambda data: list(data)))


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_a_page_says_what_the_notebook_says(name, request):
    """Random recorded settings: sentence, strokes, code, handles and background are the live explorer's."""
    description = description_of(name)
    wanted = [setting for group in plan(description, bases_of(description)) for setting in group.settings]
    count = 50 if request.config.getoption("--ends") else 2
    chosen = random.Random(name).sample(wanted, count)
    takes = Takes(description, Caps())
    for values in (description.values(), *chosen):
        takes.take(values, "")
    takes.chunks.finish()
    page = frames_in(data for data, _ in takes.chunks.done)
    live = Explorer(description)
    for values in chosen:
        live.set(**values)
        scene, frame = page[tuple(values.values())]
        assert frame["sentence"] == live.sentence
        assert as_sent(frame) == as_sent(live.widget.frame)
        assert as_sent(scene) == as_sent(live.widget.scene["strokes"])


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_the_plan_has_few_stops_and_all_that_a_button_needs(name):
    description = description_of(name)
    bases = bases_of(description)
    recorded, groups = stops(description, bases), plan(description, bases)
    planned = {tuple(setting.values()) for group in groups for setting in group.settings}
    assert planned >= {tuple(base.values()) for base in bases}
    for control in description.controls:
        axis = recorded[control.name]
        assert len(axis) <= MOST
        assert {*control.ends} <= {*axis}
        for base in bases:
            assert planned >= {tuple({**base, control.name: value}.values()) for value in axis}
    assert len(groups[-1].settings) <= GRID


@given(st.lists(st.integers(-16000, 16000).flatmap(lambda n: st.sampled_from([n, n % 100])), max_size=60))
def test_points_come_back_as_they_were(numbers):
    points = in_bytes(np.array(numbers + numbers, int))  # x and y
    assert together(*apart(points)) == points


def test_a_chunk_holds_each_scene_once():
    explorer, known = Explorer(SMALL), set()
    made = [explorer._made(SMALL.values(height=k)) for k in (1, 2, 3)]
    first, second = pack(made[:2], known), pack(made[2:], known)
    assert [len(unpack(chunk)[0]["ahead"]["scenes"]) for chunk in (first, second)] == [1, 0]
    assert len(frames_in([first, second])) == 3


def test_what_cannot_be_computed_or_drawn_cannot_be_reached():
    recorded = record(SMALL, BASES, shown=False)
    assert recorded.axes["height"] == [0, 1, 2, 3, 4, 5, 6, 7], "8 cannot be computed, 9 cannot be drawn"
    assert recorded.axes["colour"] == ["red", "blue"]
    assert recorded.axes["doubled"] == [False, True]
    assert recorded.left_out == []
    settings = [tuple(axis[k] for axis, k in zip(recorded.axes.values(), at, strict=True)) for at in places(recorded)]
    assert len(settings) == len(set(settings)) == recorded.frames
    assert set(settings) == frames_in(recorded.chunks).keys()
    first = frames_in(recorded.chunks[:1])
    assert {tuple(base.values()) for base in BASES} <= first.keys(), "the start and the presets come with the page"


def places(recorded):
    return [chunk[k : k + 4] for chunk in recorded.places for k in range(0, len(chunk), 4)]


@pytest.mark.parametrize("caps", [Caps(frames=9), Caps(size=2500)])
def test_a_cap_keeps_what_is_wanted_most_and_says_what_is_missing(caps):
    recorded = record(SMALL, BASES, caps, shown=False)
    assert 1 < recorded.frames < 100
    assert sum(map(len, recorded.chunks)) < 5000
    assert recorded.left_out[-1] == "the grid of height and size and colour"
    assert tuple(BASES[0].values()) in frames_in(recorded.chunks)


def test_where_nothing_can_be_recorded_the_picture_stands_still(tmp_path):
    with pytest.warns(UserWarning, match="made_up: 0 pictures were recorded, and there was no room for the start"):
        html, files = in_files(Explorer(SMALL), "still", Caps(frames=0), tmp_path)
    assert [name for name, _ in files] == ["still.png"]
    assert 'src="still.png" loading="lazy" alt="height 2, red."' in html
    assert "<script" not in html


@pytest.fixture
def activation(monkeypatch):
    """The description, and a list that grows with every recording of it."""
    description, calls = description_of("activation"), []
    monkeypatch.setattr(kept, "record", lambda *given: calls.append(1) or record(*given))
    return description, calls


def test_a_second_build_records_nothing_until_something_changes(activation, tmp_path, monkeypatch):
    (description, calls), caps = activation, Caps(frames=5)
    bases = bases_of(description)
    first = kept.recording(description, bases, caps, tmp_path)
    assert kept.recording(description, bases, caps, tmp_path) == first
    assert len(calls) == 1
    assert kept.recording(description, bases[:2], caps, tmp_path) != first
    assert len(calls) == 2, "other settings have a recording of their own"
    monkeypatch.setattr(kept.metadata, "version", lambda name: "0")
    kept.recording(description, bases, caps, tmp_path)
    assert len(calls) == 3
    path = max(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime_ns)
    path.write_bytes(path.read_bytes()[:200])
    assert kept.recording(description, bases, caps, tmp_path).frames == first.frames
    assert len(calls) == 4, "half a file is no recording"


def test_a_recording_depends_on_the_files_that_draw_it_and_on_no_others():
    names = {path.relative_to(kept.PACKAGE).as_posix() for path in kept.sources("nnlab.explorers.activation")}
    names |= {path.relative_to(kept.PACKAGE).as_posix() for path in kept.sources(kept.OURS)}
    assert {
        "explorers/activation.py",
        "engine/activations.py",
        "stage/drawing/recorder.py",
        "stage/drawing/strokes.py",
    } <= names
    assert not {"explorers/dropout.py", "stage/alone/page.py", "stage/explorer.py", "__init__.py"} & names


def test_what_a_notebook_defines_is_recorded_anew():
    assert kept.fingerprint(SMALL, BASES, Caps()) is None


def test_a_cache_that_cannot_be_written_is_done_without(activation, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert kept.recording(activation[0], bases_of(activation[0]), Caps(frames=2), blocked / "frames").frames == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [(3, "3"), ("picture.png", "'picture.png'"), ("nowhere/page.html", "'nowhere/page.html'"), (".", "'.', a folder")],
)
def test_a_path_that_no_page_can_have_is_refused(path, value, refused):
    with refused(value=value, start="path"):
        Explorer(SMALL).to_html(path)


def test_a_file_of_its_own_replaces_the_one_before_and_fits(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    assert Explorer(SMALL, height=3).to_html(path) == path
    text = path.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert len(text.encode()) < LARGEST
    assert "<title>How high?</title>" in text
    assert 'alt="height 3, red."' in text
    assert "http" not in text.replace("http-equiv", ""), "it loads nothing"


def test_a_fragment_may_leave_the_front_end_to_another_one():
    explorer = Explorer(SMALL)
    with warnings.catch_warnings(action="error"):
        whole, less = explorer.embed(), explorer.embed(front=False)
    assert whole == f"{less}\n<script>{script()[0]}</script>"


def test_chunks_of_a_site_have_files_of_their_own(tmp_path):
    explorer = nnlab.explorers.descent_1d()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        html, (picture, *chunks) = in_files(explorer, "frames/descent_1d-1", Caps(frames=110), tmp_path)
    assert picture == ("frames/descent_1d-1.png", explorer.png())
    assert [name for name, _ in chunks] == [f"frames/descent_1d-1-{k}.js" for k in range(len(chunks))]
    assert len(chunks) > 1
    for name, data in chunks:
        assert f'data-address="{name}"' in html
        assert data.startswith(b'(window.nnlabChunks ??= {})["' + name.removeprefix("frames/").encode())
    assert len(html) < 12_000, "only what a page needs at once stands in it"


def test_the_front_end_cannot_end_the_element_in_which_it_stands():
    assert "</script" not in script()[0]
    assert "<!--" not in script()[0]
