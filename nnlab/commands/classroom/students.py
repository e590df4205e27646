"""A student's copy: no solutions, and no sentence or comment that speaks of them."""

import io
import re
import tokenize

from nnlab.commands.generated.contents import is_solution
from nnlab.commands.notebook_files import text_of

__all__ = ["cleared", "without_solutions"]

SPEAKS = re.compile(r"(?<![.\w])solutions?\b", re.IGNORECASE)  # not `lstsq(x, y).solution`
PAUSE = re.compile(r"((?<=[.!?])\s+|\n\n)")  # between two sentences


def without_solutions(notebook):
    """The notebook without solutions; what remains is as it was, with its outputs and its numbers."""
    cells = [silent(cell) for cell in notebook["cells"] if not is_solution(cell)]
    return {**notebook, "cells": [cell for cell in cells if cell is not None]}


def cleared(notebook):
    """The notebook without outputs."""
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    return {**notebook, "cells": cells}


def silent(cell):
    """The cell without a word of solutions, the very same if there was none; None if nothing else was in it."""
    old = text_of(cell["source"])
    if not SPEAKS.search(old):
        return cell
    new = without_comments(old) if cell["cell_type"] == "code" else without_sentences(old)
    if new == old:
        return cell
    return {**cell, "source": new} if new.strip() else None


def without_sentences(text):
    """A text without the sentences that speak of solutions."""
    first, *others = PAUSE.split(text)
    kept = [] if SPEAKS.search(first) else [first]
    for pause, sentence in zip(others[::2], others[1::2], strict=True):
        if not SPEAKS.search(sentence):
            kept += [pause, sentence] if kept else [sentence]
    return "".join(kept)


def without_comments(source):
    """A source without the comments that speak of solutions, and without the lines that held nothing else."""
    lines = source.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):  # a command of Jupyter's: it has no solution in it
        return source
    for token in tokens:
        if token.type == tokenize.COMMENT and SPEAKS.search(token.string):
            row, column = token.start
            before = lines[row - 1][:column].rstrip()
            end = "\n" if lines[row - 1].endswith("\n") else ""
            lines[row - 1] = before + end if before else ""
    return "".join(lines)
