"""Batch norm and layer norm against torch.nn: forward, backward, running statistics, members."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nnlab import normalization
from nnlab.engine.normalization import Running

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@st.composite
def layers(draw):
    """Inputs with a mean and a scale of their own, gradients, and a norm's parameters and statistics."""
    dtype, members = draw(st.sampled_from(list(TOLERANCE))), draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    batch, units = draw(st.integers(2, 9)), draw(st.integers(2, 6))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    def normal(*shape):
        return torch.randn(*members, *shape, generator=generator, dtype=dtype)

    x = draw(st.sampled_from([0.1, 1.0, 10.0])) * normal(batch, units) + normal(1, units)
    running = Running(normal(units), normal(units).square() + 0.1)
    return x, normal(batch, units), normal(units), normal(units), running


def rows(tensor, axes):
    """Each member's part of a tensor with ``axes`` axes of its own."""
    return tensor.reshape(-1, *tensor.shape[tensor.ndim - axes :])


def twin(module, weight, bias, x, dy):
    """What torch computes for one member: y, dx, dweight, dbias."""
    with torch.no_grad():
        module.weight.copy_(weight)
        module.bias.copy_(bias)
    leaf = x.clone().requires_grad_()
    y = module(leaf)
    return [y.detach(), *torch.autograd.grad((y * dy).sum(), [leaf, module.weight, module.bias])]


def assert_close(ours, theirs, terms):
    """The gradient at x is a small difference of larger terms, so its error is compared with the size of the terms."""
    for name, mine, reference in zip(("y", "dx", "dweight", "dbias"), ours, theirs, strict=True):
        size = max(reference.norm(), terms.norm()) if name == "dx" else reference.norm() + 1
        assert mine.dtype == reference.dtype
        assert (mine - reference).norm() <= TOLERANCE[mine.dtype] * size, name


@given(layers(), st.booleans(), st.sampled_from([0.1, 0.01, 0.5]))
def test_batch_norm_is_torchs(layer, train, momentum):
    x, dy, weight, bias, running = layer
    kept = [t.clone() for t in (x, dy, weight, bias, *running)]
    y, cache, new = normalization.batch_norm(x, weight, bias, running, train, momentum)
    ours = [y, *normalization.backward(dy, weight, cache)]
    terms = dy * weight.unsqueeze(-2) * cache.scale
    assert all(torch.equal(a, b) for a, b in zip(kept, (x, dy, weight, bias, *running), strict=True))
    for k in range(len(rows(x, 2))):
        module = nn.BatchNorm1d(x.shape[-1], momentum=momentum, dtype=x.dtype).train(train)
        module.running_mean.copy_(rows(running.mean, 1)[k])
        module.running_var.copy_(rows(running.var, 1)[k])
        theirs = twin(module, rows(weight, 1)[k], rows(bias, 1)[k], rows(x, 2)[k], rows(dy, 2)[k])
        mine = [rows(t, axes)[k] for t, axes in zip(ours, (2, 2, 1, 1), strict=True)]
        assert_close(mine, theirs, rows(terms, 2)[k])
        tolerance = TOLERANCE[x.dtype]
        torch.testing.assert_close(rows(new.mean, 1)[k], module.running_mean, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(rows(new.var, 1)[k], module.running_var, rtol=tolerance, atol=tolerance)


@given(layers())
def test_layer_norm_is_torchs(layer):
    x, dy, weight, bias, _ = layer
    y, cache = normalization.layer_norm(x, weight, bias)
    ours = [y, *normalization.backward(dy, weight, cache)]
    terms = dy * weight.unsqueeze(-2) * cache.scale
    for k in range(len(rows(x, 2))):
        module = nn.LayerNorm(x.shape[-1], dtype=x.dtype)
        theirs = twin(module, rows(weight, 1)[k], rows(bias, 1)[k], rows(x, 2)[k], rows(dy, 2)[k])
        mine = [rows(t, axes)[k] for t, axes in zip(ours, (2, 2, 1, 1), strict=True)]
        assert_close(mine, theirs, rows(terms, 2)[k])


def test_a_batch_of_two_by_hand():
    """x = 1, 5: mean 3, variance 4 (unbiased 8); with momentum 0.1 the running ones move from 0, 1 to 0.3, 1.7."""
    one, zero = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    x = torch.tensor([[1.0], [5.0]], dtype=torch.float64)
    y, _, running = normalization.batch_norm(x, 3 * one, one, Running(zero, one), train=True, eps=1e-12)
    assert y.flatten().tolist() == pytest.approx([-2.0, 4.0])
    assert [running.mean.item(), running.var.item()] == pytest.approx([0.3, 1.7])
    y, _, same = normalization.batch_norm(x, one, zero, Running(one, 4 * one), train=False, eps=1e-12)
    assert y.flatten().tolist() == pytest.approx([0.0, 2.0])
    assert [same.mean.item(), same.var.item()] == [1, 4]


def test_scale_and_shift_of_the_inputs_do_not_count():
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, zero = torch.ones(4, dtype=x.dtype), torch.zeros(4, dtype=x.dtype)
    for norm in (
        lambda x: normalization.batch_norm(x, one, zero, Running(zero, one), train=True, eps=1e-12)[0],
        lambda x: normalization.layer_norm(x, one, zero, eps=1e-12)[0],
    ):
        torch.testing.assert_close(norm(50 * x + 7), norm(x))


def test_one_sample_is_no_batch(refused):
    one = torch.ones(3)
    with refused("1", start="batch norm must see at least 2 samples"):
        normalization.batch_norm(torch.ones(1, 3), one, one, Running(one, one), train=True)
    normalization.batch_norm(torch.ones(1, 3), one, one, Running(one, one), train=False)


@pytest.mark.parametrize(
    ("name", "value"), [("momentum", 1.0), ("momentum", -0.1), ("eps", 0.0), ("eps", -1.0), ("eps", math.nan)]
)
def test_settings_outside_their_range(name, value, refused):
    one = torch.ones(3)
    for train in (True, False):
        with refused(repr(value), start=name):
            normalization.batch_norm(torch.ones(2, 3), one, one, Running(one, one), train, **{name: value})
