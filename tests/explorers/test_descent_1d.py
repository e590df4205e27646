"""descent_1d: slopes are derivatives, and the bowl diverges exactly above 2 / curvature."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nnlab.explorers.descent_1d import BOWL, DESCRIPTION, VALLEYS, bend, compute, loss, sentence, slope
from nnlab.explorers.shared import counted
from nnlab.stage.drawing.picture import Picture

LRS = st.floats(0.01, 10.0).map(lambda lr: float(f"{lr:.3g}"))
CURVATURES = st.floats(0.5, 4.0).map(lambda c: round(c, 1))
STARTS = st.floats(-3.0, 3.0).map(lambda w: round(w, 1))


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@given(st.sampled_from([BOWL, VALLEYS]), CURVATURES, st.floats(-3, 3))
def test_slope_is_the_derivative_of_the_loss(landscape, curvature, w):
    h = 1e-5
    rise = loss(landscape, curvature, w + h) - loss(landscape, curvature, w - h)
    assert slope(landscape, curvature, w) == pytest.approx(rise / (2 * h), abs=1e-7)


@given(st.sampled_from([BOWL, VALLEYS]), CURVATURES, st.floats(-3, 3))
def test_bend_is_the_derivative_of_the_slope(landscape, curvature, w):
    h = 1e-5
    rise = slope(landscape, curvature, w + h) - slope(landscape, curvature, w - h)
    assert bend(landscape, curvature, w) == pytest.approx(rise / (2 * h), abs=1e-6)


@given(LRS, CURVATURES, STARTS, st.integers(1, 60))
@example(lr=5.0, curvature=1.0, start=-2.8, steps=60)
@example(lr=5.0, curvature=1.0, start=-2.8, steps=35)
def test_what_is_said_to_have_fallen_stays_down(lr, curvature, start, steps):
    values = {"landscape": VALLEYS, "lr": lr, "curvature": curvature, "start": start}
    if "the loss falls to" in sentence(run(**values, steps=steps)):
        longer = compute(**DESCRIPTION.values(**values) | {"steps": 400})
        above = longer.loss - longer.lowest
        assert (above[steps:] <= 2e-3 * above[0] + 1e-9).all()


def test_a_path_that_passes_the_lowest_point_is_said_to_bounce_on():
    said = sentence(run(landscape=VALLEYS, start=-2.8, lr=5.0, steps=60))
    assert "comes within 0.1 % of its start at step 35 and bounces on" in said
    assert "valley" not in said


@given(LRS, CURVATURES, STARTS)
@example(lr=2.0, curvature=1.0, start=-2.5)
@example(lr=2.01, curvature=1.0, start=-2.5)
@example(lr=1.99, curvature=1.0, start=-2.5)
def test_the_bowl_diverges_exactly_above_two_over_the_curvature(lr, curvature, start):
    assume(start != 0)
    result = run(lr=lr, curvature=curvature, start=start)
    above = lr * curvature - 2
    assert result.diverged == (above > 1e-9)
    if abs(above) > 1e-9:
        assert (result.loss[1] > result.loss[0]) == (above > 0)


@given(LRS, CURVATURES, STARTS)
def test_every_step_in_the_bowl_multiplies_the_loss_by_the_same_factor(lr, curvature, start):
    result = run(lr=lr, curvature=curvature, start=start)
    factor = (1 - lr * curvature) ** 2
    np.testing.assert_allclose(result.loss[1:], factor * result.loss[:-1], rtol=1e-6, atol=1e-12)


def test_a_run_that_overflows_ends_early_and_stays_finite():
    result = run(lr=10.0, curvature=4.0, steps=60)
    assert len(result.w) < 60
    assert np.isfinite(result.loss).all()
    assert result.diverged


def test_of_the_two_valleys_the_right_one_is_deeper_and_the_left_one_holds_who_starts_there():
    left = run(landscape=VALLEYS, start=-2.8, lr=0.3, steps=60)
    right = run(landscape=VALLEYS, start=2.8, lr=0.3, steps=60)
    assert left.w[-1] < -1
    assert right.w[-1] > 1
    assert right.loss[-1] == pytest.approx(right.lowest, abs=1e-4)
    assert left.loss[-1] > right.loss[-1] + 0.3
    assert "shallower valley" in sentence(left)
    assert "shallower" not in sentence(right)


@given(st.sampled_from([BOWL, VALLEYS]), LRS, CURVATURES, STARTS, st.integers(1, 60))
def test_the_view_holds_the_whole_path(landscape, lr, curvature, start, steps):
    result = run(landscape=landscape, lr=lr, curvature=curvature, start=start, steps=steps)
    DESCRIPTION.update(PICTURE.artists, result)
    (left, right), (low, high) = PICTURE.figure.axes[0].get_xlim(), PICTURE.figure.axes[0].get_ylim()
    assert left <= result.w.min() <= result.w.max() <= right
    assert low <= result.loss.min() <= result.loss.max() <= high
    assert result.diverged or "diverges" not in PICTURE.artists["where"].get_text()


PICTURE = Picture(DESCRIPTION)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lr": 1.0}, "in 1 step, never turning round"),
        ({"lr": 1.2, "steps": 2}, "after 2 steps"),
        ({"steps": 1}, "after 1 step "),
        ({"lr": 2.2}, "diverges, because lr is above 2 / curvature = 2."),
        ({"lr": 2.0}, "gets nowhere"),
        ({"start": 0.0}, "stays there"),
    ],
)
def test_the_sentence_says_what_happens(values, said):
    assert said in sentence(run(**values))


def test_the_sentence_counts_the_steps_that_the_formula_needs():
    lr, curvature = 0.1, 4.0
    steps = math.ceil(math.log(1e-3) / (2 * math.log(1 - lr * curvature)))
    assert f"in {counted(steps, 'step')}," in sentence(run(lr=lr, curvature=curvature))
