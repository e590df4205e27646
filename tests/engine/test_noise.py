"""Noise: the right standard deviation, members, and nothing of it in the gradient."""

import math

import pytest
import torch

from nnlab import noise


def test_standard_deviation_and_mean():
    a = torch.full((500, 400), 3.0)
    added = (noise.add(a, 0.3, torch.Generator().manual_seed(0)) - a).double()
    assert added.std().item() == pytest.approx(0.3, rel=0.01)
    assert added.mean().item() == pytest.approx(0.0, abs=5 * 0.3 / math.sqrt(a.numel()))


def test_every_member_has_its_own():
    a, std = torch.ones(3, 4, 5), (0.0, 0.1, 2.0)
    noisy = noise.add(a, std, [torch.Generator().manual_seed(k) for k in range(3)])
    assert torch.equal(noisy[0], a[0])
    for k in (1, 2):
        torch.testing.assert_close(noisy[k], noise.add(a[k], std[k], torch.Generator().manual_seed(k)))


def test_the_gradient_passes_unchanged():
    a = torch.ones(4, 5, requires_grad=True)
    (gradient,) = torch.autograd.grad(noise.add(a, 0.5, torch.Generator().manual_seed(0)).sum(), a)
    assert (gradient == 1).all()


@pytest.mark.parametrize("std", [-0.1, math.inf, math.nan, "1", None, (0.1, -0.2)])
def test_std_outside_its_range(std, refused):
    with refused(start="std must"):
        noise.add(torch.ones(2, 3), std, torch.Generator())
