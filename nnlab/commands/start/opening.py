"""What JupyterLab shows first, and what the terminal says about it. Standard library only."""

import json
import os
import socket
import webbrowser
from pathlib import Path

__all__ = ["SETTINGS", "announce", "has_browser", "options", "seed", "with_settings"]

SETTINGS = Path(__file__).resolve().parent / "jupyter"
FIRST = "00_start_here.ipynb"
PORT = 8888  # Jupyter's own
IN_TERMINAL = ("www-browser", "links", "elinks", "lynx", "w3m")  # cannot show JupyterLab
WORKSPACE = "default-37a8.jupyterlab-workspace"  # JupyterLab's name for the one that the address /lab opens


def options(root):
    """The arguments of JupyterLab: the notebooks' folder, the course's own workspace, few words in the terminal."""
    folder = root / ".nnlab" / "workspaces"
    return [f"--ServerApp.root_dir={root / 'notebooks'}", f"--LabApp.workspaces_dir={folder}", "--log-level=WARN"]


def seed(root):
    """Lay out the first start: notebook 00, with the file list folded. Later starts go on where the student left."""
    path = root / ".nnlab" / "workspaces" / WORKSPACE
    first = f"notebook:{FIRST}"
    if path.exists() or not (root / "notebooks" / FIRST).is_file():
        return
    layout = {
        "main": {"dock": {"type": "tab-area", "currentIndex": 0, "widgets": [first]}, "current": first},
        "left": {"collapsed": True, "visible": True, "widgets": ["filebrowser"]},
        "right": {"collapsed": True, "visible": True, "widgets": []},
    }
    opened = {"data": {"path": FIRST, "factory": "Notebook"}}
    workspace = {"data": {"layout-restorer:data": layout, first: opened}, "metadata": {"id": "default"}}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(workspace), encoding="utf-8")
    except OSError:
        pass  # a clone that cannot be written to opens on the list of notebooks


def with_settings(variables):
    """The environment variables with the course's settings below all that the student's own Jupyter says."""
    known = [path for path in variables.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep) if path]
    return {**variables, "JUPYTER_CONFIG_PATH": os.pathsep.join([*known, str(SETTINGS)])}


def announce(arguments):
    """Say what to do next and how to stop; returns the arguments, without a browser where there is none."""
    port = _port(arguments)
    if _is_taken(port):
        print(f"Port {port} is taken, perhaps by another JupyterLab: this one takes the next free port.", flush=True)
    if not any(argument.startswith("--no-browser") for argument in arguments) and not has_browser():
        print("No browser was found on this computer: open the address below in one, with its token.", flush=True)
        arguments = [*arguments, "--no-browser"]
    print(
        "JupyterLab opens: press Shift+Enter in one cell after the other; the folder on the left lists all notebooks. "
        "Ctrl+C twice, here, stops it. (A page that stays blank: take a Firefox, Chrome, Edge or Safari of this year.)",
        flush=True,
    )
    return arguments


def has_browser():
    """Whether a browser with windows can be started here."""
    try:
        return getattr(webbrowser.get(), "name", "") not in IN_TERMINAL
    except webbrowser.Error:
        return False


def _port(arguments):
    for argument, following in zip(arguments, [*arguments[1:], ""]):  # noqa: B905  (parses on old Pythons)
        name, _, value = argument.partition("=")
        if name in ("--port", "--ServerApp.port") and (value or following).isdigit():
            return int(value or following)
    return PORT


def _is_taken(port):
    with socket.socket() as trial:
        trial.settimeout(0.2)
        return trial.connect_ex(("127.0.0.1", port)) == 0
