"""dropout: masks and passes are those of the package, and the presets say what happens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import data
from nnlab.engine.losses import cross_entropy
from nnlab.engine.network import Network
from nnlab.explorers.dropout import (
    DESCRIPTION,
    DIGITS,
    NAMES,
    RATES,
    SEEDS,
    compute,
    doubtful,
    losses,
    network,
    sentence,
    trained,
    uniform,
)
from nnlab.stage.drawing.picture import Picture


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def one(rate):
    """The parameters of the network of seed 0 of a rate."""
    k = RATES.index(rate) * len(SEEDS)
    return {name: p[k] for name, p in trained()[0].items()}


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_the_scaled_pass_is_the_evaluation_mode_of_the_network(rate):
    test = data.digits().test
    chosen = doubtful().tolist()
    p = Network([64, 64, 10]).forward(one(rate), test.x[chosen])[0].softmax(-1)
    for digit in (0, DIGITS - 1):
        result = run(rate=rate, digit=digit)
        assert result.digit == test.y[chosen[digit]]
        assert result.said[0] == pytest.approx(float(p[digit, result.digit]), abs=1e-5)


def test_what_a_mask_says_is_a_network_without_the_forgotten_units_and_larger_weights():
    result, params = run(rate=0.5, masks=1, seed=3), one(0.5)
    forgotten = torch.from_numpy(np.isnan(result.shown))
    np.testing.assert_array_equal(forgotten, uniform(3)[0] < 0.5)
    params["layer2.weight"] = torch.where(forgotten[:, None], 0.0, params["layer2.weight"] * 2)
    logits, _ = Network([64, 64, 10]).forward(params, data.digits().test.x[doubtful()[:1]])
    assert result.said[1] == result.said[2] == pytest.approx(float(logits.softmax(-1)[0, result.digit]), abs=1e-5)


def test_the_geometric_mean_of_many_masks_is_the_scaled_pass():
    """Exact for one layer behind the masks (Goodfellow et al. 2016, eq. 7.65): the logits are linear in the mask."""
    net, masks = network(5), uniform(0) >= 0.5
    logits = net.units[0] * masks / 0.5 @ net.weight + net.bias
    scaled = net.units[0] @ net.weight + net.bias
    error = logits.std(0) / np.sqrt(len(logits))
    assert (np.abs(logits.mean(0) - scaled) < 4 * error).all()


@given(st.sampled_from(RATES), st.integers(1, 1000), st.integers(0, 20))
def test_the_mean_of_masks_and_their_share(rate, masks, seed):
    result = run(rate=rate, masks=float(masks), seed=seed)
    assert len(result.right) == masks
    assert result.said[1] == pytest.approx(result.right.mean())
    assert result.said[2] == result.right[-1]
    assert np.isnan(result.shown).mean() == pytest.approx(rate, abs=0.3)
    if rate == 0:
        assert np.ptp(result.right) == 0


def test_scaled_by_p_is_right_only_at_one_half():
    result = run(rate=0.5)
    assert result.said[3] == result.said[0]
    assert all(run(rate=rate).said[3] != run(rate=rate).said[0] for rate in (0.1, 0.4, 0.6, 0.9))


def test_losses_are_those_of_the_package():
    params, test, _ = trained()
    value, _ = cross_entropy(Network([64, 64, 10]).forward(params, test.x)[0], test.y)
    np.testing.assert_allclose(losses()[0], value.view(-1, len(SEEDS)), rtol=1e-5)
    for rate in RATES:
        k = RATES.index(rate)
        lecture = {
            n: p[4 * k : 4 * k + 4] * (rate / (1 - rate) if n == "layer2.weight" else 1) for n, p in params.items()
        }
        value, _ = cross_entropy(Network([64, 64, 10]).forward(lecture, test.x)[0], test.y)
        np.testing.assert_allclose(losses()[3, k], value, rtol=1e-4)
    _, mean, one, _ = np.median(losses(), -1)  # -log is convex: masks pay more on average, but a single one may not
    assert one[0] == pytest.approx(mean[0], rel=1e-6)
    assert (one[1:] > mean[1:]).all()
    np.testing.assert_allclose(losses()[3, 0], np.log(10), atol=0.05)  # scaled by 0 the network knows nothing


def test_what_the_presets_claim():
    presets = {preset.label: preset.values for preset in DESCRIPTION.presets}
    fifth = RATES.index(0.2)
    assert (losses()[3, fifth] > 2 * losses()[0, fifth]).all()
    assert np.ptp(run(**presets["forget nothing"]).right) == 0
    left = [(~np.isnan(run(**presets["nearly all"], seed=seed).shown)).sum() for seed in range(21)]
    assert np.mean(left) == pytest.approx(6.4, abs=1)
    few = [run(**presets["few masks"], seed=seed).said[1] for seed in range(21)]
    many = [run(masks=300, seed=seed).said[1] for seed in range(21)]
    assert np.std(few) > 5 * np.std(many)


def test_the_picture_shows_the_mask_and_every_curve():
    picture, result = Picture(DESCRIPTION), run()
    DESCRIPTION.update(picture.artists, result)
    assert len(picture.artists["forgotten"].get_xdata()) == np.isnan(result.shown).sum()
    low, high = picture.figure.axes[2].get_ylim()
    assert low < losses().min()
    assert losses().max() < high
    assert [text.get_text() for text in picture.figure.axes[2].texts] == list(NAMES)


def test_the_sentence():
    result = run()
    assert sentence(result).startswith(
        f"p = 0.5, a {result.digit}: probability of the right class {result.said[0]:.3f}"
    )
    assert "over 1 mask," in sentence(run(masks=1))
