"""Exercises of notebook 01: what is right is accepted however it is written, and every mistake has its own name."""

import pytest
import torch

from nnlab import surfaces
from nnlab.engine.optimizers import SGD
from nnlab.exercises import CORRECT, find
from nnlab.exercises.gradient_descent import EXERCISES, N


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_messages_and_hints_differ_and_are_sentences(exercise):
    texts = [*(mistake.message for mistake in exercise.mistakes), *exercise.hints, exercise.tested]
    assert len(set(texts)) == len(texts) >= 5
    assert all(text[-1] in ".?" for text in texts)


def test_autograd_gives_the_same_gradient():
    def by_autograd(w, x, y):
        w = w.clone().requires_grad_()
        return torch.autograd.grad(((x @ w - y) ** 2).mean(), w)[0]

    assert find("01.1").check(by_autograd).status == CORRECT
    for _, x, y in find("01.1").cases:
        assert len(x) == len(y) == N


def test_a_gradient_that_changes_its_input_is_named():
    def in_place(w, x, y):
        y -= x @ w
        return -2 * x.T @ y / len(y)

    assert "in place" in find("01.1").check(in_place).message


def test_nobody_diverges_at_the_limit_and_everybody_above_it():
    """3 x^2 + 8 y^2 is 6 times the ravine with condition 16 / 6."""
    limit = find("01.3").solution
    surface = surfaces.ravine(16 / 6)
    below, above = (surfaces.descend(surface, SGD(lr=6 * factor * limit), 50) for factor in (0.999, 1.001))
    assert abs(below.y[-1]) < abs(below.y[0])
    assert abs(above.y[-1]) > abs(above.y[0])


def test_the_chosen_batch_halves_the_error_of_a_mean():
    values = torch.randn(4000, find("01.4").solution, generator=torch.Generator().manual_seed(0))
    small, large = values[:, :16].mean(1).std(), values.mean(1).std()
    assert small / large == pytest.approx(2, rel=0.06)
