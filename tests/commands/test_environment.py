"""The environment of a clone, with real interpreters, real pip and real failures; only the packages are stand-ins."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from stand_in_clone import BASE_PYTHON, BOOTSTRAP, PYPROJECT, Clone

from nnlab.commands.start import environment, setup_errors
from nnlab.commands.start.environment import ROOT


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path / "a clone")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A clone whose environment nnlab has made; tests leave it working."""
    clone = Clone(tmp_path_factory.mktemp("made") / "clone")
    code, out, err = clone.run("lab", "--no-browser")
    assert code == 0, err
    assert f"JupyterLab {clone.environment}" in out
    assert "--no-browser" in out
    return clone


@pytest.fixture
def small_disk(mounted):
    """A folder with room for 3 MB, on a file system of its own."""
    return mounted("3m")


def one_sentence(err):
    """The explanation: one line that starts with the program's name."""
    lines = [line for line in err.splitlines() if line.startswith("nnlab: ")]
    assert len(lines) == 1, err
    return lines[0]


def test_second_start_installs_nothing_and_is_quick(made):
    started = time.monotonic()
    code, out, err = made.run()
    assert (code, err) == (0, "")
    assert f"JupyterLab {made.environment}" in out
    assert time.monotonic() - started < 5


def test_an_extra_is_added_and_kept(made):
    code, _, err = made.run("test", "--version")  # pytest itself is not there: only the preparation is of interest
    assert code == 1
    assert "No module named pytest" in err
    assert made.record["extras"] == ["test"]
    assert made.run()[2] == ""
    assert made.record["extras"] == ["test"]


def test_a_failed_update_keeps_the_environment_that_works(made):
    before = made.record
    made.require("nnlab-does-not-exist>=1")
    code, _, err = made.run()
    assert code == 1
    assert "could not reach the package index" in one_sentence(err)
    assert made.record == before
    made.write("pyproject.toml", PYPROJECT)
    assert made.run()[::2] == (0, "")


def test_settings_of_other_tools_cause_no_installation(made):
    made.write("pyproject.toml", PYPROJECT + '\n[tool.nnlab]\nrepository = "ada/nnlab"\n')
    assert made.run()[::2] == (0, "")
    made.write("pyproject.toml", PYPROJECT)


def test_the_activated_environment_is_used(made):
    code, out, err = made.run(python=str(made.environment / "bin" / "python"))
    assert (code, err) == (0, "")
    assert f"JupyterLab {made.environment}" in out


def test_an_interpreter_that_has_everything_is_used_as_it_is(made):
    made.environment.rename(made.folder / "mine")
    python = made.folder / "mine" / "bin" / "python"
    try:
        code, out, err = made.run(python=str(python))
        assert (code, err) == (0, "")
        assert f"JupyterLab {made.folder / 'mine'}" in out
        assert not made.environment.exists()
    finally:
        (made.folder / "mine").rename(made.environment)


def test_metadata_lying_in_the_clone_does_not_count_as_installed(made):
    (made.folder / "nnlab.egg-info").mkdir(exist_ok=True)
    (made.folder / "nnlab.egg-info" / "PKG-INFO").write_text("Name: nnlab\nVersion: 0.1.0\n")
    asked = "from nnlab.commands.start.environment import is_ready; print(is_ready())"
    for python, expected in ((BASE_PYTHON, "False\n"), (made.environment / "bin" / "python", "True\n")):
        answer = subprocess.run([python, "-c", asked], cwd=made.folder, capture_output=True, text=True)
        assert answer.stdout == expected, answer.stderr


def test_a_moved_clone_gets_a_new_environment(made, tmp_path):
    moved = Clone(tmp_path / "moved")
    shutil.copytree(made.environment, moved.environment, symlinks=True)
    code, out, err = moved.run()
    assert code == 0
    assert "Replacing .venv" in err
    assert f"JupyterLab {moved.environment}" in out
    assert moved.record["folder"] == str(moved.environment)


def test_a_vanished_interpreter_is_noticed(made):
    python = made.environment / "bin" / "python"
    target = os.readlink(python)
    python.unlink()
    python.symlink_to(made.folder / "gone")
    found = environment.Environment(made.folder)
    try:
        assert not found.is_current(())
        assert not found._is_usable()
    finally:
        python.unlink()
        python.symlink_to(target)
    assert found.is_current(())


def test_without_network_nothing_is_left(clone):
    clone.require("nnlab-does-not-exist>=1")
    code, _, err = clone.run()
    assert code == 1
    assert "could not reach the package index" in one_sentence(err)
    assert "It said: ERROR: No matching distribution found for nnlab-does-not-exist" in err
    assert not clone.environment.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_nothing(clone, number):
    clone.write("slow", "")
    process = clone.start()
    if number == signal.SIGINT:
        clone.wait_for("building")
        os.killpg(process.pid, number)  # as a terminal does it for Ctrl-C: to pip as well
    else:
        clone.wait_for(".venv/nnlab.json")
        process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "stopped" in one_sentence("\n".join(line for line in err.splitlines() if line))
    assert not clone.environment.exists()
    assert not (clone.folder / ".venv.discarded").exists()


def test_after_sigkill_the_next_start_waits_for_the_orphan_and_begins_again(clone):
    clone.write("slow", "")
    killed = clone.start()
    clone.wait_for("building")
    killed.kill()
    killed.communicate()
    assert clone.record == {"state": "unfinished", "ours": True}
    process = clone.start()
    time.sleep(0.5)
    assert process.poll() is None
    (clone.folder / "slow").unlink()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Another nnlab command is preparing .venv" in err
    assert "Replacing .venv, which is unfinished" in err
    assert f"JupyterLab {clone.environment}" in out
    assert clone.record["state"] == "ready"


def test_two_starts_at_once_make_one_environment(clone):
    processes = [clone.start(), clone.start()]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert sum("Making the environment" in err for _, err in ends) == 1
    assert sum("Another nnlab command" in err for _, err in ends) == 1


def test_an_environment_of_the_user_is_installed_into_but_never_removed(clone, made):
    shutil.copytree(made.environment, clone.environment, symlinks=True)
    (clone.environment / "nnlab.json").unlink()
    clone.write(".venv/mine.txt", "keep")
    clone.require("nnlab-does-not-exist>=1")
    assert clone.run()[0] == 1
    assert (clone.environment / "mine.txt").exists()
    assert not (clone.environment / "nnlab.json").exists()

    clone.write("pyproject.toml", PYPROJECT)
    assert clone.run()[0] == 0
    assert (clone.environment / "mine.txt").exists()
    assert clone.record["ours"] is False

    shutil.rmtree(clone.environment / "bin")
    code, _, err = clone.run()
    assert code == 1
    assert "nnlab did not make it: remove or rename that folder" in one_sentence(err)
    assert (clone.environment / "mine.txt").exists()


def test_a_full_disk_is_named_and_nothing_is_left(small_disk):
    clone = Clone(small_disk / "clone")
    code, _, err = clone.run()
    assert code == 1
    assert "The disk is full" in one_sentence(err)
    assert not clone.environment.exists()


def test_a_folder_that_cannot_be_written_to_is_named(small_disk):
    clone = Clone(small_disk / "clone")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, _, err = clone.run()
    assert code == 1
    assert "cannot be written to" in one_sentence(err)


def test_python_without_ensurepip_gets_the_remedy(clone):
    hidden = "import sys; sys.modules['ensurepip'] = None; from nnlab.commands.cli import main; sys.exit(main(['lab']))"
    result = subprocess.run([BASE_PYTHON, "-c", hidden], cwd=clone.folder, capture_output=True, text=True)
    assert result.returncode == 1
    assert "sudo apt install python3-venv" in one_sentence(result.stderr)
    assert "Traceback" not in result.stderr
    assert not clone.environment.exists()


def test_a_failing_venv_is_reported_with_its_last_line(clone, monkeypatch, capsys, tmp_path):
    stub = tmp_path / "python"
    stub.write_text("#!/bin/sh\necho 'Error: Command [...] returned non-zero exit status 1.'; exit 1\n")
    stub.chmod(0o755)
    monkeypatch.setattr(sys, "_base_executable", str(stub), raising=False)
    with pytest.raises(setup_errors.SetupError, match="could not be made"):
        environment.prepare((), clone.folder)
    assert "It said: Error: Command [...] returned non-zero" in capsys.readouterr().err
    assert not clone.environment.exists()


@pytest.mark.parametrize("version", ["(3, 7, 3)", "(3, 10, 13)"])
def test_too_old_a_python_is_told_so(version):
    pretend = f"import sys, runpy; sys.version_info = {version}; runpy.run_module('nnlab', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert re.fullmatch(
        r"nnlab needs Python 3\.11 or newer, and this is Python 3\.(7|10)\. Install .*\n", result.stderr
    )


@pytest.mark.parametrize("name", BOOTSTRAP)
def test_what_runs_first_parses_on_old_pythons_and_needs_only_the_standard_library(name):
    """An import in a try block that expects an ImportError is no need: the module does without it."""
    tree = ast.parse((ROOT / "nnlab" / name).read_text(encoding="utf-8"), feature_version=(3, 7))
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    expects = [t for t in tries if any(getattr(h.type, "id", "") == "ImportError" for h in t.handlers)]
    optional = {node for t in expects for statement in t.body for node in ast.walk(statement)}
    for node in set(ast.walk(tree)) - optional:
        names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for top in {module.split(".")[0] for module in names}:
            assert top == "nnlab" or top in sys.stdlib_module_names, f"{name} imports {top}"


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("pytest>=8", True),
        ("PyTest >= 8, < 1000", True),
        ("pytest>=1000", False),
        ("nnlab-does-not-exist>=1", False),
        ("nnlab-does-not-exist>=1; python_version < '3'", True),
        ("pytest>=1000; python_version >= '3'", False),
    ],
)
def test_a_requirement_is_read_as_pip_reads_it(line, met):
    assert environment._is_met(line) == met


@pytest.mark.parametrize("installed", ["2.10.0", "2.9.0+cpu", "2.9.0.dev20260101"])
def test_builds_for_one_device_and_early_versions_count(installed, monkeypatch):
    monkeypatch.setattr(environment.importlib.metadata, "version", lambda name: installed)
    assert environment._is_met("torch>=2.2")
    assert not environment._is_met("torch>=2.11")


def test_without_the_parser_something_is_missing(monkeypatch):
    """What nnlab requires brings packaging along; an interpreter without it cannot be ready."""
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert not environment._is_met("pytest>=8")
    brought = {Requirement(line).name for name in ("jupyterlab", "matplotlib") for line in metadata.requires(name)}
    assert "packaging" in brought


def test_a_bare_interpreter_with_something_to_install_is_not_ready(made):
    """No packaging there, only pip: the answer is No and no ImportError."""
    made.require("pip>=1")
    asked = "from nnlab.commands.start.environment import is_ready; print(is_ready())"
    python = made.environment / "bin" / "python"
    answer = subprocess.run([python, "-c", asked], cwd=made.folder, capture_output=True, text=True)
    made.write("pyproject.toml", PYPROJECT)
    assert answer.stdout == "False\n", answer.stderr


def test_constraints_pin_every_requirement_once_and_for_every_system():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert len(pins) == len([line for line in lines if not line.startswith("#")])
    assert not [pin for pin in pins.values() if "+" in pin], "a local version is on no index"
    for line in environment.requirements(("test",)):
        wanted = Requirement(line)
        assert [item.operator for item in wanted.specifier] == [">="], line  # Colab's own versions must satisfy it
        assert wanted.specifier.contains(pins[wanted.name]), line
