"""Notebooks as reproducible builds: run them in a clean kernel and store what they showed.

``python3 -m nnlab refresh`` refreshes all notebooks, ``refresh 06`` those whose names start so,
``refresh own`` those in ``notebooks/own``.
"""

import asyncio
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

from nnlab.commands.generated.launch import fill, repository, stored
from nnlab.commands.notebook_files import NotebookError, complaint, normalise, read, text_of, write
from nnlab.commands.pictures import changed_pictures
from nnlab.commands.start.environment import ROOT
from nnlab.stage.logbook import SETTING

__all__ = ["FOLDER", "MEASURE", "execute", "find_notebooks", "main", "refresh", "state_cost"]

FOLDER = ROOT / "notebooks"
CELL_TIMEOUT = 120  # seconds
COST_LINE = re.compile(r"^\*\*Cost\*\*:.*$", re.MULTILINE)
COST_NUMBERS = re.compile(r"about (\d+) s of CPU, (\d+) MB of memory")

# Peak memory comes from VmHWM where there is one: ru_maxrss also counts the process that started the kernel.
# Windows has neither; psutil is there, because ipykernel needs it.
MEASURE = """\
import json as _json, re as _re, sys as _sys
if _sys.platform == "win32":
    import psutil as _psutil
    _used, _peak = _psutil.Process().cpu_times(), _psutil.Process().memory_info().peak_wset / 1e6
    _used = _used.user + _used.system
else:
    import resource as _resource
    _used = _resource.getrusage(_resource.RUSAGE_SELF)
    _peak = _used.ru_maxrss / (1e6 if _sys.platform == "darwin" else 1e3)
    _used = _used.ru_utime + _used.ru_stime
if _sys.platform == "linux":
    _peak = int(_re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) * 1.024e-3
print(_json.dumps([_used, _peak]))
"""


def refresh(paths=None):
    """Execute notebooks in clean kernels and store their outputs in normal form.

    `paths` are notebook files, names, or the beginnings of names such as ``"06"``; None means all. Returns the paths
    that changed, and prints which of their pictures did, and how much. Raises `NotebookError` when a cell fails, writes
    to stderr, prints a memory address, or the file would be too large; that notebook is then left as it was.
    """
    changed = []
    for path in find_notebooks(paths):
        notebook, seconds, megabytes = execute(path)
        normalise(notebook)
        state_cost(notebook, seconds, megabytes)
        reason = complaint(notebook)
        if reason:
            raise NotebookError(f"{path.name} was not stored: {reason}")
        for change in changed_pictures(read(path), notebook):
            print(f"{path.name}: {change}", flush=True)
        is_new = write(path, notebook)
        changed += [path] if is_new else []
        size = path.stat().st_size / 1000
        state = "written" if is_new else "unchanged"
        print(f"{path.name}: {state}, {seconds:.1f} s of CPU, {megabytes:.0f} MB, {size:.0f} kB", flush=True)
    return changed


def find_notebooks(wanted=None):
    """The notebook files meant by `wanted`: paths, names, or the beginnings of names; None means all."""
    known = stored()
    if not wanted:
        return known
    found = []
    for name in map(str, wanted):
        path = Path(name)
        matches = (
            [path]
            if path.suffix == ".ipynb" and path.is_file()
            else [p for p in known if p.name.startswith(name) or _name(p).startswith(name)]
        )
        if not matches:
            raise NotebookError(
                f"There is no notebook {name!r}. In {FOLDER}: {', '.join(p.stem for p in known) or 'none'}."
            )
        found += [match for match in matches if match not in found]
    return found


def execute(path, first="", patience=CELL_TIMEOUT):
    """Run the notebook in `path` in a clean kernel of this interpreter, in its own folder, after the code `first`.

    Returns the notebook with fresh outputs, the CPU seconds and the peak memory in MB of its kernel.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    path = Path(path)
    notebook = nbformat.from_dict(read(path))
    fill(notebook, repository(), _name(path))
    for cell in notebook.cells:
        cell.source = text_of(cell.source)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    notebook.cells.append(nbformat.v4.new_code_cell(MEASURE))
    try:
        client = _client(notebook, path.resolve().parent, patience)
        unrecorded = {**os.environ, SETTING: "off"}  # what a student has solved is no part of a notebook
        quiet = {"stderr": subprocess.DEVNULL, "env": unrecorded}  # start-up warnings of ipykernel
        asyncio.run(client.async_execute(cleanup_kc=True, **quiet))
    except CellExecutionError as error:
        raise NotebookError(f"{path.name} was not stored: {_failed_cell(notebook)}") from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(f"{path.name} was not stored: {str(error).splitlines()[0]}") from error
    seconds, megabytes = json.loads(notebook.cells.pop().outputs[0].text)
    del notebook.cells[0]
    return json.loads(json.dumps(notebook)), seconds, megabytes


def _name(path):
    """What a notebook is called in the folder of notebooks: with "own/" before it, if it lies there."""
    path = path.resolve()
    return path.relative_to(FOLDER).as_posix() if path.is_relative_to(FOLDER) else path.name


def _client(notebook, folder, patience):
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    this_interpreter = KernelSpecManager(kernel_dirs=[])
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=this_interpreter)
    return NotebookClient(
        notebook,
        km=kernel,
        timeout=patience,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )


def state_cost(notebook, seconds, megabytes):
    """Keep the cost line of the first text cell true: rewritten when off by more than a factor of two, or absent."""
    first = next((cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"), None)
    if first is None:
        return
    source = text_of(first["source"])
    measured = (max(1, math.ceil(seconds)), math.ceil(megabytes / 10) * 10)
    stated = COST_NUMBERS.search(source)
    if stated and all(0.5 <= now / int(then) <= 2 for now, then in zip(measured, stated.groups(), strict=True)):
        return
    line = "**Cost**: about {} s of CPU, {} MB of memory.".format(*measured)
    first["source"] = COST_LINE.sub(line, source) if COST_LINE.search(source) else f"{source.rstrip()}\n\n{line}"


def _failed_cell(notebook):
    for number, cell in enumerate(notebook.cells):  # the first one is ours, see `execute`
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                return f"cell {number} (In [{cell.execution_count}]) fails with {output.ename}: {output.evalue}"
    return "a cell fails"


def main(arguments):
    """Refresh the notebooks that are named, or all; returns the exit code."""
    try:
        refresh(arguments)
    except NotebookError as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
