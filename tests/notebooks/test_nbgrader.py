"""nbgrader's own commands on a converted notebook: one right, one empty and one wrong student, to an export."""

import csv
import json
import os
import re
import subprocess
import sys
import sysconfig

import pytest
from old_environment import ROOT, NotBuilt, environment, give_up, overlay

from nnlab.commands.classroom.nbgrader import course
from nnlab.commands.notebook_files import read, text_of, write

# nbgrader, with what it needs beyond the environment that runs the tests
NBGRADER = {
    "nbgrader": "0.9.6",
    "rapidfuzz": "3.14.6",
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
STUB = re.compile(r"^( *)# YOUR CODE HERE\n *\.\.\.$", re.M)
REGION = re.compile(r"^ *### BEGIN SOLUTION\n(.*?)\n *### END SOLUTION$", re.M | re.S)


@pytest.fixture(scope="module")
def nbgrader(request):
    """A function that runs a command of nbgrader in a folder."""
    try:
        variables = environment(overlay(request.config.cache.mkdir("nbgrader"), NBGRADER))
    except NotBuilt as reason:
        give_up("nbgrader was", reason, "its own packages")

    def run(folder, *arguments):
        own = {name: str(folder / name) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
        own["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])  # it calls alembic by name
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=folder, env={**variables, **own}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    return run


def shortened(path):
    """Only the set-up, the imports and the exercises: what is between takes most of the time."""
    notebook = read(path)
    texts = [text_of(cell["source"]) for cell in notebook["cells"]]
    begin, imports = texts.index(next(t for t in texts if t.startswith("## Your turn"))), 3
    notebook["cells"] = notebook["cells"][:imports] + notebook["cells"][begin:]
    write(path, notebook)


def hand_in(folder, name, student, answers):
    """Save a released notebook as a student's, with these answers in the place of the stubs, in their order."""
    notebook = json.loads((folder / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if STUB.search(text_of(cell["source"]))]
    for cell, answer in zip(cells, answers, strict=True):
        if answer is not None:
            cell["source"] = STUB.sub(lambda _, answer=answer: answer, text_of(cell["source"]))
    target = folder / "submitted" / student / name / f"{name}.ipynb"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(notebook), encoding="utf-8")


def regions(path):
    """The right answers, as they stand in the source."""
    return [match for cell in read(path)["cells"] for match in REGION.findall(text_of(cell["source"]))]


def graded(nbgrader, folder, name, hand_ins):
    """student -> score of the export, after all of nbgrader's steps."""
    nbgrader(folder, "generate_assignment", name)
    for student, answers in hand_ins.items():
        hand_in(folder, name, student, answers)
    nbgrader(folder, "autograde", name)
    nbgrader(folder, "export", "--to", "grades.csv")
    with open(folder / "grades.csv", encoding="utf-8", newline="") as file:
        return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}


def test_right_empty_and_wrong_work_get_their_points(nbgrader, tmp_path):
    source, _ = course(tmp_path, ["00"])
    right = regions(source)
    shortened(source)
    wrong = [right[0], "    return (logits.argmax(-1) == y).float().sum()", "    w -= 0.1 * g\n    return w"]
    hand_ins = {"ada": right, "bob": [None] * 3, "eve": wrong}
    assert graded(nbgrader, tmp_path, "00_start_here", hand_ins) == {"ada": (3, 3), "bob": (0, 3), "eve": (1, 3)}
    told = next((tmp_path / "autograded" / "eve").rglob("*.ipynb")).read_text(encoding="utf-8")
    assert "you count the right answers" in told
    assert "your function changes an argument in place" in told


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_whole_course_goes_through(nbgrader, path, tmp_path, request):
    if not request.config.getoption("--ends"):
        pytest.skip("a sample is enough every time; weekly.yml runs all with --ends")
    source, _ = course(tmp_path, [path.stem])
    right = regions(source)
    full = float(len(right))
    hand_ins = {"ada": right, "bob": [None] * len(right)}
    assert graded(nbgrader, tmp_path, path.stem, hand_ins) == {"ada": (full, full), "bob": (0, full)}
