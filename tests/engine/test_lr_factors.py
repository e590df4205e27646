"""A learning rate for each layer: the run of PyTorch's parameter groups, and 0 is a frozen layer."""

from collections import deque
from itertools import islice

import pytest
import torch

from nnlab import Network, digits, ensemble, losses, models, optimizers, schedules
from nnlab.engine import loop
from nnlab.engine.regularization import Regularization

DATA = digits()
FACTORS = {"layer1": 0, "layer2": 0.1}
IN_TORCH = {
    "SGD": lambda groups: torch.optim.SGD(groups),
    "Momentum": lambda groups: torch.optim.SGD(groups, momentum=0.9),
    "Adam": lambda groups: torch.optim.Adam(groups),
    "AdamW": lambda groups: torch.optim.AdamW(groups, weight_decay=0.01),
}


def groups_of(model, factors, lr):
    """Parameter groups with the rates of these factors; what has the factor 0 is frozen."""
    for name, factor in factors.items():
        getattr(model, name).requires_grad_(factor > 0)
    return [{"params": layer.parameters(), "lr": lr * factors.get(name, 1)} for name, layer in model.named_children()]


@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("norm", [None, "batch"])
@pytest.mark.parametrize("name", IN_TORCH)
def test_it_is_the_run_of_parameter_groups_in_pytorch(name, norm, clip):
    net = Network([64, 16, 16, 10], "tanh", norm=norm)
    start = net.init(seed=0, dtype=torch.float64)
    x, y = DATA.train.x[:50].double(), DATA.train.y[:50]
    model = models.to_torch(net, start)
    factors = FACTORS | ({"norm1": 0} if norm else {})
    optimizer = IN_TORCH[name](groups_of(model, factors, lr=0.02))
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    ours = loop.steps(
        net, {key: p[None] for key, p in start.items()}, optimizers.get(name)(lr=0.02), iter(lambda: (x, y), 0),
        losses.cross_entropy, extra=Regularization(clip_norm=clip), lr_factors=factors,
    )  # fmt: skip
    (last,) = deque(islice(ours, 30), maxlen=1)
    for key, theirs in models.to_params(model).items():
        torch.testing.assert_close(last.params[key][0], theirs, rtol=1e-6, atol=1e-6 if clip else 1e-10)
    assert torch.equal(last.params["layer1.weight"][0], start["layer1.weight"])
    if norm:  # its running statistics go on, in both
        assert not torch.equal(last.params["norm1.running_mean"][0], start["norm1.running_mean"])


@pytest.mark.parametrize("extras", [{}, {"l2": 0.01}, {"decay": 0.1}, {"l1": 0.01}, {"proximal_l1": 0.01}])
def test_a_frozen_layer_keeps_its_bits_whatever_else_acts(extras):
    net = Network([64, 16, 10])
    rule = optimizers.Adam(lr=0.01, weight_decay=0.1)
    settings = {"seeds": range(3), "steps": 20, "batch_size": 32, **extras}
    history = ensemble.train(net, DATA, rule, lr_factors={"layer1": 0}, **settings)
    start = net.init(seed=range(3))
    assert torch.equal(history.params["layer1.weight"], start["layer1.weight"])
    assert torch.equal(history.params["layer1.bias"], start["layer1.bias"])
    assert not torch.equal(history.params["layer2.weight"], start["layer2.weight"])


def test_a_factor_of_one_changes_nothing_and_a_factor_for_all_is_another_rate():
    net, settings = Network([64, 16, 10]), {"seeds": range(2), "steps": 20, "batch_size": 32}
    plain = ensemble.train(net, DATA, optimizers.Adam(lr=0.01), **settings)
    for factors in ({}, {"layer1": 1}, {"layer1": torch.ones(2)}):
        again = ensemble.train(net, DATA, optimizers.Adam(lr=0.01), lr_factors=factors, **settings)
        assert torch.equal(again.params["layer1.weight"], plain.params["layer1.weight"])
    half = ensemble.train(net, DATA, optimizers.Adam(lr=0.02), lr_factors={"layer1": 0.5, "layer2": 0.5}, **settings)
    torch.testing.assert_close(half.params["layer1.weight"], plain.params["layer1.weight"])


def test_members_may_freeze_different_layers_beside_a_grid_and_a_schedule():
    net = Network([64, 16, 10])
    common = {"steps": 20, "batch_size": 32, "schedule": schedules.Cosine(20), "decay": 0.1}
    factors = {"layer1": torch.tensor([0.0, 0.5, 0.0, 0.5])}
    grid = {"lr": [0.01, 0.03]}
    together = ensemble.train(net, DATA, optimizers.Adam(), seeds=range(2), grid=grid, lr_factors=factors, **common)
    for k, (lr, seed) in enumerate(zip(together.settings["lr"], together.settings["seed"], strict=True)):
        own = {"layer1": factors["layer1"][k].item()}
        alone = ensemble.train(net, DATA, optimizers.Adam(lr=lr), seeds=[seed], lr_factors=own, **common)
        for name, p in alone.params.items():
            torch.testing.assert_close(together.params[name][k], p[0], rtol=1e-5, atol=1e-6)


def test_one_network_without_a_member_axis_decays_by_layer():
    net = Network([64, 16, 10])
    start = net.init(seed=0)
    batch = iter(lambda: (DATA.train.x, DATA.train.y), 0)
    step = next(
        loop.steps(
            net, start, optimizers.SGD(lr=0.1), batch, losses.cross_entropy,
            extra=Regularization(decay=0.1), lr_factors={"layer1": 0},
        )
    )  # fmt: skip
    many = ensemble.train(
        net, DATA, optimizers.SGD(lr=0.1), seeds=[0], steps=1, decay=0.1, lr_factors={"layer1": 0}
    ).params
    for name, p in step.params.items():
        torch.testing.assert_close(p, many[name][0])


@pytest.mark.parametrize(
    ("factors", "error", "said"),
    [
        ({"layer3": 0}, ValueError, "Did you mean"),
        ({"layer1.weight": 0}, ValueError, "must be one of layer1, layer2"),
        ({"layer1": -0.1}, ValueError, "layer1 in lr_factors must be zero or positive"),
        ({"layer1": "0"}, TypeError, "must be a number"),
        ({"layer1": torch.zeros(3)}, ValueError, r"one value for each member, \(2,\)"),
        ([0, 1], TypeError, "must be a dictionary"),
    ],
)
def test_what_fits_no_layer_is_refused(factors, error, said):
    with pytest.raises(error, match=said):
        ensemble.train(Network([64, 16, 10]), DATA, optimizers.Adam(), seeds=range(2), steps=1, lr_factors=factors)
