"""Exercises of notebook 12: judged against torch, autograd and scikit-learn, and what students write instead."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn

from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.normalization_and_clipping import BIAS, DY, LONG, SHORT, STD, WEIGHT, X_HAT, Z

IDS = ["12.1", "12.2", "12.3", "12.4", "12.5"]


def judge(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message, report


def batch_norm_of_torch():
    module = nn.BatchNorm1d(3, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(WEIGHT)
        module.bias.copy_(BIAS)
    return module


def test_z_scores_are_those_of_scikit_learn():
    for train, new in find("12.1").cases:
        theirs = StandardScaler().fit(train.numpy()).transform(new.numpy())
        np.testing.assert_allclose(find("12.1").solution(train, new), theirs)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda t, n: (n - t.mean(0)) / ((t**2).mean(0) - t.mean(0) ** 2).sqrt(), None),
        (lambda t, n: (n - t.mean(0)) / (t**2).mean(0).sqrt(), "E[x^2] minus"),
        (lambda t, n: (n - n.mean(0)) / n.std(0, correction=0), "own statistics"),
        (lambda t, n: n - t.mean(0), "got"),
        (lambda t, n: (t - t.mean(0)) / t.std(0, correction=0), "the shape"),
    ],
)
def test_z_score(answer, said):
    judge("12.1", answer, said)


def test_batch_norm_is_that_of_torch():
    for z, *_ in find("12.2").cases:
        torch.testing.assert_close(find("12.2").solution(z, WEIGHT, BIAS), batch_norm_of_torch()(z).detach())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda z, w, b: nn.functional.batch_norm(z, None, None, w, b, training=True), None),
        (lambda z, w, b: w * (z - z.mean(0)) / (z.var(0, correction=0) + 1e-5) ** 0.5 + b, None),
        (lambda z, w, b: nn.functional.layer_norm(z, (3,), w, b), "layer norm"),
        (lambda z, w, b: w * (z - z.mean(0)) / z.std(0, correction=0) + b, "eps is missing"),
        (lambda z, w, b: w * (z - z.mean(0)) / (z.var(0) + 1e-5) ** 0.5 + b, "batch - 1"),
    ],
)
def test_batch_norm(answer, said):
    judge("12.2", answer, said)


def by_autograd():
    z = Z.clone().requires_grad_()
    return torch.autograd.grad((batch_norm_of_torch()(z) * DY).sum(), z)[0]


def test_the_gradient_is_that_of_autograd():
    torch.testing.assert_close(find("12.3").solution(DY, WEIGHT, X_HAT, STD), by_autograd())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda dy, w, x, s: by_autograd(), None),
        (lambda dy, w, x, s: w / s * (dy - dy.mean(0) - x * (dy * x).mean(0)), None),
        (lambda dy, w, x, s: dy * w / s, "constants"),
        (lambda dy, w, x, s: w / s * (dy - x * (dy * x).mean(0)), "at [0, 0]: got"),
        (lambda dy, w, x, s: w * (dy - dy.mean(0) - x * (dy * x).mean(0)), "at [0, 0]: got"),
    ],
)
def test_backward(answer, said):
    judge("12.3", answer, said)


def test_running_statistics_are_those_of_torch():
    mean, var, batches = find("12.4").cases[0]
    module = nn.BatchNorm1d(3, dtype=torch.float64)
    for z in batches:
        module(z)
        mean, var = find("12.4").solution(mean, var, z)
        torch.testing.assert_close(mean, module.running_mean)
        torch.testing.assert_close(var, module.running_var)


def in_place(mean, var, z):
    mean += 0.1 * (z.mean(0) - mean)
    return mean, var + 0.1 * (z.var(0) - var)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda m, v, z: (m.lerp(z.mean(0), 0.1), v.lerp(z.var(0), 0.1)), None),
        (lambda m, v, z: (0.9 * m + 0.1 * z.mean(0), 0.9 * v + 0.1 * z.var(0, correction=0)), "unbiased"),
        (lambda m, v, z: (0.1 * m + 0.9 * z.mean(0), 0.1 * v + 0.9 * z.var(0)), "the wrong way round"),
        (lambda m, v, z: 0.9 * m + 0.1 * z.mean(0), "2 results"),
        (in_place, "in place"),
    ],
)
def test_running(answer, said):
    judge("12.4", answer, said)


def clip_of_torch(*grads):
    parameters = [nn.Parameter(torch.zeros_like(g)) for g in grads]
    for p, g in zip(parameters, grads, strict=True):
        p.grad = g.clone()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    return tuple(p.grad for p in parameters)


def test_one_gradient_is_longer_than_the_limit_and_one_shorter():
    lengths = [torch.cat([g.flatten() for g in grads]).norm() for grads in (LONG, SHORT)]
    assert lengths[0] > 2 > 1 > lengths[1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (clip_of_torch, None),
        (lambda a, b: tuple(g * min(1, 1 / torch.cat([a.flatten(), b]).norm()) for g in (a, b)), None),
        (lambda a, b: (a.clamp(-1, 1), b.clamp(-1, 1)), "by value"),
        (lambda a, b: tuple(g / torch.cat([a.flatten(), b]).norm() for g in (a, b)), "must stay short"),
        (lambda a, b: [*clip_of_torch(a, b)], None),
        (lambda a, b: [*clip_of_torch(a, b), a], "2 results are wanted, as a tuple"),
        (lambda a, b: clip_of_torch(a, b)[::-1], "the shape must be"),
    ],
)
def test_clipping(answer, said):
    judge("12.5", answer, said)
