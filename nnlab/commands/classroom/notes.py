"""An instructor's notes: made from what a notebook, its exercises and ``docs/discussion.toml`` say.

After the title: minutes for each section, questions to discuss. After a prediction: its answer. After a solution: what
usually goes wrong, that is the mistakes which the exercise knows by name.
"""

import ast
import math
import re
import tomllib

from nnlab.commands.generated.contents import exercising, is_solution, reading
from nnlab.commands.notebook_files import text_of
from nnlab.commands.start.environment import ROOT

__all__ = ["answers", "discussion", "with_notes"]

STARS = re.compile(r"(?<=\s)\*+(?=\s)")  # of a product or a power: not to be read as Markdown's
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


def with_notes(notebook, stem):
    """The notebook with text cells for its instructor, each with the tag "instructor"."""
    cells = []
    for cell in notebook["cells"]:
        said = [overview(notebook, discussion().get(stem, []))] if not cells else []
        if cell["cell_type"] == "code":
            said += [*answers(text_of(cell["source"])), *mistakes(cell)]
        notes = [note(text, cell, number) for number, text in enumerate(said)]
        cells += [cell, *notes]
    return {**notebook, "cells": cells}


def note(text, cell, number):
    made = {"cell_type": "markdown", "metadata": {"tags": ["instructor"]}, "source": text}
    return {**made, "id": f"{cell['id'][:50]}-note-{number}"} if "id" in cell else made  # older files have none


def discussion(root=ROOT):
    """Questions for a class, by the name of the notebook; none where there is no such file."""
    path = root / "docs" / "discussion.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def overview(notebook, questions):
    """What stands below the title."""
    rows = [f"| {title} | {math.ceil(reading(cells))} |" for title, cells in sections(notebook)]
    todo = math.ceil(exercising(notebook["cells"]))
    rows += [f"| Exercises, in class or at home | {todo} |"] if todo else []
    lines = ["**For the instructor**", "", "| section | minutes |", "| --- | --- |", *rows]
    if questions:
        lines += ["", "To discuss:", "", *(f"{number}. {one}" for number, one in enumerate(questions, 1))]
    return "\n".join(lines)


def sections(notebook):
    """(heading, cells) of every section; what comes before the first one is the introduction."""
    found = [("Introduction", [])]
    for cell in notebook["cells"]:
        source = text_of(cell["source"])
        headings = HEADING.findall(source) if cell["cell_type"] == "markdown" else []
        if headings:  # also one below the end of the section before
            found.append((headings[-1].replace("|", r"\|"), []))
        found[-1][1].append(cell)
    return found


def answers(source):
    """What is right, and why, for every ``nnlab.predict`` in a cell; a computed answer is given as its code."""
    for call in calls(source, "predict"):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        answer, because = (given.get(name, ast.Constant(None)) for name in ("answer", "because"))
        if isinstance(answer, ast.Constant):
            said = f"**Answer**: {answer.value}." if answer.value else "**Answer**: what the picture shows."
        else:
            said = f"**Answer**, as this cell computes it: `{' '.join(ast.unparse(answer).split())}`."
        yield f"{said} {plain(because)}".strip()


def plain(node):
    """A text that stands in a source: what is put into an f-string stays in braces, what is computed is code."""
    if isinstance(node, ast.Constant):
        return str(node.value or "")
    if isinstance(node, ast.JoinedStr):
        return "".join(map(plain, node.values))
    if isinstance(node, ast.FormattedValue):
        return ast.unparse(ast.JoinedStr([node]))[2:-1]
    return f"`{' '.join(ast.unparse(node).split())}`"


def mistakes(cell):
    """What usually goes wrong in the exercise whose solution this cell is; nothing for other cells."""
    from nnlab.exercises import find

    if not is_solution(cell):
        return
    for call in calls(text_of(cell["source"]), "check"):
        exercise = find(call.args[0].value)
        named = [f"- {STARS.sub(escaped, mistake.message)}" for mistake in exercise.mistakes]
        yield "\n".join([f"**What goes wrong in {exercise.id}** (the check says so by itself):", "", *named])


def escaped(stars):
    return stars[0].replace("*", r"\*")


def calls(source, name):
    """Every call of ``nnlab.NAME`` in a source, in its order; none in one that is no Python."""
    try:
        nodes = ast.walk(ast.parse(source))
    except SyntaxError:
        return []
    found = [n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) == f"nnlab.{name}"]
    return sorted(found, key=lambda call: call.lineno)
