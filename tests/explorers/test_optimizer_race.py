"""optimizer_race: every racer is torch.optim's, arrivals and losses are counted right, and the presets say what is."""

import numpy as np
import pytest
import torch

from nnlab.explorers.optimizer_race import ARRIVED, DESCRIPTION, NAMES, compute, sentence
from nnlab.stage.drawing.picture import Picture

TWINS = {
    "SGD": torch.optim.SGD,
    "Momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "Nesterov": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "Adagrad": torch.optim.Adagrad,
    "RMSprop": torch.optim.RMSprop,
    "Adam": torch.optim.Adam,
    "Adamax": torch.optim.Adamax,
}


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def preset(label):
    return run(**next(preset.values for preset in DESCRIPTION.presets if preset.label == label))


@pytest.mark.parametrize("name", NAMES)
def test_a_racer_takes_the_path_of_torch(name):
    racer = run(lr=0.03, steps=100).racers[name]
    w = torch.tensor([racer.x[0], racer.y[0]], dtype=torch.float64, requires_grad=True)
    optimizer, path = TWINS[name]([w], lr=0.03), [w.tolist()]
    for _ in range(100):
        w.grad = torch.tensor([1.0, 20.0], dtype=torch.float64) * w.detach()
        optimizer.step()
        path.append(w.tolist())
    np.testing.assert_allclose(np.stack([racer.x, racer.y], 1), path, rtol=1e-9, atol=1e-12)


def test_who_arrives_stays_near_and_was_far_a_step_before():
    for racer in run(steps=200).racers.values():
        near = racer.loss <= ARRIVED * racer.loss[0]
        if racer.arrived is None:
            assert not near[-1] or racer.lost is not None
        else:
            assert near[racer.arrived :].all()
            assert not near[racer.arrived - 1]


def test_plain_descent_in_the_ravine_by_hand():
    """At lr 1 / 20 the steep direction is solved in one step, and x shrinks by 0.95 in every step."""
    racer = run(lr=0.05, steps=100).racers["SGD"]
    assert abs(racer.y[1]) < 1e-12
    np.testing.assert_allclose(racer.x, racer.x[0] * 0.95 ** np.arange(101))
    first = (racer.x[0] ** 2 + 20 * racer.y[0] ** 2) / 2
    wanted = next(t for t in range(1, 101) if (racer.x[0] * 0.95**t) ** 2 / 2 <= ARRIVED * first)
    assert racer.arrived == wanted == 50


def test_without_momentum_three_are_one():
    racers = run(momentum=0.0).racers
    for name in ("Momentum", "Nesterov"):
        np.testing.assert_array_equal(racers[name].loss, racers["SGD"].loss)


def test_who_is_lost_at_which_rate():
    def lost(lr):
        return {name for name, racer in run(lr=lr, steps=200).racers.items() if racer.lost is not None}

    assert lost(0.05) == set()
    assert lost(0.08) == {"Nesterov"}
    assert lost(0.15) == {"Nesterov", "SGD"}
    assert lost(0.25) == {"Nesterov", "SGD", "Momentum"}
    assert lost(1.0) == {"Nesterov", "SGD", "Momentum"}
    assert "diverged: SGD, Nesterov." in sentence(run(lr=0.15, steps=200))


def test_what_the_presets_claim():
    ravine = preset("ravine").racers
    assert abs(ravine["SGD"].y[1:]).max() < 1e-12  # on the floor at once
    assert np.sum(np.diff(np.sign(ravine["Momentum"].y)) != 0) >= 10  # swings
    assert abs(ravine["Momentum"].x[20]) < abs(ravine["SGD"].x[20])  # faster along it
    wild = preset("too large for SGD").racers
    assert wild["SGD"].lost is not None
    assert wild["Adam"].arrived is not None
    assert compute("Rosenbrock", 0.01, 0.9, 200).racers["SGD"].lost is not None  # ten times the preset's lr
    assert preset("Rosenbrock").racers["SGD"].lost is None


def test_the_picture_ends_where_the_racers_do():
    picture, result = Picture(DESCRIPTION), run(lr=0.15)
    DESCRIPTION.update(picture.artists, result)
    for end, racer in zip(picture.artists["ends"], result.racers.values(), strict=True):
        assert (end.get_xdata()[0], end.get_ydata()[0]) == (racer.x[-1], racer.y[-1])
    texts = [label.get_text() for label in picture.artists["labels"]]
    racers = result.racers.values()
    fates = [" lost" if r.lost is not None else " \u2193" if r.loss[-1] < 1e-8 else "" for r in racers]
    assert texts == [name + fate for name, fate in zip(result.racers, fates, strict=True)]


def test_a_line_that_falls_below_the_picture_leaves_it_and_its_label_says_so():
    picture, result = Picture(DESCRIPTION), run(lr=0.15)
    picture.show(result)
    line, label = (picture.artists[name][NAMES.index("RMSprop")] for name in ("losses", "labels"))
    assert line.get_ydata()[-1] == result.racers["RMSprop"].loss[-1] < line.axes.get_ylim()[0]
    assert label.get_text() == "RMSprop \u2193"
