"""Measures of learning curves against curves whose measures are known."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import nnlab
from nnlab import ensemble
from nnlab.analysis.curves.measures import beginning, jumps, measure
from nnlab.analysis.curves.moments import of_history, same_moments
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam

T = np.linspace(0, 1, 400)


def noise(size, seed=0):
    return 1 + size * np.random.default_rng(seed).standard_normal(len(T))


def test_measures_of_straight_lines_by_hand():
    """Training falls from 2 to 0, validation stays at 1: the last quarter of the training loss has the mean 1 / 4."""
    values, margins = measure(2 - 2 * T, np.ones(400), None)
    assert values["first"] == 2
    assert values["left"] == pytest.approx(0.125, abs=0.002)
    assert values["val_left"] == 0.5
    assert values["gap"] == pytest.approx(0.375, abs=0.002)
    assert values["train_rise"] == values["val_rise"] == 0
    assert values["falling"] == pytest.approx((0.8125 - 0.5625 - 0.125 / 2 - 0.0625) / (1 - 0.3125), abs=0.01)
    assert max(margins[key] for key in ("left", "gap", "falling")) < 1e-12


def test_a_rise_is_measured_from_the_lowest_level():
    val = 1 - np.minimum(T, 0.5) + np.maximum(T - 0.5, 0)
    values, _ = measure(np.ones(400), val, None)
    assert values["val_lowest"] == pytest.approx(0.5, abs=0.05)
    assert values["val_rise"] == pytest.approx(0.4375 - 0.03, abs=0.02)  # the last level is the mean of an eighth
    assert values["val_when"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("size", [0.01, 0.1])
@pytest.mark.parametrize("level", [1.0, 30.0])
def test_jumps_are_the_relative_noise_whatever_the_level_and_the_trend(size, level):
    measured = [jumps(level * np.exp(-T) * noise(size, seed)) for seed in range(50)]
    assert np.mean(measured) == pytest.approx(size, rel=0.05)


def test_ending_is_the_fall_between_the_last_two_eighths_and_worse_the_rise_above_the_lowest_level():
    """Level until the last eighth, which then falls by half of the first loss: on average by a quarter."""
    late = np.where(T < 7 / 8, 1.0, 1 - 4 * (T - 7 / 8))
    values, margins = measure(late, late, None)
    assert values["ending"] == pytest.approx(0.25, abs=0.01)
    assert margins["ending"] < 0.01
    rising = np.where(T < 0.5, 0.5, 0.5 + (T - 0.5))
    assert measure(np.ones(400), rising, None)[0]["worse"] == pytest.approx(0.4375 / 0.5, abs=0.02)


def test_above_is_the_share_of_the_second_half_far_above_the_first_loss():
    wild = np.where(np.arange(400) % 4 == 0, 1.0, 50.0)
    assert measure(wild, wild, 1.0)[0]["above"] == 0.75


def test_luck_widens_the_error_bar_of_the_gap_but_not_while_nothing_is_learned():
    learned, flat = 0.1 + 0.9 * np.exp(-T / 0.05), np.ones(400)
    bars = [measure(curve, curve, 1.0, samples=n)[1]["gap"] for curve in (learned, flat) for n in (None, 36)]
    assert bars[1] - bars[0] == pytest.approx(0.1 * 0.9 / 6, rel=0.05)
    assert bars[2:] == pytest.approx([0, 0])


def test_the_first_loss_of_a_steep_run_has_two_measurements_and_their_distance_as_error():
    falling = np.exp(-T / 0.01)
    assert beginning(falling, 1.2) == pytest.approx((1.1, 0.1 / 1.1))
    assert beginning(noise(0.05), 1.2)[0] == pytest.approx(1, abs=0.02)  # level: the curve itself knows better
    values, _ = measure(falling, falling, untrained=1.2, samples=5)
    assert values["first"] == 1  # five validation samples measure nothing


@pytest.mark.parametrize("key", ["left", "val_left", "gap"])
def test_error_bars_hold_the_true_level_in_most_runs(key):
    truth, hits = measure(np.full(400, 1.0), np.full(400, 1.5), 1.0)[0], 0
    for seed in range(200):
        values, margins = measure(noise(0.1, seed), 1.5 * noise(0.1, seed + 1000), 1.0)
        hits += abs(values[key] - truth[key]) <= margins[key]
    assert hits >= 0.93 * 200


def test_the_beginning_is_averaged_only_while_the_curve_is_level():
    level, falling = noise(0.05), np.exp(-T / 0.01)
    assert beginning(level)[0] == pytest.approx(1, abs=0.02)
    assert abs(level[0] - 1) > abs(beginning(level)[0] - 1)
    assert beginning(falling)[0] == falling[0] == 1


def test_the_training_loss_of_a_history_is_the_mean_since_the_look_before():
    data = nnlab.digits(seed=0)
    history = ensemble.train(Network([64, 10]), data, Adam(lr=0.01), seeds=[3], steps=25, batch_size=32, eval_every=10)
    train, val, raw, untrained = of_history(history)
    loss = history.loss[0]
    np.testing.assert_allclose(val, history.val_loss[0])
    np.testing.assert_allclose(
        train, [(loss[0] + val[0]) / 2, loss[:10].mean(), loss[10:20].mean(), loss[20:].mean()], rtol=1e-6
    )
    assert untrained == val[0]
    assert len(raw) == 25


def test_blocks_of_training_moments_are_averaged():
    train, val, raw, _ = same_moments([1, 2, 3, 4, 5, 6], [1, 1, 1])
    assert train.tolist() == [1.5, 3.5, 5.5]
    assert val.tolist() == [1, 1, 1]
    assert raw.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_history_without_validation_losses_is_refused(refused):
    part, model = nnlab.moons(n=100).train, torch.nn.Linear(2, 2)
    loader = DataLoader(TensorDataset(part.x, part.y), 32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = nnlab.fit(model, loader, optimizer=optimizer, loss=torch.nn.CrossEntropyLoss(), epochs=2, seed=0)
    with refused("none", "history must have validation losses"):
        of_history(history)
