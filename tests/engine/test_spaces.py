"""spaces: draws with the densities that the docstrings state, grids, words, and what is refused."""

import math

import numpy as np
import pytest
from scipy import stats

from nnlab import spaces
from nnlab.engine.spaces import check_space

EACH = [
    spaces.Uniform(-1, 3),
    spaces.LogUniform(1e-5, 10),
    spaces.OneMinusLogUniform(0.5, 0.9999),
    spaces.Integer(-2, 5),
    spaces.Integer(8, 512, log=True),
    spaces.Choice(["SGD", "Adam", "RMSprop"]),
]
each = pytest.mark.parametrize("space", EACH, ids=repr)


@pytest.mark.parametrize(
    ("space", "distribution"),
    [
        (spaces.Uniform(-1, 3), stats.uniform(-1, 4)),
        (spaces.LogUniform(1e-5, 10), stats.loguniform(1e-5, 10)),
    ],
)
def test_samples_have_the_distribution_of_scipy(space, distribution):
    assert stats.kstest(space.sample(2000, seed=0), distribution.cdf).pvalue > 0.01


def test_one_minus_log_uniform_is_log_uniform_in_the_distance_from_one():
    distance = 1 - np.array(spaces.OneMinusLogUniform(0.5, 0.999).sample(2000, seed=0))
    assert stats.kstest(distance, stats.loguniform(0.001, 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize(
    ("space", "share"),
    [
        (spaces.Integer(3, 7), lambda n: 1 / 5),
        (spaces.Integer(2, 9, log=True), lambda n: math.log((n + 1) / n) / math.log(10 / 2)),
    ],
)
def test_whole_numbers_have_the_shares_of_the_docstring(space, share):
    values, counts = np.unique(space.sample(5000, seed=0), return_counts=True)
    assert values.tolist() == list(range(space.low, space.high + 1))
    assert stats.chisquare(counts, [5000 * share(n) for n in values]).pvalue > 0.01


@each
def test_both_ends_are_reached_never_passed_and_position_is_the_inverse(space):
    shares = np.linspace(0, 1, 1001).tolist()
    values = [space.at(u) for u in shares]
    if isinstance(space, spaces.Choice):
        assert (values[0], values[-1]) == (space.options[0], space.options[-1])
        assert [space.position(option) for option in space.options] == [0, 0.5, 1]
        return
    assert (values[0], values[-1]) == (space.low, space.high)
    assert min(values) == space.low
    assert max(values) == space.high
    assert values == sorted(values)
    assert (space.position(space.low), space.position(space.high)) == (0, 1)
    if space.size == math.inf:
        np.testing.assert_allclose([space.position(value) for value in values], shares, atol=1e-9)
    else:
        assert all(isinstance(value, int) for value in values)
        assert all(0 <= space.position(value) <= 1 for value in values)


@each
def test_words_are_code_that_makes_the_same_space(space):
    again = eval(f"spaces.{space!r}", {"spaces": spaces})
    assert again == space
    assert hash(again) == hash(space)
    assert again.sample(5, seed=1) == space.sample(5, seed=1) != space.sample(5, seed=2)
    assert space != spaces.Uniform(0, 9)


def test_grids_are_evenly_spaced_in_what_counts():
    np.testing.assert_allclose(spaces.LogUniform(1e-4, 1).grid(5), [1e-4, 1e-3, 1e-2, 1e-1, 1])
    np.testing.assert_allclose(spaces.OneMinusLogUniform(0.9, 0.9999).grid(4), [0.9, 0.99, 0.999, 0.9999])
    assert spaces.Uniform(0, 1).grid(1) == [0.5]
    assert spaces.Integer(1, 3).grid(10) == [1, 2, 3]
    assert spaces.Integer(16, 256, log=True).grid(5) == [16, 32, 64, 128, 256]
    assert spaces.Integer(1, 100).grid(1) == [round(50.5)]


def test_numbers_of_numpy_are_numbers():
    assert spaces.LogUniform(np.float32(0.5), np.float64(2)) == spaces.LogUniform(0.5, 2)
    assert spaces.Integer(np.int64(1), np.int64(3)) == spaces.Integer(1, 3)


@pytest.mark.parametrize(
    ("make", "start"),
    [
        (lambda: spaces.Uniform(1, 1), "low of Uniform must be below high"),
        (lambda: spaces.Uniform(0, math.inf), "high of Uniform must be finite"),
        (lambda: spaces.Uniform("0", 1), "low of Uniform must be a number"),
        (lambda: spaces.LogUniform(0, 1), "low of LogUniform must be positive"),
        (lambda: spaces.LogUniform(1, 0.1), "low of LogUniform must be below high"),
        (lambda: spaces.OneMinusLogUniform(0.9, 1), "high of OneMinusLogUniform must be below 1"),
        (lambda: spaces.Integer(1, 2.5), "high of Integer must be a whole number"),
        (lambda: spaces.Integer(0, 8, log=True), "low of Integer must be at least 1"),
        (lambda: spaces.Choice("SGD"), "options must be a list"),
        (lambda: spaces.Choice(["SGD"]), "options must be two or more"),
        (lambda: spaces.Choice([1, 1]), "options must be two or more, all different"),
        (lambda: spaces.Choice([object(), 1]), "options must be numbers, text, or"),
        (lambda: spaces.Choice(["a", "b"]).grid(3), "n must be 2, the number of options"),
        (lambda: spaces.Uniform(0, 1).grid(0), "n must be at least 1"),
        (lambda: spaces.Uniform(0, 1).sample(3, seed=-1), "seed must be at least 0"),
        (lambda: check_space([]), "space must be a dictionary"),
        (lambda: check_space({}), "space must have at least one"),
        (lambda: check_space({"lr": (0, 1)}), "space['lr'] must be one of nnlab.spaces"),
        (lambda: check_space({"the lr": spaces.Uniform(0, 1)}), "names in space must be those of keywords"),
        (lambda: check_space({"score": spaces.Uniform(0, 1)}, ["score"]), "names in space must be those of keywords,"),
    ],
)
def test_what_cannot_be_used_is_told_so(make, start, refused):
    with refused(start=start):
        make()
