"""chain_rule: the product of the three slopes is autograd's gradient, and the slope of the curve that is drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab.engine.scalar import Value
from nnlab.explorers.chain_rule import DESCRIPTION, GRID, compute, sentence
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
NUMBERS = st.floats(-3, 3).map(lambda v: round(v, 1))
settings = given(w=st.floats(-6, 6).map(lambda v: round(v, 1)), x=NUMBERS, b=NUMBERS, t=st.floats(0, 1))


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@settings
def test_the_product_is_the_gradient(w, x, b, t):
    r = run(w=w, x=x, b=b, t=t)
    weight = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    loss = (torch.sigmoid(weight * x + b) - round(t, 10)) ** 2 / 2
    loss.backward()
    assert r.loss == pytest.approx(loss.item(), rel=1e-9, abs=1e-15)
    assert r.gradient == pytest.approx(weight.grad.item(), rel=1e-6, abs=1e-12)
    assert r.gradient == r.dL_dy * r.dy_dz * r.dz_dw


@settings
def test_it_is_the_graph_of_the_package(w, x, b, t):
    r, weight = run(w=w, x=x, b=b, t=t), Value(w, "w")
    loss = ((weight * x + b).sigmoid() - round(t, 10)) ** 2 / 2
    loss.backward()
    assert r.loss == pytest.approx(loss.data, rel=1e-9, abs=1e-15)
    assert r.gradient == pytest.approx(weight.grad, rel=1e-6, abs=1e-12)


@settings
def test_the_point_lies_on_the_curve_and_the_tangent_touches_it(w, x, b, t):
    r = run(w=w, x=x, b=b, t=t)
    DESCRIPTION.update(PICTURE.artists, r)
    (at,), (height,) = PICTURE.artists["point"].get_data()
    assert height == pytest.approx(np.interp(at, GRID, r.curve), abs=2e-3)
    (left, right), (low, high) = PICTURE.artists["tangent"].get_data()
    assert (low + high) / 2 == pytest.approx(height, abs=1e-12)
    assert (high - low) / (right - left) == pytest.approx(r.gradient, abs=1e-12)
    assert 0 <= r.curve.min() <= r.curve.max() <= 0.5


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "a step downhill makes w smaller."),
        ({"t": 1.0}, "a step downhill makes w larger."),
        ({"x": 0.0}, "the input is 0"),
        ({"w": 0.0, "b": 0.0, "t": 0.5}, "nothing to correct"),
        ({"w": 5.0}, "the neuron is saturated"),
    ],
)
def test_the_sentence_says_what_the_gradient_does(values, said):
    assert said in sentence(run(**values))


def test_presets_show_what_they_say():
    shown = {preset.label: run(**preset.values) for preset in DESCRIPTION.presets}
    assert shown["other target"].gradient < 0 < run().gradient
    assert shown["saturated"].y > 0.99
    assert shown["saturated"].gradient < run().gradient / 100
    assert shown["input 0"].gradient == 0 < abs(shown["input 0"].dL_dy)
    assert shown["negative input"].dL_dy > 0 > shown["negative input"].gradient
    assert shown["no error"].loss == 0
