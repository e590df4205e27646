"""Claims rechecked on another split: the tool sees what changes, and a sample of notebooks says the same."""

import nbformat
import pytest

from benchmarks import __main__ as command
from benchmarks import claims

SAMPLE = ("01", "03", "06")  # `python -m benchmarks claims` takes all


def written(folder, *sources):
    """A notebook with these code cells."""
    path = folder / "99_trial.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources]), path)
    return path


@pytest.mark.parametrize("name", SAMPLE)
def test_a_notebook_claims_the_same_on_another_split(name):
    (path,) = claims.find([name])
    stored, other = (claims.said(path, split) for split in (0, 1))
    assert claims.changes(stored, other) == []
    assert stored != other, "the random numbers were the same"


def test_a_word_an_answer_and_a_failing_assertion_are_seen(tmp_path):
    path = written(
        tmp_path,
        "import torch, numpy as np, nnlab\ndraw = torch.rand(1, generator=torch.Generator().manual_seed(0)).item()",
        "print(f'drawn: {draw:.4f}')",
        "print('the same draw' if abs(draw - 0.4963) < 1e-4 else 'another draw')",
        "_ = nnlab.predict('Which?', ['a', 'b'], answer='a' if abs(draw - 0.4963) < 1e-4 else 'b')",
        "assert abs(draw - 0.4963) < 1e-4",
        "first = nnlab.digits().train.y[:4].tolist()",
        "print('the same split' if first == [0, 8, 2, 8] else 'another split')",
        "print('weights', nnlab.Network([2, 2]).init(seed=0)['layer1.weight'].sum().item() > 0)",
    )
    stored, other = (claims.said(path, split) for split in (0, 3))
    found = dict(claims.changes(stored, other))
    assert found["[2]"] == "another draw"
    assert found["[3]"] == "the answer is: b"
    assert found["[4]"].startswith("AssertionError")
    assert "[1]" not in found, "digits may change"
    assert claims.changes(stored, claims.said(path, 0)) == []


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("loss 0.15 (wins 12)", "loss 1.5e-05 (wins 9)", True),
        ("difference -0.02", "difference +0.3", True),
        ("1,077 digits:  94.2%", "360 digits: 9%", True),
        ("from 8, 32, 64.", "from 16.", True),
        ("failed inf", "failed 3", True),
        ("clearly better", "no clear difference", False),
        ("best of 16", "worst of 16", False),
        ("step 3 step 4", "step 3", False),
    ],
)
def test_words_are_compared_and_digits_are_not(before, after, same):
    assert (claims.words(before) == claims.words(after)) is same


def test_the_lines_that_changed_are_listed():
    assert claims.changes(["a 1\nb 2\n", "c"], ["a 5\nd 2\n", "c"]) == [("[0]", "d 2")]
    assert claims.changes(["a\nb"], ["a"]) == [("[0]", "lines are missing")]


def test_the_command_lists_changes_and_fails(tmp_path, monkeypatch, capsys):
    path = written(
        tmp_path, "import torch\nprint('low' if torch.Generator().manual_seed(0).initial_seed() < 9 else 'high')"
    )
    monkeypatch.setattr(claims, "find", lambda names: [path])
    assert command.main(["claims", "99", "--splits", "1"]) == 1
    out = capsys.readouterr().out
    assert "99[0] split 1: high" in out
    assert "| 99_trial: split 1 | 1 changes | 0 changes | NO |" in out


def test_unknown_notebooks_are_refused():
    with pytest.raises(ValueError, match=r"Got 98. Try 00\."):
        claims.find(["98"])
