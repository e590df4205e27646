"""Each notebook: seconds for *Run all*, peak memory of its kernel, size of the stored file."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from benchmarks.lab import ROOT
from benchmarks.table import Row, at_most

SECONDS, MEGABYTES, KILOBYTES = 30, 700, 300
# VmHWM is what ru_maxrss should be: on Linux ru_maxrss also counts the process that started the kernel.
PEAK = """
import os, resource
if os.path.exists("/proc/self/status"):
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measure() -> list[Row]:
    """Three rows for each stored notebook."""
    return [row for path in sorted((ROOT / "notebooks").glob("*.ipynb")) for row in measure_one(path)]


def measure_one(path: Path) -> list[Row]:
    """Run a copy, with one more cell that asks for the peak memory."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    started = time.perf_counter()
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    seconds = time.perf_counter() - started
    megabytes = int(notebook.cells[-1].outputs[0]["text"]) / 1024
    return [
        at_most(f"{path.stem}: run all", seconds, SECONDS, "s"),
        at_most(f"{path.stem}: peak memory", megabytes, MEGABYTES, "MB"),
        at_most(f"{path.stem}: stored file", path.stat().st_size / 1000, KILOBYTES, "kB"),
    ]
