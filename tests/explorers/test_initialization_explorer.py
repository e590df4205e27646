"""initialization: every point is measured on a real network, the prediction is the textbook's, nothing divides by 0."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnlab import probes
from nnlab.engine.activations import ACTIVATIONS
from nnlab.engine.initialization import SCHEMES
from nnlab.engine.network import Network
from nnlab.explorers.initialization import (
    BINS,
    DEEPEST,
    DESCRIPTION,
    DIGITS,
    EQUAL,
    FEATURES,
    NORMAL,
    ONE,
    compute,
    first_numbers,
    samples,
    sentence,
    unit_gradients,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
ANY = {
    "activation": st.sampled_from(list(ACTIVATIONS)),
    "scheme": st.sampled_from(list(SCHEMES)),
    "depth": st.integers(1, DEEPEST),
    "width": st.integers(1, 100),
    "gain": st.sampled_from([0.2, 0.5, 1.0, 2.0, 5.0]),
    "inputs": st.sampled_from([NORMAL, DIGITS, ONE, EQUAL]),
    "seed": st.integers(0, 20),
}


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("inputs", [NORMAL, DIGITS, ONE])
def test_the_points_are_what_probes_measure(activation, inputs):
    net = Network([FEATURES] + [10] * 5, activation=activation)
    params = {name: 1.5 * values for name, values in net.init("he_uniform", 4, torch.float64).items()}
    x = samples(inputs)
    layers = probes.network(net, params, x, lambda logits: unit_gradients(10)[: len(x)])[:-1]
    result = run(activation=activation, scheme="he_uniform", depth=4, width=10, gain=1.5, inputs=inputs, seed=4)
    np.testing.assert_allclose(result.std["activations"], [layer.activation.std for layer in layers], rtol=1e-9)
    np.testing.assert_allclose(result.std["gradients"], [layer.gradient.std for layer in layers], rtol=1e-9)


def test_a_shallower_network_begins_with_the_same_layers():
    deep, shallow = run(depth=50), run(depth=20)
    np.testing.assert_array_equal(deep.std["activations"][:20], shallow.std["activations"])
    np.testing.assert_array_equal(deep.predicted["activations"][:20], shallow.predicted["activations"])


@given(st.integers(1, 100), st.integers(1, 20), st.sampled_from(["identity", "relu"]))
def test_weights_times_gain_multiply_every_layer_where_f_is_made_of_straight_lines(width, depth, activation):
    one, two = (run(activation=activation, width=width, depth=depth, gain=gain, seed=2) for gain in (1.0, 2.0))
    forward = 2.0 ** np.arange(1, depth + 1)
    for found in ("std", "predicted"):
        small, large = getattr(one, found), getattr(two, found)
        np.testing.assert_allclose(large["activations"], forward * small["activations"], rtol=1e-9)
        np.testing.assert_allclose(large["gradients"], forward[::-1] * small["gradients"], rtol=1e-9)


def test_the_prediction_for_the_identity_is_the_product_of_the_variances():
    """Glorot & Bengio 2010, eq. 5 and 6."""
    result = run(activation="identity", scheme="lecun_normal", depth=6, width=30)
    params, x = first_numbers("lecun_normal", 30, 0), samples(NORMAL)
    factors = [n * params[f"layer{k}.weight"].square().mean() for k, n in enumerate([64, *[30] * 6], start=1)]
    forward = np.cumprod(factors[:6]) * x.square().mean().item()
    back = np.cumprod(factors[:0:-1])[::-1]
    np.testing.assert_allclose(result.predicted["activations"], np.sqrt(forward), rtol=1e-9)
    np.testing.assert_allclose(result.predicted["gradients"], np.sqrt(back), rtol=1e-9)


def test_relu_halves_the_squares():
    """He et al. 2015, section 2.2: E[relu(z)^2] = Var(z) / 2, and the mean of relu'^2 is 1/2."""
    flat, relu = (run(activation=name, scheme="he_normal", depth=8) for name in ("identity", "relu"))
    np.testing.assert_allclose(relu.predicted["gradients"][0], flat.predicted["gradients"][0] / 2**4, rtol=1e-9)
    squares = relu.predicted["activations"] ** 2 / (1 / 2 - 1 / (2 * np.pi))  # Var(relu(z)) / Var(z)
    np.testing.assert_allclose(squares, flat.predicted["activations"] ** 2 / 2.0 ** np.arange(8), rtol=1e-3)


@pytest.mark.parametrize("kind", ["activations", "gradients"])
@pytest.mark.parametrize(
    ("activation", "scheme"), [("tanh", "standard"), ("tanh", "glorot_uniform"), ("relu", "he_normal")]
)
def test_wide_layers_follow_the_prediction(activation, scheme, kind):
    runs = [run(activation=activation, scheme=scheme, depth=8, width=100, seed=seed) for seed in range(9)]
    measured = np.median([r.std[kind] for r in runs], 0)
    predicted = np.median([r.predicted[kind] for r in runs], 0)
    np.testing.assert_allclose(measured, predicted, rtol=0.25)


def test_the_default_loses_the_root_of_three_in_every_layer():
    result = run()
    activations, gradients = result.std["activations"], result.std["gradients"]
    assert (activations[9] / activations[-1]) ** (1 / 40) == pytest.approx(3**0.5, rel=0.02)
    assert (gradients[-1] / gradients[9]) ** (1 / 40) == pytest.approx(3**0.5, rel=0.02)


@settings(max_examples=150)
@given(st.fixed_dictionaries(ANY))
@example({"scheme": "zeros", "activation": "sigmoid"})
@example({"width": 1, "inputs": ONE})
@example({"width": 1, "inputs": EQUAL, "activation": "relu"})
@example({"depth": 1, "width": 1, "scheme": "zeros"})
@example({"width": 1, "scheme": "small_normal", "gain": 0.2, "activation": "sigmoid"})
@example({"width": 100, "scheme": "he_normal", "gain": 5.0, "activation": "identity"})
def test_every_setting_is_finite_readable_and_without_a_warning(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(**values)
        DESCRIPTION.update(PICTURE.artists, result)
    depth = DESCRIPTION.values(**values)["depth"]
    for numbers in (*result.std.values(), *result.predicted.values()):
        assert numbers.shape == (depth,)
        assert np.isfinite(numbers).all()
        assert (numbers >= 0).all()
    assert result.density.shape == (BINS, depth)
    assert result.density.max() == 1
    assert "nan" not in sentence(result)
    left, right = PICTURE.figure.axes
    (low, high), (first, last) = left.get_ylim(), left.get_xlim()
    assert first < 1
    assert last > depth
    for kind in ("activations", "gradients"):
        shown = result.std[kind][result.std[kind] > 0]
        assert ((low <= shown) & (shown <= high)).all()
    assert right.get_xlim() == (first, last)
    assert right.get_ylim() == result.ends


def test_the_heat_map_counts_like_numpy():
    result = run(depth=3, width=20)
    net = Network([FEATURES, 20, 20, 20, 20], activation="tanh")
    trace = net.trace(net.init("standard", 0, torch.float64), samples(NORMAL))
    for k, a in enumerate(layer.a for layer in trace[:-1]):
        counts, _ = np.histogram(a.numpy(), BINS, range=(-1, 1))
        np.testing.assert_allclose(result.density[:, k] ** 2, counts / counts.max())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "50 layers of 64 units: forward, the activations shrink from"),
        ({"depth": 1}, "1 layer of 64 units: forward, the activations have the standard deviation"),
        ({"width": 1}, "layers of 1 unit:"),
        ({"gain": 2.0}, "standard times 2,"),
        (
            {"scheme": "zeros"},
            "the activations are all exactly 0 in layer 1 already; back, the gradients are all exactly",
        ),
        ({"scheme": "zeros", "activation": "sigmoid"}, "the activations are all equal in layer 1 already; back,"),
        ({"scheme": "zeros", "depth": 1}, "the gradients are all exactly 0 in layer 1."),
        ({"width": 1, "inputs": EQUAL}, "the activations are all equal in layer 1 already"),
        ({"activation": "relu", "scheme": "he_normal", "gain": 2.0}, "the activations grow from"),
        ({"activation": "relu", "scheme": "he_normal"}, "the activations keep their size, from"),
    ],
)
def test_the_sentence_says_what_happens(values, said):
    assert said in sentence(run(**values))


def test_reasons_of_the_presets_are_true():
    runs = {preset.label: run(**preset.values) for preset in DESCRIPTION.presets}
    glorot = runs["Glorot"]
    assert min(glorot.std["activations"].min(), glorot.std["gradients"].min()) > 0.01
    for label, factor in (("Glorot with ReLU", 0.5**0.5), ("He with ReLU", 1.0), ("too large", 2.0)):
        ends = runs[label].std["activations"][[0, -1]]
        assert (ends[1] / ends[0]) ** (1 / 49) == pytest.approx(factor, rel=0.02)
    saturated = runs["saturated"]
    assert saturated.std["gradients"][0] > 1e5 * saturated.std["gradients"][-1]
    assert (saturated.density[[0, -1]] > 0.9).all()
    assert (saturated.density[1:-1].max(0) < 0.9).all()
    assert runs["zeros"].zero["activations"].all()
    assert runs["zeros"].zero["gradients"].all()
    values = next(preset.values for preset in DESCRIPTION.presets if preset.label == "narrow")
    last = [run(**{**values, "seed": seed}).std["activations"][-1] for seed in range(21)]
    positive = [size for size in last if size > 0]
    assert max(positive) > 1e4 * min(positive)
