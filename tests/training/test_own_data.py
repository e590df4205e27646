"""Data as people have them, batches of any form, targets of any number kind: each works, or is told what to do."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data import Dataset as TorchDataset

import nnlab
from nnlab import Callback, EarlyStopping, Network, Split, fit

MOONS = nnlab.moons(n=100)


def classifier(outputs=2):
    net = Network([2, 8, outputs])
    return nnlab.models.to_torch(net, net.init(seed=0))


def trained(data, model=None, **settings):
    model = classifier() if model is None else model
    optimizer = settings.pop("optimizer", None) or torch.optim.SGD(model.parameters(), lr=0.1)
    chosen = {"loss": "cross_entropy", "epochs": 2, "seed": 0, "progress": False, "batch_size": 32, **settings}
    return fit(model, data, optimizer=optimizer, **chosen)


def pair(part, form):
    return form(part.x), form(part.y)


FORMS = {
    "tensors": lambda part: pair(part, torch.clone),
    "a list of them": lambda part: list(pair(part, torch.clone)),
    "float64": lambda part: (part.x.double(), part.y),
    "arrays": lambda part: pair(part, lambda tensor: tensor.double().numpy() if tensor.ndim == 2 else tensor.numpy()),
    "small whole numbers": lambda part: (part.x.numpy(), part.y.numpy().astype(np.uint8)),
    "labels that are bools": lambda part: (part.x.numpy(), part.y.numpy() == 1),
    "tables": lambda part: (pd.DataFrame(part.x.numpy(), columns=["a", "b"]), pd.Series(part.y.numpy())),
    "a split": lambda part: part,
    "a TensorDataset": lambda part: TensorDataset(part.x, part.y),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_in_memory(form):
    """With and without validation data, in any form: the bits of a Dataset."""
    make = FORMS[form]
    usual = trained(MOONS)
    assert torch.equal(trained(make(MOONS.train)).loss, usual.loss)
    both = trained((make(MOONS.train), make(MOONS.val)))
    assert torch.equal(both.loss, usual.loss)
    assert torch.equal(both.val_loss, usual.val_loss)
    assert torch.equal(both.val_accuracy, usual.val_accuracy)


def test_arrays_of_whole_numbers_are_measurements():
    x = np.arange(60).reshape(30, 2)
    assert trained((x, x[:, 0] % 2), batch_size=None).loss.isfinite().all()
    assert trained((x, x[:, :1] * 0.5), classifier(1), loss="mse", batch_size=30).loss.isfinite().all()


def test_a_model_of_float64():
    assert trained((MOONS.train.x.numpy(), MOONS.train.y), classifier().double()).loss.isfinite().all()
    assert trained(MOONS, classifier().double()).loss.isfinite().all()


FIRST_LAYERS = {  # a first layer and inputs of numbers that it cannot take
    "float64": (nn.Linear(2, 4), torch.rand(8, 2).double()),
    "whole numbers": (nn.Linear(2, 4), torch.ones(8, 2).long()),
    "pixels": (nn.Conv2d(1, 4, 1), torch.ones(8, 1, 2, 2).byte()),
    "a norm": (nn.LayerNorm(2), torch.rand(8, 2).double()),
    "words": (nn.Embedding(4, 4), torch.ones(8, 2)),
}


@pytest.mark.parametrize("what", FIRST_LAYERS)
def test_numbers_of_another_kind_than_the_weights(what, refused):
    """From a DataLoader the numbers come as they are: the sentence names a cure, and the cure works."""
    layer, x = FIRST_LAYERS[what]
    model, y = nn.Sequential(layer, nn.Flatten(), nn.LazyLinear(2)), torch.arange(8) % 2
    cured = x.long() if what == "words" else x.to(torch.float32)
    model(cured)  # a lazy layer must have its size before the optimizer sees it
    with refused("another kind", "a layer's inputs must be numbers of the kind of its weights", TypeError):
        trained(DataLoader(TensorDataset(x, y), 4), model, batch_size=None)
    assert trained(DataLoader(TensorDataset(cured, y), 4), model, batch_size=None).loss.isfinite().all()


WRONG = {
    "text": ((np.array([["a", "b"]] * 4), np.zeros(4)), "<U1 with", "x must hold numbers", TypeError),
    "labels that are words": ((np.zeros((2, 2)), pd.Series(["cat", "dog"])), "", "y must hold numbers", TypeError),
    "nan": ((np.array([[np.nan, 1.0]]), np.zeros(1)), "1 nan", "x must be finite", ValueError),
    "too few targets": ((np.zeros((3, 2)), np.zeros(2)), "x (3, 2) and y (2,)", "a split must have one", ValueError),
    "three parts": ([MOONS.train] * 3, "list of Split, Split, Split", "data must be an nnlab.Dataset", TypeError),
    "inputs only": (MOONS.train.x, "Tensor", "data must be an nnlab.Dataset", TypeError),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_data_is_told_so(what, refused):
    data, value, rule, error = WRONG[what]
    with refused(value, rule, error):
        trained(data)


class Rows(TorchDataset):
    """Samples in a form of one's own."""

    def __init__(self, row, part=MOONS.train):
        self.row, self.part = row, part

    def __len__(self):
        return len(self.part)

    def __getitem__(self, k):
        return self.row(self.part.x[k], self.part.y[k])


class Sum(nn.Module):
    """Two inputs, one of which may be named."""

    def __init__(self):
        super().__init__()
        self.inner = classifier()

    def forward(self, left, right):
        return self.inner(torch.stack([left, right], 1))


def weighted(logits, target):
    y, weight = target
    return (functional.cross_entropy(logits, y, reduction="none") * weight).sum() / weight.sum()


BATCHES = {
    "dictionaries": (lambda x, y: {"x": x, "label": y}, lambda b: (b["x"], b["label"]), classifier, "cross_entropy"),
    "with weights": (lambda x, y: (x, y, 1.0), lambda b: (b[0], (b[1], b[2])), classifier, weighted),
    "several inputs": (lambda x, y: (x[0], x[1], y), lambda b: ((b[0], b[1]), b[2]), Sum, "cross_entropy"),
    "inputs in a list": (lambda x, y: ([x[0], x[1]], y), lambda b: b, Sum, "cross_entropy"),
    "named inputs": (
        lambda x, y: ({"right": x[1], "left": x[0]}, y), lambda b: (b[0], b[1]), Sum, "cross_entropy"),
}  # fmt: skip


@pytest.mark.parametrize("form", BATCHES)
def test_batches_of_any_form(form, tmp_path):
    row, unpack, model, loss = BATCHES[form]
    data = DataLoader(Rows(row), 32), DataLoader(Rows(row, MOONS.val), 7)
    board = nnlab.tracking.TensorBoard(tmp_path / "board", every=1)
    made = model()
    history = trained(data, made, loss=loss, unpack=unpack, batch_size=None, callbacks=[board, EarlyStopping(9)])
    usual = trained(tuple(DataLoader(TensorDataset(p.x, p.y), 32) for p in (MOONS.train, MOONS.val)), batch_size=None)
    torch.testing.assert_close(history.loss, usual.loss)
    torch.testing.assert_close(history.val_loss, usual.val_loss)
    assert not made._forward_pre_hooks


def test_a_tensor_dataset_with_weights_stays_in_memory():
    parts = [TensorDataset(p.x, p.y, torch.ones(len(p))) for p in (MOONS.train, MOONS.val)]
    history = trained(parts, loss=weighted, unpack=lambda b: (b[0], (b[1], b[2])))
    torch.testing.assert_close(history.loss, trained(MOONS).loss)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (lambda x, y: {"x": x, "label": y}, "a dictionary with 'x', 'label'. Try fit(..., unpack=lambda batch: (batch"),
        (lambda x, y: (x, y, 1.0), "list of 3. Try fit(..., unpack=lambda batch: (batch[0], batch[-1]))"),
        (lambda x, y: x, "Tensor"),
        (lambda x, y: ([x, x], y), "a pair of list and Tensor. Try fit(..., unpack"),
    ],
)  # fmt: skip
def test_a_batch_that_is_no_pair_is_told_how_to_unpack_it(row, value, refused):
    with refused(value, "a batch must be a pair", TypeError):
        trained(DataLoader(Rows(row), 32), batch_size=None)
    with refused("3", "unpack must be a function", TypeError):
        trained(MOONS, unpack=3)
    with refused("Tensor", "a batch must be a pair", TypeError):
        trained(MOONS, unpack=lambda batch: batch[0])


class TestTargets:
    @pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.uint8, torch.float64])
    @pytest.mark.parametrize("loss", [nn.BCEWithLogitsLoss(), nn.MSELoss(), functional.l1_loss, nn.HuberLoss()])
    def test_zeros_and_ones_of_any_kind(self, loss, kind):
        model = nn.Sequential(classifier(1), nn.Flatten(0))
        usual = trained((MOONS.train.x, MOONS.train.y.float()), model, loss=loss)
        model = nn.Sequential(classifier(1), nn.Flatten(0))
        assert torch.equal(trained((MOONS.train.x, MOONS.train.y.to(kind)), model, loss=loss).loss, usual.loss)

    @pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.float32])
    @pytest.mark.parametrize(
        "loss",
        [nn.BCEWithLogitsLoss(), nn.MSELoss(), nn.L1Loss(), nn.CrossEntropyLoss(), lambda z, y: ((z - y) ** 2).mean()],
    )
    def test_one_column_against_none_is_refused(self, loss, kind, refused):
        if kind == torch.bool and not isinstance(loss, nn.Module):
            loss = nn.MSELoss()  # a bool cannot be subtracted
        with refused("(32, 1) and (32,). Try nn.Sequential(model, nn.Flatten(0))", "outputs and "):
            trained((MOONS.train.x, MOONS.train.y.to(kind)), classifier(1), loss=loss)

    def test_a_loss_that_takes_care_of_it_is_not(self):
        def own(logits, y):
            return functional.binary_cross_entropy_with_logits(logits[:, 0], y.float())

        history = trained(MOONS, classifier(1), loss=own)
        usual = trained(MOONS, classifier(1), loss="binary_cross_entropy")
        torch.testing.assert_close(history.loss, usual.loss)
        torch.testing.assert_close(history.val_accuracy, usual.val_accuracy)

    @pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.float32])
    def test_no_column_against_one_is_refused(self, kind, refused):
        model = nn.Sequential(classifier(1), nn.Flatten(0))
        with refused("(32,) and (32, 1)", "outputs and "):
            trained((MOONS.train.x, MOONS.train.y.to(kind)[:, None]), model, loss=nn.MSELoss())

    @pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.int32])
    def test_small_class_numbers(self, kind):
        loss = nn.CrossEntropyLoss()
        usual = trained(MOONS, loss=loss).loss
        assert torch.equal(trained((MOONS.train.x, MOONS.train.y.to(kind)), loss=loss).loss, usual)

    def test_what_one_output_makes_of_a_wrong_loss(self, refused):
        for loss, rule in (
            (lambda z, y: z[:, 0] * y, "loss must give one number"),
            (lambda z, y: None, "loss must give"),
        ):
            with refused("", rule):
                trained(MOONS, classifier(1), loss=loss)

    def test_class_numbers_are_left_alone(self):
        loss = nn.MultiLabelMarginLoss()
        y = torch.tensor([[0, -1]]).repeat(32, 1)
        assert trained((MOONS.train.x[:32], y), loss=loss).loss.isfinite().all()


class TestBatchNorm:
    def model(self):
        return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))

    def test_a_last_batch_of_one(self, refused):
        with refused("one with a single sample", "every mini-batch must have at least two samples"):
            trained(MOONS, self.model(), batch_size=59)  # 60 samples
        try:
            trained((MOONS.train.x[:33], MOONS.train.y[:33]), self.model())
        except ValueError as error:
            size = int(str(error).split("batch_size=")[1].rstrip("."))
        assert size == 33
        assert trained((MOONS.train.x[:33], MOONS.train.y[:33]), self.model(), batch_size=size).loss.shape == (1, 2)
        with refused("one with a single sample, the last of the epoch. Try DataLoader(..., drop_last=True)"):
            trained(DataLoader(TensorDataset(MOONS.train.x, MOONS.train.y), 59), self.model(), batch_size=None)

    def test_another_error_is_what_it_was(self):
        class Breaks(Callback):
            def on_step(self, run):
                raise ValueError("out of ink")

        with pytest.raises(ValueError, match=r"^out of ink$"):
            trained(MOONS, callbacks=[Breaks()])


class TestOptimizers:
    def test_lbfgs(self, refused):
        model = classifier()
        with refused("LBFGS", "optimizer must make a step from one gradient", TypeError):
            trained(MOONS, model, optimizer=torch.optim.LBFGS(model.parameters()))

    def test_a_rate_that_is_a_tensor_is_recorded_as_it_was(self):
        model = classifier()
        optimizer = torch.optim.AdamW(model.parameters(), lr=torch.tensor(0.1))
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        history = trained(MOONS, model, optimizer=optimizer, schedule=schedule, batch_size=30)
        assert history.extra["lr"][0].tolist() == pytest.approx([0.1, 0.1, 0.05, 0.05])

    @pytest.mark.parametrize(
        ("length", "counted", "fits"),
        [(10, {"steps": 10}, True), (5, {"epochs": 5}, True), (10, {"epochs": 5}, False), (7, {"steps": 10}, False)],
    )
    def test_one_cycle_counts_what_you_count(self, length, counted, fits, refused):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=length)
        settings = {"optimizer": optimizer, "schedule": schedule, "batch_size": 30, "epochs": None, **counted}
        if fits:
            rates = trained(MOONS, model, **settings).extra["lr"][0]
            assert rates.max() == pytest.approx(0.5, rel=0.1)
            assert rates[-1] < 0.2
        else:
            with refused(f"the length {length}. Try ", "schedule must be as long as the run"):
                trained(MOONS, model, **settings)

    def test_a_formula_that_is_refused_leaves_the_optimizer_as_it_was(self, refused):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        before = optimizer.state_dict()
        with refused("the length 24", "schedule must be as long as the run"):
            trained(MOONS, model, optimizer=optimizer, batch_size=5, schedule=nnlab.schedules.Cosine(24))
        assert optimizer.state_dict() == before

    def test_a_length_in_steps_where_epochs_are_counted(self, refused):
        with refused("the length 24. Try steps=24 instead of epochs", "schedule must be as long as the run"):
            trained(MOONS, batch_size=5, schedule=nnlab.schedules.Cosine(24))  # 12 mini-batches in each of 2 epochs
        assert trained(MOONS, batch_size=5, schedule=nnlab.schedules.Cosine(30)).loss.shape == (1, 24)


class TestMoments:
    @pytest.mark.parametrize(
        ("name", "nearest"),
        [("on_epoch_end", "on_evaluate"), ("on_train_begin", "on_start"), ("on_train_batch_end", "on_step"),
         ("on_steps", "on_step"), ("onStep", "on_step"), ("on_evalute", "on_evaluate"), ("on_fit_end", "on_end")],
    )  # fmt: skip
    def test_one_that_a_run_does_not_have(self, name, nearest, refused):
        callback = type("Mine", (Callback,), {name: lambda self, run: None})()
        with refused(repr(name), "a moment of Mine must be one of on_start, on_step, on_evaluate, on_end"):
            trained(MOONS, callbacks=[callback])
        with pytest.raises(ValueError, match=f"Did you mean '{nearest}'"):
            trained(MOONS, callbacks=[callback])

    @pytest.mark.parametrize("given", [EarlyStopping, [EarlyStopping], EarlyStopping(), [print]])
    def test_what_is_no_list_of_callbacks(self, given, refused):
        with refused("", "callbacks must be a list of nnlab.Callback objects", TypeError):
            trained(MOONS, callbacks=given)

    def test_methods_of_ones_own_are_ones_own(self):
        callback = type("Mine", (Callback,), {"once": lambda self: None, "evaluate": lambda self: None, "step": 3})()
        assert trained(MOONS, callbacks=(callback,)).loss.shape == (1, 4)


def test_a_split_is_a_part():
    assert trained((MOONS.train, Split(MOONS.val.x, MOONS.val.y))).val_loss.shape == (1, 3)
