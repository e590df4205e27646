"""One step with everything added, entry by entry, as the formulas say."""

import math

import pytest
import torch

from nnlab import Network
from nnlab.engine import regularization
from nnlab.engine.optimizers import SGD, AdamW
from nnlab.engine.regularization import Regularization

IS_WEIGHT = torch.tensor([True, True, False])
W, G = torch.tensor([[1.0, -0.1, 1.0]]), torch.tensor([[0.5, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, [0.95, -0.15, 0.95]),
        ({"l2": 1.0}, [0.95 - 0.1, -0.15 + 0.01, 0.95]),
        ({"l1": 1.0}, [0.95 - 0.1, -0.15 + 0.1, 0.95]),
        ({"decay": 1.0}, [0.95 - 0.1, -0.15 + 0.01, 0.95]),
        ({"proximal_l1": 1.0}, [0.95 - 0.1, -0.15 + 0.1, 0.95]),
        ({"proximal_l1": 2.0}, [0.95 - 0.2, 0.0, 0.95]),
        ({"clip_value": 0.2}, [0.98, -0.12, 0.98]),
        ({"clip_norm": 0.1}, [1 - 0.01 / math.sqrt(3), -0.1 - 0.01 / math.sqrt(3), 1 - 0.01 / math.sqrt(3)]),
        ({"l2": 10.0, "clip_value": 1.0}, [0.9, -0.1 - 0.1 * -0.5, 0.95]),  # the penalty's slope is clipped too
    ],
    ids=str,
)
def test_one_step_of_sgd_with_lr_a_tenth(settings, wanted):
    rule, kept = SGD(lr=0.1), W.clone()
    new, _ = Regularization(**settings).step(rule, W, G, rule.init({"all": W}), IS_WEIGHT)
    torch.testing.assert_close(new, torch.tensor([wanted]))
    assert torch.equal(W, kept)
    twice, _ = regularized_for_two(settings, rule)
    torch.testing.assert_close(twice, new.expand(2, 3))


def regularized_for_two(settings, rule):
    """The same step with a tensor of two equal values for every setting, and two learning rates."""
    per_member = {name: torch.tensor([v, v], dtype=torch.float64) for name, v in settings.items()}
    both = SGD(lr=torch.tensor([0.1, 0.1], dtype=torch.float64))
    w, g = W.expand(2, 3), G.expand(2, 3)
    extra = Regularization(**per_member).columns(w.dtype)
    return extra.step(both, w, g, both.init({"all": w}), IS_WEIGHT)


def test_decay_leaves_biases_out_and_the_weight_decay_of_adamw_does_not():
    """The same shrinking of the weights; both docstrings name the other rule."""
    ours, theirs = AdamW(lr=0.1, weight_decay=0.0), AdamW(lr=0.1, weight_decay=1.0)
    by_decay, _ = Regularization(decay=1.0).step(ours, W, G, ours.init({"all": W}), IS_WEIGHT)
    by_adamw, _ = Regularization().step(theirs, W, G, theirs.init({"all": W}), IS_WEIGHT)
    torch.testing.assert_close(by_decay[:, IS_WEIGHT], by_adamw[:, IS_WEIGHT])
    torch.testing.assert_close(by_decay[:, ~IS_WEIGHT], W[:, ~IS_WEIGHT] - 0.1)
    torch.testing.assert_close(by_adamw[:, ~IS_WEIGHT], 0.9 * W[:, ~IS_WEIGHT] - 0.1)
    assert "``decay=``" in AdamW.__doc__
    assert "AdamW" in Regularization.__doc__


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_which_entries_are_weights(norm):
    net = Network([2, 3, 1], norm=norm)
    flags = {name: name in ("layer1.weight", "layer2.weight") for name in net.shapes}
    wanted = [flag for name, flag in flags.items() for _ in range(math.prod(net.shapes[name]))]
    assert regularization.which_are_weights(net).tolist() == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("l2", -1.0), ("l1", math.nan), ("proximal_l1", "1"), ("decay", math.inf)],
        *[("clip_norm", 0), ("clip_value", -1.0), ("label_smoothing", 1.0)],
    ],
)
def test_settings_outside_their_range(name, value, refused):
    with refused(repr(value), start=name):
        Regularization(**{name: value})


def test_no_limit_is_infinity():
    assert Regularization(clip_norm=None).clip_norm == Regularization().clip_value == math.inf
