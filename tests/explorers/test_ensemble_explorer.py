"""ensemble: the disc has its closed form, teams are averaged exactly, and the networks are those of ensemble.train."""

from itertools import combinations

import numpy as np
import pytest

import nnlab
from nnlab import data, ensemble
from nnlab.engine.optimizers import Adam
from nnlab.explorers.ensemble import (
    BATCH,
    DESCRIPTION,
    LR,
    MEMBERS,
    NETWORKS,
    REPEATS,
    STEPS,
    answers,
    compute,
    drawn,
    expected,
    on_digits,
    samples,
    sentence,
)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def test_the_module_and_the_explorer_keep_their_names_apart():
    assert nnlab.ensemble.train is ensemble.train
    assert isinstance(nnlab.explorers.ensemble(), nnlab.Explorer)
    assert nnlab.ensemble is ensemble


def test_points_are_uniform_on_the_disc():
    """The share within radius r is r^2, the mean is 0 and the mean square is 1/2."""
    common, own = drawn(3)
    points = np.concatenate([common, own], 1).reshape(-1, 2)
    squares = (points**2).sum(-1)
    tolerance = 4 * len(points) ** -0.5
    for share in (0.1, 0.25, 0.5, 0.75):
        assert (squares < share).mean() == pytest.approx(share, abs=tolerance)
    assert squares.max() <= 1
    np.testing.assert_allclose(points.mean(0), 0, atol=tolerance)


@pytest.mark.parametrize("shared", [0.0, 0.3, 0.83, 1.0])
def test_the_error_on_the_disc_is_the_one_of_theory(shared):
    """Mean squares of a mean of 1,000 draws; their relative deviation is at most about 1 / sqrt(1000) each."""
    for seed in range(21):
        result = run(shared=shared, seed=seed)
        np.testing.assert_allclose(result.disc, result.theory, rtol=5 * REPEATS**-0.5)
    if shared == 0:
        np.testing.assert_allclose(result.theory, 1 / np.arange(1, 33))


def test_the_points_shown_are_the_first_of_the_draws():
    """The mean square by K is that of the very mixtures whose first draw is shown."""
    common, own = drawn(5)
    errors = np.sqrt(0.3) * common + np.sqrt(0.7) * own
    result = run(shared=0.3, seed=5, members=7.0)
    np.testing.assert_allclose(result.points, errors[0, :7])
    for k in (1, 7, 32):
        assert result.disc[k - 1] == pytest.approx((errors[:, :k].mean(1) ** 2).sum(-1).mean() / 0.5)


def test_the_formula_is_the_mean_over_all_teams():
    errors = np.random.default_rng(0).standard_normal((6, 5))
    square = (errors**2).sum(-1).mean()
    product = np.mean([a @ b for a, b in combinations(errors, 2)])
    for size in range(1, 7):
        teams = [(np.mean(team, 0) ** 2).sum() for team in combinations(errors, size)]
        assert expected(square, product, size) == pytest.approx(np.mean(teams))


def test_square_and_product_of_the_networks_are_those_of_single_pairs():
    errors = answers(NETWORKS[2]) - np.eye(10)[data.digits(seed=0).test.y]
    square, product = on_digits(NETWORKS[2])
    assert square == pytest.approx(np.mean([(e**2).sum(-1).mean() for e in errors]))
    assert product == pytest.approx(np.mean([(a * b).sum(-1).mean() for a, b in combinations(errors, 2)]))


def test_what_the_networks_learn_from():
    same, redrawn, own = (samples(name) for name in NETWORKS)
    assert (same == np.arange(1077)).all()
    assert {len(row.unique()) for row in own} == {33}
    assert len(own.unique()) == own.numel()  # no digit twice
    share = np.mean([len(row.unique()) for row in redrawn]) / 1077
    assert share == pytest.approx(1 - 1 / np.e, abs=0.01)


def test_the_networks_are_as_good_as_those_of_ensemble_train():
    digits = data.digits(seed=0)
    net = nnlab.Network([64, 32, 10])
    history = ensemble.train(net, digits, Adam(lr=LR), seeds=range(8), steps=STEPS, batch_size=BATCH)
    theirs = ensemble.probabilities(net, history.params, digits.test.x).numpy() - np.eye(10)[digits.test.y]
    assert on_digits(NETWORKS[0])[0] == pytest.approx((theirs**2).sum(-1).mean(), rel=0.1)


def test_what_the_presets_claim():
    assert run(members=32.0).theory[-1] == pytest.approx(1 / 32)
    assert run(members=32.0, shared=0.5).theory[-1] > 0.5
    for preset in DESCRIPTION.presets[2:]:
        result = run(**preset.values)
        np.testing.assert_allclose(result.theory, result.digits, rtol=0.02)
    together = [on_digits(name)[1] / on_digits(name)[0] for name in NETWORKS]
    assert together[0] > together[1] > together[2] + 0.2


def test_a_count_is_a_whole_number(refused):
    with refused("1.3", start="members must be a whole number"):
        run(members=1.3)


def test_members_and_seed_choose_what_is_shown():
    few, many = run(members=2.0), run(members=32.0)
    assert (len(few.points), len(many.points)) == (2, MEMBERS)
    np.testing.assert_array_equal(few.points, many.points[:2])
    assert not np.array_equal(few.points, run(members=2.0, seed=1).points)


def test_the_sentence():
    result = run(members=1.0)
    assert sentence(result).startswith("1 predictor on the disc, 0% of their error shared: squared miss ")
    assert sentence(result).endswith("1 digits network (the same 1,077 digits): 1.000.")
