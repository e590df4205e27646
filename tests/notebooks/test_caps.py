"""A count that was cut off is said in words: no notebook prints its own limit as if it were a result."""

from pathlib import Path

import nbformat
import pytest
import torch

import nnlab

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"


def printed(number, part, old, new, capsys):
    """What one cell prints when a number in it is changed; the cell needs no other."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    (cell,) = [cell for cell in nbformat.read(path, as_version=4).cells if part in cell.source]
    assert old in cell.source
    exec(cell.source.replace(old, new), {"nnlab": nnlab, "torch": torch})
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "part", "old", "new", "said"),
    [
        ("01", "steps needed", "for c in (1, 10, 100):", "for c in (1000,):", "steps needed: not within 400"),
        ("01", "steps needed", "for c in (1, 10, 100):", "for c in (1,):", "steps needed: 1\n"),
        (
            "01",
            "beside the ridge",
            "for beside in (1e-3, 1e-6, 0.0):",
            "for beside in (0.0,):",
            "still there after 1000",
        ),
        ("01", "beside the ridge", "for beside in (1e-3, 1e-6, 0.0):", "for beside in (0.6,):", "away after 0 steps"),
        ("03", "def steps_until_right", "[2.0, 4.0, 6.0, 8.0]", "[2.0, 20.0]", "not within 20,000 (squared error)"),
        ("03", "def steps_until_right", "[2.0, 4.0, 6.0, 8.0]", "[20.0, 2.0]", "8 (squared error)\n"),
    ],
)
def test_a_count_that_was_cut_off_is_said_in_words(number, part, old, new, said, capsys):
    out = printed(number, part, old, new, capsys)
    assert said in out
    assert "nan" not in out
