"""What the notebooks claim, rechecked where nobody looked: with other data splits and other seeds.

``python -m benchmarks claims 06 09 --splits 5`` executes the notebooks in kernels whose random numbers are other ones,
and lists every printed word, failing cell and answer of a prediction that changes. Digits may change, words may not:
numbers are compared as "#".

How: a first cell replaces three sources of random numbers before nnlab is imported. ``torch.Generator.manual_seed``
(first weights, mini-batches, dropout, noise, and what a notebook draws itself), ``numpy.random.default_rng`` and
scikit-learn's ``train_test_split`` get a seed that is shifted by 1,000 for each split. So ``seeds=range(16)`` keeps its
names, ``select(seed=3)`` works, and runs that shared their seeds still do.

Its limits: the curves of ``curve_families`` keep their seeds, because the quiz of notebook 09 has fixed answers; so do
``torch.manual_seed`` and make_moons. A claim that no cell prints and no assertion holds, such as the answer of a
prediction that is typed and not computed, is not seen. A wrong verdict that stays the same in all splits is not seen
either. And a sentence that names a number is compared without it: the text around must hold for any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from benchmarks.lab import ROOT
from benchmarks.table import Row

__all__ = ["changes", "find", "measure", "said"]

SHIFT = 1000
NUMBER = re.compile(r"[+-]?(\d+(,\d{3})*(\.\d+)?(e[+-]?\d+)?|\binf\b)%?")
LIST = re.compile(r"#(, #)+")
OTHER_NUMBERS = """
import sys
import numpy as np
import sklearn.model_selection
import torch

class OtherGenerator(torch.Generator):
    def manual_seed(self, seed):
        return super().manual_seed(seed + {shift})

def other_rng(seed=None, _rng=np.random.default_rng):
    fixed = seed is None or sys._getframe(1).f_globals.get("__name__") == "nnlab.analysis.curves.curve_families"
    return _rng(seed if fixed else [*np.atleast_1d(seed), {shift}])

def other_split(*arrays, random_state, _split=sklearn.model_selection.train_test_split, **settings):
    return _split(*arrays, random_state=random_state + {shift}, **settings)

torch.Generator, np.random.default_rng = OtherGenerator, other_rng
sklearn.model_selection.train_test_split = other_split
"""
ANSWERS = """
import nnlab

def told(*question, _predict=nnlab.predict, **settings):
    print("the answer is:", settings["answer"])
    return _predict(*question, **settings)

nnlab.predict = told
"""


def measure(names: list[str] = (), splits: int = 5) -> list[Row]:
    """One row for each notebook and split: how many claims change, and which."""
    return [row for path in find(names) for row in recheck(path, splits)]


def find(names: list[str]) -> list[Path]:
    """The notebooks whose names begin so; all if none is named."""
    stored = sorted((ROOT / "notebooks").glob("*.ipynb"))
    found = [path for path in stored if not names or path.name.startswith(tuple(names))]
    if not found:
        raise ValueError(f"notebooks must begin with a known number. Got {', '.join(names)}. Try {stored[0].name[:2]}.")
    return found


def recheck(path: Path, splits: int) -> Iterator[Row]:
    """The rows of one notebook."""
    stored = said(path)
    for split in range(1, splits + 1):
        found = changes(stored, said(path, split))
        for where, what in found:
            print(f"{path.stem[:2]}{where} split {split}: {what}", flush=True)
        yield Row(f"{path.stem}: split {split}", f"{len(found)} changes", "0 changes", not found)


def said(path: Path, split: int = 0) -> list[str]:
    """What every cell of a notebook says with the random numbers of ``split``, as text; 0 is as it is stored."""
    notebook = nbformat.read(path, as_version=4)
    code = OTHER_NUMBERS.format(shift=SHIFT * split) + ANSWERS if split else ANSWERS
    notebook.cells.insert(0, nbformat.v4.new_code_cell(code))
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=300, allow_errors=True, resources=resources).execute()
    return ["".join(texts(cell)) for cell in notebook.cells[1:]]


def texts(cell) -> Iterator[str]:
    """Everything that the outputs of a cell say in words; a stream comes in pieces that end anywhere."""
    for output in cell.get("outputs", ()):
        if output.output_type == "stream" and output.name == "stdout":
            yield output.text
        elif output.output_type == "error":
            yield f"\n{output.ename}: {output.evalue or cell.source.strip().splitlines()[-1]}\n"
        elif "data" in output:
            yield f"\n{output.data.get('text/plain', '')}\n"


def changes(stored: list[str], now: list[str]) -> list[tuple[str, str]]:
    """The cells, as "[12]", and the lines that say something else than what is stored."""
    found = []
    for number, (old, new) in enumerate(zip(stored, now, strict=True)):
        before, after = ([words(line) for line in text.splitlines() if line.strip()] for text in (old, new))
        if before != after:
            new_lines = [line.strip() for line in new.splitlines() if line.strip()]
            other = [line for line, old_words in zip_longest(new_lines, before) if line and words(line) != old_words]
            found.append((f"[{number}]", " | ".join(other) or "lines are missing"))
    return found


def words(line: str) -> str:
    """A line without its digits, the length of its lists of numbers, and its spacing."""
    return LIST.sub("#", " ".join(NUMBER.sub("#", line).split()))
