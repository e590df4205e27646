"""activation: value, slope and tangent are autograd's, and saturated means below 5 % of the largest slope."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab.engine.activations import ACTIVATIONS
from nnlab.explorers.activation import DESCRIPTION, NAMES, compute, curve, sentence
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
ZS = st.integers(-60, 60).map(lambda k: k / 10)


def by_autograd(name, z):
    """f and f' of torch's own module."""
    leaf = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    value = ACTIVATIONS[name].module()(leaf)
    (slope,) = torch.autograd.grad(value.sum(), leaf)
    return value.detach().numpy(), slope.numpy()


@pytest.mark.parametrize("name", NAMES)
@given(z=ZS)
def test_value_slope_and_tangent_are_autograds(name, z):
    result = compute(name, z)
    value, slope = by_autograd(name, z)
    assert (result.f, result.slope) == (pytest.approx(value), pytest.approx(slope, abs=1e-12))
    DESCRIPTION.update(PICTURE.artists, result)
    (x0, x1), (y0, y1) = PICTURE.artists["tangent"].get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, abs=1e-9)
    assert (y0 + y1) / 2 == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_the_curve_is_autograds_and_in_view(name):
    z, f, slope, steepest = curve(name)
    wanted_f, wanted_slope = by_autograd(name, z)
    np.testing.assert_allclose(f, wanted_f, atol=1e-12)
    np.testing.assert_allclose(slope, wanted_slope, atol=1e-12)
    assert np.abs(slope).max() == pytest.approx(steepest, rel=1e-3)
    DESCRIPTION.update(PICTURE.artists, compute(name, 0.0))
    for ax, values in zip(PICTURE.figure.axes, (f, slope), strict=True):
        assert ax.get_ylim()[0] < values.min() < values.max() < ax.get_ylim()[1]


@pytest.mark.parametrize(
    ("name", "z", "saturated"),
    [
        ("sigmoid", 4.3, False),  # f' = 0.25 * 0.05 at z = 4.357
        ("sigmoid", -4.4, True),
        ("tanh", 2.1, False),  # at half of that, because tanh z = 2 sigmoid(2 z) - 1
        ("tanh", -2.2, True),
        ("relu", 0.1, False),
        ("relu", -0.1, True),
        ("leaky_relu", -0.1, True),
        ("silu", -1.3, True),
    ],
)
def test_saturated_by_hand(name, z, saturated):
    result = compute(name, z)
    assert result.saturated == saturated
    assert ("saturated" in sentence(result)) == (saturated and result.slope != 0)


def test_the_sentence_gives_the_share():
    assert sentence(compute("sigmoid", 0.0)).endswith("f' = 0.25, 100.0% of its largest slope, 0.25.")
    assert sentence(compute("relu", -2.0)).endswith("f' = 0, so no gradient passes.")
