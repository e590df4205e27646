"""The commands: what they run, what they pass on, what they say."""

import subprocess
import sys

import pytest

from nnlab.commands import cli
from nnlab.commands.start.environment import ROOT
from nnlab.commands.start.setup_errors import SetupError


@pytest.fixture
def ran(monkeypatch):
    """The commands that would have been run; nothing is prepared and nothing starts."""
    commands = []
    monkeypatch.setattr(cli, "prepare", lambda extras=(), cuda=False: f"python with {extras}" + " and CUDA" * cuda)
    monkeypatch.setattr(cli, "_become", lambda command: commands.append(command) or 0)
    monkeypatch.setattr(cli.opening, "seed", lambda root: None)
    return commands


def test_help_names_every_command():
    result = subprocess.run([sys.executable, "-m", "nnlab", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stderr == ""
    for name in cli.COMMANDS:
        assert f"\n  {name} " in result.stdout


def test_help_without_a_command(capsys):
    assert cli.main([]) == 0
    assert capsys.readouterr().out == cli.HELP


@pytest.mark.parametrize(("typed", "meant"), [("labs", "'lab'"), ("tset", "'test'"), ("refesh", "'refresh'")])
def test_a_mistyped_command_is_answered_with_the_nearest(capsys, typed, meant):
    assert cli.main([typed]) == 1
    assert f"did you mean {meant}" in capsys.readouterr().err


def test_a_foreign_command_is_refused(capsys):
    assert cli.main(["zzzz"]) == 1
    assert capsys.readouterr().err.startswith("nnlab: There is no command 'zzzz'")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no root")
@pytest.mark.parametrize(("user", "expected"), [(0, ["--allow-root"]), (1000, [])])
def test_lab_opens_the_notebooks_and_passes_arguments_on(ran, monkeypatch, user, expected):
    monkeypatch.setattr(cli.os, "geteuid", lambda: user)
    assert cli.main(["lab", "--no-browser", "--port", "9000"]) == 0
    options = [*cli.opening.options(ROOT), cli.HOOK, *expected]
    assert f"--ServerApp.root_dir={ROOT / 'notebooks'}" in options
    assert ran == [["python with ()", "-m", "jupyterlab", *options, "--no-browser", "--port", "9000"]]


@pytest.mark.parametrize(("command", "extras"), [("lab", ()), ("test", ("test",))])
def test_an_option_keeps_the_build_for_nvidia_devices_and_is_not_passed_on(ran, command, extras):
    assert cli.main([command, "--no-browser", "--cuda", "-k", "x"]) == 0
    assert ran[0][0] == f"python with {extras} and CUDA"
    assert "--cuda" not in ran[0]
    assert ran[0][-2:] == ["-k", "x"]


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("4", "4")])
def test_commands_compute_on_one_thread_unless_told_otherwise(ran, monkeypatch, given, expected):
    monkeypatch.setattr(cli.os, "environ", {} if given is None else {"OMP_NUM_THREADS": given})
    assert cli.main(["lab"]) == 0
    assert cli.os.environ["OMP_NUM_THREADS"] == expected


def test_test_with_arguments_runs_only_pytest(ran):
    assert cli.main(["test", "tests/test_cli.py", "-k", "help"]) == 0
    assert ran == [["python with ('test',)", "-m", "pytest", "tests/test_cli.py", "-k", "help"]]


@pytest.mark.parametrize("failing", ["ruff check", "ruff format", "mypy", "pytest", None])
def test_every_stage_runs_and_one_failure_fails_all(ran, monkeypatch, capsys, failing):
    started = []

    def timed(command):
        started.append(" ".join(command[2:]))
        return (3 if failing and started[-1].startswith(failing) else 0), 1.0

    monkeypatch.setattr(cli, "_timed", timed)
    monkeypatch.setattr(cli, "find_browser", lambda: "/usr/bin/chromium")
    assert cli.main(["test"]) == (1 if failing else 0)
    assert [stage.split(" ")[0] for stage in started] == ["ruff", "ruff", "mypy", "pytest"]
    assert "--nbval " in started[-1]
    assert started[-1].endswith("tests notebooks")
    summary = capsys.readouterr().out
    assert summary.count("passed") == (3 if failing else 4)
    assert ("FAILED (exit code 3)" in summary) == bool(failing)


def test_a_stage_reports_its_exit_code():
    assert cli._timed([sys.executable, "-c", "raise SystemExit(5)"])[0] == 5


def test_ci_without_a_browser_fails_before_anything_else(ran, monkeypatch, capsys):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(cli, "find_browser", lambda: None)
    monkeypatch.setattr(cli, "prepare", lambda *a, **k: pytest.fail("nothing may be prepared"))
    assert cli.main(["test"]) == 1
    assert "no Chromium" in capsys.readouterr().err


def test_a_browser_is_found_by_its_names(monkeypatch):
    monkeypatch.setattr(cli.shutil, "which", {"google-chrome": "/usr/bin/google-chrome"}.get)
    assert cli.find_browser() == "/usr/bin/google-chrome"
    monkeypatch.setattr(cli.shutil, "which", lambda name: None)
    assert cli.find_browser() is None


def test_new_runs_in_the_prepared_interpreter(ran):
    assert cli.main(["new", "explorer", "ravine"]) == 0
    assert ran == [["python with ()", "-m", "nnlab.commands.new.making", "explorer", "ravine"]]


def test_refresh_runs_in_the_prepared_interpreter(ran):
    assert cli.main(["refresh", "06"]) == 0
    assert ran == [["python with ()", "-m", "nnlab.commands.notebooks", "06"]]


def test_site_is_built_in_an_interpreter_with_its_own_packages(ran):
    assert cli.main(["site", "folder", "-n", "4"]) == 0
    assert ran == [["python with ('site',)", "-m", "nnlab.commands.site.build", "folder", "-n", "4"]]


@pytest.mark.parametrize("arguments", [[], ["a/b", "c/d"], ["no-slash"], ["a b/c"], ["https://github.com/a/b"]])
def test_badges_refuses_what_is_no_repository(capsys, arguments):
    before = (ROOT / "pyproject.toml").read_bytes()
    assert cli.main(["badges", *arguments]) == 1
    assert "OWNER/NAME" in capsys.readouterr().err
    assert (ROOT / "pyproject.toml").read_bytes() == before


def test_badges_explains_itself_and_a_clone_that_cannot_be_written_to(monkeypatch, capsys):
    assert cli.main(["badges", "--help"]) == 0
    assert "OWNER/NAME[@TAG]" in capsys.readouterr().out

    def fail(*_):
        raise PermissionError(13, "Permission denied", "/course/README.md")

    monkeypatch.setattr("nnlab.commands.generated.launch.badges", fail)
    assert cli.main(["badges", "ada/nnlab"]) == 1
    assert capsys.readouterr().err.startswith("nnlab: /course/README.md cannot be written to")


@pytest.mark.parametrize(
    ("error", "code", "said"), [(SetupError("No."), 1, "nnlab: No.\n"), (KeyboardInterrupt(), 130, "stopped")]
)
def test_set_up_failures_and_stops_have_no_traceback(monkeypatch, capsys, error, code, said):
    def fail(arguments):
        raise error

    monkeypatch.setitem(cli.COMMANDS, "lab", fail)
    assert cli.main(["lab"]) == code
    assert said in capsys.readouterr().err
