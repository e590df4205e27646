"""label_smoothing: loss, lowest point and descent against torch, and what the presets say about the networks."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import data
from nnlab.analysis.calibration import calibration_error
from nnlab.engine import losses
from nnlab.explorers.label_smoothing import (
    AMOUNTS,
    CLEAN,
    DESCRIPTION,
    GAPS,
    WRONG,
    best_gap,
    compute,
    loss_by_gap,
    sentence,
    trained,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
AMOUNT, CLASSES = st.sampled_from(AMOUNTS), st.sampled_from([2, 3, 10, 100, 1000])


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def torch_loss(gap, smoothing, classes):
    logits = torch.zeros(1, classes, dtype=torch.float64)
    logits[0, 0] = gap
    return torch.nn.functional.cross_entropy(logits, torch.tensor([0]), label_smoothing=smoothing).item()


@given(AMOUNT, CLASSES, st.floats(0, 14))
def test_the_loss_is_that_of_torch(smoothing, classes, gap):
    assert loss_by_gap(gap, smoothing, classes) == pytest.approx(torch_loss(gap, smoothing, classes), abs=1e-9)


@given(AMOUNT, CLASSES, st.integers(1, 20))
def test_loss_and_descent_are_those_of_the_package(smoothing, classes, steps):
    logits, right = torch.zeros(1, classes, dtype=torch.float64), torch.tensor([0])
    path = run(smoothing=smoothing, classes=classes, steps=steps).path
    for gap in path:
        assert gap == pytest.approx((logits[0, 0] - logits[0, 1]).item(), rel=1e-9, abs=1e-12)
        loss, dlogits = losses.cross_entropy(logits, right, smoothing)
        assert loss_by_gap(gap, smoothing, classes) == pytest.approx(loss.item(), rel=1e-9)
        logits = logits - 1.0 * dlogits


@given(AMOUNT.filter(bool), CLASSES)
def test_it_is_lowest_at_the_best_gap_and_there_softmax_gives_the_target(smoothing, classes):
    gap = best_gap(smoothing, classes)
    lowest = loss_by_gap(gap, smoothing, classes)
    assert all(loss_by_gap(gap + step, smoothing, classes) > lowest for step in (-0.01, 0.01))
    right = math.exp(gap) / (math.exp(gap) + classes - 1)
    assert right == pytest.approx(1 - smoothing + smoothing / classes)
    assert GAPS[0] < gap < GAPS[-1]


@given(AMOUNT, CLASSES, st.integers(1, 20))
def test_the_descent_is_that_of_torch(smoothing, classes, steps):
    logits = torch.zeros(1, classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, torch.tensor([0]), label_smoothing=smoothing).backward()
        optimizer.step()
    path = run(smoothing=smoothing, classes=classes, steps=steps).path
    assert len(path) == steps + 1
    assert path[-1] == pytest.approx((logits[0, 0] - logits[0, 1]).item(), rel=1e-9)


def test_with_smoothing_the_descent_arrives_and_without_it_never_does():
    for classes in (2, 10, 1000):
        for smoothing in (0.05, 0.1, 0.5):
            result = run(smoothing=smoothing, classes=classes, steps=1000)
            assert result.path[-1] == pytest.approx(result.best, abs=1e-3)
        gaps = run(smoothing=0.0, classes=classes, steps=1000).path
        assert gaps[1000] - gaps[500] == pytest.approx(math.log(2), abs=0.05)  # as log t: it has no end
    assert run(smoothing=0.0).best == math.inf


@pytest.mark.parametrize("labels", [CLEAN, WRONG])
def test_the_diagram_is_that_of_the_networks(labels):
    result = run(labels=labels, smoothing=0.2)
    p, y = trained(labels)
    p = p[AMOUNTS.index(0.2)]
    np.testing.assert_allclose(result.errors, calibration_error(p, y))
    assert result.confidence == pytest.approx(float(p.amax(-1).mean()))
    assert result.accuracy == pytest.approx(float((p.argmax(-1) == y).double().mean()))
    assert result.shown.counts.sum() == len(y) * len(p)


def test_what_the_presets_claim_about_networks():
    plain, clean = run(labels=CLEAN, smoothing=0.0), run(labels=CLEAN)
    assert plain.errors.max() < 0.04
    assert clean.errors.min() > 3 * plain.errors.max()  # worse, and every seed says so
    assert clean.confidence < clean.accuracy - 0.1
    wrong, helped, too_much = (run(smoothing=a) for a in (0.0, 0.1, 0.5))
    assert wrong.confidence > wrong.accuracy + 0.1
    assert helped.errors.max() < 0.75 * wrong.errors.min()  # better, and every seed says so
    assert too_much.errors.min() > helped.errors.max()
    assert too_much.confidence < too_much.accuracy - 0.15  # not sure enough


@given(AMOUNT, CLASSES, st.sampled_from([1, 10, 1000]), st.sampled_from([CLEAN, WRONG]))
def test_everything_stays_in_view(smoothing, classes, steps, labels):
    result = run(smoothing=smoothing, classes=classes, steps=steps, labels=labels)
    DESCRIPTION.update(PICTURE.artists, result)
    left = PICTURE.figure.axes[0]
    for name in ("loss", "plain", "now", "best"):
        x, y = PICTURE.artists[name].get_data()
        assert all(left.get_xlim()[0] <= v <= left.get_xlim()[1] for v in x)
        assert all(left.get_ylim()[0] <= v <= left.get_ylim()[1] for v in y)
    assert len(PICTURE.artists["best"].get_xdata()) == (smoothing > 0)
    assert 3 <= len(PICTURE.artists["with"].get_xdata()) <= 10


def test_the_sentence():
    assert sentence(run()).startswith("a = 0.1, 10 classes: the loss is lowest at the logit gap 4.51; 100 steps of ")
    assert "falls for ever" in sentence(run(smoothing=0.0))
    assert "Networks on 300 digits, a fifth wrong, in the test too: accuracy " in sentence(run())
    assert "Networks on 1,077 digits: accuracy " in sentence(run(labels=CLEAN))


def test_a_fifth_of_the_test_labels_is_wrong_too_and_against_the_true_ones_smoothing_does_harm():
    p, y = trained(WRONG)
    true = data.digits().test.y
    assert (y != true).double().mean() == pytest.approx(0.2, abs=0.01)
    plain, smoothed = (calibration_error(p[AMOUNTS.index(a)], true) for a in (0.0, 0.1))
    assert plain.max() < 0.06 < 0.11 < smoothed.min()
