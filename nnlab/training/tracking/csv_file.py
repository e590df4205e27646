"""CSV: a callback that writes the run to a file that every table program reads."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.training.callbacks import Callback
from nnlab.training.checks import check_writable, place
from nnlab.training.tracking.recorded import recorded

if TYPE_CHECKING:
    from nnlab.training.run import Run

__all__ = ["CSV"]


class CSV(Callback):
    """Write the run to a CSV file, row by row: at any moment it is what ``History.to_csv`` would write.

    Rows are added after every evaluation (once in each epoch), and at the end also when the run is interrupted. A
    new run replaces the file of an earlier one; a resumed run writes the rows up to its checkpoint again.

    Args:
        path: the file; its folder is made when it is missing.

    Raises:
        ValueError: now or when training begins, if ``path`` is another kind of file; an empty one is taken. When
            training begins, also if its folder cannot be written to.
    """

    def __init__(self, path: str | Path):
        self.path = place("path", path, "runs/adam.csv")
        self._row, self._bytes = 0, 0  # where the last row begins: it is written again when its loss is known
        self._check_path()  # before another callback deletes what it wrote for an earlier run

    def _check_path(self) -> None:
        """Refuse a foreign file; of one that a crash cut short, the beginning is enough."""
        if self.path.exists() and not b"member,seed,".startswith(self.path.read_bytes()[:12]):
            raise ValueError(
                f"path must be a new file, or one that tracking.CSV wrote. Got {str(self.path)!r}. "
                f"Try {str(self.path.with_suffix('.run.csv'))!r}."
            )

    def on_start(self, run: Run) -> None:
        self._check_path()
        self._row, self._bytes = 0, 0
        check_writable("path", self.path.parent)
        if run.step == 0:
            self.path.unlink(missing_ok=True)
            return
        whole = self.path.with_name(self.path.name + ".unfinished")
        self._write(run, whole)
        os.replace(whole, self.path)

    def on_evaluate(self, run: Run) -> None:
        self._write(run, self.path)

    def on_end(self, run: Run) -> None:
        if run.losses or run.evaluations:
            self._write(run, self.path)

    def _write(self, run: Run, path: Path) -> None:
        """Write the last row again, and those after it, in one piece."""
        *before, last = self._lines(run)
        with open(path, "r+b" if self._bytes else "wb") as file:
            file.seek(self._bytes)
            file.write(b"".join([*before, last]))
            file.truncate()
        self._row, self._bytes = len(run.losses), self._bytes + len(b"".join(before))

    def _lines(self, run: Run) -> list[bytes]:
        """The rows from the last one that is in the file, with the header if it is not."""
        names = list(run.directions())
        known: dict[int, dict[str, float]] = defaultdict(dict)
        for step, _, values in recorded(run, self._row, self._row - 1):
            known[step] |= values
        lines = [] if self._bytes else [",".join(["member", "seed", "step", *names])]
        for step in range(self._row, len(run.losses) + 1):
            fields = [text(known[step].get(name, math.nan)) for name in names]
            lines.append(",".join(["0", str(run.settings["seed"]), str(step), *fields]))
        return [f"{line}{os.linesep}".encode() for line in lines]


def text(value: float) -> str:
    """The shortest decimal that is read back as the same number; nan is an empty field, as in pandas."""
    return "" if math.isnan(value) else repr(value)
