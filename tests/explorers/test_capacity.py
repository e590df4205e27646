"""capacity: networks padded with zeros train like networks of their own width, and the presets say what happens."""

import numpy as np
import pytest
import torch

import nnlab
from nnlab import data, ensemble, losses
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Adam
from nnlab.explorers.capacity import (
    BATCH,
    DESCRIPTION,
    FIFTH,
    LR,
    MEASURED,
    SEEDS,
    SHAPES,
    STEPS,
    WIDTHS,
    compute,
    first_params,
    problem,
    sentence,
    trained,
)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@pytest.mark.parametrize(("shape", "width"), [("one layer", 4), ("two layers", 16), ("bottleneck of 2", 8)])
def test_a_padded_network_trains_like_one_of_its_own_width(shape, width):
    """The same first weights and mini-batches in ``ensemble.train`` end with the same answers."""
    part, val = problem("300", True)
    given = data.Dataset("digits", part, val, val, 10)
    net = Network(SHAPES[shape](width), "tanh")
    history = ensemble.train(net, given, Adam(lr=LR), seeds=range(SEEDS), steps=STEPS, batch_size=BATCH)
    training, validation = trained("300", True, shape)
    k = WIDTHS.index(width)
    # rounding is another one, and after 300 steps it may turn a few of the 360 answers
    np.testing.assert_allclose(validation[-1, k], 1 - history.val_accuracy[:, -1], atol=0.025)
    assert np.abs(validation[-1, k] - 1 + history.val_accuracy[:, -1].numpy()).mean() < 0.01
    seen = data.Split(part.x[:MEASURED], part.y[:MEASURED])
    _, accuracy = ensemble.evaluate(net, history.params, seen, losses.cross_entropy)
    np.testing.assert_allclose(training[-1, k], 1 - accuracy, atol=0.025)


@pytest.mark.parametrize("shape", SHAPES)
def test_zero_units_stay_zero(shape):
    net, params = Network(SHAPES[shape](WIDTHS[-1]), "tanh"), first_params(shape)
    zero = {name: p == 0 for name, p in params.items() if name.endswith("weight")}
    part, _ = problem("300", False)
    optimizer = Adam(lr=LR)
    state = optimizer.init(params)
    for _ in range(3):
        logits, cache = net.forward(params, part.x[:50])
        _, dlogits = losses.cross_entropy(logits, part.y[:50])
        params, state = optimizer.update(params, net.backward(params, cache, dlogits), state)
    for name, was_zero in zero.items():
        assert torch.equal(params[name] == 0, was_zero), name
    for k, width in enumerate(WIDTHS):
        used = (params["layer1.weight"][k * SEEDS] != 0).any(0).sum()
        assert used == width


def test_every_fifth_label_is_wrong_and_no_other():
    for samples in ("300", "all 1,077"):
        clean, spoiled = problem(samples, False)[0].y, problem(samples, True)[0].y
        wrong = (clean != spoiled).nonzero().flatten()
        assert wrong.tolist() == list(range(0, len(clean), FIFTH))
        assert spoiled.min() >= 0
        assert spoiled.max() <= 9


def test_what_the_presets_claim():
    def medians(**values):
        result = run(**values)
        return np.median(result.training, 2), np.median(result.validation, 2)

    training, validation = medians()
    assert (training[-1, 3:] == 0).all()
    assert validation[-1, 6] <= validation[-1, 3]
    assert min(training[-1, 1], validation[-1, 1]) > 0.4
    _, spoiled = medians(wrong=True)
    assert spoiled[-1, 6] > spoiled[2, 6] + 0.05  # 40 steps
    assert run(wrong=True).validation[2, 6].max() < run(wrong=True).validation[-1, 6].min()
    assert (medians(wrong=True, samples="all 1,077")[0][-1] > 0.19).all()
    assert longer(3000).max() < 0.05  # so it is the 300 steps that are too few
    narrow, free = (medians(shape=s, samples="all 1,077")[1][-1] for s in ("bottleneck of 2", "two layers"))
    assert narrow.min() > 3 * free.min()


def longer(steps):
    """The training errors of two networks of the preset "more samples" after more than 300 steps, (member,)."""
    part, val = problem("all 1,077", True)
    net, given = Network([64, 64, 10], "tanh"), data.Dataset("digits", part, val, val, 10)
    history = ensemble.train(net, given, Adam(lr=LR), seeds=range(2), steps=steps, batch_size=BATCH, eval_every=steps)
    return 1 - ensemble.evaluate(net, history.params, part, losses.cross_entropy)[1]


def test_steps_and_width_only_choose_what_is_shown():
    a, trainings = run(width="2", steps=20), trained.cache_info().misses
    b = run(width="64", steps=300)
    assert trained.cache_info().misses == trainings
    np.testing.assert_array_equal(a.training, b.training)
    np.testing.assert_array_equal(a.validation, b.validation)
    assert (a.at, a.chosen, b.at, b.chosen) == (1, 1, 15, 6)


def test_the_sentence():
    result = run(width="1", steps=0)
    assert ", 1 unit, 0 steps: training error " in sentence(result)
    apart = result._replace(validation=np.full((16, 7, 5), 0.5), at=3)
    apart.validation[3, 4] = 0.1
    apart.validation[3, 5] = [0.1, 0.5, 0.5, 0.5, 0.5]
    apart.validation[3, 6] = 0.11
    end = "validation error 50% (medians of 5 seeds); the lowest median of all widths is at 16 units."
    assert sentence(apart).endswith(end), "five seeds decide nothing, and that they overlap proves no equality"


@pytest.mark.parametrize(
    ("wrong", "a", "b", "verdicts"),
    [
        (False, (64, 300), (8, 300), {"clearly better", "no clear difference"}),  # more units do no harm
        (True, (64, 40), (64, 300), {"clearly better"}),  # stop earlier
    ],
)
def test_what_the_presets_compare_holds_in_pairs(wrong, a, b, verdicts):
    """Five seeds are a picture; a claim needs 16 pairs."""
    part, val = problem("300", wrong)
    given = data.Dataset("digits", part, val, val, 10)
    runs = (
        ensemble.train(
            Network([64, width, 10], "tanh"), given, Adam(lr=LR), seeds=range(16), steps=steps, batch_size=BATCH,
            eval_every=steps,
        )
        for width, steps in (a, b)
    )  # fmt: skip
    assert nnlab.compare(*runs, of="val_accuracy").verdict in verdicts
