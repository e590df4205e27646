"""What a check finds, and the report on all of them."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nnlab import arguments
from nnlab.analysis.checkup.faults import FAULTS

__all__ = ["FAULT", "OK", "SKIPPED", "SUSPICIOUS", "Finding", "Report", "fine", "found", "skipped", "suspected"]

OK, SUSPICIOUS, FAULT, SKIPPED = "ok", "suspicious", "fault", "skipped"
MARKS = {OK: "✓", SUSPICIOUS: "?", FAULT: "✗", SKIPPED: "○"}
COLOURS = {OK: "#1b6e3c", SUSPICIOUS: "#8a5a00", FAULT: "#b3420f", SKIPPED: "#595959"}


class Finding(NamedTuple):
    """What one check found.

    Attributes:
        state: "ok", "suspicious", "fault" or "skipped".
        seen: the evidence in one sentence, or why the check was skipped.
        fault: the name of the fault, a key of ``FAULTS``; "" where there is none.
        evidence: name -> number, what the sentence was made from.
        check: the name of the check.
    """

    state: str
    seen: str
    fault: str
    evidence: dict[str, float]
    check: str = ""

    @property
    def cause(self) -> str:
        """The likely cause of the fault; "" where there is none."""
        return FAULTS[self.fault].cause if self.fault else ""

    @property
    def cure(self) -> str:
        """What helps against it."""
        return FAULTS[self.fault].cure if self.fault else ""

    def __repr__(self) -> str:
        name = f" ({self.fault})" if self.fault else ""
        return f"{MARKS[self.state]} {self.check}: {self.state}{name}. {self.seen}"


def fine(seen: str, **evidence: float) -> Finding:
    """The check found nothing wrong."""
    return Finding(OK, seen, "", evidence)


def suspected(fault: str, seen: str, **evidence: float) -> Finding:
    """It may be this fault."""
    return Finding(SUSPICIOUS, seen, fault, evidence)


def found(fault: str, seen: str, **evidence: float) -> Finding:
    """It is this fault."""
    return Finding(FAULT, seen, fault, evidence)


def skipped(why: str) -> Finding:
    """The check was not made."""
    return Finding(SKIPPED, why, "", {})


@dataclass(frozen=True, repr=False)
class Report:
    """What all checks found, in their order; ``report["first loss"]`` is one of them.

    Attributes:
        findings: one ``Finding`` for each check.
    """

    findings: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, check: str) -> Finding:
        arguments.one_of("check", check, [finding.check for finding in self])
        return next(finding for finding in self if finding.check == check)

    @property
    def alarms(self) -> list[Finding]:
        """The findings that are not as they should be."""
        return [finding for finding in self if finding.state in (FAULT, SUSPICIOUS)]

    @property
    def diagnosis(self) -> str:
        """The first fault by name, or "healthy".

        A fault that is a cause comes before symptoms, such as a batch that cannot be learned by heart, and before
        what is only suspected.
        """
        faults = [finding.fault for finding in self.alarms if finding.state == FAULT]
        causes = [name for name in faults if not FAULTS[name].symptom]
        return (causes + faults + [finding.fault for finding in self.alarms] + ["healthy"])[0]

    def __repr__(self) -> str:
        lines = [f"Diagnosis: {self.diagnosis}"]
        for finding in self:
            lines += wrapped(repr(finding), "  ")
            if finding.fault:
                lines += wrapped(f"likely cause: {finding.cause}", "    ", "  ")
                lines += wrapped(f"cure: {finding.cure}", "    ", "  ")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(map(row, self))
        return (
            f"<p><b>Diagnosis: {html.escape(self.diagnosis)}</b></p>"
            f'<table style="text-align:left"><tr><th>check</th><th>state</th><th>what was seen</th></tr>{rows}</table>'
        )


def wrapped(text: str, rest: str, first: str = "") -> list[str]:
    """The text in lines of at most 110 characters, indented."""
    return textwrap.wrap(text, 110, initial_indent=first, subsequent_indent=rest, break_long_words=False)


def row(finding: Finding) -> str:
    """One finding as a row of a table."""
    more = f" <i>Likely cause:</i> {html.escape(finding.cause)} <i>Cure:</i> {html.escape(finding.cure)}"
    state = f"{MARKS[finding.state]} {finding.state}"
    name = f"<b>{html.escape(finding.fault)}.</b> " if finding.fault else ""
    text = f"{name}{html.escape(finding.seen)}{more if finding.fault else ''}"
    style = 'style="text-align:left;vertical-align:top"'
    return (
        f"<tr><td {style}>{html.escape(finding.check)}</td>"
        f'<td {style}><span style="color:{COLOURS[finding.state]};white-space:nowrap"><b>{state}</b></span></td>'
        f"<td {style}>{text}</td></tr>"
    )
