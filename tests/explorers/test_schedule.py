"""schedule: the descents follow autograd, the exact noise floor of a bowl, and the schedules of the package."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab.engine.optimizers import SGD
from nnlab.engine.schedules import Cosine, WarmUp
from nnlab.explorers.schedule import (
    DESCRIPTION,
    FLAT,
    FORMULAS,
    RUNS,
    START,
    STEPS,
    WALLS,
    compute,
    descend,
    draws,
    sentence,
)
from nnlab.stage.drawing.picture import Picture


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def loss_of(x, y):
    return x**2 / 2 + WALLS * x**4 / 4 + FLAT * y**2 / 2


def test_without_noise_it_is_gradient_descent_with_a_scheduled_rate():
    point = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([point], lr=0.2)
    scheduler, losses = Cosine(length=STEPS).to_torch(optimizer), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(*point)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    result = run(lr=0.2, noise=0.0)
    for low_median_high in result.quantiles[0]:
        np.testing.assert_allclose(low_median_high[:-1], losses, rtol=1e-9)


def test_without_noise_it_is_the_descent_of_the_package():
    params, sgd, losses = {"x": START[0], "y": START[1]}, SGD(lr=0.2), []
    state = sgd.init(params)
    for t in range(STEPS):
        losses.append(loss_of(params["x"], params["y"]))
        gradients = {"x": params["x"] + WALLS * params["x"] ** 3, "y": FLAT * params["y"]}
        params, state = sgd.scaled(Cosine(length=STEPS)(t)).update(params, gradients, state)
    np.testing.assert_allclose(run(lr=0.2, noise=0.0).quantiles[0, 1, :-1], losses, rtol=1e-9)


def test_the_noise_floor_is_that_of_a_bowl():
    """x <- (1 - lr) x - lr noise settles at the variance lr noise^2 / (2 - lr); close to 0 the walls do not matter.

    Along y, the same with the curvature FLAT, plus what is still left of the start.
    """
    lr, noise, t = 0.3, 0.2, np.arange(200, STEPS + 1)
    shrink = (1 - lr * FLAT) ** (2 * t)
    x2 = lr * noise**2 / (2 - lr)
    y2 = START[1] ** 2 * shrink + lr * noise**2 / (2 - lr * FLAT) * (1 - shrink)
    measured = descend(np.full((STEPS, 2), lr), noise)[200:, 0].mean()
    assert measured == pytest.approx((x2 + FLAT * y2.mean()) / 2, rel=0.03)


def test_the_noise_is_the_same_for_both_and_smaller_where_the_loss_is_flat():
    assert draws().shape == (STEPS, 2, 1, RUNS)
    assert draws()[:, 1].std() / draws()[:, 0].std() == pytest.approx(math.sqrt(FLAT), rel=0.02)
    both = descend(np.full((STEPS, 2), 0.3), 0.5)
    np.testing.assert_array_equal(both[:, 0], both[:, 1])


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("T", [16, 80, 200, 400])
def test_T_is_what_the_docstring_says(formula, T):
    schedule = FORMULAS[formula](T)
    if formula in ("time decay", "exponential", "step", "inverse root"):
        assert schedule(T) == pytest.approx(0.1, rel=0.01)
    elif formula == "cosine":
        assert schedule(T) == pytest.approx(0, abs=1e-12)
    else:
        assert rounds(schedule, T) == 4


def rounds(schedule, T):
    """How often the schedule is back at its top in T steps."""
    factors = [schedule(t) for t in range(T + 2)]
    return sum(factors[t - 1] < factors[t] >= factors[t + 1] for t in range(1, T + 1))


def test_with_a_small_T_that_is_no_multiple_of_8_there_are_more_rounds():
    assert [rounds(FORMULAS["triangular"](T), T) for T in (10, 20, 30, 64, 65, 390)] == [5, 5, 5, 4, 4, 4]
    assert [rounds(FORMULAS["cosine restarts"](T), T) for T in (10, 30, 65, 390)] == [5, 4, 4, 4]


def test_the_factor_is_the_schedule_and_warm_up_comes_first():
    result = run(T=380, warm_up=20)
    assert result.schedule == WarmUp(length=20, start=0.01, then=Cosine(length=380))
    np.testing.assert_array_equal(result.factor, [result.schedule(t) for t in range(STEPS)])


def test_with_noise_slowing_down_wins_and_without_noise_it_loses():
    _, noisy, _ = run().quantiles[0]
    _, noisy_constant, _ = run().quantiles[1]
    assert noisy[-1] < noisy_constant[-1] / 5
    still, still_constant = run(noise=0.0).quantiles[:, 1, -1]
    assert still > 10 * still_constant


def test_warm_up_gets_down_the_wall_that_throws_the_others_out():
    assert run(lr=0.8).lost == (RUNS, RUNS)
    assert run(lr=0.8, warm_up=20, T=380).lost == (0, RUNS)


def test_slowing_down_too_early_is_worse_than_not_at_all():
    scheduled, constant = run(formula="step", T=40).quantiles[:, 1, -1]
    assert scheduled > 2 * constant


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lr": 2.0}, "all 64 runs are lost, with the constant rate all 64 runs are lost."),
        ({"noise": 1.5}, "of 64 runs are lost"),
        ({}, "Cosine(length=400), lr 0.5, noise 0.5: the last step has lr 7.7e-06; the loss ends at "),
    ],
)
def test_sentence(values, said):
    assert said in sentence(run(**values))


@given(
    st.sampled_from(sorted(FORMULAS)), st.floats(0.01, 2.0), st.integers(10, 400), st.integers(0, 100),
    st.floats(0.0, 1.5),
)  # fmt: skip
def test_a_lost_run_stays_lost_and_quantiles_are_in_order(formula, lr, T, warm_up, noise):
    result = run(formula=formula, lr=lr, T=T, warm_up=warm_up, noise=noise)
    low, median, high = np.moveaxis(result.quantiles, 1, 0)
    assert (low <= median).all()
    assert (median <= high).all()
    assert not np.isnan(result.quantiles).any()
    for curve in result.quantiles.reshape(-1, STEPS + 1):
        assert np.isinf(curve[np.isinf(curve).argmax() :]).all() or np.isfinite(curve).all()


def test_the_picture_shows_medians_and_the_schedule():
    picture = Picture(DESCRIPTION)
    result = run(formula="step")
    picture.show(result)
    np.testing.assert_array_equal(picture.artists["factor"].get_ydata(), result.factor)
    for k in (0, 1):
        np.testing.assert_array_equal(picture.artists["medians"][k].get_ydata(), result.quantiles[k, 1])
