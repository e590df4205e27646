"""backprop_steps: the last step shows autograd's gradients; each step before it adds exactly one operation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab.explorers.backprop_steps import (
    DESCRIPTION,
    FORMULAS,
    HEIGHT,
    LAST,
    NEURON,
    RELU,
    SKIP,
    TWICE,
    WIDTH,
    compute,
    glyph,
    inches,
    sentence,
    written,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
NUMBERS = st.floats(-3, 3).map(lambda v: round(v, 1))
TARGETS = st.floats(-1, 1).map(lambda v: round(v, 1))
TENSORS = {
    NEURON: lambda w, x, b, t: (torch.sigmoid(w * x + b) - t) ** 2 / 2,
    RELU: lambda w, x, b, t: (torch.relu(w * x + b) - t) ** 2 / 2,
    SKIP: lambda w, x, b, t: (torch.tanh(w * x + b) + x - t) ** 2,
    TWICE: lambda w, x, b, t: (w * torch.tanh(w * x + b) - t) ** 2,
}
every_expression = pytest.mark.parametrize("expression", FORMULAS)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@every_expression
def test_every_route_leads_from_the_place_of_a_node_to_that_of_another(expression):
    r = run(expression=expression)
    places = {tuple(place) for place in r.places}
    assert len(r.routes) == sum(len(run(expression=expression, step=k).shares) for k in range(1, r.last // 2 + 1))
    assert all({tuple(route[0]), tuple(route[-1])} <= places and len(route) > 1 for route in r.routes)


@given(st.sampled_from(list(FORMULAS)), NUMBERS, NUMBERS, NUMBERS, TARGETS)
def test_the_last_step_shows_autograds_gradients(expression, w, x, b, t):
    r = run(expression=expression, w=w, x=x, b=b, t=t)
    leaves = {}
    for name, number in zip("wxbt", (w, x, b, t), strict=True):
        leaves[name] = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    loss = TENSORS[expression](**leaves)
    loss.backward()
    assert r.values[-1] == pytest.approx(loss.item(), rel=1e-12, abs=1e-15)
    for name, leaf in leaves.items():
        assert r.grads[r.names.index(name)] == pytest.approx(leaf.grad.item(), rel=1e-9, abs=1e-12)
    assert r.valued.all()
    assert r.reached.all()


@every_expression
def test_every_step_adds_one_operation(expression):
    last = run(expression=expression).last
    steps = [run(expression=expression, step=k) for k in range(last + 1)]
    half = last // 2
    for k, r in enumerate(steps):
        assert r.step == k
        assert r.valued.sum() == 4 + min(k, half)
        assert r.reached.any() == (k > half)
        assert r.reached.sum() <= len(r.names)
    for before, after in zip(steps[half + 1 :], steps[half + 2 :], strict=False):
        changed = np.flatnonzero(before.grads != after.grads)
        assert set(changed) == {node for _, node, _ in after.shares}
        for node in changed:
            got = sum(d for _, i, d in after.shares if i == node) * after.grads[after.active]
            assert after.grads[node] - before.grads[node] == pytest.approx(got)
    assert len({sentence(r) for r in steps}) == len(steps)


@every_expression
def test_the_slider_goes_as_far_as_every_graph_and_no_further(expression):
    (slider,) = (control for control in DESCRIPTION.controls if control.name == "step")
    r = run(expression=expression, step=slider.high)
    assert slider.ends == (0, LAST) == (0, r.last)
    DESCRIPTION.update(PICTURE.artists, r)
    assert PICTURE.artists["phase"].get_text() == f"all {slider.high} steps done"
    assert f"Step {slider.high} of {slider.high}, the last: " in sentence(r)
    before = run(expression=expression, step=slider.high - 1)
    DESCRIPTION.update(PICTURE.artists, before)
    assert PICTURE.artists["phase"].get_text() == f"step {slider.high - 1} of {slider.high}, backward"
    assert "the last" not in sentence(before)


@every_expression
def test_every_box_stands_inside_the_picture_and_apart(expression):
    places, routes = inches(run(expression=expression))
    assert all(0.4 < x < WIDTH - 0.4 and 0.3 < y < HEIGHT - 0.3 for x, y in places)
    assert all((route > 0).all() and (route < (WIDTH, HEIGHT)).all() for route in routes)
    for k, place in enumerate(places):
        apart = np.abs(places[k + 1 :] - place)
        assert ((apart[:, 0] > 0.75) | (apart[:, 1] > 0.6)).all()


def test_the_picture_shows_the_graph_of_the_expression_and_no_other():
    for expression, formula in FORMULAS.items():
        scene = DESCRIPTION.update(PICTURE.artists, run(expression=expression))
        shown = [t.get_text() for t in PICTURE.figure.axes[0].texts if t.get_visible() and t.get_gid()]
        assert scene == formula
        assert formula in shown
        assert len(shown) == 1 + len(run(expression=expression).names)


def test_numbers_are_centred_where_they_belong():
    outline = written([("−0.25", 2.0, 1.0), ("7", 5.0, 3.0)])
    left, right = outline.vertices[outline.vertices[:, 0] < 3][1:], outline.vertices[outline.vertices[:, 0] > 4]
    for part, place in [(left, (2.0, 1.0)), (right, (5.0, 3.0))]:
        assert (part.min(0) + part.max(0)) / 2 == pytest.approx(place, abs=0.02)
    assert np.ptp(right[:, 1]) == pytest.approx(0.091, abs=0.01)  # the height of a digit of 9 pt
    assert sum(glyph(c)[2] for c in "−0.25") == pytest.approx(np.ptp(left[:, 0]), abs=0.04)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"step": 0}, "nothing is computed yet"),
        ({"step": 1}, "q = 1, made by * from w = 0.5 and x = 2."),
        ({"step": 3}, "y = 0.786, made by sigmoid from z = 1.3."),
        ({"step": 7}, "it begins with dL/dL = 1"),
        ({"step": 8}, "L hands on its 1: times 0.5 gives s 0.5."),
        ({"step": 10}, "gives y 0.786 and times -1 gives t -0.786."),
        ({"step": 13}, "All gradients: w 0.265, x 0.0661, b 0.132, t -0.786."),
        ({"expression": SKIP}, "in sum"),
    ],
)
def test_the_sentence_says_what_the_step_does(values, said):
    assert said in sentence(run(**values))


def test_presets_show_what_they_say():
    shown = {preset.label: run(**preset.values) for preset in DESCRIPTION.presets}
    dead = shown["dead ReLU"]
    assert dead.values[dead.names.index("z")] < 0
    assert dead.grads[dead.names.index("y")] == -1
    assert all(dead.grads[dead.names.index(name)] == 0 for name in "wxb")
    saturated = shown["saturated"]
    assert saturated.values[saturated.names.index("z")] == pytest.approx(6.3)
    assert abs(saturated.grads[saturated.names.index("z")]) < abs(saturated.grads[saturated.names.index("y")]) / 100
    assert "in sum" in sentence(shown["skip"])
    assert "in sum" in sentence(shown["used twice"])


def test_presets_hold_wherever_the_explorer_started():
    """A preset keeps the start for what it does not name, and only "begin" is true for every start."""
    controls = {control.name for control in DESCRIPTION.controls}
    assert [p.label for p in DESCRIPTION.presets if set(p.values) != controls] == ["begin"]
