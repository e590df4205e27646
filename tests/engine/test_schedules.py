"""Every schedule equals its twin in torch.optim.lr_scheduler, by the formula, by hand, and after a save and a load."""

import io
import math
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import schedules
from nnlab.engine.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    Geometric,
    InverseRoot,
    Schedule,
    Step,
    TimeDecay,
    Triangular,
    WarmUp,
)

PLAIN = [
    (Constant(), "LambdaLR"),
    (TimeDecay(), "LambdaLR"),
    (TimeDecay(k=0.03), "LambdaLR"),
    (Exponential(), "ExponentialLR"),
    (Exponential(k=0.02), "ExponentialLR"),
    (Geometric(), "ExponentialLR"),
    (Geometric(gamma=0.98), "ExponentialLR"),
    (Step(), "StepLR"),
    (Step(every=7, gamma=0.5), "StepLR"),
    (InverseRoot(), "LambdaLR"),
    (InverseRoot(scale=30.0), "LambdaLR"),
    (Cosine(), "CosineAnnealingLR"),
    (Cosine(length=200), "CosineAnnealingLR"),
    (Cosine(length=33), "CosineAnnealingLR"),
    (Cosine(length=1), "CosineAnnealingLR"),
    (CosineRestarts(), "CosineAnnealingWarmRestarts"),
    (CosineRestarts(first=10, stretch=2), "CosineAnnealingWarmRestarts"),
    (CosineRestarts(first=1, stretch=3), "CosineAnnealingWarmRestarts"),
    (Triangular(), "CyclicLR"),
    (Triangular(half=7, lowest=0.0), "CyclicLR"),
    (WarmUp(), "LinearLR"),
    (WarmUp(length=40, start=0.01), "LinearLR"),
]
FOLLOWED = [
    (WarmUp(length=17, start=0.25, then=schedule), "LinearLR" if schedule == Constant() else "SequentialLR")
    for schedule, twin in PLAIN
    if twin != "LinearLR"
]
ALL = [pytest.param(schedule, twin, id=repr(schedule)) for schedule, twin in PLAIN + FOLLOWED]
every_schedule = pytest.mark.parametrize(("schedule", "twin"), ALL)


def optimizer(*rates):
    """SGD with one parameter group, and a gradient, for each learning rate."""
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in rates]
    for group in groups:
        group["params"][0].grad = torch.ones(1)
    return torch.optim.SGD(groups, lr=1.0)


def rates(stepped):
    return [group["lr"] for group in stepped.param_groups]


@every_schedule
def test_two_hundred_steps_are_those_of_the_twin_for_two_groups(schedule, twin):
    stepped = optimizer(0.1, 3.0)
    scheduler = schedule.to_torch(stepped)
    assert type(scheduler).__name__ == twin
    for t in range(200):
        assert rates(stepped) == pytest.approx([0.1 * schedule(t), 3.0 * schedule(t)], rel=1e-9, abs=1e-12), t
        stepped.step()
        scheduler.step()


@every_schedule
def test_making_and_stepping_the_twin_warns_of_nothing(schedule, twin):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stepped = optimizer(0.1)
        scheduler = schedule.to_torch(stepped)
        for _ in range(60):
            stepped.step()
            scheduler.step()
    assert caught == []


@every_schedule
@pytest.mark.parametrize("stop", [0, 5, 30])
def test_a_saved_twin_goes_on_where_it_stopped(schedule, twin, stop):
    stepped = optimizer(0.1, 3.0)
    scheduler = schedule.to_torch(stepped)
    for _ in range(stop):
        stepped.step()
        scheduler.step()
    file = io.BytesIO()
    torch.save({"optimizer": stepped.state_dict(), "schedule": scheduler.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    stepped = optimizer(0.1, 3.0)
    scheduler = schedule.to_torch(stepped)
    stepped.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["schedule"])
    for t in range(stop, stop + 60):
        assert rates(stepped) == pytest.approx([0.1 * schedule(t), 3.0 * schedule(t)], rel=1e-9, abs=1e-12), t
        stepped.step()
        scheduler.step()


@every_schedule
def test_no_factor_is_negative_or_above_one_and_a_schedule_equals_its_own_repr(schedule, twin):
    assert all(0 <= schedule(t) <= 1 for t in range(300))
    assert eval(repr(schedule), vars(schedules)) == schedule
    assert schedules.get(type(schedule).__name__) is type(schedule)


@every_schedule
def test_a_second_twin_starts_from_the_base_rate_again(schedule, twin):
    """PyTorch's twins change lr at once; what they multiply must stay the rate that the student gave."""
    stepped = optimizer(0.1, 3.0)
    schedule.to_torch(stepped)
    for group in stepped.param_groups:
        group["lr"] = group["initial_lr"]
    scheduler = schedule.to_torch(stepped)
    for t in range(20):
        assert rates(stepped) == pytest.approx([0.1 * schedule(t), 3.0 * schedule(t)], rel=1e-9, abs=1e-12), t
        stepped.step()
        scheduler.step()


def test_the_lecture_s_four_rates():
    assert [round(0.1 * TimeDecay(k=1)(epoch), 3) for epoch in range(4)] == [0.1, 0.05, 0.033, 0.025]


@pytest.mark.parametrize(
    ("schedule", "by_hand"),
    [
        (TimeDecay(k=0.5), {0: 1, 2: 1 / 2, 18: 1 / 10}),
        (Exponential(k=0.1), {0: 1, 10: 1 / math.e, 20: math.e**-2}),
        (Geometric(gamma=0.5), {0: 1, 1: 1 / 2, 3: 1 / 8}),
        (Step(every=10, gamma=0.1), {0: 1, 9: 1, 10: 0.1, 19: 0.1, 20: 0.01}),
        (InverseRoot(), {0: 1, 3: 1 / 2, 99: 1 / 10}),
        (InverseRoot(scale=10), {30: 1 / 2}),
        (Cosine(length=60), {0: 1, 20: 3 / 4, 30: 1 / 2, 40: 1 / 4, 60: 0, 90: 1 / 2, 120: 1}),
        (CosineRestarts(first=10, stretch=2), {0: 1, 5: 1 / 2, 10: 1, 20: 1 / 2, 30: 1, 50: 1 / 2, 70: 1}),
        (Triangular(half=10, lowest=0.2), {0: 0.2, 5: 0.6, 10: 1, 15: 0.6, 20: 0.2, 30: 1}),
        (WarmUp(length=10, start=0.2), {0: 0.2, 5: 0.6, 10: 1, 50: 1}),
        (WarmUp(length=10, start=0.2, then=TimeDecay(k=1)), {0: 0.2, 9: 0.92, 10: 1, 11: 1 / 2, 13: 1 / 4}),
    ],
    ids=repr,
)
def test_by_hand(schedule, by_hand):
    assert {t: schedule(t) for t in by_hand} == pytest.approx(by_hand)


@given(st.floats(0.001, 2.0), st.integers(0, 200))
def test_exponential_and_geometric_are_one_curve(k, t):
    assert Geometric(gamma=math.exp(-k))(t) == pytest.approx(Exponential(k=k)(t))


@given(st.integers(1, 20), st.integers(1, 3), st.integers(0, 300))
def test_a_restart_comes_after_each_stretched_length(first, stretch, n):
    starts = [sum(first * stretch**k for k in range(n)) for n in range(6)]
    schedule = CosineRestarts(first, stretch)
    assert [schedule(t) for t in starts] == [1.0] * 6


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda: TimeDecay(k=-1), "-1"),
        (lambda: Exponential(k=-0.1), "-0.1"),
        (lambda: Geometric(gamma=0), "0"),
        (lambda: Geometric(gamma=1.1), "1.1"),
        (lambda: Step(every=0), "0"),
        (lambda: Step(every=2.5), "2.5"),
        (lambda: Step(gamma=0), "0"),
        (lambda: InverseRoot(scale=0), "0"),
        (lambda: Cosine(length=0), "0"),
        (lambda: CosineRestarts(first=0), "0"),
        (lambda: CosineRestarts(stretch=1.5), "1.5"),
        (lambda: Triangular(half=0), "0"),
        (lambda: Triangular(lowest=1), "1"),
        (lambda: WarmUp(length=0), "0"),
        (lambda: WarmUp(start=0), "0"),
        (lambda: WarmUp(then=WarmUp()), "WarmUp"),
        (lambda: WarmUp(then="Cosine"), "'Cosine'"),
        (lambda: Cosine()(-1), "-1"),
        (lambda: Cosine()(math.nan), "nan"),
        (lambda: Cosine()("1"), "'1'"),
        (lambda: schedules.get("cosine"), "'cosine'"),
    ],
)
def test_outside_the_range(make, got, refused):
    with refused(got):
        make()


def test_every_formula_is_tested_above():
    assert {type(schedule) for schedule, _ in PLAIN} == set(schedules.FORMULAS.values())
    assert set(Schedule.__subclasses__()) == set(schedules.FORMULAS.values())
