"""Does the checkup name the fault of every patient, and leave healthy networks alone? ``python -m benchmarks checkup``.

Twenty seeds of each of the ten patients, of their cured twins, and of the healthy networks: other data splits, other
first weights. The suite does the same with one.
"""

from __future__ import annotations

import torch

import nnlab
from benchmarks.healthy_networks import NETWORKS
from benchmarks.table import Row

__all__ = ["measure", "measure_cured", "measure_healthy", "measure_patient"]

SHARE = 0.95  # of the seeds for which the diagnosis must be right


def measure(seeds: int = 20) -> list[Row]:
    """One row for each patient, for each cured twin, and for each healthy network."""
    numbers = range(1, 11)
    rows = [measure_patient(number, range(seeds)) for number in numbers]
    rows += [measure_cured(number, range(seeds)) for number in numbers]
    return rows + [measure_healthy(name, range(seeds)) for name in NETWORKS]


def measure_patient(number: int, seeds) -> Row:
    """How often a patient's fault is the diagnosis."""
    patients = [nnlab.clinic.patient(number, seed) for seed in seeds]
    others = [found for p in patients if (found := p.checkup().diagnosis) != p.fault]
    right = len(patients) - len(others)
    also = f"; else {', '.join(sorted(set(others)))}" if others else ""
    what = f"patient {number}, {patients[0].fault}, named"
    return Row(what, f"{right} of {len(patients)}{also}", f"at least {SHARE:.0%}", right >= SHARE * len(patients))


def measure_cured(number: int, seeds) -> Row:
    """How many alarms there are for the same patients without their fault."""
    twins = [nnlab.clinic.cure(nnlab.clinic.patient(number, seed)) for seed in seeds]
    return alarms_of(f"patient {number}, cured", [twin.checkup() for twin in twins])


def measure_healthy(name: str, seeds) -> Row:
    """How many alarms there are for a healthy network."""
    reports = []
    for seed in seeds:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model, data, loss = NETWORKS[name](seed)
        reports.append(nnlab.checkup(model, data, loss=loss, optimizer=adam, seed=seed))
    return alarms_of(f"{name.replace('_', ' ')}, healthy", reports)


def alarms_of(what: str, reports) -> Row:
    """One row with all alarms of some reports, of which there should be none."""
    alarms = [alarm.fault for report in reports for alarm in report.alarms]
    seen = f"{len(alarms)} in {len(reports)} reports" + (f": {', '.join(sorted(set(alarms)))}" if alarms else "")
    return Row(f"{what}, alarms", seen, "none", not alarms)


def adam(model):
    """An optimizer that suits all of them."""
    return torch.optim.Adam(model.parameters(), lr=1e-3)
