"""Tasks made of digits: the classes that were asked for, and a few samples of each that belong to a seed."""

import pytest
import torch

from nnlab import Network, data, digits, ensemble, optimizers, polynomial, tasks

FIVES = tasks.of_classes(digits(), range(5, 10))


def test_the_chosen_classes_are_numbered_in_the_given_order():
    two = tasks.of_classes(digits(), [8, 3])
    whole = digits()
    for name in ("train", "val", "test"):
        part, before = getattr(two, name), getattr(whole, name)
        keep = (before.y == 8) | (before.y == 3)
        assert torch.equal(part.x, before.x[keep])
        assert torch.equal(part.y, (before.y[keep] == 3).long())
    assert two.classes == 2
    assert two.name == "digits, classes 8 3"


@pytest.mark.parametrize("classes", [[3], [3, 3], [3, 10], []])
def test_classes_that_make_no_task_are_refused(classes):
    with pytest.raises(ValueError, match=r"two or more different class numbers below 10.*Try range\(10\)"):
        tasks.of_classes(digits(), classes)
    with pytest.raises(ValueError, match="at least 0"):
        tasks.of_classes(digits(), [0, -1])


def test_few_samples_are_as_many_of_each_class_and_every_seed_has_its_own():
    drawn = tasks.few(FIVES, 7, range(4))
    assert drawn.train.x.shape == (4, 35, 64)
    for x, y in zip(drawn.train.x, drawn.train.y, strict=True):
        assert y.bincount().tolist() == [7] * 5
        found = (FIVES.train.x == x[:, None]).all(-1)  # (drawn, sample)
        assert found.sum(1).tolist() == [1] * 35
        assert torch.equal(FIVES.train.y[found.int().argmax(1)], y)
    assert not torch.equal(drawn.train.x[0], drawn.train.x[1])
    assert drawn.test is FIVES.test
    again = tasks.few(FIVES, 7, [3])
    assert torch.equal(again.train.x[0], drawn.train.x[3])


def test_more_samples_keep_the_fewer_ones():
    few, more = (tasks.few(FIVES, n, [5]).train.x[0] for n in (3, 20))
    assert (few[:, None] == more).all(-1).any(1).all()


@pytest.mark.parametrize(
    ("given", "per_class", "seeds", "said"),
    [
        (FIVES, 1000, [0], "at most 10[0-9]"),
        (FIVES, 0, [0], "at least 1"),
        (FIVES, 5, [], "at least one"),
        (polynomial(), 1, [0], "at most 0"),
    ],
)
def test_samples_that_cannot_be_drawn_are_refused(given, per_class, seeds, said):
    with pytest.raises(ValueError, match=said):
        tasks.few(given, per_class, seeds)


@pytest.mark.parametrize("batch_size", [None, 10])
def test_every_seed_trains_on_its_own_samples_as_it_would_alone(batch_size):
    net, adam = Network([64, 16, 5]), optimizers.Adam()
    drawn, settings = tasks.few(FIVES, 4, range(3)), {"steps": 25, "batch_size": batch_size}
    together = ensemble.train(net, drawn, adam, seeds=range(3), grid={"lr": [0.01, 0.03]}, **settings)
    for k, (lr, seed) in enumerate(zip(together.settings["lr"], together.settings["seed"], strict=True)):
        part = data.Split(drawn.train.x[seed], drawn.train.y[seed])
        own = data.Dataset("own", part, FIVES.val, FIVES.test, 5)
        alone = ensemble.train(net, own, optimizers.Adam(lr=lr), seeds=[seed], **settings)
        torch.testing.assert_close(together.loss[k], alone.loss[0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(together.val_loss[k], alone.val_loss[0], rtol=1e-4, atol=1e-5)


def test_other_seeds_than_those_of_the_samples_are_refused():
    with pytest.raises(ValueError, match=r"each of the 2 seeds.*Got x \(3, 20, 64\).*nnlab.tasks.few"):
        ensemble.train(Network([64, 8, 5]), tasks.few(FIVES, 4, range(3)), optimizers.Adam(), seeds=range(2), steps=1)
    with pytest.raises(ValueError, match="at most 20"):
        ensemble.train(
            Network([64, 8, 5]), tasks.few(FIVES, 4, [0]), optimizers.Adam(), seeds=[0], steps=1, batch_size=32
        )
