"""polynomial: the fits are those of numpy, and bias and variance have their closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.explorers.polynomial import DESCRIPTION, GRID, HIGHEST, TRUTHS, basis, compute, draws, sentence
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
DEGREES = range(1, HIGHEST + 1)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@settings(max_examples=40)
@given(st.sampled_from(list(TRUTHS)), st.integers(1, 15), st.integers(16, 200), st.floats(0.05, 1), st.integers(0, 20))
def test_the_fit_is_that_of_numpy(truth, degree, samples, noise, seed):
    result = run(truth=truth, degree=degree, samples=samples, noise=noise, seed=seed)
    wanted = np.polynomial.Polynomial.fit(result.x, result.y, degree)(GRID)
    np.testing.assert_allclose(result.fit, wanted, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("degree", [1, 3, 8, 15])
def test_the_errors_are_means_over_all_draws(degree):
    result = run(truth="sine", samples=30, degree=degree, seed=2)
    targets = TRUTHS["sine"](result.x) + result.noise * draws(30, 2)
    fits = [np.polynomial.Polynomial.fit(result.x, y, degree) for y in targets]
    np.testing.assert_allclose(result.others, [fit(GRID) for fit in fits[1:13]], atol=1e-6)
    training = np.mean([(fit(result.x) - y) ** 2 for fit, y in zip(fits, targets, strict=True)])
    off = np.mean([(fit(GRID) - TRUTHS["sine"](GRID)) ** 2 for fit in fits])
    assert result.errors["training"][degree - 1] == pytest.approx(training, rel=1e-6)
    # the mean over 200 draws has a bias of its own, which falls as variance / 200
    variance = result.errors["variance"][degree - 1]
    assert result.errors["validation"][degree - 1] - 0.09 == pytest.approx(off, abs=3 * (variance / 200) ** 0.5 * 0.1)


@settings(max_examples=30)
@given(st.sampled_from(list(TRUTHS)), st.integers(16, 200), st.floats(0.05, 1), st.integers(0, 20))
def test_validation_error_is_bias_plus_variance_plus_noise(truth, samples, noise, seed):
    result = run(truth=truth, samples=samples, noise=noise, seed=seed)
    errors = result.errors
    np.testing.assert_allclose(errors["validation"], errors["bias²"] + errors["variance"] + result.noise**2)


@pytest.mark.parametrize("samples", [16, 25, 100])
def test_the_variance_is_the_one_of_theory(samples):
    """Noise in each of the d + 1 orthonormal terms has the variance noise^2."""
    on_grid = basis(samples)[1]
    theory = 0.3**2 * (on_grid**2).mean(0).cumsum()[1:]
    measured = np.mean([run(samples=samples, seed=seed).errors["variance"] for seed in range(21)], 0)
    np.testing.assert_allclose(measured, theory, rtol=0.08)


def test_the_training_error_is_the_one_of_theory():
    """Of n degrees of freedom d + 1 are used up: noise^2 (1 - (d + 1) / n), plus bias that is 0 for the cubic."""
    measured = np.mean([run(seed=seed).errors["training"] for seed in range(21)], 0)
    theory = 0.09 * (1 - (np.arange(1, 16) + 1) / 25)
    np.testing.assert_allclose(measured[2:], theory[2:], rtol=0.03)


def test_a_cubic_has_no_bias_from_degree_3_on_and_the_others_less_and_less():
    assert (run(samples=60).errors["bias²"][2:] < 1e-20).all()
    for truth in ("sine", "step"):
        bias = run(truth=truth, samples=60).errors["bias²"]
        assert bias[0] > 2 * bias[8] > 0
    assert run(samples=60).errors["bias²"][0] > 0.05


def test_training_error_never_rises_with_the_degree_and_is_zero_when_every_sample_is_hit():
    for truth in TRUTHS:
        training = run(truth=truth, samples=16).errors["training"]
        assert (np.diff(training) <= 1e-12).all()
        assert training[-1] < 1e-12
    assert "training error 0," in sentence(run(samples=16, degree=15))


@settings(max_examples=60)
@given(st.sampled_from(list(TRUTHS)), st.integers(1, 15), st.integers(16, 200), st.floats(0.05, 1), st.integers(0, 20))
def test_the_view_holds_the_fit_and_the_errors(truth, degree, samples, noise, seed):
    result = run(truth=truth, degree=degree, samples=samples, noise=noise, seed=seed)
    DESCRIPTION.update(PICTURE.artists, result)
    left, right = PICTURE.figure.axes
    low, high = left.get_ylim()
    assert low <= min(result.fit.min(), result.y.min()) <= max(result.fit.max(), result.y.max()) <= high
    assert max(error.max() for error in result.errors.values()) <= right.get_ylim()[1]


def test_the_sentence_names_the_best_degree():
    result = run(truth="sine")
    best = min(DEGREES, key=lambda degree: result.errors["validation"][degree - 1])
    assert sentence(result).endswith(f"has degree {best}.")
    assert "bias² 0 +" in sentence(run())


def test_rounding_is_shown_as_zero_and_a_small_bias_is_not():
    """A sine is no polynomial: its bias is small from degree 13 on, but not 0, as that of a cubic is."""
    for samples, bias2 in ((25, "2.25e-13"), (100, "7.73e-14")):
        assert f"bias² {bias2} +" in sentence(run(truth="sine", degree=13, samples=samples))
    for samples in (16, 25, 100, 200):
        for degree in (3, 8, 15):
            assert "bias² 0 +" in sentence(run(degree=degree, samples=samples))
