"""Exercises of notebook 13: judged against nnlab.spaces and torch, and what students write instead."""

import math

import pytest
import torch

from nnlab import spaces
from nnlab.exercises import CORRECT, WRONG, find


def judge(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message, report


@pytest.mark.parametrize(
    ("id", "space"),
    [("13.1", spaces.LogUniform(1e-5, 10)), ("13.2", spaces.OneMinusLogUniform(0.9, 0.999))],
)
def test_shares_become_what_the_space_makes_of_them(id, space):
    for (u,) in find(id).cases:
        theirs = torch.tensor([space.at(one) for one in u.tolist()], dtype=torch.float64)
        torch.testing.assert_close(find(id).solution(u), theirs)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda u: torch.logspace(-5, 1, 601, dtype=torch.float64)[(600 * u).round().long()], None),
        (lambda u: 1e-5 + u * (10 - 1e-5), "these are uniform"),
        (lambda u: 6 * u - 5, "the exponent"),
        (lambda u: torch.exp(6 * u - 5), "your base"),
        (lambda u: 10 ** (6 * u), "got"),
    ],
)
def test_log_uniform(answer, said):
    judge("13.1", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda u: 1 - 0.1 * 0.01**u, None),
        (lambda u: 0.9 + u * (0.999 - 0.9), "these are uniform"),
        (lambda u: 0.1 * 0.01**u, "subtract it from 1"),
        (lambda u: 1 - 0.001 * 100**u, "wrong way round"),
    ],
)
def test_betas(answer, said):
    judge("13.2", answer, said)


def in_place(losses):
    for k in range(1, len(losses)):
        losses[k] = min(losses[k], losses[k - 1])
    return losses


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda losses: torch.cummin(losses, 0)[0], None),
        (lambda losses: [losses[: k + 1].min() for k in range(len(losses))], None),
        (lambda losses: min(losses), "a value for each trial"),
        (lambda losses: losses.sort(descending=True)[0], "their order in time"),
        (in_place, "in place"),
        (lambda losses: losses.nan_to_num(posinf=9.0).cummin(0).values, "got 9"),
    ],
)
def test_best_so_far(answer, said):
    judge("13.3", answer, said)


def by_loop(loss, shares):
    best = (None, math.inf)
    for u in shares:
        lr = 10 ** (-5 + 6 * u.item())
        best = min(best, (lr, loss(lr)), key=lambda pair: pair[1])
    return best


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_loop, None),
        (lambda loss, shares: by_loop(loss, shares)[0], "2 results"),
        (lambda loss, shares: by_loop(loss, shares)[::-1], "result 1 of 2"),
        (lambda loss, shares: max((10 ** (-5 + 6 * u.item()), 0) for u in shares), "result"),
        (lambda loss, shares: by_loop(lambda lr: -loss(lr), shares), "result"),
    ],
)
def test_random_search(answer, said):
    judge("13.4", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda a, b, m: (max(a, m * (a / b) ** (1 / 6)), min(b, m * (b / a) ** (1 / 6))), None),
        (lambda a, b, m: (m * (a / b) ** (1 / 6), m * (b / a) ** (1 / 6)), "leaves the old one"),
        (lambda a, b, m: (max(a, m - (b - a) / 6), min(b, m + (b - a) / 6)), "added and subtracted"),
    ],
)
def test_refined_range(answer, said):
    judge("13.5", answer, said)
