"""Many members in one pass: each must be what it would be alone, also beside one that diverges."""

import math
from itertools import islice

import pytest
import torch

from nnlab import Network, digits, ensemble, losses, moons, optimizers, polynomial, spirals
from nnlab.optimizers import SGD, Adam, AdamW, Momentum, RMSprop

NET, DATA = Network([2, 8, 3]), spirals()


def alone(net, data, optimizer, seed, steps, batch_size=None, init="he_normal"):
    """The same training as a plain loop over one network, without any member axis: parameters, losses."""
    loss = losses.mse if data.classes is None else losses.cross_entropy
    generator, order = torch.Generator().manual_seed(seed), torch.empty(0, dtype=torch.int64)
    params, values = net.init(init, seed), []
    state = optimizer.init(params)
    for _ in range(steps):
        if batch_size and len(order) < batch_size:
            order = torch.randperm(len(data.train), generator=generator)
        batch, order = (order[:batch_size], order[batch_size:]) if batch_size else (slice(None), order)
        logits, cache = net.forward(params, data.train.x[batch])
        value, dlogits = loss(logits, data.train.y[batch])
        params, state = optimizer.update(params, net.backward(params, cache, dlogits), state)
        values.append(value)
    return params, torch.stack(values)


def assert_same_member(history, k, params, values):
    for name, p in params.items():
        error = (history.params[name][k] - p).norm() / p.norm()
        assert error <= 1e-5, f"{name} of member {k} differs by {error}"
    torch.testing.assert_close(history.loss[k], values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch_size", [None, 1, 16])
@pytest.mark.parametrize(
    ("optimizer", "grid"),
    [
        (SGD(lr=0.1), {}),
        (Momentum(), {"lr": [0.01, 0.05], "momentum": [0, 0.9]}),
        (Adam(), {"lr": [0.001, 0.01], "beta2": [0.9, 0.999]}),
        (AdamW(), {"weight_decay": [0.0, 0.1]}),
        (RMSprop(lr=0.001), {"alpha": [0.9, 0.99], "eps": [1e-8, 1e-3]}),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, optimizers.Optimizer) else "",
)
def test_every_member_equals_the_same_member_alone(optimizer, grid, batch_size):
    history = ensemble.train(NET, DATA, optimizer, seeds=[0, 7], steps=100, grid=grid, batch_size=batch_size)
    assert len(history) == 2 * math.prod(len(values) for values in grid.values())
    for k in range(len(history)):
        setting = {name: values[k] for name, values in history.settings.items()}
        seed = setting.pop("seed")
        single = type(optimizer)(**{**vars(optimizer), **setting})
        assert_same_member(history, k, *alone(NET, DATA, single, seed, 100, batch_size))


@pytest.mark.parametrize(
    ("sizes", "data"),
    [([64, 16, 10], digits()), ([2, 1, 2], moons()), ([1, 4, 1], polynomial()), ([2, 3], spirals())],
    ids=["digits", "width 1", "regression", "depth 1"],
)
@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_other_networks_and_data(sizes, data, batch_size):
    net, optimizer = Network(sizes, "tanh"), SGD(lr=0.05)
    history = ensemble.train(net, data, optimizer, seeds=[1, 2], steps=30, batch_size=batch_size, init="standard")
    for k, seed in enumerate([1, 2]):
        assert_same_member(history, k, *alone(net, data, optimizer, seed, 30, batch_size, "standard"))
    assert history.val_accuracy.isnan().all() == (data.classes is None)


@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=lambda o: type(o).__name__)
def test_a_diverging_member_leaves_the_others_alone(optimizer, batch_size):
    history = ensemble.train(
        NET, DATA, optimizer, seeds=[0, 1], steps=50, batch_size=batch_size, grid={"lr": [0.01, 1e30, 0.02]}
    )
    lost = [lr == 1e30 for lr in history.settings["lr"]]
    assert (history.diverged >= 0).tolist() == lost
    assert repr(history).endswith("; 2 diverged")
    for k in range(len(history)):
        if lost[k]:
            assert not history.loss[k, history.diverged[k]].isfinite()
            assert history.loss[k, : history.diverged[k]].isfinite().all()
        else:
            single = type(optimizer)(lr=history.settings["lr"][k])
            assert_same_member(history, k, *alone(NET, DATA, single, history.settings["seed"][k], 50, batch_size))
    assert not any(p.requires_grad for p in history.params.values())


def test_divergence_in_the_very_last_step_is_seen():
    history = ensemble.train(NET, DATA, SGD(lr=1e38), seeds=[0], steps=1)
    assert history.loss.isfinite().all()
    assert not history.val_loss[0, -1].isfinite()
    assert history.diverged.tolist() == [1]


def test_what_is_recorded():
    history = ensemble.train(NET, DATA, Adam(), seeds=range(3), steps=20, eval_every=8)
    assert history.loss.shape == (3, 20)
    assert history.evaluated.tolist() == [0, 8, 16, 20]
    first, last = NET.init(seed=range(3)), history.params
    for k, params in ((0, first), (-1, last)):
        logits, _ = NET.forward(params, DATA.val.x)
        torch.testing.assert_close(history.val_loss[:, k], losses.cross_entropy(logits, DATA.val.y)[0])
        share = (logits.argmax(-1) == DATA.val.y).double().mean(-1)
        torch.testing.assert_close(history.val_accuracy[:, k].double(), share)


def test_a_run_that_starts_where_another_ended_is_its_continuation():
    """Plain SGD on all samples remembers nothing, so 30 + 20 steps are 50 steps, to the bit."""
    whole = ensemble.train(NET, DATA, SGD(), steps=50, grid={"lr": [0.01, 0.1]})
    first = ensemble.train(NET, DATA, SGD(), steps=30, grid={"lr": [0.01, 0.1]})
    before = {name: p.clone() for name, p in first.params.items()}
    last = ensemble.train(NET, DATA, SGD(), steps=20, grid={"lr": [0.01, 0.1]}, start=first.params)
    assert torch.equal(torch.cat([first.loss, last.loss], 1), whole.loss)
    for name, p in whole.params.items():
        assert torch.equal(last.params[name], p)
        assert torch.equal(first.params[name], before[name])
    shuffled = dict(reversed(first.params.items()))
    again = ensemble.train(NET, DATA, SGD(), steps=20, grid={"lr": [0.01, 0.1]}, start=shuffled)
    assert torch.equal(again.loss, last.loss)


@pytest.mark.parametrize(
    ("start", "got"),
    [
        (NET.init(seed=0), "(2, 8)"),
        (NET.init(seed=range(3)), "(3, 2, 8)"),
        (Network([2, 9, 3]).init(seed=range(2)), "(2, 2, 9)"),
        ({}, "none"),
    ],
)
def test_parameters_of_another_network_or_another_number_of_members(start, got, refused):
    with refused(got, start="start"):
        ensemble.train(NET, DATA, SGD(), seeds=range(2), start=start)


def test_seeds_repeat_and_nothing_else_changes():
    state, kept = torch.get_rng_state(), (DATA.train.x.clone(), DATA.train.y.clone())
    first, second = (ensemble.train(NET, DATA, SGD(0.1), seeds=[5, 6], steps=20, batch_size=8) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(DATA.train.x, kept[0])
    assert torch.equal(DATA.train.y, kept[1])
    assert torch.equal(first.loss, second.loss)
    assert all(torch.equal(first.params[name], second.params[name]) for name in first.params)
    assert not torch.equal(first.loss[0], first.loss[1])


def test_trained_parameters_may_be_trained_further_by_autograd():
    params = ensemble.train(NET, DATA, SGD(0.1), seeds=[0], steps=1).params
    leaves = {name: p.requires_grad_() for name, p in params.items()}
    losses.cross_entropy(NET.forward(leaves, DATA.train.x)[0], DATA.train.y)[0].sum().backward()
    assert all(p.grad.isfinite().all() for p in leaves.values())


@pytest.mark.parametrize("batch_size", [1, 16, 30, 90])
def test_an_epoch_visits_every_sample_at_most_once(batch_size):
    part, count = DATA.train, len(DATA.train) // batch_size
    batches = islice(ensemble.mini_batches(part, [0, 1], batch_size if batch_size < len(part) else None), count)
    xs = torch.cat([x.expand(2, -1, -1) for x, _ in batches], 1)
    for member in xs:
        assert len(set(map(tuple, member.tolist()))) == count * batch_size


WRONG = {
    "steps": [0, -1, 10.0, "10", True, None],
    "batch_size": [0, -1, 91, 8.0, "8", True],
    "eval_every": [0, 1.5, "1"],
    "seeds": [[], [-1], [0.5], ["0"]],
    "init": ["he", None],
    "loss": ["crossentropy"],
    "grid": [{"lr": []}, {"momentum": [0.9]}, {"lr": [0]}, {"lr": [0.1, math.nan]}, {"lr": ["0.1"]}, {"lr": [True]}],
}


@pytest.mark.parametrize(("argument", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_arguments_outside_their_range(argument, value, refused):
    with refused():
        ensemble.train(NET, DATA, SGD(), **{"steps": 2, argument: value})


@pytest.mark.parametrize("sizes", [[3, 3], [2, 4], [2, 8, 2]])
def test_a_network_that_does_not_fit_the_data(sizes, refused):
    with refused(str(sizes)):
        ensemble.train(Network(sizes), DATA, SGD())


def test_the_number_of_threads_is_as_before(refused):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        ensemble.train(NET, DATA, SGD(), seeds=[0], steps=1)
        with refused():
            ensemble.train(NET, DATA, SGD(), seeds=[0], steps=0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
