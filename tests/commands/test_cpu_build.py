"""Which PyTorch a bare computer gets, with real pip and stand-in indexes: an empty home and no variables."""

import io
import os
import subprocess
import sys

import pytest
from stand_in_clone import BASE_PYTHON, Clone
from stand_in_index import Index

from nnlab.commands.start import pip_runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the default build is the small one")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The two indexes as they are: only the default one has the build that brings CUDA."""
    with Index(tmp_path_factory.mktemp("index")) as index:
        index.add("cpu", "torch", "9.9.0+cpu")
        index.add("simple", "torch", "9.9.0", requires=["nvidia_cublas"])
        index.add("simple", "nvidia_cublas", "1.0")
        index.add("foreign", "torch", "9.9.0", tag="cp311-cp311-win_arm64")
        yield index


@pytest.fixture
def start(tmp_path, index):
    """Start `lab` in a fresh clone; returns its packages and what it said."""
    clone = Clone(tmp_path / "clone")
    (tmp_path / "home").mkdir()
    clone.require("torch>=9")
    clone.write("constraints.txt", "torch==9.9.0\n")
    module = clone.folder / "nnlab" / "commands" / "start" / "pip_runs.py"
    source = module.read_text(encoding="utf-8")

    def run(*arguments, cpu_index=f"{index.url}/cpu", default="simple", nvidia="()"):
        changed = source.replace(pip_runs.CPU_INDEX, cpu_index).replace("NVIDIA = (", f"NVIDIA = {nvidia}\nOTHERS = (")
        module.write_text(changed, encoding="utf-8")
        kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PIP_CONFIG_FILE": os.devnull}
        result = subprocess.run(
            [BASE_PYTHON, "-m", "nnlab", "lab", *arguments],
            cwd=clone.folder, env={**kept, "PIP_INDEX_URL": f"{index.url}/{default}"}, capture_output=True, text=True,
        )  # fmt: skip
        site = list(clone.environment.glob("lib/python*/site-packages/*.dist-info"))
        packages = {path.name.removesuffix(".dist-info") for path in site} - {"nnlab-0.1.0"}
        return {name for name in packages if not name.startswith(("pip-", "setuptools-"))}, result.stderr

    return run


def test_without_an_nvidia_device_nothing_of_nvidia_is_installed_unless_asked(start):
    packages, said = start()
    assert packages == {"torch-9.9.0+cpu"}
    assert "No NVIDIA device here: fetching PyTorch's CPU build." in said
    assert "gave no CPU build" not in said
    assert start("--no-browser") == (packages, "")
    packages, _ = start("--cuda")
    assert packages == {"torch-9.9.0", "nvidia_cublas-1.0"}
    assert start() == (packages, "")  # it stays


def test_when_its_index_gives_nothing_one_line_says_so_and_the_default_one_serves(start):
    packages, said = start(cpu_index="http://127.0.0.1:9/cpu")
    assert packages == {"torch-9.9.0", "nvidia_cublas-1.0"}
    assert len([line for line in said.splitlines() if "gave no CPU build" in line]) == 1
    assert "Ready after" in said


def test_with_an_nvidia_device_the_cpu_index_is_not_asked(start):
    packages, said = start(nvidia="('dev/null',)", cpu_index="http://127.0.0.1:9/cpu")
    assert packages == {"torch-9.9.0", "nvidia_cublas-1.0"}
    assert "CPU build" not in said


def test_a_computer_without_any_build_is_told_so(start):
    packages, said = start(cpu_index="http://127.0.0.1:9/cpu", default="foreign")
    assert packages == set()
    (sentence,) = [line for line in said.splitlines() if line.startswith("nnlab: ")]
    assert "PyTorch has no build for this computer (Linux on " in sentence
    assert "Colab or Binder" in sentence


@pytest.mark.parametrize(
    "output",
    [
        "    The user requested (constraint) torch==2.13.0\nERROR: ResolutionImpossible: for help visit",
        "ERROR: Could not find a version that satisfies the requirement torch>=2.3 (from versions: 2.2.2)\n"
        "ERROR: No matching distribution found for torch>=2.3",
    ],
)
def test_both_ways_in_which_pip_says_that_there_is_no_build(output, tmp_path):
    assert pip_runs.sentence_for(output, tmp_path).startswith("PyTorch has no build for this computer")


def test_a_device_is_found_by_what_its_driver_leaves(tmp_path):
    assert not pip_runs.has_nvidia(tmp_path)
    (tmp_path / "proc" / "driver" / "nvidia").mkdir(parents=True)
    (tmp_path / "proc" / "driver" / "nvidia" / "version").touch()
    assert pip_runs.has_nvidia(tmp_path)


class Terminal(io.StringIO):
    def isatty(self):
        return True


PIP = """\
Collecting torch>=2.3 (from nnlab==0.1.0)
  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (30 kB)
  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (184.5 MB)
Collecting numpy>=1.26 (from nnlab==0.1.0)
Requirement already satisfied: six
Installing collected packages: six, numpy, torch
"""


def test_progress_is_one_line_that_is_gone_at_the_end():
    terminal = Terminal()
    progress = pip_runs.Progress(terminal, width=60)
    for line in PIP.splitlines(keepends=True):
        progress.see(line)
    progress.end()
    shown = [text.rstrip() for text in terminal.getvalue().split("\r")]
    assert "\n" not in terminal.getvalue()
    assert "  1 packages found, fetching torch (184.5 MB)" in shown
    assert "  2 packages found, last numpy" in shown
    assert shown[-3:] == ["  installing 3 packages", "", ""]


def test_in_a_log_only_what_takes_long_is_named():
    log = io.StringIO()
    progress = pip_runs.Progress(log)
    for line in PIP.splitlines():
        progress.see(line)
    progress.end()
    assert log.getvalue() == "  1 packages found, fetching torch (184.5 MB)\n  installing 3 packages\n"
