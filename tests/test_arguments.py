"""What an error message says: the argument, its rule, the value, a remedy."""

import math

import pytest
import torch

from nnlab import arguments


@pytest.mark.parametrize("value", [1, 0.1, 1e-300, torch.tensor(2.0), torch.tensor([1, 2])])
def test_positive_accepts(value):
    assert arguments.positive("lr", value, 0.1) is None


def test_whole_messages():
    with pytest.raises(ValueError, match=r"^lr must be positive and finite\. Got -0\.1\. Try 0\.1\.$"):
        arguments.positive("lr", -0.1, 0.1)
    with pytest.raises(TypeError, match=r"^lr must be a number\. Got '0\.1' \(str\)\. Try 0\.1\.$"):
        arguments.positive("lr", "0.1", 0.1)
    with pytest.raises(ValueError, match=r"^loss must be one of mse, huber\. Got 'hubert'\. Did you mean 'huber'\?$"):
        arguments.one_of("loss", "hubert", ["mse", "huber"])


@pytest.mark.parametrize(
    ("check", "value", "error"),
    [
        (arguments.positive, 0, ValueError),
        (arguments.positive, math.nan, ValueError),
        (arguments.positive, math.inf, ValueError),
        (arguments.positive, True, TypeError),
        (arguments.positive, 1j, TypeError),
        (arguments.positive, [0.1], TypeError),
        (arguments.positive, torch.tensor([0.1, math.nan]), ValueError),
        (arguments.positive, torch.tensor([True]), TypeError),
        (arguments.not_negative, -1e-9, ValueError),
        (arguments.fraction, 1, ValueError),
        (arguments.fraction, -0.1, ValueError),
        (arguments.whole, 0, ValueError),
        (arguments.whole, 1.0, TypeError),
        (arguments.whole, True, TypeError),
        (arguments.whole, "1", TypeError),
    ],
)
def test_refusals(check, value, error, refused):
    with refused(start="size", error=error):
        check("size", value, 1)


@pytest.mark.parametrize("value", ["", "zzz", "ADAM", None, 3, ["Adam"]])
def test_names_always_get_a_remedy(value, refused):
    with refused(repr(value), start="optimizer"):
        arguments.one_of("optimizer", value, {"Adam": 1, "SGD": 2})


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_finite_counts_what_is_wrong(bad, refused):
    with refused("2 nan or infinite entries of 4", start="x"):
        arguments.finite("x", torch.tensor([1.0, bad, bad, 0.0]))
    arguments.finite("x", torch.tensor([3e38, 3e38]))  # only the sum overflows
