"""What the terminal says when JupyterLab opens, and what is laid out for the first start."""

import os
import socket
import webbrowser

import pytest

from nnlab.commands.start import opening
from nnlab.commands.start.environment import ROOT


@pytest.fixture
def clone(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / opening.FIRST).touch()
    return tmp_path


def test_the_first_notebook_is_there():
    assert (ROOT / "notebooks" / opening.FIRST).is_file()


def test_only_the_first_start_is_laid_out(clone):
    opening.seed(clone)
    path = clone / ".nnlab" / "workspaces" / opening.WORKSPACE
    assert opening.FIRST in path.read_text()
    path.write_text("what the student left")
    opening.seed(clone)
    assert path.read_text() == "what the student left"


def test_a_clone_that_cannot_be_written_to_opens_all_the_same(clone):
    (clone / ".nnlab").touch()  # a file where the folder should be
    opening.seed(clone)


def test_the_settings_of_the_student_come_first():
    own = opening.with_settings({"JUPYTER_CONFIG_PATH": "/mine", "HOME": "/home"})
    assert own == {"JUPYTER_CONFIG_PATH": os.pathsep.join(["/mine", str(opening.SETTINGS)]), "HOME": "/home"}
    assert opening.with_settings({})["JUPYTER_CONFIG_PATH"] == str(opening.SETTINGS)


def test_the_terminal_says_what_to_do_next_and_how_to_stop(monkeypatch, capsys):
    monkeypatch.setattr(opening, "has_browser", lambda: True)
    monkeypatch.setattr(opening, "_is_taken", lambda port: False)
    assert opening.announce(["--port", "9000"]) == ["--port", "9000"]
    (line,) = capsys.readouterr().out.splitlines()
    assert "Shift+Enter" in line
    assert "Ctrl+C" in line


@pytest.mark.parametrize("arguments", [["--port={}"], ["--port", "{}"], ["--ServerApp.port={}"]])
def test_a_busy_port_is_named(monkeypatch, capsys, arguments):
    monkeypatch.setattr(opening, "has_browser", lambda: True)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        opening.announce([argument.format(port) for argument in arguments])
    assert capsys.readouterr().out.startswith(f"Port {port} is taken")


def test_without_a_browser_the_address_is_what_counts(monkeypatch, capsys):
    def none():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    assert opening.announce([]) == ["--no-browser"]
    assert "No browser was found" in capsys.readouterr().out
    assert opening.announce(["--no-browser"]) == ["--no-browser"]
    assert "No browser was found" not in capsys.readouterr().out


@pytest.mark.parametrize(("name", "useful"), [("w3m", False), ("firefox", True)])
def test_a_browser_in_the_terminal_is_none(monkeypatch, name, useful):
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser(name))
    assert opening.has_browser() == useful
