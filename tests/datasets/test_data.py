"""Data sets: shapes, splits that do not overlap, seeds that repeat, standardization by training data only."""

import dataclasses
import math

import numpy as np
import pytest
import torch

import nnlab
from nnlab.datasets.data import Split

LOADERS = {
    "digits": (nnlab.digits, 1797, 64, 10),
    "wine": (nnlab.wine, 178, 13, 3),
    "breast_cancer": (nnlab.breast_cancer, 569, 30, 2),
    "moons": (nnlab.moons, 300, 2, 2),
    "spirals": (nnlab.spirals, 150, 2, 3),
    "polynomial": (nnlab.polynomial, 100, 1, None),
}
every_loader = pytest.mark.parametrize(("load", "n", "features", "classes"), LOADERS.values(), ids=LOADERS)


def rows(part):
    return {(*x, y) for x, y in zip(part.x.flatten(1).tolist(), part.y.tolist(), strict=True)}


def legacy_state():
    """The state of numpy's global generator, which nothing here may draw from."""
    return np.random.get_state()[1].tolist()  # noqa: NPY002


@every_loader
def test_shapes_types_and_shares(load, n, features, classes):
    data = load()
    parts = data.train, data.val, data.test
    assert sum(map(len, parts)) == n
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert len(part) == pytest.approx(share * n, abs=2)
        assert part.x.shape == (len(part), features)
        assert part.y.shape == (len(part),)
        assert part.x.dtype == torch.float32
        assert part.y.dtype == (torch.int64 if classes else torch.float32)
    assert data.classes == classes
    assert f"{len(data.train):,} train" in repr(data)


@every_loader
def test_no_sample_is_in_two_parts(load, n, features, classes):
    data = load()
    train, val, test = (rows(part) for part in (data.train, data.val, data.test))
    assert not train & val
    assert not train & test
    assert not val & test


@pytest.mark.parametrize("name", ["digits", "wine", "breast_cancer", "moons", "spirals"])
def test_every_part_has_the_same_share_of_every_class(name):
    load, n, _, classes = LOADERS[name]
    data = load()
    counts = [part.y.bincount(minlength=classes) / len(part) for part in (data.train, data.val, data.test)]
    for shares in counts[1:]:
        assert (shares - counts[0]).abs().max() <= 1.5 / (0.2 * n)


@every_loader
def test_seed_repeats_and_the_global_generators_rest(load, n, features, classes):
    state, numpy_state = torch.get_rng_state(), legacy_state()
    first, second, other = load(seed=3), load(seed=3), load(seed=4)
    assert torch.equal(torch.get_rng_state(), state)
    assert legacy_state() == numpy_state
    for part in ("train", "val", "test"):
        assert torch.equal(getattr(first, part).x, getattr(second, part).x)
        assert torch.equal(getattr(first, part).y, getattr(second, part).y)
        assert not torch.equal(getattr(first, part).x, getattr(other, part).x)


def test_digits_are_the_real_ones():
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    real = {(*x, y) for x, y in zip((pixels / 16).tolist(), labels.tolist(), strict=True)}
    data = nnlab.digits()
    assert rows(data.train) | rows(data.val) | rows(data.test) == real


def test_standardization_uses_training_data_only():
    raw, data = nnlab.digits(seed=1), nnlab.digits(seed=1, standardize=True)
    mean, std = raw.train.x.mean(0), raw.train.x.std(0, correction=0)
    varies = std > 0
    assert not varies.all()  # the corner pixels of digits are always empty
    torch.testing.assert_close(data.train.x.mean(0), torch.zeros(64), atol=1e-5, rtol=0)
    torch.testing.assert_close(data.train.x.std(0, correction=0)[varies], torch.ones(int(varies.sum())))
    for part in ("val", "test"):
        wanted = (getattr(raw, part).x - mean)[:, varies] / std[varies]
        torch.testing.assert_close(getattr(data, part).x[:, varies], wanted)
        assert torch.equal(getattr(data, part).y, getattr(raw, part).y)


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_the_small_tables_are_the_real_ones_and_standardized_unless_told_otherwise(name):
    import sklearn.datasets

    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    load = LOADERS[name][0]
    raw, data = load(seed=1, standardize=False), load(seed=1)
    parts = (raw.train, raw.val, raw.test)
    assert set().union(*map(rows, parts)) == {
        (*map(float, row), label) for row, label in zip(x.astype("f4"), y, strict=True)
    }
    torch.testing.assert_close(data.train.x.std(0, correction=0), torch.ones(x.shape[1]))
    assert torch.equal(data.train.y, raw.train.y)


def test_polynomial_without_noise_is_the_cubic():
    x, y = nnlab.polynomial(noise=0.0).train.x[:, 0], nnlab.polynomial(noise=0.0).train.y
    torch.testing.assert_close(y, 2 * x**3 - x)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_spirals_without_noise_lie_on_their_arms(classes):
    part = nnlab.spirals(noise=0.0, classes=classes, n=200).train
    radius = part.x.norm(dim=1)
    angle = 4 * radius + 2 * math.pi * part.y / classes
    torch.testing.assert_close(part.x, torch.stack([radius * angle.cos(), radius * angle.sin()], 1), atol=1e-5, rtol=0)


def test_one_sample_is_a_split_and_parts_are_frozen():
    part = Split(torch.zeros(1, 1), torch.zeros(1))
    assert len(part) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.x = torch.ones(1, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        nnlab.moons().name = "suns"


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (torch.zeros(0, 2), torch.zeros(0)),
        (torch.zeros(3, 2), torch.zeros(2)),
        (torch.tensor([[torch.nan]]), torch.zeros(1)),
        (torch.tensor([[torch.inf]]), torch.zeros(1)),
        (torch.zeros(1, 1), torch.tensor([torch.nan])),
    ],
    ids=["empty", "mismatched", "nan in x", "infinite x", "nan in y"],
)
def test_splits_that_are_none(x, y, refused):
    with refused():
        Split(x, y)


WRONG = [("n", 19), ("n", 100.0), ("n", "100"), ("n", True), ("noise", -0.1), ("noise", math.nan), ("noise", "0.2")]


@pytest.mark.parametrize("load", [nnlab.moons, nnlab.spirals, nnlab.polynomial])
@pytest.mark.parametrize(("argument", "value"), [*WRONG, ("seed", -1), ("seed", 0.5), ("seed", None)])
def test_arguments_outside_their_range(load, argument, value, refused):
    with refused(repr(value), start=argument):
        load(**{argument: value})


@pytest.mark.parametrize("classes", [1, 0, 2.0, "3"])
def test_spirals_need_two_arms(classes, refused):
    with refused(repr(classes), start="classes"):
        nnlab.spirals(classes=classes)


def test_every_part_of_the_spirals_needs_every_class(refused):
    assert set(nnlab.spirals(n=35, classes=7).val.y.tolist()) == set(range(7))
    with refused("34", start="n"):
        nnlab.spirals(n=34, classes=7)


def test_mislabelled_changes_a_share_of_all_labels_to_another_class():
    clean = nnlab.digits()
    wrong = nnlab.mislabelled(clean, 0.2, seed=1)
    for part in ("train", "val", "test"):
        before, after = getattr(clean, part), getattr(wrong, part)
        assert torch.equal(before.x, after.x)
        changed = before.y != after.y
        assert changed.sum() == round(0.2 * len(before))
        assert set(after.y.tolist()) == set(range(10))
        assert set(((after.y - before.y) % 10)[changed].tolist()) == set(range(1, 10))
    assert torch.equal(nnlab.mislabelled(clean, 0.2, seed=1).train.y, wrong.train.y)
    assert not torch.equal(nnlab.mislabelled(clean, 0.2, seed=2).train.y, wrong.train.y)
    assert torch.equal(nnlab.mislabelled(clean, 0.0).train.y, clean.train.y)


def test_mislabelled_says_what_it_needs():
    with pytest.raises(ValueError, match=r"share must be .* Got 1.5. Try 0.2."):
        nnlab.mislabelled(nnlab.digits(), 1.5)
    with pytest.raises(ValueError, match=r"data must have classes. Got polynomial with real targets."):
        nnlab.mislabelled(nnlab.polynomial())
