"""A course folder for nbgrader: the notebooks as its source, and the settings that suit them.

In ``source/06_optimizers/06_optimizers.ipynb`` the answer to an exercise stands where nbgrader looks for it, between
the lines that ``nbgrader generate_assignment`` cuts out. Below it is a locked cell, worth a point, which fails unless
``nnlab.check`` calls the answer correct. Metadata are those of nbgrader's schema 3 (nbgrader 0.9).
"""

import ast
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from nnlab.commands.classroom.students import cleared, without_solutions
from nnlab.commands.generated.contents import is_solution
from nnlab.commands.notebook_files import NotebookError, read, text_of, to_bytes, write
from nnlab.commands.notebooks import find_notebooks

__all__ = ["SETTINGS", "course", "source"]

SETTINGS = """\
c = get_config()

# A stub of dots, as in the notebooks: nnlab calls it "not attempted". nbgrader's own raises an error in Run All.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\\n..."}
c.ExecutePreprocessor.timeout = 120  # seconds for a cell
"""
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


class Part(NamedTuple):
    """A cell that ends with ``nnlab.check(id, answer)``: its lines, its statements before that, id and answer."""

    lines: list[str]
    before: list[ast.stmt]
    id: str
    answer: ast.expr

    def text(self, first, last):
        """The lines from one statement to another."""
        return "\n".join(self.lines[first.lineno - 1 : last.end_lineno])


def course(folder, wanted=None, replace=False):
    """Write the source of each wanted notebook, and the settings if there are none; returns the new paths.

    Raises `NotebookError` for a source that is there already and is another one, unless it may be replaced.
    """
    folder, written = Path(folder), []
    for path in find_notebooks(wanted):
        target, made = folder / "source" / path.stem / path.name, source(read(path))
        if not replace and target.exists() and target.read_bytes() != to_bytes(made):
            raise NotebookError(f"{target} is another file already. Try another folder, or --replace.")
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, made)
        written.append(target)
    settings = folder / "nbgrader_config.py"
    if not settings.exists():
        settings.write_text(SETTINGS, encoding="utf-8")
        written.append(settings)
    return written


def source(notebook):
    """The notebook without outputs, with its solutions where nbgrader wants them."""
    parts = [part_of(cell) for cell in notebook["cells"] if is_solution(cell)]
    solutions = {part.id: part for part in parts if part}
    stubs = {cell["id"]: part_of(cell) for cell in notebook["cells"] if not is_solution(cell)}
    names = {  # what a solution cell calls its answer, and what a student does
        solutions[stub.id].answer.id: stub.answer.id
        for stub in stubs.values()
        if stub and stub.id in solutions and isinstance(solutions[stub.id].answer, ast.Name)
    }
    cells = []
    for cell in cleared(without_solutions(notebook))["cells"]:
        stub = stubs[cell["id"]]
        if stub and stub.id in solutions:
            cells += [answer(cell, stub, solutions[stub.id], names), test(stub)]
        else:
            cells.append(cell)
    return {**notebook, "cells": cells}


def part_of(cell):
    """The parts of a cell that ends with a check; None for other cells."""
    if cell["cell_type"] != "code" or "nnlab.check(" not in text_of(cell["source"]):
        return None
    text = text_of(cell["source"])
    *before, last = ast.parse(text).body
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return None
    id, answer = last.value.args
    return Part(text.splitlines(), before, id.value, answer)


def answer(cell, stub, solution, names):
    """The cell in which a student answers, with the answer between nbgrader's two lines."""
    place = next((s for s in stub.before if isinstance(s, ast.FunctionDef) and s.name == stub.answer.id), None)
    body = body_of(solution, place) if place else None
    if body is None:  # a value, or a function that is written in another way: it comes after the dots
        at = stub.before[-1].end_lineno
        lines = [*stub.lines[:at], *between(rest_of(solution, stub.answer.id)), *stub.lines[at:]]
    else:
        begin, end = place.body[0].lineno - 1, place.body[-1].end_lineno
        lines = [*stub.lines[:begin], *between(body), *stub.lines[end:]]
    text = "\n".join(lines)
    for old, new in names.items():
        text = re.sub(rf"\b{old}\b", new, text)
    about = {"grade": False, "grade_id": grade_id("answer", stub), "locked": False, "solution": True}
    return {**cell, "source": text, "metadata": {**cell["metadata"], "nbgrader": metadata(about)}}


def body_of(solution, place):
    """The body of a solution that is one function of the same arguments as the stub, indented; None for others."""
    wanted, how = ast.dump(place.args), solution.answer
    if isinstance(how, ast.Lambda) and not solution.before and ast.dump(how.args) == wanted:
        return f"    return {ast.unparse(how.body)}"
    if isinstance(how, ast.Name) and len(solution.before) == 1 and isinstance(solution.before[0], ast.FunctionDef):
        function = solution.before[0]
        if ast.dump(function.args) == wanted:
            return solution.text(function.body[0], function.body[-1])
    return None


def rest_of(solution, name):
    """The statements of a solution, and the answer under the student's name."""
    lines = [solution.text(solution.before[0], solution.before[-1])] if solution.before else []
    return "\n".join([*lines, f"{name} = {ast.unparse(solution.answer)}"])


def between(text):
    """Lines between nbgrader's two, indented as they are."""
    indent = text[: len(text) - len(text.lstrip())].rpartition("\n")[2]
    return [indent + BEGIN, *text.splitlines(), indent + END]


def test(stub):
    """The cell that is worth a point; a wrong answer is told what ``nnlab.check`` says about it."""
    text = textwrap.dedent(f"""\
        report = nnlab.check("{stub.id}", {stub.answer.id})
        assert report.status == "correct", report""")
    about = {"grade": True, "grade_id": grade_id("test", stub), "locked": True, "solution": False, "points": 1}
    made = {"cell_type": "code", "execution_count": None, "id": grade_id("test", stub), "outputs": [], "source": text}
    return {**made, "metadata": {"nbgrader": metadata(about)}}


def metadata(about):
    return {"schema_version": 3, "task": False, **about}


def grade_id(kind, stub):
    """Letters, digits and hyphens, as nbgrader wants them."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9]', '-', stub.id)}"
