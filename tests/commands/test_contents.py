"""README's table and the first cell of each notebook say how long it takes; at its end is a link to the next one."""

import shutil
from itertools import pairwise

import pytest

from nnlab.commands.generated.contents import contents, minutes, row, table, time_line, timed, times
from nnlab.commands.notebook_files import read, text_of, texts_of, to_bytes
from nnlab.commands.start.environment import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def cell(kind, source, **metadata):
    return {"cell_type": kind, "source": source, "metadata": metadata}


SOLUTION = "# Solution\ndef f(x):\n    return x\n\n" + 'nnlab.check("01.1", f)'
NOTEBOOK = {
    "cells": [
        cell("markdown", "# Why?\n" + "word " * 298 + "\n\n$$a + b$$\n\n$$a\n= b$$"),
        cell("code", "nnlab.explorers.descent_1d()"),
        cell("code", 'nnlab.check("01.1", f)'),
        cell("code", SOLUTION, jupyter={"source_hidden": True}, tags=["solution"]),
    ]
}


def test_the_table_is_made_from_the_notebooks():
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_says_how_long_it_takes(path):
    assert to_bytes(timed(read(path))) == path.read_bytes(), "run `python3 -m nnlab contents`"
    assert time_line(read(path)) in texts_of(read(path))[0]


@pytest.mark.parametrize(("path", "following"), list(pairwise(NOTEBOOKS)))
def test_the_last_cell_links_to_the_next_notebook(path, following):
    assert f"]({following.name})" in text_of(read(path)["cells"][-1]["source"])


def test_words_formulas_cells_pictures_and_exercises_count():
    assert row("01_why", NOTEBOOK) == "| [01_why](notebooks/01_why.ipynb) | Why? | 10 min | 1 in 10 min |\n"
    less = {"cells": [cell("markdown", "# Why?\n" + "word " * 298), *NOTEBOOK["cells"][1:]]}
    assert minutes(less) == 5, "1.5 for 300 words, 1 for two cells, 2 for a picture"
    assert minutes(NOTEBOOK) == 10, "and 1 for two formulas"
    assert row("01_why", {"cells": less["cells"][:2]}).endswith("| 5 min | none |\n")


def test_what_is_generated_does_not_count():
    words = "# Why?\n" + "word " * 298
    line = "<!-- launch -->\n" + "[badge](address) " * 400 + "\n<!-- /launch -->\n**Cost**: about 6 s of CPU.\n"
    assert minutes({"cells": [cell("markdown", words)]}) == minutes({"cells": [cell("markdown", line + words)]}) == 5


@pytest.mark.parametrize(
    "first",
    [
        "# Why?\n\n**Time**: about 5 minutes to read, 10 for the exercise.\n\n**Cost**: about 6 s of CPU.",
        "# Why?\n\n**Time**: about 99 minutes to read.\n\n**Cost**: about 6 s of CPU.",
        "# Why?\n\n**Cost**: about 6 s of CPU.",
        "# Why?\n\n**Time**: about 99 minutes to read.",
        "# Why?",
    ],
)
def test_the_line_is_written_once_and_in_its_place(first):
    notebook = timed({"cells": [cell("code", "1"), cell("markdown", first), *NOTEBOOK["cells"][1:]]})
    source = notebook["cells"][1]["source"]
    assert source.startswith("# Why?\n\n**Time**: about 5 minutes to read, 10 for the exercise.")
    assert source.endswith("\n\n**Cost**: about 6 s of CPU." if "Cost" in first else "exercise.")
    assert timed(notebook) == notebook


def test_it_is_written_between_the_marks_only(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "README.md").write_text("before\n<!-- contents -->\nold\n<!-- /contents -->\nafter\n")
    assert contents(tmp_path) == tmp_path / "README.md"
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n<!-- contents -->\n| notebook")
    assert text.endswith("<!-- /contents -->\nafter\n")
    assert "old" not in text
    assert contents(tmp_path) is None


def test_only_notebooks_that_changed_are_written(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for path in NOTEBOOKS[:2]:
        shutil.copy(path, tmp_path / "notebooks")
    second = tmp_path / "notebooks" / NOTEBOOKS[1].name
    second.write_text(second.read_text(encoding="utf-8").replace("minutes to read", "hours to read"), encoding="utf-8")
    assert times(tmp_path) == [second]
    assert second.read_bytes() == NOTEBOOKS[1].read_bytes()
    assert times(tmp_path) == []
