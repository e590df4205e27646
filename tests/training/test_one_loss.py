"""A loss is one thing: ``fit``, ``live_training`` and ``ensemble.train`` take the same and refuse the same."""

import functools

import pytest
import torch
from torch import nn
from torch.nn import functional

import nnlab
from nnlab import Network, ensemble, losses

NET = Network([2, 8, 2])
STEPS = 6


def model():
    return nnlab.models.to_torch(NET, NET.init(seed=0))


def with_fit(loss):
    """The training losses of a few full-batch steps."""
    network = model()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    return nnlab.fit(network, nnlab.moons(), optimizer=optimizer, loss=loss, steps=STEPS, seed=0).loss[0]


def live(loss):
    run = nnlab.live_training(
        model(),
        nnlab.moons(),
        optimizer=lambda p: torch.optim.SGD(p, lr=0.5),
        loss=loss,
        batch_size=len(nnlab.moons().train),
        steps=STEPS,
    )
    return torch.tensor(run.losses)


def many(loss):
    history = ensemble.train(NET, nnlab.moons(), nnlab.optimizers.SGD(lr=0.5), seeds=[0], steps=STEPS, loss=loss)
    return history.loss[0]


ENTRIES = [with_fit, live, many]


def own(logits, y):
    """Cross-entropy by hand, as a student writes it: for one network."""
    p = logits.softmax(-1)
    target = functional.one_hot(y, logits.shape[-1])
    return -(target * p.log()).sum(-1).mean(), (p - target) / len(y)


class OwnClass:
    """The same as an object."""

    def __call__(self, logits, y):
        return own(logits, y)


CROSS_ENTROPIES = {
    "a name": "cross_entropy",
    "one of ours": losses.cross_entropy,
    "ours with a setting": functools.partial(losses.cross_entropy, label_smoothing=0.0),
    "a module": nn.CrossEntropyLoss(),
    "a function of PyTorch": functional.cross_entropy,
    "a lambda": lambda logits, y: functional.cross_entropy(logits, y),
    "a student's own": own,
    "a student's object": OwnClass(),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("kind", CROSS_ENTROPIES)
def test_the_same_curve_whatever_stands_for_the_loss(entry, kind):
    torch.testing.assert_close(entry(CROSS_ENTROPIES[kind]), many("cross_entropy"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("entry", ENTRIES)
def test_another_loss_trains_otherwise(entry):
    torch.testing.assert_close(entry("hinge"), many(losses.hinge), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(entry("hinge"), many("cross_entropy"), rtol=0.1)


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_is_the_gradient_by_hand_that_trains(entry):
    def stands_still(logits, y):
        value, dlogits = losses.cross_entropy(logits, y)
        return value, 0 * dlogits

    losses_of_steps = entry(stands_still)  # of the same samples, in another order at each step
    assert losses_of_steps.max() - losses_of_steps.min() < 1e-5


WRONG = {
    "a class": (nn.CrossEntropyLoss, TypeError, "<class 'torch.nn.*CrossEntropyLoss'>.*an object of it: CrossEntropyL"),
    "a number": (0.5, TypeError, "loss must be a name or a function .* Got 0.5. Try 'cross_entropy', or nn.CrossEntr"),
    "a list of names": (["mse"], TypeError, r"loss must be a name or a function .* Got \['mse'\]"),
    "a name nobody knows": ("crossentropy", ValueError, "Got 'crossentropy'. Did you mean 'cross_entropy'"),
    # the 60 validation samples are looked at first
    "not reduced": (
        nn.CrossEntropyLoss(reduction="none"),
        ValueError,
        r"must give one number.* Got the shape \(60,\)",
    ),
    "a Python number": (lambda z, y: functional.cross_entropy(z, y).item(), TypeError, r"Got 0\.\d+.* without .item"),
    "without a gradient": (
        lambda z, y: functional.cross_entropy(z.detach(), y),
        ValueError,
        "loss must give a number that autograd can follow to the logits. Got one without a gradient. Try it without",
    ),
    "three results": (
        lambda z, y: (*own(z, y), y),
        ValueError,
        r"must give \(value, dlogits\).* Got \(\(\), .*Try the",
    ),
    "a text for a gradient": (lambda z, y: (own(z, y)[0], "none"), ValueError, r"Got \(\(\), str\). Try the mean"),
    "a gradient of another shape": (lambda z, y: (own(z, y)[0], z[:1]), ValueError, r"Got \(\(\), \(1, 2\)\). Try"),
    "a value for each sample": (lambda z, y: (z.sum(-1), z), ValueError, r"one number.* Got the shape \(60,\). Try"),
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_loss_is_told_why(entry, kind):
    loss, error, words = WRONG[kind]
    with pytest.raises(error, match=words):
        entry(loss)


@pytest.mark.parametrize("loss", ["mse", losses.huber, nn.MSELoss()])
def test_a_regression(loss):
    """PyTorch's own losses broadcast (batch, 1) against (batch,), so the model must end with (batch,); ours do not."""
    net, data = Network([1, 8, 1]), nnlab.polynomial()
    network = nnlab.models.to_torch(net, net.init(seed=0))
    flat = isinstance(loss, nn.Module)
    network = nn.Sequential(network, nn.Flatten(0)) if flat else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    history = nnlab.fit(network, data, optimizer=optimizer, loss=loss, steps=STEPS, seed=0)
    hand = ensemble.train(net, data, nnlab.optimizers.SGD(lr=0.05), seeds=[0], steps=STEPS, loss=loss)
    torch.testing.assert_close(history.loss, hand.loss, rtol=1e-4, atol=1e-6)


def test_ours_want_an_axis_of_outputs(refused):
    net = Network([1, 8, 1])
    network = nn.Sequential(nnlab.models.to_torch(net, net.init(seed=0)), nn.Flatten(0))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    with refused("the shape (20,). Try (20, 1)", "logits must have an axis of outputs"):
        nnlab.fit(network, nnlab.polynomial(), optimizer=optimizer, loss="mse", steps=2, seed=0)


@pytest.mark.parametrize("given", [nnlab.optimizers.Adam(), nnlab.optimizers.Adam])
def test_our_optimizers_have_another_name_there(given, refused):
    with refused("Adam(lr=0.001", "optimizer must be one of torch.optim", TypeError):
        nnlab.fit(model(), nnlab.moons(), optimizer=given, loss="cross_entropy", epochs=1, seed=0)
    for optimizer in (given, lambda parameters: nnlab.optimizers.Adam()):
        with pytest.raises(TypeError, match=r"Got Adam\(lr=0.001.* Try torch\.optim\.Adam\(model\.parameters\(\), lr="):
            nnlab.live_training(model(), nnlab.moons(), optimizer=optimizer)
