"""The notebooks of the course, for which some rules hold alone, and the rules that hold for those of a fork, too."""

import re

from nnlab.commands.notebook_files import complaint, text_of
from nnlab.commands.start.environment import ROOT
from nnlab.exercises import NOTEBOOKS as NAMES

NOTEBOOKS = [ROOT / "notebooks" / f"{number}_{name}.ipynb" for number, name in NAMES.items()]
DRAWS = re.compile(
    r"\btorch\.rand(n|int|perm)?\(|\b(np|numpy)\.random\.\w+\(|\brandom\.(random|choice|gauss|shuffle)\("
)
SEEDED = re.compile(r"seed\(\d|default_rng\(\d|generator=|\bseed=")


def broken_rules(notebook):
    """What is wrong with a stored notebook, whoever wrote it: a sentence each."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and text_of(cell["source"]).strip()]
    sources = "\n".join(text_of(cell["source"]) for cell in code)
    found = [complaint(notebook)]  # a failed explorer, stderr, a memory address, size
    for cell in code:
        found += [f"a cell fails: {out['ename']}" for out in cell["outputs"] if out["output_type"] == "error"]
    if [cell["execution_count"] for cell in code] != list(range(1, len(code) + 1)):
        found.append("outputs are not stored, or not those of a run from top to bottom: python3 -m nnlab refresh own")
    if DRAWS.search(sources) and not SEEDED.search(sources):
        found.append("it draws random numbers without a seed")
    return list(filter(None, found))
