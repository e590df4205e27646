"""A run by parts: its state is its own, its record and its evaluator work without it, nothing is drawn in secret."""

import copy
import inspect

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import BinaryAccuracy, BinaryF1Score

import nnlab
from nnlab.training import Run, own_randomness, train_epoch
from nnlab.training.evaluation import Evaluator
from nnlab.training.run.record import Record


def run_of(data=None, seed=0, **changes):
    """A run of a small network on moons that is described and has not begun."""
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.linspace(-1, 1, p.numel()).reshape(p.shape))
    description = {
        "model": model,
        "data": nnlab.moons(n=100) if data is None else data,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9),
        "loss": nn.CrossEntropyLoss(),
        "epochs": 4,
        "steps": None,
        "batch_size": 32 if data is None else None,
        "schedule": nnlab.schedules.TimeDecay(k=1.0),
        "metrics": None,
        "callbacks": [nnlab.EarlyStopping(3)],
        "clip_norm": 1.0,
        "seed": seed,
        "device": None,
    }
    return Run(**{**description, **changes})


def epochs(run, count):
    for _ in range(count):
        train_epoch(run)
        run.epoch += 1
        run.evaluate()
        run.step_schedule(each="epoch")
    return run


def same(one, other) -> bool:
    """Whether two states hold the same bits."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or one != one  # nan


def test_a_run_is_described_by_keywords():
    kinds = {p.kind for name, p in inspect.signature(Run).parameters.items()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_the_state_is_all_that_decides_how_it_goes_on():
    with own_randomness(0, torch.device("cpu")):
        run = epochs(run_of(), 2)
        state = copy.deepcopy(run.state_dict())
        end = epochs(run, 2).state_dict()
    other = run_of()
    with own_randomness(7, torch.device("cpu")):
        other.load_state_dict(state)
        assert (other.step, other.epoch, len(other.evaluations)) == (4, 2, 2)
        assert same(state, other.state_dict())
        assert same(end, epochs(other, 2).state_dict())


def test_a_state_that_does_not_fit_changes_neither_model_nor_optimizer():
    state = epochs(run_of(), 1).state_dict()
    for part in ({"schedule": None}, {"callbacks": []}, {"optimizer": {"state": {}, "param_groups": []}}):
        run = run_of()
        before = run_of().state_dict()
        with pytest.raises((ValueError, TypeError, AttributeError)):
            run.load_state_dict({**state, **part})
        assert same(run.model.state_dict(), before["model"])
        assert same(run.optimizer.state_dict(), before["optimizer"])
        assert run.step == 0


def test_no_mini_batch_is_drawn_in_secret():
    part = nnlab.moons(n=100).train

    class Counts(TensorDataset):
        drawn = 0

        def __getitem__(self, index):
            self.drawn += 1
            return super().__getitem__(index)

    samples = Counts(part.x, part.y)
    train_epoch(run_of(DataLoader(samples, 32, shuffle=True)))
    assert samples.drawn == len(part)


def test_the_loss_stays_the_same_function():
    run = run_of()
    before = run.loss
    epochs(run, 1)
    assert run.loss == before


def test_the_model_is_called_once_for_each_mini_batch():
    run, calls = run_of(), []
    run.model.register_forward_hook(lambda *_: calls.append(run.model.training))
    train_epoch(run)
    assert calls == [True, True]


def test_the_record_alone():
    metrics = {"accuracy": BinaryAccuracy(), "f1": BinaryF1Score()}
    evaluator = Evaluator(nn.CrossEntropyLoss(), metrics, torch.device("cpu"))
    record = Record(nn.Linear(2, 1), {"seed": 3, "clip_norm": None}, evaluator)
    assert len(record.history().to_frame()) == 1
    record.by_step["lr"] += [0.1, 0.2]
    record.losses += [torch.tensor(2.0)]  # the stop button came between the two
    record.evaluations += [{"step": 0, "val_loss": 3.0, "val_accuracy": 0.5, "val_f1": 0.25}]
    history = record.history()
    assert (record.step, record.latest("val_f1")) == (1, 0.25)
    assert history.settings == {"seed": (3,)}
    assert history.loss.tolist() == [[2.0]]
    assert history.extra["lr"].tolist() == [[pytest.approx(0.1)]]
    assert history.extra["val_f1"].tolist() == [[0.25]]
    assert record.directions() == {"loss": False, "val_loss": False, "val_accuracy": True, "val_f1": True, "lr": None}
    assert history.params["weight"].shape == (1, 1, 2)
    other = Record(nn.Linear(2, 1), {"seed": 3, "clip_norm": None}, evaluator)
    other.load_state_dict(record.state_dict())
    assert same(other.state_dict(), record.state_dict())


def test_the_evaluator_alone():
    data = nnlab.moons(n=100).val
    model, loss = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)), nn.CrossEntropyLoss()
    evaluator = Evaluator(loss, None, torch.device("cpu"))
    assert evaluator.look(model, iter([])) == {}
    seen = evaluator.look(model, zip(data.x.split(7), data.y.split(7), strict=True))
    with torch.no_grad():
        logits = model[0](data.x)
    assert seen["val_loss"] == pytest.approx(loss(logits, data.y).item(), rel=1e-5)
    assert seen["val_accuracy"] == pytest.approx((logits.argmax(-1) == data.y).float().mean().item())
    assert not model.training


def test_the_generator_of_a_device_without_cuda(monkeypatch):
    """A stand-in for Apple's: seeded inside, afterwards as it was, and part of what a checkpoint holds."""
    device, own = torch.device("mps"), torch.Generator().manual_seed(3)
    monkeypatch.setattr(torch.mps, "get_rng_state", own.get_state)
    monkeypatch.setattr(torch.mps, "set_rng_state", own.set_state)
    monkeypatch.setattr(torch.mps, "manual_seed", own.manual_seed)
    before, run = own.get_state(), run_of()
    run.device = device
    with own_randomness(5, device):
        assert own.initial_seed() == 5
        state = run.random_state()
        first = torch.rand(3, generator=own)
        run.set_random_state(state)
        assert torch.equal(torch.rand(3, generator=own), first)
    assert torch.equal(own.get_state(), before)


def test_callbacks_get_back_what_they_had_when_a_later_part_does_not_fit():
    state = epochs(run_of(), 1).state_dict()
    run = run_of()
    run.callbacks[0].best = 7.0
    with pytest.raises((AttributeError, TypeError)):
        run.load_state_dict({**state, "schedule": None})
    assert run.callbacks[0].best == 7.0
