"""Descriptions: what a control accepts, what it turns it into, and the code that reproduces it."""

import dataclasses
import math
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnlab
from nnlab.stage.description import Choice, Description, Preset, Slider, Toggle
from nnlab.stage.explorer import opener

WHOLE = Slider("steps", 20, 1, 60, 1, "steps")
REAL = Slider("start", -2.5, -3.0, 3.0, 0.1, "start")
LOG = Slider("lr", 0.1, 0.01, 10.0, 0.05, "lr", log=True)
COUNT = Slider("masks", 100, 1, 1000, 0.25, "masks", log=True, whole=True)
CHOICE = Choice("shape", "bowl", ("bowl", "two valleys"), "shape")
TOGGLE = Toggle("exact", False, "exact")
CONTROLS = (WHOLE, REAL, LOG, COUNT, CHOICE, TOGGLE)


def draw(figure):
    return {}


def describe(presets=(), compute=dict):
    return Description("made_up", "", "", CONTROLS, compute, draw, lambda artists, result: None, str, presets)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_ends_and_default_are_accepted_as_they_are(control):
    for value in (*control.ends, control.default):
        assert control.clean(value) == value
        assert type(control.clean(value)) is type(value)


@given(st.floats(-3, 3))
def test_a_real_slider_keeps_its_value(value):
    assert REAL.clean(value) == pytest.approx(value, abs=1e-9)


@given(st.floats(-2, 1))
def test_a_log_slider_keeps_three_digits(exponent):
    cleaned = LOG.clean(10**exponent)
    assert cleaned == pytest.approx(10**exponent, rel=0.005)
    assert cleaned == float(f"{cleaned:.3g}")


@given(st.integers(1, 60))
def test_a_whole_slider_gives_whole_numbers(value):
    assert WHOLE.clean(float(value)) == value
    assert isinstance(WHOLE.clean(float(value)), int)


@given(st.integers(1, 1000))
def test_a_count_on_a_log_slider_is_whole(value):
    assert COUNT.clean(float(value)) == value
    assert isinstance(COUNT.clean(float(value)), int)
    assert COUNT.text(COUNT.clean(value)) == str(value)


def test_a_value_just_outside_an_end_is_that_end():
    threshold = Slider("threshold", 1.0, 0.01, 100.0, 0.1, "threshold", log=True)
    assert (threshold.clean(0.0099), threshold.clean(100.0001)) == (0.01, 100.0)
    assert REAL.clean(3.000001) == 3.0
    assert WHOLE.clean(60.00001) == 60


@pytest.mark.parametrize(
    ("control", "value"),
    [
        *[(COUNT, v) for v in (0, 0.5, 2.5, 1001, "3", True, None, math.nan)],
        *[(WHOLE, v) for v in (0, 61, 2.5, "3", True, None, math.nan)],
        *[(REAL, v) for v in (-3.01, 3.1, math.inf, math.nan, "1", False)],
        *[(LOG, v) for v in (0, 0.009, 10.1, -0.1, math.nan, "0.1")],
        *[(CHOICE, v) for v in ("bowls", "", None, 0)],
        *[(TOGGLE, v) for v in (0, 1, "True", None)],
    ],
)
def test_values_outside_the_range(control, value, refused):
    with refused(repr(value), start=control.name):
        control.clean(value)


def test_values_fill_in_the_defaults(refused):
    assert describe().values(steps=3) == {
        "steps": 3,
        "start": -2.5,
        "lr": 0.1,
        "masks": 100,
        "shape": "bowl",
        "exact": False,
    }
    with refused("'stepps'"):
        describe().values(stepps=3)


MADE_UP = describe()


def test_code_names_what_is_not_the_default():
    call = f"nnlab.Explorer({__name__}.MADE_UP"
    assert MADE_UP.code(MADE_UP.values()) == f"{call})"
    code = MADE_UP.code(MADE_UP.values(lr=2, exact=True, shape="two valleys"))
    assert code == f"{call}, lr=2.0, shape='two valleys', exact=True)"
    assert MADE_UP.code(MADE_UP.values(masks=128.0)) == f"{call}, masks=128)"


def test_code_names_what_exists(monkeypatch):
    """An explorer of one's own is not in nnlab.explorers."""
    own, notebook = ModuleType("own"), ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "own", own)
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    exec("def compute(**values):\n    return values", vars(own))
    description = describe(compute=own.compute)
    assert description.code(description.values()) == "nnlab.Explorer(...)", "it has no name"
    own.MINE = description
    assert description.code(description.values(steps=3)) == "nnlab.Explorer(own.MINE, steps=3)"
    own.mine = opener(description)
    assert description.code(description.values(steps=3)) == "own.mine(steps=3)"
    assert eval(description.code(description.values(steps=3)), {"own": own}).values["steps"] == 3
    exec("def compute(**values):\n    return values", vars(notebook))
    notebook.here = describe(compute=notebook.compute)
    assert notebook.here.code(notebook.here.values()) == "nnlab.Explorer(here)"
    ours = nnlab.explorers.descent_1d().description
    assert ours.code(ours.values(lr=0.2)) == "nnlab.explorers.descent_1d(lr=0.2)"


@given(st.integers(1, 60), st.floats(-3, 3), st.floats(0.01, 10), st.sampled_from(CHOICE.options), st.booleans())
def test_code_gives_the_same_values_again(steps, start, lr, shape, exact):
    values = describe().values(steps=steps, start=start, lr=lr, shape=shape, exact=exact)
    call = MADE_UP.code(values).replace(f"{__name__}.MADE_UP, ", "").replace(f"{__name__}.MADE_UP", "")
    call = call.removeprefix("nnlab.Explorer")
    assert eval(f"dict{call}") | values == values
    assert describe().values(**eval(f"dict{call}")) == values


def test_presets_are_checked_and_descriptions_frozen(refused):
    with refused("99"):
        describe((Preset("bad", "out of range", {"steps": 99}),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        describe().name = "other"


def test_a_forgotten_comma_is_told_so(refused):
    with refused("Slider(", start="controls"):
        Description("made_up", "", "", WHOLE, dict, draw, draw, str)


def test_without_presets_none_are_named():
    assert "presets" not in describe().documentation
