"""The checkup names the fault, leaves healthy networks alone, and touches nothing."""

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import nnlab
from benchmarks.healthy_networks import NETWORKS
from nnlab.analysis.checkup.faults import FAULTS
from nnlab.analysis.checkup.order import ORDER


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def small(*, seed=0, last=()):
    """A healthy classifier of digits."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), *last)


DIGITS = nnlab.digits(standardize=True)
ENTROPY = nn.CrossEntropyLoss()


def examine(model=None, data=DIGITS, loss=ENTROPY, **script):
    return nnlab.checkup(small() if model is None else model, data, loss=loss, **script)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_alarm_on_healthy_networks(name):
    torch.manual_seed(1)
    model, data, loss = NETWORKS[name](1)
    report = nnlab.checkup(model, data, loss=loss, optimizer=adam, seed=1)
    assert report.alarms == []
    assert report.diagnosis == "healthy"
    assert len([f for f in report if f.state == "ok"]) >= 12


def test_no_alarm_on_a_healthy_script_and_on_a_trained_model():
    patient = nnlab.clinic.cure(nnlab.clinic.patient(7))
    report = patient.checkup()
    assert [f.check for f in report if f.state != "ok"] == ["saturated units"]
    trained = nnlab.checkup(patient.trained, patient.data, loss=patient.loss, optimizer=patient.optimizer)
    assert trained.alarms == []
    assert "trained already" in trained["first loss"].seen


class Noisy(Dataset):
    """Samples with noise from a generator of its own, and from numpy's and Python's global ones."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(3)
        self.asked = []

    def __len__(self):
        return 200

    def __getitem__(self, k):
        self.asked.append(k)
        noise = torch.randn(64, generator=self.generator) + np.random.randn() + random.random()  # noqa: NPY002
        return DIGITS.train.x[k] + 0.01 * noise, DIGITS.train.y[k]


class Counting(nn.Module):
    """Counts its calls, as a number and in a buffer, and draws from all generators."""

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.register_buffer("seen", torch.zeros(1))
        self.inner, self.norm, self.drop = nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Dropout(0.5)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        self.calls += 1
        self.seen += 1
        random.random(), np.random.rand()  # noqa: NPY002
        return self.out(self.drop(torch.relu(self.norm(self.inner(x)))))


def states(model, loader):
    """Everything that must stay, as bits."""
    return [
        *(value.clone() for value in model.state_dict().values()),
        *(p.grad.clone() for p in model.parameters() if p.grad is not None),
        *(torch.tensor([p.requires_grad for p in model.parameters()]),),
        torch.tensor([m.training for m in model.modules()]),
        torch.tensor(model.calls),
        torch.get_rng_state(),
        torch.tensor(np.random.get_state()[1].astype(np.int64)),  # noqa: NPY002
        torch.tensor(np.random.get_state()[2]),  # noqa: NPY002
        torch.tensor(random.getstate()[1]),
        loader.generator.get_state(),
        loader.dataset.generator.get_state(),
        torch.tensor(len(loader.dataset.asked)),
    ]


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_is_changed_bit_by_bit(broken):
    model, generator = Counting(), torch.Generator().manual_seed(5)
    model.drop.eval()
    model.out.bias.requires_grad_(False)
    loader = DataLoader(Noisy(), batch_size=50, shuffle=True, generator=generator)
    ENTROPY(model(DIGITS.train.x[:8]), DIGITS.train.y[:8]).backward()
    before, grad_enabled = states(model, loader), torch.is_grad_enabled()

    def step(model, optimizer, x, y):
        raise ArithmeticError("by intention")

    with torch.no_grad():
        report = examine(model, loader, optimizer=adam, predict=lambda m, x: m(x), step=step if broken else None)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled() == grad_enabled
    for was, now in zip(before, states(model, loader), strict=True):
        assert torch.equal(was, now)
    assert report["predictions"].fault == "eval mode forgotten"
    assert (report["weights move"].fault == "an error") == broken


@pytest.mark.parametrize("number", [3, 6, 7, 9])  # their own step, layer, predict, and loss; the others have no more
def test_patients_their_data_and_optimizers_stay_as_they_are(number):
    patient = nnlab.clinic.patient(number)
    model, data = patient.model, patient.data
    model.eval()
    tensors = [data.train.x, data.train.y, *model.state_dict().values()]
    before, rng = copy.deepcopy(tensors), torch.get_rng_state()
    nnlab.checkup(
        model, data, loss=patient.loss, optimizer=patient.optimizer, step=patient.step, predict=patient.predict
    )
    assert all(map(torch.equal, before, tensors))
    assert torch.equal(rng, torch.get_rng_state())
    assert not model.training
    assert all(p.grad is None for p in model.parameters())


def test_the_same_examination_gives_the_same_report():
    first, second = examine(optimizer=adam), examine(optimizer=adam)
    assert repr(first) == repr(second)
    assert first._repr_html_() == second._repr_html_()


@pytest.mark.parametrize(
    "data",
    [
        DIGITS,
        (DIGITS.train.x, DIGITS.train.y),
        (DIGITS.train.x.numpy(), DIGITS.train.y.numpy()),
        ((DIGITS.train.x, DIGITS.train.y), (DIGITS.val.x, DIGITS.val.y)),
        TensorDataset(DIGITS.train.x, DIGITS.train.y),
        DataLoader(TensorDataset(DIGITS.train.x, DIGITS.train.y), batch_size=64),
        (DataLoader(TensorDataset(DIGITS.train.x, DIGITS.train.y), batch_size=600), None),
    ],
)
def test_data_in_all_forms(data):
    report = examine(data=data)
    assert report.alarms == []
    assert report["inputs"].seen.startswith("512 samples of 64 numbers")


class Cut(nn.Module):
    """A layer whose bias is cut off by a function of your choice."""

    def __init__(self, cut):
        super().__init__()
        self.weight, self.bias, self.cut = nn.Parameter(0.1 * torch.randn(64, 10)), nn.Parameter(torch.ones(10)), cut

    def forward(self, x):
        return x @ self.weight + self.cut(self.bias)


class Always(nn.Module):
    """Dropout that does not know the mode."""

    def forward(self, x):
        return nn.functional.dropout(x, 0.5)


class Centred(nn.Module):
    """Takes away the mean of the batch, in every mode."""

    def forward(self, x):
        return x - x.mean(0)


def large(model, by):
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(by)
    return model


def still(model):
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)


def without_step(model, optimizer, x, y):
    optimizer.zero_grad()
    ENTROPY(model(x), y).backward()


def emptied_at_the_end(model, optimizer, x, y):
    model.train()
    ENTROPY(model(x), y).backward()
    optimizer.step()
    optimizer.zero_grad()


X, Y = DIGITS.train.x, DIGITS.train.y
MOONS = nnlab.moons().train
BINARY = TensorDataset(MOONS.x, MOONS.y.float()[:, None])
OTHER_FAULTS = {
    "nan": ({"data": (X.where(X < 2, torch.nan), Y)}, "inputs", "not finite"),
    "labels from 1": ({"data": (X, Y + 1)}, "labels", "labels out of range"),
    "one label": ({"data": (X, torch.zeros_like(Y))}, "labels", "labels not balanced"),
    "large inputs": ({"data": (300 * X, Y)}, "inputs", "inputs not normalized"),
    "targets shuffled": (
        {"model": nn.Sequential(nn.Linear(1, 9), nn.Tanh(), nn.Linear(9, 1), nn.Flatten(0)), "loss": nn.MSELoss(),
         "data": (torch.linspace(-1, 1, 300)[:, None], torch.randn(300, generator=torch.Generator().manual_seed(0)))},
        "inputs with labels", "labels shuffled against inputs",
    ),
    "sigmoid before BCE with logits": (
        {"model": nn.Sequential(nn.Linear(2, 9), nn.ReLU(), nn.Linear(9, 1), nn.Sigmoid()), "data": BINARY,
         "loss": nn.BCEWithLogitsLoss()},
        "softmax", "softmax before cross-entropy",
    ),
    "NLL of logits": ({"loss": nn.NLLLoss()}, "softmax", "log-softmax forgotten"),
    "mean over the batch": ({"model": small(last=[Centred()])}, "one answer for each sample",
                            "softmax over the wrong dimension"),
    "large weights": ({"model": large(small(), 20)}, "first loss", "first loss too high"),
    "detach": ({"model": Cut(torch.Tensor.detach)}, "gradients", "no gradient reaches a layer"),
    "unused": ({"model": Cut(lambda bias: 0.0)}, "gradients", "parameter without use"),
    "all frozen": ({"model": small().requires_grad_(False)}, "gradients", "nothing to train"),
    "optimizer of another model": ({"optimizer": still}, "weights move", "weights do not move"),
    "no optimizer.step()": ({"step": without_step}, "weights move", "weights do not move"),
    "tiny steps": ({"optimizer": lambda m: torch.optim.SGD(m.parameters(), lr=1e-5)}, "learning rate",
                   "learning rate too low"),
    "dropout in eval mode": ({"model": small(last=[Always()])}, "train and eval", "answers at random"),
    "saturated": ({"model": large(nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10)), 30)},
                  "saturated units", "saturated units"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_FAULTS)
def test_other_faults_have_names_too(name):
    arguments, check, fault = OTHER_FAULTS[name]
    report = examine(**arguments)
    assert report[check].fault == fault, report
    assert report[check].cause
    assert report[check].cure


def test_large_targets():
    line = torch.linspace(-1, 1, 300)
    model = nn.Sequential(nn.Linear(1, 9), nn.Tanh(), nn.Linear(9, 1), nn.Flatten(0))
    report = examine(model, (line[:, None], 1000 + 300 * line), nn.MSELoss())
    assert report["labels"].fault == "targets not normalized"
    assert report["first loss"].fault == "first loss too high"


def test_gradients_emptied_at_the_end_of_a_step_are_no_alarm():
    assert examine(step=emptied_at_the_end, optimizer=adam).alarms == []


def test_a_loss_that_explodes_and_comes_back_is_too_high_a_rate_too():
    finding = nnlab.clinic.patient(2, seed=10).checkup()["learning rate"]  # all units have died: the loss is 2.2 again
    assert finding.evidence["last"] < finding.evidence["first"]
    assert finding.fault == "learning rate too high"


def test_bad_data_stop_the_rest():
    report = examine(data=(X.where(X < 2, torch.nan), Y))
    assert report.diagnosis == "not finite"
    assert {f.state for f in report} == {"fault", "skipped"}


def test_lazy_layers_and_small_data():
    model = nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(10))
    assert examine(model).alarms == []
    assert isinstance(model[0].weight, nn.parameter.UninitializedParameter)
    report = examine(data=(X[:2], Y[:2]))
    assert report.alarms == []
    assert "only 2 samples" in report["overfit four"].seen


def test_the_report():
    report = examine(small(last=[nn.Softmax(1)]), optimizer=adam)
    assert [f.check for f in report] == list(ORDER)
    text, page = repr(report), report._repr_html_()
    assert text.startswith("Diagnosis: softmax before cross-entropy\n✓ inputs: ok.")
    for part in (FAULTS[report.diagnosis].cause, FAULTS[report.diagnosis].cure):
        assert " ".join(part.split()) in " ".join(text.split())
        assert part in page
    assert all(len(line) <= 110 for line in text.splitlines())
    assert report["time"].evidence["seconds"] > 0
    assert "seconds" not in text


def test_a_cause_comes_before_symptoms():
    report = nnlab.clinic.patient(8).checkup()
    states = [f.fault for f in report.alarms]
    assert states.index("cannot overfit") < states.index("zero initialization")
    assert report.diagnosis == "zero initialization"


def test_bad_arguments(refused):
    with refused("int", "model"):
        examine(3)
    with refused("str", "data"):
        examine(data="digits")
    with refused("Adam", "optimizer"):
        examine(optimizer=adam(small()))
    with refused("3", "step"):
        examine(step=3)
    with refused("-1", "seed"):
        examine(seed=-1)
    with refused("'frst loss'", "check"):
        examine()["frst loss"]
    model = small()
    model.kept = model(X[:2])
    with refused("Only Tensors", "model"):
        examine(model)


def test_a_model_that_does_not_fit_its_data_says_so_itself():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        examine(data=(X[:, :9], Y))
