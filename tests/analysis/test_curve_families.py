"""Made-up learning curves: reproducible, varied, and with the cause that their family is named after."""

import numpy as np
import pytest

from nnlab.analysis.curves.curve_families import FAMILIES, draw, quiz

SEEDS = range(40)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_curves_and_others_differ(family):
    a, b, other = draw(family, 1), draw(family, 1), draw(family, 2)
    np.testing.assert_array_equal(a, b)
    assert a.train.shape == a.val.shape
    assert len(a.train) != len(other.train) or not np.array_equal(a.val, other.val)


@pytest.mark.parametrize("family", FAMILIES)
def test_length_and_first_loss_vary(family):
    runs = [draw(family, seed) for seed in SEEDS]
    lengths, firsts = [len(run.train) for run in runs], [run.train[0] for run in runs]
    assert min(lengths) >= 30
    assert max(lengths) <= 300
    assert max(lengths) > 4 * min(lengths)
    assert max(firsts) > 20 * min(firsts)
    assert all(np.nanmin(run) >= 0 for run in runs)


def ends(family):
    """Mean of the last ten moments of training and validation, in units of the first training loss: (run, 2)."""
    runs = (draw(family, seed) for seed in SEEDS)
    return np.array([[run.train[-10:].mean() / run.train[0], run.val[-10:].mean() / run.train[0]] for run in runs])


def test_where_the_curves_end():
    """Medians and extremes over 40 runs, in the order that the names promise."""
    good, under, over, flat, easy = (
        ends(name) for name in ("good fit", "underfitting", "overfitting", "not learning", "easier validation")
    )
    assert good[:, 0].max() < under[:, 0].min() < flat[:, 0].min()
    assert (over[:, 1] > over[:, 0] + 0.15).all()
    assert (np.abs(flat - 1) < 0.15).all()
    assert (easy[:, 1] < 0.9 * easy[:, 0]).all()


@pytest.mark.parametrize(("seed", "family"), [(0, "overfiting"), (-1, "overfitting"), (0.5, "overfitting"), (0, 3)])
def test_what_cannot_be_drawn(seed, family, refused):
    with refused(repr(family if family != "overfitting" else seed)):
        draw(family, seed)


def test_a_quiz_holds_one_curve_of_each_family_in_the_order_of_its_names():
    orders = set()
    for seed in range(10):
        curves, names = quiz(seed)
        assert sorted(names) == sorted(FAMILIES)
        for name, curve in zip(names, curves, strict=True):
            np.testing.assert_array_equal(curve, draw(name, seed))
        orders.add(names)
    assert len(orders) == 10


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_a_quiz_needs_a_seed(seed, refused):
    with refused(repr(seed), start="seed"):
        quiz(seed)
