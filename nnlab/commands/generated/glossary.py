"""The glossary: the sentence in which a notebook introduces each of the field's words, in bold.

``docs/terms.toml`` names the words; ``docs/glossary.md`` is made from it and the notebooks. Standard library only.
"""

import re
import tomllib

from nnlab.commands.notebook_files import read, texts_of
from nnlab.commands.start.environment import ROOT

__all__ = ["entries", "glossary", "page", "pattern", "texts"]

LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")
START = """# Glossary

Each word of the field, in the sentence with which a notebook introduces it, and the other names that lectures use.
Made by `python3 -m nnlab contents` from the notebooks and [terms.toml](terms.toml).
"""


def glossary(root=ROOT):
    """Write ``docs/glossary.md``; returns its path, or None if it says the same already."""
    path = root / "docs" / "glossary.md"
    new = page(entries(root))
    if path.exists() and path.read_text(encoding="utf-8") == new:
        return None
    path.write_text(new, encoding="utf-8")
    return path


def entries(root=ROOT):
    """(term, other names, notebook, sentence) of every term, in the order of the course; sentence "" where none is."""
    listed = tomllib.loads((root / "docs" / "terms.toml").read_text(encoding="utf-8"))
    for notebook, terms in listed.items():
        cells = texts(root / "notebooks" / f"{notebook}.ipynb")
        for term, others in terms.items():
            bold = pattern(term, bold=True)
            yield term, others, notebook, next((s for cell in cells for s in sentences(cell) if bold.search(s)), "")


def texts(path):
    """The text cells of a notebook after its title, without links; none if it does not exist."""
    if not path.exists():
        return []
    return [LINK.sub("", text) for text in texts_of(read(path))[1:]]


def pattern(term, bold=False):
    """Finds a term in a text, also in its plural; ``bold`` finds it only where it is introduced."""
    words = re.sub(r"[ -]", r"[ -]", re.escape(term).replace(r"\ ", " ").replace(r"\-", "-"))
    return re.compile(rf"\*\*{words}(e?s)?\*\*" if bold else rf"(?<![\w-]){words}(e?s)?(?![\w-])", re.IGNORECASE)


def sentences(text):
    """The sentences of a text cell, on one line each."""
    return [
        " ".join(part.split()).removeprefix("- ") for part in re.split(r"(?<=[.!?:])\s+(?=[A-Z*`$])|\n\n|\n- ", text)
    ]


def page(found):
    """The glossary as Markdown, in the order of the alphabet."""
    lines = [START]
    for term, others, notebook, sentence in sorted(found, key=lambda entry: entry[0].lower()):
        also = f" (also: {', '.join(others)})" if others else ""
        lines.append(
            f"- **{term}**{also}: {sentence.replace('**', '')} [{notebook[:2]}](../notebooks/{notebook}.ipynb)"
        )
    return "\n".join(lines) + "\n"
