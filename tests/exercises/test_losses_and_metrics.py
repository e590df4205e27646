"""Exercises of notebook 03: the answers are torch's, whatever their form, and wrong ones are told why."""

import itertools
import math

import pytest
import torch
from torch.nn import functional as F
from torchmetrics.classification import MulticlassAccuracy

from nnlab import exercises
from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.losses_and_metrics import LARGE, N


def hinge_by_autograd(scores, y):
    leaf = scores.clone().requires_grad_()
    return torch.autograd.grad(scores.shape[1] * F.multi_margin_loss(leaf, y), leaf)[0]


def huber_by_autograd(prediction, y, delta):
    leaf = prediction.clone().requires_grad_()
    return torch.autograd.grad(F.huber_loss(leaf, y, delta=delta, reduction="sum"), leaf)[0]


def by_torchmetrics(batches):
    metric = MulticlassAccuracy(num_classes=3, average="micro")
    for logits, y in batches:
        metric.update(logits, y)
    return metric.compute()


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("03.1", lambda z: z - torch.logsumexp(z, 1, keepdim=True)),
        ("03.3", -math.log(math.e / (math.e + 1))),
        ("03.3", F.cross_entropy(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))),
        ("03.3", 0.313),
        ("03.4", huber_by_autograd),
        ("03.5", by_torchmetrics),
    ],
)
def test_what_torch_says_is_correct(id, answer):
    assert find(id).check(answer).status == CORRECT


def student_log_softmax(z):
    p = torch.exp(z) / torch.exp(z).sum(dim=1, keepdim=True)
    return torch.log(p)


def student_hinge(scores, y):
    near = (1 + scores - scores.gather(1, y[:, None]) > 0).double()
    near[range(len(y)), y] = 0
    near[range(len(y)), y] = -near.sum(1)
    return near


def student_huber(prediction, y, delta):
    e = prediction - y
    return torch.where(e.abs() < delta, e, torch.sign(e))


def student_accuracy(batches):
    shares = [(logits.argmax(1) == y).float().mean() for logits, y in batches]
    return torch.stack(shares).mean().item()


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("03.1", student_log_softmax, "overflows"),
        ("03.1", lambda z: torch.log_softmax(z, 0), "dim=-1"),
        ("03.2", student_hinge, f"{N} times too large"),
        ("03.2", lambda scores, y: -hinge_by_autograd(scores, y), "wrong sign"),
        ("03.2", lambda scores, y: hinge_by_autograd(scores, y) / scores.shape[1], "PyTorch divides by it"),
        ("03.1", lambda z: F.log_softmax(z, -1), "without PyTorch's log_softmax"),
        ("03.1", torch.nn.LogSoftmax(-1), "without PyTorch's log_softmax"),
        ("03.2", hinge_by_autograd, "the numbers are right, but the task says to do it without autograd"),
        ("03.3", 1.461, "ten classes"),
        ("03.4", student_huber, "with delta"),
        ("03.5", student_accuracy, "mean of the batch accuracies"),
    ],
)
def test_wrong_code_of_students_gets_its_reason(id, answer, said):
    report = find(id).check(answer)
    assert report.status == WRONG
    assert said in report.message


def test_the_naive_formula_fails_on_the_case_that_asks_for_more():
    assert not student_log_softmax(LARGE).isfinite().all()
    assert F.log_softmax(LARGE, -1).isfinite().all()


def test_the_hinge_cases_hold_a_sample_without_loss_and_samples_with_several_classes_that_pay():
    for scores, y in find("03.2").cases:
        pay = (hinge_by_autograd(scores, y) > 0).sum(1)
        assert {0, 1, 2} <= set(pay.tolist())
        gaps = scores - scores.gather(1, y[:, None])
        assert ((gaps + 1).abs() > 1e-3).all()
        assert ((gaps > -1) & (gaps < 0)).any()


def test_no_two_exercises_have_the_same_solution():
    """03.2 was once 02.3: the same function with another name."""
    functions = [exercise for exercise in exercises.exercises().values() if exercise.cases]
    pairs = itertools.permutations(functions, 2)
    assert [(one.id, other.id) for one, other in pairs if one.check(other.solution).status == CORRECT] == []
