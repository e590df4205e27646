"""Probes: hand-made cases for every share, the same answer for both kinds of network, and a model left as it was."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nnlab import losses, probes
from nnlab.engine.activations import ACTIVATIONS
from nnlab.engine.network import Network
from nnlab.training.models import to_torch

X = torch.linspace(-2, 2, 24).reshape(8, 3)
Y = torch.arange(8) % 2


def squared(output):
    return output.square().mean()


def by_hand(net, params, x=X, y=Y):
    return probes.network(net, params, x, lambda logits: losses.cross_entropy(logits, y)[1])


def same(a, b, tolerance=1e-6):
    """Whether two statistics agree; counts may differ where a value lies on an edge, up to rounding."""
    torch.testing.assert_close(a.mean, b.mean, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(a.std, b.std, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(a.edges, b.edges, rtol=tolerance, atol=tolerance)
    assert (a.counts - b.counts).abs().sum() <= 2
    assert a.counts.sum() == b.counts.sum()


# saturated and dead, by the definition in the module's first lines


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        # tanh' = 1 - tanh^2 falls below 0.05 where |tanh z| > sqrt(0.95), |z| > 2.1787
        ("tanh", 2.17, 2.19),
        ("tanh", -2.17, -2.19),
        # s (1 - s) < 0.05 / 4 where |z| > ln((1 + r) / (1 - r)), r = sqrt(0.95): twice as far as tanh
        ("sigmoid", 4.35, 4.37),
        ("sigmoid", -4.35, -4.37),
        ("relu", 0.01, -0.01),
        ("leaky_relu", 0.01, -0.01),  # its slope 0.01 is below 0.05
    ],
)
def test_an_entry_is_saturated_where_less_than_a_twentieth_of_the_slope_is_left(name, inside, outside):
    z = torch.tensor([[inside, outside], [inside, inside]])
    assert probes.saturated_share(name, z).item() == 0.25


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_steepest_slope_is_known(name):
    slopes = probes.slope(name, torch.linspace(-10, 10, 200_001, dtype=torch.float64))
    assert slopes.abs().max().item() == pytest.approx(ACTIVATIONS[name].steepest, abs=1e-4)


def test_identity_is_never_saturated_or_dead():
    z = torch.tensor([[-1e6, 0.0, 1e6]])
    assert probes.saturated_share("identity", z) == probes.dead_share("identity", z) == 0


def test_a_unit_is_dead_when_no_sample_gets_a_slope():
    z = torch.tensor([[-1.0, 1.0, 0.0, -3.0], [-2.0, -1.0, 0.0, 0.1]])
    assert probes.dead_share("relu", z).item() == 0.5  # the first, and the third: relu'(0) = 0
    assert probes.dead_share("leaky_relu", z).item() == 0
    assert probes.saturated_share("relu", z).item() == 6 / 8


def test_saturated_is_not_dead_until_the_slope_is_exactly_zero():
    z = torch.tensor([[5.0, 50.0], [-5.0, -50.0]])
    assert probes.saturated_share("tanh", z) == 1
    assert probes.dead_share("tanh", z) == 0.5  # tanh(50) rounds to 1, and its slope to 0


def test_shares_keep_member_axes():
    z = torch.tensor([[[-1.0, -1.0]], [[1.0, -1.0]], [[1.0, 1.0]]])  # (member, batch, unit)
    assert probes.dead_share("relu", z).tolist() == [1.0, 0.5, 0.0]
    assert probes.saturated_share("relu", z).tolist() == [1.0, 0.5, 0.0]


# statistics


@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 1000))
def test_histogram_mean_and_std_are_those_of_numpy(bins, rows, seed):
    values = torch.randn(2, rows, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()
    found = probes.statistics(torch.as_tensor(values), bins)
    for member in range(2):
        counts, edges = np.histogram(values[member], bins, range=(values.min(), values.max()))
        np.testing.assert_allclose(found.edges, edges, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(found.counts[member], counts)
    np.testing.assert_allclose(found.mean, values.mean((1, 2)), atol=1e-12)
    np.testing.assert_allclose(found.std, values.std((1, 2)), atol=1e-12)


def test_counts_of_a_case_by_hand():
    found = probes.statistics(torch.tensor([[0.0, 0.4, 0.5, 1.0]]), bins=2)
    assert found.counts.tolist() == [2, 2]  # 0.5 belongs to the right interval, 1.0 still to the last
    assert found.edges.tolist() == [0.0, 0.5, 1.0]


def test_values_outside_the_limits_count_at_the_ends_and_nan_nowhere():
    values = torch.tensor([[-9.0, -torch.inf, 0.1, torch.inf, torch.nan]])
    assert probes.statistics(values, bins=2, limits=(-1.0, 1.0)).counts.tolist() == [2, 2]


@pytest.mark.parametrize("fill", [0.0, 7.0, math.nan, -1e20])
def test_equal_and_undefined_values_have_a_histogram(fill):
    values = torch.full((3, 2), fill)
    found = probes.statistics(values, bins=3)
    assert found.edges.isfinite().all()
    assert found.edges.diff().min() > 0
    assert found.counts.sum() == values.isfinite().sum()


@pytest.mark.parametrize(
    ("values", "options", "start"),
    [
        (X, {"bins": 0}, "bins"),
        (X, {"bins": 2.5}, "bins"),
        (X[0], {}, "values"),
        (X, {"limits": (1.0, 1.0)}, "limits"),
    ],
)
def test_what_cannot_be_measured_is_refused(values, options, start, refused):
    with refused(start=start):
        probes.statistics(values, **options)


# a network by hand


def test_every_layer_has_the_statistics_of_its_tensors():
    net = Network([3, 4, 2], activation="tanh")
    params = net.init("glorot_uniform", seed=1)
    z1 = X @ params["layer1.weight"] + params["layer1.bias"]
    z2 = z1.tanh() @ params["layer2.weight"] + params["layer2.bias"]
    dz2 = losses.cross_entropy(z2, Y)[1]
    dz1 = dz2 @ params["layer2.weight"].mT * (1 - z1.tanh() ** 2)
    _, cache = net.forward(params, X)
    grads = net.backward(params, cache, dz2)
    first, last = by_hand(net, params)
    for k, layer in enumerate((first, last)):
        name = f"layer{k + 1}"
        assert layer.name == name
        wanted = (
            (layer.pre_activation, (z1, z2)[k]),
            (layer.weight, params[f"{name}.weight"]),
            (layer.gradient, (dz1, dz2)[k]),
            (layer.weight_gradient, grads[f"{name}.weight"]),
        )
        for statistics, tensor in wanted:
            torch.testing.assert_close(statistics.std, tensor.std(correction=0))
            torch.testing.assert_close(statistics.mean, tensor.mean())
    torch.testing.assert_close(first.activation.std, z1.tanh().std(correction=0))
    assert last.activation is last.saturated is last.dead is None


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_member_is_probed_as_if_it_were_alone(name):
    net = Network([3, 5, 4, 2], activation=name)
    together = by_hand(net, net.init("standard", seed=range(3)))
    for seed in range(3):
        for all_members, alone in zip(together, by_hand(net, net.init("standard", seed=seed)), strict=True):
            for field in ("pre_activation", "activation", "weight", "gradient", "weight_gradient"):
                many, one = getattr(all_members, field), getattr(alone, field)
                assert (many is None) == (one is None)
                if one is not None:
                    torch.testing.assert_close(many.std[seed], one.std)
                    torch.testing.assert_close(many.mean[seed], one.mean, rtol=1e-5, atol=1e-7)
            if alone.dead is not None:
                assert all_members.dead[seed] == alone.dead
                assert all_members.saturated[seed] == alone.saturated


def test_without_a_loss_there_are_no_gradients():
    net = Network([3, 4, 2])
    params = net.init(seed=0)
    for layers in (probes.network(net, params, X), probes.module(to_torch(net, params), X)):
        assert all(layer.gradient is layer.weight_gradient is None for layer in layers)
        assert all(layer.pre_activation is not None for layer in layers)


# any module


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_network_and_its_torch_twin_get_the_same_numbers(name):
    net = Network([3, 6, 5, 2], activation=name)
    params = net.init("he_normal", seed=3)
    twin = probes.module(to_torch(net, params), X, lambda logits: nn.functional.cross_entropy(logits, Y))
    assert [layer.name for layer in twin] == ["layer1", "activation1", "layer2", "activation2", "layer3"]
    linear = dict(zip(("layer1", "layer2", "layer3"), twin[::2], strict=True))
    active = dict(zip(("layer1", "layer2"), twin[1::2], strict=True))
    for hand in by_hand(net, params):
        for field in ("pre_activation", "weight", "gradient", "weight_gradient"):
            same(getattr(hand, field), getattr(linear[hand.name], field))
        if hand.name in active:
            same(hand.activation, active[hand.name].activation)
            same(hand.pre_activation, active[hand.name].pre_activation)
            assert (hand.saturated, hand.dead) == (active[hand.name].saturated, active[hand.name].dead)


IN_PLACE = [
    lambda flag: nn.ReLU(inplace=flag),
    lambda flag: nn.LeakyReLU(0.2, inplace=flag),
    lambda flag: nn.SiLU(inplace=flag),
]


@pytest.mark.parametrize("make", IN_PLACE)
def test_an_activation_in_place_is_probed_like_any_other(make):
    def layers(in_place):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 6), make(in_place), nn.Linear(6, 2), make(in_place))
        return probes.module(model, X, squared)

    with torch.random.fork_rng():
        plain, written_over = layers(False), layers(True)
    assert plain[0].pre_activation.counts[:20].sum() > 0  # values below zero, which the ReLU takes away
    for a, b in zip(plain, written_over, strict=True):
        for field in ("pre_activation", "activation", "gradient", "weight_gradient"):
            if getattr(a, field) is not None:
                same(getattr(a, field), getattr(b, field))
        assert (a.saturated, a.dead) == (b.saturated, b.dead)


def test_an_activation_in_place_at_the_start_leaves_the_input_alone():
    x = X.clone()
    (layer,) = probes.module(nn.ReLU(inplace=True), x, squared)
    assert torch.equal(x, X)
    assert layer.name == "ReLU"
    assert layer.pre_activation.mean == X.mean()
    assert layer.gradient is not None


def test_shares_of_modules_by_hand():
    z = torch.tensor([[-1.0, 1.0, 0.0, -3.0], [-2.0, -1.0, 0.0, 0.1]])
    (relu,) = probes.module(nn.ReLU(), z)
    assert (relu.dead, relu.saturated) == (0.5, 6 / 8)
    (flat,) = probes.module(nn.LeakyReLU(0.01), z)
    (steep,) = probes.module(nn.LeakyReLU(0.2), z)
    assert (flat.dead, flat.saturated) == (0, 6 / 8)
    assert (steep.dead, steep.saturated) == (0, 0)  # a fifth of the gradient passes


class TwoOutputs(nn.Module):
    def forward(self, x):
        return {"note": "text", "pair": (x * 2, x * 3)}


class Pick(nn.Module):
    def forward(self, nest):
        return nest["pair"][0]


class Report(nn.Module):
    """A leaf that returns no tensor at all."""

    def forward(self, x):
        return x.shape


class WithReport(nn.Module):
    def __init__(self):
        super().__init__()
        self.report, self.linear = Report(), nn.Linear(3, 2)

    def forward(self, x):
        self.report(x)
        return self.linear(x)


def test_leaves_with_other_outputs_than_one_tensor():
    two, picked = probes.module(nn.Sequential(TwoOutputs(), Pick()), X, squared)
    assert two.pre_activation.mean == picked.pre_activation.mean == (2 * X).mean()
    assert two.gradient.std > 0
    report, linear = probes.module(WithReport(), X, squared)
    assert report == probes.Layer("report")
    assert linear.gradient is not None


def test_a_recurrent_leaf_and_integer_inputs():
    model = nn.Sequential(nn.Embedding(10, 3), nn.LSTM(3, 4, batch_first=True))
    embedding, lstm = probes.module(model, torch.arange(10).reshape(2, 5), lambda output: squared(output[0]))
    assert embedding.weight.counts.sum() == 30
    assert embedding.weight_gradient.std > 0
    assert lstm.pre_activation.counts.sum() == 2 * 5 * 4


def test_whole_numbers_and_half_precision_have_statistics():
    class Largest(nn.Module):
        def forward(self, x):
            return x.argmax(-1)

    assert probes.module(Largest(), X)[0].pre_activation.mean == 2
    assert probes.module(nn.Tanh(), X.bfloat16())[0].saturated == 0


class Shared(nn.Module):
    """One activation, run twice, once by keyword; a frozen layer; a block that is empty."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.act = nn.Linear(3, 3), nn.Linear(3, 2), nn.Tanh()
        self.first.requires_grad_(False)
        self.empty = nn.Sequential()

    def forward(self, x):
        return self.second(self.act(input=self.act(self.first(x))))


def test_every_run_of_a_leaf_is_a_record_and_frozen_weights_have_no_gradient():
    layers = probes.module(Shared(), X, squared)
    assert [layer.name for layer in layers] == ["first", "act", "act", "second"]
    assert layers[0].weight_gradient is None
    assert layers[0].gradient.std > 0
    assert layers[1].pre_activation.std > layers[2].pre_activation.std
    assert layers[3].weight_gradient.std > 0


def test_images_count_channels_and_pixels_as_units():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    layers = probes.module(model, torch.ones(5, 1, 4, 4), squared)
    assert layers[1].pre_activation.counts.sum() == 5 * 2 * 2 * 2
    assert 0 <= layers[1].dead <= 1


# the model stays as it is


def hooks(model):
    return [hook for m in model.modules() for hook in (*m._forward_hooks.values(), *m._forward_pre_hooks.values())]


class Breaks(nn.Module):
    def forward(self, x):
        raise RuntimeError("broken on purpose")


def test_hooks_are_removed_also_when_the_model_or_the_loss_raises():
    healthy, broken = nn.Sequential(nn.Linear(3, 2), nn.ReLU()), nn.Sequential(nn.Linear(3, 2), nn.ReLU(), Breaks())
    probes.module(healthy, X, squared)
    with pytest.raises(RuntimeError, match="on purpose"):
        probes.module(broken, X, squared)
    with pytest.raises(ZeroDivisionError):
        probes.module(healthy, X, lambda output: 1 / 0)
    assert hooks(healthy) == hooks(broken) == []
    with probes.recorded(healthy):
        assert len(hooks(healthy)) == 4  # so that an empty list says something


def test_weights_gradients_buffers_mode_and_grad_mode_are_untouched():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(inplace=True), nn.Linear(4, 2))
    model[0].weight.grad = torch.ones(4, 3)
    before = {name: values.clone() for name, values in model.state_dict().items()}
    with torch.no_grad():
        layers = probes.module(model, X, squared)
        assert not torch.is_grad_enabled()
    assert layers[0].weight_gradient.std > 0
    for name, values in model.state_dict().items():
        assert torch.equal(values, before[name]), name
    assert torch.equal(model[0].weight.grad, torch.ones(4, 3))
    assert model[3].weight.grad is None
    assert model.training
    assert not X.requires_grad


def test_batch_norm_counts_batches_when_it_is_not_probed():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    probes.module(model, X, squared)
    assert model[1].num_batches_tracked == 0
    model(X)
    assert model[1].num_batches_tracked == 1


@pytest.mark.parametrize("loss", [lambda output: output, lambda output: 1.0, lambda output: output.detach().sum()])
def test_a_loss_without_a_gradient_is_refused(loss, refused):
    with refused(start="loss"):
        probes.module(nn.Linear(3, 2), X, loss)
