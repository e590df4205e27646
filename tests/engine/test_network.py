"""The network by hand: every gradient against autograd, for all activations, losses and member axes."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import Network, losses
from nnlab.engine.activations import ACTIVATIONS

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@st.composite
def problems(draw):
    """A network of random sizes with random weights, inputs, targets and loss, for zero, one or two member axes."""
    dtype = draw(st.sampled_from(list(TOLERANCE)))
    members = draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    sizes = draw(st.lists(st.integers(1, 9), min_size=2, max_size=5))
    net = Network(sizes, draw(st.sampled_from(sorted(ACTIVATIONS))))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    params = {}
    for layer in net.affine:
        params[f"{layer.name}.weight"] = normal(*members, layer.inputs, layer.outputs) / math.sqrt(layer.inputs)
        params[f"{layer.name}.bias"] = 0.3 * normal(*members, layer.outputs)
    batch = draw(st.integers(1, 8))
    x = normal(*draw(st.sampled_from([(), members])), batch, sizes[0])
    loss = draw(st.sampled_from(sorted(losses.LOSSES)))
    own = draw(st.sampled_from([(), members]))
    if loss in ("cross_entropy", "hinge"):
        y, settings = torch.randint(sizes[-1], (*own, batch), generator=generator), {}
        if loss == "cross_entropy":
            settings["label_smoothing"] = draw(st.just(0.0) | st.floats(0.0, 0.9))
    else:
        y, settings = normal(*own, batch, sizes[-1]).sigmoid(), {}
        if loss == "huber":
            settings["delta"] = draw(st.floats(0.1, 2))
    return net, params, x, losses.get(loss), y, settings


@given(problems())
def test_every_gradient_agrees_with_autograd(problem):
    net, params, x, loss, y, settings = problem
    kept = {name: p.clone() for name, p in params.items()}, x.clone(), y.clone()
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    values, _ = loss(net.forward(leaves, x)[0], y, **settings)
    wanted = torch.autograd.grad(values.sum(), list(leaves.values()))

    logits, cache = net.forward(params, x)
    _, dlogits = loss(logits, y, **settings)
    saved = [kept_copy(kept) for kept in cache]
    grads = net.backward(params, cache, dlogits)

    assert list(grads) == list(params)
    for (name, gradient), reference in zip(grads.items(), wanted, strict=True):
        assert gradient.shape == params[name].shape
        assert gradient.dtype == x.dtype
        assert (gradient - reference).norm() <= TOLERANCE[x.dtype] * reference.norm(), name
    for name, p in params.items():
        assert torch.equal(p, kept[0][name])
    assert torch.equal(x, kept[1])
    assert torch.equal(y, kept[2])
    assert all(
        torch.equal(a, b) for pair in zip(cache, saved, strict=True) for a, b in zip(*map(parts, pair), strict=True)
    )


def parts(kept):
    """The tensors that a layer keeps: one, or a tuple of them."""
    return (kept,) if isinstance(kept, torch.Tensor) else kept


def kept_copy(kept):
    return tuple(tensor.clone() for tensor in parts(kept))


@st.composite
def regularized(draw):
    """A network with a norm, dropout and noise, its parameters, inputs and targets; the mode, and a seed."""
    dtype, members = draw(st.sampled_from(list(TOLERANCE))), draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    one = st.sampled_from([0.0, 0.3])
    setting = st.tuples(one, one, one) | one if members == (3,) else one
    net = Network(
        draw(st.lists(st.integers(2, 9), min_size=2, max_size=4)),
        draw(st.sampled_from(sorted(ACTIVATIONS))),
        norm=draw(st.sampled_from([None, "batch", "layer"])),
        dropout=draw(setting),
        input_noise=draw(setting),
        feature_noise=draw(setting),
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    params = {}
    for name, p in net.init(seed=0, dtype=dtype).items():
        drawn = torch.randn(*members, *p.shape, generator=generator, dtype=dtype)
        params[name] = drawn.square() + 0.1 if name.endswith("running_var") else drawn / len(p) ** 0.5
    x = torch.randn(*draw(st.sampled_from([(), members])), 6, net.sizes[0], generator=generator, dtype=dtype)
    y = torch.randint(net.sizes[-1], (6,), generator=generator)
    return net, params, x, y, draw(st.booleans()), draw(st.integers(0, 2**31))


@given(regularized())
def test_gradients_through_norms_dropout_and_noise_agree_with_autograd(problem):
    net, params, x, y, train, seed = problem
    kept = {name: p.clone() for name, p in params.items()}, x.clone()
    leaves = {name: p.clone().requires_grad_() for name, p in net.learned(params).items()}
    logits, _ = net.forward({**params, **leaves}, x, train, torch.Generator().manual_seed(seed))
    wanted = torch.autograd.grad(losses.cross_entropy(logits, y)[0].sum(), list(leaves.values()))

    logits, cache = net.forward(params, x, train, torch.Generator().manual_seed(seed))
    grads = net.backward(params, cache, losses.cross_entropy(logits, y)[1])
    assert list(grads) == list(leaves) == list(net.shapes)
    size = sum(g.norm() for g in wanted)
    for (name, gradient), reference in zip(grads.items(), wanted, strict=True):
        assert gradient.shape == params[name].shape
        assert (gradient - reference).norm() <= TOLERANCE[x.dtype] * size, name
    assert all(torch.equal(params[name], kept[0][name]) for name in params)
    assert torch.equal(x, kept[1])


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_in_evaluation_nothing_is_random_and_nothing_is_counted(norm):
    net = Network([3, 4, 4, 2], norm=norm, dropout=0.5, input_noise=1.0, feature_noise=1.0)
    params, x = net.init(seed=range(2)), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    plain, _ = Network([3, 4, 4, 2], norm=norm).forward(params, x)
    logits, cache = net.forward(params, x)
    assert torch.equal(logits, plain)
    assert all(torch.equal(value, params[name]) for name, value in net.running(cache).items())
    again, _ = net.forward(params, x[:1])
    torch.testing.assert_close(again, logits[:, :1])  # a sample alone is what it is among others


def test_every_member_draws_from_its_own_generator():
    net = Network([3, 4, 2], dropout=(0.0, 0.5), input_noise=0.1, feature_noise=(0.2, 0.3), norm="batch")
    params, x = net.init(seed=[1, 2]), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    logits, cache = net.forward(params, x, True, [torch.Generator().manual_seed(seed) for seed in (8, 9)])
    second = Network([3, 4, 2], dropout=0.5, input_noise=0.1, feature_noise=0.3, norm="batch")
    alone, own = second.forward({name: p[1] for name, p in params.items()}, x, True, torch.Generator().manual_seed(9))
    torch.testing.assert_close(logits[1], alone)
    running, alone = net.running(cache), second.running(own)
    assert running.keys() == alone.keys() == params.keys() - net.shapes.keys()
    for name, value in alone.items():
        torch.testing.assert_close(running[name][1], value)


def test_running_statistics_after_a_training_loop_are_torchs():
    """Ten batches through one norm: running mean and variance as in nn.BatchNorm1d behind the same linear layer."""
    net = Network([3, 4, 2], norm="batch")
    params = net.init(seed=0, dtype=torch.float64)
    module = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        x = torch.randn(6, 3, generator=generator, dtype=torch.float64)
        _, cache = net.forward(params, x, train=True)
        params |= net.running(cache)
        module(x @ params["layer1.weight"])
    torch.testing.assert_close(params["norm1.running_mean"], module.running_mean, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(params["norm1.running_var"], module.running_var, rtol=1e-10, atol=1e-12)


def test_repr_and_count_with_a_norm():
    net = Network([64, 32, 10], norm="batch", dropout=0.5)
    assert repr(net).splitlines() == [
        "Network 64 -> 32 -> 10, relu, batch norm, dropout 0.5: 2,442 parameters",
        "  layer1  weight (64, 32)  bias none   2,048",
        "  norm1   weight (32,)     bias (32,)     64",
        "  layer2  weight (32, 10)  bias (10,)    330",
    ]
    assert sum(p.numel() for p in net.learned(net.init()).values()) == net.parameter_count
    assert "dropout by member" in repr(Network([2, 2], dropout=[0.1, 0.2]))
    assert Network([2, 2], dropout=[0.1, 0.2]) == Network([2, 2], dropout=torch.tensor([0.1, 0.2], dtype=torch.float64))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("norm", "bach"), ("norm", 3), ("dropout", 1.0), ("dropout", (0.1, -1)), ("dropout", None)],
        *[("input_noise", -1.0), ("feature_noise", "a")],
    ],
)
def test_options_outside_their_range(name, value, refused):
    with refused(start=name):
        Network([2, 3, 2], **{name: value})


def test_training_with_dropout_needs_a_generator(refused):
    net = Network([2, 3, 2], dropout=0.5)
    with refused("None", start="generator must"):
        net.forward(net.init(), torch.zeros(4, 2), train=True)


def test_parameters_without_a_norm_for_a_network_with_one(refused):
    with refused(start="params must hold norm1.weight"):
        Network([2, 3, 2], norm="layer").forward(Network([2, 3, 2]).init(), torch.zeros(4, 2))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradient_at_the_kink_is_autograds(activation):
    """All pre-activations are exactly zero: relu'(0) is 0 and leaky_relu'(0) is 0.01, as in torch."""
    net, x, y = Network([2, 3, 2], activation), torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])
    params = net.init()
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    loss, _ = losses.cross_entropy(net.forward(leaves, x)[0], y)
    wanted = torch.autograd.grad(loss, list(leaves.values()))
    logits, cache = net.forward(params, x)
    grads = net.backward(params, cache, losses.cross_entropy(logits, y)[1])
    for gradient, reference in zip(grads.values(), wanted, strict=True):
        torch.testing.assert_close(gradient, reference)


def test_forward_is_a_stack_of_torch_layers():
    net, x = Network([5, 4, 3], "tanh"), torch.linspace(-1, 1, 30).reshape(6, 5)
    params = net.init("standard", seed=1)
    first, second = torch.nn.Linear(5, 4), torch.nn.Linear(4, 3)
    for layer, name in [(first, "layer1"), (second, "layer2")]:
        layer.load_state_dict({"weight": params[f"{name}.weight"].mT, "bias": params[f"{name}.bias"]})
    with torch.no_grad():
        torch.testing.assert_close(net.forward(params, x)[0], second(first(x).tanh()))


@pytest.mark.parametrize("sizes", [[1, 1], [3, 1, 2], [2, 4, 4, 3]])
def test_each_member_is_the_network_of_its_seed(sizes):
    net, seeds, state = Network(sizes), [4, 0, 9], torch.get_rng_state()
    ensemble, x = net.init(seed=seeds), torch.linspace(-1, 1, 2 * sizes[0]).reshape(2, sizes[0])
    logits, _ = net.forward(ensemble, x)
    for k, seed in enumerate(seeds):
        alone = net.init(seed=seed)
        assert all(torch.equal(ensemble[name][k], alone[name]) for name in alone)
        torch.testing.assert_close(logits[k], net.forward(alone, x)[0])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("sizes", [[1, 1], [64, 32, 10], [2, 100, 3, 7]])
def test_repr_and_count_agree_with_the_parameters(sizes):
    net = Network(sizes)
    count = sum(p.numel() for p in net.init().values())
    assert net.parameter_count == count
    lines = repr(net).splitlines()
    assert f"{count:,} parameters" in lines[0]
    assert len(lines) == len(sizes)
    for line, layer in zip(lines[1:], net.affine, strict=True):
        assert line.split()[0] == layer.name
        assert f"({layer.inputs}, {layer.outputs})" in line
        assert line.endswith(f"{(layer.inputs + 1) * layer.outputs:,}")


def test_description_is_frozen_and_comparable():
    net = Network([2, 3])
    with pytest.raises(dataclasses.FrozenInstanceError):
        net.activation = "tanh"
    assert net == Network((2, 3))
    assert hash(net) == hash(Network((2, 3)))
    assert net != Network([2, 3], "tanh")


@pytest.mark.parametrize("sizes", [[], [3], [3, 0], [3, -1, 2], [3, 2.0], [3, "2"], [True, 2]])
def test_sizes_that_make_no_network(sizes, refused):
    with refused():
        Network(sizes)


@pytest.mark.parametrize("activation", ["rellu", "", None])
def test_unknown_activation(activation, refused):
    with refused(repr(activation)):
        Network([2, 2], activation)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True, [], [0, -1], [0, "1"]])
def test_seeds_that_are_none(seed, refused):
    with refused():
        Network([2, 2]).init(seed=seed)


@pytest.mark.parametrize("scheme", ["he", None])
def test_unknown_scheme(scheme, refused):
    with refused(repr(scheme)):
        Network([2, 2]).init(scheme)


@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(2),  # one sample needs a batch axis: (1, 2)
        torch.zeros(4, 3),
        torch.zeros(4, 2, dtype=torch.float64),
        torch.zeros(4, 2, dtype=torch.int64),
        [[0.0, 0.0]],
        torch.tensor([[0.0, torch.nan]]),
        torch.tensor([[torch.inf, 0.0]]),
        torch.tensor([[torch.inf, -torch.inf]]),
    ],
    ids=str,
)
def test_inputs_that_do_not_fit(x, refused):
    net = Network([2, 2])
    with refused():
        net.forward(net.init(), x)


def test_inputs_whose_sum_overflows_are_finite():
    net = Network([2, 1], "identity")
    logits, _ = net.forward(net.init("zeros"), torch.full((1, 2), 3e38))
    assert logits.tolist() == [[0.0]]


@pytest.mark.parametrize("params", [{}, Network([2, 4, 2]).init(), Network([2, 3, 1]).init(), Network([2, 3]).init()])
def test_parameters_of_another_network(params, refused):
    with refused():
        Network([2, 3, 2]).forward(params, torch.zeros(1, 2))


@pytest.mark.parametrize(
    ("norm", "other", "missing"),
    [
        (None, "batch", "layer1.bias of shape (..., 3)"),
        ("layer", "batch", "layer1.bias of shape (..., 3)"),
        ("batch", "layer", "norm1.running_mean of shape (..., 3)"),
        ("batch", None, "norm1.weight of shape (..., 3)"),
        ("layer", None, "norm1.weight of shape (..., 3)"),
    ],
)
def test_parameters_of_a_network_with_another_norm(norm, other, missing, refused):
    params = Network([2, 3, 2], norm=other).init(seed=range(2))
    with refused("none", start=f"params must hold {missing}", error=ValueError):
        Network([2, 3, 2], norm=norm).forward(params, torch.zeros(1, 2))


def test_parameters_that_the_network_would_not_use(refused):
    with refused("norm1.weight as well", start="params must hold nothing", error=ValueError):
        Network([2, 3, 2]).forward(Network([2, 3, 2], norm="layer").init(), torch.zeros(1, 2))


def test_running_statistics_of_another_shape(refused):
    net = Network([2, 3, 2], norm="batch")
    with refused("(2, 4)", start="params must hold norm1.running_var of shape (..., 3)"):
        net.forward({**net.init(seed=range(2)), "norm1.running_var": torch.ones(2, 4)}, torch.zeros(1, 2))
    assert net.shapes | net.running_shapes == {name: tuple(p.shape) for name, p in net.init().items()}
    assert Network([2, 3, 2], norm="layer").running_shapes == {}


def test_inputs_for_another_number_of_members(refused):
    net = Network([2, 2])
    with refused():
        net.forward(net.init(seed=range(3)), torch.zeros(4, 5, 2))


@pytest.mark.parametrize("shape", [(2,), (4, 3), (3, 2), (1, 4, 2)])
def test_gradient_of_another_shape_than_the_logits(shape, refused):
    net = Network([2, 2])
    params = net.init()
    _, cache = net.forward(params, torch.zeros(4, 2))
    with refused():
        net.backward(params, cache, torch.zeros(shape))
