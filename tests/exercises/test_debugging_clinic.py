"""Exercises of notebook 14: the named mistakes, and the names of the ten patients."""

import math

import pytest
import torch

import nnlab
from nnlab.exercises import CORRECT, WRONG, find


def test_the_ten_names_are_those_of_the_patients():
    assert find("14.4").solution == tuple(nnlab.clinic.patient(number).fault for number in range(1, 11))


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_lowest_loss_is_that_of_pytorch(classes):
    best = torch.nn.functional.one_hot(torch.tensor([0]), classes).double()
    loss = torch.nn.functional.cross_entropy(best, torch.tensor([0])).item()
    assert math.isclose(find("14.2").solution(classes), loss)


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("14.1", lambda a: (a.sum(0) == 0).float().mean(), None),
        ("14.1", lambda a: a.amax(0).eq(0).sum() / a.shape[1], None),
        ("14.1", lambda a: (a.mean(0) < 0.5).double().mean() / 3, "got"),
        ("14.2", lambda classes: -math.log(math.e / (math.e + classes)), "classes - 1 wrong classes"),
        ("14.3", lambda x, weight, bias: torch.nn.functional.linear(x, weight, bias), None),
        ("14.3", lambda x, weight, bias: x @ weight.detach().T + bias, "no gradient reaches the weights"),
        ("14.3", lambda x, weight, bias: (x @ weight.T + bias).numpy(force=True), "no gradient comes back at all"),
        ("14.5", torch.nn.functional.cross_entropy, None),
        ("14.5", lambda z, y: torch.nn.NLLLoss()(torch.nn.LogSoftmax(dim=0)(z), y), "patient 9"),
        ("14.5", lambda z, y: torch.nn.functional.nll_loss(z, y), "got"),
    ],
)
def test_other_answers(id, answer, said):
    report = nnlab.check(id, answer)
    assert report.status == (WRONG if said else CORRECT), report
    assert said is None or said in report.message.lower()
