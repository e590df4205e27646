"""Trials on an executor: all of them are carried out, each counts once, and a dead worker is no end."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

import cloudpickle

from nnlab.training.search.trial import Outcome, killed, run_pickled, run_trial

__all__ = ["Alone", "Crew", "default_workers"]

DEATHS = 3  # a trial whose worker died so often is given up
IDLE = 60  # seconds after which an idle worker of the local pool ends, and gives back its memory


class Alone:
    """Trials one after the other in this very process."""

    def __init__(self, objective: Callable[..., float], seed: int):
        self.objective, self.seed = objective, seed

    def carry_out(self, settings: Mapping[int, dict]) -> Iterator[tuple[int, Outcome]]:
        """Yield the number and the outcome of every trial."""
        for number, values in settings.items():
            yield number, run_trial(self.objective, values, self.seed, number)

    def stop(self) -> None:
        """Nothing goes on behind our back."""


class Crew:
    """Trials on other processes.

    A pool that lost a worker is broken: every trial that was on it comes back without a result, and nobody knows which
    one was guilty. They run again on a new pool; one that was there at two deaths runs alone the third time, so that it
    is given up for its own death and for no other's. An executor that replaces its workers itself, as Dask's does,
    tries again by itself and says ``KilledWorker`` in the end.

    Args:
        executor: None for a local pool of ``workers`` processes.
    """

    def __init__(self, objective: Callable[..., float], seed: int, executor: Executor | None, workers: int):
        self.objective, self.seed, self.workers = pickled(objective), seed, workers
        self.is_local = executor is None
        self.executor = local_pool(workers) if executor is None else executor
        self.running: dict[Future, int] = {}

    def carry_out(self, settings: Mapping[int, dict]) -> Iterator[tuple[int, Outcome]]:
        """Yield the number and the outcome of every trial, in the order in which they end."""
        waiting, deaths = deque(settings), Counter[int]()
        while waiting or self.running:
            while waiting and self.has_room(deaths, waiting[0]):
                self.submit(waiting[0], settings)
                waiting.popleft()
            for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                number = self.running.pop(future)
                outcome = self.outcome(future)
                if outcome is None:
                    deaths[number] += 1
                    if deaths[number] < DEATHS:
                        waiting.appendleft(number)
                        continue
                    outcome = killed(f"its worker process died {DEATHS} times: was there enough memory?")
                yield number, outcome

    def has_room(self, deaths: Counter[int], number: int) -> bool:
        """Whether the next trial may start: one that was there at too many deaths waits until it is alone."""
        if not self.running:
            return True
        suspects = [n for n in (number, *self.running.values()) if deaths[n] == DEATHS - 1]
        return not suspects and len(self.running) < (self.workers if self.is_local else math.inf)

    def submit(self, number: int, settings: Mapping[int, dict]) -> None:
        """Hand a trial to the executor; a broken one is replaced first."""
        task = (self.objective, cloudpickle.dumps(settings[number]), self.seed, number)
        try:
            future = self.executor.submit(run_pickled, *task)
        except BrokenExecutor:
            self.replace()
            future = self.executor.submit(run_pickled, *task)
        self.running[future] = number

    def outcome(self, future: Future) -> Outcome | None:
        """What a trial brought, or None if its worker died, or another one of the same pool."""
        try:
            return future.result()
        except BrokenExecutor:
            self.replace()
            return None
        except Exception as error:
            if type(error).__name__ != "KilledWorker":  # Dask's, which need not be installed
                raise
            return killed(f"{type(error).__name__}: {error}")

    def replace(self) -> None:
        """A broken pool never works again: go on with a local one, also in place of one that was given to us."""
        self.executor, self.is_local = local_pool(self.workers), True

    def stop(self) -> None:
        """Let go of what has not ended."""
        for future in self.running:
            future.cancel()
        if self.is_local and self.running:
            self.executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]  # loky's


def local_pool(workers: int) -> Executor:
    """A pool of this machine's processes, the one of the last search if it is still there.

    It is loky's, which joblib brings: started afresh on every system instead of forked, without asking scripts for
    ``if __name__ == "__main__"``, and a new one when the last one broke.
    """
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(max_workers=workers, timeout=IDLE, env={"OMP_NUM_THREADS": "1"})


def default_workers() -> int:
    """As many as this process may use processors."""
    import joblib

    return joblib.cpu_count()


def pickled(objective: Callable[..., float]) -> bytes:
    """The objective in bytes, with what it uses of a notebook."""
    try:
        return cloudpickle.dumps(objective)
    except Exception as error:
        raise TypeError(
            f"objective must be one that can be sent to another process. Got {objective!r}, which cannot: {error}. "
            "Try workers=1, or open files, locks and windows inside of it."
        ) from error
