"""Dropout: torch's layer with the same mask, the right mean, nested masks, members."""

import math

import pytest
import torch

from nnlab import Network, Stack, digits, dropout, ensemble, optimizers

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def started(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_torchs_layer_with_the_same_mask(p, dtype):
    """torch draws another mask; where its output is zero tells which, and then every number must be the same."""
    torch_state = torch.get_rng_state()
    a = torch.randn(5, 40, generator=started(), dtype=dtype).requires_grad_()
    dy = torch.randn(5, 40, generator=started(1), dtype=dtype)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        theirs = torch.nn.Dropout(p)(a)
    (gradient,) = torch.autograd.grad((theirs * dy).sum(), a)
    mask = (theirs != 0).to(dtype) / (1 - p)
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(mask * a, theirs, rtol=tolerance, atol=0)
    torch.testing.assert_close(dropout.backward(dy, mask), gradient, rtol=tolerance, atol=0)
    y, ours = dropout.forward(a.detach(), p, started(2))
    if p:
        assert set(ours.unique().tolist()) == {0.0, torch.tensor(1 / (1 - p), dtype=dtype).item()}
        assert torch.equal(y, ours * a.detach())
    assert torch.equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_the_share_and_the_mean(p):
    """Of 200,000 entries the share of zeros is within five standard errors of p, and the mean of the mask is 1."""
    mask = dropout.mask((1000, 200), p, started())
    error = math.sqrt(p * (1 - p) / mask.numel())
    assert abs((mask == 0).double().mean() - p) <= 5 * error
    assert abs(mask.double().mean() - 1) <= 5 * error / (1 - p)


def test_evaluation_forgets_nothing_and_draws_nothing():
    a = torch.ones(3, 4)
    y, mask = dropout.forward(a, 0.5, None, train=False)
    assert y is a
    assert mask is None
    assert dropout.backward(a, mask) is a


def test_every_member_has_its_own_p_and_its_own_generator():
    a, p = torch.ones(3, 5, 7), (0.0, 0.5, 0.8)
    y, mask = dropout.forward(a, p, [started(k) for k in (4, 4, 9)])
    for k, seed in enumerate((4, 4, 9)):
        alone, _ = dropout.forward(a[k], p[k], started(seed))
        torch.testing.assert_close(y[k], alone, rtol=1e-6, atol=0)
    forgotten = mask == 0
    assert not forgotten[0].any()
    more = dropout.mask((5, 7), 0.8, started(4)) == 0
    assert (more | ~forgotten[1]).all()  # the same units as with p = 0.5, and some more
    assert more.sum() > forgotten[1].sum()


@pytest.mark.parametrize("p", [-0.1, 1.0, math.nan, "0.5", None, True, (0.1, 1.0)])
def test_p_outside_its_range(p, refused):
    with refused(start="p must"):
        dropout.mask((2, 3), p, started())


@pytest.mark.parametrize("generator", [None, 3, [], [started()], [started()] * 3])
def test_no_generator_or_not_one_for_each_member(generator, refused):
    with refused(start="generator must"):
        dropout.mask((2, 4, 3), 0.5, generator)


def test_not_one_p_for_each_member(refused):
    with refused("3", start="p must be one number"):
        dropout.mask((2, 4, 3), (0.1, 0.2, 0.3), started())


def test_a_stack_may_begin_with_dropout_on_the_inputs():
    data, net = digits(), Network([64, 8, 10])
    forgetful = Stack([dropout.Dropout(0.2), *net.stack])
    run = ensemble.train(forgetful, data, optimizers.SGD(lr=0.1), seeds=[0], steps=3, batch_size=16, eval_every=3)
    plain = ensemble.train(net, data, optimizers.SGD(lr=0.1), seeds=[0], steps=3, batch_size=16, eval_every=3)
    assert run.loss[0, 0] != plain.loss[0, 0]
    assert run.loss.isfinite().all()
