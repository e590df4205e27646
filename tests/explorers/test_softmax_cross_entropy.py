"""softmax_cross_entropy: the loss is torch's, the gradient is autograd's, and the picture shows these numbers."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.nn import functional as F

from nnlab.explorers.softmax_cross_entropy import DESCRIPTION, TARGETS, compute, sentence
from nnlab.stage.drawing.picture import Picture

LOGITS = st.floats(-8, 8).map(lambda z: round(z, 1))
SETTINGS = {
    "z1": LOGITS,
    "z2": LOGITS,
    "z3": LOGITS,
    "target": st.sampled_from(TARGETS),
    "smoothing": st.floats(0, 0.9),
    "temperature": st.floats(0.25, 4),
}
PICTURE = Picture(DESCRIPTION)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@given(st.fixed_dictionaries(SETTINGS))
@example({"z1": 8, "z2": -8, "z3": -8, "target": "class 2", "smoothing": 0.9, "temperature": 0.25})
def test_loss_and_gradient_are_those_of_torch(values):
    result = compute(**values)
    z = torch.tensor(result.z, dtype=torch.float64, requires_grad=True)
    loss = F.cross_entropy(
        (z / values["temperature"])[None], torch.tensor([result.target]), label_smoothing=values["smoothing"]
    )
    (gradient,) = torch.autograd.grad(loss, z)
    assert result.loss == pytest.approx(loss.item(), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(result.gradient, gradient, rtol=1e-9, atol=1e-12)
    assert result.p.sum() == pytest.approx(1)
    assert result.t.sum() == pytest.approx(1)
    assert result.gradient.sum() == pytest.approx(0, abs=1e-12)


@given(st.fixed_dictionaries(SETTINGS))
def test_bars_have_the_heights_of_the_result_and_numbers_stay_inside(values):
    result = compute(**values)
    PICTURE.show(result)
    for name, heights in (("logits", result.z), ("probabilities", result.p), ("gradient", result.gradient)):
        assert [bar.get_height() for bar in PICTURE.artists[name]] == pytest.approx(list(heights))
        low, high = PICTURE.artists[name][0].axes.get_ylim()
        for text in PICTURE.artists[f"{name} texts"]:
            assert low < text.get_position()[1] < low + 0.9 * (high - low)  # below the note at the top
    assert PICTURE.artists["loss"].get_text() == f"loss {result.loss:.3f}"


def preset(label):
    (found,) = (p for p in DESCRIPTION.presets if p.label == label)
    return run(**found.values)


def test_presets_show_what_they_say():
    assert preset("untrained").loss == pytest.approx(math.log(3))
    assert abs(preset("right and sure").gradient).max() < 0.002
    wrong = preset("wrong and sure")
    assert wrong.loss > 7
    assert abs(wrong.gradient).max() <= 1
    start, moved = run(), preset("all moved by 3")
    np.testing.assert_allclose(moved.z, start.z + 3)
    np.testing.assert_allclose(moved.gradient, start.gradient, rtol=1e-12)
    sure = preset("too sure")
    assert sure.gradient[sure.target] > 0
    assert abs(preset("cold").gradient).max() > abs(start.gradient).max()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"z1": 0.0, "z2": 0.0, "z3": 0.0}, "loss 1.099 (equal logits: 1.099)"),
        ({}, "the gradient at its logit is -0.741 and pulls it up."),
        ({"z2": 8.0, "z1": -8.0, "z3": -8.0}, "the gradient at its logit is 0.000 and leaves it alone."),
        ({"z2": 8.0, "smoothing": 0.3}, "pushes it down"),
        ({"temperature": 2.0, "smoothing": 0.1}, ", smoothing 0.1, temperature 2:"),
    ],
)
def test_the_sentence_says_what_happens(values, said):
    assert said in sentence(run(**values))
