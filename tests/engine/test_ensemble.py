"""Many members in one pass: each must be what it would be alone, also beside one that diverges."""

import dataclasses
import math
from itertools import islice

import pytest
import torch

from nnlab import (
    Network,
    augmentation,
    digits,
    ensemble,
    losses,
    models,
    moons,
    optimizers,
    polynomial,
    reconstruction,
    schedules,
    spirals,
)
from nnlab.engine import network
from nnlab.engine.optimizers import SGD, Adam, AdamW, Momentum, RMSprop

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
    [
        ([64, 16, 10], digits()),
        ([2, 1, 2], moons()),
        ([1, 4, 1], polynomial()),
        ([2, 3], spirals()),
        ([64, 5, 64], reconstruction(digits())),
    ],
    ids=["digits", "width 1", "regression", "depth 1", "autoencoder"],
)
@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_other_networks_and_data(sizes, data, batch_size):
    net, optimizer = Network(sizes, "tanh"), SGD(lr=0.05)
    history = ensemble.train(net, data, optimizer, seeds=[1, 2], steps=30, batch_size=batch_size, init="standard")
    for k, seed in enumerate([1, 2]):
        assert_same_member(history, k, *alone(net, data, optimizer, seed, 30, batch_size, "standard"))
    assert ("val_accuracy" in history.curves) == (data.classes is not None)


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


def by_torch(lr, seed, schedule, steps, batch_size):
    """The loss of every step of a loop with autograd, torch.optim and the schedule's PyTorch twin."""
    params = {name: p.requires_grad_() for name, p in NET.init(seed=seed).items()}
    optimizer = torch.optim.AdamW(params.values(), lr=lr, weight_decay=0.1)
    scheduler, values = schedule.to_torch(optimizer), []
    for x, y in islice(ensemble.mini_batches(DATA.train, [seed], batch_size), steps):
        optimizer.zero_grad()
        value, _ = losses.cross_entropy(NET.forward(params, x[0])[0], y[0])
        value.backward()
        optimizer.step()
        scheduler.step()
        values.append(value.detach())
    return torch.stack(values)


@pytest.mark.parametrize(
    "schedule",
    [schedules.TimeDecay(0.1), schedules.Step(10, 0.3), schedules.WarmUp(7, then=schedules.Cosine(33))],
    ids=lambda schedule: type(schedule).__name__,
)
def test_with_a_schedule_every_member_of_a_grid_follows_its_scheduler_in_pytorch(schedule):
    history = ensemble.train(
        NET, DATA, AdamW(weight_decay=0.1), seeds=[0, 7], steps=40, batch_size=16, grid={"lr": [0.01, 0.1]},
        schedule=schedule,
    )  # fmt: skip
    for k, (lr, seed) in enumerate(zip(history.settings["lr"], history.settings["seed"], strict=True)):
        torch.testing.assert_close(history.loss[k], by_torch(lr, seed, schedule, 40, 16), rtol=1e-3, atol=1e-4)


def test_a_schedule_counts_steps_from_zero_and_nought_stops_the_run():
    seen = []

    def three_steps(step):
        seen.append(step)
        return 1.0 if step < 3 else 0.0

    stopped = ensemble.train(NET, DATA, SGD(0.1), seeds=[0], steps=8, schedule=three_steps)
    assert seen == list(range(8))
    short = ensemble.train(NET, DATA, SGD(0.1), seeds=[0], steps=3)
    assert all(torch.equal(stopped.params[name], p) for name, p in short.params.items())


def test_a_schedule_may_give_each_member_a_factor_of_its_own():
    factors = torch.tensor([0.5, 1.0, 2.0])
    together = ensemble.train(NET, DATA, Momentum(0.1), seeds=[4, 4, 4], steps=30, schedule=lambda step: factors)
    grid = ensemble.train(NET, DATA, Momentum(), seeds=[4], steps=30, grid={"lr": [0.05, 0.1, 0.2]})
    torch.testing.assert_close(together.loss, grid.loss)


def test_a_constant_schedule_changes_no_bit():
    plain = ensemble.train(NET, DATA, Adam(), seeds=[0, 1], steps=20, batch_size=8)
    scheduled = ensemble.train(NET, DATA, Adam(), seeds=[0, 1], steps=20, batch_size=8, schedule=schedules.Constant())
    assert torch.equal(plain.loss, scheduled.loss)


REGULARIZED = [
    {"l2": [0.0, 0.1]},
    {"l1": [0.0, 0.01], "clip_value": [math.inf, 0.01]},
    {"proximal_l1": [0.0, 0.01], "lr": [0.01, 0.1]},
    {"decay": [0.0, 0.1, 0.5]},
    {"clip_norm": [math.inf, 0.1, 10.0]},
    {"label_smoothing": [0.0, 0.1]},
    {"dropout": [0.0, 0.2, 0.5]},
    {"input_noise": [0.0, 0.1]},
    {"dropout": [0.1, 0.5], "input_noise": [0.1, 0.2], "feature_noise": [0.1, 0.3]},
]


@pytest.mark.parametrize("grid", REGULARIZED, ids=lambda grid: " ".join(grid))
@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_every_regularized_member_equals_the_same_member_alone(grid, norm):
    """Alone it is a run with a single seed and single numbers, which the next test compares with torch."""
    net, more = Network([2, 8, 3], "tanh", norm=norm), {"steps": 60, "batch_size": 15, "clip_norm": 5.0}
    history = ensemble.train(net, DATA, Momentum(lr=0.05), seeds=[0, 7], grid=grid, **more)
    for k in range(len(history)):
        setting = {name: values[k] for name, values in history.settings.items()}
        seed, lr = setting.pop("seed"), setting.pop("lr", 0.05)
        own = {name: setting.pop(name) for name in list(setting) if name in network.PER_MEMBER}
        single = dataclasses.replace(net, **own)
        run = ensemble.train(single, DATA, Momentum(lr=lr), seeds=[seed], **{**more, **setting})
        for name, p in run.params.items():
            torch.testing.assert_close(history.params[name][k], p[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(history.loss[k], run.loss[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
@pytest.mark.parametrize(
    ("optimizer", "extras", "theirs"),
    [
        (SGD(lr=0.2), {"l2": 0.1}, lambda groups: torch.optim.SGD(groups(weight_decay=0.1), lr=0.2)),
        (SGD(lr=0.2), {"decay": 0.1}, lambda groups: torch.optim.SGD(groups(weight_decay=0.1), lr=0.2)),
        (Adam(lr=0.01), {"l2": 0.1}, lambda groups: torch.optim.Adam(groups(weight_decay=0.1), lr=0.01)),
        (Adam(lr=0.01), {"decay": 0.5}, lambda groups: torch.optim.AdamW(groups(weight_decay=0.5), lr=0.01)),
        (SGD(lr=0.1), {"clip_norm": 0.3}, lambda groups: torch.optim.SGD(groups(), lr=0.1)),
        (SGD(lr=0.1), {"clip_value": 0.05}, lambda groups: torch.optim.SGD(groups(), lr=0.1)),
        (SGD(lr=0.5), {"label_smoothing": 0.2}, lambda groups: torch.optim.SGD(groups(), lr=0.5)),
    ],
    ids=["L2", "decay", "L2 in Adam", "AdamW", "clip by norm", "clip by value", "label smoothing"],
)
def test_a_regularized_run_is_torchs(optimizer, extras, theirs, norm):
    """50 full-batch steps; weights are shrunk, biases and norms are not. Running statistics agree too."""
    net = Network([2, 8, 3], "tanh", norm=norm)
    history = ensemble.train(net, DATA, optimizer, seeds=[3], steps=50, **extras)
    module = models.to_torch(net, net.init(seed=3))

    def groups(weight_decay=0.0):
        weights = [p for p in module.parameters() if p.ndim == 2]
        others = [p for p in module.parameters() if p.ndim == 1]
        return [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]

    step = theirs(groups)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=extras.get("label_smoothing", 0.0))
    values = []
    for _ in range(50):
        step.zero_grad()
        loss = criterion(module(DATA.train.x), DATA.train.y)
        loss.backward()
        if "clip_norm" in extras:
            torch.nn.utils.clip_grad_norm_(module.parameters(), extras["clip_norm"])
        if "clip_value" in extras:
            torch.nn.utils.clip_grad_value_(module.parameters(), extras["clip_value"])
        step.step()
        values.append(loss.detach())
    torch.testing.assert_close(history.loss[0], torch.stack(values), rtol=1e-4, atol=1e-5)
    for name, p in models.to_params(module).items():
        torch.testing.assert_close(history.params[name][0], p, rtol=1e-4, atol=1e-4)
    logits = module.eval()(DATA.val.x).detach()
    wanted = torch.nn.functional.cross_entropy(logits, DATA.val.y)
    torch.testing.assert_close(history.val_loss[0, -1], wanted, rtol=1e-4, atol=1e-4)


def test_l2_and_decay_are_one_run_with_sgd_and_two_with_adam():
    for optimizer, same in ((SGD(lr=0.1), True), (Adam(lr=0.01), False)):
        by_penalty, by_decay = (
            ensemble.train(NET, DATA, optimizer, seeds=[0, 1], steps=100, **{name: 0.1}) for name in ("l2", "decay")
        )
        apart = (by_penalty.loss - by_decay.loss).abs().max()
        assert apart < 1e-5 if same else apart > 0.01


def test_only_the_proximal_step_gives_exact_zeros():
    data, net = digits(), Network([64, 10])
    zeros = {}
    for name in ("l1", "proximal_l1"):
        history = ensemble.train(net, data, SGD(lr=0.1), seeds=[0], steps=200, **{name: 0.01})
        zeros[name] = (history.params["layer1.weight"] == 0).float().mean().item()
        assert history.params["layer1.bias"].count_nonzero() == 10
    first = (net.init(seed=0)["layer1.weight"] == 0).float().mean()
    assert first == 0
    dead_pixels = (data.train.x == 0).all(0).float().mean().item()
    assert zeros["l1"] == 0
    assert zeros["proximal_l1"] > dead_pixels + 0.2


@pytest.mark.parametrize("augment", [augmentation.shifted, augmentation.mixup], ids=lambda f: f.__name__)
@pytest.mark.parametrize("batch_size", [None, 32])
def test_members_have_their_own_new_samples(augment, batch_size):
    data, net = digits(), Network([64, 8, 10])
    together = ensemble.train(net, data, SGD(0.1), seeds=[1, 2], steps=10, batch_size=batch_size, augment=augment)
    plain = ensemble.train(net, data, SGD(0.1), seeds=[1, 2], steps=10, batch_size=batch_size)
    assert not torch.equal(together.loss, plain.loss)
    for k, seed in enumerate([1, 2]):
        alone = ensemble.train(net, data, SGD(0.1), seeds=[seed], steps=10, batch_size=batch_size, augment=augment)
        torch.testing.assert_close(together.loss[k], alone.loss[0])


def test_masks_do_not_change_the_order_of_samples():
    """With a tiny p almost no unit is forgotten: the run is the plain run, batch for batch."""
    plain = ensemble.train(NET, DATA, SGD(0.1), seeds=[0], steps=20, batch_size=8)
    almost = dataclasses.replace(NET, dropout=1e-9)
    masked = ensemble.train(almost, DATA, SGD(0.1), seeds=[0], steps=20, batch_size=8)
    torch.testing.assert_close(masked.loss, plain.loss)


def test_mean_probabilities():
    history = ensemble.train(NET, DATA, Adam(lr=0.01), seeds=range(4), steps=100)
    p = ensemble.probabilities(NET, history.params, DATA.val.x)
    torch.testing.assert_close(p, torch.softmax(NET.forward(history.params, DATA.val.x)[0], -1))
    mean = ensemble.mean_probabilities(NET, history.params, DATA.val.x)
    torch.testing.assert_close(mean, sum(p[k] for k in range(4)) / 4)
    of_mean = -mean[torch.arange(len(mean)), DATA.val.y].log().mean()
    assert of_mean <= history.val_loss[:, -1].mean()


def test_one_network_has_no_mean(refused):
    with refused(start="params must have a member axis"):
        ensemble.mean_probabilities(NET, NET.init(), DATA.val.x)


def test_label_smoothing_needs_cross_entropy(refused):
    with refused("the loss hinge", start="label_smoothing must go with"):
        ensemble.train(NET, DATA, SGD(), loss="hinge", label_smoothing=0.1)


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
    "seeds": [[], [-1], [0.5], ["0"], 8, "8", None],
    "init": ["he", None],
    "loss": ["crossentropy"],
    "schedule": ["Cosine", 0.1],
    "augment": [3, "shifted"],
    "l2": [-0.1, "1", math.nan],
    "decay": [-0.1],
    "clip_norm": [0, -1.0, "1"],
    "label_smoothing": [1.0],
    "l3": [0.1],
    "grid": [
        {"lr": []},
        {"momentum": [0.9]},
        {"lr": [0]},
        {"lr": [0.1, math.nan]},
        {"lr": ["0.1"]},
        {"lr": [True]},
        {"dropout": [1.0]},
        {"clip_norm": [None]},
        {"sizes": [1]},
        {"l2": []},
        {"lr": 0.1},
        {"lr": "0.1"},
        {"lr": None},
        [0.1],
        0.1,
        "lr",
    ],
}


@pytest.mark.parametrize(("argument", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_arguments_outside_their_range(argument, value, refused):
    with refused():
        ensemble.train(NET, DATA, SGD(), **{"steps": 2, argument: value})


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("seeds", 8, "seeds must be a list of numbers. Got 8. Try range(8)."),
        ("grid", {"lr": 0.1}, "lr in grid must be a list of numbers. Got 0.1. Try [0.1]."),
        ("augment", 3, "augment must be callable. Got 3. Try nnlab.augmentation.shifted."),
    ],
)
def test_what_a_likely_mistake_is_told(argument, value, said, refused):
    with refused(start=said):
        ensemble.train(NET, DATA, SGD(), **{argument: value})


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
