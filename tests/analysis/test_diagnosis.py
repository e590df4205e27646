"""Diagnosis: eight made-up families, real runs, and "unclear" rather than a guess; the error table of the lectures."""

from collections import Counter
from dataclasses import FrozenInstanceError
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import nnlab
from nnlab import curve_families, ensemble
from nnlab.analysis.diagnosis import FEWEST, RULES, UNCLEAR, error_table, learning_curves
from nnlab.datasets.data import Dataset, Split
from nnlab.engine.network import Network
from nnlab.engine.optimizers import SGD, Adam

SEEDS = range(10_000, 10_200)  # the rules were written while looking at seeds below 2,000


def judged(family, curves):
    """How often the verdict is right, unclear or wrong."""
    names = (learning_curves(train, val).name for train, val in curves)
    return Counter("right" if n == family else UNCLEAR if n == UNCLEAR else "wrong" for n in names)


@pytest.mark.parametrize("family", curve_families.FAMILIES)
def test_at_least_95_percent_of_a_family_are_named_and_fewer_are_wrong_than_unclear(family):
    counts = judged(family, (curve_families.draw(family, seed) for seed in SEEDS))
    assert counts["right"] >= 0.95 * len(SEEDS), counts
    assert counts["wrong"] <= 0.005 * len(SEEDS), counts


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.2, 0.4, 0.8])
def test_noise_makes_a_verdict_unclear_rather_than_wrong(noise):
    counts = Counter()
    for family in curve_families.FAMILIES:
        for seed in SEEDS[:50]:
            curves = curve_families.draw(family, seed)
            shaken = np.exp(noise * np.random.default_rng([seed, 1]).standard_normal((2, len(curves.val))))
            counts += judged(family, [(curves.train * shaken[0], curves.val * shaken[1])])
    assert counts["wrong"] <= 0.02 * counts.total(), counts
    assert counts["wrong"] < 0.1 * counts[UNCLEAR], counts


def test_few_moments_make_a_verdict_unclear_rather_than_wrong():
    for moments in (5, FEWEST - 1, FEWEST, 16):
        counts = Counter()
        for family in curve_families.FAMILIES:
            for seed in SEEDS[:25]:
                curves = curve_families.draw(family, seed)
                kept = np.linspace(0, len(curves.val) - 1, moments).round().astype(int)
                counts += judged(family, [(curves.train[kept], curves.val[kept])])
        assert counts["wrong"] <= 0.005 * counts.total(), (moments, counts)
        assert moments >= FEWEST or counts["right"] <= 0.04 * counts.total()  # a loss of inf is enough


@pytest.mark.parametrize(
    ("end", "gap", "rise", "between"),
    [
        (0.42, 0.02, 0, "good fit and underfitting"),
        (0.05, 0.12, 0, "good fit and overfitting"),
        (0.935, 0.01, 0, "underfitting and not learning"),
        (0.1, 0.0, 0.08, "good fit and overfitting late"),
    ],
)
def test_curves_between_two_families_are_unclear(end, gap, rise, between):
    t = np.linspace(0, 1, 60)
    down = end + (1 - end) * np.exp(-t / 0.05)
    verdict = learning_curves(down, down + gap + rise * np.clip(2 * t - 1, 0, 1))
    assert verdict.name == UNCLEAR, (between, verdict)
    assert verdict.sentence.startswith("nearest is ")


@given(st.floats(1e-6, 1e6), st.sampled_from(list(curve_families.FAMILIES)), st.integers(0, 500))
def test_the_unit_of_the_loss_does_not_matter(scale, family, seed):
    train, val = curve_families.draw(family, seed)
    assert learning_curves(scale * train, scale * val).name == learning_curves(train, val).name


def part(split, n):
    return Split(split.x[:n], split.y[:n])


def real_run(train=None, val=None, sizes=(64, 32, 10), optimizer=None, steps=400, batch_size=32):
    """Eight seeds on digits."""
    data = nnlab.digits(seed=0)
    data = Dataset("digits", train or data.train, val or data.val, data.test, 10)
    optimizer = optimizer or Adam(lr=0.003)
    return ensemble.train(Network(sizes, "tanh"), data, optimizer, steps=steps, batch_size=batch_size)


def ones_of(split, classes):
    kept = torch.isin(split.y, torch.tensor(classes))
    return Split(split.x[kept], split.y[kept])


DIGITS = nnlab.digits(seed=0)
REAL = {
    "good fit": {},
    "underfitting": {"sizes": (64, 1, 10), "optimizer": Adam(lr=0.02)},
    "overfitting": {"train": part(DIGITS.train, 40), "batch_size": 20, "optimizer": Adam(lr=0.01)},
    "still improving": {"optimizer": SGD(lr=0.03), "steps": 200},
    "not learning": {"optimizer": SGD(lr=1e-5), "steps": 300},
    "diverging": {"optimizer": SGD(lr=100.0), "steps": 200},
    "noisy validation": {
        "val": part(DIGITS.val, 5),
        "sizes": (64, 4, 10),
        "optimizer": SGD(lr=1.0),
        "steps": 1500,
        "batch_size": 8,
    },
    "easier validation": {"val": ones_of(DIGITS.val, [0, 6]), "sizes": (64, 4, 10), "optimizer": Adam(lr=0.01)},
}


@pytest.mark.parametrize("family", REAL)
def test_real_runs_are_never_given_a_wrong_name(family):
    history = real_run(**REAL[family])
    names = Counter(learning_curves(history.select(seed=seed)).name for seed in range(8))
    assert set(names) <= {family, UNCLEAR}, names
    assert names[family] >= 4, names


def test_a_history_is_judged_by_its_median_and_its_first_loss_is_that_of_the_validation_data():
    history = real_run()
    verdict = learning_curves(history)
    assert verdict.name == "good fit"
    assert verdict.evidence["first"] == pytest.approx(history.median("val_loss")[0].item())
    assert verdict.evidence["moments"] == len(history.evaluated)


@pytest.mark.parametrize("lost", [float("inf"), float("nan")])
@pytest.mark.parametrize("curve", ["train", "val"])
def test_a_loss_that_is_not_finite_has_diverged(lost, curve):
    curves = {"train": [1.0] * 5, "val": [1.0] * 5}
    curves[curve][3] = lost
    verdict = learning_curves(**curves)
    assert (verdict.name, verdict.evidence["lost_at"]) == ("diverging", 3)


def test_chance_replaces_the_first_loss():
    """The losses of ten classes, recorded after each epoch: only log(10) shows how much the first epoch did."""
    late = torch.linspace(0.26, 0.25, 40)
    assert learning_curves(late, late).name == "not learning"
    assert learning_curves(late, late, chance=2.3).name == "good fit"


def test_more_training_than_validation_moments_are_averaged():
    train, val = curve_families.draw("overfitting", 3)
    assert dict(learning_curves(np.repeat(train, 7), val).evidence) == pytest.approx(
        dict(learning_curves(train, val).evidence)
    )


@pytest.mark.parametrize("curve", [[0.0] * 20, [1.0] + [0.0] * 19, [1e-300] * 20, [0.0] * 19 + [1.0]])
def test_extreme_curves_are_judged_without_a_warning(curve):
    assert learning_curves(curve, curve).sentence.endswith(".")
    assert learning_curves(curve, [1.0] * 20).sentence.endswith(".")


def test_a_verdict_is_frozen():
    verdict = learning_curves([1.0] * 20, [1.0] * 20)
    with pytest.raises(FrozenInstanceError):
        verdict.name = "good fit"
    with pytest.raises(TypeError):
        verdict.evidence["left"] = 0


def test_the_order_of_the_rules_decides_only_between_noisy_and_easier_validation():
    """Every other pair of different verdicts has a measure on which their ranges do not meet."""
    undecided = set()
    for (name, rule), (other, second) in combinations(RULES, 2):
        shared = rule.keys() & second.keys()
        if name != other and not any(rule[k][1] < second[k][0] or second[k][1] < rule[k][0] for k in shared):
            undecided.add((name, other))
    assert undecided == {("noisy validation", "easier validation")}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (([], []), "the shape"),
        ((torch.ones(2, 3), torch.ones(3)), "the shape"),
        (([1.0, -1.0], [1.0, 1.0]), "-1"),
        (([1.0], [1.0, 1.0]), "1"),
        (([1.0],), "none"),
    ],
)
def test_curves_that_cannot_be_judged(given, value, refused):
    with refused(value):
        learning_curves(*given)


def test_chance_must_be_positive(refused):
    with refused("-1", start="chance"):
        learning_curves([1.0] * 20, [1.0] * 20, chance=-1)


@pytest.mark.parametrize(
    ("train", "val", "name"),
    [
        (0.01, 0.11, "high variance"),
        (0.15, 0.16, "high bias"),
        (0.15, 0.30, "high bias and high variance"),
        (0.005, 0.01, "good fit"),
        (0.003, 0.004, "below human error"),
    ],
)
def test_the_five_rows_of_the_error_table(train, val, name):
    verdict = error_table(0.005, train, val)
    assert verdict.name == name
    assert verdict.evidence["bias"] == pytest.approx(train - 0.005)
    assert verdict.evidence["variance"] == pytest.approx(val - train)


def test_the_error_below_the_human_one_is_explained():
    assert "human error is not the limit" in error_table(0.005, 0.003, 0.004).sentence


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"human": 0.0, "train": 0.015, "val": 0.02}, UNCLEAR),  # neither low nor twice as much
        ({"human": 0.0, "train": 0.015, "val": 0.02, "low": 0.02}, "good fit"),
        ({"human": 0.0, "train": 0.015, "val": 0.02, "low": 0.005}, "high bias"),
        ({"human": 0.0, "train": 0.0, "val": 0.1, "samples": 1000}, "high variance"),
        ({"human": 0.0, "train": 0.0, "val": 0.1, "samples": 30}, UNCLEAR),  # 0.1 +- 0.11
        ({"human": 0.05, "train": 0.0, "val": 0.2}, "high variance"),
    ],
)
def test_other_tables(given, name):
    assert error_table(**given).name == name


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_parts_add_up(human, train, val):
    evidence = error_table(human, train, val).evidence
    assert evidence["human"] + evidence["bias"] + evidence["variance"] == pytest.approx(val, abs=1e-12)


@pytest.mark.parametrize(
    ("given", "start", "value"),
    [
        ({"human": 0.5, "train": 15, "val": 16}, "train", "15"),
        ({"human": -0.1, "train": 0, "val": 0}, "human", "-0.1"),
        ({"human": "0.5 %", "train": 0, "val": 0}, "human", "'0.5 %'"),
        ({"human": 0, "train": 0, "val": 0, "low": 0}, "low", "0"),
        ({"human": 0, "train": 0, "val": 0, "samples": 0}, "samples", "0"),
    ],
)
def test_errors_must_be_shares(given, start, value, refused):
    with refused(value, start=start):
        error_table(**given)
