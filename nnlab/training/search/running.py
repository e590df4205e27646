"""search: try settings of hyper-parameters, keep what is known of each trial, and find the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from nnlab import arguments
from nnlab.analysis.search import COLUMNS, Trials
from nnlab.engine.spaces import Choice, Space, check_space
from nnlab.progress import progress_bar
from nnlab.training.checks import place
from nnlab.training.search.crew import Alone, Crew, default_workers
from nnlab.training.search.journal import Journal
from nnlab.training.search.strategies import plan
from nnlab.training.search.trial import Outcome

__all__ = ["STRATEGIES", "frame", "search"]

STRATEGIES = ("random", "grid", "bayesian")


def search(
    objective: Callable[..., float],
    space: Mapping[str, Space],
    *,
    strategy: str = "random",
    trials: int,
    seed: int,
    goal: str = "lower",
    workers: int | None = None,
    executor: Executor | None = None,
    path: str | Path | None = None,
    batch: int = 4,
    progress: bool = True,
) -> Trials:
    """Try ``trials`` settings of hyper-parameters, and return a table with what each of them brought.

    A trial that raises, or whose score is nan or infinite, is a row with its reason and not the end. An interrupted
    cell (the stop button) is no error: what is finished is returned. Every trial runs on one thread, with the global
    random generators of torch and numpy started from ``seed`` and its number: an objective that has no other source of
    chance gives the same table on any number of workers and on any executor, but for the seconds.

    Args:
        objective: called with the settings as keywords, such as ``objective(lr=0.1)``; returns a number.
        space: name -> one of ``nnlab.spaces``, such as ``{"lr": nnlab.spaces.LogUniform(1e-5, 1)}``.
        strategy: "random" draws every value independently, and beats a grid where few hyper-parameters matter, because
            each of its trials has a new value of those (Bergstra & Bengio 2012). "grid" takes all combinations of
            evenly spaced values, at most ``trials`` of them. "bayesian" asks Optuna's tree-structured Parzen estimator
            (Bergstra et al. 2011; Akiba et al. 2019), whose first ten trials are random.
        trials: how many settings. seed: decides the settings, and the randomness of each trial.
        goal: whether a "lower" or a "higher" score is better.
        workers: how many processes of this machine; None is one for each processor. Each loads torch, which takes
            seconds at the first search and 250 to 350 MB, and ends after a minute without work. 1 is this very process,
            which starts at once: take it for a search of less than half a minute.
        executor: in place of ``workers``, any ``concurrent.futures.Executor``; on a cluster
            ``dask.distributed.Client(...).get_executor()``. Trials that run as threads of one process wait for each
            other. A pool that breaks because a worker died is replaced by one of this machine.
        path: a file, such as "search.jsonl", to which every finished trial is written at once. A search that was killed
            goes on from there when it is called again; more ``trials`` than before are added, other arguments are
            refused. It cannot see that you changed what the objective computes: then take another path.
        batch: how many settings a Bayesian search asks for before it sees their scores. All scores are told in the
            order of the trials, so the result does not depend on which one ended first. With 1 it learns from every
            score, and runs on one worker.
        progress: show a progress bar, if somebody is there to see it.

    Returns:
        ``Trials``: ``table`` has a row for each trial, ``best`` the best settings. A trial whose worker process dies is
        run again, alone in the end; after three deaths it is a row with the state "killed".

    Raises:
        TypeError, ValueError: arguments that cannot be used, with the remedy; a ``path`` of another search.

    >>> from nnlab import spaces
    >>> def objective(lr): return (lr - 0.3) ** 2
    >>> search(objective, {"lr": spaces.Uniform(0, 1)}, strategy="grid", trials=11, seed=0, workers=1)
    11 trials (11 ok); best score 0: lr 0.3
    """
    if not callable(objective):
        raise TypeError(f"objective must be a function of the settings. Got {objective!r}. Try lambda lr: lr**2.")
    space = check_space(space, COLUMNS)
    arguments.one_of("strategy", strategy, STRATEGIES)
    arguments.one_of("goal", goal, ("lower", "higher"))
    trials, batch = arguments.whole("trials", trials, 20), arguments.whole("batch", batch, 4)
    seed = arguments.whole("seed", seed, 0, at_least=0)
    journal = None
    if path is not None:
        identity = identity_of(objective, space, strategy, trials, seed, goal, batch)
        journal = Journal(place("path", path, "search.jsonl"), identity)
    table: dict[int, tuple[dict, Outcome]] = {}
    with ExitStack() as ends:
        if journal:
            ends.callback(journal.close)
        crew = crew_for(objective, seed, workers, executor, trials)
        ends.callback(crew.stop)
        steps = plan(strategy, space, trials, seed, batch, goal == "higher")
        try:
            run(steps, crew, journal, table, trials, progress)
        except KeyboardInterrupt:
            if not table:
                raise
    return Trials(frame(table, space), space, goal == "higher")


def run(steps, crew: Alone | Crew, journal: Journal | None, table: dict, trials: int, progress: bool) -> None:
    """Batch after batch: finished trials are looked up, the others carried out, all scores told in order."""
    if journal and journal.finished and progress:
        print(f"Goes on after {len(journal.finished)} of {trials} trials, from {journal.path}.")
    start = len(journal.finished) if journal else 0
    with progress_bar(trials, "trial", start, progress) as bar:
        scores: list[float] | None = None
        while True:
            try:
                batch = steps.send(scores)
            except StopIteration:
                return
            settings = dict(enumerate(batch, len(table)))
            for number, outcome in finished(settings, crew, journal):
                table[number] = (settings[number], outcome)
                if bar:
                    bar.update(0 if journal and number in journal.finished else 1)
            scores = [table[number][1].score for number in settings]


def finished(settings: dict, crew: Alone | Crew, journal: Journal | None) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of a batch: first those in the journal, then those that are carried out now, each kept at once."""
    known = journal.outcomes_of(settings) if journal else {}
    yield from known.items()
    for number, outcome in crew.carry_out({n: values for n, values in settings.items() if n not in known}):
        if journal:
            journal.add(number, settings[number], outcome)
        yield number, outcome


def crew_for(objective, seed: int, workers: int | None, executor: Executor | None, trials: int) -> Alone | Crew:
    """Who carries out the trials."""
    if executor is not None and workers is not None:
        raise ValueError(f"give workers or executor. Got workers={workers} and {executor!r}. Try workers=None.")
    if executor is not None and not isinstance(executor, Executor):
        remedy = "client.get_executor()" if hasattr(executor, "get_executor") else "workers=2"
        raise TypeError(f"executor must be a concurrent.futures.Executor. Got {executor!r}. Try {remedy}.")
    count = default_workers() if workers is None else arguments.whole("workers", workers, 2)
    if executor is None and min(count, trials) == 1:
        return Alone(objective, seed)
    return Crew(objective, seed, executor, min(count, trials))


def identity_of(objective, space, strategy: str, trials: int, seed: int, goal: str, batch: int) -> dict[str, Any]:
    """What must be the same when a search goes on; the name of the objective stands for what it computes."""
    while isinstance(objective, partial):
        objective = objective.func
    name = getattr(objective, "__qualname__", type(objective).__qualname__)
    return {
        "objective": name,
        "space": {name: repr(one) for name, one in space.items()},
        "strategy": strategy,
        "seed": seed,
        "goal": goal,
        "batch": batch if strategy == "bayesian" else None,
        "trials": trials,
    }


def frame(table: dict[int, tuple[dict, Outcome]], space: Mapping[str, Space]):
    """The table in the order of the trials."""
    import pandas as pd

    rows = [{"trial": number, **settings, **outcome._asdict()} for number, (settings, outcome) in sorted(table.items())]
    found = pd.DataFrame(rows, columns=["trial", *space, *COLUMNS[1:]])
    for name, one in space.items():
        if isinstance(one, Choice):  # pandas would make nan of None, and 1.0 of 1 beside 0.5
            found[name] = pd.Series([row[name] for row in rows], dtype=object)
    return found
