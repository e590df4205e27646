"""Folders and files that a run writes to: found, made and tried out before it begins."""

import tempfile
from pathlib import Path

from nnlab import arguments

__all__ = ["check_writable", "place"]


def place(name: str, value: str | Path, remedy: str) -> Path:
    """``value`` as a Path, where a ``~`` at its beginning is the home folder.

    Raises:
        TypeError: no path. ValueError: there is no home folder.
    """
    path = arguments.path(name, value, remedy)
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{name} must be a path without ~ where there is no home folder. Got {str(path)!r}. "
                         f"Try {remedy!r}.") from error  # fmt: skip


def check_writable(name: str, folder: Path) -> None:
    """Make the folder if it is missing, and try to write a file in it.

    Raises:
        ValueError: it cannot be made, or nothing can be written in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"{name} must be in a folder that can be written to. Got {str(folder)!r} ({error.strerror}). "
            f"Try {str(Path(tempfile.gettempdir()) / folder.name)!r}."
        ) from error
