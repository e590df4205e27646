"""repeated_search: the settings that nnlab.search would try, with many trials in a call, and the same scores."""

import math

import pytest
import torch

import nnlab
from nnlab import spaces

SPACE = {"lr": spaces.LogUniform(1e-4, 1), "beta1": spaces.OneMinusLogUniform(0.5, 0.99)}


def alone(lr, beta1):
    return abs(math.log10(lr) + 2) + beta1


def together(seeds, lr, beta1):
    return [alone(*pair) for pair in zip(lr, beta1, strict=True)]


@pytest.mark.parametrize("strategy", ["random", "grid", "bayesian"])
def test_each_repetition_is_the_search_with_that_seed(strategy):
    found = nnlab.repeated_search(together, SPACE, strategy=strategy, trials=12, seeds=[3, 0])
    assert len(found) == 2
    for trials, seed in zip(found, [3, 0], strict=True):
        one = nnlab.search(alone, SPACE, strategy=strategy, trials=12, seed=seed, workers=1, batch=1, progress=False)
        columns = ["trial", "lr", "beta1", "score", "state", "reason"]
        assert trials.table[columns].equals(one.table[columns])
        assert trials.table["seconds"].isna().all()


@pytest.mark.parametrize("at_once", [1, 5, 128])
def test_calls_are_no_longer_than_asked_for_and_carry_the_seeds(at_once):
    calls = []

    def objective(seeds, lr, beta1):
        calls.append(list(seeds))
        return together(seeds, lr, beta1)

    found = nnlab.repeated_search(objective, SPACE, trials=4, seeds=[7, 8, 9], at_once=at_once)
    assert max(map(len, calls)) == min(at_once, 12)
    assert sorted(seed for call in calls for seed in call) == [7] * 4 + [8] * 4 + [9] * 4
    whole = nnlab.repeated_search(together, SPACE, trials=4, seeds=[7, 8, 9])
    assert all(a.table["score"].equals(b.table["score"]) for a, b in zip(found, whole, strict=True))


def test_networks_in_one_pass_are_those_that_train_alone():
    data = nnlab.wine(seed=0)
    net = nnlab.Network([13, 4, 3])

    def val_loss(seeds, lr):
        adam = nnlab.optimizers.Adam(lr=torch.tensor(lr, dtype=torch.float64))
        setting = {"steps": 10, "batch_size": 16, "eval_every": 10}
        return nnlab.ensemble.train(net, data, adam, seeds=seeds, **setting).val_loss[:, -1]

    found = nnlab.repeated_search(val_loss, {"lr": SPACE["lr"]}, trials=3, seeds=[0, 1])
    for seed, trials in enumerate(found):
        for lr, score in zip(trials.table["lr"], trials.scores, strict=True):
            assert val_loss([seed], [lr]).item() == pytest.approx(score, rel=1e-4)


def test_a_space_may_depend_on_the_seed():
    found = nnlab.repeated_search(
        lambda seeds, lr: lr, lambda seed: {"lr": spaces.Uniform(seed, seed + 1)}, trials=5, seeds=[0, 10]
    )
    assert all(trials.table["lr"].between(seed, seed + 1).all() for trials, seed in zip(found, (0, 10), strict=True))


def test_a_trial_that_diverged_is_a_row_with_its_reason_and_bayesian_search_learns_from_it():
    def objective(seeds, lr):
        return [math.nan if one > 0.5 else math.inf if one > 0.3 else one for one in lr]

    for strategy in ("random", "bayesian"):
        (found,) = nnlab.repeated_search(
            objective, {"lr": spaces.Uniform(0, 1)}, strategy=strategy, trials=20, seeds=[0]
        )
        lost = found.table["lr"] > 0.3
        assert (found.table["state"] == lost.map({True: "diverged", False: "ok"})).all()
        assert set(found.table["reason"][lost]) <= {"the score is nan", "the score is inf"}
        assert found.best_score == found.table["lr"].min()


def test_a_higher_score_may_be_the_better_one():
    (found,) = nnlab.repeated_search(
        lambda seeds, lr: lr, {"lr": spaces.Uniform(0, 1)}, trials=9, seeds=[0], goal="higher"
    )
    assert found.best_score == found.table["lr"].max()


@pytest.mark.parametrize(
    ("changed", "start", "got"),
    [
        ({"objective": 3}, "objective", "3"),
        ({"objective": lambda seeds, lr, beta1: [1.0]}, "objective must return one score for each trial", "1 for 4"),
        ({"strategy": "best"}, "strategy", "'best'"),
        ({"goal": "up"}, "goal", "'up'"),
        ({"trials": 0}, "trials", "0"),
        ({"at_once": 0}, "at_once", "0"),
        ({"seeds": []}, "seeds", "[]"),
        ({"seeds": [1, 1]}, "seeds", "[1, 1]"),
        ({"seeds": 3}, "seeds", "3"),
        ({"seeds": [-1]}, "every seed", "-1"),
        ({"space": {}}, "space", "{}"),
        ({"space": {"seeds": SPACE["lr"]}}, "names in space", "'seeds'"),
        ({"space": lambda seed: [1]}, "space", "[1]"),
    ],
)
def test_what_cannot_be_used_is_refused(changed, start, got, refused):
    setting = {"objective": together, "space": SPACE, "trials": 2, "seeds": [0, 1]} | changed
    with refused(got, start):
        nnlab.repeated_search(setting.pop("objective"), setting.pop("space"), **setting)
