"""`nnlab new`: what it writes works as it is, and is tested by its own test; no name is taken that cannot be."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from ours import broken_rules

from nnlab.commands.new.making import FILES, main, make, notebook_from
from nnlab.commands.new.names import NameRefused, checked
from nnlab.commands.notebook_files import read
from nnlab.commands.start.environment import ROOT


@pytest.fixture
def clone(tmp_path):
    """A copy of what an author's things need, in which the commands of nnlab work on the copy."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "nnlab", tmp_path / "nnlab", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(clone, *command):
    variables = os.environ | {"PYTHONPATH": str(clone)}
    return subprocess.run([sys.executable, "-m", *command], cwd=clone, env=variables, capture_output=True, text=True)


def test_what_it_writes_passes_all_tests_as_it_is(clone):
    for kind in FILES:
        result = run(clone, "nnlab.commands.new.making", kind, f"my_{kind}")
        assert (result.returncode, result.stderr) == (0, "")
        assert "Its test: python3 -m nnlab test " in result.stdout
    own = clone / "notebooks" / "own"
    names = {"my_exercise.py", "my_explorer.py", "my_notebook.ipynb", "test_my_exercise.py", "test_my_explorer.py"}
    assert {path.name for path in own.iterdir()} == names
    tested = run(clone, "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "notebooks")
    assert tested.returncode == 0, tested.stdout
    notebook = read(own / "my_notebook.ipynb")
    nbformat.validate(nbformat.from_dict(notebook))
    assert broken_rules(notebook) == []


def test_nothing_is_ever_overwritten(tmp_path):
    own = tmp_path / "notebooks" / "own"
    own.mkdir(parents=True)
    (own / "test_ravine.py").write_text("mine")
    with pytest.raises(NameRefused, match=r"notebooks/own/test_ravine.py is there.* Try my_ravine\."):
        make("explorer", "ravine", tmp_path)
    assert [path.name for path in own.iterdir()] == ["test_ravine.py"]
    assert (own / "test_ravine.py").read_text() == "mine"
    assert len(make("notebook", "ravine", tmp_path)) == 1


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("My Ravine", "my_ravine"),
        ("ravine.py", "ravine_py"),
        ("../ravine", "ravine"),
        ("2nd", "my_2nd"),
        ("", "ravine"),
        ("ä", "ravine"),
        ("test_ravine", "ravine"),
        ("a" * 41, "a" * 30),
        ("class", "my_class"),
        ("random", "my_random"),
        ("torch", "my_torch"),
        ("nnlab", "my_nnlab"),
        ("con", "my_con"),
        ("optimizers", "my_optimizers"),  # tests/engine/test_optimizers.py
        ("ours", "my_ours"),  # tests/ours.py
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(name, other, refused):
    with refused(repr(name), start="NAME"):
        checked(name)
    with pytest.raises(NameRefused, match=rf"Try {other}\."):
        checked(name)
    assert checked(other) == other


def test_what_it_needs_is_said(capsys):
    assert main([]) == main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: python3 -m nnlab new exercise NAME")
    for wrong in (["explorer"], ["movie", "ravine"], ["explorer", "a", "b"]):
        assert main(wrong) == 1
        assert "new needs a kind and a name" in capsys.readouterr().err
    assert main(["explorer", "My Ravine"]) == 1
    assert capsys.readouterr().err.startswith("nnlab: NAME must ")


def test_a_template_becomes_cells():
    notebook = notebook_from("%% text\n# A\n\nb\n\n%% code setup\n\n%% code\nx = 7 % 5\n")
    kinds = [(cell["cell_type"], cell["source"], cell["metadata"]) for cell in notebook["cells"]]
    assert kinds == [("markdown", "# A\n\nb", {}), ("code", "", {"tags": ["setup"]}), ("code", "x = 7 % 5", {})]
    nbformat.validate(nbformat.from_dict(notebook))
