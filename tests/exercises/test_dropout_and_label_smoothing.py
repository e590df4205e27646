"""Exercises of notebook 11: judged against torch, the package, and what students write instead."""

import math

import pytest
import torch

from nnlab import dropout, losses
from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.dropout_and_label_smoothing import RELU, H, U


def judge(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message, report


def test_forgetting_is_that_of_the_package():
    h, generator = torch.ones(3, 8), torch.Generator().manual_seed(0)
    ours, mask = dropout.forward(h, 0.4, generator)
    u = torch.rand(3, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(find("11.1").solution(h, u, 0.4), ours)
    torch.testing.assert_close(find("11.2").solution(2 * h, h, u, 0.4), dropout.backward(2 * h, mask))


def test_the_mean_over_masks_is_what_was_there():
    u = torch.rand(20_000, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(find("11.1").solution(H[0], u, 0.3).mean(0), H[0], atol=0.03, rtol=0)


def by_where(a, u, p):
    return torch.where(u < p, 0.0, a / (1 - p))


def in_place(a, u, p):
    a[u < p] = 0
    return a / (1 - p)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_where, None),
        (lambda a, u, p: a * (u >= p), "divide what is kept"),
        (lambda a, u, p: a * (u < p) / (1 - p), "the ones to forget"),
        (in_place, "in place"),
        (lambda a, u, p: torch.nn.functional.dropout(a, p, training=False), "this is evaluation"),
        (lambda a, u, p: (a * (u >= p) / (1 - p)).float(), None),
        (lambda a, u, p: 2 * a, "got"),
    ],
)
def test_forget(answer, said):
    judge("11.1", answer, said)


def by_autograd(dy, h, u, p):
    z = torch.where(h > 0, h, -1.0).requires_grad_()
    y = find("11.1").solution(z.relu(), u, p)
    return torch.autograd.grad(y, z, dy)[0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_autograd, None),
        (lambda dy, h, u, p: by_where(dy, u, p) * h.sign(), None),
        (lambda dy, h, u, p: by_where(dy, u, p), "go on through the ReLU"),
        (lambda dy, h, u, p: dy * (u >= p) * (h > 0), "factor is missing"),
        (lambda dy, h, u, p: dy * (h > 0), "through dropout first"),
        (lambda dy, h, u, p: dy * U, "got"),
    ],
)
def test_back(answer, said):
    judge("11.2", answer, said)


def test_a_unit_at_the_limit_is_on_and_another_is_off():
    for _, h, u, p in find("11.2").cases:
        assert h is RELU
        assert ((u == p) & (h > 0)).any()
        assert ((u >= p) & (h == 0)).any()


def test_the_target_is_the_one_of_torch():
    """With g as soft target, cross-entropy is torch's with label_smoothing."""
    for y, a, classes in find("11.3").cases:
        logits = torch.randn(3, classes, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        theirs = torch.nn.functional.cross_entropy(logits, y, label_smoothing=a)
        g = find("11.3").solution(y, a, classes)
        torch.testing.assert_close(torch.nn.functional.cross_entropy(logits, g), theirs)
        torch.testing.assert_close(losses.cross_entropy(logits, g)[0], theirs)
        torch.testing.assert_close(g.sum(-1), torch.ones(3, dtype=torch.float64))


def by_lerp(y, a, classes):
    return torch.eye(classes, dtype=torch.float64)[y].lerp(torch.full((1,), 1 / classes, dtype=torch.float64), a)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_lerp, None),
        (lambda y, a, k: (1 - a) * torch.eye(k).double()[y] + a / (k - 1), "not K - 1"),
        (lambda y, a, k: torch.eye(k).double()[y] + a / k, "must shrink"),
        (lambda y, a, k: torch.eye(k)[y], "at [0, 0]: got 1, wanted 0.8"),
        (lambda y, a, k: torch.full((3, k), 1 / k, dtype=torch.float64), "got"),
    ],
)
def test_smooth(answer, said):
    judge("11.3", answer, said)


def test_at_the_gap_softmax_is_the_target():
    for a, classes in find("11.4").cases:
        logits = torch.zeros(classes, dtype=torch.float64)
        logits[1] = find("11.4").solution(a, classes)
        target = find("11.3").solution(torch.tensor([1]), a, classes)[0]
        torch.testing.assert_close(logits.softmax(-1), target)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda a, k: math.log(k - a * k + a) - math.log(a), None),
        (lambda a, k: torch.tensor((k - a * k + a) / a).log(), None),
        (lambda a, k: math.log(k * (1 - a) / a), "adds 1 inside"),
        (lambda a, k: math.log((1 - a) / a), "got"),
    ],
)
def test_gap(answer, said):
    judge("11.4", answer, said)
