"""One real JupyterLab server, or one of Jupyter Notebook 7, on a copy of some notebooks, with a home of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil

from nnlab.commands.cli import HOOK

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {
    # Every cell is in the page, also those that are scrolled out of view.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    # No question about news in front of the notebook.
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}


class Lab:
    """A running JupyterLab: ``with Lab(folder) as lab: page.goto(lab.address("01.ipynb"))``.

    Nothing of the user's own Jupyter is read or written: home, settings, kernels' files and log lie below ``folder``.
    When the block ends, server and kernels are gone.

    Args:
        folder: an empty or new folder; notebooks go into ``folder / "notebooks"``.
        hook: whether it saves as ``nnlab lab`` does, or is one that nobody configured.
        app: "jupyterlab", or "notebook" for Jupyter Notebook 7.
    """

    def __init__(self, folder: Path, hook: bool = True, app: str = "jupyterlab"):
        self.folder, self.hook, self.app = folder, hook, app
        self.notebooks = folder / "notebooks"
        self.log = folder / "jupyterlab.log"
        self.notebooks.mkdir(parents=True)

    def __enter__(self) -> Lab:
        environment = self._environment()
        # The font cache is made here: in a kernel, matplotlib would write about it into the notebook.
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], env=environment, check=True)
        with open(self.log, "w") as log:
            self._process = subprocess.Popen(
                self._command(), env=environment, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            self._info = self._wait_until_it_answers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._stop()

    def address(self, notebook: str) -> str:
        """Where a browser finds a notebook; the token that Jupyter made is part of it."""
        where = "lab/tree" if self.app == "jupyterlab" else "notebooks"
        return f"{self._info['url']}{where}/{notebook}?token={self._info['token']}&reset"

    @contextmanager
    def without(self, extension: str):
        """Pages that are opened inside have no such extension of the front end, for example "anywidget"."""
        path = self.folder / "config" / "labconfig" / "page_config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"disabledExtensions": {extension: True}}))
        try:
            yield
        finally:
            path.unlink()

    def _environment(self) -> dict:
        own = {
            "HOME": "home",
            "IPYTHONDIR": "ipython",
            "MPLCONFIGDIR": "matplotlib",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "NNLAB_RECORD": "record",
        }
        for name in own.values():
            (self.folder / name).mkdir()
        for name, setting in SETTINGS.items():
            path = self.folder / "settings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(setting))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST"))}
        return inherited | {name: str(self.folder / value) for name, value in own.items()} | {"PYTHONPATH": str(ROOT)}

    def _command(self) -> list[str]:
        as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        with socket.create_server(("127.0.0.1", 0)) as free:  # two labs that start at once would both take 8888
            port = free.getsockname()[1]
        return [
            *(sys.executable, "-m", self.app, "--no-browser", f"--ServerApp.root_dir={self.notebooks}"),
            f"--ServerApp.port={port}",
            *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            *([HOOK] if self.hook else []),
            *as_root,
        ]

    def _wait_until_it_answers(self, seconds: float = 120) -> dict:
        """The server's own record of address and token; it is written when the server listens."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            for record in (self.folder / "runtime").glob("jpserver-*.json"):
                text = record.read_text()
                if text.endswith("}"):
                    return json.loads(text)
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start. Its log ends with:\n{self.log.read_text()[-3000:]}")

    def _stop(self) -> None:
        started = psutil.Process(self._process.pid).children(recursive=True) if self._process.poll() is None else []
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _, left = psutil.wait_procs(started, timeout=5)
        for process in left:
            process.kill()
