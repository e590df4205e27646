"""Grade a folder of submitted notebooks: ``python3 -m nnlab grade FOLDER``.

Each notebook runs in a process of its own; its answers are tried there, with other cases than the student sees, and
judged here.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from nnlab import arguments
from nnlab.commands.classroom.grade_one import Graded, Settings, grade_one
from nnlab.commands.classroom.grade_sandbox import why_not_isolated
from nnlab.exercises import CORRECT, NOTEBOOKS, WRONG, exercises, find
from nnlab.progress import progress_bar

__all__ = ["Grades", "grade", "main"]

UNNAMED = "(a mistake that has no name)"
LARGEST = 50_000_000  # bytes of a notebook
MARKS = {CORRECT: 1, WRONG: 0}
WARNING = "submissions run with your rights and your network: {why}. Grade on Linux with `apt install bubblewrap`."
NO_LIMITS = "this system does not limit the memory of a submission."


class Grades(NamedTuple):
    """What came of a folder: one row for each notebook, in the order of their names, and the seconds it took."""

    rows: list[Graded]
    seconds: float

    @property
    def table(self) -> pd.DataFrame:
        """A row for each notebook, a column for each exercise: 1 right, 0 wrong, empty if not attempted; then notes."""
        numbers = sorted({id[:2] for row in self.rows for id in row.reports} & NOTEBOOKS.keys())
        columns = {id: [self.mark(row, id) for row in self.rows] for id in exercises(numbers)}
        table = pd.DataFrame(columns, index=[row.name for row in self.rows], dtype="Int64")
        table["right"] = [sum(r.status == CORRECT for r in row.reports.values()) for row in self.rows]
        table["note"] = [row.note for row in self.rows]
        return table.rename_axis("notebook")

    @property
    def mistakes(self) -> pd.DataFrame:
        """How many notebooks made each mistake, for each exercise the most frequent first."""
        found = Counter(
            (id, report.message if is_named(id, report.message) else UNNAMED)
            for row in self.rows
            for id, report in row.reports.items()
            if report.status == WRONG
        )
        rows = sorted(((*key, times) for key, times in found.items()), key=lambda row: (row[0], -row[2], row[1]))
        return pd.DataFrame(rows, columns=["exercise", "mistake", "notebooks"])

    def mark(self, row: Graded, id: str) -> int | None:
        return MARKS.get(row.reports[id].status) if id in row.reports else None


def is_named(id: str, message: str) -> bool:
    return any(mistake.message == message for mistake in find(id).mistakes)


def grade(
    folder: str | Path,
    *,
    seed: int = 0,
    seconds: float = 60,
    megabytes: int = 2000,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool = True,
) -> Grades:
    """Run every notebook of a folder and of the folders in it, and judge the last check of each exercise.

    Each notebook runs in a process of its own, isolated by bubblewrap where it is installed. An answer is tried on the
    cases that the student sees and on others, drawn from the seed; what it gives is judged outside of that process.
    A notebook that is broken, hangs or ends its process is a row with a note, and what it checked before counts.

    Args:
        folder: of ``.ipynb`` files with any names. seed: draws the other cases; the same for all notebooks.
        seconds: that a notebook may take. megabytes: of memory that it may ask for (on Linux).
        workers: how many notebooks run at once; None is one for each processor.
        executor: in place of ``workers``, any ``concurrent.futures.Executor``, such as Dask's
            ``Client(...).get_executor()``; its machines need nnlab, not the folder.
        progress: show a progress bar, if somebody is there to see it.

    Returns:
        ``Grades``: ``table`` by notebook and exercise, ``mistakes`` by how often they were made.

    Raises:
        TypeError, ValueError: arguments that cannot be used, with the remedy.
    """
    notebooks = submissions(folder)
    seed = arguments.whole("seed", seed, 0, at_least=0)
    arguments.positive("seconds", seconds, 60)
    settings = Settings(seed, seconds, arguments.whole("megabytes", megabytes, 2000, at_least=500), isolated=False)
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor. Got {executor!r}. Try workers=2.")
    began = time.monotonic()
    pool = executor or ThreadPoolExecutor(arguments.whole("workers", workers or os.cpu_count() or 1, 2))
    futures = {}
    try:
        futures = {pool.submit(grade_there, name, path.read_bytes(), settings): name for name, path in notebooks}
        with progress_bar(len(futures), "notebook", shown=progress) as bar:
            rows = []
            for future in as_completed(futures):
                rows.append(outcome(future, futures[future]))
                if bar:
                    bar.update(1)
    finally:
        for future in futures:
            future.cancel()
        if executor is None:
            pool.shutdown()
    return Grades(sorted(rows, key=lambda row: row.name), time.monotonic() - began)


def grade_there(name: str, content: bytes, settings: Settings) -> Graded:
    """Grade one notebook on the machine where this runs, isolated if it can."""
    if len(content) > LARGEST:
        return Graded(name, {}, f"more than {LARGEST // 1_000_000} MB")
    return grade_one(name, content, settings._replace(isolated=not why_not_isolated()))


def outcome(future: Future, name: str) -> Graded:
    """A row, also for a notebook whose worker was lost."""
    try:
        return future.result()
    except Exception as error:  # of the executor: the other notebooks go on
        return Graded(name, {}, f"not graded: {type(error).__name__}: {error}")


def submissions(folder: str | Path) -> list[tuple[str, Path]]:
    """The notebooks of a folder by name, which is the path without its ending.

    Raises:
        TypeError, ValueError: it is no folder, or there are none.
    """
    folder = arguments.path("folder", folder, "submissions")
    if not folder.is_dir():
        raise ValueError(f"folder must be one with notebooks. Got {str(folder)!r}, which is none. Try its full path.")
    paths = [path for path in sorted(folder.rglob("*.ipynb")) if path.is_file() and not hidden(path, folder)]
    if not paths:
        raise ValueError(f"folder must hold notebooks (.ipynb). Got {str(folder)!r}, which has none. Try another one.")
    return [(path.relative_to(folder).with_suffix("").as_posix(), path) for path in paths]


def hidden(path: Path, folder: Path) -> bool:
    """Whether a file is one that Jupyter keeps for itself, such as in .ipynb_checkpoints."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def lines(grades: Grades, paths: list[Path]) -> Iterator[str]:
    """What is printed in the end."""
    yield (
        f"{len(grades.rows)} notebooks in {grades.seconds:.0f} s, {grades.seconds / len(grades.rows):.1f} s for each: "
        + ", ".join(map(str, paths))
    )
    named = grades.mistakes[lambda table: table["mistake"] != UNNAMED]
    frequent = named.sort_values("notebooks", ascending=False, kind="stable").head(5)
    for id, mistake, times in frequent.itertuples(index=False):
        yield f"  {times} x {id}: {mistake}"


def main(given: list[str]) -> int:
    """Grade the folder that is named, write both tables, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m nnlab grade", description="Grade a folder of notebooks.")
    parser.add_argument("folder", help="with the submitted notebooks, also in folders of it")
    parser.add_argument("--csv", default="grades.csv", type=Path, help="the table; mistakes.csv is written beside it")
    parser.add_argument("--seed", default=0, type=int, help="draws the cases that answers are tried on")
    parser.add_argument("--time", default=60.0, type=float, help="seconds for each notebook")
    parser.add_argument("--memory", default=2000, type=int, help="MB for each notebook")
    parser.add_argument("--workers", default=None, type=int, help="notebooks at once; one for each processor")
    chosen = parser.parse_args(given)
    paths = [chosen.csv, chosen.csv.with_name("mistakes.csv")]
    try:
        if not paths[0].absolute().parent.is_dir() or paths[0] == paths[1]:
            raise ValueError(f"--csv must be a file in a folder that is there. Got {paths[0]}. Try grades.csv.")
        for warning in warnings():
            print(f"nnlab: {warning}", file=sys.stderr)
        grades = grade(
            chosen.folder, seed=chosen.seed, seconds=chosen.time, megabytes=chosen.memory, workers=chosen.workers
        )
        grades.table.to_csv(paths[0])
        grades.mistakes.to_csv(paths[1], index=False)
    except (TypeError, ValueError, OSError) as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines(grades, paths)))
    return 0


def warnings() -> Iterator[str]:
    """What an instructor must know before the first notebook runs."""
    if why := why_not_isolated():
        yield WARNING.format(why=why)
    if sys.platform != "linux":
        yield NO_LIMITS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
