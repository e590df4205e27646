"""momentum_ball: the path is torch.optim.SGD's, the slopes are those of the landscapes, and the presets hold."""

import numpy as np
import pytest
import torch

from nnlab.explorers.momentum_ball import BOWL, BUMP, DESCRIPTION, GOAL, NEAR, START, compute, loss, sentence, slope

LANDSCAPES = tuple(START)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def preset(label):
    return run(**next(preset.values for preset in DESCRIPTION.presets if preset.label == label))


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_the_slope_is_that_of_the_loss(landscape):
    for w in np.linspace(-2.5, 2.5, 21):
        difference = (loss(landscape, w + 1e-6) - loss(landscape, w - 1e-6)) / 2e-6
        assert slope(landscape, w) == pytest.approx(difference, abs=1e-7)


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_the_goal_is_the_lowest_point(landscape):
    grid = np.linspace(-4, 4, 8001)
    assert grid[loss(landscape, grid).argmin()] == pytest.approx(GOAL[landscape], abs=1e-3)


@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("method", ["momentum", "Nesterov"])
def test_the_ball_takes_the_path_of_torch(landscape, method):
    w = torch.tensor(START[landscape], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.02, momentum=0.9, nesterov=method == "Nesterov")
    path = [w.item()]
    for _ in range(100):
        w.grad = torch.tensor(slope(landscape, w.item()), dtype=torch.float64)
        optimizer.step()
        path.append(w.item())
    np.testing.assert_allclose(run(landscape=landscape, method=method).w, path, rtol=1e-9, atol=1e-12)


def test_a_ball_that_leaves_is_followed_no_further():
    result = compute(BUMP, "momentum", 1.0, 0.9, 200)
    assert abs(result.w[-1]) >= 1000
    assert (abs(result.w[:-1]) < 1000).all()
    assert sentence(result).endswith(f"diverged after {len(result.w) - 1} steps.")


def crossings(result):
    return int(np.sum(np.diff(np.sign(result.w - GOAL[result.landscape])) != 0))


def settled(result):
    """The step from which the ball stays near the goal, or None."""
    far = np.flatnonzero(abs(result.w - GOAL[result.landscape]) > NEAR)
    return None if far[-1] == len(result.w) - 1 else far[-1] + 1


def test_what_the_presets_claim():
    slow = preset("no memory")
    assert crossings(slow) == 0
    assert settled(slow) is None
    lr, critical = 0.02, preset("critical")
    assert (1 - lr**0.5) ** 2 == pytest.approx(0.73, abs=0.01)
    assert crossings(critical) == 0
    assert all(settled(critical) < (settled(run(momentum=b)) or np.inf) for b in np.arange(0, 0.72, 0.05))
    assert all(crossings(compute(BOWL, "momentum", lr, b, 200)) > 0 for b in (0.8, 0.9, 0.95))
    assert crossings(preset("too much")) > 3
    assert settled(preset("too much")) is None
    assert preset("over the bump").w[-1] > 0.5
    assert preset("stuck").w[-1] < -0.5
    with_memory, without = preset("flat plain"), run(landscape="plain", lr=0.1, steps=150, momentum=0.0)
    assert settled(with_memory) is not None
    assert settled(without) is None
