"""search: the same table in one process, on a pool, on a Dask cluster, and after any crash."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import nnlab
from nnlab import spaces
from nnlab.training.search.crew import Crew, local_pool
from nnlab.training.search.strategies import grid_sizes

SPACE = {
    "lr": spaces.LogUniform(1e-4, 1),
    "momentum": spaces.OneMinusLogUniform(0.5, 0.999),
    "width": spaces.Integer(8, 128, log=True),
    "optimizer": spaces.Choice(["SGD", "Adam", "none"]),
}
posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")


def objective(lr, momentum, width, optimizer):
    """Chance from torch and numpy; one option raises, large rates diverge."""
    if optimizer == "none":
        raise LookupError("there is no optimizer")
    if lr > 0.3:
        return math.inf
    chance = torch.rand(()).item() + np.random.random()  # noqa: NPY002
    return torch.tensor((math.log10(lr) + 2) ** 2 + width / 100 + 0.01 * chance - momentum)


def counted(folder, deadly=(), always=False, wait=0.0, **settings):
    """``objective``; every call leaves a file. Trials whose width is ``deadly`` kill their process the first time."""
    mark = Path(folder) / f"{settings['lr']!r}-{os.getpid()}-{time.time_ns()}"
    deaths = Path(folder) / f"{settings['lr']!r} died"
    mark.touch()
    time.sleep(wait)
    if settings["lr"] in deadly and (always or not deaths.exists()):
        deaths.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return objective(**settings)


def run(function=objective, **changed):
    given = {"strategy": "random", "trials": 16, "seed": 3, "progress": False, "workers": 1} | changed
    if "executor" in changed:
        del given["workers"]
    return nnlab.search(function, SPACE, **given)


def same(found, expected):
    """All but the seconds, to the last bit."""
    pd.testing.assert_frame_equal(
        found.table.drop(columns="seconds"), expected.table.drop(columns="seconds"), check_exact=True
    )
    return True


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module", autouse=True)
def no_pool_is_left():
    yield
    local_pool(2).shutdown(kill_workers=True)


def test_the_table_has_a_row_for_every_trial_with_its_reason():
    found = run()
    table = found.table
    assert list(table.columns) == ["trial", *SPACE, "score", "seconds", "state", "reason"]
    assert table["trial"].tolist() == list(range(16))
    assert set(table["state"]) == {"ok", "diverged", "raised"}
    for state, none, lr in zip(table["state"], table["optimizer"] == "none", table["lr"], strict=True):
        assert state == ("raised" if none else "diverged" if lr > 0.3 else "ok")
    assert set(table["reason"]) == {"", "the score is inf", "LookupError: there is no optimizer"}
    assert (table["score"].isna() == (table["state"] != "ok")).all()
    best = table.loc[table["score"].idxmin()]
    assert found.best_trial == best["trial"]
    assert found.best == {name: best[name] for name in SPACE}
    assert type(found.best["width"]) is int
    assert repr(found).startswith(f"16 trials ({found.ok.sum()} ok, ")


@pytest.mark.parametrize("strategy", ["random", "grid", "bayesian"])
def test_one_process_two_and_threads_give_the_same_table(strategy):
    alone = run(strategy=strategy)
    assert same(run(strategy=strategy), alone)
    assert same(run(strategy=strategy, workers=2), alone)
    with ThreadPoolExecutor(3) as threads:
        assert same(run(strategy=strategy, executor=threads), alone)
    other = run(strategy=strategy, seed=4)
    assert not other.table["score"].equals(alone.table["score"])  # also of a grid: trials have randomness of their own
    assert other.table["lr"].equals(alone.table["lr"]) == (strategy == "grid")


def in_a_notebook(source):
    """The function ``f`` that a cell with this source defines; spawned workers cannot import it."""
    names = {"__name__": "__main__"}
    exec(source, names)
    return names["f"]


def test_functions_of_a_notebook_and_its_variables_work_on_the_pool():
    given = {"trials": 4, "seed": 0, "progress": False}
    scaled = in_a_notebook("scale = 3.0\ndef f(lr): return scale * lr")
    space = {"lr": spaces.Uniform(0, 1)}
    alone = nnlab.search(scaled, space, **given, workers=1)
    assert same(nnlab.search(scaled, space, **given, workers=2), alone)


@posix
def test_the_stop_button_stops_the_pool_and_the_next_search_has_a_new_one(tmp_path):
    slow = partial(counted, str(tmp_path), wait=0.5)
    run(workers=2)  # the pool is there, from the tests above

    def press():
        while len(list(tmp_path.glob("*"))) < 4:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    button = threading.Thread(target=press)
    button.start()
    start = time.monotonic()
    found = run(slow, workers=2)
    button.join()
    assert 2 <= len(found) < 16
    assert time.monotonic() - start < 16 * 0.5 / 2
    expected = run()
    kept = found.table["trial"].tolist()
    assert found.table["score"].tolist() == pytest.approx(expected.table["score"][kept].tolist(), nan_ok=True)
    assert same(run(workers=2), expected)


@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_a_cluster_of_two_processes_gives_the_same_table(strategy, cluster):
    assert len(cluster.scheduler_info()["workers"]) == 2
    assert same(run(strategy=strategy, executor=cluster.get_executor()), run(strategy=strategy))


@posix
@pytest.mark.parametrize("where", ["cluster", "pool"])
def test_a_worker_that_is_killed_loses_no_trial_and_none_counts_twice(where, tmp_path, request):
    """A pool that was given is broken for good: a local one takes its place."""
    expected, journal = run(), tmp_path / "search.jsonl"
    function = partial(counted, str(tmp_path), (float(expected.table["lr"][7]),))
    if where == "cluster":
        found = run(function, executor=request.getfixturevalue("cluster").get_executor(), path=journal)
    else:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            scaled = in_a_notebook("scale = 3.0\ndef f(lr): return scale * lr")
            given = {"trials": 4, "seed": 0, "progress": False}
            space = {"lr": spaces.Uniform(0, 1)}
            assert same(
                nnlab.search(scaled, space, **given, executor=pool), nnlab.search(scaled, space, **given, workers=1)
            )
            found = run(function, executor=pool, path=journal)
    assert len(list(tmp_path.glob("* died"))) == 1
    assert same(found, expected)
    numbers = [json.loads(line)["trial"] for line in journal.read_text().splitlines()[1:]]
    assert sorted(numbers) == list(range(16))


@posix
def test_a_trial_that_always_kills_its_worker_is_a_row_and_takes_no_other_with_it(tmp_path):
    expected = run()
    lr = float(expected.table["lr"][7])
    found = run(partial(counted, str(tmp_path), (lr,), always=True), workers=2)
    assert found.table["state"][7] == "killed"
    assert found.table["reason"][7] == "its worker process died 3 times: was there enough memory?"
    assert len(list(tmp_path.glob(f"{lr!r}-*"))) == 3
    others = [k for k in range(16) if k != 7]
    columns = ["trial", *SPACE, "score", "state", "reason"]
    pd.testing.assert_frame_equal(found.table.loc[others, columns], expected.table.loc[others, columns])


@posix
def test_a_search_that_is_killed_goes_on_where_it_stopped(tmp_path):
    journal, calls = tmp_path / "search.jsonl", tmp_path / "calls"
    calls.mkdir()
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_search as t; from functools import partial; "
        "t.run(partial(t.counted, sys.argv[2], wait=0.15), path=sys.argv[3])"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(Path(__file__).parent), str(calls), str(journal)])
    try:
        limit = time.monotonic() + 120
        while not journal.exists() or journal.read_bytes().count(b"\n") < 5:
            assert time.monotonic() < limit
            assert child.poll() is None
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()
    finished = journal.read_bytes().count(b"\n") - 1
    assert 4 <= finished < 16
    for path in calls.iterdir():
        path.unlink()
    found = run(partial(counted, str(calls)), path=journal)
    assert same(found, run())
    assert len(list(calls.iterdir())) == 16 - finished
    assert same(run(partial(counted, str(calls)), path=journal), found)
    assert len(list(calls.iterdir())) == 16 - finished
    kept = run(partial(counted, str(calls)), path=journal).table["seconds"]
    assert kept.equals(found.table["seconds"])


@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_a_journal_that_was_cut_at_any_byte_goes_on_with_the_same_table(strategy, tmp_path):
    journal = tmp_path / "search.jsonl"
    whole = run(strategy=strategy, trials=4, batch=2, path=journal)
    content = journal.read_bytes()
    header = content.index(b"\n") + 1
    for cut in [0, header, *range(header + 1, len(content), 19), len(content) - 1]:
        journal.write_bytes(content[:cut])
        assert same(run(strategy=strategy, trials=4, batch=2, path=journal), whole)
        rows = [json.loads(line) for line in journal.read_text().splitlines()]
        assert sorted(row["trial"] for row in rows[1:]) == list(range(4))


@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_more_trials_are_added(strategy, tmp_path):
    first = run(strategy=strategy, trials=6, path=tmp_path / "a.jsonl")
    more = run(strategy=strategy, trials=14, path=tmp_path / "a.jsonl")
    assert same(more, run(strategy=strategy, trials=14))
    assert more.table["seconds"][:6].equals(first.table["seconds"])


def other(**settings):
    return 0.0


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("seed", {"seed": 4}),
        ("strategy", {"strategy": "bayesian"}),
        ("goal", {"goal": "higher"}),
        ("trials", {"trials": 5}),
        ("objective", {"function": other}),
        ("objective", {"function": partial(other, a=1)}),
    ],
)
def test_a_journal_of_another_search_is_refused_by_name(name, changed, tmp_path, refused):
    run(path=tmp_path / "a.jsonl", trials=6)
    before = (tmp_path / "a.jsonl").read_bytes()
    with refused(start=f"{name} must be as in {tmp_path / 'a.jsonl'}: "):
        run(**({"trials": 6} | changed), path=tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == before


def test_another_space_batch_or_grid_is_refused_and_fewer_trials_after_more(tmp_path, refused):
    space = {"lr": spaces.Uniform(0, 1)}

    def search(space, **given):
        return nnlab.search(
            lambda lr: lr, space, **{"trials": 4, "seed": 0, "workers": 1, "progress": False, "path": path, **given}
        )

    path = tmp_path / "space.jsonl"
    search(space)
    with refused(start="space must be as in"):
        search({"lr": spaces.Uniform(0, 2)})
    search(space, trials=8)
    with refused(start="trials must be as in"):
        search(space, trials=6)
    path = tmp_path / "grid.jsonl"
    search(space, strategy="grid")
    with refused(start="trials must be as in"):
        search(space, strategy="grid", trials=8)
    path = tmp_path / "bayesian.jsonl"
    search(space, strategy="bayesian")
    with refused(start="batch must be as in"):
        search(space, strategy="bayesian", batch=2)


def test_damaged_and_foreign_files_are_refused_and_left_as_they_are(tmp_path, refused):
    path = tmp_path / "a.jsonl"
    run(path=path, trials=4)
    lines = path.read_bytes().splitlines()
    for damage in (b"{]", b"3", b'{"trial": 0}'):
        path.write_bytes(b"\n".join([*lines[:2], damage, *lines[3:]]) + b"\n")
        with refused(start="path must be the whole journal", value=f"{str(path)!r}, where line 3 is damaged"):
            run(path=path, trials=4)
    for foreign in (b"my thesis", b"a,b\n1,2\n", b"{}\n"):
        path.write_bytes(foreign)
        with refused(start="path must be the journal of a search"):
            run(path=path, trials=4)
        assert path.read_bytes() == foreign
    with refused(start="path must be the journal of a search", value=repr(str(tmp_path))):
        run(path=tmp_path, trials=4)


def test_the_stop_button_returns_what_is_finished(tmp_path):
    calls = []

    def stopped(**settings):
        calls.append(settings)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return objective(**settings)

    found = run(stopped, path=tmp_path / "a.jsonl")
    assert found.table["trial"].tolist() == [0, 1, 2]
    assert same(run(stopped, path=tmp_path / "a.jsonl"), run())
    calls[:] = [0, 0, 0]
    with pytest.raises(KeyboardInterrupt):
        run(stopped)


def test_a_trial_leaves_threads_and_random_generators_as_they_were():
    def states():
        return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002

    before, threads = states(), torch.get_num_threads()
    seen = []
    try:
        torch.set_num_threads(2)
        run(lambda **settings: seen.append(torch.get_num_threads()) or objective(**settings))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert states() == before
    assert set(seen) == {1}


def test_the_pool_is_one_process_for_each_processor_and_one_is_this_process(monkeypatch):
    from nnlab.training.search import running

    made = []
    monkeypatch.setattr(running, "Crew", lambda objective, seed, executor, workers: made.append(workers))
    monkeypatch.setattr(running, "default_workers", lambda: 4)
    for workers, trials in ((None, 20), (None, 3), (2, 20)):
        running.crew_for(objective, 0, workers, None, trials)
    assert made == [4, 3, 2]
    assert isinstance(running.crew_for(objective, 0, None, None, 1), running.Alone)
    assert isinstance(running.crew_for(objective, 0, 1, None, 20), running.Alone)


def test_random_draws_depend_on_seed_and_number_alone_and_a_grid_uses_its_budget():
    assert run(trials=4).table["lr"].tolist() == run(trials=16).table["lr"][:4].tolist()
    two = {"lr": spaces.LogUniform(1e-4, 1), "decay": spaces.LogUniform(1e-4, 1)}
    assert grid_sizes(two, 30) == {"lr": 6, "decay": 5}
    assert grid_sizes({**two, "optimizer": spaces.Choice(["a", "b"])}, 30) == {
        "lr": 5, "decay": 3, "optimizer": 2
    }  # fmt: skip
    assert grid_sizes({"layers": spaces.Integer(1, 3), "lr": two["lr"]}, 30) == {"layers": 3, "lr": 10}
    found = nnlab.search(lambda lr, decay: lr * decay, two, strategy="grid", trials=30, seed=0, workers=1)
    assert len(found) == len(found.table[["lr", "decay"]].drop_duplicates()) == 30


def test_options_keep_their_kind():
    options = [None, 1, 0.5, True, "a", (8, 8), torch.optim.SGD]
    with pytest.raises(ValueError, match="all different"):
        spaces.Choice([*options, 1])
    space = {"option": spaces.Choice(options)}
    found = nnlab.search(lambda option: 0.0, space, strategy="grid", trials=7, seed=0, workers=1)
    assert all(a is b for a, b in zip(found.table["option"], options, strict=True))
    assert found.best == {"option": None}


def test_bayesian_search_learns():
    space = {"x": spaces.Uniform(0, 1), "y": spaces.Uniform(0, 1)}

    def bowl(x, y):
        return -((x - 0.3) ** 2) - (y - 0.6) ** 2

    def best(strategy, batch):
        given = {"strategy": strategy, "trials": 40, "goal": "higher", "workers": 1, "batch": batch}
        return [nnlab.search(bowl, space, seed=s, **given).best_score for s in range(16)]

    assert nnlab.compare(best("bayesian", 4), best("random", 4), higher_is_better=True).verdict == "clearly better"


def test_bayesian_search_is_silent_and_leaves_optunas_logging_as_it_was(capfd):
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    run(strategy="bayesian")
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_a_search_without_a_single_score_says_why(refused):
    found = run(lambda **settings: None)
    assert set(found.table["state"]) == {"raised"}
    assert found.table["reason"][0].startswith("TypeError: objective must return a number. Got None. Try ")
    assert repr(found) == "16 trials (16 raised)"
    with refused(start="trials must hold one with a score", value="none of 16: TypeError"):
        found.best  # noqa: B018


@pytest.mark.parametrize(
    ("changed", "start"),
    [
        ({"strategy": "genetic"}, "strategy must be one of random, grid, bayesian"),
        ({"goal": "minimize"}, "goal must be one of lower, higher"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"trials": 2, "strategy": "grid"}, "trials must be at least 3 for a grid"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"function": 3}, "objective must be a function"),
        ({"path": 3}, "path must be a path"),
        ({"executor": "dask"}, "executor must be a concurrent.futures.Executor"),
        ({"function": partial(other, lock=threading.Lock()), "workers": 2}, "objective must be one that can"),
    ],
)
def test_what_cannot_be_used_is_told_so(changed, start, refused):
    with refused(start=start):
        run(**changed)


def test_workers_and_an_executor_are_too_many():
    with ThreadPoolExecutor(1) as threads, pytest.raises(ValueError, match="give workers or executor"):
        nnlab.search(objective, SPACE, trials=2, seed=0, workers=2, executor=threads)


def test_an_executor_that_fails_otherwise_is_an_error_and_no_row(tmp_path):
    class Lost(ThreadPoolExecutor):
        def submit(self, *given):
            return super().submit(lambda: 1 / 0)

    with Lost(1) as lost, pytest.raises(ZeroDivisionError):
        run(executor=lost, path=tmp_path / "a.jsonl")
    assert same(run(path=tmp_path / "a.jsonl"), run())


def test_an_executor_that_gave_up_a_trial_itself_makes_a_row():
    """As Dask does after three workers that died of a trial."""

    class KilledWorker(Exception):
        pass

    class Cluster(ThreadPoolExecutor):
        def submit(self, function, *given):
            if given[-1] != 4:
                return super().submit(function, *given)
            future = Future()
            future.set_exception(KilledWorker("task 4 marked as failed because 3 workers died"))
            return future

    with Cluster(2) as cluster:
        found = run(executor=cluster)
    assert found.table["state"][4] == "killed"
    assert found.table["reason"][4] == "KilledWorker: task 4 marked as failed because 3 workers died"
    rest = [k for k in range(16) if k != 4]
    assert found.table["score"][rest].equals(run().table["score"][rest])


def test_an_objective_may_search_itself():
    """Such as one that finds the best weight decay for each learning rate."""

    def inner(decay, lr):
        return (lr - 0.5) ** 2 + (decay - lr) ** 2

    def outer(lr):
        given = {"trials": 11, "strategy": "grid", "seed": 0, "workers": 1, "progress": False}
        return nnlab.search(partial(inner, lr=lr), {"decay": spaces.Uniform(0, 1)}, **given).best_score

    found = nnlab.search(
        outer, {"lr": spaces.Uniform(0, 1)}, trials=11, strategy="grid", seed=0, workers=1, progress=False
    )
    assert found.best == {"lr": 0.5}


def test_a_trial_that_was_there_at_two_deaths_runs_alone(monkeypatch):
    crew = Crew.__new__(Crew)
    crew.is_local, crew.workers, crew.running = True, 3, {}
    deaths = {0: 2, 1: 0, 2: 1}
    assert crew.has_room(deaths, 0)
    crew.running = {"future": 1}
    assert not crew.has_room(deaths, 0)
    assert crew.has_room(deaths, 2)
    crew.running = {"future": 0}
    assert not crew.has_room(deaths, 1)
