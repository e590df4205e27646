"""Exercises of notebook 09: judged against scikit-learn, the package, and what students write instead."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold

from nnlab import curve_families, diagnosis
from nnlab.analysis.curves.measures import measure
from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.learning_curves import PREDICTIONS, QUIZ_SEED, TRUTH


def judge(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message, report


def test_bias_and_variance_add_up_to_the_error():
    bias2, variance = find("09.1").solution(PREDICTIONS, TRUTH)
    assert (bias2 + variance).item() == pytest.approx(((PREDICTIONS - TRUTH) ** 2).mean().item())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda p, t: ((p.mean(0) - t).square().mean(), p.var(0, correction=0).mean()), None),
        (lambda p, t: ((p.mean(0) - t).square().mean(), ((p - t) ** 2).mean() - (p.mean(0) - t).square().mean()), None),
        (lambda p, t: ((p.mean(0) - t).square().mean(), p.var(0).mean()), "minus one"),
        (lambda p, t: ((p.mean(0) - t).square().mean(), p.var(correction=0)), "got"),
        (lambda p, t: (((p - t) ** 2).mean(), p.var(0, correction=0).mean()), "your bias is the whole error"),
        (lambda p, t: (p.mean(0) - t).square().mean(), "2 results"),
    ],
)
def test_parts(answer, said):
    judge("09.1", answer, said)


def test_the_folds_are_those_of_scikit_learn():
    for n, k, number in find("09.2").cases:
        train, val = find("09.2").solution(n, k, number)
        theirs = list(KFold(k).split(np.zeros(n)))[number]
        assert (train.tolist(), val.tolist()) == tuple(index.tolist() for index in theirs)


def by_pop(n, k, number):
    parts = list(torch.arange(n).tensor_split(k))
    val = parts.pop(number)
    return torch.cat(parts), val


def by_mask(n, k, number):
    index = torch.arange(n)
    val = index.tensor_split(k)[number]
    return index[~torch.isin(index, val)], val


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_pop, None),
        (by_mask, None),
        (lambda n, k, number: by_pop(n, k, number)[::-1], "wrong order"),
        (lambda n, k, number: (torch.arange(n), by_pop(n, k, number)[1]), "contain the validation"),
        (lambda n, k, number: (by_pop(n, k, number)[0], torch.arange(n)[number::k]), "got"),
        (lambda n, k, number: (by_pop(n, k, number)[0].tolist(), by_pop(n, k, number)[1]), None),
        (lambda n, k, number: (str(n), by_pop(n, k, number)[1]), "a tensor is wanted"),
    ],
)
def test_folds(answer, said):
    judge("09.2", answer, said)


def test_left_and_gap_are_what_the_package_measures():
    for train, val in find("09.3").cases:
        left, gap, rise = find("09.3").solution(train, val)
        measures, _ = measure(train.numpy(), val.numpy(), chance=val[0].item())
        assert (left, gap) == pytest.approx((measures["left"], measures["gap"]), abs=1e-12)
        assert rise >= 0


def test_rise_by_hand():
    """Lowest 1, last quarter 1.5 and 2.5: the end is 2, and 1 of the first 4 is risen."""
    val = torch.tensor([4.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.5, 2.5])
    _, gap, rise = find("09.3").solution(0 * val + 1, val)
    assert (gap, rise) == (0.25, 0.25)


def by_numpy(train, val):
    q = len(val) // 4
    train_end, val_end, first = np.mean(train.numpy()[-q:]), np.mean(val.numpy()[-q:]), val[0].item()
    return train_end / first, (val_end - train_end) / first, (val_end - val.min().item()) / first


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda left, gap, rise: (left, gap, rise), None),
        (lambda left, gap, rise: tuple(torch.tensor([left, gap, rise])), None),
        (lambda left, gap, rise: (left, -gap, rise), "wrong sign"),
        (lambda left, gap, rise: (left, gap, 0.0), "got 0"),
        (lambda left, gap, rise: (gap, left, rise), "got"),
        (lambda left, gap, rise: (left, gap), "3 results are wanted"),
        (lambda left, gap, rise: torch.tensor([left, gap, rise]), None),
    ],
)
def test_three_numbers(change, said):
    judge("09.3", lambda train, val: change(*by_numpy(train, val)), said)


@pytest.mark.parametrize(
    ("end", "first", "said"),
    [
        (lambda curve: curve[-1], lambda val: val[0], "lucky"),
        (lambda curve: curve[-(len(curve) // 4) :].mean(), lambda val: val[-1], "the last loss"),
        (lambda curve: curve[-(len(curve) // 4) :].mean(), lambda val: 1, "not shares"),
        (lambda curve: curve[: len(curve) // 4].mean(), lambda val: val[0], "got"),
        (lambda curve: curve.mean(), lambda val: val[0], "the whole run"),
    ],
)
def test_other_ends_and_other_beginnings(end, first, said):
    def answer(train, val):
        return end(train) / first(val), (end(val) - end(train)) / first(val), (end(val) - val.min()) / first(val)

    judge("09.3", answer, said)


def test_the_error_table_agrees_with_the_package():
    """The package says "unclear" near the limit, and "below human error" where it cannot know."""
    names = {"good": "good fit", "both": "high bias and high variance"}
    for number, (human, train, val) in enumerate(find("09.4").cases):
        answer = find("09.4").solution(human, train, val)
        said = diagnosis.error_table(human, train, val, low=0.02).name
        assert said == names.get(answer, answer) or (number >= 6 and said == "unclear")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda h, t, v: ("both" if v - t > 0.02 else "high bias") if t - h > 0.02 else
                         ("high variance" if v - t > 0.02 else "good"), None),
        (lambda h, t, v: ("both" if v - t > 0.02 else "high bias") if t > 0.02 else
                         ("high variance" if v - t > 0.02 else "good"), "training error itself"),
        (lambda h, t, v: "good", "got 'good'"),
        (lambda h, t, v: t - h, "got"),
    ],
)  # fmt: skip
def test_error_tables(answer, said):
    judge("09.4", answer, said)


def test_the_package_names_all_curves_of_the_quiz():
    curves, names = curve_families.quiz(QUIZ_SEED)
    assert tuple(diagnosis.learning_curves(*pair).name for pair in curves) == names == find("09.5").solution
    assert all(np.isfinite(pair).all() for pair in curves)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda names: names, None),
        (lambda names: list(names), None),
        (lambda names: set(names), "8 results are wanted, as a tuple"),
        (lambda names: names[:7], "8 results are wanted"),
        (lambda names: tuple(name.replace("noisy validation", "overfitting") for name in names), "got 'overfitting'"),
        (
            lambda names: tuple({"good fit": "underfitting", "underfitting": "good fit"}.get(n, n) for n in names),
            "zero",
        ),
    ],
)
def test_quiz(change, said):
    judge("09.5", change(find("09.5").solution), said)
