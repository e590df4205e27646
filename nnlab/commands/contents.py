"""The table of contents in README.md, made from the notebooks: question, reading time, exercises.

Reading time: 200 words a minute (readers of a foreign language; natives read 238, Brysbaert 2019), half a minute for
each visible cell of code, two minutes for each picture with controls. Exercises are counted apart. Standard library
only.
"""

import math
import re

from nnlab.commands.environment import ROOT
from nnlab.commands.notebook_files import read, text_of, texts_of

__all__ = ["contents", "minutes", "row", "shown", "table"]

TABLE = re.compile(r"(?<=<!-- contents -->\n).*?(?=<!-- /contents -->)", re.DOTALL)
HEAD = "| notebook | question | reading | exercises |\n| --- | --- | --- | --- |\n"


def contents(root=ROOT):
    """Write the table into README.md; returns its path, or None if it says the same already."""
    path = root / "README.md"
    old = path.read_text(encoding="utf-8")
    new = TABLE.sub(lambda _: table(root), old)
    if new == old:
        return None
    path.write_text(new, encoding="utf-8")
    return path


def table(root=ROOT):
    """The whole table as Markdown, one row for each notebook."""
    paths = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return HEAD + "".join(row(path.stem, read(path)) for path in paths)


def row(stem, notebook):
    """One line of the table: link, title, minutes, exercises."""
    texts = texts_of(notebook)
    title = next(line[2:] for line in texts[0].splitlines() if line.startswith("# "))
    checks = {id for cell in shown(notebook) for id in re.findall(r'nnlab\.check\("([\d.]+)"', cell)}
    return f"| [{stem}](notebooks/{stem}.ipynb) | {title} | {minutes(notebook)} min | {len(checks)} |\n"


def minutes(notebook):
    """Reading time of a notebook, in minutes, rounded up to five."""
    cells = shown(notebook)
    pictures = sum("explorers." in cell or "live_training(" in cell for cell in cells)
    return 5 * math.ceil(
        (sum(len(text.split()) for text in texts_of(notebook)) / 200 + len(cells) / 2 + 2 * pictures) / 5
    )


def shown(notebook):
    """The sources of the code cells that are not folded."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [text_of(c["source"]) for c in cells if not c["metadata"].get("jupyter", {}).get("source_hidden")]
