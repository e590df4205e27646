"""Every notebook and every explorer with ipywidgets 7.7 and ipykernel 6, as on Colab."""

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from old_environment import OLD, ROOT, NotBuilt, environment, overlay

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
VIEW = "application/vnd.jupyter.widget-view+json"
VERSIONS = """
import importlib
for name in ("ipywidgets", "ipykernel", "IPython"):
    print(name.lower(), importlib.import_module(name).__version__)
"""
BEHAVIOUR = """
import warnings
warnings.simplefilter("error")
from dataclasses import replace
import nnlab

for name in nnlab.explorers.__all__:
    explorer = getattr(nnlab.explorers, name)()
    start = explorer.values
    for preset in explorer.description.presets:
        explorer.set(**{**start, **preset.values})
        assert explorer.values == {**start, **preset.values}
        assert explorer.sentence == explorer.description.sentence(explorer.result)
    explorer.reset()
    assert explorer.values == start
    data, _ = explorer._repr_mimebundle_()
    assert data["image/png"].startswith(b"\\x89PNG")

explorer = nnlab.explorers.descent_1d(lr=1.95)
explorer.set(lr=0.123)
assert explorer.values["lr"] == 0.123
before = explorer.png()
explorer.controls["lr"].value = explorer.controls["lr"].options[-1][1]
assert explorer.values["lr"] == 10 and explorer.png() != before

def fail_above_one(lr, **values):
    if lr > 1:
        raise ValueError("lr is above one")
    return compute(lr=lr, **values)

compute = explorer.description.compute
broken = nnlab.Explorer(replace(explorer.description, compute=fail_above_one))
broken.set(lr=2.0)
assert broken.error == "ValueError: lr is above one"
broken.set(lr=0.5)
assert broken.error is None and broken.result.lr == 0.5

question = nnlab.predict("Up or down?", ["up", "down"], answer="down", reveal=explorer)
question.choose("up")
assert question.choice == "up" and "The answer is: down" in question.verdict()
print("all held")
"""


@pytest.fixture(scope="module")
def old(request):
    """The environment variables of a kernel with the old packages."""
    try:
        return environment(overlay(request.config.cache.mkdir("old_widgets")))
    except NotBuilt as reason:
        pytest.skip(f"notebooks were NOT tried with the old widgets, pip could not fetch them: {reason}")


def run_program(program, old):
    return subprocess.run([sys.executable, "-c", program], env=old, capture_output=True, text=True)


def run_notebook(notebook, old):
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}})
    client.execute(env=old)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_explorers_and_predictions_behave(old):
    result = run_program(BEHAVIOUR, old)
    assert (result.stdout, result.stderr) == ("all held\n", "")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_the_end_and_shows_every_explorer(path, old):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(VERSIONS))
    *outputs, versions = run_notebook(notebook, old)
    assert dict(line.split() for line in versions.text.splitlines()) == OLD
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    views = [output.data for output in outputs if VIEW in output.get("data", {})]
    assert views
    waiting = ("Predict: ", "TensorBoard of ")  # for an answer, for a button
    assert all("image/png" in data or data["text/plain"].startswith(waiting) for data in views)
