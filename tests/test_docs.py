"""Every block of the pages docs/own_*.md and docs/authors.md runs, in its order, and says what it promises."""

import ast
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "authors.md", *sorted(DOCS.glob("own_*.md"))]
LONGEST = 15  # lines of a class of one's own


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs(page, capsys):
    names: dict = {"__name__": "page"}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), names)
    assert names.keys() - {"__name__", "__builtins__"}


def test_parts_of_one_s_own_are_short_and_checked(capsys):
    code = "\n".join(blocks(DOCS / "own_parts.md"))
    for definition in ast.parse(code).body:
        if isinstance(definition, ast.ClassDef | ast.FunctionDef):
            lines = ast.get_source_segment(code, definition).splitlines()
            assert len([line for line in lines if line.strip()]) <= LONGEST, definition.name
    exec(compile(code, "own_parts.md", "exec"), {"__name__": "page"})
    said = capsys.readouterr().out
    for part in ("softsign", "scale1", "Stack", "Sign"):
        assert re.search(rf"^{part} agrees with autograd", said, re.M), said
    assert re.search(r"squared_error does not agree with autograd:\n  logits at .*Everywhere it is \d+ times", said), (
        said
    )
