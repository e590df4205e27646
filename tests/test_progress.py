"""The progress bar: seen in a terminal and in a live notebook, and nothing where nobody looks."""

import io
import sys

import nbclient
import nbformat
import pytest

from nnlab import progress
from nnlab.progress import progress_bar

CELL = """
from nnlab.progress import progress_bar
import time
with progress_bar(4, "step") as bar:
    for _ in range(4):
        bar.update(1)
        time.sleep(0.25)
print("after")
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_it_and_is_clean_afterwards(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(4, "step", start=1) as bar:
        bar.set_postfix_str("val_loss 0.5")
        bar.update(3)
        bar.refresh()
    text = terminal.getvalue()
    assert "25%" in text
    assert "4/4" in text
    assert "val_loss 0.5" in text
    assert text.split("\r")[-2].strip() == ""


@pytest.mark.parametrize("shown", [True, False])
def test_nothing_without_a_terminal(monkeypatch, shown):
    log = io.StringIO() if shown else Terminal()
    monkeypatch.setattr(sys, "stderr", log)
    with progress_bar(4, "step", shown=shown) as bar:
        assert bar is None
    assert log.getvalue() == ""


def test_outside_a_notebook():
    assert not progress.in_notebook()


@pytest.fixture(scope="module")
def executed():
    """A notebook with one bar, executed, and the messages that a front end would have seen."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    seen = []

    class Listening(nbclient.NotebookClient):
        def process_message(self, msg, cell, cell_index):
            seen.append((msg["msg_type"], msg["content"].get("data", {}).get("text/plain")))
            return super().process_message(msg, cell, cell_index)

    Listening(notebook, timeout=120).execute()
    return notebook.cells[0].outputs, seen


def test_a_notebook_shows_it_move(executed):
    lines = [text for kind, text in executed[1] if kind == "update_display_data" and text]
    assert len(lines) >= 3
    assert all("/4" in line for line in lines)


def test_a_stored_notebook_has_an_empty_line(executed):
    first, second = executed[0]
    assert first["data"] == {"text/plain": ""}
    assert (second["output_type"], second["text"]) == ("stream", "after\n")
