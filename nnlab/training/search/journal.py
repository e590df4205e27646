"""The journal of a search: a line of JSON for each finished trial, so that a crash costs only what was running."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from nnlab.engine.spaces import text_of
from nnlab.training.checkpoints import force, force_to_disk
from nnlab.training.checks import check_writable
from nnlab.training.search.trial import Outcome

__all__ = ["Journal"]

FORMAT = "nnlab search 1"
OTHER_PATH = "another path, or the arguments of that search"


class Journal:
    """Finished trials in a file; the first line says which search it is of.

    A line counts when its end is there: one that was cut short by a crash is removed when the search goes on. Lines are
    forced to the disk one by one.

    Args:
        path: the file; it is made when it is missing or empty. search: the arguments that must be the same.

    Raises:
        ValueError: the file is none of ours, is damaged, or belongs to a search with other arguments.
    """

    def __init__(self, path: Path, search: Mapping):
        self.path = path
        self.finished: dict[int, tuple[dict, Outcome]] = {}  # number -> settings in words, outcome
        check_writable("path", path.parent)
        if not path.exists() or path.stat().st_size == 0:
            begin(path, {"format": FORMAT, **search})
        first, *rows = whole_lines(path)
        check_same_search(path, read(path, 1, first), search)
        for k, row in enumerate(rows, 2):
            number, settings, outcome = read_row(path, k, row)
            self.finished.setdefault(number, (settings, outcome))  # two searches at once may have run the same trial
        if self.finished and max(self.finished) >= search["trials"]:
            raise differs(path, "trials", f"at least {max(self.finished) + 1}", search["trials"])
        self.file = open(path, "ab")  # noqa: SIM115 - open as long as trials end

    def outcomes_of(self, settings: Mapping[int, dict]) -> dict[int, Outcome]:
        """Those of these trials that are finished.

        Raises:
            ValueError: a trial was run with other settings.
        """
        known = {number: self.finished[number] for number in settings if number in self.finished}
        for number, (then, _) in known.items():
            if then != (now := in_words(settings[number])):
                raise differs(self.path, f"trial {number}", f"{then} (by another version of numpy or Optuna?)", now)
        return {number: outcome for number, (_, outcome) in known.items()}

    def add(self, number: int, settings: dict, outcome: Outcome) -> None:
        """Write a finished trial, and return when it is on the disk."""
        row = {"trial": number, "settings": in_words(settings), **outcome._asdict()}
        row |= {key: None for key in ("score", "seconds") if math.isnan(row[key])}  # JSON has no nan
        self.file.write(json.dumps(row, allow_nan=False).encode() + b"\n")
        self.file.flush()
        force(self.file.fileno())

    def close(self) -> None:
        """Nothing is added any more."""
        self.file.close()


def begin(path: Path, header: dict) -> None:
    """Write the first line, whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "wb") as file:
        file.write(json.dumps(header).encode() + b"\n")
        file.flush()
        force(file.fileno())
    os.replace(unfinished, path)
    force_to_disk(path.parent)


def whole_lines(path: Path) -> list[bytes]:
    """The lines of the file; a last one without its end was cut short, and is removed.

    Raises:
        ValueError: the first line is not ours; then nothing is removed.
    """
    if not path.is_file():
        raise foreign(path)
    content = path.read_bytes()
    kept = content[: content.rfind(b"\n") + 1]
    first = kept.split(b"\n", 1)[0]
    if f'"{FORMAT}"'.encode() not in first:
        raise foreign(path)
    if len(kept) < len(content):
        os.truncate(path, len(kept))
    return kept.splitlines()


def read(path: Path, number: int, line: bytes) -> dict:
    """One line, or a ValueError that says which one is damaged."""
    try:
        found = json.loads(line)
        if not isinstance(found, dict):
            raise TypeError(found)
    except (ValueError, TypeError) as error:
        raise damaged(path, number) from error
    return found


def read_row(path: Path, number: int, line: bytes) -> tuple[int, dict, Outcome]:
    """The number, the settings in words and the outcome of the trial in a line."""
    row = read(path, number, line)
    try:
        score, seconds = (math.nan if row[key] is None else float(row[key]) for key in ("score", "seconds"))
        return int(row["trial"]), dict(row["settings"]), Outcome(score, seconds, str(row["state"]), str(row["reason"]))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, number) from error


def foreign(path: Path) -> ValueError:
    """The error for something else that has this name."""
    return ValueError(
        f"path must be the journal of a search, or new. Got {str(path)!r}, which is something else. "
        "Try a name that is free."
    )


def damaged(path: Path, number: int) -> ValueError:
    """The error for a line that nobody can read."""
    return ValueError(f"path must be the whole journal of a search. Got {str(path)!r}, where line {number} is damaged. "
                      f"Try again without that line: its trial is run again.")  # fmt: skip


def check_same_search(path: Path, then: Mapping, now: Mapping) -> None:
    """Compare the arguments of the search that the file is of with those given now."""
    for name, value in now.items():
        if name == "trials" and now["strategy"] != "grid":
            if value < then.get("trials", 0):
                raise differs(path, name, f"at least {then['trials']}", value)
        elif then.get(name) != value:
            raise differs(path, name, then.get(name), value)


def differs(path: Path, name: str, then, now) -> ValueError:
    """The error for a journal of another search."""
    return ValueError(f"{name} must be as in {path}: {then}. Got {now}. Try {OTHER_PATH}.")


def in_words(settings: dict) -> dict[str, str]:
    """Settings as they are written and compared, to the last digit."""
    return {name: text_of(value) for name, value in settings.items()}
