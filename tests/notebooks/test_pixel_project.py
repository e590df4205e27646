"""Notebook 16: test pixels are looked at once, and its files give another kernel the same scores."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import nbformat

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "16_pixel_regression.ipynb"
ANOTHER_KERNEL = """
import json, sys
import nnlab

photo, folder = nnlab.photograph("china", share=0.1, seed=0), sys.argv[1]
net = nnlab.FourierNetwork([2, 64, 64, 3], features=64, scale=0.5)
model = nnlab.models.to_torch(net, net.init(seed=99))
model.load_state_dict(nnlab.checkpoints.load(folder + "/fourier.pt"))
board = nnlab.leaderboard({"one Fourier network": model}, photo.open(), part="test")
print(json.dumps(board.PSNR.to_dict()))
"""


def code():
    return [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]


def test_the_test_pixels_are_looked_at_once():
    said = "".join(output.text for cell in code() for output in cell.outputs if output.output_type == "stream")
    assert said.count("Look number") == 1
    assert "Look number 1 at the test pixels.\n" in said
    assert "looks at the test pixels: 1\n" in said
    (place,) = (k for k, cell in enumerate(code()) if "photo.open()" in cell.source)
    trained = [k for k, cell in enumerate(code()) if "nnlab.fit(" in cell.source or "at_its_best(" in cell.source]
    assert max(trained) < place, "nothing is trained after the look"


def run(folder, *command):
    process = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr[-2000:]
    return process.stdout


def test_saved_figures_and_parameters_give_another_kernel_the_same_scores(tmp_path):
    """Only the cells that the final run needs; the comparisons, which take most of the time, are left out."""
    kept = ("import math", "place = tempfile", "nnlab.checkpoints.save(")
    cells = [cell.source for cell in code() if any(start in cell.source for start in kept)]
    assert len(cells) == 3
    network = "fourier = nnlab.FourierNetwork([2, 64, 64, 3], features=64, scale=0.5)"
    assert any(network in cell.source.splitlines() for cell in code())
    cells[0] += f"\n{network}"
    folder = f"place = __import__('types').SimpleNamespace(name={str(tmp_path)!r})"
    cells[1] = cells[1].replace("place = tempfile.TemporaryDirectory()", folder)
    saving = next(line for line in cells[2].splitlines() if "checkpoints.save(" in line)
    (final,) = (cell.source for cell in code() if "photo.open()" in cell.source)
    painters = 'painters = {"one Fourier network": model}'
    run(tmp_path, "-c", "\n".join([*cells[:2], saving, painters, final]))
    with open(tmp_path / "final.csv", newline="") as file:
        stored = {row["painter"]: float(row["PSNR"]) for row in csv.DictReader(file)}
    found = json.loads(run(tmp_path, "-c", ANOTHER_KERNEL, str(tmp_path)).splitlines()[-1])
    assert found == stored
    assert len(stored) == 5
    assert (tmp_path / "run.csv").read_text().startswith("member,seed,step,")
