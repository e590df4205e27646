"""Memory of eight kernels at once, a notebook in each: what a server needs for eight students."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import nbformat
import psutil
from nbclient import NotebookClient

from benchmarks.lab import ROOT
from benchmarks.table import Row, at_most

KERNELS, MEGABYTES = 8, 4000
EVERY = 0.5  # seconds between two looks


def measure(paths: Sequence[Path] | None = None) -> list[Row]:
    """The largest sum while all of them run, until the last one has ended; pages that kernels share count once."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))[1 : 1 + KERNELS] if paths is None else paths
    kernels: list[int] = []
    largest, gate = 0.0, Barrier(len(paths) + 1)
    with ThreadPoolExecutor(len(paths)) as pool:
        runs = [pool.submit(run, path, kernels, gate) for path in paths]
        while gate.n_waiting < len(paths) and not any(one.done() for one in runs):
            largest = max(largest, sum(megabytes(pid) for pid in kernels))
            time.sleep(EVERY)
        largest = max(largest, sum(megabytes(pid) for pid in kernels))
        if gate.n_waiting < len(paths):
            gate.abort()  # one of them failed: its error is raised below
        else:
            gate.wait()
        for one in runs:
            one.result()
    details = f", {largest / len(paths):.0f} MB for each"
    return [at_most(f"memory of {len(paths)} kernels at once", largest, MEGABYTES, "MB", details)]


def run(path: Path, kernels: list[int], gate: Barrier) -> None:
    """Run all cells in a thread with an event loop of its own."""
    asyncio.run(run_cells(path, kernels, gate))


async def run_cells(path: Path, kernels: list[int], gate: Barrier) -> None:
    """Run all cells, and keep the kernel until all others are there, too."""
    client = NotebookClient(
        nbformat.read(path, as_version=4), timeout=600, resources={"metadata": {"path": path.parent}}
    )
    async with client.async_setup_kernel():
        kernels.append(client.km.provisioner.pid)
        for index, cell in enumerate(client.nb.cells):
            await client.async_execute_cell(cell, index)
        gate.wait()


def megabytes(pid: int) -> float:
    """Memory of a process and its children: on Linux a page that n of them share counts as 1/n of a page in each."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            used = one.memory_full_info()
            total += getattr(used, "pss", used.rss)
    except psutil.NoSuchProcess:
        return total / 1e6
    return total / 1e6
