"""`refresh` in real kernels, and what every stored notebook must look like."""

import json
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from ours import NOTEBOOKS as STORED

from nnlab.commands import notebooks
from nnlab.commands.generated.launch import launch_line, repository, setup_source, stored
from nnlab.commands.notebook_files import WIDGET_VIEW, NotebookError, complaint, read, text_of
from nnlab.commands.notebooks import MEASURE, find_notebooks, main, refresh, state_cost

EXPLORER = """\
import base64, io
import ipywidgets
import PIL.Image
buffer = io.BytesIO()
PIL.Image.new("RGB", (60, 40), "teal").save(buffer, "PNG")
class Explorer(ipywidgets.VBox):
    def _repr_mimebundle_(self, **options):
        live = super()._repr_mimebundle_(**options)
        return {**live, "text/plain": "Explorer", "image/png": base64.b64encode(buffer.getvalue()).decode()}
Explorer([ipywidgets.FloatSlider()])"""


@pytest.fixture
def make(tmp_path):
    """Write a notebook with a first text cell and these code cells; return its path."""

    def make(*sources, title="# A\n\n**Cost**: about 40 s of CPU, 2000 MB of memory."):
        cells = [nbformat.v4.new_markdown_cell(title), *map(nbformat.v4.new_code_cell, sources)]
        path = tmp_path / "made.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return make


def nbval(path):
    options = ["--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, path], cwd=path.parent, capture_output=True, text=True
    )


def test_refresh_stores_outputs_that_nbval_accepts_and_that_do_not_change(make, capsys):
    path = make("print('a')\nprint('b')", EXPLORER, "", "import os; os.getcwd() == os.path.realpath('.')", "{'x': 1}")
    assert refresh([path]) == [path]
    stored = path.read_bytes()
    notebook = json.loads(stored)
    shown = notebook["cells"][2]["outputs"][0]["data"]
    assert shown["text/plain"] == ["Explorer"]
    assert "image/png" in shown
    assert WIDGET_VIEW not in shown
    assert [cell.get("execution_count") for cell in notebook["cells"]] == [None, 1, 2, None, 3, 4]
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    assert "of CPU" not in stored.decode().split('"code"', 1)[1], "the measurement must not stay in the notebook"

    assert refresh([path]) == []
    assert path.read_bytes() == stored
    assert "made.ipynb: written" in capsys.readouterr().out

    result = nbval(path)
    assert result.returncode == 0, result.stdout
    path.write_bytes(stored.replace(b'"a\\n"', b'"z\\n"'))
    assert nbval(path).returncode == 1


def test_refresh_names_a_picture_that_changed_and_how_much(make, capsys):
    path = make(EXPLORER, "1")
    refresh([path])
    path.write_text(path.read_text().replace('\\"teal\\"', '\\"red\\"'))
    capsys.readouterr()
    assert refresh([path]) == [path]
    first, second, *rest = capsys.readouterr().out.splitlines()
    teal, red = np.array([0, 128, 128]), np.array([255, 0, 0])
    assert first == (
        "made.ipynb: cell 2 (In [1]) shows another picture: 100.0% of the pixels differ, "
        f"by {np.abs(teal - red).mean():.2g} of 255 on average over all and 255 at most"
    )
    assert second.startswith("made.ipynb: written")
    assert rest == []
    refresh([path])
    assert "picture" not in capsys.readouterr().out


def test_refresh_states_the_measured_cost(make):
    path = make("held = bytearray(300_000_000)", "1")
    refresh([path])
    cost = [line for line in text_of(read(path)["cells"][0]["source"]).splitlines() if line.startswith("**Cost**")]
    assert len(cost) == 1
    seconds, memory = (int(word) for word in cost[0].split() if word.isdigit())
    assert seconds <= 5
    assert 340 <= memory <= 500


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "cell 2 (In [1]) fails with ZeroDivisionError: division by zero"),
        ("import sys\nprint('oops', file=sys.stderr)", "cell 2 (In [1]) writes to stderr: oops"),
        ("object()", "cell 2 (In [1]) prints a memory address"),
        ("import os\nos._exit(1)", "Kernel died"),
    ],
)
def test_a_cell_that_must_not_be_stored_leaves_the_file_untouched(make, capsys, source, reason):
    path = make(source)
    before = path.read_bytes()
    assert main([str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("nnlab: made.ipynb was not stored: ")
    assert reason in error
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("**Cost**: about 6 s of CPU, 420 MB of memory.", "**Cost**: about 6 s of CPU, 420 MB of memory."),
        ("**Cost**: about 3 s of CPU, 800 MB of memory.", "**Cost**: about 3 s of CPU, 800 MB of memory."),
        ("**Cost**: about 13 s of CPU, 420 MB of memory.", "**Cost**: about 6 s of CPU, 410 MB of memory."),
        ("**Cost**: about 6 s of CPU, 200 MB of memory.", "**Cost**: about 6 s of CPU, 410 MB of memory."),
        ("**Cost**: not measured yet", "**Cost**: about 6 s of CPU, 410 MB of memory."),
        ("No such line.", "No such line.\n\n**Cost**: about 6 s of CPU, 410 MB of memory."),
    ],
)
def test_the_cost_is_rewritten_only_when_it_is_far_off(stated, expected):
    notebook = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": stated}]}
    state_cost(notebook, seconds=5.2, megabytes=403.0)
    assert notebook["cells"][0]["source"] == expected


def test_an_unknown_notebook_is_refused_with_the_known_ones():
    with pytest.raises(NotebookError, match="There is no notebook '99'"):
        find_notebooks(["99"])


@pytest.mark.skipif(not STORED, reason="there are no notebooks yet")
def test_notebooks_are_found_by_number_name_and_path():
    first = STORED[0]
    for name in (first.name[:2], first.stem, first.name, str(first)):
        assert find_notebooks([name]) == [first]
    assert find_notebooks([first.name[:2], first.stem]) == [first]
    assert find_notebooks()[: len(STORED)] == STORED


def test_those_of_a_fork_are_found_with_ours(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "own").mkdir(parents=True)
    ours, own = tmp_path / "notebooks" / "06_optimizers.ipynb", tmp_path / "notebooks" / "own" / "ravine.ipynb"
    for path in (ours, own):
        path.touch()
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path / "notebooks")
    monkeypatch.setattr(notebooks, "stored", lambda: stored(tmp_path))
    assert find_notebooks() == [ours, own]
    for name in ("own", "own/ravine", "ravine", str(own)):
        assert find_notebooks([name]) == [own]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_every_stored_notebook_is_complete_and_in_normal_form(path):
    notebook = read(path)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    setup = [text_of(cell["source"]) for cell in code if "setup" in cell["metadata"].get("tags", ())]
    assert setup == [setup_source(repository())]
    first = text_of(notebook["cells"][0]["source"])
    assert launch_line(repository(), path.name) in first
    assert "\n**Cost**: about " in first
    assert complaint(notebook) is None
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert "widgets" not in notebook["metadata"]
    assert WIDGET_VIEW not in path.read_text(encoding="utf-8")


def test_the_cost_is_measured_on_windows_too(monkeypatch, capsys):
    """Windows has no module `resource` and no /proc; its psutil knows the peak of the working set."""
    process = SimpleNamespace(
        cpu_times=lambda: SimpleNamespace(user=3.0, system=0.5), memory_info=lambda: SimpleNamespace(peak_wset=650e6)
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setitem(sys.modules, "psutil", SimpleNamespace(Process=lambda: process))
    exec(MEASURE, {})
    assert json.loads(capsys.readouterr().out) == [3.5, 650.0]
