"""The network by hand: every gradient against autograd, for all activations, losses and member axes."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import Network, losses
from nnlab.activations import ACTIVATIONS

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
    for name, n_in, n_out in net.layers:
        params[f"{name}.weight"] = normal(*members, n_in, n_out) / math.sqrt(n_in)
        params[f"{name}.bias"] = 0.3 * normal(*members, n_out)
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
    saved = [(a.clone(), z.clone()) for a, z in cache]
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
    assert all(torch.equal(a, b) for pair in zip(cache, saved, strict=True) for a, b in zip(*pair, strict=True))


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
    for line, (name, n_in, n_out) in zip(lines[1:], net.layers, strict=True):
        assert line.split()[0] == name
        assert f"({n_in}, {n_out})" in line
        assert line.endswith(f"{(n_in + 1) * n_out:,}")


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
