"""Run a notebook once, and beside it every edit of it: ``python edited_run.py NOTEBOOK EDITS`` prints a JSON report.

An edit changes one cell. Before that cell the process forks: the child runs the changed cell, then those later cells
that use what it made, as a student would who runs the cells below again; the parent goes on with the unchanged
notebook. So no edit sees another one, and nothing is computed twice that an edit cannot reach.
"""

import ast
import contextlib
import io
import json
import os
import sys
import time
import traceback
from pathlib import Path


def code_cells(path):
    """The sources of the code cells, without the set-up of Colab, which does nothing here."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [source for source in sources if "google.colab" not in source]


def place(sources, old):
    """The number of the one cell that holds ``old`` once."""
    found = [k for k, source in enumerate(sources) if old in source]
    if len(found) != 1 or sources[found[0]].count(old) != 1:
        raise LookupError(f"an edit must name text that stands in one cell, once. Got {old!r}: cells {found}.")
    return found[0]


def names(source):
    """What a cell reads, and what it makes or changes: new names, and what it assigns into or calls a method of."""
    reads, makes = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (reads if isinstance(node.ctx, ast.Load) else makes).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            makes.add(node.name)
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            makes |= owner(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            makes |= owner(node.value.func)
    return reads, makes - {"nnlab", "torch", "plt"}


def owner(node):
    """The name at the root of ``name.attribute[index]``; none when it is a plain name."""
    root = node
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    return {root.id} if isinstance(root, ast.Name) and root is not node else set()


def touched(sources, first, edited):
    """The edited cell, and the later cells that use what it made, or what those made."""
    changed = names(edited)[1]
    chosen = [edited]
    for source in sources[first + 1 :]:
        reads, makes = names(source)
        if reads & changed:
            chosen.append(source)
            changed |= makes
    return chosen


def run_cell(shell, source):
    """Run a cell as Jupyter would; returns None, or what the student would see of the exception."""
    import matplotlib.pyplot as plt

    with contextlib.redirect_stdout(io.StringIO()) as shown:
        result = shell.run_cell(source)
        plt.close("all")
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return None
    line = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if "ipython-input" in entry.filename]
    where = source.splitlines()[line[0] - 1].strip() if line else ""
    return f"{type(error).__name__}: {error} [{where}]" + ("" if shown.getvalue() else " (and nothing was printed)")


def in_child(shell, cells):
    """Run cells in a fork of this process; returns the first exception in words, or None."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        report = "the process ended"
        try:
            os.close(out)
            report = next(filter(None, (run_cell(shell, source) for source in cells)), None)
        except BaseException as error:  # a child must never come back as a second parent
            report = repr(error)
        finally:
            os.write(into, json.dumps(report)[:60_000].encode())
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        report = pipe.read()
    os.waitpid(child, 0)
    return json.loads(report) if report else "the process was killed"


def main(path, edits):
    """Report what each edit, a pair of old and new text, ends with: an exception in words, or None."""
    import torch
    from IPython.core.interactiveshell import InteractiveShell

    torch.set_num_threads(1)  # a fork of several threads may wait for ever
    os.chdir(Path(path).parent)
    sources = code_cells(path)
    places = [place(sources, old) for old, _ in edits]
    shell, reports = InteractiveShell.instance(), [None] * len(edits)
    for k, source in enumerate(sources[: max(places) + 1]):
        for number, (old, new) in enumerate(edits):
            if places[number] == k:
                start = time.perf_counter()
                reports[number] = in_child(shell, touched(sources, k, source.replace(old, new)))
                print(f"{time.perf_counter() - start:5.1f} s  {old!r} -> {new!r}: {reports[number]}", file=sys.stderr)
        if k == max(places):
            break
        failed = run_cell(shell, source)
        if failed:
            raise RuntimeError(f"the unchanged notebook fails: {failed}")
    return reports


if __name__ == "__main__":
    answer = main(sys.argv[1], json.loads(sys.argv[2]))
    print(json.dumps(answer))
