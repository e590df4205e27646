"""Fourier features: the formula, gradients, frequencies that stay, and the same network in torch."""

import math

import pytest
import torch

import nnlab
from nnlab.engine.fourier import Fourier, waves

NET = nnlab.FourierNetwork([2, 8, 3], features=5, scale=0.7)


def test_the_formula_point_by_point():
    v, b = torch.randn(4, 2, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    found = waves(v, b)
    for i in range(4):
        for j in range(3):
            angle = 2 * math.pi * sum(v[i, k].item() * b[k, j].item() for k in range(2))
            assert found[i, j].item() == pytest.approx(math.cos(angle), abs=1e-9)
            assert found[i, j + 3].item() == pytest.approx(math.sin(angle), abs=1e-9)


@pytest.mark.parametrize("part", [Fourier("fourier", 4, 5, 0.5), NET])
def test_gradients_are_those_of_autograd(part):
    assert nnlab.gradient_check(part).agrees


def test_each_member_has_its_own_frequencies_of_the_wanted_size_and_training_keeps_them():
    photo = nnlab.photograph(size=(12, 16), share=0.5)
    history = nnlab.ensemble.train(NET, photo, nnlab.optimizers.Adam(0.01), seeds=[3, 4], steps=20, decay=0.1)
    first = NET.init(seed=[3, 4])
    assert torch.equal(history.params["fourier.frequencies"], first["fourier.frequencies"])
    assert not torch.equal(*first["fourier.frequencies"])
    assert not torch.equal(history.params["layer1.weight"], first["layer1.weight"])
    drawn = nnlab.FourierNetwork([2, 3], features=20_000, scale=0.7).init(seed=0)["fourier.frequencies"]
    assert drawn.std().item() == pytest.approx(0.7, rel=0.02)


def test_the_same_in_torch_with_the_frequencies_in_the_state():
    params, x = NET.init(seed=1), torch.randn(6, 2)
    module = nnlab.models.to_torch(NET, params)
    torch.testing.assert_close(module(x), NET.forward(params, x)[0])
    assert set(module.state_dict()) == set(params)
    back = nnlab.models.to_params(module)
    assert all(torch.equal(back[name], p) for name, p in params.items())
    assert not [name for name, _ in module.named_parameters() if "frequencies" in name]


def test_the_module_draws_by_its_seed():
    one, other, again = (nnlab.models.FourierFeatures(2, 4, 0.5, seed=seed).frequencies for seed in (0, 1, 0))
    assert one.shape == (4, 2)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "start"), [({"features": 0}, "features"), ({"features": 1.5}, "features"), ({"scale": 0}, "scale")]
)
def test_what_it_refuses(arguments, start, refused):
    with refused(start=f"{start} must"):
        nnlab.FourierNetwork([2, 3], **arguments)
    with refused(start=f"{start} must"):
        nnlab.models.FourierFeatures(2, **{"features": 4, "scale": 1.0, **arguments})
