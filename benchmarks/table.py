"""One line of the table, and how lines are printed."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """What was measured, the result as text, the goal as text, and whether it is met; no goal is always met."""

    what: str
    measured: str
    goal: str = ""
    ok: bool = True


def at_least(what: str, ratio: float, goal: float | None, details: str = "") -> Row:
    """A ratio that should be large, such as "24.1 times faster"."""
    measured = f"{ratio:.1f} times{details}"
    return Row(what, measured) if goal is None else Row(what, measured, f"at least {goal:g}", ratio >= goal)


def at_most(what: str, value: float, goal: float, unit: str, details: str = "") -> Row:
    """A quantity that should be small, such as "0.02 s"."""
    told = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return Row(what, f"{told} {unit}{details}", f"at most {goal:g} {unit}", value <= goal)


def show(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [("what", "measured", "goal", "ok"), ("---", "---", "---", "---")]
    lines += [(row.what, row.measured, row.goal, "" if not row.goal else "yes" if row.ok else "NO") for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
