"""Run a notebook, and beside it every edit of it: ``python edited_run.py NOTEBOOK EDITS`` prints a report as JSON.

An edit replaces a piece of text in one cell. Before that cell the process forks: the child runs the changed cell, then
those later cells that use what it made, as a student does who runs the cells below again; the parent goes on with the
unchanged notebook. So no edit sees another one, and nothing is computed that no edit can reach.
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
from typing import NamedTuple


class Cell(NamedTuple):
    """A code cell: what it reads of the cells before it, and what it makes or changes."""

    source: str
    reads: set
    binds: set
    makes: set


class Names(ast.NodeVisitor):
    """Collects names in the order in which Python meets them: ``reads`` were not bound before in the same cell."""

    def __init__(self, bound=()):
        self.reads, self.bound, self.changed = set(), set(bound), set()

    def visit_all(self, *nodes):
        for node in nodes:
            for one in node if isinstance(node, list) else [node]:
                if one is not None:
                    self.visit(one)

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.reads.add(node.id)

    def visit_alias(self, node):
        self.bound.add(node.asname or node.name.split(".")[0])

    def visit_ExceptHandler(self, node):
        self.bound.add(node.name)
        self.generic_visit(node)

    def visit_Assign(self, node):
        self.visit_all(node.value, node.targets)
        for target in node.targets:
            self.change(target)

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name):
            self.reads |= {node.target.id} - self.bound
        self.visit_all(node.value, node.target)
        self.change(node.target)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call):
            self.change(node.value.func)  # explorer.set(...), runs.append(...)
        self.generic_visit(node)

    def visit_For(self, node):
        self.visit_all(node.iter, node.target, node.body, node.orelse)

    def visit_FunctionDef(self, node):
        self.bound.add(node.name)
        self.visit_all(node.decorator_list)
        self.visit_inside(node, node.body)

    def visit_Lambda(self, node):
        self.visit_inside(node, [node.body])

    def visit_inside(self, node, body):
        """A function: its arguments and what it assigns are its own."""
        given = node.args
        self.visit_all(given.defaults, given.kw_defaults)
        own = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        inside = Names({argument.arg for argument in own if argument})
        inside.visit_all(body)
        self.reads |= inside.reads - self.bound

    def visit_comprehension_of(self, node):
        outside = set(self.bound)
        for part in node.generators:
            self.visit_all(part.iter, part.target, part.ifs)
        self.visit_all(*([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]))
        self.bound = outside

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_comprehension_of

    def visit_ClassDef(self, node):
        self.bound.add(node.name)
        self.generic_visit(node)

    def change(self, node):
        """``name.method(...)`` and ``name[...] = ...`` change what ``name`` holds."""
        root = node
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if isinstance(root, ast.Name) and root is not node:
            self.changed |= {root.id} - {"nnlab", "torch", "plt", "ax", "axes"}


def cell(source):
    """A cell with its names."""
    found = Names()
    found.visit(ast.parse(source))
    return Cell(source, found.reads, found.bound, found.bound | found.changed)


def code_cells(path):
    """The code cells, without the set-up of Colab, which does nothing here, and without exercises and answers."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    sources = ["".join(one["source"]) for one in cells if one["cell_type"] == "code"]
    return [cell(source) for source in sources if "google.colab" not in source and "nnlab.check(" not in source]


def place(cells, old):
    """The number of the one cell that holds ``old`` once."""
    found = [k for k, one in enumerate(cells) for _ in range(one.source.count(old))]
    if len(found) != 1:
        raise LookupError(f"an edit must name text that stands in the notebook once. Got {old!r}, in cells {found}.")
    return found[0]


def touched(cells, k, edited):
    """The edited cell, the later cells that use what it made or what those made, and what these need on their way."""
    chosen, changed = {}, set(edited.makes)
    for place, later in enumerate(cells[k + 1 :], start=k + 1):
        if later.reads & changed:
            chosen[place] = later
            changed |= later.makes
        else:
            changed -= later.binds
    between = needed(cells, {place: [later] for place, later in chosen.items()})
    return [edited, *(cells[place] for place in sorted(chosen.keys() | between) if place > k)]


def needed(cells, children):
    """Which cells have to run, so that the children, cells by the number of the cell before which they start, find
    every name that they read."""
    wanted, chosen = set(), set()
    for k in range(len(cells) - 1, -1, -1):
        if cells[k].makes & wanted:
            chosen.add(k)
            wanted = wanted - cells[k].binds | cells[k].reads
        wanted |= {name for one in children.get(k, ()) for name in one.reads}
    return chosen


def run_cell(shell, source):
    """Run a cell as Jupyter would; returns None, or what a student sees of the exception."""
    import matplotlib.pyplot as plt

    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        result = shell.run_cell(source)
        plt.close("all")
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return None
    numbers = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if "ipython-input" in entry.filename]
    line = source.splitlines()[numbers[0] - 1].strip() if numbers else source.splitlines()[0]
    return f"{type(error).__name__}: {error} at {line!r}"


def in_child(shell, cells):
    """Run cells in a fork of this process; returns the first exception in words, or None."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        report = "the process ended"
        try:
            report = next(filter(None, (run_cell(shell, one.source) for one in cells)), None)
        except BaseException as error:  # a child must never go on as a second parent
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
    cells = code_cells(path)
    os.chdir(Path(path).parent)
    places = [place(cells, old) for old, _ in edits]
    edited = [cell(cells[k].source.replace(*edit)) for k, edit in zip(places, edits, strict=True)]
    children = [touched(cells, k, one) for k, one in zip(places, edited, strict=True)]
    starts = {
        k: [one for where, child in zip(places, children, strict=True) if where == k for one in child] for k in places
    }
    wanted = needed(cells, starts)
    shell, reports = InteractiveShell.instance(), [None] * len(edits)
    for k, one in enumerate(cells):
        for number in (number for number, where in enumerate(places) if where == k):
            start = time.perf_counter()
            reports[number] = in_child(shell, children[number])
            print(f"{time.perf_counter() - start:5.1f} s {edits[number]}: {reports[number]}", file=sys.stderr)
        failed = run_cell(shell, one.source) if k in wanted else None
        if failed:
            raise RuntimeError(f"the unchanged notebook fails: {failed}")
    return reports


if __name__ == "__main__":
    answer = main(sys.argv[1], json.loads(sys.argv[2]))
    print(json.dumps(answer))
