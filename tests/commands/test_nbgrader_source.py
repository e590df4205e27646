"""The source for nbgrader: metadata as its schema wants them, answers between its two lines, tests that test."""

import ast
import re

import pytest

from nnlab.commands.classroom.handout import main
from nnlab.commands.classroom.nbgrader import BEGIN, END, SETTINGS, course, source
from nnlab.commands.notebook_files import NotebookError, read, text_of
from nnlab.commands.start.environment import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
KEYS = {"schema_version", "grade", "locked", "solution", "task", "grade_id"}


def graded(notebook):
    """(cell, its metadata for nbgrader) of every cell that has them."""
    return [(cell, cell["metadata"]["nbgrader"]) for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]


def region(cell):
    """What stands between nbgrader's two lines."""
    return re.search(rf"{BEGIN}\n(.*)\n *{END}", text_of(cell["source"]), re.S).group(1)


def release(cell, stub="# YOUR CODE HERE\n..."):
    """What ``nbgrader generate_assignment`` makes of a source cell."""

    def stubbed(found):
        return "\n".join(found.group(1) + line for line in stub.split("\n"))

    return re.sub(rf"^( *){BEGIN}\n.*?{END}$", stubbed, text_of(cell["source"]), flags=re.S | re.M)


@every_notebook
def test_metadata_are_those_of_schema_3(path):
    cells = graded(source(read(path)))
    ids = [about["grade_id"] for _, about in cells]
    assert len(set(ids)) == len(ids) >= 6
    for cell, about in cells:
        assert cell["cell_type"] == "code"
        assert about.keys() == (KEYS | {"points"} if about["grade"] else KEYS)
        assert about["schema_version"] == 3
        assert about["grade"] == about["locked"] == (not about["solution"])
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", about["grade_id"])
        assert about.get("points", 1) == 1


@every_notebook
def test_every_exercise_has_its_answer_and_then_its_test(path):
    notebook = source(read(path))
    stubs = [c for c in read(path)["cells"] if "nnlab.check(" in text_of(c["source"]) and not c["metadata"].get("tags")]
    stubs = [cell for cell in stubs if cell["cell_type"] == "code"]
    answers = [cell for cell, about in graded(notebook) if about["solution"]]
    assert [cell["id"] for cell in answers] == [cell["id"] for cell in stubs]
    for stub, answer in zip(stubs, answers, strict=True):
        after = notebook["cells"][notebook["cells"].index(answer) + 1]
        id, name = re.search(r'nnlab\.check\("([\d.]+)", (\w+)\)', text_of(stub["source"])).groups()
        assert after["source"].splitlines()[0] == f'report = nnlab.check("{id}", {name})'
        ast.parse(answer["source"])
        names = {node.id for node in ast.walk(ast.parse(answer["source"])) if isinstance(node, ast.Name)}
        assert not [name for name in names if name.endswith("_solution")], "students have names of their own"
        assert release(answer).replace("# YOUR CODE HERE\n", "").replace("    # YOUR CODE HERE\n", "").count("...") >= 1
        assert text_of(stub["source"]).splitlines()[0] in release(answer)


@every_notebook
def test_all_other_cells_are_those_of_a_students_copy_without_outputs(path):
    stored = {cell["id"]: cell for cell in read(path)["cells"]}
    for cell in source(read(path))["cells"]:
        assert not cell.get("outputs")
        if "nbgrader" not in cell["metadata"] and cell["cell_type"] == "code":
            assert {**cell, "outputs": [], "execution_count": None} == {
                **stored[cell["id"]], "outputs": [], "execution_count": None,
            }  # fmt: skip


def test_how_an_answer_is_written_down():
    answers = {about["grade_id"]: cell for cell, about in graded(source(read(NOTEBOOKS[6])))}
    assert answers["answer-06-1"]["source"] == (
        "def my_momentum(w, g, v):\n    ### BEGIN SOLUTION\n    v = 0.9 * v + g\n    return w - 0.1 * v, v\n"
        '    ### END SOLUTION\n\nnnlab.check("06.1", my_momentum)'
    )
    assert release(answers["answer-06-1"]).startswith("def my_momentum(w, g, v):\n    # YOUR CODE HERE\n    ...\n")
    assert answers["answer-06-2"]["source"] == (
        'my_lr = ...\n### BEGIN SOLUTION\nmy_lr = 0.1 / (1 - 0.9)\n### END SOLUTION\nnnlab.check("06.2", my_lr)'
    )
    assert region(answers["answer-06-4"]) == "    return my_adam(w - 0.1 * 0.2 * w, g, m, s, t)"


def test_a_lambda_and_a_value_of_several_lines():
    zero = {about["grade_id"]: cell for cell, about in graded(source(read(NOTEBOOKS[0])))}
    assert region(zero["answer-00-3"]) == "    return w - 0.1 * g"
    one = {about["grade_id"]: cell for cell, about in graded(source(read(NOTEBOOKS[1])))}
    assert region(one["answer-01-3"]).startswith("my_limit = 2 / max(6, 16)")
    doctor = {about["grade_id"]: cell for cell, about in graded(source(read(NOTEBOOKS[14])))}
    assert release(doctor["answer-14-4"]).startswith("print(*nnlab.clinic.FAULTS")


def test_a_course_has_a_source_for_each_notebook_and_settings(tmp_path, capsys):
    assert main([str(tmp_path), "--nbgrader", "06", "00"]) == 0
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "nbgrader_config.py",
        "source/00_start_here/00_start_here.ipynb",
        "source/06_optimizers/06_optimizers.ipynb",
    ]
    assert (tmp_path / "nbgrader_config.py").read_text(encoding="utf-8") == SETTINGS
    assert capsys.readouterr().out.count(": written") == 3


def test_what_an_instructor_has_changed_is_not_written_over(tmp_path):
    target, settings = course(tmp_path, ["06"])
    assert course(tmp_path, ["06"]) == [target]
    settings.write_text("mine")
    target.write_text("mine")
    with pytest.raises(NotebookError, match="is another file already"):
        course(tmp_path, ["06"])
    assert course(tmp_path, ["06"], replace=True) == [target]
    assert settings.read_text() == "mine"
