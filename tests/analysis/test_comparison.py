"""compare: the sign test against scipy, failed runs, pairs by seed, and what it refuses."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

import nnlab
from nnlab.analysis.comparison import chance_of_a_coin
from nnlab.history import Curve, History

NAN, INF = float("nan"), float("inf")


def record(values, seeds=None, accuracy=None, **settings):
    """A History with the validation losses (run, look)."""
    values = torch.tensor(values)
    seeds = tuple(range(len(values))) if seeds is None else tuple(seeds)
    looks = torch.arange(values.shape[1])
    curves = {
        "loss": Curve(values, looks, higher_is_better=False),
        "val_loss": Curve(values, looks, higher_is_better=False, part="val"),
        "lr": Curve(torch.ones_like(values), looks),
    }
    if accuracy is not None:
        curves["val_accuracy"] = Curve(torch.tensor(accuracy), looks, higher_is_better=True, part="val")
    return History({"seed": seeds, **settings}, {}, curves)


@pytest.mark.parametrize("pairs", [1, 16, 17, 32, 64])
def test_the_chance_is_scipys_exact_two_sided_binomial_test(pairs):
    for wins in range(pairs + 1):
        wanted = binomtest(wins, pairs, 0.5).pvalue
        assert chance_of_a_coin(wins, pairs - wins) == pytest.approx(wanted, rel=1e-12)


def test_without_a_decided_pair_the_chance_is_one():
    result = nnlab.compare([1.0] * 16, [1.0] * 16, higher_is_better=True)
    assert (result.verdict, result.ties, result.chance, result.difference) == ("no clear difference", 16, 1.0, 0.0)


@pytest.mark.parametrize(("pairs", "needed"), [(16, 14), (24, 19), (32, 24), (48, 34)])
def test_clear_begins_where_a_coin_comes_at_most_once_in_a_hundred_times(pairs, needed):
    for wins, verdict in ((needed, "clearly better"), (needed - 1, "no clear difference")):
        a = [0.0] * wins + [2.0] * (pairs - wins)
        assert nnlab.compare(a, [1.0] * pairs, higher_is_better=False).verdict == verdict
    lost = nnlab.compare([0.0] * needed + [2.0] * (pairs - needed), [1.0] * pairs, higher_is_better=True)
    assert lost.verdict == "clearly worse"


def test_overlapping_bands_decide_nothing():
    start = torch.linspace(1, 2, 16)
    result = nnlab.compare(start - 0.001, start, higher_is_better=False)
    assert (result.verdict, result.wins) == ("clearly better", 16)
    assert result.difference == pytest.approx(-0.001, rel=1e-3)  # clear, and small


def test_to_swap_the_contenders_mirrors_everything():
    a, b = torch.randn(2, 21, generator=torch.Generator().manual_seed(0))
    a[:2], b[5], b[1], a[7] = NAN, INF, -INF, b[7]
    one, other = (nnlab.compare(*pair, higher_is_better=True) for pair in ((a, b), (b, a)))
    assert (one.wins, one.losses, one.ties, one.failed) == (other.losses, other.wins, other.ties, other.failed[::-1])
    assert (one.difference, one.chance, one.medians) == (-other.difference, other.chance, other.medians[::-1])


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("lost", [NAN, INF, -INF])
def test_a_failed_run_loses_and_two_are_a_tie(lost, higher):
    a, b = [lost] * 3 + [5.0] * 13, [lost] + [5.0] * 14 + [lost]
    result = nnlab.compare(a, b, higher_is_better=higher)
    assert (result.wins, result.losses, result.ties, result.failed) == (1, 2, 13, (3, 2))


def test_where_most_runs_fail_the_difference_is_infinite():
    result = nnlab.compare([NAN] * 12 + [1.0] * 4, [2.0] * 16, higher_is_better=False)
    assert (result.difference, result.medians, result.failed) == (INF, (INF, 2.0), (12, 0))
    half = nnlab.compare([NAN] * 8 + [1.0] * 8, [1.0] * 8 + [NAN] * 8, higher_is_better=False)
    assert (half.verdict, half.difference) == ("no clear difference", 0.0)


def test_the_sentence_says_verdict_size_and_counts():
    a, b = [1.0] * 14 + [3.0, NAN], [2.0] * 16
    assert repr(nnlab.compare(a, b, higher_is_better=False)) == (
        "clearly better: median 1 against 2, difference -1 (wins 14, losses 2, ties 0 of 16 pairs, failed 1 against 0)"
    )


@pytest.mark.parametrize("kind", [torch.tensor, np.array, np.float32, list, tuple])
def test_numbers_of_any_kind(kind):
    a, b = kind(range(16)), kind(range(1, 17))
    assert nnlab.compare(a, b, higher_is_better=True).losses == 16


def test_histories_are_paired_by_their_seeds_in_any_order():
    losses = [[9.0, float(k)] for k in range(16)]
    a, b = record(losses), record([[9.0, k + 0.5] for k in range(15, -1, -1)], seeds=range(15, -1, -1))
    result = nnlab.compare(a, b)
    assert (result.verdict, result.wins, result.difference) == ("clearly better", 16, -0.5)


def test_the_curve_knows_which_side_is_better():
    high, low = ([[0.5, 0.9]] * 16, [[0.5, 0.8]] * 16)
    a, b = record(low, accuracy=high), record(low, accuracy=low)
    assert nnlab.compare(a, b, of="val_accuracy").verdict == "clearly better"
    with pytest.raises(ValueError, match=r"a better side\. Got 'lr'\. Try val_loss"):
        nnlab.compare(a, b, of="lr")
    assert nnlab.compare(a, b, of="lr", higher_is_better=False).ties == 16


def test_the_best_value_of_a_run_that_was_lost_later_counts():
    a, b = record([[0.5, 0.1, NAN]] * 16), record([[0.5, 0.2, 0.3]] * 16)
    assert nnlab.compare(a, b).failed == (16, 0)
    assert nnlab.compare(a, b, at="best").medians == pytest.approx((0.1, 0.2))
    lost = record([[NAN, NAN, NAN]] * 16)
    assert nnlab.compare(lost, b, at="best").failed == (16, 0)
    high = record([[NAN]] * 16, accuracy=[[NAN]] * 16)
    assert nnlab.compare(high, record([[1.0]] * 16, accuracy=[[0.1]] * 16), of="val_accuracy", at="best").losses == 16


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: nnlab.compare([1.0] * 15, [1.0] * 15, higher_is_better=True), ValueError, "Got 15 and 15. Try seeds="),
        (lambda: nnlab.compare([1.0] * 16, [1.0] * 17, higher_is_better=True), ValueError, "Got 16 and 17. Try seeds="),
        (lambda: nnlab.compare([1.0] * 16, [1.0] * 16), ValueError, "Got None. Try False for a loss and True for an"),
        (lambda: nnlab.compare(record([[1.0]] * 16), [1.0] * 16), TypeError, "Got History and list. Try compare"),
        (lambda: nnlab.compare("ab", [1.0] * 16, higher_is_better=True), TypeError, "Got 'ab'. Try a=history"),
        (lambda: nnlab.compare(torch.ones(16, 2), [1.0] * 16, higher_is_better=True), ValueError, "Got 2 axes"),
        (lambda: nnlab.compare(["x"] * 16, [1.0] * 16, higher_is_better=True), TypeError, "a must hold numbers"),
        (lambda: nnlab.compare([1.0] * 16, [1.0] * 16, higher_is_better=True, level=0), ValueError, "Got 0. Try 0.01"),
        (lambda: nnlab.compare(record([[1.0]] * 16), record([[1.0]] * 16, range(1, 17))), ValueError, "the same seeds"),
        (
            lambda: nnlab.compare(record([[1.0]] * 16, [0, 1] * 8, lr=(0.1,) * 16), record([[1.0]] * 16)),
            ValueError,
            r"16 runs of 2 seeds. Try .select\(...\) for one value of lr",
        ),
        (lambda: nnlab.compare(record([[1.0]] * 16), record([[1.0]] * 16), of="val_los"), ValueError, "val_loss"),
        (lambda: nnlab.compare(record([[1.0]] * 16), record([[1.0]] * 16), at="end"), ValueError, "last, best. Got"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, kind, said):
    with pytest.raises(kind, match=said):
        call()


def test_real_runs_of_an_ensemble():
    net, data = nnlab.Network([2, 4, 2]), nnlab.moons(n=60)
    slow, fast = (
        nnlab.ensemble.train(net, data, nnlab.optimizers.SGD(lr), seeds=range(16), steps=40) for lr in (1e-6, 0.3)
    )
    assert nnlab.compare(fast, slow).verdict == "clearly better"
    assert nnlab.compare(slow, slow).ties == 16


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.249, "below 25 %"), (0.25, "25 to 50 %"), (0.5, "50 to 87.5 %"), (0.875, "above 87.5 %"),
        (INF, "above 87.5 %"), (-INF, "below 25 %"), (NAN, "nan"),
        (torch.tensor(0.3), "25 to 50 %"), (np.float32(0.9), "above 87.5 %"),
    ],
)  # fmt: skip
def test_roughly_says_between_which_marks_a_share_lies(share, words):
    assert nnlab.roughly(share, 0.25, 0.5, 0.875) == words


def test_one_mark_is_enough():
    assert (nnlab.roughly(0.4, 0.5), nnlab.roughly(0.6, 0.5)) == ("below 50 %", "above 50 %")


@pytest.mark.parametrize("marks", [(), (0.5, 0.5), (0.8, 0.2)])
def test_marks_that_do_not_rise_are_refused(marks):
    with pytest.raises(ValueError, match="marks must be at least one number, and rise"):
        nnlab.roughly(0.5, *marks)


@pytest.mark.parametrize("share", ["high", None, torch.ones(2)])
def test_a_share_that_is_no_number_is_refused(share):
    with pytest.raises(TypeError, match="share must be one number"):
        nnlab.roughly(share, 0.5)
