"""History: selection, medians and bands over members, tables, divergence."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch

from nnlab import History, Network, ensemble, moons, polynomial
from nnlab.engine.optimizers import SGD
from nnlab.history import Curve

INF, NAN = torch.inf, torch.nan


def history(loss, **settings):
    """A record with these training losses (member, step); validation is measured at the start and at the end."""
    loss = torch.tensor(loss)
    looks, accuracy = torch.tensor([0, loss.shape[1]]), torch.linspace(0, 1, 2 * len(loss)).reshape(-1, 2)
    return History(
        settings=settings or {"seed": tuple(range(len(loss)))},
        params={"layer1.bias": torch.arange(len(loss)).unsqueeze(1)},
        curves={
            "loss": Curve(loss, torch.arange(loss.shape[1]), higher_is_better=False),
            "val_loss": Curve(loss[:, [0, -1]] + 0.5, looks, higher_is_better=False, part="val"),
            "val_accuracy": Curve(accuracy, looks, higher_is_better=True, part="val"),
        },
    )


def with_curve(members, name, values, higher_is_better=None):
    """The same record with one more curve, or another one, over its steps or its two evaluations."""
    part = "val" if values.shape[1] == 2 else "train"
    steps = members.evaluated if part == "val" else members.steps("loss")
    return dataclasses.replace(members, curves=members.curves | {name: Curve(values, steps, higher_is_better, part)})


GRID = history(
    [[3.0, 2.0, 1.0], [5.0, 4.0, 3.0], [1.0, 9.0, INF], [2.0, NAN, NAN]], lr=(0.1, 0.1, 1.0, 1.0), seed=(0, 1, 0, 1)
)


def test_diverged_and_repr():
    assert GRID.diverged.tolist() == [-1, -1, 2, 1]
    assert repr(GRID) == "History of 4 members (2 lrs, 2 seeds), 3 steps; 2 diverged"
    assert repr(GRID.select(lr=0.1)) == "History of 2 members (lr: 0.1, 2 seeds), 3 steps"
    ends_badly = with_curve(GRID, "loss", torch.ones(4, 3), higher_is_better=False)
    assert ends_badly.diverged.tolist() == [-1, -1, 3, 3]


def test_select_keeps_rows_together():
    chosen = GRID.select(lr=0.1, seed=1)
    assert len(chosen) == 1
    assert chosen.settings == {"lr": (0.1,), "seed": (1,)}
    for name in ("loss", "val_loss", "val_accuracy"):
        assert torch.equal(getattr(chosen, name), getattr(GRID, name)[1:2])
    assert torch.equal(chosen.params["layer1.bias"], torch.tensor([[1]]))
    assert torch.equal(GRID.select().loss[:2], GRID.loss[:2])
    assert len(GRID.select(seed=0)) == 2


@pytest.mark.parametrize("of", ["loss", "val_loss", "val_accuracy"])
@pytest.mark.parametrize("coverage", [0, 0.5, 0.8])
def test_median_and_band_are_numpys(of, coverage):
    members = history(np.random.default_rng(0).uniform(size=(7, 5)).tolist())
    curves, (low, high) = getattr(members, of).double().numpy(), members.band(of, coverage)
    assert members.median(of).tolist() == pytest.approx(np.median(curves, 0))
    assert low.tolist() == pytest.approx(np.quantile(curves, (1 - coverage) / 2, 0))
    assert high.tolist() == pytest.approx(np.quantile(curves, (1 + coverage) / 2, 0))
    assert len(members.steps(of)) == curves.shape[1]


def test_one_member_is_its_own_median_and_band():
    single = history([[3.0, 2.0]])
    assert single.median().tolist() == single.band()[0].tolist() == single.band()[1].tolist() == [3.0, 2.0]


def test_a_diverged_member_counts_as_the_worst():
    members = history([[1.0, 1.0], [2.0, NAN], [3.0, 3.0]])
    assert members.median().tolist() == [2.0, 3.0]
    assert members.band()[1].tolist() == [pytest.approx(3.0), INF]
    assert history([[NAN], [INF], [1.0]]).median().tolist() == [INF]


def test_what_is_the_worst_depends_on_the_curve():
    members = history([[1.0, 1.0], [2.0, NAN], [3.0, 3.0]])
    curves = torch.tensor([[0.5, 0.7], [0.6, NAN], [0.7, 0.9]])
    for name, higher in (("val_accuracy", True), ("val_mae", None), ("val_low", False), ("grad_norm", False)):
        members = with_curve(members, name, curves, higher)
    torch.testing.assert_close(members.median("val_accuracy"), torch.tensor([0.6, 0.7], dtype=torch.float64))
    torch.testing.assert_close(members.median("grad_norm"), torch.tensor([0.6, 0.9], dtype=torch.float64))
    torch.testing.assert_close(members.median("val_low"), torch.tensor([0.6, 0.9], dtype=torch.float64))
    assert members.band("val_accuracy")[0].tolist() == [0.5, -INF]  # of three, the nearest
    assert members.band("val_low")[1].tolist() == [pytest.approx(0.7), INF]
    mae = members.median("val_mae")  # here nobody said that lower is better, and 0 would be the best of all errors
    assert mae[0].item() == pytest.approx(0.6)
    assert mae[1].isnan()


def test_a_name_decides_nothing():
    """The same values under a name that promises something else: only what the curve says counts."""
    loss = torch.tensor([[1.0, 1.0, 1.0], [2.0, NAN, NAN], [3.0, 3.0, 3.0]])
    members = history(loss.tolist())
    misleading = with_curve(members, "val_loss_of_steps", loss, higher_is_better=True)
    assert misleading.steps("val_loss_of_steps").tolist() == [0, 1, 2]
    assert misleading.median("val_loss_of_steps").tolist() == [2.0, 1.0, 1.0]
    seen = with_curve(members, "accuracy", loss[:, :2], higher_is_better=False)
    assert seen.steps("accuracy").tolist() == [0, 3]
    assert seen.median("accuracy").tolist() == [2.0, 3.0]
    assert seen.to_frame()["accuracy"].dropna().tolist() == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_what_was_not_measured_is_not_there():
    trained = ensemble.train(Network([1, 4, 1]), polynomial(), SGD(), seeds=[0], steps=3)
    assert list(trained.curves) == ["loss", "val_loss"]
    assert "val_accuracy" not in trained.to_frame()
    with pytest.raises(AttributeError, match=r"val_accuracy must be .*\. Got only loss, val_loss\. Try val_loss\."):
        trained.val_accuracy  # noqa: B018


def test_frame_has_one_row_for_each_member_and_step(tmp_path):
    frame = GRID.to_frame()
    assert list(frame.columns) == ["member", "lr", "seed", "step", "loss", "val_loss", "val_accuracy"]
    assert len(frame) == 4 * 4
    for k in range(4):
        rows = frame[frame.member == k]
        assert rows.step.tolist() == [0, 1, 2, 3]
        assert rows.lr.unique().tolist() == [GRID.settings["lr"][k]]
        np.testing.assert_array_equal(rows.loss, [*GRID.loss[k].tolist(), math.nan])
        np.testing.assert_array_equal(rows.val_loss.iloc[[0, 3]], GRID.val_loss[k].double())
        assert rows.val_loss.iloc[[1, 2]].isna().all()
    GRID.to_csv(tmp_path / "history.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "history.csv"), frame)


@pytest.mark.parametrize(("of", "lr"), [("loss", 0.1), ("val_loss", 0.1), ("val_accuracy", 1.0)])
def test_the_best_setting_is_the_one_whose_median_ends_best(of, lr):
    best = GRID.best("lr", of=of)
    assert best.settings == {"lr": (lr, lr), "seed": (0, 1)}
    assert torch.equal(best.val_accuracy, GRID.select(lr=lr).val_accuracy)
    assert GRID.best("seed", of=of).settings["lr"] == (0.1, 1.0)


def test_of_equals_the_first_setting_is_best_and_one_that_diverged_never_is():
    members = history([[NAN], [1.0], [2.0], [1.0]], lr=(0.1, 0.2, 0.3, 0.4))
    assert members.best("lr", of="loss").settings["lr"] == (0.2,)


@pytest.mark.parametrize(("by", "of"), [("lrr", "loss"), ("lr", "losses"), ("lr", "speed")])
def test_the_best_of_what_nobody_knows(by, of, refused):
    with refused():
        with_curve(GRID, "speed", torch.ones(4, 3)).best(by, of=of)


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GRID.loss = torch.zeros(1, 1)


def test_select_finds_what_was_trained():
    trained = ensemble.train(Network([2, 2]), moons(), SGD(), seeds=[3, 4], steps=3, grid={"lr": [0.01, 0.1]})
    for lr in (0.01, 0.1):
        assert trained.select(lr=lr).settings == {"lr": (lr, lr), "seed": (3, 4)}


@pytest.mark.parametrize("settings", [{"lrr": 0.1}, {"lr": 0.2}, {"seed": "0"}, {"lr": None}])
def test_select_what_there_is_not(settings, refused):
    with refused():
        GRID.select(**settings)


@pytest.mark.parametrize("call", ["median", "band", "steps"])
@pytest.mark.parametrize("of", ["accuracy", "params", None])
def test_unknown_curve(call, of, refused):
    with refused(repr(of)):
        getattr(GRID, call)(of)


@pytest.mark.parametrize("coverage", [-0.1, 1.0, math.nan, "0.8"])
def test_coverage_outside_its_range(coverage, refused):
    with refused(repr(coverage)):
        GRID.band(coverage=coverage)
