"""Exercises of notebook 15: judged on real modules and optimizers of PyTorch, and what students write instead."""

import pytest
import torch
from torch import nn
from torchmetrics.functional import accuracy

from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.transfer_learning import AFTER, BEFORE, LABELS, network


def judge(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message, report


def on_the_module(model):
    model[0].requires_grad = False


def on_the_backbone(model):
    for layer in model[:-1]:
        layer.requires_grad_(False)


def all_but_the_last_two(model):
    for layer in model[:-3]:
        layer.requires_grad_(False)


def test_after_freezing_only_the_head_moves():
    model = network([4, 3, 3, 2], 0)
    find("15.1").solution(model)
    before = {name: p.clone() for name, p in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.cross_entropy(model(torch.ones(2, 4).double()), torch.tensor([0, 0])).backward()
    optimizer.step()
    moved = [name for name, p in model.state_dict().items() if not torch.equal(p, before[name])]
    assert moved == ["4.weight", "4.bias"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (on_the_backbone, None),
        (lambda model: model[:-1].requires_grad_(False), None),
        (on_the_module, "only makes a new attribute"),
        (lambda model: model.eval(), "only makes a new attribute"),
        (lambda model: model.requires_grad_(False), "everything is frozen"),
        (lambda model: model[-1].requires_grad_(False), "you froze the head"),
        (all_but_the_last_two, "wanted '4.weight, 4.bias'"),
    ],
)
def test_freeze(answer, said):
    judge("15.1", answer, said)


def halving(layers, lr, factor):
    return [{"params": layer.parameters(), "lr": lr * factor ** (2 - k)} for k, layer in enumerate(layers)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda layers, lr, f: tuple(find("15.2").solution(layers, lr, f)), None),
        (lambda layers, lr, f: find("15.2").solution(layers[::-1], lr, f), "the wrong way round"),
        (lambda layers, lr, f: [p for layer in layers for p in layer.parameters()], "wanted 0.025"),
        (lambda layers, lr, f: [{"params": layer.weight, "lr": lr} for layer in layers], "wanted 0.025"),
        (lambda layers, lr, f: [{"lr": lr} for _ in layers], "groups that torch.optim refuses"),
        (lambda layers, lr, f: print(end=""), "got None"),
        (halving, "0.2 times the wanted"),
    ],
)
def test_groups(answer, said):
    judge("15.2", answer, said)


def by_attribute(old, new):
    for k in (0, 2):
        if k < len(new) - 1:
            new[k].weight.data = old[k].weight.data


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda old, new: new[:-1].load_state_dict(old[:-1].state_dict()), None),
        (lambda old, new: new.load_state_dict(old.state_dict()), "size mismatch"),
        (lambda old, new: new.load_state_dict(new.state_dict()), "nothing was copied"),
        (by_attribute, "result 2 of 18"),
    ],
)
def test_copy(answer, said):
    if said == "size mismatch":
        said = "your function raised RuntimeError"
    judge("15.3", answer, said)


def test_forgetting_is_a_difference_of_torchmetrics():
    before, after = (accuracy(z, LABELS, task="multiclass", num_classes=5).double() for z in (BEFORE, AFTER))
    torch.testing.assert_close(find("15.4").solution(BEFORE, AFTER, LABELS), before - after, atol=1e-6, rtol=0)
    assert before - after > 0.2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda b, a, y: ((b.argmax(1) == y).float() - (a.argmax(1) == y).float()).mean().item(), None),
        (lambda b, a, y: ((a.argmax(1) == y).double() - (b.argmax(1) == y).double()).mean(), "the sign"),
        (lambda b, a, y: ((b.argmax(1) == y) & (a.argmax(1) != y)).double().mean(), "not what was won"),
        (lambda b, a, y: (b.argmax(1) == y).sum() - (a.argmax(1) == y).sum(), "Every number"),
    ],
)
def test_forgetting(answer, said):
    judge("15.4", answer, None if said is None else said if said != "Every number" else "wanted")
