"""minibatch_noise: the gradients are those of autograd, and their variance is sigma^2 / m."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.engine import losses
from nnlab.engine.optimizers import SGD
from nnlab.explorers.minibatch_noise import (
    DESCRIPTION,
    REPEATS,
    SAMPLES,
    START,
    compute,
    measured_variance,
    moments,
    problem,
    sentence,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def gradient(w, b, x, y):
    """By autograd, the gradient of mean((w x + b - y)^2) / 2."""
    point = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
    x, y = torch.tensor(x), torch.tensor(y)
    ((point[0] * x + point[1] - y) ** 2).mean().div(2).backward()
    return point.grad.numpy()


def test_the_minimum_is_one():
    given_points = problem()
    np.testing.assert_allclose(gradient(*given_points.minimum, given_points.x, given_points.y), 0, atol=1e-12)


def test_the_noise_is_the_gradient_of_each_sample_at_the_minimum():
    p = problem()
    for k in range(SAMPLES):
        np.testing.assert_allclose(p.noise[k], gradient(*p.minimum, p.x[k : k + 1], p.y[k : k + 1]), atol=1e-12)


@given(st.integers(0, 20), st.integers(1, SAMPLES), st.floats(0.01, 1.0))
def test_the_first_step_follows_the_gradient_of_the_drawn_samples(seed, m, lr):
    drawn = np.random.default_rng(seed).integers(SAMPLES, size=(200, SAMPLES))[0, :m]
    step = (np.array(START) - run(seed=seed, batch_size=m, lr=lr, steps=3).path[1]) / float(f"{lr:.3g}")
    np.testing.assert_allclose(step, gradient(*START, problem().x[drawn], problem().y[drawn]), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("m", [1, 8, SAMPLES])
def test_the_path_is_that_of_the_package(m):
    drawn = np.random.default_rng(3).integers(SAMPLES, size=(200, SAMPLES))[:, :m]
    x, y = (torch.tensor(values)[torch.tensor(drawn)][..., None] for values in (problem().x, problem().y))
    params, sgd = dict(zip("wb", torch.tensor(START, dtype=torch.float64), strict=True)), SGD(lr=0.2)
    state, path = sgd.init(params), [START]
    for k in range(30):
        _, doutput = losses.mse(params["w"] * x[k] + params["b"], y[k])  # (batch, 1)
        gradients = {"w": (doutput / 2 * x[k]).sum(), "b": (doutput / 2).sum()}  # the loss has a half
        params, state = sgd.update(params, gradients, state)
        path.append((params["w"].item(), params["b"].item()))
    np.testing.assert_allclose(run(seed=3, batch_size=m, lr=0.2, steps=30).path, path, rtol=1e-9)


@settings(max_examples=21)
@given(st.integers(0, 20))
def test_the_variance_falls_as_one_over_the_batch_size(seed):
    result = run(seed=seed)
    # a variance measured with n gradients is off by about sqrt(2 / n), more for heavy tails; allow five of these
    np.testing.assert_allclose(result.measured, result.predicted, rtol=5 * (3 / REPEATS) ** 0.5)
    line = np.polyfit(np.log(np.arange(1, SAMPLES + 1)), np.log(result.measured), 1)
    assert line[0] == pytest.approx(-1, abs=0.05)


def test_full_batch_descent_ends_at_the_minimum_and_mini_batches_do_not():
    result = run(batch_size=1, lr=0.5, steps=200)
    np.testing.assert_allclose(result.full_path[-1], problem().minimum, atol=1e-6)
    assert np.abs(result.path[100:] - problem().minimum).max() > 0.1


def test_a_larger_batch_hovers_closer_to_the_minimum():
    excess = [np.median([run(batch_size=m, steps=200, seed=s).excess for s in range(21)]) for m in (1, 8, 64)]
    assert excess[0] > 4 * excess[1] > 16 * excess[2]


def test_more_steps_continue_the_same_path():
    short, long = run(steps=20), run(steps=200)
    np.testing.assert_array_equal(long.path[:21], short.path)


def test_cached_arrays_are_the_same_after_a_run():
    before = moments(3).copy(), measured_variance(3).copy()
    run(seed=3, lr=3.0)
    np.testing.assert_array_equal(moments(3), before[0])
    np.testing.assert_array_equal(measured_variance(3), before[1])


@given(st.integers(0, 7).map(lambda k: 2.0**k), st.floats(0.01, 3.0), st.integers(1, 200), st.integers(0, 20))
def test_the_view_holds_the_whole_path(m, lr, steps, seed):
    result = run(batch_size=m, lr=lr, steps=steps, seed=seed)
    DESCRIPTION.update(PICTURE.artists, result)
    left, right = PICTURE.figure.axes
    (x0, x1), (y0, y1) = left.get_xlim(), left.get_ylim()
    assert x0 <= result.path[:, 0].min() <= result.path[:, 0].max() <= x1
    assert y0 <= result.path[:, 1].min() <= result.path[:, 1].max() <= y1
    assert right.get_ylim()[0] < result.measured.min() < result.measured.max() < right.get_ylim()[1]


def test_divergence_is_said():
    assert "the path diverges within" in sentence(run(lr=3.0))
    assert "diverges" not in sentence(run(lr=1.0))


def test_the_sentence_gives_both_variances():
    result = run(batch_size=32.0)
    assert f"is {result.measured[31]:.2g}, predicted {result.predicted[31]:.2g};" in sentence(result)
    assert "after 1 step " in sentence(run(steps=1))
