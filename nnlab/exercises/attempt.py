"""A student's function at work: whether it was begun, with what it was called, how it failed, whether it ended."""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import dis
import inspect
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nnlab.exercises.values import abbreviate

__all__ = ["ChangedInput", "Endless", "Watched", "failure", "untouched", "within"]

# All that the bytecode of `...`, `pass`, `return None` and `raise NotImplementedError("...")` is made of
OPERATIONS = {"RESUME", "NOP", "CACHE", "POP_TOP", "COPY_FREE_VARS", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
RAISING = OPERATIONS | {"LOAD_GLOBAL", "PUSH_NULL", "PRECALL", "CALL", "RAISE_VARARGS"}
# Where code lies that a student did not write: this package, Python, and what is installed beside PyTorch
FOREIGN = (
    *map(os.path.dirname, (os.path.dirname(__file__), os.path.dirname(torch.__file__))),
    os.path.dirname(os.__file__),
)
IMPORT_SECONDS = 60  # the most that imports may take in a student's function


def untouched(function: Callable) -> bool:
    """Whether a function is a stub: `...`, `pass` or `raise NotImplementedError`, and nothing else."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "EXTENDED_ARG")]
    names = {step.opname for step in steps}
    if "RAISE_VARARGS" in names:
        return names <= RAISING and set(code.co_names) == {"NotImplementedError"}
    returned = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return names <= OPERATIONS and all(value is None or value is ... for value in returned)


class ChangedInput(Exception):
    """An answer wrote into the tensors that it was given."""


class Endless(Exception):
    """An answer did not end in time."""


class Ended(BaseException):
    """What is raised in the thread of an answer that must end; no `except Exception` of the student stops it."""


def snapshot(value: Any) -> Any:
    """The numbers of a tensor, or of the tensors in a list, as they are now."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    return [snapshot(part) for part in value] if isinstance(value, list | tuple) else value


def unchanged(before: Any, now: Any) -> bool:
    if isinstance(before, torch.Tensor):
        return before.shape == now.shape and bool(((before == now) | (before.isnan() & now.isnan())).all())
    if isinstance(before, list):
        return len(before) == len(now) and all(unchanged(*pair) for pair in zip(before, now, strict=True))
    return True


class Watched:
    """A student's function that remembers each call, and refuses to change its arguments.

    Attributes:
        calls: every call so far, as text.
        used: names of the forbidden functions of PyTorch that it called.
    """

    def __init__(self, answer: Callable, forbidden: tuple[str, ...] = ()) -> None:
        self.answer, self.forbidden = answer, forbidden
        self.calls: list[str] = []
        self.used: list[str] = []

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(f"{self.name}({', '.join(abbreviate(argument) for argument in arguments)})")
        before = [snapshot(argument) for argument in arguments]
        with Listening(self.forbidden, self.used) if self.forbidden else contextlib.nullcontext():
            result = self.answer(*arguments)
        for k, (then, now) in enumerate(zip(before, arguments, strict=True)):
            if not unchanged(then, now):
                name = self.argument(k)
                raise ChangedInput(
                    f"your function changes an argument in place: {name}. "
                    f"Compute a new tensor, {name} - ... instead of {name} -= ..., or work on {name}.clone()."
                    if isinstance(now, torch.Tensor)
                    else f"your function changes an argument in place: {name}. Work on a copy of it."
                )
        return result

    @property
    def name(self) -> str:
        name = getattr(self.answer, "__name__", "")
        return name if name.isidentifier() else "your function"

    def argument(self, k: int) -> str:
        """The student's own name of an argument, or which one it is."""
        try:
            return list(inspect.signature(self.answer).parameters)[k]
        except (TypeError, ValueError, IndexError):
            return f"argument {k + 1}"


class Listening(TorchFunctionMode):
    """While it is on, calls of these functions of PyTorch are written down."""

    def __init__(self, names: tuple[str, ...], used: list[str]) -> None:
        self.names, self.used = names, used

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in self.names:
            self.used.append(name)
        return func(*args, **(kwargs or {}))


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """The result of ``work()``, or what it raised; ``Endless`` if it does not end within that time.

    It runs in a thread of its own, so that this works in a notebook, on every system, and also while a
    function of C sleeps. A thread that goes on gets an exception raised in it, again and again, until it ends.
    """
    outcome: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as error:  # handed on to the caller
            outcome.append((None, error))

    def run_to_the_end() -> None:
        with contextlib.suppress(Ended):  # one that comes too late
            run()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run_to_the_end,), daemon=True)
    thread.start()
    try:
        wait(thread, seconds)
    finally:  # also when the student interrupts the cell
        in_time = bool(outcome)
        end(thread, outcome)
    if not in_time:
        raise Endless
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def wait(thread: threading.Thread, seconds: float) -> None:
    """Wait for a thread that long, not counting what it spends in an import: torch.optim's first one takes seconds."""
    left, last = seconds, time.monotonic() + seconds + IMPORT_SECONDS
    while left > 0 and thread.is_alive() and time.monotonic() < last:
        began = time.monotonic()
        thread.join(min(left, 0.1))
        if not importing(thread):
            left -= time.monotonic() - began


def importing(thread: threading.Thread) -> bool:
    """Whether a thread is in an import, which must not be broken off: half a module would stay."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def end(thread: threading.Thread, outcome: list, patience: int = 40) -> None:
    """End a thread that has no outcome yet, by an exception at its next step; one that sleeps in C ends on waking."""
    for _ in range(patience):
        if not thread.is_alive():
            return
        if not outcome and not importing(thread):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Ended))
        thread.join(0.025)


def failure(error: BaseException, calls: Sequence[str]) -> str:
    """What a student's function raised: the kind, the first line of the message, the line of code, the call."""
    message = (str(error).strip() or "no message").splitlines()[0]
    message = message if len(message) <= 200 else message[:197] + "..."
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not os.path.normcase(frame.filename).startswith((*map(os.path.normcase, FOREIGN), "<frozen"))
    ]
    place = f" in line {own[-1].lineno}" + (f", `{own[-1].line}`" if own[-1].line else "") if own else ""
    made = f" The call was {calls[-1]}." if calls else ""
    return f"your function raised {type(error).__name__}{place}: {message.rstrip('.')}.{made}"
