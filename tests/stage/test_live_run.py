"""The engine of live training: its steps are PyTorch's, changes count from the next one, reset is exact to the bit."""

import copy

import pytest
import torch
from torch import nn

import nnlab
from nnlab.stage.live.run import MEASURE_EVERY, LiveRun


def network(*sizes, seed=0):
    net = nnlab.Network(sizes)
    return nnlab.models.to_torch(net, net.init("he_normal", seed))


def moons_run(optimizer=None, **settings):
    return LiveRun(network(2, 8, 2), nnlab.moons(), optimizer, **settings)


def steps(run, count):
    for _ in range(count):
        run.step()
    return run


def everything(run):
    """All that a run consists of, in a form that can be compared bit by bit."""
    state = [
        {name: value.tolist() if torch.is_tensor(value) else value for name, value in memory.items()}
        for memory in run.optimizer.state.values()
    ]
    groups = [{k: v for k, v in group.items() if k != "params"} for group in run.optimizer.param_groups]
    weights = {name: value.tolist() for name, value in run.model.state_dict().items()}
    random = run._generator.get_state().tolist(), run._order.tolist()[run._position :]
    curves = list(run.losses), list(run.validation), list(run.changes)
    return weights, state, groups, random, curves, run.batch_size


def adam(parameters):
    return torch.optim.Adam(parameters, lr=0.01)


def heavy(parameters):
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9)


def test_a_step_is_the_one_of_a_hand_written_loop():
    run = steps(moons_run(heavy, batch_size=50, seed=3), 7)
    model, data = network(2, 8, 2), nnlab.moons().train
    optimizer, draw = heavy(model.parameters()), torch.Generator().manual_seed(3)
    losses = []
    for order in (torch.randperm(len(data), generator=draw), torch.randperm(len(data), generator=draw)):
        for batch in order.split(50):
            loss = nn.functional.cross_entropy(model(data.x[batch]), data.y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert len(data) == 180  # four steps make an epoch: 50, 50, 50, 30
    assert run.losses == losses[:7]
    steps(run, 1)
    for mine, its in zip(run.model.parameters(), model.parameters(), strict=True):
        assert torch.equal(mine, its)


@pytest.mark.parametrize("optimizer", [None, adam, heavy])
def test_reset_and_n_steps_are_n_steps(optimizer):
    run = moons_run(optimizer)
    first, start = everything(steps(moons_run(optimizer), 35)), everything(run)
    steps(run, 13)
    run.lr, run.momentum, run.batch_size = 0.3, 0.5, 8
    steps(run, 8)
    run.reset()
    assert everything(run) == start
    assert everything(steps(run, 35)) == first


def test_reset_restores_batch_norm_and_a_run_that_diverged():
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    run = LiveRun(model, nnlab.moons())
    first = everything(steps(LiveRun(model, nnlab.moons()), 5))
    run.lr = 1e30
    steps(run, 5)
    assert run.diverged is not None
    run.reset()
    assert run.diverged is None
    assert everything(steps(run, 5)) == first


def test_a_change_counts_from_the_next_step_and_is_remembered():
    run, other = moons_run(), moons_run()
    steps(run, 3)
    steps(other, 3)
    run.lr = 0.3
    assert run.optimizer.param_groups[0]["lr"] == run.lr == 0.3
    before = [p.clone() for p in run.model.parameters()]
    steps(run, 1)
    steps(other, 1)
    for was, fast, slow in zip(before, run.model.parameters(), other.model.parameters(), strict=True):
        torch.testing.assert_close(fast - was, 3 * (slow - was), rtol=1e-3, atol=1e-6)
    run.batch_size = 180
    run.batch_size = 180
    assert run.changes == [(3, "lr", 0.3), (4, "batch_size", 180)]


@pytest.mark.parametrize(
    ("optimizer", "read"),
    [
        (heavy, lambda group: group["momentum"]),
        (adam, lambda group: group["betas"][0]),
        (lambda p: torch.optim.RMSprop(p, lr=0.01), lambda group: group["momentum"]),
    ],
)
def test_momentum_is_the_one_of_the_running_optimizer(optimizer, read):
    run = steps(moons_run(optimizer), 3)
    for value in (0.7, 0.0, 0.5):
        run.momentum = value
        assert read(run.optimizer.param_groups[0]) == run.momentum == value
        steps(run, 2)


def test_a_velocity_does_not_come_back_with_the_momentum():
    run = steps(moons_run(heavy), 5)
    run.momentum = 0.0
    steps(run, 5)
    run.momentum, run.lr = 0.9, 1.0
    before = [p.clone() for p in run.model.parameters()]
    steps(run, 1)
    for was, p in zip(before, run.model.parameters(), strict=True):
        torch.testing.assert_close(p.detach(), was.detach() - p.grad)


def test_an_optimizer_without_momentum(refused):
    run = moons_run(lambda p: torch.optim.Adagrad(p, lr=0.1))
    assert run.momentum is None
    with refused("Adagrad"):
        run.momentum = 0.5


def test_the_given_model_and_optimizer_stay_as_they_are():
    model = network(2, 8, 2)
    optimizer = heavy(model.parameters())
    before = copy.deepcopy(model.state_dict())
    run = steps(LiveRun(model, nnlab.moons(), optimizer), 5)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not optimizer.state
    assert everything(run) == everything(steps(moons_run(heavy), 5))


def test_an_optimizer_that_has_already_run_goes_on_and_resets_to_there():
    model = network(2, 8, 2)
    optimizer = adam(model.parameters())
    model(nnlab.moons().train.x).sum().backward()
    optimizer.step()
    run = LiveRun(model, nnlab.moons(), optimizer)
    start = everything(run)
    assert start[1]
    steps(run, 3).reset()
    assert everything(run) == start


def test_dropout_draws_from_the_run_and_not_from_the_global_generator():
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2))
    torch.manual_seed(0)
    first = steps(LiveRun(model, nnlab.moons(), seed=1), 12)
    before = torch.get_rng_state()
    torch.rand(5)
    second = steps(LiveRun(model, nnlab.moons(), seed=1), 6)
    third = steps(LiveRun(model, nnlab.moons(), seed=2), 12)
    steps(second, 6)
    torch.manual_seed(0)
    assert torch.equal(torch.get_rng_state(), before)
    assert everything(first) == everything(second)
    assert first.losses != third.losses
    assert torch.equal(first.predict(first.data.val.x), first.predict(first.data.val.x))


def test_own_dropout_keeps_the_mean_and_the_share():
    from nnlab.stage.live.run import OwnDropout

    x = torch.ones(100_000)
    with OwnDropout(torch.Generator().manual_seed(0)):
        dropped = nn.functional.dropout(x, 0.2)
        assert torch.equal(nn.functional.dropout(x, 0.2, training=False), x)
        assert not nn.functional.dropout(x, 1.0).any()
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    assert dropped.mean() == pytest.approx(1, abs=0.01)


def test_what_is_measured():
    run = steps(moons_run(), 2 * MEASURE_EVERY + 1)
    assert [m.step for m in run.validation] == [0, MEASURE_EVERY, 2 * MEASURE_EVERY]
    val, now = run.data.val, run.measure()
    p = run.predict(val.x)
    assert now.step == 2 * MEASURE_EVERY + 1
    assert now.accuracy == pytest.approx((p.argmax(-1) == val.y).float().mean().item())
    assert now.loss == pytest.approx(-p[torch.arange(len(val)), val.y].log().mean().item(), rel=1e-5)


def test_divergence_is_a_result_and_ends_the_run():
    run = moons_run(lambda p: torch.optim.SGD(p, lr=1e30))
    while run.step():
        pass
    assert run.diverged == run.steps
    after = everything(run)
    assert not run.step()
    assert str(everything(run)) == str(after)  # as text, because nan is not nan


def test_looking_changes_nothing():
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 2))
    looked, alone = LiveRun(model, nnlab.moons()), LiveRun(model, nnlab.moons())
    for _ in range(12):
        looked.measure(), looked.predict(looked.data.val.x), looked.step()
    assert everything(looked) == everything(steps(alone, 12))


def test_bad_input(refused):
    model, data = network(2, 8, 2), nnlab.moons()
    with refused("str", "model must be a torch.nn.Module", TypeError):
        LiveRun("net", data)
    with refused("Split", "data", TypeError):
        LiveRun(model, data.train)
    with refused("polynomial", "data", ValueError):
        LiveRun(network(1, 8, 1), nnlab.polynomial())
    with refused("RuntimeError", "model", ValueError):
        LiveRun(model, nnlab.digits())
    with refused("(2, 3)", "model", ValueError):
        LiveRun(network(2, 8, 3), data)
    with refused("parameters of another model", "optimizer", ValueError):
        LiveRun(model, data, heavy(network(2, 8, 2).parameters()))
    with refused("'sgd'", "optimizer", TypeError):
        LiveRun(model, data, lambda p: "sgd")
    with refused("0", "batch_size", ValueError):
        LiveRun(model, data, batch_size=0)
    run = LiveRun(model, data)
    with refused("-0.1", "lr", ValueError):
        run.lr = -0.1
    with refused("1.0", "momentum", ValueError):
        run.momentum = 1.0
    assert run.changes == []


def convolutional(*before):
    return nn.Sequential(*before, nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))


def test_a_convolutional_network_reshapes_its_inputs_or_is_told_to(refused):
    run = steps(LiveRun(convolutional(nn.Unflatten(1, (1, 8, 8))), nnlab.digits()), 30)
    assert run.validation[-1].accuracy > 0.5
    with refused("RuntimeError", "model must take 64 features"):
        LiveRun(convolutional(), nnlab.digits())
    with pytest.raises(ValueError, match=r"Try nn.Sequential\(nn.Unflatten\(1, \(1, 8, 8\)\), model\)"):
        LiveRun(convolutional(), nnlab.digits())


@pytest.mark.parametrize("batch_size", [1, 59, 179])
def test_batch_norm_never_meets_a_single_sample(batch_size):
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    run = LiveRun(model, nnlab.moons(), batch_size=batch_size)  # 180 samples
    sizes = []
    run.model[0].register_forward_hook(lambda module, _, out: sizes.append(len(out)) if module.training else None)
    steps(run, 200 // batch_size + 1)
    ends = torch.tensor(sizes).cumsum(0).tolist()
    assert 180 in ends
    assert min(sizes[: ends.index(180) + 1]) > 1
