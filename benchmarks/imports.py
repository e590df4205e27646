"""What ``import nnlab`` costs, beside a bare interpreter and ``import torch``."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from benchmarks.lab import ROOT
from benchmarks.table import Row, at_most

GOAL = 0.2  # seconds
OURS = "import nnlab, sys; assert 'torch' not in sys.modules"


def measure(repeats: int = 5) -> list[Row]:
    """The seconds that the import adds to a bare interpreter; the three take turns."""
    programs = {
        "bare": "pass",
        "nnlab": "import nnlab, sys; assert 'torch' not in sys.modules",
        "torch": "import torch",
    }
    times = {name: [] for name in programs}
    for _ in range(repeats):
        for name, program in programs.items():
            times[name].append(seconds_for(program))
    bare, ours, theirs = (median(times[name]) for name in programs)
    return [at_most("import nnlab", ours - bare, GOAL, "s", f" (import torch: {theirs - bare:.2f} s)")]


def seconds_for(program: str) -> float:
    """How long an interpreter of its own takes for a program."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
    return time.perf_counter() - started
