"""Exercises of notebook 02: autograd's own answer is right, and what students write wrong has a name."""

import pytest
import torch

from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.backprop_by_hand import BATCH


def by_autograd(loss, *inputs):
    leaves = [value.clone().requires_grad_() for value in inputs]
    return torch.autograd.grad(loss(*leaves), leaves)


def neuron_by_autograd(w, x, b, t):
    return by_autograd(lambda w, b: (torch.sigmoid(w * x + b) - t) ** 2 / 2, w, b)


def layer_by_autograd(a, weight, dz):
    bias = torch.zeros(dz.shape[1], dtype=dz.dtype)
    da, dweight, dbias = by_autograd(lambda a, weight, bias: ((a @ weight + bias) * dz).sum(), a, weight, bias)
    return dweight, dbias, da


def dlogits_by_autograd(logits, y):
    return by_autograd(lambda logits: torch.nn.functional.cross_entropy(logits, y), logits)[0]


@pytest.mark.parametrize(("id", "answer"), [("02.1", neuron_by_autograd), ("02.2", layer_by_autograd)])
def test_autograd_is_right(id, answer):
    assert find(id).check(answer).status == CORRECT


def layer_in_place(a, weight, dz):
    dz /= len(dz)
    return a.T @ dz, dz.sum(0), dz @ weight.T


def layer_square(a, weight, dz):
    return a.T @ dz, dz.sum(0), dz @ weight


def dlogits_in_place(logits, y):
    p = torch.softmax(logits, 1)
    p[range(len(y)), y] -= 1
    return p / len(y)


def neuron_with_plain_results(w, x, b, t):
    return [float(slope) for slope in neuron_by_autograd(w, x, b, t)]


def neuron_one_result(w, x, b, t):
    return neuron_by_autograd(w, x, b, t)[0]


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("02.1", lambda w, x, b, t: tuple(-slope for slope in neuron_by_autograd(w, x, b, t)), "wrong sign"),
        ("02.1", neuron_one_result, "2 results are wanted, as a tuple"),
        ("02.1", lambda w, x, b, t: neuron_by_autograd(w, x, b, t)[::-1], "got"),
        ("02.2", layer_in_place, "changes an argument in place: dz."),
        ("02.2", layer_square, "your function raised RuntimeError"),
        ("02.2", lambda a, w, dz: (torch.einsum("bi,bo->oi", a, dz), dz.sum(0), dz @ w.T), "transposed"),
        ("02.3", lambda logits, y: len(y) * dlogits_by_autograd(logits, y), f"{BATCH} times too large: mean or sum?"),
        ("02.3", lambda logits, y: dlogits_by_autograd(logits.softmax(1), y), "got"),
        ("02.3", dlogits_by_autograd, "the numbers are right, but the task says to do it without autograd"),
        ("02.4", 8, "got 8"),
        ("02.4", 64.0, "counts them twice"),
    ],
)
def test_what_students_write_wrong(id, answer, said):
    report = find(id).check(answer)
    assert report.status == WRONG
    assert said in report.message


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("02.1", neuron_with_plain_results),
        ("02.3", dlogits_in_place),
        ("02.4", 4.0),
        ("02.2", lambda a, w, dz: (torch.einsum("bi,bo->io", a, dz), torch.ones(len(a)).double() @ dz, dz @ w.mT)),
    ],
)
def test_other_ways_to_be_right(id, answer):
    assert find(id).check(answer).status == CORRECT


def test_the_number_of_losses_is_what_pytorch_needs():
    """Four batches of 16, each loss divided by the answer, give the gradient of the mean over 64."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(64, 3, generator=generator), torch.randint(2, (64,), generator=generator)
    net = torch.nn.Linear(3, 2)
    torch.nn.functional.cross_entropy(net(x), y).backward()
    wanted = net.weight.grad.clone()
    net.zero_grad()
    for part in torch.arange(64).split(16):
        (torch.nn.functional.cross_entropy(net(x[part]), y[part]) / find("02.4").solution).backward()
    torch.testing.assert_close(net.weight.grad, wanted)
