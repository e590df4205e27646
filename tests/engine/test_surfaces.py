"""Loss surfaces: gradients against autograd, minima, the paths of optimizers; and decisions over a plane."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import Network, surfaces
from nnlab.engine.optimizers import OPTIMIZERS, SGD, Adam
from nnlab.engine.surfaces import SURFACES, decision_grid, descend, ravine

every_surface = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)


@every_surface
@given(x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_gradient_agrees_with_autograd(surface, x, y):
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y)]
    value = surface.f(*leaves)
    wanted = [slope.item() for slope in torch.autograd.grad(value, leaves)]
    assert surface.gradient(x, y) == pytest.approx(wanted, rel=1e-10, abs=1e-10)
    assert surface.f(x, y) == pytest.approx(value.item(), rel=1e-12)


@every_surface
def test_floats_arrays_and_tensors_agree(surface):
    x, y = np.linspace(*surface.xlim, 7), np.linspace(*surface.ylim, 7)
    wanted = [surface.f(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert surface.f(x, y).tolist() == pytest.approx(wanted)
    assert surface.f(torch.tensor(x), torch.tensor(y)).tolist() == pytest.approx(wanted)


@every_surface
def test_nothing_lies_below_the_minimum(surface):
    x, y = np.meshgrid(np.linspace(*surface.xlim, 300), np.linspace(*surface.ylim, 300))
    assert surface.f(*surface.minimum) == pytest.approx(surface.lowest, abs=1e-12)
    assert surface.gradient(*surface.minimum) == pytest.approx((0, 0), abs=1e-12)
    assert surface.f(x, y).min() >= surface.lowest - 1e-12


@every_surface
def test_start_and_minimum_are_in_the_picture(surface):
    for x, y in (surface.start, surface.minimum):
        assert surface.xlim[0] <= x <= surface.xlim[1]
        assert surface.ylim[0] <= y <= surface.ylim[1]


@pytest.mark.parametrize("condition", [1.0, 20.0, 1000.0])
def test_ravine_has_the_condition_number_of_its_hessian(condition):
    leaves = (torch.tensor(0.3), torch.tensor(0.4))
    hessian = torch.tensor(torch.autograd.functional.hessian(ravine(condition).f, leaves))
    assert torch.linalg.cond(hessian) == pytest.approx(condition, rel=1e-5)


@every_surface
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_path_is_torchs(surface, name):
    """Twenty steps on every surface equal those of tensors with autograd's gradient."""
    optimizer = OPTIMIZERS[name](lr=1e-3)
    path = descend(surface, optimizer, steps=20)
    params = {key: torch.tensor(v, dtype=torch.float64) for key, v in zip("xy", surface.start, strict=True)}
    state = optimizer.init(params)
    for step in range(21):
        assert (path.x[step], path.y[step]) == pytest.approx((params["x"].item(), params["y"].item()), rel=1e-8)
        assert path.loss[step] == pytest.approx(surface.f(**params).item(), rel=1e-8)
        leaves = {key: p.clone().requires_grad_() for key, p in params.items()}
        slopes = torch.autograd.grad(surface.f(**leaves), list(leaves.values()))
        params, state = optimizer.update(params, dict(zip("xy", slopes, strict=True)), state)
    assert path.diverged is None


@every_surface
def test_divergence_ends_the_path_before_the_first_number_that_is_none(surface):
    path = descend(surface, SGD(lr=100.0), steps=1000)
    assert path.diverged == len(path.loss) < 1000
    assert all(map(math.isfinite, path.x + path.y + path.loss))


def test_ravine_diverges_exactly_above_two_over_the_condition():
    for lr, holds in [(0.0999, True), (0.1001, False)]:
        path = descend(ravine(20.0), SGD(lr=lr), steps=500)
        assert (path.loss[-1] < path.loss[0]) == holds


@every_surface
def test_adam_arrives_at_the_minimum(surface):
    path = descend(surface, Adam(lr=0.05), steps=3000)
    assert path.loss[-1] == pytest.approx(surface.lowest, abs=1e-4)
    assert (path.x[-1], path.y[-1]) == pytest.approx(surface.minimum, abs=0.02)


@pytest.mark.parametrize("condition", [0, -1.0, math.nan, "20", True])
def test_condition_outside_its_range(condition, refused):
    with refused(repr(condition), start="condition"):
        ravine(condition)


@pytest.mark.parametrize("name", ["rosenbrok", "", None])
def test_unknown_name(name, refused):
    with refused(repr(name)):
        surfaces.get(name)
    assert surfaces.get("ravine").name == "ravine"


# a network's decisions over a plane


@given(
    members=st.sampled_from([(), (3,), (2, 2)]),
    hidden=st.lists(st.integers(1, 5), max_size=2),
    classes=st.integers(1, 4),
    points=st.integers(2, 6),
)
def test_grid_is_the_network_at_every_point(members, hidden, classes, points):
    net = Network([2, *hidden, classes], "tanh")
    drawn = net.init(seed=range(math.prod(members)), dtype=torch.float64)
    params = {name: p.reshape(*members, *p.shape[1:]) for name, p in drawn.items()}
    grid = decision_grid(net, params, (-2, 1), (0, 3), points)
    assert grid.logits.shape == grid.probabilities.shape == (*members, points, points, classes)
    assert grid.sides.shape == (*members, points, points, sum(hidden))
    for i, j in ((0, 0), (points - 1, 0), (1, points - 1)):
        point = torch.stack([grid.x[j], grid.y[i]])[None]
        logits, _ = net.forward(params, point)
        torch.testing.assert_close(grid.logits[..., i, j, :], logits[..., 0, :])
        torch.testing.assert_close(grid.probabilities[..., i, j, :], logits[..., 0, :].softmax(-1))
        above = [layer.z[..., 0, :] > 0 for layer in net.trace(params, point)[:-1]]
        assert not above or torch.equal(grid.sides[..., i, j, :], torch.cat(above, -1))
    assert (grid.x[0], grid.x[-1], grid.y[0], grid.y[-1]) == (-2, 1, 0, 3)


def test_a_relu_network_is_flat_between_folds_and_a_tanh_network_is_not():
    """Along a row, equal sides on three neighbours mean that the middle logit is the mean of the other two."""
    bends = {}
    for name in ("relu", "leaky_relu", "tanh"):
        net = Network([2, 6, 6, 2], name)
        grid = decision_grid(net, net.init(seed=1, dtype=torch.float64), (-1, 1), (-1, 1), 60)
        flat = ((grid.sides[:, 2:] == grid.sides[:, :-2]) & (grid.sides[:, 1:-1] == grid.sides[:, :-2])).all(-1)
        bend = (grid.logits[:, 2:] - 2 * grid.logits[:, 1:-1] + grid.logits[:, :-2]).abs().amax(-1)
        assert 0.5 < flat.float().mean() < 1
        bends[name] = bend[flat].max().item()
    assert bends["relu"] < 1e-12
    assert bends["leaky_relu"] < 1e-12
    assert bends["tanh"] > 1e-4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"net": Network([3, 2])}, "the network must have 2 inputs"),
        ({"xlim": (1, 1)}, "xlim must"),
        ({"ylim": (0, math.inf)}, "ylim must"),
        ({"points": 1}, "points must"),
        ({"points": 2.5}, "points must"),
    ],
)
def test_grid_arguments_outside_their_range(changed, said, refused):
    given_net = changed.get("net", Network([2, 2]))
    arguments = {"net": given_net, "params": given_net.init(), "xlim": (-1, 1), "ylim": (-1, 1), "points": 5, **changed}
    with refused("", start=said):
        decision_grid(**arguments)
