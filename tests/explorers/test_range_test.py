"""range_test: what it shows is nnlab.range_test and full trainings, seed by seed."""

import numpy as np
import pytest
import torch

import nnlab
from nnlab import ensemble, optimizers
from nnlab.explorers.range_test import (
    DESCRIPTION,
    ENDS,
    FULL_STEPS,
    RATES,
    SEEDS,
    compute,
    full_runs,
    network_and_digits,
    sentence,
    trained_losses,
)
from nnlab.stage.drawing.picture import Picture


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_it_is_the_range_test_of_the_package(optimizer):
    net, digits = network_and_digits()
    found = nnlab.range_test(
        net, digits, optimizers.get(optimizer)(), seeds=range(3), lr=ENDS, steps=100, batch_size=8, smoothing=0.8
    )
    result = run(optimizer=optimizer, steps="100", batch_size="8", smoothing=0.8, seeds=3)
    np.testing.assert_allclose(result.smoothed, found.smoothed, rtol=1e-4)
    assert (result.suggestion, result.lowest) == pytest.approx((found.suggestion, found.lowest))
    assert result.diverges == (None if found.diverges is None else pytest.approx(found.diverges))


def test_full_runs_are_trainings_with_one_rate():
    net, digits = network_and_digits()
    runs = ensemble.train(net, digits, optimizers.Momentum(lr=0.1), steps=FULL_STEPS, batch_size=32, eval_every=200)
    last = runs.val_loss[:, -1].numpy()
    np.testing.assert_allclose(
        full_runs("Momentum", 32)[:, RATES.index(0.1)], np.quantile(last, (0.1, 0.5, 0.9), method="lower"), rtol=1e-4
    )
    assert run().best == RATES[full_runs("Momentum", 32)[1].argmin()]


def test_more_smoothing_moves_the_lowest_point_to_the_right_and_a_shorter_test_suggests_a_larger_rate():
    assert run(smoothing=0.98).lowest > run().lowest > run(smoothing=0.0, seeds=SEEDS).lowest
    suggestions = [run(steps=steps).suggestion for steps in ("50", "100", "200", "400")]
    assert suggestions == sorted(suggestions, reverse=True)


def test_what_the_presets_claim():
    presets = {preset.label: preset.values for preset in DESCRIPTION.presets}
    momentum = run()
    sgd, adam, smooth, short = (run(**presets[label]) for label in ("SGD", "Adam", "too smooth", "too short"))
    assert sgd.suggestion == pytest.approx(4 * momentum.suggestion, rel=0.2)
    assert sgd.best == pytest.approx(10 * momentum.best)
    for small, large in ((adam, momentum), (momentum, smooth)):
        assert small.lowest < large.lowest
        assert small.diverges < large.diverges
    assert adam.suggestion < momentum.suggestion / 3
    assert adam.best < momentum.best / 3
    assert short.suggestion > 3 * short.best


def test_fewer_seeds_are_the_first_ones():
    np.testing.assert_array_equal(run(seeds=2).smoothed, run(seeds=5).smoothed[:2])


def test_cached_losses_are_the_same_after_a_run():
    before = trained_losses("Momentum", 32, 200)[1].clone()
    run(smoothing=0.5)
    assert torch.equal(trained_losses("Momentum", 32, 200)[1], before)


def test_picture_and_sentence():
    picture, result = Picture(DESCRIPTION), run(seeds=3)
    picture.show(result)
    assert [len(line.get_xdata()) > 0 for line in picture.artists["members"]] == [True] * 3 + [False] * 5
    assert picture.artists["marks"][0].get_xdata() == [result.suggestion] * 2
    assert f"falls fastest at lr {result.suggestion:.2g}, is lowest at {result.lowest:.2g}" in sentence(result)
    assert f"lr {result.best:g} ends lowest (median of 8 seeds);" in sentence(result)
    unbroken = result._replace(diverges=None)
    picture.show(unbroken)
    assert picture.artists["names"][2].get_text() == ""
    assert "lost" not in sentence(unbroken)
