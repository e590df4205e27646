"""A slider stands where it was put: the browser must have nothing to round."""

import itertools
import math

import pytest

import nnlab
from nnlab.stage.description import Slider

LR = Slider("lr", 0.1, 0.01, 10.0, 0.05, "learning rate", log=True)
BETA = Slider("beta", 0.999, 0.9, 0.999, 0.001, "beta")
STEPS = Slider("steps", 50, 10, 500, 10, "steps")


@pytest.mark.parametrize("slider", [LR, BETA, STEPS], ids=lambda slider: slider.name)
def test_stops_lead_from_end_to_end_in_even_steps(slider):
    stops = slider.stops
    assert (stops[0], stops[-1]) == (slider.low, slider.high)
    scale = math.log10 if slider.log else float
    steps = [scale(b) - scale(a) for a, b in itertools.pairwise(stops)]
    assert all(0.5 * slider.step < step < 1.5 * slider.step for step in steps)
    assert stops == [slider.clean(stop) for stop in stops]


def test_round_numbers_are_stops_of_a_logarithmic_slider():
    assert {0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0} <= set(LR.stops)


def test_stops_of_a_count_are_whole_numbers_and_none_comes_twice():
    count = Slider("members", 4, 1, 32, 0.1, "predictors", log=True, whole=True)
    assert count.stops == [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32]
    assert {type(stop) for stop in count.stops} == {int}


def told(explorer, name):
    """What the browser knows of a control."""
    (found,) = (control for control in explorer.widget.about["controls"] if control["name"] == name)
    return found


COUNTS = {"batch_size", "classes", "masks", "members", "seed", "seeds", "steps", "updates"}


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_counts_are_whole_numbers_in_every_explorer(name):
    explorer = getattr(nnlab.explorers, name)()
    for control in explorer.description.controls:
        if isinstance(control, Slider) and control.name in COUNTS:
            assert {type(stop) for stop in control.stops} == {int}, control.name
            assert all(text.isdigit() for text in told(explorer, control.name)["texts"])


@pytest.mark.parametrize(
    ("slider", "value", "text"),
    [
        (LR, 0.0985, "0.0985"),
        (LR, 0.05, "0.05"),
        (LR, 1000.0, "1000"),
        (BETA, 0.999, "0.999"),
        (BETA, 0.9, "0.900"),
        (STEPS, 50, "50"),
    ],
)
def test_text_shows_every_digit_that_matters(slider, value, text):
    assert slider.text(value) == text


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_start_and_presets_are_stops_with_a_text_of_their_own(name):
    explorer = getattr(nnlab.explorers, name)()
    for preset in explorer.description.presets:
        wanted = {**explorer.start, **preset.values}
        explorer.set(**wanted)
        assert explorer.values == wanted
        for control in explorer.description.controls:
            if isinstance(control, Slider):
                stops, texts = told(explorer, control.name)["stops"], told(explorer, control.name)["texts"]
                assert stops == control.stops
                value = explorer.values[control.name]
                if value not in stops:
                    stops, texts = [*stops, value], [*texts, control.text(value)]
                assert len(set(texts)) == len(texts) == len(stops)


def test_a_value_between_two_stops_is_kept_exactly_and_stays_in_order():
    explorer = nnlab.explorers.descent_1d(lr=1.95)
    assert explorer.values["lr"] == 1.95
    explorer.set(lr=0.123, start=0.25)
    assert (explorer.values["lr"], explorer.values["start"]) == (0.123, 0.25)
    assert (explorer.widget.values["lr"], explorer.controls["lr"].value) == (0.123, 0.123)
    stops = told(explorer, "lr")["stops"]
    assert stops == sorted(stops)
    assert stops[0] < 0.123 < stops[-1]
    assert told(explorer, "lr")["between"]
    explorer.reset()
    assert explorer.values["lr"] == 1.95


def test_a_value_that_was_typed_between_two_stops_is_kept_exactly():
    explorer = nnlab.explorers.descent_1d()
    explorer.widget.set_state({"values": {**explorer.widget.values, "lr": 0.123}})
    assert explorer.values["lr"] == explorer.controls["lr"].value == explorer.result.lr == 0.123
    assert explorer.code() == "nnlab.explorers.descent_1d(lr=0.123)"
    explorer.set(start=0.25)
    assert explorer.values["lr"] == 0.123


def test_the_code_that_the_browser_copies_follows_the_controls():
    explorer = nnlab.explorers.descent_1d()
    explorer.set(lr=0.2)
    assert explorer.widget.frame["code"] == explorer.code() == "nnlab.explorers.descent_1d(lr=0.2)"
