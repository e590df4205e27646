"""bias_correction: the corrected steps are torch.optim.Adam's, the others follow from the formulas by hand."""

import numpy as np
import pytest
import torch

from nnlab.engine.optimizers import Adam
from nnlab.explorers.bias_correction import DESCRIPTION, compute, sentence


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def preset(label):
    return run(**next(preset.values for preset in DESCRIPTION.presets if preset.label == label))


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("beta2", [0.9, 0.999])
def test_corrected_steps_are_those_of_torch(beta1, beta2):
    steps = 50
    g = 1 + np.random.default_rng(0).standard_normal(steps)
    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, path = torch.optim.Adam([w], lr=1.0, betas=(beta1, beta2)), [0.0]
    for value in g:
        w.grad = torch.tensor([value])
        optimizer.step()
        path.append(w.item())
    np.testing.assert_allclose(compute(beta1, beta2, 1.0, steps).step["corrected"], -np.diff(path), rtol=1e-9)


@pytest.mark.parametrize("beta1", [0.0, 0.9])
@pytest.mark.parametrize("beta2", [0.9, 0.999])
def test_corrected_steps_are_those_of_the_package(beta1, beta2):
    adam, params, path = Adam(lr=1.0, beta1=beta1, beta2=beta2), {"w": 0.0}, [0.0]
    state = adam.init(params)
    for g in (1 + np.random.default_rng(0).standard_normal(50)).tolist():
        params, state = adam.update(params, {"w": g}, state)
        path.append(params["w"])
    np.testing.assert_allclose(compute(beta1, beta2, 1.0, 50).step["corrected"], -np.diff(path), rtol=1e-9)


def test_a_steady_gradient_by_hand():
    result, t = run(noise=0.0, steps=50), np.arange(1, 51)
    mean, root = 1 - 0.9**t, (1 - 0.999**t) ** 0.5
    np.testing.assert_allclose(result.mean["corrected"], 1)
    np.testing.assert_allclose(result.mean["not corrected"], mean)
    np.testing.assert_allclose(result.mean["t forgotten"], mean / 0.1)
    np.testing.assert_allclose(result.step["corrected"], 1, rtol=1e-6)
    np.testing.assert_allclose(result.step["not corrected"], mean / root, rtol=1e-6)
    np.testing.assert_allclose(result.step["t forgotten"], mean / 0.1 / (root / 0.001**0.5), rtol=1e-6)
    assert "the first step is 3.16 times lr and the largest 6.57 times (step 12)" in sentence(result)


def test_what_the_presets_claim():
    def excess(result):
        return result.step["not corrected"].max()

    long, short = run(steps=50), preset("short memory")
    assert excess(short) < excess(long)
    assert abs(short.step["not corrected"][-1] - 1) < abs(long.step["not corrected"][-1] - 1)
    equal = preset("equal memories").step["not corrected"]
    assert (equal < 1).all()
    assert equal[0] == pytest.approx(0.1**0.5, rel=1e-6)
    assert np.median(preset("noisy").step["corrected"][20:]) < 0.8
