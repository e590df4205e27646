"""Torch twins: the same logits and the same gradients, and weights that move both ways without loss."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import Network, losses, models
from nnlab.engine.activations import ACTIVATIONS

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@st.composite
def twins(draw):
    """A network with random biases too, its parameters, and inputs."""
    dtype = draw(st.sampled_from(list(TOLERANCE)))
    net = Network(draw(st.lists(st.integers(1, 9), min_size=2, max_size=5)), draw(st.sampled_from(sorted(ACTIVATIONS))))
    seed = draw(st.integers(0, 2**31))
    generator = torch.Generator().manual_seed(seed)
    params = net.init(seed=seed, dtype=dtype)
    for name in params:
        if name.endswith("bias"):
            params[name] = torch.randn(params[name].shape, generator=generator, dtype=dtype)
    return net, params, torch.randn(draw(st.integers(1, 6)), net.sizes[0], generator=generator, dtype=dtype)


@given(twins())
def test_weights_move_both_ways_without_loss(twin):
    net, params, _ = twin
    module = models.to_torch(net, params)
    back = models.to_params(module)
    assert list(back) == list(params)
    for name in params:
        assert torch.equal(back[name], params[name])
        assert back[name].dtype == params[name].dtype
        assert not back[name].requires_grad
    assert all(p.requires_grad for p in module.parameters())
    again = models.to_torch(net, back)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), again.parameters(), strict=True))


@given(twins())
def test_logits_and_gradients_are_the_same(twin):
    net, params, x = twin
    y = torch.arange(len(x)) % net.sizes[-1]
    module = models.to_torch(net, params)
    theirs = module(x)
    torch.nn.functional.cross_entropy(theirs, y).backward()
    logits, cache = net.forward(params, x)
    grads = net.backward(params, cache, losses.cross_entropy(logits, y)[1])
    tolerance = TOLERANCE[x.dtype]
    torch.testing.assert_close(logits, theirs.detach(), rtol=tolerance, atol=tolerance)
    for name, p in module.named_parameters():
        wanted = p.grad.mT if p.ndim == 2 else p.grad
        assert (grads[name] - wanted).norm() <= tolerance * (1 + wanted.norm()), name


def test_nothing_is_shared():
    net = Network([2, 3, 1])
    params = net.init()
    kept = {name: p.clone() for name, p in params.items()}
    module = models.to_torch(net, params)
    back = models.to_params(module)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(1)
    for name in params:
        assert torch.equal(params[name], kept[name])
        assert torch.equal(back[name], kept[name])


def test_layers_have_names_and_torchs_own_activations():
    module = models.to_torch(net := Network([4, 3, 3, 2], "leaky_relu"), net.init())
    assert [name for name, _ in module.named_children()] == ["layer1", "activation1", "layer2", "activation2", "layer3"]
    assert isinstance(module.activation1, torch.nn.LeakyReLU)
    assert module.layer1.weight.shape == (3, 4)


def test_it_leaves_the_global_generator_alone():
    net, state = Network([2, 3, 1]), torch.get_rng_state()
    models.to_torch(net, net.init())
    assert torch.equal(torch.get_rng_state(), state)


def test_every_activation_has_a_twin():
    assert all(isinstance(activation.module(), torch.nn.Module) for activation in ACTIVATIONS.values())


def test_members_of_an_ensemble_move_one_by_one(refused):
    net = Network([2, 3, 2])
    ensemble = net.init(seed=range(3))
    with refused("layer1.weight of shape (3, 2, 3)", start="params must be those of one network"):
        models.to_torch(net, ensemble)
    with refused("none", start="params must hold layer1.weight of shape (..., 2, 3)"):
        models.to_torch(net, {})
    with refused("(4,)", start="params must hold layer1.bias of shape (..., 3)"):
        models.to_torch(net, {**net.init(), "layer1.bias": torch.zeros(4)})
    member = {name: p[1] for name, p in ensemble.items()}
    back = models.to_params(models.to_torch(net, member))
    assert all(torch.equal(back[name], member[name]) for name in member)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_norms_are_the_same_in_torch(norm, dtype, train):
    """Three batches forward and backward; then also the running statistics are the same."""
    net, generator = Network([5, 7, 6, 3], "tanh", norm=norm, dropout=0.0), torch.Generator().manual_seed(0)
    params = net.init(seed=0, dtype=dtype)
    for name, p in params.items():
        if name.startswith("norm"):
            params[name] = p + 0.3 * torch.rand(p.shape, generator=generator, dtype=dtype)
    module, tolerance = models.to_torch(net, params).train(train), TOLERANCE[dtype]
    for _ in range(3):
        x, y = torch.randn(8, 5, generator=generator, dtype=dtype), torch.arange(8) % 3
        module.zero_grad()
        theirs = module(x)
        torch.nn.functional.cross_entropy(theirs, y).backward()
        logits, cache = net.forward(params, x, train)
        grads = net.backward(params, cache, losses.cross_entropy(logits, y)[1])
        params = params | net.running(cache)
        torch.testing.assert_close(logits, theirs.detach(), rtol=tolerance, atol=tolerance)
        for name, p in module.named_parameters():
            wanted = p.grad.mT if p.ndim == 2 else p.grad
            assert (grads[name] - wanted).norm() <= tolerance * (1 + wanted.norm()), name
    back = models.to_params(module)
    assert list(back) == list(params)
    for name in params:
        torch.testing.assert_close(back[name], params[name], rtol=tolerance, atol=tolerance)


def test_what_stands_behind_a_layer():
    net = Network([4, 3, 2], norm="batch", dropout=0.25, input_noise=0.1, feature_noise=0.2)
    module = models.to_torch(net, net.init())
    names = ["noise0", "layer1", "norm1", "activation1", "noise1", "dropout1", "layer2"]
    assert [name for name, _ in module.named_children()] == names
    assert isinstance(module.norm1, torch.nn.BatchNorm1d)
    assert module.dropout1.p == 0.25
    assert (module.noise0.std, module.noise1.std) == (0.1, 0.2)
    assert module.layer1.bias is None
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(module(x), module(x))
    torch.testing.assert_close(module.eval()(x), net.forward(models.to_params(module), x)[0])


def test_dropout_of_many_members_has_no_twin(refused):
    net = Network([2, 3, 2], dropout=(0.1, 0.2))
    with refused("(0.1, 0.2)", start="dropout must be one number"):
        models.to_torch(net, {name: p[0] for name, p in net.init(seed=range(2)).items()})
