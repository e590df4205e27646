"""No mutant of a solution is accepted: every change of one thing is seen, or is no change, and then says why."""

import copy
import math

import mutants
import pytest
import torch

from nnlab import exercises
from nnlab.exercises import NOT_ATTEMPTED, WRONG
from nnlab.exercises import exercise as judging
from nnlab.exercises.exercise import first_difference

FUNCTIONS = {id: exercise for id, exercise in exercises.exercises().items() if exercise.cases}
VALUES = {id: exercise for id, exercise in exercises.exercises().items() if not exercise.cases}

TWO_AXES = "logits have two axes, (batch, classes): axis 1 is the last"
KIND = "the same values in another number kind"
EQUIVALENT = {
    ("00.2", "accuracy: -1 -> 1"): TWO_AXES,
    ("02.3", "dlogits: torch.eye(logits.shape[1], dtype=logits.dtype) -> torch.eye(logits.shape[1])"): KIND,
    ("03.1", "log_softmax: -1 -> 1"): TWO_AXES,
    ("03.2", "log_softmax: -1 -> 1"): TWO_AXES,
    ("03.2", "onehot: -1 -> 1"): TWO_AXES,
    ("03.2", "onehot: torch.eye(logits.shape[-1], dtype=logits.dtype) -> torch.eye(logits.shape[-1])"): KIND,
    ("03.5", "epoch_accuracy: int((logits.argmax(1) == y).sum()) -> (logits.argmax(1) == y).sum()"): KIND,
    ("04.2", "saturated_share: sigmoid_slope(z) < 0.05 * 0.25 -> sigmoid_slope(z) <= 0.05 * 0.25"): (
        "whether a slope equals the limit hangs on the rounding of the formula, so no right answer can be sure of it"
    ),
    ("07.2", "warm_cosine: t < 10 -> t <= 10"): "both parts are 1 at t = 10",
    ("07.2", "warm_cosine: 10 -> 11"): "t < 11 is t <= 10 for whole numbers, and both parts are 1 at t = 10",
    ("08.3", "stop: 1 -> 0"): "epoch 0 is not below itself, and no patience is 0",
    ("09.3", "shares: float(train_end / first) -> train_end / first"): KIND,
    ("09.3", "shares: float((val_end - train_end) / first) -> (val_end - train_end) / first"): KIND,
    ("09.3", "shares: float((val_end - lowest) / first) -> (val_end - lowest) / first"): KIND,
    (
        "11.3",
        "one_hot: torch.nn.functional.one_hot(y, classes).double() -> torch.nn.functional.one_hot(y, classes)",
    ): KIND,
    (
        "12.5",
        "clip: min(1.0, MAX_NORM / float((a.pow(2).sum() + b.pow(2).sum()).sqrt())) "
        "-> min(MAX_NORM / float((a.pow(2).sum() + b.pow(2).sum()).sqrt()), 1.0)",
    ): "the order of two numbers does not change the smaller one",
    ("12.5", "clip: float((a.pow(2).sum() + b.pow(2).sum()).sqrt()) -> (a.pow(2).sum() + b.pow(2).sum()).sqrt()"): KIND,
}

# Mutants that agree with a named mistake in the cases although they are not that mistake
COINCIDENCES = {
    (
        "12.3",
        "backward: g * x_hat -> x_hat is told: the mean is right, the variance is missing: "
        "subtract z_hat * mean(g z_hat).",
    ): "the mean of z_hat is 0, so the term of the variance is missing indeed",
}


@pytest.fixture(autouse=True)
def short_time(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 2)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", FUNCTIONS)
def test_every_mutant_is_rejected(id):
    accepted = [
        words for words, mutant in mutants.of(FUNCTIONS[id].solution) if FUNCTIONS[id].check(mutant).status != WRONG
    ]
    assert sorted(set(accepted)) == sorted(words for known, words in EQUIVALENT if known == id)


@pytest.mark.parametrize("id", FUNCTIONS)
def test_every_change_in_place_is_seen(id):
    exercise = FUNCTIONS[id]
    found = list(mutants.in_place(exercise))
    assert found or not any(isinstance(part, torch.Tensor) for part in exercise.cases[0])
    for words, mutant in found:
        assert "changes an argument in place" in exercise.check(mutant).message, words


@pytest.mark.parametrize("id", VALUES)
def test_other_values_are_rejected(id):
    exercise = VALUES[id]
    if isinstance(exercise.solution, tuple):
        others = [exercise.solution[::-1], exercise.solution[1:], exercise.solution[1:] + exercise.solution[:1]]
    else:
        right = exercise.solution
        others = [
            -right,
            2 * right,
            right / 2,
            right + 1,
            right - 1,
            1.05 * right,
            right**2 if right != 1 else 10,
            1 / right if right != 1 else 0.1,
            0,
        ]
    for other in others:
        assert exercise.check(other).status == WRONG, other


def perturbed(value):
    """Other numbers of the same kind and shape; whole numbers, functions and lists of batches as they are."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
        spread = float(value.double().abs().mean()) or 1.0
        return (
            value
            if value.abs().max() > 500
            else (0.9 * value.double() + 0.3 * spread * noise).abs().to(value.dtype)
            if bool((value >= 0).all())
            else (0.9 * value.double() + 0.3 * spread * noise).to(value.dtype)
        )
    if isinstance(value, float):
        return 0.93 * value
    return value


def results(exercise, answer, cases):
    try:
        return [exercise.run(answer, copy.deepcopy(case)) for case in cases]
    except Exception as error:  # a mutant may fail on other numbers
        return [[str(type(error))]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", FUNCTIONS)
def test_no_mutant_gets_the_name_of_another_mistake(id):
    """A mutant that is taken for a mistake is one: both also agree on other numbers."""
    exercise = FUNCTIONS[id]
    cases = [tuple(perturbed(value) for value in case) for case in exercise.cases]
    false = []
    for words, mutant in mutants.of(exercise.solution):
        message = exercise.check(mutant).message
        for mistake in exercise.mistakes:
            if mistake.message == message and first_difference(
                results(exercise, mutant, cases), results(exercise, mistake.answer, cases), 1e-4
            ):
                false.append(f"{words} is told: {message}")
    assert sorted(false) == sorted(words for known, words in COINCIDENCES if known == id)


def test_the_mutants_are_many_and_are_not_the_solution():
    for exercise in FUNCTIONS.values():
        words = [words for words, _ in mutants.of(exercise.solution)]
        assert len(words) >= 5
        assert all(change.split(": ", 1)[1].split(" -> ")[0] != change.split(" -> ")[-1] for change in words)
        assert exercise.check(
            mutants.compiled(mutants.solution_functions(exercise.solution), exercise.solution)
        ).status not in (WRONG, NOT_ATTEMPTED)


def share(right):
    return right.float().mean()


def warm_up_that_ends_early(t):
    return 0.1 + 0.1 * t if t < 10 else (1 + math.cos(math.pi * (t - 10) / 90)) / 2


def shifted_by_minimum(z):
    z = z - z.min(1, keepdim=True).values
    return z - z.exp().sum(1, keepdim=True).log()


def stopped(losses, patience):
    best, waited, epoch = 0, 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] <= losses[best]:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return epoch, best


def shares_of_training(train, val):
    q = len(val) // 4
    a, b = train[-q:].mean(), val[-q:].mean()
    return a / train[0], (b - a) / train[0], (b - val.min()) / train[0]


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("00.2", lambda z, y: share(z.softmax(1)[range(len(y)), y] > 0.5), "half of the probability"),
        ("00.2", lambda z, y: share(z[range(len(y)), y] > 0), "above 0"),
        ("00.2", lambda z, y: share(z[range(len(y)), y] > z.mean(1)), "mean of its row"),
        ("00.2", lambda z, y: share(z.argmin(1) == y), "smallest logit"),
        ("00.2", lambda z, y: share(z.argmax(1) != y), "error rate"),
        ("03.1", lambda z: torch.log(torch.softmax(z, 1)), "log 0 is -inf"),
        ("03.1", shifted_by_minimum, "smallest logit"),
        ("04.2", lambda z: share(torch.sigmoid(z) < 0.05), "your function(tensor (20, 6)): got"),
        ("07.2", warm_up_that_ends_early, "one step early, at t = 9"),
        ("08.3", stopped, "as low as the best"),
        ("09.3", shares_of_training, "first training loss"),
        ("11.1", lambda a, u, p: a * (u > p) / (1 - p), "u = p"),
        ("12.3", lambda dy, w, z, s: dy * w / s - (dy * w / s).mean(0), "the variance is missing"),
    ],
)
def test_what_was_once_accepted_or_misnamed(id, answer, said):
    report = FUNCTIONS[id].check(answer)
    assert report.status == WRONG
    assert said in report.message
