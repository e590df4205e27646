"""A sentence that names a winner or a direction stands beside a cell that would contradict it.

Beside means: within three cells there is an assertion, nnlab.compare, or a prediction whose reason is printed.
Questions, the list of what you will learn and the summary (which repeat what was shown) are left out.
"""

import re

import nbformat
import pytest
from ours import NOTEBOOKS

VERDICT = re.compile(
    r"\b(better|worse|faster|slower|wins?|won|beats?|loses?|lost|more accurate|as good as|helps?|hurts?|harms?|"
    r"no difference|catch(?:es)? up)\b",
    re.IGNORECASE,
)
PROOF = re.compile(r"\bassert\b|\bcompare\(|because=")
REACH = 3
NOT_A_VERDICT = {  # sentences about something else than runs
    "12_normalization_and_clipping": ("no difference between training and evaluation",),
}


def sentences(text):
    """The sentences of a text cell that are no questions and do not only name a hint."""
    text = re.sub(r"\[[^\]]*\]\([^)]*\)", "", text)  # the titles of other notebooks
    for sentence in re.split(r"(?<=[.!?:])\s+|\n\n|\n- ", text):
        if not sentence.rstrip().endswith("?") and "nnlab.hint(" not in sentence:
            yield " ".join(sentence.split())


def without_proof(notebook, allowed=()):
    """Sentences with a verdict that no cell near them would contradict."""
    for at, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown" or at == 0 or cell.source.startswith("## Summary"):
            continue
        near = notebook.cells[max(0, at - REACH) : at + REACH + 1]
        if any(PROOF.search(other.source) for other in near if other.cell_type == "code"):
            continue
        for sentence in sentences(cell.source):
            if VERDICT.search(sentence) and not any(words in sentence for words in allowed):
                yield sentence


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_verdict_stands_beside_its_proof(path):
    allowed = NOT_A_VERDICT.get(path.stem, ())
    assert list(without_proof(nbformat.read(path, as_version=4), allowed)) == []


def cells(text, code):
    markdown, python = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    return nbformat.v4.new_notebook(
        cells=[markdown("# Which?"), python(code), markdown(text), markdown("## Summary\nA wins.")]
    )


def test_a_verdict_without_proof_is_found():
    text = "Which one is better?\n\nAdam beats SGD on every split. It needs more memory."
    assert list(without_proof(cells(text, "print(accuracy)"))) == ["Adam beats SGD on every split."]
    assert list(without_proof(cells(text, "print(nnlab.compare(adam, sgd))"))) == []
    assert list(without_proof(cells(text, "assert adam < sgd"))) == []
