"""Penalties against autograd and torch.optim, and the soft threshold against its definition."""

import math

import pytest
import torch

from nnlab import Network, penalties

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def drawn(*shape, dtype=torch.float64, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("members", [(), (3,)])
@pytest.mark.parametrize(
    ("penalty", "price"),
    [
        (penalties.l2, lambda w, lam: lam / 2 * w.square().sum((-2, -1))),
        (lambda w, lam, **k: penalties.l2(w, lam, half=False, **k), lambda w, lam: lam * w.square().sum((-2, -1))),
        (penalties.l1, lambda w, lam: lam * w.abs().sum((-2, -1))),
    ],
    ids=["lambda/2", "lambda", "L1"],
)
def test_price_and_slope_agree_with_autograd(penalty, price, members, dtype):
    w = drawn(*members, 4, 3, dtype=dtype)
    w[..., 0, 0] = 0
    leaf, lam = w.clone().requires_grad_(), 0.3
    wanted = price(leaf, lam)
    (slope,) = torch.autograd.grad(wanted.sum(), leaf)
    value, gradient = penalty(w, lam, member_axes=len(members))
    assert value.shape == members
    torch.testing.assert_close(value, wanted.detach(), rtol=TOLERANCE[dtype], atol=0)
    torch.testing.assert_close(gradient, slope, rtol=TOLERANCE[dtype], atol=0)


def test_lambda_without_a_half_is_twice_as_strong():
    w = drawn(4)
    for whole, half in zip(penalties.l2(w, 0.1, half=False), penalties.l2(w, 0.2), strict=True):
        torch.testing.assert_close(whole, half)


def test_l2_with_a_half_is_torchs_weight_decay():
    w, g = drawn(5), drawn(5, seed=1)
    theirs = w.clone().requires_grad_()
    theirs.grad = g.clone()
    torch.optim.SGD([theirs], lr=0.1, weight_decay=0.3).step()
    torch.testing.assert_close(w - 0.1 * (g + penalties.l2(w, 0.3)[1]), theirs.detach(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(penalties.decay(w, 0.1 * 0.3) - 0.1 * g, theirs.detach(), rtol=1e-10, atol=1e-12)


def test_decay_is_that_of_torchs_adamw():
    w = drawn(5)
    theirs = w.clone().requires_grad_()
    theirs.grad = torch.zeros(5, dtype=w.dtype)
    torch.optim.AdamW([theirs], lr=0.1, weight_decay=0.3).step()
    torch.testing.assert_close(penalties.decay(w, 0.1 * 0.3), theirs.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 1.0])
def test_soft_threshold_is_torchs_and_minimises_what_it_should(threshold):
    w = torch.cat([drawn(50), torch.tensor([0.0, threshold, -threshold])])
    v = penalties.proximal_l1(w, threshold)
    torch.testing.assert_close(v, torch.nn.functional.softshrink(w, threshold))

    def cost(v):
        return (v - w).square() / 2 + threshold * v.abs()

    for other in (v + 1e-3, v - 1e-3, torch.zeros_like(w), w):
        assert (cost(v) <= cost(other) + 1e-15).all()


def test_only_the_proximal_step_stays_at_zero():
    """A weight without any other gradient: the subgradient jumps over zero for ever, the soft threshold stops there."""
    jumps = stops = torch.tensor(0.25)
    for _ in range(20):
        jumps = jumps - 0.1 * penalties.l1(jumps, 1.0)[1]
        stops = penalties.proximal_l1(stops, 0.1 * 1.0)
    assert stops == 0
    assert 0.04 < abs(jumps) < 0.06


def test_one_lambda_for_each_member():
    w, lam = drawn(3, 4, 2), torch.tensor([0.0, 0.1, 1.0], dtype=torch.float64)[:, None, None]
    for penalty in (penalties.l1, penalties.l2):
        value, gradient = penalty(w, lam, member_axes=1)
        for k in range(3):
            alone = penalty(w[k], float(lam[k]))
            torch.testing.assert_close(value[k], alone[0])
            torch.testing.assert_close(gradient[k], alone[1])


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_weights_leave_out_biases_and_norms(norm):
    params = Network([2, 3, 4, 1], norm=norm).init()
    assert list(penalties.weights(params)) == ["layer1.weight", "layer2.weight", "layer3.weight"]


@pytest.mark.parametrize("lam", [-0.1, math.nan, math.inf, "1", None])
@pytest.mark.parametrize("penalty", [penalties.l1, penalties.l2, penalties.proximal_l1, penalties.decay])
def test_lambda_outside_its_range(penalty, lam, refused):
    with refused():
        penalty(torch.ones(2), lam)


@pytest.mark.parametrize("w", [-1.3, -0.05, 0.0, 0.05, 1.3])
@pytest.mark.parametrize("lam", [0.0, 0.1, 1.0])
def test_a_plain_float_is_a_tensor_with_one_entry(w, lam):
    entry = torch.tensor(w, dtype=torch.float64)
    calls = [penalties.l1, penalties.l2, lambda w, lam: penalties.l2(w, lam, half=False)]
    for call in [*calls, lambda w, lam: (penalties.proximal_l1(w, lam), penalties.decay(w, lam))]:
        for mine, theirs in zip(call(w, lam), call(entry, lam), strict=True):
            assert isinstance(mine, float)
            assert mine == theirs.item()
