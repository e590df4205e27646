"""Exercises of notebook 04: right however it is written, wrong as students write it."""

import pytest
import torch

from nnlab import activations, probes
from nnlab.exercises import CORRECT, WRONG, find


def by_autograd(z):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(torch.nn.functional.silu(z).sum(), z)[0]


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("04.1", lambda z: torch.sigmoid(z) * (1 + z * (1 - torch.sigmoid(z)))),
        ("04.2", lambda z: probes.saturated_share("sigmoid", z).double()),
        ("04.2", lambda z: (z.abs() > 4.3567).sum() / torch.tensor(z.numel(), dtype=z.dtype)),
        ("04.3", lambda z: z.amax(0) <= 0),
        ("04.3", lambda z: (z <= 0).all(0).double()),
        ("04.3", lambda z: torch.relu(z).sum(0) == 0),
        ("04.4", (0.5 + 0.2) / 2),
    ],
)
def test_right_in_other_words(id, answer):
    assert find(id).check(answer).status == CORRECT


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("04.1", lambda z: activations.get("silu").f(z), "SiLU itself"),
        ("04.1", by_autograd, "the numbers are right, but the task says to do it without autograd"),
        ("04.2", lambda z: (torch.sigmoid(z) * (1 - torch.sigmoid(z)) < 0.05).double().mean(), "largest"),
        ("04.2", lambda z: (z.abs() > 5).double().mean(), "got "),
        ("04.3", lambda z: (z < 0).any(0), "one sample"),
        ("04.3", lambda z: (z <= 0).all(), "the shape must be"),
        ("04.4", 0.7, "the gradient is 2"),
    ],
)
def test_student_like_mistakes(id, answer, said):
    report = find(id).check(answer)
    assert report.status == WRONG
    assert said in report.message


def test_04_4_is_the_rate_at_which_the_unit_dies():
    x = torch.rand(5000, 2, generator=torch.Generator().manual_seed(0))
    x[0] = torch.tensor([1.0, 0.0])
    for lr, dies in [(0.349, False), (0.351, True)]:
        z = x @ torch.tensor([[0.5], [-1.0]]) + (0.2 - lr * 2)
        assert (probes.dead_share("relu", z) == 1) == dies
