"""A network is a stack: what it is made of, what it says when it is not, and what a trace of it shows."""

from itertools import pairwise

import pytest
import torch

from nnlab import Network, Stack, activations, layers, losses
from nnlab.engine.dropout import Dropout
from nnlab.engine.noise import Noise
from nnlab.engine.normalization import BatchNorm, LayerNorm

X = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.tensor([0, 1, 0, 1, 1, 0])


def dlogits(logits):
    return losses.cross_entropy(logits, Y)[1]


def kinds(net):
    return [type(layer) for layer in net.stack]


def test_a_network_is_the_stack_that_its_settings_describe():
    affine, activation = layers.Affine, activations.Activation
    assert kinds(Network([3, 4, 2])) == [affine, activation, affine]
    assert kinds(Network([3, 2])) == [affine]
    everything = Network([3, 4, 2], norm="batch", dropout=0.1, input_noise=0.1, feature_noise=0.1)
    assert kinds(everything) == [Noise, affine, BatchNorm, activation, Noise, Dropout, affine]
    assert kinds(Network([3, 4, 2], norm="layer")) == [affine, LayerNorm, activation, affine]
    assert [layer.bias for layer in everything.affine] == [False, True]
    assert [layer.first for layer in Network([3, 4, 4, 2]).affine] == [True, False, False]


def test_a_stack_of_one_s_own_is_the_network_of_the_same_layers():
    net = Network([3, 4, 2], "tanh")
    ours = Stack([layers.Affine("layer1", 3, 4), activations.get("tanh"), layers.Affine("layer2", 4, 2)])
    params = ours.init("glorot_normal", seed=[1, 2])
    assert all(
        torch.equal(p, q) for p, q in zip(params.values(), net.init("glorot_normal", [1, 2]).values(), strict=True)
    )
    (logits, cache), (same, kept) = (n.forward(params, X.float()) for n in (ours, net))
    assert torch.equal(logits, same)
    for name, gradient in net.backward(params, kept, dlogits(logits)).items():
        assert torch.equal(ours.backward(params, cache, dlogits(logits))[name], gradient)
    assert repr(ours).splitlines() == ["Stack 3 -> 4 -> 2: 26 parameters", *repr(net).splitlines()[1:]]
    assert not ours.random
    assert Stack([*ours.stack, Dropout(0.5)]).random


@pytest.mark.parametrize(
    ("stack", "start"),
    [
        ([torch.nn.Linear(2, 2)], "every entry of stack must be a layer"),
        ([layers.Affine], "every entry of stack must be a layer"),
        ([activations.get("relu")], "stack must have an affine layer"),
        ([], "stack must have an affine layer"),
        ([layers.Affine("layer1", 2, 2), layers.Affine("layer1", 2, 2)], "every layer must have a name of its own"),
    ],
)
def test_what_is_no_stack(stack, start, refused):
    with refused(start=start):
        Stack(stack)


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
@pytest.mark.parametrize("train", [False, True])
def test_a_trace_shows_what_autograd_sees(norm, train):
    """Without randomness every z is a place in PyTorch's graph, and dz the gradient that arrives there."""
    net = Network([3, 5, 4, 2], "tanh", norm=norm)
    params = net.init(seed=1, dtype=torch.float64)
    trace = net.trace(params, X, dlogits, train)
    assert [layer.name for layer in trace] == ["layer1", "layer2", "layer3"]
    assert torch.equal(trace[0].x, X)
    for before, after in pairwise(trace):
        assert torch.equal(before.a, after.x)
        assert torch.equal(before.a, before.z.tanh())
    last = trace[-1]
    assert last.a is last.z
    for k, layer in enumerate(trace):  # from z on, the rest of the network by autograd
        z = layer.z.clone().requires_grad_()
        at = net.stack.index(net.affine[k]) + (2 if norm and layer is not last else 1)
        y = z
        for part in net.stack[at:]:
            y, _ = part.forward(params, y, train)
        (theirs,) = torch.autograd.grad(losses.cross_entropy(y, Y)[0], z)
        torch.testing.assert_close(layer.dz, theirs, rtol=1e-10, atol=1e-12)
    logits, cache = net.forward(params, X, train)
    gradients = net.backward(params, cache, dlogits(logits))
    assert {name: g for layer in trace for name, g in layer.gradients.items()}.keys() == gradients.keys()
    assert all(torch.equal(g, gradients[name]) for layer in trace for name, g in layer.gradients.items())


def test_a_trace_without_a_gradient_and_one_of_the_wrong_shape(refused):
    net = Network([3, 4, 2])
    params = net.init(dtype=torch.float64)
    assert all(layer.dz is None and layer.gradients == {} for layer in net.trace(params, X))
    with refused("(6,)", start="dlogits must have the shape of the logits, (6, 2)"):
        net.trace(params, X, lambda logits: logits[:, 0])


def test_an_activation_of_one_s_own_takes_the_place_of_a_name():
    softsign = activations.Activation("softsign", lambda z: z / (1 + z.abs()), lambda z, y: (1 - y.abs()) ** 2)
    net = Network([3, 4, 2], softsign)
    assert "softsign" in repr(net)
    assert activations.get(softsign) is softsign
    first = net.trace(net.init(dtype=torch.float64), X)[0]
    torch.testing.assert_close(first.a, torch.nn.functional.softsign(first.z))


def test_a_layer_without_passes_says_so():
    with pytest.raises(NotImplementedError):
        layers.Layer().forward({}, X)
    with pytest.raises(NotImplementedError):
        layers.Layer().backward({}, None, X)
