"""A metric whose name says nothing: only its ``higher_is_better`` decides, from early stopping to the plot."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn
from torchmetrics import Metric

import nnlab
from nnlab import EarlyStopping, Network, fit, tracking

CURVE = [3.0, 2.0, 1.0, 2.0, 3.0]  # at its best after two epochs, lower or, with the other sign, higher


class Zebra(Metric):
    """Gives the values that it was given, one after the other."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def update(self, logits, y):
        pass

    def compute(self):
        return torch.tensor(next(self.values))


class LowZebra(Zebra):
    higher_is_better = False


class HighZebra(Zebra):
    higher_is_better = True


def trained(epochs=10, metric=None, **settings):
    """Two steps an epoch."""
    net = Network([2, 8, 2])
    model = nnlab.models.to_torch(net, net.init(seed=0))
    metrics = None if metric is None else {"zebra": metric}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss = nn.CrossEntropyLoss()
    return fit(model, nnlab.moons(n=100), optimizer=optimizer, loss=loss, epochs=epochs, batch_size=32, seed=0,
               metrics=metrics, progress=False, **settings)  # fmt: skip


def metric_for(higher):
    return HighZebra([-value for value in CURVE]) if higher else LowZebra(CURVE)


@pytest.mark.parametrize("higher", [True, False])
def test_the_best_weights_come_back(higher, tmp_path):
    model, stopping = nn.Linear(2, 2), EarlyStopping(2, of="val_zebra")
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    settings = {"optimizer": optimizer, "loss": nn.CrossEntropyLoss(), "batch_size": 32, "seed": 0}
    history = fit(model, nnlab.moons(n=100), epochs=10, metrics={"zebra": metric_for(higher)}, callbacks=[stopping],
                  checkpoint=tmp_path, progress=False, **settings)  # fmt: skip
    assert stopping.best_step == 4
    assert stopping.best == (-1 if higher else 1)
    assert history.evaluated.tolist() == [0, 2, 4, 6, 8]
    assert history.curves["val_zebra"].higher_is_better is higher
    best = nnlab.checkpoints.load(tmp_path / "best.pt")  # as documented, the lowest validation loss
    assert best["step"] == history.evaluated[1:][history.val_loss[0, 1:].argmin()]
    at_best = stopping.weights
    assert all(torch.equal(value, at_best[name]) for name, value in model.state_dict().items())
    assert not torch.equal(at_best["weight"], nnlab.checkpoints.load(tmp_path / "last.pt")["model"]["weight"])


def test_a_run_passes_on_what_its_metrics_say():
    says = {name: curve.higher_is_better for name, curve in trained(1, clip_norm=1.0).curves.items()}
    assert says == {"loss": False, "val_loss": False, "val_accuracy": True, "lr": None, "grad_norm": False}
    silent = trained(1, Zebra(CURVE)).curves
    assert list(silent) == ["loss", "val_loss", "val_zebra", "lr"]
    assert silent["val_zebra"].higher_is_better is None
    assert [curve.part for curve in silent.values()] == ["train", "val", "val", "train"]


def test_a_finished_run_that_is_resumed_still_knows(tmp_path):
    first = trained(2, checkpoint=tmp_path)
    again = trained(2, checkpoint=tmp_path)  # nothing is left to do, so nothing is looked at
    assert list(again.curves) == list(first.curves)
    assert [c.higher_is_better for c in again.curves.values()] == [c.higher_is_better for c in first.curves.values()]


@pytest.mark.parametrize("higher", [True, False])
def test_a_diverged_member_counts_as_the_worst(higher):
    runs = nnlab.history.concatenate([trained(4, metric_for(higher)) for _ in range(3)])
    curve = runs.curves["val_zebra"]
    lost = curve._replace(values=curve.values.clone())
    lost.values[0, 3:] = torch.nan
    runs = dataclasses.replace(runs, curves=runs.curves | {"val_zebra": lost})
    sign = -1 if higher else 1
    assert runs.median("val_zebra").tolist() == [sign * value for value in CURVE]
    low, high = runs.band("val_zebra", coverage=0.99)
    assert (low if higher else high).tolist() == [
        *(sign * value for value in CURVE[:3]),
        sign * torch.inf,
        sign * torch.inf,
    ]
    ax = nnlab.plots.plot_learning_curves(runs, Figure().add_subplot(), of="val_zebra")
    assert ax.get_ylabel() == "validation zebra"
    assert np.isfinite(ax.collections[0].get_paths()[0].vertices).all()


@pytest.mark.parametrize("metric", [LowZebra, HighZebra, Zebra])
def test_trackers_and_the_diagnosis(metric, tmp_path):
    record, board = tracking.CSV(tmp_path / "run.csv"), tracking.TensorBoard(tmp_path / "board", every=None)
    history = trained(4, metric(CURVE), callbacks=[record, board])
    history.to_csv(tmp_path / "again.csv")
    assert (tmp_path / "run.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert pd.read_csv(tmp_path / "run.csv")["val_zebra"].dropna().tolist() == CURVE
    found = tracking.read_scalars(tmp_path / "board")
    zebra = found[found.tag == "zebra"]
    assert set(zebra.run) == {"val"}
    assert zebra.value.tolist() == CURVE
    assert zebra.step.tolist() == history.evaluated.tolist()
    plain = nnlab.diagnosis.learning_curves(trained(4))
    assert repr(nnlab.diagnosis.learning_curves(history)) == repr(plain)
