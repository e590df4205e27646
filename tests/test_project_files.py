"""The files around the package: what Binder installs, when workflows run, and that a notebook is never split."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from nnlab.commands.start.environment import requirements

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(("#", "-"))]
    return {canonical(name): version for name, version in (line.split("==") for line in lines)}


def needed():
    """Everything that the course needs, with all that it needs in turn."""
    open_, found = [Requirement(line).name for line in requirements()], set()
    while open_:
        name = canonical(open_.pop())
        if name not in found:
            found.add(name)
            lines = map(Requirement, metadata.requires(name) or [])
            open_ += [line.name for line in lines if line.marker is None or line.marker.evaluate({"extra": ""})]
    return found


def test_binder_installs_the_pins_in_a_layer_of_their_own_and_the_course_after_it():
    binder, pinned = pins(ROOT / "binder" / "requirements.txt"), pins(ROOT / "constraints.txt")
    assert binder["torch"] == f"{pinned['torch']}+cpu"
    others = binder.keys() - {"torch", "jupyter-server-proxy"}
    assert {name: binder[name] for name in others} == {name: pinned[name] for name in others}
    assert needed() <= binder.keys()
    assert "-e ." not in (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    assert "--no-deps" in (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    assert (ROOT / "binder" / "postBuild").stat().st_mode & 0o100


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_once_and_ends_what_is_out_of_date(path):
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^concurrency:", text, re.M)
    assert "push:\n  pull_request" not in text, "a push to a pull request would run everything twice"
    assert "PIP_EXTRA_INDEX_URL" not in text


def test_two_processes_never_share_a_notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell("x = 1"), *(nbformat.v4.new_code_cell("x += 1") for _ in range(9))]
    for name in "ab":
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml"]
    command += ["--rootdir", tmp_path, "--nbval", "--nbval-current-env", "-n", "2", tmp_path]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "20 passed" in result.stdout, result.stdout
