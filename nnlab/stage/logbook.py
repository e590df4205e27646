"""The logbook: what a student checked and predicted, line by line, in a file of the student's own.

It is never sent anywhere. A line is appended by one write, so notebooks that run side by side lose nothing. Each line
begins on a new one, so a kill or a full disk damages no other line than its own, and that one is left out by readers.
Standard library and platformdirs only.
"""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_data_path

__all__ = ["SETTING", "Entry", "entries", "folder", "keep", "kept", "note", "passing"]

SETTING = "NNLAB_RECORD"  # the environment variable: "off", or the folder of the file
FILE, OFF = "record.jsonl", "record.off"
LONGEST = 200  # letters of a name
FAR = 2**30  # the byte that stands for the whole file in a lock of Windows


class Entry(NamedTuple):
    """One line: when (UTC, ISO 8601), what was done ("check" or "predict"), with what, and how it ended."""

    time: str
    what: str
    name: str
    outcome: str


def folder() -> Path | None:
    """Where the file lies; None where nothing is kept: in tests, in CI, and where ``NNLAB_RECORD`` says "off"."""
    wanted = os.environ.get(SETTING, "")
    if wanted:
        return None if wanted.lower() == "off" else Path(wanted).expanduser()
    tested = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST"} & os.environ.keys() or os.environ.get("CI") == "true"
    return None if tested else user_data_path("nnlab", appauthor=False)


def keep(wanted: bool) -> None:
    """From now on write lines, or none, in every notebook; lines that are there stay.

    Raises:
        OSError: the folder cannot be written to.
    """
    place = folder()
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
        if wanted:
            (place / OFF).unlink(missing_ok=True)
        else:
            (place / OFF).touch()


def kept() -> bool:
    """Whether lines are written."""
    place = folder()
    return place is not None and not (place / OFF).exists()


def note(what: str, name: str, outcome: str) -> str:
    """Append a line, if lines are written; returns a sentence if it cannot be, and never raises."""
    place = folder()
    if place is None:
        return ""
    entry = Entry(datetime.now(UTC).isoformat(timespec="seconds"), what, name[:LONGEST], outcome)
    try:
        if kept():
            append(place / FILE, json.dumps(entry._asdict()))
    except OSError as error:
        why = error.strerror or type(error).__name__
        return f"nnlab cannot keep your record in {place / FILE}: {why}. Checks work as before."
    return ""


def append(path: Path, line: str) -> None:
    """Write a line below the last one, whoever else is writing.

    Raises:
        OSError: it cannot be written, or not all of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"\n" + line.encode()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with turn(file):
            written = os.write(file, data)
    finally:
        os.close(file)
    if written < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def turn(file: int) -> Iterator[None]:
    """Inside, nobody else appends: on Windows that is two steps, to the end and then writing. Elsewhere it is one."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)  # waits for ten seconds; a process that is killed gives it back
        try:
            yield
        finally:
            os.lseek(file, FAR, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
    else:
        yield


def entries() -> tuple[list[Entry], int]:
    """Every line that can be read, oldest first, and the number of lines that cannot.

    Raises:
        OSError: there is a file, and it cannot be read.
    """
    place = folder()
    if place is None or not (place / FILE).exists():
        return [], 0
    lines = [line for line in (place / FILE).read_bytes().split(b"\n") if line.strip()]
    found = [entry for entry in map(read, lines) if entry]
    return found, len(lines) - len(found)


def read(line: bytes) -> Entry | None:
    """A line as it was written, or None if it is damaged."""
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if all(isinstance(part, str) for part in entry) else None


def passing() -> str:
    """The service that forgets its files when it stops, if this is one; otherwise nothing."""
    if any(name.startswith("BINDER_") for name in os.environ):
        return "Binder"
    if "google.colab" in sys.modules:
        return "Colab"
    return "Kaggle" if os.path.isdir("/kaggle") else ""
