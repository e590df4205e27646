"""One trial: the objective, called with its settings, on one thread and with a randomness of its own."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import NamedTuple

import cloudpickle
import numpy as np
import torch

from nnlab import arguments
from nnlab.engine.ensemble import one_thread
from nnlab.training.loop import own_randomness

__all__ = ["Outcome", "judged", "killed", "run_pickled", "run_trial"]

ONE_AFTER_ANOTHER = threading.RLock()  # the threads of a process share torch's random generator
LONGEST = 300  # characters of a reason


class Outcome(NamedTuple):
    """What became of a trial; ``score`` is nan unless the state is "ok"."""

    score: float
    seconds: float
    state: str
    reason: str


def run_trial(objective: Callable[..., float], settings: Mapping, seed: int, number: int) -> Outcome:
    """Call the objective; whatever it raises, and a score that is no finite number, becomes an outcome.

    The generators of torch (on the CPU) and numpy start from ``seed`` and the trial's number, and are as they were
    afterwards: the outcome does not depend on where and when a trial runs, nor on those before it. Python's ``random``
    is left alone, because the other threads of a Dask worker draw from it too.
    """
    own_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    with ONE_AFTER_ANOTHER, one_thread(), own_randomness(own_seed, torch.device("cpu")), numpys_randomness(own_seed):
        start = time.perf_counter()
        try:
            score = number_of(objective(**settings))
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            return Outcome(math.nan, time.perf_counter() - start, "raised", reason[:LONGEST])
        seconds = time.perf_counter() - start
    return judged(score, seconds)


def run_pickled(objective: bytes, settings: bytes, seed: int, number: int) -> Outcome:
    """``run_trial`` on another process, from what cloudpickle made of a function, also of one defined in a notebook."""
    try:
        function, values = cloudpickle.loads(objective), cloudpickle.loads(settings)
    except Exception as error:
        return Outcome(math.nan, 0.0, "raised", f"the worker cannot load the objective: {error!r}"[:LONGEST])
    return run_trial(function, values, seed, number)


def judged(score: float, seconds: float) -> Outcome:
    """The outcome of a trial that returned a score: a score that is nan or infinite is none."""
    if not math.isfinite(score):
        return Outcome(math.nan, seconds, "diverged", f"the score is {score}")
    return Outcome(score, seconds, "ok", "")


def killed(reason: str) -> Outcome:
    """The outcome of a trial whose process did not live to tell it."""
    return Outcome(math.nan, math.nan, "killed", reason[:LONGEST])


def number_of(score) -> float:
    """The score as a float, or a TypeError."""
    score = arguments.plain(score)
    if isinstance(score, bool) or not isinstance(score, Real):
        raise TypeError(f"objective must return a number. Got {score!r}. Try return float(history.val_loss[0, -1]).")
    return float(score)


@contextmanager
def numpys_randomness(seed: int) -> Iterator[None]:
    """Inside, the global generator of numpy starts from ``seed``; afterwards it is as it was."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
