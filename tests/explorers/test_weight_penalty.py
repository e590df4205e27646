"""weight_penalty: the paths are those of torch.optim, the lowest points are lowest, and only one L1 reaches 0."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import penalties
from nnlab.explorers.weight_penalty import CURVATURE, DESCRIPTION, LOWEST, MOST, START, compute, minimum, sentence
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)
SETTINGS = {
    "penalty": st.sampled_from(["L2", "L1"]),
    "optimizer": st.sampled_from(["SGD", "Momentum", "Adam"]),
    "lam": st.floats(0.01, 4),
    "lr": st.floats(0.005, 0.2),
    "steps": st.integers(1, MOST),
}
TWINS = {
    "SGD": torch.optim.SGD,
    "Momentum": lambda p, **given: torch.optim.SGD(p, momentum=0.9, **given),
    "Adam": torch.optim.Adam,
}


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def loss(w):
    h, m = torch.tensor(CURVATURE, dtype=torch.float64), torch.tensor(LOWEST, dtype=torch.float64)
    return (h * (w - m) ** 2 / 2).sum()


def torch_path(optimizer, lr, steps, price=lambda w: 0.0, after=lambda w: w, **given):
    """The path of torch.optim on loss + price, by autograd; ``after`` changes the weights after every step."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    rule, path = optimizer([w], lr=lr, **given), [START]
    for _ in range(steps):
        rule.zero_grad()
        (loss(w) + price(w)).backward()
        rule.step()
        w.data = after(w.data)
        path.append(tuple(w.tolist()))
    return np.array(path)


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_the_penalty_in_the_gradient_is_that_of_autograd(name, penalty):
    result = run(penalty=penalty.upper(), optimizer=name, lam=0.7, lr=0.1, steps=40)
    price = {"l2": lambda w: 0.7 / 2 * (w**2).sum(), "l1": lambda w: 0.7 * w.abs().sum()}[penalty]
    np.testing.assert_allclose(result.inside, torch_path(TWINS[name], 0.1, 40, price), atol=1e-9)


def test_decay_outside_adam_is_adamw():
    result = run(optimizer="Adam", lam=0.7, lr=0.1, steps=40)
    np.testing.assert_allclose(result.outside, torch_path(torch.optim.AdamW, 0.1, 40, weight_decay=0.7), atol=1e-9)


@pytest.mark.parametrize("name", TWINS)
def test_the_soft_threshold_is_the_one_of_the_package(name):
    result = run(penalty="L1", optimizer=name, lam=1.5, lr=0.1, steps=40)
    theirs = torch_path(TWINS[name], 0.1, 40, after=lambda w: penalties.proximal_l1(w, 0.15))
    np.testing.assert_allclose(result.outside, theirs, atol=1e-9)


@settings(max_examples=40)
@given(st.sampled_from(["L2", "L1"]), st.floats(0.01, 4))
def test_the_lowest_point_is_lower_than_its_neighbours(penalty, lam):
    lowest = torch.tensor(minimum(penalty, lam))

    def total(w):
        return loss(w) + (lam / 2 * (w**2).sum() if penalty == "L2" else lam * w.abs().sum())

    for angle in np.linspace(0, 2 * np.pi, 16):
        step = 1e-3 * torch.tensor([np.cos(angle), np.sin(angle)])
        assert total(lowest + step) > total(lowest)


@settings(max_examples=40)
@given(st.floats(0.01, 4))
def test_the_lowest_points_are_those_of_the_package(lam):
    h, m = (torch.tensor(values, dtype=torch.float64) for values in (CURVATURE, LOWEST))
    lowest = torch.tensor(minimum("L2", lam))
    np.testing.assert_allclose(h * (lowest - m) + penalties.l2(lowest, lam)[1], 0, atol=1e-12)
    np.testing.assert_allclose(minimum("L1", lam), penalties.proximal_l1(m, lam / h), atol=1e-12)


@settings(max_examples=40)
@given(st.floats(0.01, 4), st.floats(0.005, 0.2), st.integers(1, MOST))
def test_with_sgd_l2_and_weight_decay_are_one_run(lam, lr, steps):
    result = run(lam=lam, lr=lr, steps=steps)
    np.testing.assert_allclose(result.inside, result.outside, atol=1e-9)
    assert "the same run" in sentence(result)


@pytest.mark.parametrize(("name", "lr"), [("Momentum", 0.05), ("Adam", 0.05)])
def test_with_momentum_and_adam_they_are_not(name, lr):
    result = run(optimizer=name, lr=lr)
    assert np.abs(result.inside[-1] - result.outside[-1]).max() > 0.2
    assert "same run" not in sentence(result)


def test_only_the_soft_threshold_reaches_exactly_zero():
    result = run(penalty="L1", lam=1.5, lr=0.1)
    assert result.outside[-1, 0] == 0
    assert (result.inside[:, 0] != 0).all()
    assert np.abs(result.inside[-20:, 0]).max() > 0.1  # it jumps over zero, and keeps jumping
    assert "subgradient ends at (0.159, 1.300), soft threshold at (exactly 0, 1.300)" in sentence(result)
    assert "exactly" not in sentence(run(penalty="L1", lam=0.5))


def test_sgd_and_momentum_with_l2_end_at_the_lowest_point_and_decay_behind_momentum_does_not():
    for name in ("SGD", "Momentum"):
        result = run(optimizer=name, steps=300)
        np.testing.assert_allclose(result.inside[-1], result.lowest, atol=1e-4)
    np.testing.assert_allclose(result.outside[-1], minimum("L2", 0.1), atol=0.02)  # a tenth: the velocity adds ten


@settings(max_examples=150)
@given(st.fixed_dictionaries(SETTINGS))
def test_every_path_stays_in_view(values):
    result = run(**values)
    DESCRIPTION.update(PICTURE.artists, result)
    left, right = PICTURE.figure.axes
    for path in (result.inside, result.outside):
        for (low, high), w in zip((left.get_xlim(), left.get_ylim()), path.T, strict=True):
            assert low < w.min() <= w.max() < high
    assert len(result.inside) - 1 <= right.get_xlim()[1] <= max(30, 3.4 * len(result.inside))
    assert right.get_ylim() == left.get_ylim()
