"""Copies for a class: what is gone, that nothing else is, slides, and an instructor's notes."""

import ast
import json
import re

import nbformat
import pytest
from nbconvert import SlidesExporter
from traitlets.config import Config

from nnlab.commands.classroom.handout import copy_of, handout, main
from nnlab.commands.classroom.notes import answers, discussion
from nnlab.commands.classroom.students import without_solutions
from nnlab.commands.notebook_files import NotebookError, read, text_of, to_bytes
from nnlab.commands.notebooks import execute
from nnlab.commands.start.environment import ROOT
from nnlab.exercises import find

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code(source, outputs=(), **metadata):
    about = {"id": "c", "metadata": metadata, "outputs": list(outputs), "execution_count": 1}
    return {"cell_type": "code", "source": source, **about}


def text(source, **metadata):
    return {"cell_type": "markdown", "id": "t", "source": source, "metadata": metadata}


def by_id(notebook):
    return {cell["id"]: cell for cell in notebook["cells"]}


@every_notebook
def test_solutions_are_gone_and_everything_else_is_as_it_was(path):
    stored, copy = read(path), copy_of(read(path), path.stem)
    gone = [cell for cell in stored["cells"] if cell["id"] not in by_id(copy)]
    assert all("solution" in cell["metadata"]["tags"] for cell in gone)
    assert {**copy, "cells": []} == {**stored, "cells": []}
    assert [c["id"] for c in copy["cells"]] == [c["id"] for c in stored["cells"] if c not in gone]
    changed = [cell for cell in copy["cells"] if cell != by_id(stored)[cell["id"]]]
    assert len(changed) == (path.stem != "00_start_here"), "one sentence stands above all exercises"
    for cell in changed:
        old = by_id(stored)[cell["id"]]
        assert {**cell, "source": old["source"]} == old
        assert re.search(r"is not right yet\.", text_of(cell["source"]))
        assert text_of(old["source"]).startswith(text_of(cell["source"]))
    said = [text_of(cell["source"]) for cell in copy["cells"]]
    assert not any(re.search(r"(?<![.\w])solution", source, re.IGNORECASE) for source in said)


@every_notebook
def test_no_cell_of_a_copy_needs_a_name_that_only_a_solution_had(path):
    kept = [c for c in copy_of(read(path), path.stem)["cells"] if c["cell_type"] == "code" and "setup" not in tags(c)]
    gone = [c for c in read(path)["cells"] if c["cell_type"] == "code" and "solution" in tags(c)]
    used = {n.id for cell in kept for n in ast.walk(ast.parse(text_of(cell["source"]))) if isinstance(n, ast.Name)}
    top = [statement for cell in gone for statement in ast.parse(text_of(cell["source"])).body]
    functions = {statement.name for statement in top if isinstance(statement, ast.FunctionDef)}
    values = {target.id for statement in top if isinstance(statement, ast.Assign) for target in statement.targets}
    assert used & (functions | values) == set()


def tags(cell):
    return cell["metadata"].get("tags", ())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_copy_runs_and_no_exercise_is_attempted(path, tmp_path, request):
    if path is not NOTEBOOKS[0] and not request.config.getoption("--ends"):
        pytest.skip("a sample is enough every time; weekly.yml runs all with --ends")
    (copy,) = handout(tmp_path, [path.stem], clear=True)
    ran, _, _ = execute(copy)  # fails with the first cell that fails
    reports = [o["data"].get("text/plain", "") for c in ran["cells"] for o in c.get("outputs", ()) if "data" in o]
    states = [report.split(":")[0] for report in reports if re.match(r"[○✗✓] \d\d\.\d", report)]
    assert len(states) >= 3
    assert all(re.fullmatch(r"○ \d\d\.\d not attempted", state) for state in states), states


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Run it. The solutions are\nfolded below. Ask when you are lost.", "Run it. Ask when you are lost."),
        ("The solution is below. Run it.\n\nThen read on.", "Run it.\n\nThen read on."),
        ("Run it.\n\nIs a solution hidden here?", "Run it."),
        ("Call `lstsq(x, y).solution` here.", "Call `lstsq(x, y).solution` here."),
    ],
)
def test_sentences_about_solutions_go(old, new):
    (cell,) = without_solutions({"cells": [text(old)]})["cells"]
    assert cell["source"] == new


def test_a_text_of_nothing_else_goes_and_an_empty_one_stays():
    cells = [text("The solution is below."), text(""), text("no word of it", tags=["solution"])]
    assert without_solutions({"cells": cells})["cells"] == [text("")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 1  # as in the solution\ny = 2\n", "x = 1\ny = 2\n"),
        ("# the solution is below\nx = '# no solution'\n", "x = '# no solution'\n"),
        ("x = lstsq(a, b).solution  # exact", "x = lstsq(a, b).solution  # exact"),
    ],
)
def test_comments_about_solutions_go(old, new):
    (cell,) = without_solutions({"cells": [code(old)]})["cells"]
    assert cell["source"] == new


def test_outputs_are_kept_or_cleared(tmp_path):
    kept, clear = tmp_path / "kept", tmp_path / "clear"
    handout(kept, ["06"])
    handout(clear, ["06"], clear=True)
    kept, clear = (read(folder / "06_optimizers.ipynb")["cells"] for folder in (kept, clear))
    outputs = [(a["outputs"], b["outputs"]) for a, b in zip(kept, clear, strict=True) if a["cell_type"] == "code"]
    assert sum(bool(old) for old, _ in outputs) > 20
    assert all(new == [] for _, new in outputs)
    assert [cell["source"] for cell in kept] == [cell["source"] for cell in clear]


def test_work_that_is_there_is_not_written_over(tmp_path):
    (copy,) = handout(tmp_path, ["06"])
    before = copy.read_bytes()
    assert handout(tmp_path, ["06"]) == [copy], "the same again is no other file"
    copy.write_text("a student's own")
    with pytest.raises(NotebookError, match="is another file already"):
        handout(tmp_path, ["05", "06"])
    assert copy.read_text() == "a student's own"
    assert list(tmp_path.iterdir()) == [copy], "all or none"
    handout(tmp_path, ["06"], replace=True)
    assert copy.read_bytes() == before


def test_the_notebooks_themselves_are_safe(capsys):
    before = {path: path.read_bytes() for path in NOTEBOOKS}
    assert main([str(ROOT / "notebooks"), "--replace"]) == 1
    assert "holds the notebooks themselves" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in NOTEBOOKS} == before
    assert main([str(ROOT / "notebooks" / "x"), "zz"]) == 1
    assert "There is no notebook 'zz'" in capsys.readouterr().err
    assert not (ROOT / "notebooks" / "x").exists()


def test_one_command_writes_all(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in NOTEBOOKS]
    assert capsys.readouterr().out.count(": written") == len(NOTEBOOKS)


def test_whoever_launches_a_copy_from_its_links_is_where_the_solutions_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("nnlab.commands.classroom.handout.repository", lambda: "ada/nnlab")
    main([str(tmp_path), "00"])
    assert "lead to ada/nnlab, where the solutions are" in capsys.readouterr().out


SLIDE = {
    "imports": code("import nnlab", tags=[]),
    "setup": code("1", tags=["setup"]),
    "title": text("# Why?"),
    "section": text("## Two"),
    "part": text("### Three"),
    "words": text("And so on."),
    "cell": code("nnlab.explorers.descent_1d().result\nx = 1"),
    "question": code("nnlab.predict('a')\n", jupyter={"source_hidden": True}),
    "note": text("for you", tags=["instructor"]),
    "explained": text("Why so?"),
    "more": text("More."),
    "picture": code("x = 1\nnnlab.explorers.descent_1d(lr=1)\n"),
    "exercise": text("**06.1** Write it."),
}


def test_what_begins_a_slide():
    slides = copy_of({"cells": list(SLIDE.values())}, "99_none", slides=True)["cells"]
    kinds = [cell["metadata"].get("slideshow", {}).get("slide_type") for cell in slides]
    assert dict(zip(SLIDE, kinds, strict=True)) == {
        "imports": "skip",
        "setup": "skip",
        "title": "slide",
        "section": "slide",
        "part": "subslide",
        "words": None,
        "cell": None,
        "question": "subslide",
        "note": "notes",
        "explained": "fragment",
        "more": None,
        "picture": "subslide",
        "exercise": "subslide",
    }


def test_nbconvert_makes_slides_that_do_not_tell_answers():
    copy = nbformat.reads(to_bytes(copy_of(read(NOTEBOOKS[6]), NOTEBOOKS[6].stem, slides=True)).decode(), as_version=4)
    hidden = Config({"TagRemovePreprocessor": {"remove_input_tags": {"hide-input"}}})
    page, _ = SlidesExporter(config=hidden).from_notebook_node(copy)
    sections = sum(text_of(cell.source).startswith(("# ", "## ")) for cell in copy.cells)
    assert page.count("<section>") + page.count("<section ") >= 2 * sections
    assert "Which of these four arrives first?" in page
    assert "What it divides by starts near zero" not in page
    assert "google.colab" not in page


@every_notebook
def test_an_instructor_keeps_the_notebook_and_gets_notes(path):
    stored, copy = read(path), copy_of(read(path), path.stem, instructor=True)
    notes = [cell for cell in copy["cells"] if "instructor" in tags(cell)]
    assert [cell for cell in copy["cells"] if cell not in notes] == stored["cells"]
    nbformat.validate(nbformat.reads(to_bytes(copy).decode(), as_version=4))
    first, said = text_of(copy["cells"][1]["source"]), [text_of(note["source"]) for note in notes]
    texts = [text_of(c["source"]) for c in stored["cells"] if c["cell_type"] == "markdown"]
    headings = [text for text in texts if re.search(r"^## ", text, re.M)]
    assert all(f"| {re.findall(r'^## (.*)$', heading, re.M)[-1]} | " in first for heading in headings)
    assert 2 <= len(re.findall(r"^\d\. .*\?", first, re.M)) <= 3
    predictions = sum(text_of(c["source"]).count("nnlab.predict(") for c in stored["cells"] if c["cell_type"] == "code")
    assert sum(note.startswith("**Answer**") for note in said) == predictions
    wrong = [note for note in said if note.startswith("**What goes wrong in ")]
    assert len(wrong) >= 3
    assert all(note.count("\n- ") == len(find(note[21:25]).mistakes) >= 2 for note in wrong)


def test_minutes_of_the_sections_add_up():
    first = text_of(copy_of(read(NOTEBOOKS[6]), NOTEBOOKS[6].stem, instructor=True)["cells"][1]["source"])
    *sections, exercises = [int(minutes) for minutes in re.findall(r"\| (\d+) \|$", first, re.M)]
    assert 30 <= sum(sections) <= 35 + len(sections), "each is rounded up"
    assert 30 <= exercises <= 35


def test_answers_are_read_from_the_source():
    plain = 'nnlab.predict("Up?", ["yes", "no"], answer="no", because="Down " "is down.")'
    computed = 'nnlab.predict("Up?", options, answer=min(options,\n key=len), because=f"It is {x:.0%}.")'
    open_ = 'nnlab.predict("Up?", options, answer=None, because="Look.", reveal=fig)'
    assert list(answers(f"{plain}\n{computed}\n{open_}")) == [
        "**Answer**: no. Down is down.",
        "**Answer**, as this cell computes it: `min(options, key=len)`. It is {x:.0%}.",
        "**Answer**: what the picture shows. Look.",
    ]
    assert list(answers("%pip install x")) == []


def test_there_are_questions_to_discuss_for_every_notebook_and_no_other():
    assert list(discussion()) == [path.stem for path in NOTEBOOKS]
    words = [len(question.split()) for questions in discussion().values() for question in questions]
    assert max(words) <= 30
    assert discussion(ROOT / "tests") == {}


def test_a_fork_s_notebook_without_exercises_can_be_handed_out(tmp_path):
    notebook = {"cells": [text("# Mine?"), code("1")], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "own.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (copy,) = handout(tmp_path / "out", [str(tmp_path / "own.ipynb")], instructor=True, slides=True)
    assert "| Introduction | 1 |" in text_of(read(copy)["cells"][1]["source"])
