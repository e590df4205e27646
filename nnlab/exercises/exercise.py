"""What an exercise is, and how an answer is judged: reasons first, not only right or wrong."""

from __future__ import annotations

import copy
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from nnlab.exercises.attempt import ChangedInput, Endless, Watched, failure, untouched, within
from nnlab.exercises.values import abbreviate, difference, numbers, unpacked

__all__ = [
    "AUTOGRAD", "CORRECT", "NOT_ATTEMPTED", "WRONG", "Exercise", "Mistake", "Report", "exchanged", "follow", "normal",
]  # fmt: skip

NOT_ATTEMPTED, WRONG, CORRECT = "not attempted", "not yet", "correct"
MARKS = {NOT_ATTEMPTED: "○", WRONG: "✗", CORRECT: "✓"}
COLOURS = {WRONG: "#b3420f", CORRECT: "#1b6e3c"}
SECONDS = 5  # until a function that does not end is ended
AUTOGRAD = ("backward", "grad")  # PyTorch's functions that an exercise may forbid


class Mistake(NamedTuple):
    """A wrong answer that students often give, and what to say to whoever gives it."""

    answer: Any
    message: str


class Report(NamedTuple):
    """The judgement of one answer, when it is the last line of a cell: in colour if it is a student's, else as text."""

    id: str
    status: str  # NOT_ATTEMPTED, WRONG or CORRECT
    message: str
    students: bool = True  # False for the solution that a notebook shows

    def __repr__(self) -> str:
        return f"{MARKS[self.status]} {self.id} {self.status}: {self.message}"

    def _repr_html_(self) -> str | None:
        if self.status not in COLOURS or not self.students:
            return None
        badge = f"background:{COLOURS[self.status]};color:#fff;font-weight:bold;padding:0 .5em;border-radius:.3em"
        sign = f"{MARKS[self.status]} {self.id} {self.status}"
        return f'<span style="{badge}">{html.escape(sign)}</span> {html.escape(self.message)}'


def call(answer: Callable, case: Sequence) -> list:
    """Run an answer that is a function, once: its result is the only step."""
    return [answer(*case)]


def follow(arrange: Callable[..., tuple]) -> Callable[[Callable, Sequence], list]:
    """How to run an answer that makes one step: again and again, each time from the state that it returned.

    A case holds the values of the first state, and at its end what is given at each step, such as the gradients.

    Args:
        arrange: (t, given, *state) -> the arguments that the answer takes at step t = 1, 2, ...
    """

    def run(answer: Callable, case: Sequence) -> list:
        *state, all_given = case
        results: list = []
        for t, given in enumerate(all_given, start=1):
            results.append(answer(*arrange(t, given, *state)))
            parts = unpacked(results[-1])
            if parts is None or len(parts) != len(state):
                break
            state = [like(old, new) for old, new in zip(state, parts, strict=True)]
        return results

    return run


def like(old: Any, new: Any) -> Any:
    """A new state as a tensor of the old one's kind, where it was one."""
    found = numbers(new) if isinstance(old, torch.Tensor) else None
    return new if found is None else found.to(old.dtype)


def normal(generator: torch.Generator | int, *shape: int) -> torch.Tensor:
    """Normal numbers in float64, from a generator, or from a new one with that seed."""
    if isinstance(generator, int):
        generator = torch.Generator().manual_seed(generator)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def exchanged(names: Sequence[str], *pair: str) -> tuple[str, ...]:
    """The right names with two of them exchanged: what who mixes these two up answers."""
    other = dict(zip(pair, pair[::-1], strict=True))
    return tuple(other.get(name, name) for name in names)


@dataclass(frozen=True)
class Exercise:
    """One exercise: what is asked, what is right, and which mistakes have a name.

    Attributes:
        id: notebook and number, such as "06.3".
        task: what the answer is, in a few words.
        solution: the right answer: a function, or a plain value.
        tested: one sentence that says exactly what is compared.
        mistakes: known wrong answers of the same kind as the solution, each with its message.
        hints: the first hint and the second, stronger one.
        cases: argument lists that a function is called with; empty for a plain value.
        run: (function, case) -> the list of its results, step by step.
        tolerance: relative; numbers below it in size are compared absolutely.
        forbidden: names of PyTorch's functions that the task says not to use.
    """

    id: str
    task: str
    solution: Any
    tested: str
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str]
    cases: tuple[tuple, ...] = ()
    run: Callable[[Callable, Sequence], list] = call
    tolerance: float = 1e-5
    forbidden: tuple[str, ...] = ()

    def check(self, answer) -> Report:
        """Judge an answer: not attempted, not yet (with the reason), or correct (with what was tested)."""
        if answer is None or answer is ... or (self.cases and callable(answer) and untouched(answer)):
            return self._report(NOT_ATTEMPTED, f"{self.task}. Hints: nnlab.hint({self.id!r})")
        if not self.cases:
            return self._judge([[answer]], [[self.solution]], lambda value: [[value]])
        if not callable(answer):
            return self._report(WRONG, f"the answer must be a function. Got {abbreviate(answer)}.")
        wanted = self._results(self.solution)  # first: what PyTorch loads for it is not the student's time
        watched = Watched(answer, self.forbidden)
        try:
            given = within(SECONDS, lambda: self._results(watched))
        except Endless:
            return self._report(WRONG, f"{watched.calls[-1]} did not end within {SECONDS} s. Does its loop ever stop?")
        except ChangedInput as error:
            return self._report(WRONG, str(error))
        except (Exception, SystemExit) as error:  # the student's own code failed: that is the finding
            return self._report(WRONG, failure(error, watched.calls))
        return self._judge(given, wanted, self._results, watched)

    def _results(self, answer: Callable) -> list[list]:
        """What an answer gives, case by case and step by step."""
        return [self.run(answer, copy.deepcopy(case)) for case in self.cases]

    def _judge(self, given: list, wanted: list, results_of: Callable, watched: Watched | None = None) -> Report:
        reason = first_difference(given, wanted, self.tolerance, watched.calls if watched else None)
        if reason is None and watched and watched.used:
            banned = "autograd" if watched.used[0] in AUTOGRAD else f"PyTorch's {watched.used[0]}"
            return self._report(WRONG, f"the numbers are right, but the task says to do it without {banned}.")
        if reason is None:
            return self._report(CORRECT, self.tested)
        for mistake in self.mistakes:
            if first_difference(given, results_of(mistake.answer), self.tolerance) is None:
                return self._report(WRONG, mistake.message)
        return self._report(WRONG, reason)

    def _report(self, status: str, message: str) -> Report:
        return Report(self.id, status, message)


def first_difference(given: list, wanted: list, tolerance: float, calls: Sequence[str] | None = None) -> str | None:
    """Where two lists of results, by case and step, differ first; None when they agree.

    Args:
        given, wanted: results[case][step].
        tolerance: of ``values.difference``.
        calls: the call that gave each of the given results, in order; None for a plain value, which is not told.
    """
    number = 0
    for mine, theirs in zip(given, wanted, strict=True):
        for step, (got, want) in enumerate(zip(mine, theirs, strict=False), start=1):
            if reason := difference(got, want, tolerance, reveal=calls is not None):
                where = f", step {step}" if len(theirs) > 1 else ""
                return f"{calls[number]}{where}: {reason}" if calls else reason
            number += 1
        if len(mine) != len(theirs):
            return f"{len(theirs)} steps are wanted. Got {len(mine)}."
    return None
