"""The package's own source as students see it, and the environment card."""

import ast
import importlib
import inspect
import platform

import pytest
import torch

import nnlab
from nnlab import losses, optimizers
from nnlab.engine import network
from nnlab.stage import source

SHOWN = [losses.cross_entropy, network.Network.forward, optimizers.Adam, optimizers.Adam.formula, source.show_source]


@pytest.mark.parametrize("thing", SHOWN, ids=lambda thing: thing.__qualname__)
def test_source_is_the_real_one_without_its_docstring(thing):
    shown = nnlab.show_source(thing)
    tree, real = ast.parse(repr(shown)).body[0], ast.parse(inspect.cleandoc("\n" + inspect.getsource(thing))).body[0]
    assert ast.get_docstring(tree) is None
    if ast.get_docstring(real) is not None:
        real.body = real.body[1:]
    assert ast.dump(tree) == ast.dump(real)
    assert shown._repr_markdown_() == f"```python\n{shown!r}\n```"


def test_comments_and_layout_stay():
    assert "# the largest logit is 0: exp cannot overflow" in repr(nnlab.show_source(losses.cross_entropy))


def test_several_stand_under_their_names():
    shown = repr(nnlab.show_source(optimizers.SGD.formula, losses.mse))
    first, second = (repr(nnlab.show_source(thing)) for thing in (optimizers.SGD.formula, losses.mse))
    assert shown == f"# SGD.formula\n{first}\n\n# mse\n{second}"


@pytest.mark.parametrize("thing", [3, "SGD", optimizers.SGD(), None])
def test_what_has_no_source(thing):
    with pytest.raises(TypeError, match=r"show_source needs a function.*Got .*Try"):
        nnlab.show_source(thing)


def test_environment_card_says_what_runs():
    card = repr(nnlab.environment_card())
    assert platform.python_version() in card
    assert f"torch {torch.__version__.split('+')[0]}" in card
    for package in ("numpy", "matplotlib", "ipywidgets"):
        assert f"{package} {importlib.import_module(package).__version__}" in card
    assert f"{torch.get_num_threads()} of" in card
