"""How long a notebook takes: in README's table of contents, and in the first cell of each notebook.

Reading: 200 words a minute (readers of a foreign language; natives read 238, Brysbaert 2019), half a minute for each
visible cell of code and for each formula on a line of its own, two minutes for each picture with controls. Exercises:
five minutes each, and one more for each line of the solution. Sums are rounded up to five minutes. Standard library
only.
"""

import math
import re

from nnlab.commands.notebook_files import read, text_of, texts_of, write
from nnlab.commands.start.environment import ROOT

__all__ = [
    "contents", "exercises", "exercising", "is_solution", "minutes", "reading", "row", "shown", "table", "time_line",
    "timed", "times",
]  # fmt: skip

TABLE = re.compile(r"(?<=<!-- contents -->\n).*?(?=<!-- /contents -->)", re.DOTALL)
HEAD = "| notebook | question | reading | exercises |\n| --- | --- | --- | --- |\n"
TIME = re.compile(r"^\*\*Time\*\*:.*(?:\n\n?|\Z)", re.MULTILINE)
COST = re.compile(r"^\*\*Cost\*\*:", re.MULTILINE)
GENERATED = re.compile(r"<!-- launch -->.*?<!-- /launch -->|^\*\*(?:Time|Cost)\*\*:[^\n]*", re.DOTALL | re.MULTILINE)
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
CHECK = re.compile(r'nnlab\.check\("([\w.]+)"')


def contents(root=ROOT):
    """Write the table into README.md; returns its path, or None if it says the same already."""
    path = root / "README.md"
    old = path.read_text(encoding="utf-8")
    new = TABLE.sub(lambda _: table(root), old)
    if new == old:
        return None
    path.write_text(new, encoding="utf-8")
    return path


def times(root=ROOT):
    """Write into the first cell of every notebook how long it takes; returns the paths that changed."""
    return [path for path in paths(root) if write(path, timed(read(path)))]


def table(root=ROOT):
    """The whole table as Markdown, one row for each notebook."""
    return HEAD + "".join(row(path.stem, read(path)) for path in paths(root))


def paths(root):
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def row(stem, notebook):
    """One line of the table: link, title, minutes, exercises."""
    title = next(line[2:] for line in texts_of(notebook)[0].splitlines() if line.startswith("# "))
    count = len(exercises(notebook["cells"]))
    todo = f"{count} in {up_to_five(exercising(notebook['cells']))} min" if count else "none"
    return f"| [{stem}](notebooks/{stem}.ipynb) | {title} | {minutes(notebook)} min | {todo} |\n"


def timed(notebook):
    """The notebook with the time line in its first text cell, before the line about its cost or at the end."""
    cells = list(notebook["cells"])
    at = next(number for number, cell in enumerate(cells) if cell["cell_type"] == "markdown")
    text = TIME.sub("", text_of(cells[at]["source"]))
    cost = COST.search(text)
    before, after = (text[: cost.start()], text[cost.start() :]) if cost else (f"{text.rstrip()}\n\n", "")
    cells[at] = {**cells[at], "source": f"{before}{time_line(notebook)}\n\n{after}".rstrip()}
    return {**notebook, "cells": cells}


def time_line(notebook):
    """What the first cell says about the time that the notebook takes."""
    count = len(exercises(notebook["cells"]))
    todo = up_to_five(exercising(notebook["cells"]))
    what = "the exercise" if count == 1 else f"{count} exercises"
    end = f", {todo} for {what}." if count else "."
    return f"**Time**: about {minutes(notebook)} minutes to read{end}"


def minutes(notebook):
    """Reading time of a notebook, in minutes, rounded up to five."""
    return up_to_five(reading(notebook["cells"]))


def up_to_five(time):
    return 5 * math.ceil(time / 5)


def reading(cells):
    """How many minutes it takes to read these cells."""
    texts = [GENERATED.sub("", text) for text in texts_of({"cells": cells})]
    words = sum(len(FORMULA.sub("", text).split()) for text in texts)
    formulas = sum(len(FORMULA.findall(text)) for text in texts)
    code = shown({"cells": cells})
    pictures = sum("explorers." in cell or "live_training(" in cell for cell in code)
    return words / 200 + (len(code) + formulas) / 2 + 2 * pictures


def exercising(cells):
    """How many minutes the exercises in these cells take."""
    solutions = [text_of(cell["source"]) for cell in cells if is_solution(cell) and cell["cell_type"] == "code"]
    lines = [line for source in solutions for line in source.splitlines() if line.strip() and line[0] != "#"]
    return 5 * len(exercises(cells)) + len(lines)


def exercises(cells):
    """The ids of the exercises that a student meets in these cells, in their order."""
    return list(dict.fromkeys(id for source in shown({"cells": cells}) for id in CHECK.findall(source)))


def shown(notebook):
    """The sources of the code cells that are not folded."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [text_of(c["source"]) for c in code if not c["metadata"].get("jupyter", {}).get("source_hidden")]


def is_solution(cell):
    """Whether a cell holds a solution, or is a text that speaks of solutions only: its tag says so."""
    return "solution" in cell["metadata"].get("tags", ())
