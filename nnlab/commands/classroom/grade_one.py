"""One submission, from the bytes of its file to its verdicts: whatever is in the file, the answer is a row."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import cloudpickle

from nnlab.commands.classroom.grade_plain import outcome_of, receive, send
from nnlab.commands.classroom.grade_sandbox import closed_places, end, start
from nnlab.exercises import NOTEBOOKS, WRONG, Exercise, Report, find
from nnlab.exercises.exercise import Outcome

__all__ = ["Graded", "Settings", "grade_one"]

BEGINNING = 120  # seconds that a process may take to load its packages, before its time begins
PATIENCE = 5  # seconds until a process that was ended is given up
LOCK = threading.Lock()


class Settings(NamedTuple):
    """How submissions are run: the seed of the other cases, limits of seconds and megabytes, whether isolated."""

    seed: int
    seconds: float
    megabytes: int
    isolated: bool


class Graded(NamedTuple):
    """One row: the report of every exercise that was checked, what was unusual, in words, and the time it took."""

    name: str
    reports: dict[str, Report]
    note: str = ""
    seconds: float = 0.0


@dataclass
class Story:
    """What came out of a process so far."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)  # of the last check of each exercise
    failed: list[str] = field(default_factory=list)  # such as "cell 3 (NameError)"
    passed_over: list[str] = field(default_factory=list)  # exercises checked in a cell that begins with "# Solution"
    at: str = "the beginning"
    ready: threading.Event = field(default_factory=threading.Event)  # its time begins


def grade_one(name: str, content: bytes, settings: Settings) -> Graded:
    """Run one notebook and judge its answers. It never raises for what is in the notebook."""
    began = time.monotonic()
    try:
        cells = code_cells(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Graded(name, {}, "this is no notebook that can be read")
    story, ended = run(cells, settings)
    reports = {id: judged(id, outcome, settings.seed) for id, outcome in story.outcomes.items()}
    notes = [ended, told(story.failed, "cell", "failed"), told(story.passed_over, "check", "below # Solution left out")]
    return Graded(name, reports, "; ".join(filter(None, notes)), time.monotonic() - began)


def code_cells(content: bytes) -> list[str]:
    """The sources of all code cells; ids and metadata are not looked at."""
    cells = json.loads(content)["cells"]
    return ["".join(cell.get("source", "")) for cell in cells if cell.get("cell_type") == "code"]


def told(things: list[str], what: str, happened: str) -> str:
    """Such as "2 cells failed: cell 3 (NameError), cell 5 (TypeError)"."""
    shown = ", ".join(things[:3]) + (", ..." if len(things) > 3 else "")
    return f"{len(things)} {what}{'s' if len(things) > 1 else ''} {happened}: {shown}" if things else ""


def run(cells: list[str], settings: Settings) -> tuple[Story, str]:
    """Run the cells in a process and a folder of their own; the text says why they did not come to their end."""
    story = Story()
    with tempfile.TemporaryDirectory(prefix="nnlab-grade-", ignore_cleanup_errors=True) as nest:
        own = Path(nest).resolve() / "submission" / "own"
        own.mkdir(parents=True)
        process = start(own, settings.isolated)
        talk = threading.Thread(target=follow, args=(process, cells, settings, story), daemon=True)
        talk.start()
        try:
            story.ready.wait(BEGINNING)
            talk.join(settings.seconds)
            late = talk.is_alive()
        finally:
            end(process)
            process.wait()
        talk.join(PATIENCE)
    if late:
        return story, f"stopped after {settings.seconds:g} s in {story.at}"
    return story, "" if story.at == "the end" else f"its process ended in {story.at}"


def follow(process: Popen[bytes], cells: list[str], settings: Settings, story: Story) -> None:
    """Send the cells, answer every check with its cases, and keep what comes back."""
    assert process.stdin
    assert process.stdout
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):  # gone, or it sends nonsense
        closed = [str(place) for place in closed_places()]
        send(process.stdin, {"cells": cells, "closed": closed, "megabytes": settings.megabytes})
        while story.at != "the end" and (message := receive(process.stdout)) is not None:
            listen(process, message, settings.seed, story)
    story.ready.set()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()


def listen(process: Popen[bytes], message: dict, seed: int, story: Story) -> None:
    """Take one message of a running submission."""
    if "ready" in message:
        story.ready.set()
    elif "cell" in message:
        story.at = f"cell {int(message['cell'])}"
    elif "end" in message:
        story.at = "the end"
    elif "failed" in message:
        story.failed.append(f"{story.at} ({str(message['failed'])[:40]})")
    elif "passed over" in message:
        story.passed_over.append(str(message["passed over"])[:10])
    elif "check" in message:
        id = str(message["check"])
        task = task_of(id, seed)
        if task:
            story.outcomes[id] = Outcome(True, reason="no results came back.")
        send(process.stdin, {"task": task})  # type: ignore[arg-type]
    elif message["id"] in story.outcomes:
        story.outcomes[message["id"]] = read(message["outcome"])


def read(message: dict) -> Outcome:
    """An outcome; one that cannot be read is a wrong one."""
    try:
        return outcome_of(message)
    except Exception:  # whatever a submission may send
        return Outcome(True, reason="its results cannot be read.")


def judged(id: str, outcome: Outcome, seed: int) -> Report:
    """Compare what came back with what the solution gives here."""
    exercise, wanted, _ = drawn(id, seed)
    try:
        return exercise.judge(outcome, wanted)
    except Exception:  # results of another number or kind than any answer can have
        return Report(id, WRONG, "its results cannot be compared.")


def task_of(id: str, seed: int) -> str | None:
    """What a process needs to try an answer, without what would be right; None for an unknown exercise."""
    try:
        return drawn(id, seed)[2]
    except (ValueError, TypeError):
        return None


def drawn(id: str, seed: int) -> tuple[Exercise, list, str]:
    """An exercise with other cases, what its solution gives on them, and the task that travels."""
    with LOCK:
        return drawn_once(id, seed)


@functools.cache
def drawn_once(id: str, seed: int) -> tuple[Exercise, list, str]:
    exercise = find(id).with_other_cases(seed)
    module = sys.modules.get(f"nnlab.exercises.{NOTEBOOKS.get(id[:2])}")
    if module:  # it is closed where the task arrives: its functions travel as code, without the solution
        cloudpickle.register_pickle_by_value(module)
    task = cloudpickle.dumps((exercise.cases, exercise.run, exercise.forbidden))
    return exercise, exercise.wanted(), base64.b64encode(task).decode()
