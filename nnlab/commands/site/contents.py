"""Contents: the pages of a site that are no notebooks: the first one, the gallery, explorers, texts of ``docs/``."""

import html
import json
import re
from collections.abc import Iterable
from pathlib import Path

from nnlab import explorers
from nnlab.commands.generated.contents import table
from nnlab.commands.notebook_files import read, text_of
from nnlab.commands.site.pages import flat, raw
from nnlab.commands.start.environment import ROOT

__all__ = ["DOCS", "first_page", "gallery", "gallery_notebook", "page_of_explorer", "text_page"]

DOCS = ("glossary", "lectures", "class", "own_parts", "own_data", "own_search", "authors")
HERO = "descent_2d"
ROW = re.compile(r"^\| \[(\w+)\]\([^)]*\) \| ([^|]*?) \|", re.M)  # of the table of contents: notebook and question
NUMBER = re.compile(r"^\| (\d\d)_\w+ \|", re.M)
FIRST = """# How neural networks train

Pictures that follow your hand, formulas that are executed, exercises that name your mistake. Every picture on these
pages moves: drag the dot, or press a button below it.

{hero}

{start}

## The course

{table}

## And

- [The gallery](gallery.md): all {count} pictures that move, each on a page of its own
- [The glossary](glossary.md): the words of the field, in the sentences that introduce them
- [Five lectures](lectures.md), and where this course teaches their topics
- [The reference](reference.md): every public name of `nnlab`
- Your own [parts](own_parts.md), [data](own_data.md) and [searches](own_search.md)

A notebook does more than its page: there you change the code, and your own numbers appear. `python3 -m nnlab lab` opens
all of them in a clone.

"""
TREE = """```{{toctree}}
:hidden:
:caption: {caption}
:titlesonly:

{names}
```
"""


def first_page(names: list[str], living: dict[str, str]) -> str:
    """The first page: something that moves, and the way to everything else.

    Args:
        names: of the notebooks' pages. living: name of an explorer -> its HTML.
    """
    titles = dict(ROW.findall(table()))
    rows = ROW.sub(r"| \1 | [\2](\1.md) |", table())
    start = raw(f'<p><a class="begin" href="{names[0]}.html">Begin with notebook {names[0][:2]}</a></p>')
    text = FIRST.format(hero=raw(living[HERO]), start=start, table=NUMBER.sub(r"| \1 |", rows), count=len(living))
    course = [f"{name[:2]} {titles[name]} <{name}>" for name in names]
    look_up = ["gallery", "glossary", "lectures", "class", "reference"]
    trees = {"The course": course, "Look up": look_up, "Of your own": DOCS[3:]}
    return text + "\n".join(tree(caption, pages) for caption, pages in trees.items())


def tree(caption: str, names: Iterable[str]) -> str:
    """The order of pages, from which Sphinx makes the navigation."""
    return TREE.format(caption=caption, names="\n".join(names))


def gallery_notebook(names: list[str]) -> dict:
    """A notebook that opens explorers, each in a cell that bears its name."""
    cells: list[dict] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": name,
            "metadata": {},
            "outputs": [],
            "source": f"import nnlab\nnnlab.explorers.{name}()",
        }
        for name in names
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def gallery(living: dict[str, str]) -> str:
    """All explorers as still pictures that lead to their pages."""
    cards = []
    for name, text in living.items():
        image = re.search(r"<img [^>]*>", text)
        title = html.escape(explorers_title(name))
        cards.append(f'<li><a href="explorer_{name}.html">{image[0] if image else ""}<b>{title}</b></a></li>')
    listed = raw(f'<ul class="gallery">{"".join(cards)}</ul>')
    trees = tree("Explorers", [f"explorer_{name}" for name in living])
    return f"# Gallery\n\nEvery picture leads to a page on which it moves.\n\n{listed}\n\n{trees}"


def explorers_title(name: str) -> str:
    """The question that an explorer answers."""
    return (getattr(explorers, name).__doc__ or name).strip().splitlines()[0]


def page_of_explorer(name: str, text: str) -> str:
    """An explorer that moves, what it shows, and where the course uses it."""
    used = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if uses(path, name)]
    places = ", ".join(f"[{stem[:2]}]({stem}.md)" for stem in used)
    course = f"Notebooks that use it: {places}.\n" if places else ""
    about = f"```{{eval-rst}}\n.. autofunction:: nnlab::explorers.{name}\n```"
    return f"# {explorers_title(name)}\n\n{raw(text)}\n\n{course}\n{about}\n"


def uses(path: Path, name: str) -> bool:
    """Whether the code of a notebook opens an explorer."""
    cells = [text_of(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    return f"explorers.{name}(" in json.dumps(cells)


def text_page(name: str) -> str:
    """A page of ``docs/`` in its place in the site."""
    text = flat((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))
    return re.sub(r"\[([^\]]*)\]\(terms\.toml\)", r"`\1`", text)
