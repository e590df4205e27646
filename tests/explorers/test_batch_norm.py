"""batch_norm: both outputs and the running statistics are those of the package, and the presets say what happens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import normalization
from nnlab.engine.normalization import Running
from nnlab.explorers.batch_norm import DESCRIPTION, MEAN, MOST, REACH, STD, UPDATES, compute, draws, sentence, true_mean
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
settings = {
    "batch_size": st.sampled_from([2.0, 3.0, 8.0, 32.0, 128.0]),
    "momentum": st.floats(0.01, 0.9),
    "updates": st.integers(1, UPDATES),
    "shift": st.floats(0, 12),
    "seed": st.integers(0, 20),
}


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@given(st.fixed_dictionaries(settings | {"updates": st.integers(1, 30)}))
def test_statistics_and_outputs_are_those_of_the_package(values):
    values = DESCRIPTION.values(**values)
    result, m = compute(**values), round(values["batch_size"])
    one, zero = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    running = Running(zero, one)
    for k, numbers in enumerate(draws(values["seed"])[: values["updates"], :m], start=1):
        z = torch.tensor(true_mean(values["shift"], k) + STD * numbers)[:, None]
        train, _, running = normalization.batch_norm(z, one, zero, running, True, values["momentum"])
        assert result.mean[k] == pytest.approx(running.mean.item(), rel=1e-9)
        assert result.var[k] == pytest.approx(running.var.item(), rel=1e-9)
    evaluation, _, _ = normalization.batch_norm(z, one, zero, running, False)
    np.testing.assert_allclose(result.z, z[:, 0])
    np.testing.assert_allclose(result.train, train[:, 0], atol=1e-9)
    np.testing.assert_allclose(result.evaluation, evaluation[:, 0], atol=1e-9)


@given(st.integers(0, 20), st.integers(1, UPDATES))
def test_a_batch_of_two_is_plus_and_minus_one_in_training(seed, updates):
    result = run(batch_size=2, seed=seed, updates=updates)
    assert np.sort(result.train) == pytest.approx([-1, 1], abs=0.01) or np.ptp(result.z) < 0.05


def medians(**values):
    """Over all seeds: the mean distance of both outputs."""
    runs = [run(**values, seed=seed) for seed in range(21)]
    return np.median([np.abs(r.train - r.evaluation).mean() for r in runs])


def test_what_the_presets_claim():
    presets = {preset.label: preset.values for preset in DESCRIPTION.presets}
    well = medians(**presets["well trained"])
    assert well < 0.1
    assert medians(**presets["just started"]) > 10 * well
    assert medians(**presets["too slow"]) > 10 * well
    assert medians(**presets["batch of two"]) > 5 * well
    slow = run(**presets["too slow"])
    assert true_mean(12, 200) - slow.mean[-1] > 12 / 200 * 50  # far behind
    forgetful = [run(**presets["too forgetful"], seed=seed) for seed in range(21)]
    patient = [run(**presets["too forgetful"] | {"momentum": 0.1}, seed=seed) for seed in range(21)]
    error = [np.mean([abs(r.mean[-1] - MEAN) for r in runs]) for runs in (forgetful, patient)]
    assert error[0] > 2 * error[1]  # further from the truth, although nearer to the last batch
    assert medians(**presets["too forgetful"]) < medians(**presets["too forgetful"] | {"momentum": 0.1})


def test_the_memory_lags_one_over_momentum_behind_a_moving_layer():
    lags = [true_mean(12, 200) - run(shift=12, momentum=0.1, updates=200, seed=s, batch_size=128).mean[-1]
            for s in range(21)]  # fmt: skip
    assert np.median(lags) == pytest.approx(12 / 200 * (1 / 0.1 - 1), rel=0.2)


def test_more_updates_continue_the_same_run():
    short, long = run(updates=10, shift=3), run(updates=200, shift=3)
    np.testing.assert_array_equal(long.mean[:11], short.mean)
    np.testing.assert_array_equal(long.var[:11], short.var)


@given(st.fixed_dictionaries(settings))
def test_the_view_holds_every_dot(values):
    look_at(run(**values))


@pytest.mark.parametrize("side", [-1, 1])
def test_the_view_holds_the_most_extreme_sample_of_all(side):
    seed, update, sample = np.unravel_index(np.argmax([side * draws(seed) for seed in range(21)]), (21, UPDATES, MOST))
    result = run(seed=int(seed), updates=int(update) + 1, batch_size=MOST)
    assert result.z[sample] == (result.z.max() if side > 0 else result.z.min())
    assert abs(result.z[sample] - MEAN) > REACH * STD  # outside the usual view
    assert np.abs(result.train).max() > 3.5
    look_at(result._replace(evaluation=np.zeros_like(result.train)))  # the running statistics do not widen the view


def look_at(result):
    """Put a result into the picture; every dot lies inside the axes."""
    DESCRIPTION.update(PICTURE.artists, result)
    left, right = PICTURE.figure.axes
    outputs = np.concatenate([result.train, result.evaluation])
    assert left.get_xlim()[0] <= result.z.min() <= result.z.max() <= left.get_xlim()[1]
    assert left.get_ylim()[0] <= outputs.min() <= outputs.max() <= left.get_ylim()[1]
    assert right.get_ylim()[0] <= result.batch_mean.min() <= result.batch_mean.max() <= right.get_ylim()[1]
    assert right.get_xlim()[1] >= len(result.batch_mean)


def test_the_sentence():
    result = run(updates=1)
    apart = np.abs(result.train - result.evaluation)
    assert sentence(result).startswith("batch of 8, momentum 0.1, 1 update: the batch has mean ")
    assert sentence(result).endswith(f"differ by {apart.mean():.2f} on average, at most by {apart.max():.2f}.")
