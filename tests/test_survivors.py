"""Mutants of the core that once survived every test: each of these tests was written to see one of them fail."""

import pytest
import torch

import nnlab
from nnlab import Network, augmentation, calibration, diagnosis, ensemble, optimizers


def test_weights_dropout_and_augmentation_draw_from_streams_of_their_own():
    """One stream for all of them would make masks and shifts depend on the first weights."""
    weights = torch.rand(8, generator=torch.Generator().manual_seed(3))
    drawn = [torch.rand(8, generator=ensemble.generators([3], stream)[0]) for stream in (1, 2)]
    assert not any(torch.equal(a, b) for a, b in [(weights, drawn[0]), (weights, drawn[1]), tuple(drawn)])
    first, second = ensemble.generators([3, 4], 1)
    assert not torch.equal(torch.rand(8, generator=first), torch.rand(8, generator=second))


def test_what_is_augmented_does_not_depend_on_dropout():
    """Training draws masks from one stream and shifts from the other: without masks the shifts are the same."""
    data, seen = nnlab.digits(seed=0), {}

    for rate in (0.0, 0.5):
        batches = seen.setdefault(rate, [])

        def augment(x, y, generator, batches=batches):
            x, y = augmentation.shifted(x, y, generator)
            batches.append(x.clone())
            return x, y

        net = Network([64, 8, 10], dropout=rate)
        ensemble.train(net, data, optimizers.SGD(0.1), seeds=[0], steps=3, batch_size=16, augment=augment)
    assert all(torch.equal(a, b) for a, b in zip(seen[0.0], seen[0.5], strict=True))


def test_one_thread_is_one_thread():
    """Every test runs on one thread, so a ``one_thread`` that did nothing was never seen."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with ensemble.one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), ensemble.one_thread():
            raise ZeroDivisionError
        assert torch.get_num_threads() == 2
        inside = []
        ensemble.train(
            Network([2, 2]), nnlab.moons(n=100), optimizers.SGD(0.1), seeds=[0], steps=2,
            schedule=lambda step: inside.append(torch.get_num_threads()) or 1.0,
        )  # fmt: skip
        assert inside == [1, 1]
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("value", "margin", "reach"),
    [(0.5, 0.0, -0.5), (0.5, 0.25, -0.25), (0.9, 0.25, 0.15), (0.1, 0.25, 0.15), (1.2, 0.0, 0.2), (-0.1, 0.1, 0.2)],
)
def test_an_error_bar_reaches_beyond_the_ends_by_its_margin(value, margin, reach):
    assert diagnosis.outside(value, margin, (0.0, 1.0)) == pytest.approx(reach)


def test_a_probability_that_was_rounded_above_one():
    p = torch.tensor([[1.0000001, 0.0], [0.3, 0.7]])
    assert p[0, 0] > 1
    found = calibration.reliability(p, torch.tensor([0, 1]), 5)
    assert found.counts.tolist() == [1, 1]
    assert found.confidence.max() == 1.0
    assert calibration.calibration_error(p, torch.tensor([0, 1]), 5).item() == pytest.approx(0.15)


@pytest.mark.parametrize("bins", [0, 2.5, "ten"])
def test_the_number_of_bins_is_checked(bins, refused):
    with refused(start="bins"):
        calibration.calibration_error(torch.tensor([[0.5, 0.5]]), torch.tensor([0]), bins)


@pytest.mark.parametrize("rows", [[[0.5, 0.6]], [[2.0, -1.0]]])
def test_what_are_no_probabilities(rows):
    with pytest.raises(ValueError, match=r"probabilities must be at least 0 and sum to 1\. Got"):
        calibration.calibration_error(torch.tensor(rows), torch.tensor([0]))
