"""Clipping against torch.nn.utils, for one network and for many."""

import math

import pytest
import torch

from nnlab import clipping

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def gradients(members=(), dtype=torch.float64, scale=1.0):
    generator = torch.Generator().manual_seed(0)
    shapes = {"layer1.weight": (3, 4), "layer1.bias": (4,), "norm1.weight": (4,)}
    return {n: scale * torch.randn(*members, *s, generator=generator, dtype=dtype) for n, s in shapes.items()}


def torch_clipped(grads, clip, limit):
    parameters = [torch.zeros_like(g).requires_grad_() for g in grads.values()]
    for p, g in zip(parameters, grads.values(), strict=True):
        p.grad = g.clone()
    result = clip(parameters, limit)
    return result, [p.grad for p in parameters]


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("members", [(), (3,), (2, 2)])
@pytest.mark.parametrize("limit", [0.01, 1.0, 1000.0])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (clipping.by_norm, torch.nn.utils.clip_grad_norm_),
        (clipping.by_value, torch.nn.utils.clip_grad_value_),
    ],
)
def test_it_is_torchs_for_every_member(ours, theirs, limit, members, dtype):
    grads = gradients(members, dtype, scale=2.0)
    kept = {name: g.clone() for name, g in grads.items()}
    clipped = ours(grads, limit, member_axes=len(members))
    assert all(torch.equal(grads[name], kept[name]) for name in grads)
    flat = {name: g.flatten(0, len(members) - 1) if members else g[None] for name, g in grads.items()}
    mine = {name: g.flatten(0, len(members) - 1) if members else g[None] for name, g in clipped.items()}
    for k in range(math.prod(members)):
        _, wanted = torch_clipped({name: g[k] for name, g in flat.items()}, theirs, limit)
        for g, reference in zip(mine.values(), wanted, strict=True):
            torch.testing.assert_close(g[k], reference, rtol=TOLERANCE[dtype], atol=0)


def test_the_norm_is_that_of_torch():
    grads = gradients((3,))
    for k, norm in enumerate(clipping.norm(grads, member_axes=1)):
        total, _ = torch_clipped({n: g[k] for n, g in grads.items()}, torch.nn.utils.clip_grad_norm_, 1.0)
        torch.testing.assert_close(norm, total)


def test_every_member_has_its_own_limit():
    grads, limits = gradients((3,), torch.float32), torch.tensor([0.1, 1.0, math.inf], dtype=torch.float64)
    for clip in (clipping.by_norm, clipping.by_value):
        clipped = clip(grads, limits, member_axes=1)
        for k in (0, 1):
            alone = clip({n: g[k] for n, g in grads.items()}, float(limits[k]))
            for name in grads:
                torch.testing.assert_close(clipped[name][k], alone[name])
        assert all(torch.equal(clipped[name][2], grads[name][2]) for name in grads)
        assert all(g.dtype == torch.float32 for g in clipped.values())


def test_by_norm_keeps_the_direction_and_by_value_does_not():
    g = {"w": torch.tensor([10.0, 1.0])}
    assert (clipping.by_norm(g, 1.0)["w"][1] / clipping.by_norm(g, 1.0)["w"][0]).item() == pytest.approx(0.1)
    assert clipping.by_value(g, 1.0)["w"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, "1", None, True, torch.tensor([1.0, 0.0])])
@pytest.mark.parametrize("clip", [clipping.by_norm, clipping.by_value])
def test_limits_outside_their_range(clip, limit, refused):
    with refused():
        clip({"w": torch.ones(2, 2)}, limit)


@pytest.mark.parametrize("limit", [0.01, 1.0, 1000.0, math.inf])
@pytest.mark.parametrize("clip", [clipping.by_norm, clipping.by_value])
def test_plain_floats_are_cut_like_tensors(clip, limit):
    plain = {"w": 3.0, "b": -0.5, "c": 0.0}
    tensors = {name: torch.tensor(g, dtype=torch.float64) for name, g in plain.items()}
    for name, g in clip(plain, limit).items():
        assert isinstance(g, float)
        assert g == pytest.approx(clip(tensors, limit)[name].item(), rel=1e-12)
    assert clipping.norm(plain) == pytest.approx(clipping.norm(tensors).item(), rel=1e-12)


@pytest.mark.parametrize("clip", [clipping.by_norm, clipping.by_value])
def test_a_gradient_that_is_lost_stays_lost(clip):
    for lost in (math.nan, torch.tensor(math.nan)):
        assert math.isnan(clip({"w": lost}, 1.0)["w"])
