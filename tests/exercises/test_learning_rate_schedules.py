"""Exercises of notebook 07: judged against the schedules of the package, and against what students write instead."""

import math

import pytest
import torch

from nnlab.engine.schedules import Cosine, Geometric, TimeDecay, WarmUp
from nnlab.exercises import CORRECT, WRONG, find


def test_the_solutions_are_the_schedules_of_the_package():
    for t, length in find("07.1").cases:
        assert find("07.1").solution(t, length) == pytest.approx(Cosine(length)(t), abs=1e-12)
    for (t,) in find("07.2").cases:
        assert find("07.2").solution(t) == pytest.approx(WarmUp(10, 0.1, then=Cosine(90))(t), abs=1e-12)
    assert TimeDecay(k=find("07.3").solution)(30) == pytest.approx(0.1)
    for step, length in find("07.4").cases:
        assert find("07.4").solution(step, length) == pytest.approx(Geometric(0.9)(step // length))


def in_torch(t, length):
    return (1 + torch.cos(torch.tensor(torch.pi * t / length))) / 2


def from_the_hint(t, length):
    formula = find("07.1").hints[1].split(". ")[0]
    return eval(formula, {"math": math, "t": t, "length": length})


def squared(t, length):
    """cos^2 of half the angle is the same curve."""
    return math.cos(math.pi * t / length / 2) ** 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (in_torch, None),
        (from_the_hint, None),
        (squared, None),
        (lambda t, length: 1 + math.cos(math.pi * t / length), "starts at 2"),
        (lambda t, length: (1 + math.cos(t / length)) / 2, "got"),
        (lambda t, length: 0.5 - 0.5 * math.cos(math.pi * t / length), "upside down"),
        (lambda t, length: 1 - t / length, "got"),
        (lambda t, length: (1 + torch.cos(torch.pi * t / length)) / 2, "must be Tensor"),
    ],
)
def test_cosine(answer, said):
    judged("07.1", answer, said)


def by_loop(t):
    factor = 0.1
    for _ in range(min(t, 10)):
        factor += 0.09
    return factor if t < 10 else 0.5 + 0.5 * math.cos(math.pi * (t - 10) / 90)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_loop, None),
        (WarmUp(10, 0.1, then=Cosine(90)), None),
        (WarmUp(10, 0.1, then=Cosine(100)), "it has 90"),
        (lambda t: (0.1 + 0.09 * t) if t < 10 else Cosine(100)(t), "t - 10"),
        (Cosine(100), "got 1"),
        (lambda t: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_warm_up_and_cosine(answer, said):
    judged("07.2", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(0.3, None), (9 / 30, None), (0.3333, "with the 1"), (0.07675, "exponential"), (0.03, "1 - k t"), (3.0, "got 3")],
)
def test_k(answer, said):
    judged("07.3", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda step, n: 0.9 ** int(step / n), None),
        (lambda step, n: math.prod([0.9] * (step // n)), None),
        (lambda step, n: 0.9**step, "every step"),
        (lambda step, n: 0.9 ** (step / n), "within the epoch"),
        (lambda step, n: 0.9 ** math.ceil((step + 1) / n), "counted from 0"),
        (lambda step, n: 0.9 ** round(step / n), "got"),
    ],
)
def test_epochs(answer, said):
    judged("07.4", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(0.4, None), (0.1 * 128 / 32, None), (0.1 / 4, "wrong way"), (0.2, "square root"), (4, "got 4")],
)
def test_scaling(answer, said):
    judged("07.5", answer, said)


def judged(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG)
    assert said is None or said in report.message
