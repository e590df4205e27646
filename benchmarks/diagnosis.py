"""How often is ``nnlab.diagnosis`` right about real runs? ``python -m benchmarks diagnosis`` counts it.

Every run has one fault, made on purpose. That the fault is there is checked without a learning curve: each run is made
three times with the same seed, as it is judged; for three times as many steps, watched on fresh samples; and with the
cure that its fault calls for. ``CHECKS`` compares losses on all training data and on the fresh samples, in evaluation
mode. A run that its check does not confirm has no known truth, and is not counted.

There are two halves with other data splits and other seeds. The rules were written while looking at half 0; what is
reported is half 1. ``python -m benchmarks.diagnosis`` writes the runs of half 1 into the package, for notebook 09.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import torch

import nnlab
from benchmarks.lab import ROOT
from benchmarks.real_runs import Case, Trained, load, train, validation
from benchmarks.table import Row, at_most
from nnlab.analysis.curves.diagnosis import UNCLEAR, learning_curves
from nnlab.datasets.data import Dataset
from nnlab.engine.optimizers import SGD, Adam, Momentum

__all__ = ["CASES", "CHECKS", "FAULTS", "Judged", "judge", "measure", "write"]

REPORTED = 1
LONGER, MEMBERS, LOOPS = 3, 8, 4  # times as many steps; runs of a case by hand, and of one in PyTorch
WRONG, RIGHT, RUNS = 3, 75, 200  # goals: per cent at most, per cent at least, runs at least
STORED = ROOT / "nnlab" / "analysis" / "curves" / "real_runs.csv"
FAULTS = {  # what is done to a run -> the verdict that is right
    "learning rate too high": "diverging",
    "learning rate too low": "not learning",
    "stopped too early": "still improving",
    "network too small": "underfitting",
    "most labels random": "underfitting",
    "too few samples": "overfitting",
    "trained too long": "overfitting",
    "all labels random": "overfitting",
    "easier validation samples": "easier validation",
    "strong dropout": "easier validation",
    "five validation samples": "noisy validation",
    "none": "good fit",
}


class Judged(NamedTuple):
    """One run and the verdict on it."""

    fault: str
    data: str
    network: str
    seed: int
    truth: str
    verdict: str

    @property
    def kind(self) -> str:
        """right, unclear or wrong."""
        return "right" if self.verdict == self.truth else UNCLEAR if self.verdict == UNCLEAR else "wrong"


class Evidence(NamedTuple):
    """Losses at the end in evaluation mode, (member,), as shares of the untrained network's on the training data."""

    chance: torch.Tensor  # of the best network that always says the same
    train: torch.Tensor  # on all training data
    noisy_train: torch.Tensor
    longer_train: torch.Tensor  # after three times as many steps
    cured_train: torch.Tensor
    fresh: torch.Tensor  # on fresh samples
    best_fresh: torch.Tensor  # the lowest on the way there
    longer_fresh: torch.Tensor
    cured_fresh: torch.Tensor
    val: torch.Tensor  # on the validation samples
    strayed: torch.Tensor  # typical distance of the validation loss from the fresh one, as a share of it


def close(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Two losses that differ by at most a twentieth of the first loss."""
    return (a - b).abs() < 0.05


CHECKS = {  # fault -> whether it is there, (member,)
    "learning rate too high": lambda e: ~(e.train <= 1.3) & (e.cured_train < 0.7),
    "learning rate too low": lambda e: (e.train > 0.97) & (e.cured_train < 0.7),
    "stopped too early": lambda e: (e.longer_train < e.train - 0.1) & (e.longer_fresh < e.fresh - 0.1),
    "network too small": lambda e: close(e.longer_train, e.train) & (e.cured_train < 0.5 * e.train)
    & (e.cured_fresh < 0.7 * e.fresh),
    "most labels random": lambda e: close(e.longer_train, e.train) & (e.cured_fresh > 0.9 * e.fresh)
    & (e.train < 0.95 * e.chance.clamp(max=1)),
    "too few samples": lambda e: (e.train < 0.5 * e.fresh) & (e.cured_fresh < 0.7 * e.fresh),
    "trained too long": lambda e: (e.train < 0.5 * e.fresh) & (e.fresh > 1.2 * e.best_fresh),
    "all labels random": lambda e: (e.train < 0.7 * e.chance) & (e.best_fresh > 0.95 * e.chance),
    "easier validation samples": lambda e: (e.val < 0.75 * e.fresh) & (e.val < 0.75 * e.train),
    "strong dropout": lambda e: (e.noisy_train > 1.33 * e.fresh) & (e.train < 1.1 * e.fresh),
    "five validation samples": lambda e: e.strayed > 0.25,
    "none": lambda e: (e.fresh < 0.4) & (e.fresh - e.train < 0.1) & close(e.longer_fresh, e.fresh)
    & (e.cured_fresh > e.fresh - 0.05),
}  # fmt: skip


def sgd(lr: float) -> dict:
    return {"optimizer": SGD(lr=lr)}


def adam(lr: float) -> dict:
    return {"optimizer": Adam(lr=lr)}


CASES = (
    Case("learning rate too high", "digits", **sgd(100.0), steps=200, cure=sgd(0.1)),
    Case("learning rate too high", "wine", (16, 16), **sgd(100.0), steps=150, cure=sgd(0.1)),
    Case("learning rate too high", "iris", (32, 32), **sgd(200.0), steps=150, cure=sgd(0.1)),
    Case("learning rate too high", "diabetes", **sgd(0.5), steps=200, cure=sgd(0.02)),
    Case("learning rate too high", "diabetes", (64,), optimizer=Momentum(lr=0.15), steps=200, cure=sgd(0.02)),
    Case("learning rate too low", "digits", **sgd(1e-5), cure=sgd(0.1)),
    Case("learning rate too low", "iris", (8,), **adam(1e-6), steps=200, cure=adam(0.01)),
    Case("learning rate too low", "moons", (16, 16), **sgd(1e-5), steps=300, cure={**sgd(0.5), "steps": 600}),
    Case("learning rate too low", "breast cancer", **adam(1e-6), steps=300, cure=adam(0.01)),
    Case("learning rate too low", "digits", "convolutions", **sgd(1e-5), batch=64, steps=255, cure=sgd(0.1)),
    Case("stopped too early", "digits", **sgd(0.01), steps=150),
    Case("stopped too early", "wine", **sgd(0.005), steps=150),
    Case("stopped too early", "circles", (32,), **adam(0.003), steps=200),
    Case("stopped too early", "iris", (16,), **adam(0.001), steps=200),
    Case("stopped too early", "breast cancer", (16, 16), **adam(0.0003), steps=200),
    Case("stopped too early", "digits", "convolutions", **sgd(0.01), batch=64, steps=255),
    Case("network too small", "digits", (1,), **adam(0.02), steps=600, cure={"hidden": (32,)}),
    Case("network too small", "digits", (2, 2), **adam(0.01), steps=800, cure={"hidden": (32,)}),
    Case("network too small", "circles", (1,), **adam(0.05), steps=600, cure={"hidden": (32,)}),
    Case("network too small", "circles", (2,), **adam(0.02), steps=600, cure={"hidden": (32,)}),
    Case("network too small", "digits", "narrow", **adam(0.01), batch=64, steps=425, cure={"hidden": "batch norm"}),
    Case("most labels random", "digits", (4,), **adam(0.01), cure={"hidden": (8,)}),
    Case("most labels random", "moons", (4,), **adam(0.01), cure={"hidden": (8,)}),
    Case("most labels random", "breast cancer", (2,), **sgd(0.1), cure={"hidden": (8,)}),
    Case("too few samples", "digits", samples=40, batch=20, **adam(0.01), cure={"samples": None}),
    Case("too few samples", "digits", (64, 64), samples=100, batch=20, cure={"samples": None}),
    Case("too few samples", "moons", samples=20, batch=20, **adam(0.01), cure={"samples": None}),
    Case("too few samples", "breast cancer", samples=20, batch=20, **adam(0.01), cure={"samples": None}),
    Case("too few samples", "digits", "convolutions", samples=60, batch=30, **adam(0.01), cure={"samples": None}),
    Case("trained too long", "diabetes", (64,), **adam(0.01), steps=800),
    Case("trained too long", "diabetes", (16, 16), **adam(0.01), steps=600),
    Case("trained too long", "breast cancer", (64,), **adam(0.01), steps=800),
    Case("all labels random", "digits", (64,), **adam(0.01), steps=600),
    Case("all labels random", "wine", (64,), **adam(0.01), steps=300),
    Case("all labels random", "iris", (64, 64), **adam(0.01), steps=600),
    Case("all labels random", "digits", "batch norm", **adam(0.02), batch=128, steps=450),
    Case("easier validation samples", "digits", (4,), **adam(0.01)),
    Case("easier validation samples", "moons", (16,), **adam(0.01)),
    Case("easier validation samples", "breast cancer", (2,), **sgd(0.1)),
    Case("strong dropout", "digits", (32, 32), dropout=0.5, steps=600),
    Case("strong dropout", "digits", (64,), dropout=0.7, steps=500),
    Case("strong dropout", "wine", (32,), dropout=0.8, steps=300),
    Case("strong dropout", "digits", "dropout", **adam(0.002), batch=64, steps=425),
    Case("five validation samples", "digits", **adam(0.003)),
    Case("five validation samples", "moons", (16,)),
    Case("five validation samples", "wine", (8,), steps=200),
    Case("five validation samples", "diabetes", (8,)),
    Case("none", "digits", **adam(0.003), cure={"hidden": (64,)}),
    Case("none", "wine", (8,), steps=300, cure={"hidden": (64,)}),
    Case("none", "breast cancer", (8,), steps=300, cure={"hidden": (32,)}),
    Case("none", "circles", (16,), **adam(0.02), steps=600, cure={"hidden": (64,)}),
    Case("none", "iris", (8,), **adam(0.01), cure={"hidden": (32,)}),
    Case("none", "digits", "convolutions", **adam(0.01), batch=64, steps=425, cure={"hidden": "batch norm"}),
)


def measure(half: int = REPORTED, cases: Iterable[Case] = CASES) -> list[Row]:
    """A row for each fault, and the three goals."""
    runs, rows = [run for case in cases for run in judge(case, half)], []
    for fault, truth in FAULTS.items():
        counts = Counter(run.kind for run in runs if run.fault == fault)
        rows.append(Row(f"fault: {fault} ({truth})", said(counts)))
    counts = Counter(run.kind for run in runs)
    right, wrong = (100 * counts[kind] / len(runs) for kind in ("right", "wrong"))
    return [
        *rows,
        Row("real runs", said(counts), f"at least {RUNS}", len(runs) >= RUNS),
        at_most("wrong verdicts", wrong, WRONG, "%"),
        Row("right verdicts", f"{right:.3g} %", f"at least {RIGHT} %", right >= RIGHT),
    ]


def said(counts: Counter) -> str:
    """All counts in words."""
    return f"{counts.total()} runs: " + ", ".join(f"{counts[kind]} {kind}" for kind in ("right", UNCLEAR, "wrong"))


def judge(case: Case, half: int) -> Iterator[Judged]:
    """The verdicts on all runs of a case whose fault is confirmed. Each case has a data split of its own."""
    number = next((number for number, known in enumerate(CASES) if known == case), len(CASES))
    data = load(case.data, 100 * half + number, case.fault)
    val = validation(case, data)
    seeds = range(1000 * half, 1000 * half + (LOOPS if isinstance(case.hidden, str) else MEMBERS))
    with nnlab.ensemble.one_thread():
        judged = train(case, data, val, seeds, case.steps)
        confirmed = CHECKS[case.fault](evidence(case, data, judged, seeds))
    network = case.hidden if isinstance(case.hidden, str) else "-".join(map(str, case.hidden))
    for seed, curves, is_there in zip(seeds, judged.curves, confirmed.tolist(), strict=True):
        if is_there:
            verdict = learning_curves(*curves, samples=len(val)).name
            yield Judged(case.fault, case.data, network, seed, FAULTS[case.fault], verdict)


def evidence(case: Case, data: Dataset, judged: Trained, seeds: Iterable[int]) -> Evidence:
    """What the longer and the cured run say."""
    cured = replace(case, **case.cure)
    longer = train(case, data, data.test, seeds, LONGER * case.steps)
    cure = train(cured, data, data.test, seeds, cured.steps)
    fresh = longer.watched[:, : judged.watched.shape[1]]
    half, y = fresh.shape[1] // 2, data.train.y
    chance = y.var() if data.classes is None else torch.distributions.Categorical(y.bincount() / len(y)).entropy()
    losses = Evidence(
        chance=chance,
        train=judged.end,
        noisy_train=judged.noisy_end,
        longer_train=longer.end,
        cured_train=cure.end,
        fresh=fresh[:, -1],
        best_fresh=fresh.amin(1),
        longer_fresh=longer.watched[:, -1],
        cured_fresh=cure.watched[:, -1],
        val=judged.watched[:, -1],
        strayed=judged.start * (judged.watched[:, half:] / fresh[:, half:] - 1).square().mean(1).sqrt(),
    )
    return Evidence(*(value / judged.start for value in losses))


def write() -> None:
    """Store the runs that are reported in the package."""
    with STORED.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Judged._fields)
        table.writerows(run for case in CASES for run in judge(case, REPORTED))


if __name__ == "__main__":
    write()
