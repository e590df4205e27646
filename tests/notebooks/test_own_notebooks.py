"""Notebooks of a fork's own keep the general rules that CONTRIBUTING.md states; ours are held to more elsewhere."""

import nbformat
import pytest
from ours import NOTEBOOKS, broken_rules

from nnlab.commands.generated.launch import stored
from nnlab.commands.notebook_files import read
from nnlab.commands.start.environment import ROOT

OWN = [path for path in stored(ROOT) if path not in NOTEBOOKS]


def test_notebooks_of_ones_own_keep_the_general_rules():
    assert {path.name: rules for path in OWN if (rules := broken_rules(read(path)))} == {}


def test_the_course_keeps_them_too():
    assert len(NOTEBOOKS) == 17
    assert {path.name: rules for path in NOTEBOOKS if (rules := broken_rules(read(path)))} == {}


def made(source, *outputs, count=1):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=count)
    return nbformat.v4.new_notebook(cells=[cell])


def said(text, stream="stdout"):
    return nbformat.v4.new_output("stream", name=stream, text=text)


@pytest.mark.parametrize(
    ("notebook", "rule"),
    [
        (made("print(1)", said("1\n")), None),
        (made("torch.manual_seed(0)\ntorch.randn(3)"), None),
        (made("np.random.default_rng(0).normal()"), None),
        (made("torch.rand(3)"), "without a seed"),
        (made("np.random.rand(3)"), "without a seed"),
        (made("1 / 0", nbformat.v4.new_output("error", ename="ZeroDivisionError")), "ZeroDivisionError"),
        (made("print(1)", said("oops", "stderr")), "stderr"),
        (made("print(1)", count=None), "not stored"),
        (made("print(1)", count=7), "not stored"),
        (made("print(1)", said("1" * 300_000)), "300 kB"),
        (made("mine()", nbformat.v4.new_output("display_data", {"text/plain": "Explorer m failed: E: x"})), "failed"),
    ],
)
def test_each_rule_is_told(notebook, rule):
    found = broken_rules(notebook)
    assert (rule is None and found == []) or any(rule in sentence for sentence in found), found
