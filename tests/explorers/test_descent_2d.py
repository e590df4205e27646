"""descent_2d: the largest curvature sets the limit, the condition number the rate."""

import re

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nnlab.explorers.descent_2d import DESCRIPTION, compute, sentence
from nnlab.explorers.shared import level_lines
from nnlab.stage.drawing.picture import Picture

LRS = st.floats(0.003, 3.0).map(lambda lr: float(f"{lr:.3g}"))
CONDITIONS = st.floats(1.0, 100.0).map(lambda c: float(f"{c:.3g}"))
XS = st.floats(-2.2, 2.2).map(lambda x: round(x, 1))
YS = st.floats(-1.3, 1.3).map(lambda y: round(y, 1))
PICTURE = Picture(DESCRIPTION)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@given(LRS, CONDITIONS, XS, YS)
@example(lr=0.1, condition=20.0, start_w1=-2.0, start_w2=1.0)
@example(lr=0.101, condition=20.0, start_w1=-2.0, start_w2=1.0)
@example(lr=0.0999, condition=20.0, start_w1=-2.0, start_w2=1.0)
def test_it_diverges_exactly_above_two_over_the_largest_curvature(lr, condition, start_w1, start_w2):
    assume(start_w2 != 0)
    result = run(lr=lr, condition=condition, start_w1=start_w1, start_w2=start_w2)
    above = lr * condition - 2
    assert result.diverged == (above > 1e-9)
    if abs(above) > 1e-9:
        assert (abs(result.w2[1]) > abs(result.w2[0])) == (above > 0)


@given(st.floats(1.0, 100.0), XS, YS)
def test_the_best_lr_meets_its_guarantee_at_every_step(condition, start_w1, start_w2):
    result = compute(2 / (1 + condition), condition, start_w1, start_w2, 200)
    np.testing.assert_allclose(result.loss, result.guaranteed, rtol=1e-6, atol=1e-12)


@given(st.floats(1.5, 100.0), st.floats(0.5, 1.5))
def test_any_other_lr_is_slower_from_the_worse_of_two_starts(condition, factor):
    assume(abs(factor - 1) > 0.02)
    lr = factor * 2 / (1 + condition)
    runs = [compute(lr, condition, *start, 20) for start in ((-2.0, 0.0), (0.0, 1.0))]
    assert any(run.loss[-1] > run.guaranteed[20] for run in runs)


@given(st.floats(1.0, 100.0))
def test_the_loss_is_equal_along_a_level_line(condition):
    x, y = level_lines(1.0, condition)
    loss = ((x**2 + condition * y**2) / 2).reshape(-1, 74)[:, :-1]
    np.testing.assert_allclose(loss, loss[:, :1].repeat(73, 1), rtol=1e-9)
    assert (np.diff(loss[:, 0]) > 0).all()


@given(LRS, CONDITIONS, XS, YS, st.integers(1, 200))
def test_the_view_holds_the_whole_path(lr, condition, start_w1, start_w2, steps):
    result = run(lr=lr, condition=condition, start_w1=start_w1, start_w2=start_w2, steps=steps)
    DESCRIPTION.update(PICTURE.artists, result)
    left, right = PICTURE.figure.axes
    assert left.get_xlim()[0] <= result.w1.min() <= result.w1.max() <= left.get_xlim()[1]
    assert left.get_ylim()[0] <= result.w2.min() <= result.w2.max() <= left.get_ylim()[1]
    assert result.loss.max() <= right.get_ylim()[1]
    assert len(result.loss) - 1 <= right.get_xlim()[1]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"condition": 1.0, "lr": 1.0}, "in 1 step."),
        ({"lr": 0.0985}, "jumping across the valley 40 times"),
        ({"lr": 0.09, "steps": 1}, "jumping across the valley once"),
        ({"steps": 1}, "after 1 step "),
        ({"lr": 0.103}, "diverges, because lr is above 2 / largest curvature = 0.1."),
        ({"start_w1": 0.0, "start_w2": 0.0}, "stays there"),
    ],
)
def test_the_sentence_says_what_happens(values, said):
    assert said in sentence(run(**values))


def losses(lr, condition, w1, w2, steps=1000):
    """The loss after each step, by formula: both parameters shrink or grow by a factor of their own."""
    k = np.arange(steps + 1)
    with np.errstate(over="ignore"):
        squares = [(w * (1 - lr * bend) ** k) ** 2 if w else 0.0 * k for w, bend in ((w1, 1), (w2, condition))]
    return (squares[0] + condition * squares[1]) / 2


TINY = st.sampled_from([0.0, 0.001, -0.002, 0.01, 0.05])


@given(LRS, CONDITIONS, st.one_of(XS, TINY), st.one_of(YS, TINY), st.integers(1, 200))
@example(lr=1.0, condition=2.02, w1=-2.2, w2=0.01, steps=40)  # the first step is inside the tolerance, then w2 grows
@example(lr=1.0, condition=2.02, w1=-2.2, w2=0.01, steps=1)
@example(lr=1.0, condition=2.0, w1=-2.2, w2=0.01, steps=3)  # w2 jumps to and fro for ever, below 0.1 %
@example(lr=1.0, condition=100.0, w1=-2.0, w2=0.0, steps=1)
@example(lr=0.05, condition=20.0, w1=0.0, w2=1.0, steps=1)
def test_whoever_is_said_to_arrive_comes_at_that_step_and_stays(lr, condition, w1, w2, steps):
    said = sentence(run(lr=lr, condition=condition, start_w1=w1, start_w2=w2, steps=steps))
    if arrived := re.search(r"falls to 0\.1 % of its start in (\d+) step", said):
        step, loss = int(arrived.group(1)), losses(lr, condition, w1, w2)
        assert 1 <= step <= steps
        assert loss[step - 1] > 0.999e-3 * loss[0]
        assert (loss[step:] <= 1.001e-3 * loss[0]).all()


def test_without_a_start_across_the_valley_only_the_small_curvature_counts():
    assert not run(lr=1.9, condition=100.0, start_w2=0.0).diverged
    assert run(lr=2.1, condition=100.0, start_w2=0.0).diverged


def test_a_diverging_path_is_followed_far_but_its_start_can_still_be_seen():
    slow, fast = run(lr=0.103, steps=200), run(lr=2.86, condition=95.5)
    assert slow.loss[-1] > 1000 * slow.loss[0]
    assert (len(fast.w1), fast.diverged) == (2, True)
    pictures = set()
    for start_w1 in (-2.2, 2.2):
        PICTURE.show(run(lr=2.86, condition=95.5, start_w1=start_w1))
        pictures.add(PICTURE.rgb().tobytes())
    assert len(pictures) == 2
