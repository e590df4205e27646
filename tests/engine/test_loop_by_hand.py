"""The loop by hand: it can stop and go on, gradients go by name, and what an epoch is differs from fit's on purpose."""

from itertools import islice, repeat

import pytest
import torch

import nnlab
from nnlab import Network, ensemble, losses, optimizers, schedules
from nnlab.engine.loop import steps
from nnlab.engine.regularization import Regularization

DATA = nnlab.spirals()
BATCH = (DATA.train.x, DATA.train.y)


class AnotherOrder(Network):
    """Returns the same gradients, the last layer first."""

    def backward(self, params, cache, dlogits):
        return dict(reversed(super().backward(params, cache, dlogits).items()))


def run(net, count, params=None, optimizer=None, seeds=range(3), **settings):
    start = net.init(seed=seeds) if params is None else params
    return list(
        islice(
            steps(net, start, optimizer or optimizers.Adam(0.05), repeat(BATCH), losses.cross_entropy, **settings),
            count,
        )
    )


def equal(some, others):
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


def test_gradients_go_by_name_not_by_order():
    """Before, a backward pass that returned the same gradients in another order trained, silently, on shuffled ones."""
    sizes, optimizer = [2, 16, 16, 3], optimizers.Adam(0.05)
    ours, other = (
        ensemble.train(kind(sizes), DATA, optimizer, steps=50, seeds=range(4)) for kind in (Network, AnotherOrder)
    )
    assert torch.equal(ours.loss, other.loss)
    assert equal(ours.params, other.params)
    assert list(ours.params) == list(other.params) == list(Network(sizes).shapes)


def test_a_backward_pass_that_forgets_a_gradient(refused):
    class Forgets(Network):
        def backward(self, params, cache, dlogits):
            gradients = super().backward(params, cache, dlogits)
            del gradients["layer1.bias"]
            return gradients

    with refused("layer1.weight, layer2.weight, layer2.bias", start="gradients must have the names of net.shapes"):
        run(Forgets([2, 4, 3]), 1)


@pytest.mark.parametrize("optimizer", [optimizers.Adam(0.05), optimizers.Momentum(0.1)])
def test_it_goes_on_with_the_bits_of_an_uninterrupted_run(optimizer):
    net = Network([2, 8, 3], norm="batch")
    settings = {"optimizer": optimizer, "schedule": schedules.Cosine(20)}
    whole = run(net, 20, **settings)
    first = run(net, 7, **settings)
    second = run(net, 13, first[-1].params, state=first[-1].state, **settings)
    assert [done.step for done in first + second] == [done.step for done in whole] == list(range(1, 21))
    assert all(torch.equal(a.loss, b.loss) for a, b in zip(first + second, whole, strict=True))
    assert equal(second[-1].params, whole[-1].params)


def test_a_network_without_a_member_axis_is_the_member_of_its_seed():
    net = Network([2, 8, 3], "tanh")
    together, alone = run(net, 30, seeds=[5, 6]), run(net, 30, seeds=6)
    for name, p in alone[-1].params.items():
        torch.testing.assert_close(together[-1].params[name][1], p)
    assert alone[-1].loss.shape == ()


def test_it_ends_with_its_batches_and_changes_nothing_in_place():
    net = Network([2, 4, 3])
    params = net.init(seed=range(2))
    before = {name: p.clone() for name, p in params.items()}
    done = list(steps(net, params, optimizers.SGD(0.1), [BATCH] * 3, losses.cross_entropy))
    assert [step.step for step in done] == [1, 2, 3]
    assert equal(params, before)
    assert not equal(params, done[0].params)


def test_what_is_added_to_a_plain_step_is_added():
    net = Network([2, 4, 3])
    plain, shrunk = (run(net, 5, extra=extra)[-1].params for extra in (None, Regularization(decay=1.0)))
    assert shrunk["layer1.weight"].norm() < plain["layer1.weight"].norm()


def test_fit_keeps_the_last_mini_batch_of_an_epoch_and_ensemble_train_drops_it():
    """1,077 digits in batches of 32: 33 whole ones and 21 samples more. Both docstrings say so."""
    data = nnlab.digits(seed=0)
    assert len(data.train) == 33 * 32 + 21
    sizes = [len(y[0]) for _, y in islice(ensemble.mini_batches(data.train, [0], 32), 67)]
    assert sizes == [32] * 67
    epoch = torch.cat([x[0] for x, _ in islice(ensemble.mini_batches(data.train, [0], 32), 33)])
    assert len(epoch.unique(dim=0)) == len(epoch)  # the 34th batch begins a new epoch
    model = torch.nn.Linear(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    settings = {"loss": torch.nn.CrossEntropyLoss(), "batch_size": 32, "seed": 0, "progress": False}
    assert nnlab.fit(model, data, optimizer=optimizer, epochs=1, **settings).loss.shape == (1, 34)
    assert "dropped when it would be smaller" in ensemble.mini_batches.__doc__
    assert "last one may be smaller" in nnlab.fit.__doc__
