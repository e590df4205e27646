"""A student's own record as a picture: what is solved, what was tried, what is next."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any, NamedTuple

from nnlab.analysis.palette import BLUE, GREEN, SOFT, VERMILION
from nnlab.exercises.exercise import CORRECT
from nnlab.stage.logbook import Entry

__all__ = ["Record", "draw", "made_from"]

LETTERS = 78  # of a line above the picture
KINDS = {  # label -> how its squares are drawn
    "not tried": {"marker": "s", "markersize": 10, "markerfacecolor": "none", "markeredgecolor": SOFT},
    "tried": {"marker": "X", "markersize": 10, "color": VERMILION},
    "solved": {"marker": "s", "markersize": 11, "color": GREEN},
    "next": {"marker": "o", "markersize": 18, "markerfacecolor": "none", "markeredgecolor": BLUE},
}


class Record(NamedTuple):
    """What was solved, tried and predicted; on the last line of a cell it is a picture.

    Attributes:
        ids: every exercise, in reading order.
        rows: the beginning of an id, such as "06" -> what its row is called.
        solved: the exercises with at least one correct answer.
        tried: those with wrong answers only.
        predictions: how many questions were answered.
        right: how many of them rightly at the first choice.
        next: the exercise to go on with: the first unsolved one after the last that was solved; "" if all are solved.
        note: what else there is to know, or "".
    """

    ids: tuple[str, ...]
    rows: Mapping[str, str]
    solved: frozenset[str]
    tried: frozenset[str]
    predictions: int
    right: int
    next: str
    note: str

    def __repr__(self) -> str:
        tried = f", {len(self.tried)} tried" if self.tried else ""
        predicted = f"; {self.right} of {self.predictions} predictions right" if self.predictions else ""
        ahead = f"Next: {self.next}." if self.next else "All of them are solved."
        said = f"Your record: {len(self.solved)} of {len(self.ids)} exercises solved{tried}{predicted}. {ahead}"
        return f"{said} {self.note}".strip()

    def png(self) -> bytes:
        """The picture."""
        from matplotlib import style
        from matplotlib.figure import Figure

        from nnlab.analysis.plots import STYLE

        out = io.BytesIO()
        with style.context(STYLE, after_reset=True):
            figure = Figure(figsize=(6.4, 1.2 + 0.24 * len(self.rows)), layout="constrained")
            figure.suptitle(fill(repr(self), LETTERS), x=0.01, ha="left", fontsize=10, parse_math=False)
            draw(self, figure.subplots())
            figure.savefig(out, format="png", dpi=120)
        return out.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        size = {"width": 640, "alt": repr(self)}
        return {"text/plain": repr(self), "image/png": self.png()}, {"image/png": size}


def made_from(ids: Iterable[str], rows: Mapping[str, str], entries: Iterable[Entry], note: str = "") -> Record:
    """The record of these exercises, from the lines of a logbook, oldest first."""
    ids, known = tuple(ids), set(ids)
    solved: dict[str, None] = {}  # in the order in which they were solved last
    tried: set[str] = set()
    first: dict[str, str] = {}  # question -> how its first answer ended
    for entry in entries:
        if entry.what == "predict":
            first.setdefault(entry.name, entry.outcome)
        elif entry.what == "check" and entry.name in known:
            tried.add(entry.name)
            if entry.outcome == CORRECT:
                solved.pop(entry.name, None)
                solved[entry.name] = None
    start = ids.index(list(solved)[-1]) if solved else 0
    ahead = next((id for id in (*ids[start:], *ids[:start]) if id not in solved), "")
    right = sum(outcome == "right" for outcome in first.values())
    return Record(ids, rows, frozenset(solved), frozenset(tried - solved.keys()), len(first), right, ahead, note)


def draw(record: Record, ax) -> Any:
    """A row for each notebook and a mark for each exercise; returns the Axes."""
    places: dict[str, tuple[int, int]] = {}
    for y, start in enumerate(record.rows):
        own = [id for id in record.ids if id.partition(".")[0] == start]
        places |= {id: (x, y) for x, id in enumerate(own, start=1)}
    shown = {
        "not tried": [id for id in record.ids if id not in record.solved | record.tried],
        "tried": record.tried,
        "solved": record.solved,
        "next": [record.next] if record.next else [],
    }
    for label, ids in shown.items():
        points = [places[id] for id in ids]
        ax.plot([x for x, _ in points], [y for _, y in points], linestyle="none", label=label, **KINDS[label])
    columns = max((x for x, _ in places.values()), default=1)
    ax.set(xlim=(0.4, columns + 0.6), ylim=(len(record.rows) - 0.4, -0.6), xlabel="exercise")
    ax.set_xticks(range(1, columns + 1))
    ax.set_yticks(range(len(record.rows)), record.rows.values())
    ax.grid(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), labelspacing=1.2, frameon=False)
    return ax
