"""A TensorBoard server of one's own: it listens on this machine only, and is gone when this process is gone."""

from __future__ import annotations

import atexit
import html
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from nnlab import arguments
from nnlab.training.checks import place

__all__ = ["show_tensorboard"]

# The server reads its standard input, a pipe to this process, and ends when the pipe does: whatever happens here,
# SIGKILL included, the system closes the pipe. A session of its own keeps the stop button's signal from the server.
SERVER = """
import os, signal, sys, threading
def end_with_parent():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end_with_parent, daemon=True).start()
from tensorboard.main import run_main
run_main()
"""
PATIENCE = 120  # seconds until the server must have said where it listens; a loaded machine is slow, not broken


class Server:
    """A running TensorBoard: ``with Server("runs") as server: print(server.address)``.

    Args:
        folder: what it shows, sub-folders included; it may still be empty.

    Attributes:
        address: where a browser on this machine finds it. port: the number in it; the system chose a free one.

    Raises:
        RuntimeError: TensorBoard did not start; the message ends with what it said.
    """

    def __init__(self, folder: str | Path):
        command = [sys.executable, "-c", SERVER, "--logdir", str(folder), "--host", "127.0.0.1", "--port", "0"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self.stop)
        self._said: deque[str] = deque(maxlen=20)
        self._heard, self.port = threading.Event(), 0
        self._listener = threading.Thread(target=self._listen, name="nnlab TensorBoard", daemon=True)
        self._listener.start()
        if not self._heard.wait(PATIENCE) or not self.port:
            self.stop()
            raise RuntimeError("TensorBoard did not start. It said:\n" + "".join(self._said))
        self.address = f"http://127.0.0.1:{self.port}/"

    def _listen(self) -> None:
        """Read what the server says until it ends, so that it never waits for a reader."""
        for line in self._process.stderr or ():
            self._said.append(line)
            found = re.search(r" at http://[^/]*:(\d+)/", line)
            if found and not self.port:
                self.port = int(found[1])
                self._heard.set()
        self._heard.set()

    def stop(self) -> None:
        """End the server; when this returns, it is gone."""
        atexit.unregister(self.stop)
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener is not threading.current_thread():
            self._listener.join()
        if self._process.stderr:
            self._process.stderr.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_) -> None:
        self.stop()


def browser_address(port: int) -> str:
    """Where the student's browser finds the server: on this machine, or behind the proxy of a JupyterHub.

    ``TENSORBOARD_PROXY_URL``, with %PORT% in it, is TensorBoard's own setting for any other place.
    """
    if "TENSORBOARD_PROXY_URL" in os.environ:
        return os.environ["TENSORBOARD_PROXY_URL"].replace("%PORT%", str(port))
    if "JUPYTERHUB_SERVICE_PREFIX" in os.environ:
        return f"{os.environ['JUPYTERHUB_SERVICE_PREFIX']}proxy/{port}/"
    return f"http://127.0.0.1:{port}/"


def frame(address: str, height: int) -> str:
    """HTML that shows an address in a frame, and as a link.

    "localhost" and "127.0.0.1" are two sites for a browser, and a frame of another site may not keep settings, without
    which TensorBoard does not start. So the frame takes the name of this machine that the notebook's page has.
    """
    place = json.dumps(address).replace("127.0.0.1", "localhost")
    go = f"location.replace(parent.location.hostname === 'localhost' ? {place} : {json.dumps(address)})"
    return (
        f'<a href="{html.escape(address)}" target="_blank">{html.escape(address)}</a> '
        f'<iframe srcdoc="{html.escape(f"<script>{go}</script>")}" title="TensorBoard" '
        f'style="width: 100%; height: {height}px; border: 1px solid #ccc; box-sizing: border-box"></iframe>'
    )


class ShownTensorBoard:
    """A button that opens TensorBoard below it; made by ``nnlab.tracking.show_tensorboard``."""

    def __init__(self, folder: Path, height: int):
        import ipywidgets as widgets

        from nnlab.stage.panel import when_unseen

        self.folder, self.height = folder, height
        self.server: Server | None = None
        self._turn = threading.Lock()
        self._button = widgets.Button(description="open TensorBoard", layout={"width": "160px"})
        self._button.on_click(lambda _: threading.Thread(target=self.open, daemon=True).start())
        self._place = widgets.HTML(layout={"width": "100%"})
        self.widget = widgets.VBox([self._button, self._place])
        when_unseen(self.widget, self.close)

    def open(self) -> None:
        """Start the server if there is none, and show it."""
        with self._turn:
            if self.server is None:
                self._place.value = "TensorBoard is starting ..."
                try:
                    self.server = Server(self.folder)
                except (RuntimeError, OSError) as error:
                    self._place.value = f'<b role="alert">{html.escape(str(error))}</b>'
                    return
            self._place.value = frame(browser_address(self.server.port), self.height)

    def close(self) -> None:
        """Stop the server."""
        with self._turn:
            if self.server is not None:
                self.server.stop()
                self.server = None
            self._place.value = ""

    def __repr__(self) -> str:
        return f"TensorBoard of {self.folder}. In a terminal: tensorboard --logdir {shlex.quote(str(self.folder))}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        from nnlab.stage.panel import VIEW, view_of

        if "google.colab" in sys.modules:  # its browser reaches no port of the kernel, and it has a command of its own
            command = f"%load_ext tensorboard\n%tensorboard --logdir {shlex.quote(str(self.folder))}"
            return {"text/plain": f"On Colab, run this in a cell of its own:\n{command}"}, {}
        return {"text/plain": repr(self), VIEW: view_of(self.widget)}, {}


def show_tensorboard(folder: str | Path, height: int = 640) -> ShownTensorBoard:
    """Show a button that opens TensorBoard inside the notebook: put this call on the last line of a cell.

    Nothing runs until the button is pressed. Then a TensorBoard server starts that only this machine can reach. It
    ends when its cell is run again or cleared, when the notebook's kernel ends, and with ``.close()``. On a JupyterHub
    (Binder is one) it is shown through jupyter-server-proxy, which must be installed. On Colab there is no button, but
    the command that Colab has for it.

    Args:
        folder: what to show, such as "runs"; runs that are still being written appear by and by.
        height: of the frame, in pixels.

    Raises:
        TypeError, ValueError: ``folder`` is no path, or ``height`` no whole number of at least 1.
    """
    arguments.whole("height", height, 640)
    return ShownTensorBoard(place("folder", folder, "runs"), height)
