"""Answers are judged by their values; the reason says where they differ, in digits that differ."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab.exercises.values import abbreviate, apart, difference, numbers

WANT = torch.tensor([[1.0, 2.5], [3.0, 0.1]], dtype=torch.float64)
SAME = [
    WANT,
    WANT.float(),
    WANT.numpy(),
    WANT.numpy().astype(np.float32),
    WANT.tolist(),
    [torch.tensor([1.0, 2.5]), np.array([3.0, 0.1])],
    tuple(WANT),
    pd.DataFrame(WANT.numpy()),
    WANT.clone().requires_grad_(),
    WANT.half(),
    WANT.bfloat16(),
    [[Fraction(1), Decimal("2.5")], [3, 0.1]],
    np.array([[1, 2.5], [3, 0.1]], dtype=object),
    WANT.numpy().astype(np.longdouble),
]


@pytest.mark.parametrize("answer", SAME, ids=lambda answer: type(answer).__name__)
def test_the_container_and_the_number_kind_do_not_matter(answer):
    assert difference(answer, WANT, 1e-9) is None


@pytest.mark.parametrize("answer", SAME, ids=lambda answer: type(answer).__name__)
def test_another_value_does(answer):
    wrong = numbers(answer).detach().clone()
    wrong[1, 1] = 0.2
    assert difference(wrong, WANT, 1e-9).startswith("at [1, 1]: got 0.2")


@pytest.mark.parametrize(
    "answer",
    [0.25, np.float32(0.25), torch.tensor(0.25), np.array(0.25), Fraction(1, 4), Decimal("0.25"), pd.Series(0.25)[0]],
)
@pytest.mark.parametrize("want", [0.25, torch.tensor(0.25)])
def test_a_single_number_in_any_form(answer, want):
    assert difference(answer, want, 1e-9) is None


@pytest.mark.parametrize(
    ("want", "near", "far"),
    [
        (1 / 3, [float(np.float32(1 / 3)), torch.tensor(1 / 3), 1 / 3 + 1e-10], [1 / 3 + 1e-6, 0.3333]),
        (0.4, [torch.tensor(0.4), torch.tensor(0.4).half()], [0.4001, torch.tensor(0.4001), torch.tensor(0.41).half()]),
        (669_706, [669_706.0, torch.tensor(669_706)], [669_705, 669_706.5]),
        (torch.tensor([3, 5]), [[3, 5], torch.tensor([3.0, 5.0])], [[3, 6], [3, 5.1]]),
    ],
)
def test_the_tolerance_is_that_of_the_answers_own_precision(want, near, far):
    assert [difference(answer, want, 1e-9) for answer in near] == [None] * len(near)
    assert None not in [difference(answer, want, 1e-9) for answer in far]


@pytest.mark.parametrize(
    ("got", "want", "said"),
    [
        (0.3, 0.4, "got 0.3, wanted 0.4."),
        (1.00000001, 1.0, "got 1.00000001, wanted 1."),
        ((1.0, 2.0, 4.0), (1.0, 2.0, 3.0), "result 3 of 3: got 4, wanted 3."),
        ((WANT, WANT.T), (WANT, WANT), "result 2 of 2 at [0, 1]: got 3, wanted 2.5."),
        (2 * WANT, WANT, "at [0, 0]: got 2, wanted 1. Every number is 2 times the wanted one."),
        (-WANT, WANT, "at [0, 0]: got -1, wanted 1. Every number is -1 times the wanted one."),
        (0 * WANT, WANT, "at [0, 0]: got 0, wanted 1."),
        (WANT > 1, WANT > 2.6, "at [0, 1]: got True, wanted False."),
        (667_600, 669_706, "got 667600, wanted 669706."),
        (WANT[:, :1].T, WANT[:, :1], "the shape must be (2, 1). Got (1, 2). It is transposed."),
        (WANT[0], WANT, "the shape must be (2, 2). Got (2,)."),
        ([1.0, [2.0]], WANT, "a tensor is wanted. Got a list of 2."),
        (WANT, 1.0, "a single number is wanted. Got a tensor of shape (2, 2)."),
        (WANT.numpy(), 1.0, "a single number is wanted. Got an array of shape (2, 2)."),
        (True, 1.0, "a number is wanted. Got True (bool)."),
        (1j, 1.0, "a number is wanted. Got 1j (complex)."),
        (WANT > 1, WANT, "a tensor is wanted. Got a tensor of shape (2, 2)."),
        ((1.0,), (1.0, 2.0), "2 results are wanted, as a tuple. Got a tuple of 1."),
        ("12", (1.0, 2.0), "2 results are wanted, as a tuple. Got '12' (str)."),
        (" Good", "good", None),
        ("goof", "good", "got 'goof', wanted 'good'."),
        (None, 1.0, "got None. Is a `return` missing? print shows a value, but does not return it."),
    ],
)
def test_the_reason_names_place_and_digits(got, want, said):
    assert difference(got, want, 1e-9) == said


def test_the_answer_to_a_plain_question_is_not_told():
    assert difference(0.3, 0.4, 1e-9, reveal=False) == "got 0.3, which is too small."
    assert difference(("a", "b"), ("a", "c"), 1e-9, reveal=False) == "result 2 of 2: got 'b', which is not right."


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_two_different_numbers_never_look_alike(a, b):
    texts = apart(a, b)
    assert texts[0] != texts[1] or a == b


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (64, "64"),
        (0.1, "0.1"),
        (3.0, "3.0"),
        (1 / 3, "0.333333"),
        (torch.tensor([0.5, -1.0]), "[0.5, -1]"),
        (torch.tensor(2.5), "2.5"),
        (torch.zeros(8, 4), "tensor (8, 4)"),
        (np.zeros(9), "tensor (9,)"),
        ([784, 10], "[784, 10]"),
        ([0.1] * 40, "list of 40"),
        (torch.nn.Linear(2, 3), "Linear"),
        (torch.optim.SGD([torch.zeros(1)]), "SGD"),
        (difference, "difference"),
        (object(), "object"),
        (np.array(["a", "b"]), "['a', 'b']"),
        (np.array([True, None]), "[1, None]"),
    ],
)
def test_what_stands_in_a_call(value, text):
    assert abbreviate(value) == text
