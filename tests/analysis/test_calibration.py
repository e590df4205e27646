"""Calibration: counted by hand, scikit-learn's curve against torchmetrics' error, members."""

import math

import pytest
import torch

from nnlab import calibration


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).mul(2).softmax(-1)


def test_four_samples_by_hand():
    """Confidence 0.8, 0.8, 0.8, 0.6; right, right, wrong, wrong: two bins with the accuracies 2/3 and 0."""
    p = torch.tensor([[0.8, 0.2], [0.2, 0.8], [0.8, 0.2], [0.6, 0.4]])
    y = torch.tensor([0, 1, 1, 1])
    shown = calibration.reliability(p, y, bins=10)
    assert shown.confidence.tolist() == pytest.approx([0.6, 0.8])
    assert shown.accuracy.tolist() == pytest.approx([0.0, 2 / 3])
    assert shown.counts.tolist() == [1, 3]
    assert shown.error == pytest.approx(0.75 * (0.8 - 2 / 3) + 0.25 * 0.6)


@pytest.mark.parametrize("bins", [5, 15])
def test_the_curve_and_the_error_belong_together(bins):
    p, y = drawn(500, 4), torch.arange(500) % 4
    shown = calibration.reliability(p, y, bins)
    assert shown.counts.sum() == 500
    gaps = abs(shown.accuracy - shown.confidence)
    assert shown.error == pytest.approx((gaps * shown.counts).sum() / 500, abs=1e-6)


def test_a_confidence_of_one_shares_the_last_bin():
    """Sure and wrong, 0.95 and right: one bin with confidence 0.975 and accuracy 0.5."""
    p, y = torch.tensor([[1.0, 0.0], [0.95, 0.05]]), torch.tensor([1, 0])
    shown = calibration.reliability(p, y, bins=10)
    assert (shown.confidence.tolist(), shown.accuracy.tolist()) == (pytest.approx([0.975]), [0.5])
    assert shown.error == pytest.approx(0.475)


def test_every_member_has_its_own_error():
    p, y = drawn(3, 50, 4), torch.arange(50) % 4
    errors = calibration.calibration_error(p, y)
    assert errors.shape == (3,)
    for k in range(3):
        torch.testing.assert_close(errors[k], calibration.calibration_error(p[k], y))


def test_a_network_that_is_sure_and_right_has_no_error():
    p, y = torch.eye(3), torch.arange(3)
    assert calibration.calibration_error(p, y) < 2 * torch.finfo(p.dtype).eps  # rounding: nothing is surer than 1 - eps
    assert calibration.calibration_error(p, 2 - y) == pytest.approx(2 / 3)
    assert calibration.reliability(p, y).confidence.tolist() == [1.0]


@pytest.mark.parametrize(
    ("p", "y"),
    [
        (torch.ones(2, 3), torch.tensor([0, 1])),  # logits, say
        (torch.tensor([[1.5, -0.5]]), torch.tensor([0])),
        (torch.tensor([[math.nan, 0.5]]), torch.tensor([0])),
        (torch.full((2, 2), 0.5), torch.tensor([0])),
        (torch.full((2, 2), 0.5), torch.tensor([0.0, 1.0])),
        (torch.full((2, 2, 2), 0.5), torch.tensor([0, 1])),
    ],
)
def test_what_is_no_probability_or_no_target(p, y, refused):
    with refused():
        calibration.reliability(p, y)


@pytest.mark.parametrize(
    ("p", "got"),
    [
        (torch.tensor([[1.5, -0.5]]), "entries from -0.5 and sums from 1 to 1. Try logits.softmax(-1)."),
        (torch.tensor([[0.5, 0.5], [0.2, 0.3]]), "entries from 0.2 and sums from 0.5 to 1. Try logits.softmax(-1)."),
    ],
)
def test_the_message_says_what_is_wrong_with_a_probability(p, got, refused):
    with refused(got, start="probabilities must be at least 0 and sum to 1"):
        calibration.reliability(p, torch.zeros(len(p), dtype=torch.int64))


@pytest.mark.parametrize("bins", [0, 1.5])
def test_bins_that_are_no_number_of_them(bins, refused):
    with refused(repr(bins), start="bins"):
        calibration.reliability(drawn(4, 2), torch.tensor([0, 1, 0, 1]), bins)
