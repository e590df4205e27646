"""frozen_layers: the networks are those of ensemble.train, and the presets say what compare says."""

import numpy as np
import pytest
import torch

from nnlab import compare, ensemble, tasks
from nnlab.engine.optimizers import Adam
from nnlab.explorers.frozen_layers import (
    BACKBONE,
    BATCH,
    DESCRIPTION,
    HEAD,
    NET,
    SEEDS,
    STEPS,
    compute,
    pretrained,
    problems,
    sentence,
    trained,
)


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def verdict(result, way=None):
    a, b = result.new[result.at, 1 + result.frozen if way is None else way], result.new[result.at, 0]
    return compare(a, b, higher_is_better=True).verdict


@pytest.mark.parametrize("frozen", [0, 2, 3])
def test_each_way_is_a_run_of_its_own(frozen):
    """The same start, samples and mini-batches in ``ensemble.train`` end with the same answers."""
    _, new = problems("digits 0 to 4")
    before, drawn = pretrained("digits 0 to 4"), NET.init(seed=range(1000, 1000 + SEEDS))
    start = {name: (drawn if name.startswith(HEAD) else before)[name] for name in drawn}
    settings = {"seeds": range(SEEDS), "steps": STEPS, "batch_size": BATCH, "eval_every": STEPS, "start": start}
    factors = {f"layer{k}": 0 for k in range(1, frozen + 1)}
    given = tasks.few(new, 10, range(SEEDS))
    history = ensemble.train(NET, given, Adam(lr=0.01), lr_factors=factors, **settings)
    _, accuracy = ensemble.evaluate(NET, history.params, new.test, lambda logits, y: (logits.sum((-1, -2)), None))
    found = run(frozen=frozen, per_class="10").new[-1, 1 + frozen]
    assert np.abs(found - accuracy.numpy()).mean() < 0.01  # rounding may turn a few of the 180 answers


def test_frozen_layers_keep_the_first_task_and_from_scratch_starts_at_chance():
    result = run()
    assert np.array_equal(result.old[-1, BACKBONE + 1], result.old[0, BACKBONE + 1])
    assert np.median(result.old[0, 1]) > 0.9
    assert np.median(result.old[-1, 1]) < 0.6
    assert np.median(result.new[0]) < 0.35


def test_what_the_presets_claim():
    assert verdict(run()) == "clearly better"
    many = run(per_class="50")
    assert verdict(many) == "clearly worse"
    tuned = run(per_class="50", frozen=0)
    assert verdict(tuned) == "clearly better"
    assert compare(tuned.old[-1, 1], tuned.old[0, 1], higher_is_better=True).verdict == "clearly worse"
    assert verdict(run(source="shuffled pixels", per_class="50")) == "clearly worse"


def test_the_shuffled_task_is_the_same_task_for_a_fully_connected_network():
    plain, shuffled = problems("digits 0 to 4")[0], problems("shuffled pixels")[0]
    assert torch.equal(plain.train.y, shuffled.train.y)
    ink = [task.train.x.mean(0).sort().values for task in (plain, shuffled)]
    torch.testing.assert_close(*ink, atol=0.02, rtol=0)
    assert not torch.allclose(plain.train.x.mean(0), shuffled.train.x.mean(0), atol=0.1)


def test_frozen_layers_and_steps_only_choose_what_is_shown():
    a, trainings = run(frozen=0, steps=10), trained.cache_info().misses
    b = run(frozen=3, steps=60)
    assert trained.cache_info().misses == trainings
    np.testing.assert_array_equal(a.new, b.new)
    assert (a.at, a.frozen, b.at, b.frozen) == (1, 0, 6, 3)


def test_the_sentence():
    said = sentence(run(frozen=1, steps=30))
    assert said.startswith("5 examples of each class, lr 0.01, first digits 0 to 4; 1 of 3 layers frozen, 30 steps: ")
    assert f", {verdict(run(frozen=1, steps=30))}; " in said
