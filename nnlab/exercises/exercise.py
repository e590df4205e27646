"""What an exercise is, and how an answer is judged: reasons first, not only right or wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

__all__ = ["CORRECT", "NOT_ATTEMPTED", "WRONG", "Exercise", "Mistake", "Report", "follow", "normal"]

NOT_ATTEMPTED, WRONG, CORRECT = "not attempted", "not yet", "correct"


class Mistake(NamedTuple):
    """A wrong answer that students often give, and what to say to whoever gives it."""

    answer: Any
    message: str


class Report(NamedTuple):
    """The judgement of one answer; shown as text when it is the last line of a cell."""

    id: str
    status: str  # NOT_ATTEMPTED, WRONG or CORRECT
    message: str

    def __repr__(self) -> str:
        mark = {NOT_ATTEMPTED: "○", WRONG: "✗", CORRECT: "✓"}[self.status]
        return f"{mark} {self.id} {self.status}: {self.message}"


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
            if not isinstance(results[-1], tuple) or len(results[-1]) != len(state):
                break
            state = list(results[-1])
        return results

    return run


def normal(generator: torch.Generator | int, *shape: int) -> torch.Tensor:
    """Normal numbers in float64, from a generator, or from a new one with that seed."""
    if isinstance(generator, int):
        generator = torch.Generator().manual_seed(generator)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


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

    def check(self, answer) -> Report:
        """Judge an answer: not attempted, not yet (with the reason), or correct (with what was tested)."""
        if answer is None or answer is ...:
            return self._report(NOT_ATTEMPTED, f"{self.task}. Hints: nnlab.hint({self.id!r})")
        if not self.cases:
            return self._judge([[answer]], [[self.solution]], lambda mistake: [[mistake]])
        if not callable(answer):
            return self._report(WRONG, f"the answer must be a function. Got {answer!r}.")
        try:
            given = [self._run_untouched(answer, case) for case in self.cases]
        except NotImplementedError:
            return self.check(None)
        except ChangedInput as error:
            return self._report(WRONG, str(error))
        except Exception as error:  # the student's own code failed: that is the finding
            return self._report(WRONG, f"your function raised {type(error).__name__}: {error}")
        if all(step is None or step is ... for step in given[0]):
            return self.check(None)
        return self._judge(given, self._results(self.solution), self._results)

    def _results(self, answer: Callable) -> list:
        return [self.run(answer, copy.deepcopy(case)) for case in self.cases]

    def _run_untouched(self, answer: Callable, case: Sequence) -> list:
        """Run the answer on a copy of the case, and see whether it changed the copy in place."""
        guarded = copy.deepcopy(case)
        results = self.run(answer, guarded)
        for before, after in zip(case, guarded, strict=True):
            if isinstance(before, torch.Tensor) and not torch.equal(before, after):
                raise ChangedInput(
                    "your function changes an argument in place. Compute a new tensor: w - step, not w -= step."
                )
        return results

    def _judge(self, given: list, wanted: list, results_of: Callable) -> Report:
        difference = first_difference(given, wanted, self.tolerance)
        if difference is None:
            return self._report(CORRECT, self.tested)
        for mistake in self.mistakes:
            if first_difference(given, results_of(mistake.answer), self.tolerance) is None:
                return self._report(WRONG, mistake.message)
        return self._report(WRONG, difference)

    def _report(self, status: str, message: str) -> Report:
        return Report(self.id, status, message)


class ChangedInput(Exception):
    """An answer wrote into the tensors that it was given."""


def first_difference(given: list, wanted: list, tolerance: float) -> str | None:
    """Where two lists of results, by case and step, differ first; None when they agree."""
    for case, (mine, theirs) in enumerate(zip(given, wanted, strict=True), start=1):
        for step, (got, want) in enumerate(zip(mine, theirs, strict=True), start=1):
            reason = difference(got, want, tolerance)
            if reason:
                place = f"step {step}" if len(theirs) > 1 else f"case {case}" if len(wanted) > 1 else "your answer"
                return f"at {place}: {reason}" if place != "your answer" else reason
    return None


def difference(got, want, tolerance: float) -> str | None:
    """Why one result is not the wanted one: kind first, then shape, then values; None when they agree."""
    if isinstance(want, tuple):
        if not isinstance(got, tuple) or len(got) != len(want):
            return f"{len(want)} results are wanted, as a tuple. Got {describe(got)}."
        return next((r for g, w in zip(got, want, strict=True) if (r := difference(g, w, tolerance))), None)
    if isinstance(want, str | bool):
        single = got.item() if isinstance(got, torch.Tensor) and got.numel() == 1 else got
        right = isinstance(single, type(want) | np.bool_) and single == want
        return None if right else f"got {got!r}, which is not right."
    if isinstance(want, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            return f"a tensor is wanted. Got {describe(got)}."
        if got.shape != want.shape:
            return f"the shape must be {tuple(want.shape)}. Got {tuple(got.shape)}."
        if got.dtype != want.dtype:
            return f"the number type must be {want.dtype}. Got {got.dtype}."
    elif isinstance(got, bool) or not isinstance(got, int | float | np.number | torch.Tensor):
        return f"a number is wanted. Got {describe(got)}."
    if isinstance(got, torch.Tensor) and not isinstance(want, torch.Tensor) and got.numel() != 1:
        return f"a single number is wanted. Got {describe(got)}."
    a, b = torch.as_tensor(got).double(), torch.as_tensor(want).double()
    same = (a == b) | (a.isnan() & b.isnan())  # a recorded mistake may hold nan or inf
    off = torch.where(same, 0.0, (a - b).abs()).max()
    if off <= tolerance * max(1.0, float(b.nan_to_num(0, 0, 0).abs().max())):
        return None
    return f"got {shorten(got)}, wanted {shorten(want)}." if isinstance(want, torch.Tensor) else f"got {shorten(got)}."


def describe(value) -> str:
    """The kind of a value in a few words."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if callable(value):
        return "a function"
    return f"{value!r} ({type(value).__name__})"


def shorten(value) -> str:
    """A number, or the first numbers of a tensor, with four digits."""
    numbers = torch.as_tensor(value).flatten().tolist()
    text = ", ".join(f"{n:.4g}" for n in numbers[:4]) + (", ..." if len(numbers) > 4 else "")
    return f"[{text}]" if len(numbers) > 1 else text
