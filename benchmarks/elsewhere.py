"""All notebooks, nbval strict, in an environment of its own: ``python -m benchmarks elsewhere bounds`` or ``colab``.

``bounds`` has the lowest versions that pyproject.toml allows, ``colab`` what Colab has (tests/notebooks/colab.txt)
and, above them, what the set-up cell installs; both have one more package, Lightning, which notebook 08 can do without.
``newest`` has the newest of everything. Run it with the Python that the environment should have.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.claims import find
from benchmarks.lab import ROOT
from benchmarks.table import Row
from nnlab.commands.generated.launch import setup_source

KINDS = ("bounds", "colab", "newest")
COLAB = ROOT / "tests" / "notebooks" / "colab.txt"
# PyTorch before 2.9 draws other zeros in a dropout layer, so patient 7 of notebook 14 answers otherwise.
OTHER_DROPOUT = r"""[patient 7]
regex: (?<=0\.40  0\.18  )0\.\d\d
replace: x
[patient 7 asked again]
regex: (?<=patient  7: ).*
replace: x
"""


def measure(kind: str, notebooks: list[str]) -> list[Row]:
    """One row: how many cells of the named notebooks, or of all, show what is stored."""
    with tempfile.TemporaryDirectory() as folder:
        python = build(kind, Path(folder) / "environment")
        (Path(folder) / "other_dropout.cfg").write_text(OTHER_DROPOUT, encoding="utf-8")
        sanitize = ["--nbval-sanitize-with", Path(folder) / "other_dropout.cfg"] if kind == "bounds" else []
        paths = find(notebooks)
        options = ["-q", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", "-p", "no:cacheprovider"]
        command = [python, "-m", "pytest", "-c", os.devnull, f"--rootdir={ROOT}", *options, *sanitize, *paths]
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        result = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    print(result.stdout[-20_000:])
    counts = re.findall(r"(\d+) (passed|failed|error)", result.stdout[-300:])
    measured = ", ".join(f"{count} cells {what}" for count, what in counts) or "nothing ran"
    return [Row(f"{len(paths)} notebooks, {kind}", measured, "all pass", result.returncode == 0)]


def build(kind: str, folder: Path) -> Path:
    """Make the environment with uv; returns its interpreter."""
    uv = [sys.executable, "-m", "uv"]
    if subprocess.run([*uv, "--version"], capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder.with_name("uv"), "uv"])
        uv = [folder.with_name("uv") / "bin" / "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [*uv, "pip", "install", "--quiet", "--python", python]
    for asked in requests(kind):
        subprocess.run([*install, *asked], cwd=ROOT, check=True)
    return python


def requests(kind: str) -> list[list[str]]:
    """What is installed, one step after the other."""
    others = setup_source("ada/nnlab").split('", "')[1].split('"')[0].split()
    course = ["--no-deps", "-e", "."]
    if kind == "bounds":
        return [["--resolution", "lowest-direct", "-r", "pyproject.toml", "--extra", "lightning"], ["nbval"], course]
    if kind == "colab":
        tools = ["pytest<9", "nbval", "--constraint", str(COLAB)]
        return [["-r", str(COLAB)], tools, ["--no-deps", *others, "lightning", "pytorch-lightning"], course]
    return [["-r", "pyproject.toml", "--extra", "lightning"], ["nbval"], course]
