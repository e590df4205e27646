"""saturation: both signals are those of the network and of autograd, and every degenerate network can be shown."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import models, probes
from nnlab.engine.activations import ACTIVATIONS
from nnlab.engine.network import Network
from nnlab.explorers.saturation import (
    CLASSES,
    DESCRIPTION,
    EQUAL,
    FEATURES,
    INPUTS,
    MEMBERS,
    NAMES,
    SAMPLES,
    VIEW,
    WIDE,
    compute,
    samples,
    scaled_params,
    sentence,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
EXTREMES = list(itertools.product((1, 30), (1, 48), (0.0, 8.0), INPUTS))  # depth, width, scale, inputs


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def by_torch(activation, depth, width, scale, inputs):
    """Pre-activations, activations and their gradients of every member: lists by layer of (member, batch, unit)."""
    net = Network([FEATURES, *[width] * depth, CLASSES], activation)
    params, (x, y) = scaled_params(net, width, scale), samples(inputs)
    found = ([], [], [])
    for member in range(MEMBERS):
        module = models.to_torch(net, {name: p[member] for name, p in params.items()})
        zs, a = [], x
        for layer in module:
            a = layer(a)
            if isinstance(layer, torch.nn.Linear):
                zs.append(a)
        gradients = torch.autograd.grad(torch.nn.functional.cross_entropy(a, y), zs)
        hidden = [ACTIVATIONS[activation].module()(z) for z in zs[:-1]]
        for kept, new in zip(found, (zs[:-1], hidden, gradients[:-1]), strict=True):
            kept.append([tensor.detach() for tensor in new])
    return [[torch.stack(layer) for layer in zip(*kept, strict=True)] for kept in found]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.integers(1, 8),
    st.integers(1, 10),
    st.floats(0.1, 4).map(lambda s: round(s, 1)),
    st.sampled_from(INPUTS),
)
def test_signals_and_shares_are_torchs(activation, depth, width, scale, inputs):
    result = compute(activation, depth, width, scale, inputs)
    for k, (z, a, gradient) in enumerate(zip(*by_torch(activation, depth, width, scale, inputs), strict=True)):
        wanted = gradient.square().mean((-2, -1)).sqrt().median()
        assert result.gradient[k] == pytest.approx(wanted.item(), rel=1e-6)
        apart = a.var(-2, correction=0).mean(-1).sqrt()
        size = a.square().mean((-2, -1)).sqrt()
        assert result.difference[k] == pytest.approx(apart.median().item(), rel=1e-4, abs=1e-13 * size.max().item())
        assert result.saturated[k] == pytest.approx(probes.saturated_share(activation, z).median().item())
        assert result.dead[k] == pytest.approx(probes.dead_share(activation, z).median().item())
        low, high = VIEW.get(activation, WIDE)
        place = ((a.clamp(low, high) - low) / (high - low) * result.counts.shape[1]).flatten()
        assert result.counts[k].sum() == a.numel() == MEMBERS * SAMPLES * width
        assert (result.counts[k] * (np.arange(result.counts.shape[1]) + 0.5)).sum() / a.numel() == pytest.approx(
            place.mean().item(), abs=0.5
        )


def test_weights_have_the_scale_that_is_said():
    net = Network([FEATURES, 48, 48, 48, CLASSES], "tanh")
    params = scaled_params(net, 48, 3.0)
    for name, n_in in ((layer.name, layer.inputs) for layer in net.affine):
        std = params[f"{name}.weight"].std().item()
        assert std * n_in**0.5 == pytest.approx(3.0, rel=0.06)
        assert not params[f"{name}.bias"].any()


def test_one_more_layer_leaves_the_forward_signal_of_the_others():
    short, long = run(depth=6), run(depth=7)
    np.testing.assert_array_equal(short.difference, long.difference[:6])
    np.testing.assert_array_equal(short.saturated, long.saturated[:6])


def test_a_sigmoid_divides_the_gradient_by_four_or_more_in_every_layer():
    """In a chain of one unit, the factor of a layer is w f'(z) with f' at most a quarter."""
    result = run(width=1, scale=1.0, activation="sigmoid")
    assert (result.gradient > 0).all()
    wide = run(width=48, scale=1.0)
    factors = wide.gradient[:-1] / wide.gradient[1:]
    assert 0.15 < factors.min() < factors.max() < 0.3


@pytest.mark.parametrize("activation", NAMES)
@pytest.mark.parametrize(("depth", "width", "scale", "inputs"), EXTREMES)
def test_degenerate_networks_are_readable(activation, depth, width, scale, inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compute(activation, depth, width, scale, inputs)
        DESCRIPTION.update(PICTURE.artists, result)
    for values in (result.difference, result.gradient, result.saturated, result.dead):
        assert values.shape == (depth,)
        assert np.isfinite(values).all()
    low, high = PICTURE.artists["gradient"].axes.get_ylim()
    for values in (result.difference, result.gradient):
        shown = values[values > 0]
        assert (shown >= low).all()
        assert (shown <= high).all()
    zeros = (result.difference == 0).sum() + (result.gradient == 0).sum()
    assert len(PICTURE.artists["zeros"].get_xdata()) == zeros
    words = sentence(result)
    assert words.endswith(".")
    assert "nan" not in words
    assert "inf" not in words


def test_what_is_zero_is_exactly_zero():
    assert not run(scale=0.0).gradient.any()
    assert not run(scale=0.0).difference.any()
    for activation in NAMES:
        assert not run(inputs=EQUAL, activation=activation).difference.any()
    assert "the differences between the samples are zero" in sentence(run(inputs=EQUAL))
    assert "the gradient is zero" in sentence(run(scale=0.0))


def test_a_chain_of_relu_units_ends_at_the_first_dead_one():
    result = run(activation="relu", width=1, scale=1.4)
    assert result.dead[-1] == 1
    assert not result.gradient.any()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"depth": 1}, "1 hidden layer of 32 units"),
        ({"width": 1}, "10 hidden layers of 1 unit,"),
        ({}, "by layer 10 the differences between the samples are 1.6e-06 times those in layer 1"),
        ({"activation": "tanh", "scale": 4.0}, "back in layer 1 the gradient is 50 times that in layer 10"),
    ],
)
def test_the_sentence_says_what_happens(values, said):
    assert said in sentence(run(**values))
