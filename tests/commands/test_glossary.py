"""Every word of docs/terms.toml is introduced once, in bold, in a sentence, before any notebook uses it."""

import re
import tomllib

import pytest
from ours import NOTEBOOKS

from nnlab.commands.generated.glossary import entries, page, pattern, sentences, texts
from nnlab.commands.start.environment import ROOT

TERMS = [(entry[0], entry[1], entry[2]) for entry in entries()]
each_term = pytest.mark.parametrize(("term", "others", "notebook"), TERMS, ids=[term for term, *_ in TERMS])


@each_term
def test_it_is_introduced_once_in_a_sentence(term, others, notebook):
    bold = pattern(term, bold=True)
    found = [(path.stem, text) for path in NOTEBOOKS for text in texts(path) for _ in bold.finditer(text)]
    assert [stem for stem, _ in found] == [notebook]
    sentence = next(s for s in sentences(found[0][1]) if bold.search(s))
    assert len(sentence.split()) >= 7, "a sentence that says what it is"
    assert all(re.search(rf"\b{re.escape(other)}\b", found[0][1]) for other in others)


@each_term
def test_no_text_uses_it_before(term, others, notebook):
    used, bold = pattern(term), pattern(term, bold=True)
    for path in NOTEBOOKS:
        for text in texts(path):
            if introduced := bold.search(text):
                assert not used.search(text[: introduced.start()]), "first in this cell"
                return
            assert not used.search(text), (path.stem, text)


def test_the_glossary_is_made_from_them():
    assert (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8") == page(entries())


def test_every_notebook_of_the_list_exists():
    listed = tomllib.loads((ROOT / "docs" / "terms.toml").read_text(encoding="utf-8"))
    assert set(listed) <= {path.stem for path in NOTEBOOKS}


def test_a_plural_a_hyphen_and_a_capital_are_the_same_word():
    assert pattern("mini-batch").search("Mini batches are drawn")
    assert pattern("vanishing gradient", bold=True).search("called **vanishing gradients**: they")
    assert not pattern("prior").search("a priori, and prior-free")
    assert sentences("One is a **prior**. Another\nis not.\n\n- A list: *Yes.*") == [
        "One is a **prior**.",
        "Another is not.",
        "A list:",
        "*Yes.*",
    ]
