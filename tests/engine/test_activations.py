"""Activations against torch's own, their derivatives against autograd."""

import pytest
import torch
from torch.nn import functional as F

from nnlab import activations

REFERENCES = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "identity": torch.nn.Identity(),
}
FAR = [0.0, 1e-8, 1.0, 5.0, 30.0, 100.0]  # from the kink to where every function is saturated
Z = torch.cat([torch.linspace(-8, 8, 1001), torch.tensor(FAR), -torch.tensor(FAR)]).double()


def test_every_activation_has_a_reference():
    assert REFERENCES.keys() == activations.ACTIVATIONS.keys()
    assert all(name == activation.name for name, activation in activations.ACTIVATIONS.items())


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-13)])
def test_value_and_derivative_agree_with_torch(name, dtype, tolerance):
    z = Z.to(dtype).requires_grad_()
    wanted = REFERENCES[name](z)
    (slope,) = torch.autograd.grad(wanted.sum(), z)
    with torch.no_grad():
        y = activations.get(name).f(z)
        derivative = activations.get(name).derivative(z, y)
    assert y.dtype == derivative.dtype == dtype
    torch.testing.assert_close(y, wanted.detach(), rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(derivative, slope, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", REFERENCES)
def test_derivative_agrees_with_finite_differences(name):
    f, z, h = activations.get(name).f, Z[Z.abs() > 1e-3], 1e-5
    measured = (f(z + h) - f(z - h)) / (2 * h)
    torch.testing.assert_close(activations.get(name).derivative(z, f(z)), measured, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3, 4)])
def test_any_shape_and_nothing_changed_in_place(name, shape):
    z = torch.linspace(-2, 2, torch.Size(shape).numel()).reshape(shape)
    before = z.clone()
    y = activations.get(name).f(z)
    kept = y.clone()
    assert activations.get(name).derivative(z, y).shape == y.shape == shape
    assert torch.equal(z, before)
    assert torch.equal(y, kept)


@pytest.mark.parametrize("name", ["Relu", "swish", "", None, 3])
def test_unknown_name(name, refused):
    with refused(repr(name)):
        activations.get(name)
