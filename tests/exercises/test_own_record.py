"""What a student sees of the own record: what is solved, what is next, and why there is none."""

import io

import pytest
from matplotlib.figure import Figure
from PIL import Image
from test_own_exercises import TWICE, cell

import nnlab
from nnlab import exercises
from nnlab.exercises.own_record import draw, made_from
from nnlab.stage import logbook
from nnlab.stage.logbook import Entry

IDS = ("00.1", "00.2", "01.1", "01.2")
ROWS = {"00": "00 start here", "01": "01 gradient descent"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for a record, of a student who has registered nothing."""
    monkeypatch.setenv(logbook.SETTING, str(tmp_path / "nnlab"))
    monkeypatch.setattr(logbook, "passing", lambda: "")
    monkeypatch.setattr(exercises, "_own", {})
    monkeypatch.setattr(exercises, "_said", set())
    return tmp_path / "nnlab"


def lines(*pairs, what="check"):
    return [Entry("2026-11-26T14:00:00+00:00", what, name, outcome) for name, outcome in pairs]


@pytest.mark.parametrize(
    ("entries", "solved", "tried", "following"),
    [
        ((), set(), set(), "00.1"),
        ((("00.1", "correct"),), {"00.1"}, set(), "00.2"),
        ((("00.1", "not yet"),), set(), {"00.1"}, "00.1"),
        ((("00.1", "correct"), ("00.1", "not yet")), {"00.1"}, set(), "00.2"),
        ((("01.1", "correct"),), {"01.1"}, set(), "01.2"),
        ((("01.1", "correct"), ("00.1", "correct")), {"00.1", "01.1"}, set(), "00.2"),
        ((("01.2", "correct"),), {"01.2"}, set(), "00.1"),
        ([(id, "correct") for id in IDS], set(IDS), set(), ""),
        ((("99.9", "correct"),), set(), set(), "00.1"),
    ],
)
def test_next_is_the_first_unsolved_after_the_last_that_was_solved(entries, solved, tried, following):
    record = made_from(IDS, ROWS, lines(*entries))
    assert (record.solved, record.tried, record.next) == (solved, tried, following)
    assert f"{len(solved)} of 4 exercises solved" in repr(record)
    assert f"Next: {following}." in repr(record) if following else "All of them are solved." in repr(record)


def test_of_a_prediction_the_first_choice_counts():
    asked = lines(("up?", "wrong"), ("up?", "right"), ("down?", "right"), ("why?", "open"), what="predict")
    record = made_from(IDS, ROWS, asked)
    assert (record.predictions, record.right) == (3, 1)
    assert "1 of 3 predictions right" in repr(record)


def test_the_picture_has_a_mark_for_each_exercise_where_it_belongs():
    record = made_from(IDS, ROWS, lines(("00.1", "correct"), ("01.1", "not yet")))
    ax = draw(record, Figure().subplots())
    points = {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in ax.lines}
    assert points == {"not tried": [(2, 0), (2, 1)], "tried": [(1, 1)], "solved": [(1, 0)], "next": [(2, 0)]}
    assert [text.get_text() for text in ax.get_yticklabels()] == list(ROWS.values())
    low, high = ax.get_ylim()
    assert low > 1 > 0 > high, "the first notebook is on top"
    data, metadata = record._repr_mimebundle_()
    assert Image.open(io.BytesIO(data["image/png"])).width == 768
    assert data["text/plain"] == metadata["image/png"]["alt"] == repr(record)


def test_an_answer_is_noted_and_a_stub_or_a_shown_solution_is_not(place):
    nnlab.check("08.5", ...)
    assert cell("# Solution\nnnlab.check('08.5', 170)").status == "correct"
    assert logbook.entries() == ([], 0)
    nnlab.check("8.5", 3)
    nnlab.check("08.5", 170)
    assert [entry[1:] for entry in logbook.entries()[0]] == [("check", "08.5", "not yet"), ("check", "08.5", "correct")]
    assert nnlab.record().solved == {"08.5"}
    assert nnlab.record().next == "09.1"
    nnlab.register(TWICE)
    nnlab.check("twice.1", TWICE.solution)
    assert nnlab.record().solved == {"08.5", "twice.1"}
    assert list(nnlab.record().rows)[-1] == "twice"
    assert nnlab.record().png()


def test_a_prediction_is_noted_once_for_each_choice(place):
    asked = nnlab.predict("Up or down?", ["up", "down"], answer="down")
    asked.choose("up")
    asked._form.set_state({"choice": "down"})
    nnlab.predict("And now?", ["up", "down"]).choose("up")
    found = [entry[1:] for entry in logbook.entries()[0]]
    assert found == [("predict", "Up or down?", q) for q in ("wrong", "right")] + [("predict", "And now?", "open")]


def test_one_call_stops_it_and_says_so(place, refused):
    assert nnlab.record().note == ""
    assert "nnlab.record(True) begins again" in nnlab.record(False).note
    nnlab.check("08.5", 170)
    assert nnlab.record().solved == set()
    assert nnlab.record(True).note == ""
    with refused("1", start="keep"):
        nnlab.record(1)


def test_without_a_place_checks_work_and_say_it_once(tmp_path, place, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv(logbook.SETTING, str(tmp_path / "file"))
    nnlab.predict("Up or down?", ["up", "down"]).choose("up")
    assert [nnlab.check("08.5", answer).status for answer in (3, 170, 170)] == ["not yet", "correct", "correct"]
    out, err = capsys.readouterr()
    assert out.count("nnlab cannot keep your record") == 1
    assert err == ""
    assert "cannot be used" in nnlab.record(False).note
    assert nnlab.record().solved == set()


def test_a_damaged_line_is_said_where_the_record_is_shown(place):
    nnlab.check("08.5", 170)
    with open(place / "record.jsonl", "ab") as file:
        file.write(b"\n{")
    assert nnlab.check("08.4", 0).status == "not yet"
    assert (nnlab.record().solved, nnlab.record().note) == ({"08.5"}, "Damaged lines left out: 1.")


def test_binder_says_that_it_cannot_keep_one(place, monkeypatch):
    monkeypatch.setattr(logbook, "passing", lambda: "Binder")
    assert nnlab.record().note.startswith("Binder cannot keep it")
    monkeypatch.setenv(logbook.SETTING, "off")
    assert nnlab.record().note == "", "what is stored in a notebook says the same everywhere"


def test_in_tests_it_is_empty(monkeypatch):
    monkeypatch.delenv(logbook.SETTING, raising=False)
    monkeypatch.setattr(exercises, "_own", {})
    nnlab.check("08.5", 170)
    assert repr(nnlab.record()) == f"Your record: 0 of {len(exercises.exercises())} exercises solved. Next: 00.1."
