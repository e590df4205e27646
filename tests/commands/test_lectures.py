"""docs/lectures.md: every topic of the five lectures leads to a section that exists and speaks of it."""

import re

import pytest

from nnlab.commands.notebook_files import read, text_of
from nnlab.commands.start.environment import ROOT

PAGE = (ROOT / "docs" / "lectures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
TOPICS = [row for row in ROWS if row[0] not in ("topic", "---")]
LINK = re.compile(r"\[\d\d .+\]\(\.\./notebooks/(\d\d_\w+\.ipynb)#(.+)\)")


def sections(name):
    """Anchor -> text and code below each heading of a notebook."""
    found, here = {}, ""
    for cell in read(ROOT / "notebooks" / name)["cells"]:
        for line in text_of(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("#"):
                here = line.lstrip("#").strip().replace(" ", "-")  # as JupyterLab makes it
            found[here] = found.get(here, "") + " " + line
    return found


def test_there_are_five_lectures_with_their_topics():
    assert len(re.findall(r"^## ", PAGE, re.MULTILINE)) == 5
    assert len(TOPICS) >= 60
    assert len({(topic, link) for topic, link, _ in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize(("topic", "link", "words"), TOPICS, ids=[f"{k} {row[0]}" for k, row in enumerate(TOPICS)])
def test_a_topic_leads_to_a_section_that_speaks_of_it(topic, link, words):
    notebook, anchor = LINK.fullmatch(link).groups()
    assert words.lower() in sections(notebook)[anchor].lower()
