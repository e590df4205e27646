"""The range test: its run is a plain training with a growing rate, and it finds the rates of made-up curves."""

import math

import pytest
import torch

import nnlab
from nnlab import Network, digits, ensemble, spirals
from nnlab.engine import lr_range
from nnlab.engine.lr_range import range_test, read, smooth
from nnlab.engine.optimizers import SGD, Adam, Momentum

NET, DATA = Network([64, 32, 10]), digits()


def test_the_run_is_a_training_whose_rate_grows_by_the_same_factor():
    found = range_test(NET, DATA, Momentum(), seeds=[3, 4], lr=(1e-4, 1.0), steps=41, smoothing=0.0)
    assert found.lr.log10().tolist() == pytest.approx([-4 + k / 10 for k in range(41)])
    grown = ensemble.train(
        NET, DATA, Momentum(lr=1.0), seeds=[3, 4], steps=41, batch_size=32, schedule=lambda t: 10 ** (t / 10 - 4)
    )
    torch.testing.assert_close(found.smoothed, grown.loss.double(), rtol=1e-4, atol=1e-5)


def test_smoothing_is_adams_corrected_mean_by_hand():
    smoothed = smooth(torch.tensor([[4.0, 2.0, 1.0]]), 0.5)
    # m = 2, 2, 1.5 divided by 1/2, 3/4, 7/8
    assert smoothed[0].tolist() == pytest.approx([4.0, 2 / 0.75, 1.5 / 0.875])
    assert smooth(torch.full((2, 30), 0.7), 0.95).flatten().tolist() == pytest.approx([0.7] * 60)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_a_member_that_is_lost_stays_lost_and_alone(lost):
    smoothed = smooth(torch.tensor([[1.0, lost, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]), 0.5)
    assert smoothed[0].isinf().tolist() == [False, True, True, True]
    assert smoothed[1].tolist() == [1.0] * 4


def curve(steps=201, low=-1.0, bottom=0.2, width=0.2):
    """Falls from 2.3 to ``bottom``, fastest at 10^-2, until 10^low, and returns beyond: losses by log10 of the rate."""
    x = torch.linspace(-5, 1, steps, dtype=torch.float64)
    falling = bottom + (2.3 - bottom) / (1 + torch.exp((x + 2) / width))
    return 10**x, torch.where(x < low, falling, falling + 2 * (x - low))


def test_a_made_up_curve():
    rates, loss = curve()
    found = read(rates, loss.repeat(3, 1))
    assert math.log10(found.suggestion) == pytest.approx(-2, abs=0.05)
    assert math.log10(found.lowest) == pytest.approx(-1, abs=0.05)
    assert math.log10(found.diverges) == pytest.approx(-1 + 1.05 / 2, abs=0.05)


def test_a_loss_that_never_returns_does_not_diverge_and_the_median_decides():
    rates, loss = curve(low=5.0)
    assert read(rates, loss[None]).diverges is None
    assert read(rates, torch.stack([loss, loss, torch.full_like(loss, torch.inf)])).diverges is None


def test_a_run_that_is_lost_at_once_diverges():
    """The median is inf from the 20th step on, before the first that may be the lowest; and inf > inf is False."""
    rates, loss = curve()
    loss[20:] = torch.inf
    found = read(rates, loss[None])
    assert found.diverges == found.lowest == rates[30]


def test_the_first_mini_batch_does_not_decide():
    """With a long memory the running mean of the first few losses falls faster than the loss ever does."""
    rates, loss = curve()
    loss[0] += 3.0
    assert 1e-3 < read(rates, smooth(loss[None], 0.98)).suggestion < 0.2


def test_a_loss_that_only_rises_still_gives_rates():
    rates, _ = curve()
    found = read(rates, torch.linspace(1, 5, 201, dtype=torch.float64)[None])
    assert found.suggestion <= found.lowest <= found.diverges < 1e-4


@pytest.mark.parametrize("hidden", [1, 6])
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=lambda o: type(o).__name__)
def test_the_suggestion_is_within_a_factor_of_four_of_the_best_rate_on_digits(optimizer, hidden):
    net, rates = Network([64] + [32] * hidden + [10]), [10 ** (k / 2) for k in range(-7, 2)]
    runs = ensemble.train(net, DATA, optimizer, batch_size=32, grid={"lr": rates}, eval_every=200)
    best = min(rates, key=lambda lr: runs.select(lr=lr).median("val_loss")[-1])
    found = range_test(net, DATA, optimizer)
    assert best / 4 <= found.suggestion <= best * 4, (best, found)
    assert found.diverges is None or found.suggestion < found.lowest < found.diverges


def test_the_same_arguments_give_the_same_result_and_the_repr_is_short():
    first, second = (range_test(NET, DATA, SGD(), seeds=[1], steps=30) for _ in range(2))
    assert torch.equal(first.smoothed, second.smoothed)
    assert repr(first) == repr(second)
    assert repr(first).startswith("RangeTest(suggestion=")
    assert len(repr(first)) < 120
    assert nnlab.range_test is lr_range.range_test


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ({"steps": 9}, "9"),
        ({"steps": 20.0}, "20.0"),
        ({"smoothing": 1.0}, "1.0"),
        ({"lr": 0.1}, "0.1"),
        ({"lr": (0.1,)}, "(0.1,)"),
        ({"lr": (0.0, 1.0)}, "0.0"),
        ({"lr": (1.0, 0.1)}, "(1.0, 0.1)"),
        ({"lr": (1.0, math.inf)}, "inf"),
        ({"seeds": []}, "none"),
        ({"batch_size": 0}, "0"),
        ({"init": "he"}, "'he'"),
    ],
)
def test_outside_the_range(arguments, got, refused):
    with refused(got):
        range_test(NET, DATA, SGD(), **arguments)


def test_a_network_that_does_not_fit(refused):
    with refused():
        range_test(NET, spirals(), SGD())
