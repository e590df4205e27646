"""decision_boundary: the training is torch's, the picture is the network's, and the pieces are counted right."""

import numpy as np
import pytest
import torch

from nnlab import models, plots, surfaces
from nnlab.engine.network import Network
from nnlab.explorers.decision_boundary import (
    ACTIVATIONS,
    DATA,
    DESCRIPTION,
    LR,
    POINTS,
    compute,
    count_pieces,
    network,
    problem,
    sentence,
    trained,
)
from nnlab.stage.drawing.picture import Picture

PICTURE = Picture(DESCRIPTION)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(("activation", "layers"), [("relu", 1), ("tanh", 2), ("gelu", 1)])
def test_training_is_torchs_adam(data, activation, layers):
    given, net = problem(data), network(data, activation, 6, layers)
    module = models.to_torch(net, net.init("he_normal", 3))
    optimizer = torch.optim.Adam(module.parameters(), lr=LR)
    curve = []
    for _ in range(26):
        loss = torch.nn.functional.cross_entropy(module(given.train.x), given.train.y)
        curve.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    training = trained(data, activation, 6, layers, 3, 25)
    assert [step for step, *_ in training.curve] == [0, 10, 20, 25]
    for step, loss, _ in training.curve:
        assert loss == pytest.approx(curve[step], rel=1e-3)


def test_a_path_continues_whatever_was_asked_before():
    longest = run(seed=5, steps=60)
    for steps in (0, 10, 25, 30, 60):
        curve = run(seed=5, steps=steps).curve
        assert curve[-1, 0] == steps
        on_the_way = curve[:-1] if steps % 10 else curve
        np.testing.assert_array_equal(on_the_way, longest.curve[: len(on_the_way)])


def test_the_image_is_the_network_on_the_grid():
    values = DESCRIPTION.values(steps=50, hidden=4)
    result = compute(**values)
    net = network("moons", "relu", 4, 1)
    params = trained("moons", "relu", 4, 1, 0, 50).params
    grid = surfaces.decision_grid(net, params, *DATA["moons"][1:], POINTS)
    np.testing.assert_allclose(result.image / 255, plots.decision_image(grid), atol=0.5001 / 255)
    np.testing.assert_array_equal(result.folds, plots.fold_lines(grid))
    right = (net.forward(params, problem("moons").val.x)[0].argmax(-1) == problem("moons").val.y).float().mean()
    assert result.accuracy[1] == pytest.approx(right.item())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_only_relu_and_its_leaky_sister_have_pieces(activation):
    result = run(activation=activation)
    assert (result.pieces > 1) == ("relu" in activation)
    assert ("flat pieces" in sentence(result)) == ("relu" in activation)


@pytest.mark.parametrize("hidden", range(1, 8))
def test_n_lines_make_at_most_one_plus_n_plus_n_over_two_pieces(hidden):
    """Lines in general position reach that number, if the view is wide enough; through one point they make 2 n."""
    net = Network([2, hidden, 2])
    params = net.init(seed=hidden, dtype=torch.float64)
    through_one_point = surfaces.decision_grid(net, params, (-1, 1), (-1, 1), 400)
    assert count_pieces(through_one_point.sides) <= 2 * hidden
    angle = torch.arange(1, hidden + 1, dtype=torch.float64) * torch.pi / (hidden + 1)
    params["layer1.weight"] = torch.stack([angle.cos(), angle.sin()])
    params["layer1.bias"] = 0.3 * torch.arange(1, hidden + 1, dtype=torch.float64) ** 2 / hidden
    wide = surfaces.decision_grid(net, params, (-40, 40), (-40, 40), 1200)
    assert count_pieces(wide.sides) == 1 + hidden + hidden * (hidden - 1) // 2


def test_before_training_all_folds_meet():
    assert run(steps=0, hidden=8).pieces == 16
    assert run(steps=0, hidden=3).pieces == 6


def test_samples_and_view_follow_the_data():
    for name, (_, xlim, ylim) in DATA.items():
        DESCRIPTION.update(PICTURE.artists, run(data=name, steps=0))
        left = PICTURE.figure.axes[0]
        assert (left.get_xlim(), left.get_ylim()) == (xlim, ylim)
        part = problem(name).train
        drawn = [len(line.get_xdata()) for line in PICTURE.artists["samples"]]
        assert drawn == part.y.bincount(minlength=3).tolist()
        assert (part.x[:, 0] > xlim[0]).all()
        assert (part.x[:, 0] < xlim[1]).all()
        assert (part.x[:, 1] > ylim[0]).all()
        assert (part.x[:, 1] < ylim[1]).all()


def test_the_sentence_counts():
    assert "1 hidden unit: after 10 steps" in sentence(run(hidden=1, steps=10))
    assert "8 hidden units in each of 2 layers" in sentence(run(layers=2))
    assert "every boundary is a straight line" in sentence(run(activation="identity"))
