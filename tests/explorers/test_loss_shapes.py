"""loss_shapes: every slope is the derivative of its loss, and every star lies at the lowest point."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from nnlab.explorers.loss_shapes import DESCRIPTION, FIVE, GRID, LOGIT, LOOK, ONE, compute, plus_zero, sentence
from nnlab.stage.drawing.picture import Picture

TENTHS = st.integers(-60, 60).map(lambda n: n / 10)
SETTINGS = {
    "view": st.sampled_from([ONE, FIVE, LOGIT]),
    "output": TENTHS,
    "target": st.sampled_from(["0", "1"]),
    "outlier": TENTHS,
    "delta": st.integers(1, 40).map(lambda n: n / 10),
}
TORCH = {
    "squared": lambda f, y, delta: F.mse_loss(f, y),
    "absolute": lambda f, y, delta: F.l1_loss(f, y),
    "Huber": lambda f, y, delta: F.huber_loss(f, y, delta=delta),
    "cross-entropy": lambda z, y, delta: F.binary_cross_entropy_with_logits(z, y),
    "hinge": lambda z, y, delta: F.relu(1 - (2 * y - 1) * z).mean(),
    "squared after sigmoid": lambda z, y, delta: F.mse_loss(torch.sigmoid(z), y),
}
PICTURE = Picture(DESCRIPTION)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@given(st.fixed_dictionaries(SETTINGS))
def test_losses_and_slopes_are_those_of_torch_and_autograd(values):
    result = compute(**values)
    y = torch.tensor(result.samples)
    for name, curve in result.curves.items():
        if name == "0-1 error":
            assert curve.here == float((result.output > 0) != result.target)
            assert not curve.slope.any()
            continue
        f = torch.tensor(result.output, dtype=torch.float64, requires_grad=True)
        loss = TORCH[name](f.expand(len(y)), y, result.delta)
        (slope,) = torch.autograd.grad(loss, f)
        assert curve.here == pytest.approx(loss.item(), abs=1e-12)
        assert curve.pull == pytest.approx(slope.item(), abs=1e-12), name
        assert np.interp(result.output, GRID, curve.loss) == pytest.approx(curve.here, abs=1e-3 * (1 + curve.here))


@given(TENTHS, st.sampled_from(["0", "1"]), st.integers(1, 40).map(lambda n: n / 10))
def test_no_other_prediction_has_a_lower_mean_loss_than_the_star(outlier, target, delta):
    result = run(view=FIVE, outlier=outlier, target=target, delta=delta)
    y = torch.tensor(result.samples)
    for name, curve in result.curves.items():
        best = torch.tensor(curve.best, dtype=torch.float64)
        assert TORCH[name](best.expand(5), y, delta).item() <= curve.loss.min() + 1e-9, name


def test_the_mean_follows_an_outlier_and_the_median_does_not():
    near, far = (run(view=FIVE, target="0", outlier=outlier).curves for outlier in (2.0, 6.0))
    moved = {name: far[name].best - near[name].best for name in near}
    assert moved["squared"] == pytest.approx(4 / 5)
    assert moved["absolute"] == 0
    assert moved["Huber"] == pytest.approx(0, abs=1e-9)
    small, large = (run(view=FIVE, delta=delta).curves for delta in (0.1, 4.0))
    assert small["Huber"].best == pytest.approx(small["absolute"].best, abs=0.06)
    assert large["Huber"].best == pytest.approx(large["squared"].best, abs=1e-6)


@given(st.fixed_dictionaries(SETTINGS))
def test_the_view_holds_every_dot_and_every_star(values):
    result = compute(**values)
    PICTURE.show(result)
    for kind, size in (("losses", "here"), ("slopes", "pull")):
        for line, dot, name in zip(PICTURE.artists[kind], PICTURE.artists[f"{kind} dots"], LOOK, strict=True):
            assert (len(line.get_xdata()) > 0) == (name in result.curves)
            if name in result.curves:
                low, high = line.axes.get_ylim()
                assert dot.get_ydata()[0] == getattr(result.curves[name], size)
                assert low <= dot.get_ydata()[0] <= high
    stars = [star for star in PICTURE.artists["best"] if len(star.get_xdata())]
    assert len(stars) == (3 if result.view == FIVE else 0)
    assert all(star.get_ydata()[0] <= star.axes.get_ylim()[1] for star in stars)


def preset(label):
    (found,) = (p for p in DESCRIPTION.presets if p.label == label)
    return run(**found.values).curves


def test_presets_show_what_they_say():
    far = preset("far off")
    assert far["squared"].pull == 10 * far["absolute"].pull == 10 * far["Huber"].pull
    near = preset("almost right")
    assert max(abs(near["squared"].pull), abs(near["Huber"].pull)) < 0.25
    assert abs(near["absolute"].pull) == 1
    wrong, right = preset("wrong and sure"), preset("right and sure")
    assert wrong["hinge"].pull == -1
    assert wrong["cross-entropy"].pull == pytest.approx(-1, abs=0.01)
    assert abs(wrong["squared after sigmoid"].pull) < 0.02
    assert right["hinge"].here == right["hinge"].pull == 0
    assert right["cross-entropy"].pull < 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "delta 1, prediction -3.0, target 1: loss and slope are squared 16.000 (-8.000), absolute 4.000 (-1.000)"),
        ({"view": FIVE}, "the fifth at 5.5, delta 1: the lowest mean loss is at squared 1.90, absolute 1.10, Huber"),
        ({"view": LOGIT, "output": 0.0}, f"logit 0.0 (probability 0.500), target 1: loss and slope are cross-entropy "
                                         f"{math.log(2):.3f} (-0.500), hinge 1.000 (-1.000)"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_happens(values, said):
    assert said in sentence(run(**values))


def test_zero_has_no_sign():
    assert [plus_zero(v, 2) for v in (-0.0, -0.004, 0.004, -0.006)] == ["0.00", "0.00", "0.00", "-0.01"]
