"""Grading a class: seconds for each notebook, when as many run at once as there are processors."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from benchmarks.lab import ROOT
from benchmarks.table import Row, at_most
from nnlab.commands.classroom.grade import grade
from nnlab.commands.classroom.grade_sandbox import why_not_isolated

SECONDS = 15  # for a whole notebook of the course, on two processors
ANSWERS = 'nnlab.check("06.1", lambda w, g, v: (w - 0.1 * (0.9 * v + g), 0.9 * v + g))\nnnlab.check("06.2", 1.0)'


def measure(copies: int = 8, whole: bool = True) -> list[Row]:
    """A row for copies of a notebook with answers alone, and one for copies of notebook 06 with answers in it."""
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": f"import nnlab\n{ANSWERS}"}
    course = json.loads((ROOT / "notebooks" / "06_optimizers.ipynb").read_text(encoding="utf-8"))
    course["cells"].append(cell)
    kinds = {"answers alone": {"cells": [cell]}} | ({"notebook 06": course} if whole else {})
    return [graded(what, json.dumps(notebook), copies) for what, notebook in kinds.items()]


def graded(what: str, text: str, copies: int) -> Row:
    """Grade so many copies; the row says what it took for each."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(copies):
            Path(folder, f"student {number}.ipynb").write_text(text, encoding="utf-8")
        grades = grade(folder, seconds=300)
    assert all(row.reports["06.1"].status == row.reports["06.2"].status == "correct" for row in grades.rows)
    how = "without bubblewrap" if why_not_isolated() else "with bubblewrap"
    details = f" for each of {copies}, {os.cpu_count()} processors, {how}"
    return at_most(f"grading: {what}", grades.seconds / copies, SECONDS, "s", details)
