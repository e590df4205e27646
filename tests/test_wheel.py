"""A wheel of the repository works outside of the clone, with everything that the package needs in it."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
USED = """
import nnlab, sys, torch
from importlib.metadata import entry_points, metadata
from importlib.resources import files
assert files("nnlab.stage").joinpath("front", "strokes.js").is_file()
assert files("nnlab").joinpath("py.typed").is_file()
assert files("nnlab.commands.start").joinpath("jupyter/labconfig/default_setting_overrides.json").is_file()
assert files("nnlab.commands.export").joinpath("templates", "nnlab", "index.html.j2").is_file()
about = metadata("nnlab")
assert about["Version"] == nnlab.__version__ and "## Two commands" in (about["Description"] or about.get_payload())
(command,) = entry_points(group="console_scripts", name="nnlab")
assert command.load()(["--help"]) == 0
assert nnlab.__file__.startswith(sys.prefix), nnlab.__file__
nnlab.use_style()
data = nnlab.digits(seed=0)
model = torch.nn.Linear(64, 10)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
history = nnlab.fit(model, data, optimizer=optimizer, loss=torch.nn.CrossEntropyLoss(), epochs=2, batch_size=64, seed=0)
assert history.val_accuracy[0, -1] > 0.8
assert nnlab.explorers.descent_1d().png().startswith(bytes([0x89]) + b"PNG")
assert nnlab.check("00.1", None) is not None
from nbconvert.exporters import get_exporter
import nbformat
cell = nbformat.v4.new_markdown_cell("# Half: $\\\\frac{1}{2}$")
for kind, mark in (("nnlab", "<mfrac>"), ("nnlab-slides", "<section")):
    assert mark in get_exporter(kind)().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
print("works")
"""


def test_a_wheel_in_a_fresh_environment(tmp_path):
    offline = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "CI")}
    source = tmp_path / "source"  # not the clone: a build leaves folders behind
    source.mkdir()
    for name in ("nnlab", "pyproject.toml", "README.md", "LICENSE"):
        (source / name).symlink_to(ROOT / name)
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", tmp_path, source]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, env=offline)
    (wheel,) = tmp_path.glob("nnlab-*.whl")

    # All other packages are borrowed from this environment: a path alone does not bring its editable nnlab along.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "fresh"], check=True)
    python = tmp_path / "fresh" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    fresh = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    Path(fresh, "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    install = ["install", "--no-deps", "--no-index", "--quiet", "--target", fresh, wheel]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, env=offline)

    borrowed = {**offline, "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter"))}  # nbconvert's templates
    result = subprocess.run([python, "-c", USED], cwd=tmp_path, env=borrowed, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Usage: python3 -m nnlab COMMAND")
    assert result.stdout.endswith("works\n")
