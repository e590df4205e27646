"""Cells: what a reader without a kernel gets: folded answers, words for every picture, and where a slide begins."""

import re

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from nnlab.commands.notebook_files import text_of

__all__ = ["Prepared", "words_for"]

FOLDED = {"setup": "Set-up for Colab and Kaggle", "solution": "Solution", "answer": "The answer"}
TITLE = re.compile(r'title(?:="|\("|": ")([^"{}]+)"')
WIDGET = re.compile(r"\w+\(children=\(")  # how ipywidgets name what only lives in JupyterLab


class Prepared(Preprocessor):
    """The cells of a notebook, marked for the template.

    ``metadata.folded`` is (kind, summary) of what opens on a click, ``metadata.slide`` the number of the slide that
    begins at a cell. A prediction becomes two cells, the question and its answer.
    """

    def preprocess(self, nb, resources):
        """The notebook with these marks; ``resources`` learns its title."""
        nb.cells = [part for cell in nb.cells for part in marked(cell)]
        number_slides(nb.cells)
        heading = next((line for c in nb.cells for line in c.source.splitlines() if line.startswith("# ")), "")
        resources["title"] = heading.removeprefix("# ") or resources["metadata"]["name"]
        return nb, resources


def marked(cell: NotebookNode) -> list[NotebookNode]:
    """The cell with its marks; the question of a prediction stands before it as a cell of text."""
    cell.metadata = NotebookNode(cell.metadata)
    if cell.cell_type != "code":
        return [cell]
    cell.outputs = [output for output in cell.outputs if not WIDGET.match(plain(output))]
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            told = output.metadata.setdefault("image/png", NotebookNode())
            told["alt"] = told.get("alt") or words_for(cell.source)
    kind = kind_of(cell)
    if kind:
        cell.metadata["folded"] = NotebookNode(kind=kind, summary=FOLDED[kind])
    asked = [output for output in cell.outputs if kind == "answer" and "text/markdown" in output.get("data", {})]
    cell.outputs = [output for output in cell.outputs if output not in asked]
    return [*(new_markdown_cell(text_of(output.data["text/markdown"])) for output in asked), cell]


def kind_of(cell: NotebookNode) -> str:
    """Why a cell is folded, or ""."""
    tags = cell.metadata.get("tags", [])
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return next((kind for kind in FOLDED if kind in tags), "answer" if hidden else "")


def words_for(source: str) -> str:
    """What a picture shows that carries no sentence of its own: the titles that its code gives it.

    >>> words_for('ax.set(xlabel="step", title="four ways to slow down")')
    'A plot: four ways to slow down.'
    >>> words_for("plt.show()")
    'A plot: the code before it draws it, and the text around it says what to see.'
    """
    titles = TITLE.findall(source)
    return f"A plot: {'; '.join(titles) or 'the code before it draws it, and the text around it says what to see'}."


def plain(output: NotebookNode) -> str:
    """An output as plain text, where it is nothing else."""
    data = output.get("data", {})
    return text_of(data["text/plain"]) if set(data) == {"text/plain"} else ""


def number_slides(cells: list[NotebookNode]) -> None:
    """Mark where slides begin: where the author says so, or at every text, at every picture, and after every answer.

    What the author marks as skipped or as notes is on no slide, and neither is the set-up for other places.
    """
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in cells]
    chosen = any(kind != "-" for kind in kinds)
    count, answered = 0, False
    for cell, kind in zip(cells, kinds, strict=True):
        folded = cell.metadata.get("folded", {}).get("kind")
        cell.metadata["skipped"] = kind in ("skip", "notes") or folded == "setup"
        own = cell.cell_type == "markdown" or has_picture(cell) or answered
        begins = kind in ("slide", "subslide") if chosen else own
        if not cell.metadata.skipped and (begins or not count):
            count += 1
            cell.metadata["slide"] = count
        answered = folded == "answer"


def has_picture(cell: NotebookNode) -> bool:
    """Whether a cell shows one at once."""
    shown = [] if "folded" in cell.metadata else cell.get("outputs", [])
    return any("image/png" in output.get("data", {}) for output in shown)
