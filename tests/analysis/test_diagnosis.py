"""Diagnosis: eight made-up families, real runs, and "unclear" rather than a guess; the error table of the lectures."""

from collections import Counter
from dataclasses import FrozenInstanceError, replace
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import nnlab
from nnlab import curve_families, ensemble
from nnlab.analysis.diagnosis import FEWEST, RULES, UNCLEAR, error_table, learning_curves, real_runs
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
    """But for a loss that grows and stays below 1, or ends near 100: it looks like an accuracy, and is said to."""
    train, val = curve_families.draw(family, seed)
    verdict, scaled = learning_curves(train, val), learning_curves(scale * train, scale * val)
    if diagnosis.ACCURACIES in (verdict.sentence, scaled.sentence):
        assert family == "diverging"
    else:
        assert scaled.name == verdict.name


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


def test_a_history_is_judged_by_its_median_and_its_first_loss_is_that_of_the_untrained_network():
    """On the first mini-batches and on the validation data, because either may be a handful of samples."""
    history = real_run()
    verdict = learning_curves(history)
    assert verdict.name == "good fit"
    assert verdict.evidence["first"] == pytest.approx(history.median("val_loss")[0].item(), rel=0.1)
    assert verdict.evidence["first"] == pytest.approx(history.median("loss")[0].item(), rel=0.1)
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


def a_log(train, val, every=10):
    """Two columns as Lightning's CSV has them: rows of training steps, and a row for each look at the validation."""
    rows = [(value, np.nan) for value in train]
    for number, value in reversed(list(enumerate(val, start=1))):
        rows.insert(number * every, (np.nan, value))
    return np.array(rows).T


STEPS = np.arange(400) / 400
STEEP = 0.05 + 0.95 * np.exp(-STEPS / 0.1)


def test_nan_where_nothing_was_recorded_is_no_divergence():
    columns = a_log(STEEP, STEEP[9::10] + 0.02)
    assert np.isnan(columns[1]).mean() > 0.9
    assert learning_curves(*columns).name == "good fit"
    assert dict(learning_curves(*columns).evidence) == dict(learning_curves(STEEP, STEEP[9::10] + 0.02).evidence)


def test_epochs_in_rows_of_their_own():
    """Lightning writes the mean training loss of an epoch into another row than the validation loss."""
    train, val = np.full((2, 80), np.nan)
    val[::2], train[1::2] = STEEP[::10] + 0.02, STEEP[::10]
    assert learning_curves(train, val).name == "good fit"


def test_the_columns_of_a_history_are_judged_as_the_history_is():
    history = real_run().select(seed=0)
    table = history.to_frame()
    assert table["val_loss"].isna().mean() > 0.5
    assert learning_curves(table["loss"], table["val_loss"]).name == learning_curves(history).name == "good fit"


def test_a_log_of_a_run_that_was_lost_is_still_diverging():
    columns = a_log(STEEP, STEEP[9::10])
    columns[:, 200:] = np.nan
    assert learning_curves(*columns).name == "diverging"
    columns = a_log(STEEP, STEEP[9::10])
    columns[0, np.flatnonzero(np.isfinite(columns[0]))[200:]] = np.inf
    assert learning_curves(*columns).name == "diverging"
    assert learning_curves([np.nan] * 20, [np.nan] * 20).name == "diverging"


@pytest.mark.parametrize("top", [1, 100])
@pytest.mark.parametrize("first", [0.1, 0.5, 0.8])
def test_accuracies_are_not_read_as_losses(top, first):
    accuracy = top * (0.97 - (0.97 - first) * np.exp(-STEPS / 0.2))
    verdict = learning_curves(accuracy, accuracy - 0.02 * top)
    assert verdict.name == UNCLEAR
    assert "1 - accuracy" in verdict.sentence
    assert learning_curves(1 - accuracy / top, 1.02 - accuracy / top).name in ("good fit", UNCLEAR)


def test_real_accuracies_are_not_read_as_losses():
    history = real_run().select(seed=1)
    assert learning_curves(history).name == "good fit"
    accuracy = history.val_accuracy[0]
    assert "accuracies" in learning_curves(accuracy, accuracy).sentence


def test_a_loss_that_explodes_is_not_read_as_an_accuracy():
    up = np.exp(6 * STEPS)
    assert learning_curves(up, up).name == "diverging"
    wild = learning_curves(real_run(optimizer=SGD(lr=100.0), steps=200).select(seed=0))
    assert wild.name == "diverging"


def test_five_validation_samples_are_noisy_when_told_so():
    smooth = STEEP[::10]
    assert learning_curves(smooth, smooth + 0.02).name == "good fit"
    verdict = learning_curves(smooth, smooth + 0.02, samples=5)
    assert (verdict.name, verdict.evidence["luck"]) == ("noisy validation", pytest.approx(5**-0.5))
    assert verdict.sentence == "other validation samples may move their mean loss by 45%: take more of them."
    assert learning_curves(smooth, smooth + 0.02, samples=500).name == "good fit"
    assert learning_curves(smooth, smooth + 0.09).name == "good fit"
    assert learning_curves(smooth, smooth + 0.09, samples=36).name == UNCLEAR  # other samples could make it 0.11
    assert learning_curves(np.exp(6 * STEPS), np.exp(6 * STEPS), samples=5).name == "diverging"


def test_the_first_loss_is_not_that_of_five_validation_samples():
    """Their untrained loss may be a third of the training loss, which then seems to rise."""
    history = real_run(val=part(DIGITS.val, 5))
    low = history.curves["val_loss"]._replace(values=0.3 * history.val_loss)
    history = replace(history, curves={**history.curves, "val_loss": low})
    assert learning_curves(history.select(seed=0), samples=5).evidence["left"] < 0.2
    assert learning_curves(history.select(seed=0), samples=5).name == "noisy validation"


@pytest.mark.parametrize("level", [0.2, 0.6, 1.0])  # where a good fit, a small network, a frozen one would end
@pytest.mark.parametrize("turn", [0.8, 0.9])
def test_a_plateau_that_a_fall_follows_has_not_levelled_off(level, turn):
    t = np.linspace(0, 1, 60)
    curve = level + (1 - level) * np.exp(-t / 0.05) - level / 2 * np.maximum(t - turn, 0) / (1 - turn)
    verdict = learning_curves(curve, curve + 0.01)
    assert verdict.name in ("still improving", UNCLEAR), verdict


def test_a_log_that_begins_after_the_first_epoch_takes_its_first_loss_from_the_training_steps():
    """Most is learned in the first epoch: its mean is 0.3 of the loss before it. After that 0.19 to 0.12 looks flat."""
    steps = np.linspace(0, 30, 3000)
    train = 2.3 * (0.05 + 0.95 * np.exp(-steps / 0.3))
    val = train[99::100] + 0.05
    assert learning_curves(train, val).name == "good fit"
    assert learning_curves(train, val).evidence["first"] == pytest.approx(2.3, abs=0.1)
    epochs = train.reshape(30, 100).mean(1)
    assert learning_curves(epochs, val).evidence["left"] > 2 * learning_curves(train, val).evidence["left"]


def test_one_epoch_of_fit_is_judged_without_a_look_before_the_first_step():
    x, y = torch.randn(64, 2), torch.zeros(64, dtype=torch.int64)
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = Dataset("zeros", Split(x, y), Split(x, y), Split(x, y), 2)
    history = nnlab.fit(model, data, optimizer=optimizer, loss=torch.nn.CrossEntropyLoss(), epochs=1, seed=0)
    late = replace(history, curves={**history.curves, "val_loss": without_the_first_look(history.curves["val_loss"])})
    assert learning_curves(late).sentence == "1 moment shows too little; 12 are needed."


def without_the_first_look(curve):
    return curve._replace(values=curve.values[:, -1:], steps=curve.steps[-1:])


def test_an_overfitted_run_with_a_small_loss_is_no_good_fit():
    """Real runs on breast cancer: 0.05 of the first loss is left, but that is twice the lowest, and training has 0."""
    t = np.linspace(0, 1, 60)
    train = np.exp(-t / 0.05) + 1e-4
    val = 0.03 + 0.97 * np.exp(-t / 0.05) + 0.03 * t
    assert learning_curves(train, val).name == "overfitting"
    assert learning_curves(train, 0.05 + 0.95 * np.exp(-t / 0.05)).name == UNCLEAR  # by heart, but without harm so far


def test_wild_jumps_far_above_the_first_loss_are_diverging():
    random = np.random.default_rng(0)
    wild = np.concatenate([[1.0], np.exp(random.normal(4, 1.5, 50))])
    assert learning_curves(wild, wild).name == "diverging"


def test_the_record_of_real_runs():
    runs = real_runs()
    assert len(runs) >= 200
    assert set(runs["truth"]) == {name for name, _ in RULES}
    assert set(runs["verdict"]) <= set(runs["truth"]) | {UNCLEAR}
    share = runs["kind"].value_counts(normalize=True)
    assert share["wrong"] <= 0.03
    assert share["right"] >= 0.75
    assert ((runs["kind"] == "right") == (runs["verdict"] == runs["truth"])).all()
    assert ((runs["kind"] == UNCLEAR) == (runs["verdict"] == UNCLEAR)).all()


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


@pytest.mark.parametrize(("name", "value"), [("chance", -1), ("samples", 0), ("samples", 0.5)])
def test_chance_and_samples_must_be_positive(name, value, refused):
    with refused(str(value), start=name):
        learning_curves([1.0] * 20, [1.0] * 20, **{name: value})


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
