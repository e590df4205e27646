"""README's table says what the notebooks are, and how long they take."""

from nnlab.commands.contents import contents, minutes, row, table
from nnlab.commands.environment import ROOT


def cell(kind, source, **metadata):
    return {"cell_type": kind, "source": source, "metadata": metadata}


NOTEBOOK = {
    "cells": [
        cell("markdown", "# Why?\n" + "word " * 398),
        cell("code", "nnlab.explorers.descent_1d()"),
        cell("code", 'nnlab.check("01.1", f)'),
        cell("code", 'nnlab.check("01.1", solution)', jupyter={"source_hidden": True}),
    ]
}


def test_the_table_is_made_from_the_notebooks():
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_words_cells_pictures_and_exercises_count():
    assert row("01_why", NOTEBOOK) == "| [01_why](notebooks/01_why.ipynb) | Why? | 5 min | 1 |\n"
    more = {"cells": NOTEBOOK["cells"] + [cell("markdown", "word " * 201)]}
    assert minutes(NOTEBOOK) == 5, "2 for 400 words, 1 for two cells, 2 for a picture"
    assert minutes(more) == 10


def test_it_is_written_between_the_marks_only(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "README.md").write_text("before\n<!-- contents -->\nold\n<!-- /contents -->\nafter\n")
    assert contents(tmp_path) == tmp_path / "README.md"
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n<!-- contents -->\n| notebook")
    assert text.endswith("<!-- /contents -->\nafter\n")
    assert "old" not in text
    assert contents(tmp_path) is None
