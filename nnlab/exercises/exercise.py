"""What an exercise is, and how an answer is judged: reasons first, not only right or wrong."""

from __future__ import annotations

import copy
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch

from nnlab.exercises.attempt import ChangedInput, Endless, Watched, failure, untouched, within
from nnlab.exercises.others import Draw, varied
from nnlab.exercises.values import abbreviate, difference, numbers, unpacked

__all__ = [
    "AUTOGRAD", "CORRECT", "NOT_ATTEMPTED", "WRONG", "Exercise", "Mistake", "Outcome", "Report", "exchanged", "follow",
    "normal", "tried",
]  # fmt: skip

NOT_ATTEMPTED, WRONG, CORRECT = "not attempted", "not yet", "correct"
MARKS = {NOT_ATTEMPTED: "○", WRONG: "✗", CORRECT: "✓"}
COLOURS = {WRONG: "#b3420f", CORRECT: "#1b6e3c"}
SECONDS = 5  # until a function that does not end is ended
DRAWS = 50  # of other cases, until one tells all known mistakes apart
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


class Outcome(NamedTuple):
    """What came of an answer when it was tried, before it is judged."""

    begun: bool  # False for an untouched stub
    results: list[list] | None = None  # by case and step; None where there are none
    calls: Sequence[str] = ()  # what was called, as text; none for a plain value
    used: Sequence[str] = ()  # the forbidden functions that were called
    reason: str = ""  # why there are no results


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


def is_begun(answer: Any, cases: Sequence) -> bool:
    """Whether an answer is more than the stub that a notebook begins with."""
    return not (answer is None or answer is ... or (cases and callable(answer) and untouched(answer)))


def tried(answer: Any, cases: Sequence[tuple], run: Callable = call, forbidden: tuple[str, ...] = ()) -> Outcome:
    """Call an answer with copies of every case, within the time; one that is a value is its own result.

    Args:
        answer: the student's.
        cases, run, forbidden: those of the exercise.
    """
    if not is_begun(answer, cases):
        return Outcome(begun=False)
    if not cases:
        return Outcome(True, [[answer]])
    if not callable(answer):
        return Outcome(True, reason=f"the answer must be a function. Got {abbreviate(answer)}.")
    watched = Watched(answer, forbidden)
    try:
        results = within(SECONDS, lambda: all_results(watched, cases, run))
    except Endless:
        reason = f"{watched.calls[-1]} did not end within {SECONDS} s. Does its loop ever stop?"
    except ChangedInput as error:
        reason = str(error)
    except (Exception, SystemExit) as error:  # the student's own code failed: that is the finding
        reason = failure(error, watched.calls)
    else:
        return Outcome(True, results, watched.calls, watched.used)
    return Outcome(True, reason=reason)


def all_results(answer: Callable, cases: Sequence[tuple], run: Callable) -> list[list]:
    """What an answer gives, case by case and step by step."""
    return [run(answer, copy.deepcopy(case)) for case in cases]


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
        cases: argument lists that a function is called with; empty for a plain value, which therefore is the same
            for everybody: it has no other cases.
        run: (function, case) -> the list of its results, step by step.
        tolerance: relative; numbers below it in size are compared absolutely.
        forbidden: names of PyTorch's functions that the task says not to use.
        others: draws other cases for grading; None where the numbers with a fraction may simply be other ones.
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
    others: Draw | None = None

    def check(self, answer) -> Report:
        """Judge an answer: not attempted, not yet (with the reason), or correct (with what was tested)."""
        if not is_begun(answer, self.cases):
            return self.judge(Outcome(begun=False))
        wanted = self.wanted()  # first: what PyTorch loads for it is not the student's time
        return self.judge(tried(answer, self.cases, self.run, self.forbidden), wanted)

    def judge(self, outcome: Outcome, wanted: list[list] | None = None) -> Report:
        """Judge what came of an answer; ``wanted`` is what the solution gives, if that is known already."""
        if not outcome.begun:
            return self._report(NOT_ATTEMPTED, f"{self.task}. Hints: nnlab.hint({self.id!r})")
        if outcome.results is None:
            return self._report(WRONG, outcome.reason)
        wanted = self.wanted() if wanted is None else wanted
        reason = first_difference(outcome.results, wanted, self.tolerance, outcome.calls if self.cases else None)
        if reason is None and outcome.used:
            banned = "autograd" if outcome.used[0] in AUTOGRAD else f"PyTorch's {outcome.used[0]}"
            return self._report(WRONG, f"the numbers are right, but the task says to do it without {banned}.")
        if reason is None:
            return self._report(CORRECT, self.tested)
        for mistake in self.mistakes:
            if first_difference(outcome.results, self._results(mistake.answer), self.tolerance) is None:
                return self._report(WRONG, mistake.message)
        return self._report(WRONG, reason)

    def wanted(self) -> list[list]:
        """What the solution gives, by case and step."""
        return self._results(self.solution)

    def with_other_cases(self, seed: int) -> Exercise:
        """This exercise with more cases, drawn from a seed: whoever knows the answers to these alone gets stuck.

        The cases that a student sees stay the first ones. On the new ones the solution gives other results, and every
        known mistake still gets its own name. A plain value has no other cases: it stays as it is.
        """
        if not self.cases:
            return self
        generator = torch.Generator().manual_seed(1000 * seed + int(self.id.replace(".", "")))
        for _ in range(DRAWS):
            drawn = tuple(self.others(generator) if self.others else varied(self.cases, generator))
            new = replace(self, cases=drawn).wanted()
            if first_difference(self.wanted(), new, self.tolerance) is None:
                continue
            exercise = replace(self, cases=(*self.cases, *drawn))
            if all(exercise.check(mistake.answer).message == mistake.message for mistake in self.mistakes):
                return exercise
        raise RuntimeError(f"{self.id} has no other cases after {DRAWS} draws: its `others` are too much alike.")

    def _results(self, answer: Any) -> list[list]:
        return all_results(answer, self.cases, self.run) if self.cases else [[answer]]

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
