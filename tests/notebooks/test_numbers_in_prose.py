"""Every number in a text stands in an output or a setting of its notebook, in a citation, or in a list with its source.

The list is numbers.toml. A number counts as printed when an output of the notebook rounds to it; so a text may say
0.79 where a cell prints 0.786, and may not say 77.7 where none does.
"""

import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from ours import NOTEBOOKS

LISTED = tomllib.loads((Path(__file__).parent / "numbers.toml").read_text(encoding="utf-8"))

NUMBER = re.compile(r"(?<![\w.])(\d+(?:[,_]\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?)(\s*\\?%)?")
PLACES = r"(?:sections?|eq\.|equations?|figures?|chapters?|theorem|algorithms?|[Nn]otebooks?|[Ee]xercises?)"
NOT_A_RESULT = re.compile(
    "|".join(
        (
            r"\([^()]*\b(?:1[89]|20)\d\d\b[^()]*\)",  # (Nielsen 2015, chapter 3)
            r"[A-Z][\w&. ]* (?:1[89]|20)\d\d\b",  # Hastie et al. 2009
            PLACES + r"\s+\d[\d.]*(?:(?:\s*\([^)]*\))?,?\s*(?:and|to|,)\s*\d[\d.]*)*",  # notebooks 01 to 06
            r"(?:\[\d\d [^\]]*)?\]\([^)]*\)",  # [06 What does each optimizer remember?](06_optimizers.ipynb)
            r"^\d+\. ",  # the numbers of a list
            r"\*\*(?:You need|Cost|Time)\*\*.*",  # measured by the commands refresh and contents
            r"_\{\w+\}",  # an index in a formula
            r"`[^`]*\([^`]*`",  # a call to try: `quiz(seed=13)`
        )
    ),
    re.MULTILINE,
)


def numbers(text):
    """Every number of a text as (as it is written, its value, whether it is a percentage)."""
    return {(found, float(re.sub("[,_]", "", found)), bool(percent)) for found, percent in NUMBER.findall(text)}


def shown(cells):
    """The numbers that code cells set or print."""
    known = set()
    for cell in cells:
        texts = [cell.source]
        for output in cell.get("outputs", []):
            texts += [output.text] if "text" in output else []
            texts += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
        known |= {value for _, value, _ in numbers("\n".join(texts))}
    return known


def is_known(written, value, percent, known):
    """Whether one of the known numbers, or for a percentage a known share, rounds to the written one."""
    decimals = len(written.partition(".")[2]) if "e" not in written else 12
    scales = (1, 100) if percent else (1,)
    return any(round(scale * number, decimals) == value for number in known for scale in scales)


def without_source(notebook, listed=()):
    """Numbers in the texts of a notebook that it neither prints nor sets, with the words around them."""
    known = shown(cell for cell in notebook.cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = NOT_A_RESULT.sub(" ", cell.source)
            for written, value, percent in sorted(numbers(text)):
                if written not in listed and not is_known(written, value, percent, known):
                    at = text.index(written)
                    yield written, " ".join(text[max(0, at - 60) : at + 40].split())


def a_notebook(text, code="lr = 0.3", printed="loss 0.786 after 1,200 steps"):
    cell = nbformat.v4.new_code_cell(code, outputs=[nbformat.v4.new_output("stream", text=printed)])
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text), cell])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_in_a_text_has_a_source(path):
    assert list(without_source(nbformat.read(path, as_version=4), LISTED.get(path.stem, {}))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_list_names_only_numbers_that_need_it(path):
    found = {written for written, _ in without_source(nbformat.read(path, as_version=4))}
    assert set(LISTED.get(path.stem, {})) <= found
    assert all(len(source.split()) > 3 for source in LISTED.get(path.stem, {}).values()), "each with its source"


@pytest.mark.parametrize(
    "text",
    [
        "The loss falls to 0.79 in 1,200 steps at $\\eta = 0.3$.",
        "It falls to 79 % (Nielsen 2015, section 7.1), as figure 12 of Glorot 2010 and notebooks 11 and 12 say.",
        "11. the eleventh\n\n**Cost**: about 17 s of CPU",
        "the index $a_{11}$ and [05 Why?](05_why.ipynb)",
    ],
)
def test_settings_results_and_citations_are_known(text):
    assert list(without_source(a_notebook(text))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The slope at 0.3 is 77.7.", "77.7"),
        ("The loss falls to 0.78.", "0.78"),
        ("It takes 4,000 steps.", "4,000"),
        ("It is $\\sqrt{17}$ times as fast.", "17"),
        ("4 to 7 times of what?", "4"),
        ("Notebook 05 says 62 % (as Nielsen 2015 does).", "62"),
    ],
)
def test_a_number_that_no_cell_shows_is_found(text, found):
    assert found in dict(without_source(a_notebook(text)))
