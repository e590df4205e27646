"""Slides: marks by which nbconvert and RISE cut a notebook.

A heading begins a slide; a smaller heading, an exercise, a question and a picture with controls begin one below it; the
text that explains a picture waits for a key. Set-up and imports are left out, notes are the speaker's.
"""

import re

from nnlab.commands.notebook_files import text_of

__all__ = ["as_slides"]

EXERCISE = re.compile(r"\*\*[\w.]+\.\d+\*\*")
SHOWS = re.compile(r"nnlab\.predict\(|nnlab\.(?:explorers\.\w+|live_training)\(.*\)\s*\Z", re.DOTALL)


def as_slides(notebook):
    """The notebook with a mark in the metadata of every cell that begins something, is left out or is a note."""
    cells, after_picture = [], False
    for cell in notebook["cells"]:
        kind = slide_type(cell, after_picture)
        after_picture = bool(SHOWS.search(text_of(cell["source"]))) or (after_picture and kind == "notes")
        cells.append(marked(cell, kind))
    return {**notebook, "cells": cells}


def slide_type(cell, after_picture):
    """What nbconvert calls it; None for a cell that goes on where the last one ended."""
    source, tags = text_of(cell["source"]), cell["metadata"].get("tags", ())
    if "instructor" in tags:
        return "notes"
    if cell["cell_type"] == "code":
        if "setup" in tags or source.startswith(("import ", "from ")):
            return "skip"
        return "subslide" if SHOWS.search(source) else None
    if re.search(r"^##? ", source, re.MULTILINE):
        return "slide"
    if source.startswith("###") or EXERCISE.match(source):
        return "subslide"
    return "fragment" if after_picture else None


def marked(cell, kind):
    """The cell with its mark; the tag of folded code is for nbconvert, which knows nothing of folding."""
    metadata = cell["metadata"]
    if kind:
        metadata = {**metadata, "slideshow": {"slide_type": kind}}
    if metadata.get("jupyter", {}).get("source_hidden"):
        metadata = {**metadata, "tags": [*metadata.get("tags", ()), "hide-input"]}
    return cell if metadata is cell["metadata"] else {**cell, "metadata": metadata}
