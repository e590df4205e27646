"""Exercises of one's own are known to check and hint once they are registered."""

import pytest

import nnlab
from nnlab import exercises

TWICE = nnlab.Exercise(
    id="twice.1",
    task="twice x",
    solution=lambda x: 2 * x,
    tested="two numbers.",
    mistakes=(nnlab.Mistake(lambda x: x * x, "this is the square."),),
    hints=("Add it to itself.", "x + x"),
    cases=((3.0,), (5.0,)),
)


def cell(source):
    """Run a cell as IPython does; its last line is an expression."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    return shell.run_cell("import nnlab").success and shell.run_cell(source).result


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(exercises, "_own", {})


def test_a_registered_exercise_is_checked_and_has_hints(capsys):
    nnlab.register(TWICE)
    report = nnlab.check("twice.1", ...)
    assert report.status == "not attempted"
    assert "nnlab.hint('twice.1')" in report.message
    nnlab.hint("twice.1")
    nnlab.hint("twice.1")
    assert capsys.readouterr().out == "Hint 1 of 2 for twice.1: Add it to itself.\nHint 2 of 2 for twice.1: x + x\n"
    assert nnlab.check("twice.1", lambda x: x + x).status == "correct"
    assert nnlab.check("twice.1", lambda x: x**2).message == "this is the square."
    assert exercises.find("twice.1") is TWICE
    assert "twice.1" not in exercises.exercises()


def test_the_newest_counts():
    nnlab.register(TWICE, nnlab.Exercise("twice.2", "say 4", 4, "4.", (), ("a", "b")))
    nnlab.register(nnlab.Exercise("twice.2", "say 5", 5, "5.", (), ("a", "b")))
    assert nnlab.check("twice.2", 5).status == "correct"
    assert nnlab.check("twice.1", lambda x: 2 * x).status == "correct"


def test_one_that_is_unknown_is_told_so(refused):
    with refused("'twice.1'"):
        nnlab.hint("twice.1")
    nnlab.register(TWICE)
    with refused("'twise.1'"):
        nnlab.check("twise.1", ...)


@pytest.mark.parametrize("id", ["06.1", "06.99", "twice", "twice.one", "", "a b.1", "1.1"])
def test_the_ids_of_the_course_are_its_own(id, refused):
    with refused(repr(id), start="id"):
        nnlab.register(nnlab.Exercise(id, "say 4", 4, "4.", (), ("a", "b")))


@pytest.mark.parametrize("odd", [None, "06.1", 3, TWICE.solution])
def test_only_exercises_are_registered(odd, refused):
    with refused(repr(odd)):
        nnlab.register(odd)
