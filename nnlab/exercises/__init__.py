"""Exercises: ``check`` an answer, ask for a ``hint``.

One module for each notebook holds its exercises. exercise says what an exercise is, attempt runs a student's
function, values compares what it gave, and others draws the cases for grading.
"""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Iterable
from types import FrameType

from nnlab import arguments
from nnlab.exercises.exercise import CORRECT, NOT_ATTEMPTED, WRONG, Exercise, Mistake, Report

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

_hints_given: dict[str, int] = {}  # exercise -> hints given in this session: ``hint`` gives the *next* one


def exercises(notebooks: Iterable[str] = tuple(NOTEBOOKS)) -> dict[str, Exercise]:
    """Every exercise of these notebooks (such as "06"), by its id."""
    modules = [importlib.import_module(f"nnlab.exercises.{NOTEBOOKS[number]}") for number in notebooks]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def find(id: str) -> Exercise:
    """The exercise with that id, such as "06.3"; an unknown id raises a ValueError with the nearest known one."""
    id = in_full(id)
    number = str(id)[:2]
    known = exercises([number] if number in NOTEBOOKS else NOTEBOOKS)
    arguments.one_of("exercise", id, known)
    return known[id]


def in_full(id):
    """The id with two digits for the notebook: "1.1" is "01.1"."""
    return f"0{id}" if isinstance(id, str) and id[1:2] == "." else id


def check(id: str, answer) -> Report:
    """Check an answer, on the last line of a cell.

    An untouched stub (``...``, None, a function of ``...``, ``pass`` or ``raise NotImplementedError`` alone) is *not
    attempted*. A wrong answer gets its reason. The answer is judged by its values: floats, lists, arrays and tensors
    of any number kind are as good as the solution's own. It is run on copies, must not change its arguments, and
    must end within 5 seconds. Below a line "# Solution" the report is plain text, so that it does not look like one
    of the student's own.

    Args:
        id: notebook and number, such as "06.3".
        answer: the student's function or value.
    """
    report = find(id).check(answer)
    return report._replace(students=not in_solution_cell(sys._getframe(1)))


def in_solution_cell(frame: FrameType) -> bool:
    """Whether the code of this frame is a cell that begins with "# Solution", as those in the notebooks do."""
    return linecache.getline(frame.f_code.co_filename, 1).lower().startswith("# solution")


def hint(id: str) -> None:
    """Print the next of the two hints of an exercise; after the second it starts again."""
    exercise = find(id)
    given = _hints_given.get(id, 0)
    _hints_given[id] = given + 1
    print(f"Hint {given % 2 + 1} of 2 for {id}: {exercise.hints[given % 2]}")


__all__ = [
    "CORRECT",
    "NOTEBOOKS",
    "NOT_ATTEMPTED",
    "WRONG",
    "Exercise",
    "Mistake",
    "Report",
    "check",
    "exercises",
    "find",
    "hint",
    "in_full",
    "in_solution_cell",
]
