"""Exercises of notebook 05: judged against PyTorch, and against what students write instead."""

import math

import pytest
import torch

from nnlab import initialization
from nnlab.exercises import CORRECT, WRONG, find


def draws(scheme, n_in, n_out):
    return initialization.draw(scheme, n_in, n_out, torch.Generator().manual_seed(0), torch.float64)


def test_glorots_bound_is_that_of_torch_and_of_the_package():
    bound = find("05.1").solution
    weight = torch.nn.init.xavier_uniform_(torch.empty(300, 200), generator=torch.Generator().manual_seed(0))
    ours = draws("glorot_uniform", 200, 300)
    for drawn in (weight, ours):
        assert drawn.abs().max().item() == pytest.approx(bound(200, 300), rel=1e-3)
        assert drawn.abs().max() <= bound(200, 300)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda n_in, n_out: (6 / (n_in + n_out)) ** 0.5, None),
        (lambda n_in, n_out: torch.tensor(6 / (n_in + n_out)).sqrt(), None),
        (lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5, "standard deviation"),
        (lambda n_in, n_out: (6 / n_in) ** 0.5, "inputs only"),
        (lambda n_in, n_out: 6 / (n_in + n_out), "root is missing"),
        (lambda n_in, n_out: (3 / (n_in + n_out)) ** 0.5, "half of what is needed"),
        (lambda n_in, n_out: 0.1, "got 0.1"),
    ],
)
def test_bounds(answer, said):
    report = find("05.1").check(answer)
    assert report.status == (CORRECT if said is None else WRONG)
    assert said is None or said in report.message


def test_the_predicted_size_is_the_one_of_a_real_product():
    for depth, n, std in find("05.2").cases:
        draw = {"generator": torch.Generator().manual_seed(0), "dtype": torch.float64}
        sizes = []
        for _ in range(20):
            h = torch.randn(200, n, **draw)
            for _ in range(depth):
                h = h @ (std * torch.randn(n, n, **draw))
            sizes.append(h.square().mean())
        wanted = find("05.2").solution(depth, n, std)
        assert torch.stack(sizes).mean().sqrt().item() == pytest.approx(wanted, rel=0.25)


def by_loop(depth, n, std):
    size = 1.0
    for _ in range(depth):
        size = size * std * n**0.5
    return size


def off_by_one(depth, n, std):
    return (std * n**0.5) ** (depth - 1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_loop, None),
        (lambda depth, n, std: (std * n) ** depth, r"sqrt(n)"),
        (lambda depth, n, std: std**depth, "sqrt(n) is missing"),
        (lambda depth, n, std: (std**2 * n) ** depth, "variance"),
        (lambda depth, n, std: std * n**0.5 * depth, "it is a power"),
        (off_by_one, "got"),
    ],
)
def test_sizes(answer, said):
    report = find("05.2").check(answer)
    assert report.status == (CORRECT if said is None else WRONG)
    assert said is None or said in report.message


def test_he_for_leaky_relu_keeps_the_squares_and_agrees_with_torch():
    for n_in, slope in find("05.3").cases:
        std = find("05.3").solution(n_in, slope)
        assert std == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", slope) / math.sqrt(n_in))
        z = torch.randn(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        kept = torch.nn.functional.leaky_relu(z, slope).square().mean()
        assert n_in * std**2 * kept.item() == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda n_in, slope: (2 / n_in / (1 + slope * slope)) ** 0.5, None),
        (lambda n_in, slope: (2 / n_in) ** 0.5, "plain ReLU"),
        (lambda n_in, slope: (2 / (n_in * (1 + slope))) ** 0.5, "squared"),
        (lambda n_in, slope: (2 / n_in * (1 + slope**2)) ** 0.5, "smaller"),
        (lambda n_in, slope: 2 / n_in / (1 + slope**2), "variance"),
        (lambda n_in, slope: (1 / n_in) ** 0.5, "got 0.125"),
    ],
)
def test_leaky(answer, said):
    report = find("05.3").check(answer)
    assert report.status == (CORRECT if said is None else WRONG)
    assert said is None or said in report.message


def test_the_default_of_torch_is_what_the_solution_says():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        measured = torch.nn.Linear(300, 200).weight.std().item()
    assert measured == pytest.approx(find("05.4").solution, rel=0.01)


@pytest.mark.parametrize(("inputs", "status"), [(298, WRONG), (299, WRONG), (300, CORRECT), (301, WRONG), (302, WRONG)])
def test_one_input_more_or_less_is_another_standard_deviation(inputs, status):
    assert find("05.4").check(1 / math.sqrt(3 * inputs)).status == status
    assert find("05.4").check(torch.tensor(1 / math.sqrt(3 * inputs))).status == status


def test_three_digits_are_enough_and_needed():
    assert find("05.4").check(0.0333).status == CORRECT
    assert find("05.4").check(0.033).status == WRONG


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (0.0577, "bound"),
        (0.0577350269, "bound"),
        (0.0011, "variance"),
        (0.0632, "Glorot"),
        (0.0408, "outputs"),
        (0.0577 / 3, "got"),
    ],
)
def test_other_numbers(answer, said):
    report = find("05.4").check(answer)
    assert report.status == WRONG
    assert said in report.message


def lsuv_loop(x, weight):
    """Mishkin & Matas 2016 repeat it: a second time changes nothing."""
    for _ in range(2):
        weight = weight / (x @ weight).std(correction=0)
    return weight


def in_place(x, weight):
    weight /= (x @ weight).std()
    return weight


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x, weight: weight / (x @ weight).std(), None),
        (lambda x, weight: weight / (x @ weight).var(correction=0) ** 0.5, None),
        (lsuv_loop, None),
        (lambda x, weight: weight * (x @ weight).std(), "larger still"),
        (lambda x, weight: weight / (x @ weight).var(), "divide by the variance"),
        (lambda x, weight: weight / weight.std(), "the weight alone"),
        (lambda x, weight: weight / (x @ weight).std(0), "on its own"),
        (lambda x, weight: (x @ weight) / (x @ weight).std(), "the shape must be (20, 12)"),
        (in_place, "in place"),
    ],
)
def test_scaled(answer, said):
    report = find("05.5").check(answer)
    assert report.status == (CORRECT if said is None else WRONG)
    assert said is None or said in report.message


def test_the_scaled_weight_does_what_is_promised_for_one_signal_too_small_and_one_too_large():
    before = [(x @ weight).std().item() for x, weight in find("05.5").cases]
    assert max(before) > 5
    assert min(before) < 0.2
    for x, weight in find("05.5").cases:
        assert (x @ find("05.5").solution(x, weight)).std().item() == pytest.approx(1)
