"""The inside of a grading process: it runs the cells of one notebook, and sends what the checked answers give.

Whatever is here the submission beside it can change. So nothing is judged here, and nothing right is known here: cases
come in when ``nnlab.check`` is called, results go out, and the solutions stay outside.
"""

from __future__ import annotations

import base64
import contextlib
import os
import sys
import threading
from typing import IO, Any

import cloudpickle

from nnlab import exercises
from nnlab.commands.classroom.grade_plain import plain_outcome, receive, send
from nnlab.exercises.exercise import NOT_ATTEMPTED, Report, tried

__all__ = ["Recorder", "close", "main", "run_cells"]

MEGABYTE = 2**20
FILE_MEGABYTES = 200  # the most that a file may become


class Recorder:
    """In place of ``nnlab.check``: it tries each answer on the cases that it is given, and sends what came of it.

    It works at once and not at the end, when names may mean something else than in the cell of the check.
    """

    def __init__(self, wire_in: IO[bytes], wire_out: IO[bytes]):
        self.wire_in, self.wire_out, self.lock = wire_in, wire_out, threading.Lock()

    def check(self, id: str, answer: Any) -> Report:
        """Record an answer; whether it is right is not told."""
        id = str(exercises.in_full(id))
        if exercises.in_solution_cell(sys._getframe(1)):
            send(self.wire_out, {"passed over": id})
        else:
            self.record(id, answer)
        return Report(id, NOT_ATTEMPTED, "recorded for grading.")

    def record(self, id: str, answer: Any) -> None:
        with self.lock:
            send(self.wire_out, {"check": id})
            task = (receive(self.wire_in) or {}).get("task")
            if task is None:
                raise ValueError(f"the exercise must be one of the course. Got {id!r}. Try '06.1'.")
            outcome = tried(answer, *cloudpickle.loads(base64.b64decode(task)))
            send(self.wire_out, {"id": id, "outcome": plain_outcome(outcome)})


def main() -> None:
    """Run the notebook that comes in, and end without waiting for what it may have left running."""
    wire_in, wire_out = wires()
    work = receive(wire_in)
    if work is None:
        return
    shell = new_shell()
    recorder = Recorder(wire_in, wire_out)
    for module in (sys.modules["nnlab"], exercises):
        module.check, module.hint = recorder.check, lambda id: None  # type: ignore[attr-defined]
        module.record = lambda keep=None: None  # type: ignore[attr-defined]  # of the grader's computer: there is none
    close(work["closed"])
    limit(work["megabytes"])
    send(wire_out, {"ready": True})
    run_cells(shell, work["cells"], wire_out)
    send(wire_out, {"end": True})
    os._exit(0)


def wires() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes from and to the judge, moved away from where a notebook reads and prints: that goes to nowhere."""
    wire_in, wire_out = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "rb"), (1, "wb")))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return wire_in, wire_out  # type: ignore[return-value]


def new_shell():
    """IPython without a kernel: magics, ``!`` and ``await`` work as in a notebook; no history is kept."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    return InteractiveShell.instance(config=config)


def run_cells(shell, cells: list[str], wire_out: IO[bytes]) -> None:
    """Run one cell after the other; an error ends its cell only. Nothing is shown, so no picture is drawn for it."""
    for number, source in enumerate(cells, start=1):
        send(wire_out, {"cell": number})
        result = shell.run_cell(source, silent=True)
        if error := result.error_before_exec or result.error_in_exec:
            send(wire_out, {"failed": type(error).__name__})
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")


def limit(megabytes: int) -> None:
    """Set the most memory that this process may ask for, and the size of a file; on Linux this holds."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        for kind, most in (
            (resource.RLIMIT_DATA, megabytes * MEGABYTE),
            (resource.RLIMIT_FSIZE, FILE_MEGABYTES * MEGABYTE),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (most, most))


def close(places: list[str]) -> None:
    """From now on Python refuses to open these files, and what is in these folders.

    This hook cannot be taken out again, but who knows Python well gets round it. Bubblewrap keeps the files away.
    """
    closed = tuple(map(os.path.realpath, places))

    def hook(event: str, arguments: tuple) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        try:
            path = os.path.realpath(os.fsdecode(arguments[0]))
        except (OSError, ValueError):
            return
        if path in closed or any(path.startswith(place + os.sep) for place in closed):
            raise PermissionError(f"{path} is closed while notebooks are graded.")

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
