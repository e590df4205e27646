"""Exercises: ``check`` an answer, ask for a ``hint``.

One module for each notebook holds its exercises. exercise says what an exercise is, attempt runs a student's
function, values compares what it gave, and others draws the cases for grading. own_record shows what is solved.
"""

from __future__ import annotations

import importlib
import linecache
import re
import sys
from collections.abc import Iterable
from types import FrameType

from nnlab import arguments
from nnlab.exercises.exercise import CORRECT, NOT_ATTEMPTED, WRONG, Exercise, Mistake, Report
from nnlab.exercises.own_record import Record, made_from
from nnlab.stage import logbook

NOTEBOOKS = {
    "00": "start_here",
    "01": "gradient_descent",
    "02": "backprop_by_hand",
    "03": "losses_and_metrics",
    "04": "activation_saturation",
    "05": "weight_initialization",
    "06": "optimizers",
    "07": "learning_rate_schedules",
    "08": "training_loop",
    "09": "learning_curves",
    "10": "regularization",
    "11": "dropout_and_label_smoothing",
    "12": "normalization_and_clipping",
    "13": "hyperparameter_search",
    "14": "debugging_clinic",
    "15": "transfer_learning",
    "16": "pixel_regression",
}

OWN_ID = re.compile(r"[^\W\d]\w*\.\d+")  # of an exercise that is not the course's, such as "ravine.1"

_hints_given: dict[str, int] = {}  # exercise -> hints given in this session: ``hint`` gives the *next* one
_own: dict[str, Exercise] = {}  # the exercises of somebody else, registered in this session
_said: set[str] = set()  # why no record can be kept: each reason is said once in a session


def exercises(notebooks: Iterable[str] = tuple(NOTEBOOKS)) -> dict[str, Exercise]:
    """Every exercise of these notebooks (such as "06"), by its id."""
    modules = [importlib.import_module(f"nnlab.exercises.{NOTEBOOKS[number]}") for number in notebooks]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def find(id: str) -> Exercise:
    """The exercise with that id, such as "06.3"; an unknown id raises a ValueError with the nearest known one."""
    if isinstance(id, str) and OWN_ID.fullmatch(id):
        if not _own:
            raise ValueError(
                f"an exercise of your own must be registered first. Got {id!r}. Try nnlab.register(exercise)."
            )
        arguments.one_of("exercise", id, _own)
        return _own[id]
    id = in_full(id)
    number = str(id)[:2]
    known = exercises([number] if number in NOTEBOOKS else NOTEBOOKS)
    arguments.one_of("exercise", id, known)
    return known[id]


def in_full(id):
    """The id with two digits for the notebook: "1.1" is "01.1"."""
    return f"0{id}" if isinstance(id, str) and id[1:2] == "." else id


def register(*own: Exercise) -> None:
    """Make exercises of your own known to ``check``, ``hint`` and ``record``, until the kernel ends.

    Registered again, the newest counts: change the exercise and run its cell once more.

    Args:
        own: exercises, each with an id of its own, a name, a dot and a number, such as "ravine.1".

    Raises:
        TypeError: what is given is no ``nnlab.Exercise``.
        ValueError: an id of another form, such as those of the course.

    >>> import nnlab
    >>> nnlab.register(nnlab.Exercise("sums.1", "add 1 and 2", 3, "the sum.", (), ("Count.", "It is 3.")))
    >>> nnlab.check("sums.1", 3)
    ✓ sums.1 correct: the sum.
    """
    for exercise in own:
        if not isinstance(exercise, Exercise):
            raise TypeError(
                f"what is registered must be an nnlab.Exercise. Got {exercise!r}. Try nnlab.Exercise(id=...)."
            )
        if not OWN_ID.fullmatch(exercise.id):
            raise ValueError(
                f"id must be a name, a dot and a number: the course has its own. Got {exercise.id!r}. Try 'mine.1'."
            )
        _own[exercise.id] = exercise


def check(id: str, answer) -> Report:
    """Check an answer, on the last line of a cell.

    An untouched stub (``...``, None, a function of ``...``, ``pass`` or ``raise NotImplementedError`` alone) is *not
    attempted*. A wrong answer gets its reason. The answer is judged by its values: floats, lists, arrays and tensors
    of any number kind are as good as the solution's own. It is run on copies, must not change its arguments, and
    must end within 5 seconds. Below a line "# Solution" the report is plain text, so that it does not look like one
    of the student's own, and only the student's own answers go into the record, see ``record``.

    Args:
        id: notebook and number, such as "06.3".
        answer: the student's function or value.
    """
    exercise = find(id)
    report = exercise.check(answer)._replace(students=not in_solution_cell(sys._getframe(1)))
    if report.students and report.status != NOT_ATTEMPTED:
        trouble = logbook.note("check", exercise.id, report.status)
        if trouble and trouble not in _said:
            _said.add(trouble)
            print(trouble)
    return report


def in_solution_cell(frame: FrameType) -> bool:
    """Whether the code of this frame is a cell that begins with "# Solution", as those in the notebooks do."""
    return linecache.getline(frame.f_code.co_filename, 1).lower().startswith("# solution")


def hint(id: str) -> None:
    """Print the next of the two hints of an exercise; after the second it starts again."""
    exercise = find(id)
    given = _hints_given.get(id, 0)
    _hints_given[id] = given + 1
    print(f"Hint {given % 2 + 1} of 2 for {id}: {exercise.hints[given % 2]}")


def record(keep: bool | None = None) -> Record:
    """Your own record as a picture: which exercises are solved, which were tried, and which is next.

    ``check`` and ``predict`` write one line for each answer into a small file in your user's data folder, which is
    never sent anywhere. ``record(False)`` stops that, ``record(True)`` begins again. The environment variable
    ``NNLAB_RECORD`` names another folder, or is "off". Tests and CI write nothing.

    Args:
        keep: whether lines are written from now on, in every notebook; None leaves it as it is.

    >>> import nnlab
    >>> nnlab.record().next
    '00.1'
    """
    if keep is not None and not isinstance(keep, bool):
        raise TypeError(f"keep must be True or False. Got {keep!r}. Try False.")
    entries: list[logbook.Entry] = []
    notes = []
    try:
        if keep is not None:
            logbook.keep(keep)
        entries, damaged = logbook.entries()
        if damaged:
            notes.append(f"Damaged lines left out: {damaged}.")
        if logbook.folder() and not logbook.kept():
            notes.append("You keep no record now; nnlab.record(True) begins again.")
    except OSError as error:
        notes.append(f"{error.filename or logbook.folder()} cannot be used: {error.strerror}.")
    if logbook.folder() and (service := logbook.passing()):
        notes.append(f"{service} cannot keep it: it ends with this session. On your own computer it stays.")
    rows = {number: f"{number} {name.replace('_', ' ')}" for number, name in NOTEBOOKS.items()}
    rows |= {start: start for start in (id.partition(".")[0] for id in _own)}
    return made_from([*exercises(), *_own], rows, entries, " ".join(notes))


__all__ = [
    "CORRECT",
    "NOTEBOOKS",
    "NOT_ATTEMPTED",
    "WRONG",
    "Exercise",
    "Mistake",
    "Record",
    "Report",
    "check",
    "exercises",
    "find",
    "hint",
    "in_full",
    "in_solution_cell",
    "record",
    "register",
]
