"""No mutant of a solution is accepted: every change of one thing is seen, or is no change, and then says why."""

import copy
import math
import re

import mutants
import pytest
import styles
import torch

from nnlab import exercises
from nnlab.exercises import CORRECT, WRONG
from nnlab.exercises import exercise as judging
from nnlab.exercises.exercise import first_difference

FUNCTIONS = {id: exercise for id, exercise in exercises.exercises().items() if exercise.cases}
VALUES = {id: exercise for id, exercise in exercises.exercises().items() if not exercise.cases}

TWO_AXES = "logits have two axes, (batch, classes): axis 1 is the last"
MODERATE = "no logit of this exercise overflows exp: that is the lesson of 03.1"
ORDER = "the two may change places"
LIMIT = "both sides agree at the limit"
KINK = "exactly at the margin the loss has no slope, and no score of a case lies there"
EQUIVALENT = {
    "accuracy: -1 -> 1": TWO_AXES,
    "log_softmax: -1 -> 1": TWO_AXES,
    "onehot: -1 -> 1": TWO_AXES,
    "library_02_3: -1 -> 1": TWO_AXES,
    "numpy_03_1: -1 -> 1": TWO_AXES,
    "library_02_3: F.softmax(logits, dim=-1) -> F.softmax(logits)": "PyTorch then takes axis 1, with a warning",
    "saturated_share: sigmoid_slope(z) < 0.05 * 0.25 -> sigmoid_slope(z) <= 0.05 * 0.25": (
        "whether a slope equals the limit hangs on the rounding of the formula, so no right answer can be sure of it"
    ),
    "plain_04_2: y * (1 - y) < 0.0125 -> y * (1 - y) <= 0.0125": "as above",
    "numpy_04_2: y * (1 - y) < 0.05 * 0.25 -> y * (1 - y) <= 0.05 * 0.25": "as above",
    "04.2 sigmoid: -x -> x": "the slope of sigmoid is the same at z and -z",
    "numpy_04_2: -z.numpy() -> z.numpy()": "the slope of sigmoid is the same at z and -z",
    "warm_cosine: t < 10 -> t <= 10": LIMIT,
    "warm_cosine: 10 -> 11": "t < 11 is t <= 10 for whole numbers, and both parts are 1 at t = 10",
    "plain_07_2: t < 10 -> t <= 10": LIMIT,
    "plain_07_2: 10 -> 11": LIMIT,
    "library_07_2: t < 10 -> t <= 10": LIMIT,
    "library_07_2: 10 -> 11": LIMIT,
    "numpy_07_2: t <= 10 -> t < 10": LIMIT,
    "numpy_07_2: 10 -> 9": LIMIT,
    "stop: 1 -> 0": "epoch 0 is not below itself, and no patience is 0",
    "clip: min(1.0, MAX_NORM / float((a.pow(2).sum() + b.pow(2).sum()).sqrt())) "
    "-> min(MAX_NORM / float((a.pow(2).sum() + b.pow(2).sum()).sqrt()), 1.0)": ORDER,
    "library_00_2: accuracy_score(y, logits.argmax(dim=1)) -> accuracy_score(logits.argmax(dim=1), y)": ORDER,
    "library_01_1: F.mse_loss(x @ w, y) -> F.mse_loss(y, x @ w)": ORDER,
    "library_02_1: F.mse_loss(torch.sigmoid(w * x + b), t) -> F.mse_loss(t, torch.sigmoid(w * x + b))": ORDER,
    "library_03_4: F.huber_loss(p, y, delta=delta, reduction='sum') "
    "-> F.huber_loss(y, p, delta=delta, reduction='sum')": ORDER,
    "library_03_5: accuracy_score(torch.cat([y for _, y in batches]), torch.cat([z for z, _ in batches]).argmax(1)) "
    "-> accuracy_score(torch.cat([z for z, _ in batches]).argmax(1), torch.cat([y for _, y in batches]))": ORDER,
    "library_05_5: F.linear(x, weight.T) -> F.linear(weight.T, x)": "the transposed outputs have the same spread",
    "numpy_08_4: np.dot(sizes[:-1] + 1, sizes[1:]) -> np.dot(sizes[1:], sizes[:-1] + 1)": ORDER,
    "library_09_1: F.mse_loss(middle, truth) -> F.mse_loss(truth, middle)": ORDER,
    "numpy_10_3: np.maximum(np.abs(u) - 0.05, 0) -> np.maximum(0, np.abs(u) - 0.05)": ORDER,
    "numpy_12_5: max(1, norm) -> max(norm, 1)": ORDER,
    "library_16_2: peak_signal_noise_ratio(painted, truth, data_range=1.0) "
    "-> peak_signal_noise_ratio(truth, painted, data_range=1.0)": ORDER,
    "plain_16_4: one < 0 -> one <= 0": LIMIT,
    "plain_16_4: one > 1 -> one >= 1": LIMIT,
    "plain_02_3: one - max(z) -> one + max(z)": MODERATE,
    "plain_02_3: one - max(z) -> one": MODERATE,
    "plain_02_3: max(z) -> min(z)": MODERATE,
    "numpy_02_3: logits.numpy() - logits.numpy().max(axis=1, keepdims=True) "
    "-> logits.numpy() + logits.numpy().max(axis=1, keepdims=True)": MODERATE,
    "numpy_02_3: logits.numpy() - logits.numpy().max(axis=1, keepdims=True) -> logits.numpy()": MODERATE,
    "numpy_02_3: logits.numpy().max(axis=1, keepdims=True) -> logits.numpy().min(axis=1, keepdims=True)": MODERATE,
    "numpy_02_3: logits.numpy().max(axis=1, keepdims=True) -> logits.numpy().max(keepdims=True)": MODERATE,
    "plain_10_5: one - max(z) -> one + max(z)": MODERATE,
    "plain_10_5: one - max(z) -> one": MODERATE,
    "plain_10_5: max(z) -> min(z)": MODERATE,
    "numpy_10_5: logits.numpy() - logits.numpy().max(axis=-1, keepdims=True) "
    "-> logits.numpy() + logits.numpy().max(axis=-1, keepdims=True)": MODERATE,
    "numpy_10_5: logits.numpy() - logits.numpy().max(axis=-1, keepdims=True) -> logits.numpy()": MODERATE,
    "numpy_10_5: logits.numpy().max(axis=-1, keepdims=True) -> logits.numpy().min(axis=-1, keepdims=True)": MODERATE,
    "numpy_10_5: logits.numpy().max(axis=-1, keepdims=True) -> logits.numpy().max(keepdims=True)": MODERATE,
    "hinge_gradient: margins(scores, y) > 0 -> margins(scores, y) >= 0": KINK,
    "plain_03_2: score > row[label] - 1 -> score >= row[label] - 1": KINK,
    "numpy_03_2: s - s[rows, y.numpy()][:, None] > -1 -> s - s[rows, y.numpy()][:, None] >= -1": KINK,
    "plain_03_4: abs(p - t) <= delta -> abs(p - t) < delta": LIMIT,
    "plain_03_4: p > t -> p >= t": "beyond delta no error is 0",
    "numpy_03_4: np.abs(e) < delta -> np.abs(e) <= delta": LIMIT,
    "numpy_03_4: delta * np.sign(e) -> delta / np.sign(e)": "a sign is its own reciprocal",
    "plain_10_3: a > 0.05 -> a >= 0.05": LIMIT,
    "plain_10_3: a < -0.05 -> a <= -0.05": LIMIT,
    "plain_12_5: norm <= 1 -> norm < 1": LIMIT,
    "plain_12_5: b.flatten() -> b": "b has one axis",
    "library_07_4: torch.tensor(0.9) -> 0.9": "the same number",
    "library_07_4: torch.tensor(step) -> step": "the same number",
    "numpy_07_4: step / steps_per_epoch -> step // steps_per_epoch": "it is rounded down anyway",
    "plain_08_1: 0 -> -1": "counted from the end, the only group of parameters is the first",
    "plain_09_4: val - train > 0.02 -> val - train >= 0.02": (
        "in its first line, where the bias is high, no two floats differ by exactly 0.02"
    ),
    "library_07_1: optimizer.step() -> optimizer": "the schedule alone sets the rate",
    "library_07_1: 1 -> 2": "how many parameters there are does not matter",
    "library_07_1: 1 -> 0": "how many parameters there are does not matter",
    "library_07_1: 0 -> -1": "counted from the end, the only rate is the first",
    "best_so_far: torch.tensor(curve, dtype=losses.dtype) -> curve": "a list of the same numbers",
    "best_so_far: min(best, loss) -> min(loss, best)": ORDER,
    "library_13_3: 0 -> -1": "losses have one axis",
    "random_search: loss(lr) < best_loss -> loss(lr) <= best_loss": "no two rates are equally good",
    "refined: max(low, best / half) -> max(best / half, low)": ORDER,
    "refined: min(high, best * half) -> min(best * half, high)": ORDER,
    "plain_13_5: max(best / r, low) -> max(low, best / r)": ORDER,
    "plain_13_5: min(best * r, high) -> min(high, best * r)": ORDER,
    "06.3 of_torch: kind([parameter], lr=0.1, betas=(0.9, 0.99), eps=0.001, **settings) "
    "-> kind([parameter], lr=0.1, betas=(0.9, 0.99), eps=0.001)": "06.3 has no further settings",
    "library_15_2: 0 -> -1": "the only axis is the first and the last",
    "plain_15_3: 1 -> 2": "below the head stands tanh, which has no parameters",
    "library_15_4: accuracy_score(y, before.argmax(dim=1)) -> accuracy_score(before.argmax(dim=1), y)": ORDER,
    "library_15_4: accuracy_score(y, after.argmax(dim=1)) -> accuracy_score(after.argmax(dim=1), y)": ORDER,
    "library_12_4: F.batch_norm(z, mean_before, var, training=True, momentum=0.1) "
    "-> F.batch_norm(z, mean_before, var, training=True)": "0.1 is PyTorch's own momentum",
}

# Mutants that agree with a named mistake in the cases although they are not that mistake
COINCIDENCES = {
    ("12.3", "backward: g * x_hat -> x_hat"): "the mean of z_hat is 0, so the term of the variance is missing indeed",
    ("12.3", "plain_12_3: one * hat -> hat"): "as above",
    ("12.3", "numpy_12_3: g * z_hat -> z_hat"): "as above",
    ("12.3", "library_12_3: weight * (z - z.mean(0)) -> z - z.mean(0)"): (
        "the weight is missing; on other numbers z_hat is not standardized, and autograd sees that"
    ),
}


@pytest.fixture(autouse=True)
def short_time(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 2)


def right_answers(id):
    """The solution, and its other styles that are functions of their own."""
    written = [getattr(styles, f"{style}_{id.replace('.', '_')}", None) for style in ("plain", "library", "numpy")]
    own = [answer for answer in written if answer and answer.__name__.endswith(id.replace(".", "_"))]
    return [FUNCTIONS[id].solution, *own]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", FUNCTIONS)
def test_every_mutant_is_rejected(id):
    made, accepted = set(), set()
    for answer in right_answers(id):
        for words, mutant in mutants.of(answer):
            name = f"{id} {words}" if f"{id} {words}" in EQUIVALENT else words
            made.add(name)
            report = FUNCTIONS[id].check(mutant)
            if report.status != WRONG:
                accepted.add(name)
            assert not re.search(r"got (.+), wanted \1\.$", report.message), report
            assert "\n" not in report.message, report
    assert accepted == made & set(EQUIVALENT)


def test_every_equivalent_mutant_is_still_made_and_has_its_reason():
    made = [
        (id, words) for id in FUNCTIONS for answer in right_answers(id) for words, _ in mutants.changed_sources(answer)
    ]
    assert set(EQUIVALENT) <= {words for _, words in made} | {f"{id} {words}" for id, words in made}
    assert all(len(why) > 7 for why in EQUIVALENT.values())


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
    """Other numbers of the same kind, shape and sign; whole numbers, functions and overflowing logits as they are."""
    if isinstance(value, float):
        return 0.93 * value
    if not (isinstance(value, torch.Tensor) and value.is_floating_point()) or value.abs().max() > 500:
        return value
    noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(7), dtype=value.dtype)
    other = 0.9 * value + 0.3 * value.abs().mean() * noise
    return other.abs() if (value >= 0).all() else other


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
    false = set()
    for answer in right_answers(id):
        for words, mutant in mutants.of(answer):
            message = exercise.check(mutant).message
            for mistake in exercise.mistakes:
                if mistake.message == message and first_difference(
                    results(exercise, mutant, cases),
                    results(exercise, mistake.answer, cases),
                    max(1e-4, 2 * exercise.tolerance),
                ):
                    false.add(words)
    assert false == {words for known, words in COINCIDENCES if known == id}


def test_the_mutants_are_many_and_are_not_the_solution():
    for exercise in FUNCTIONS.values():
        words = [words for words, _ in mutants.of(exercise.solution)]
        assert len(words) >= 5
        assert all(change.split(": ", 1)[1].split(" -> ")[0] != change.split(" -> ")[-1] for change in words)
        assert (
            exercise.check(mutants.compiled(mutants.solution_functions(exercise.solution), exercise.solution)).status
            == CORRECT
        )


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
        ("11.1", lambda h, u, p: h * (u > p) / (1 - p), "u = p"),
        ("12.3", lambda dy, w, z, s: dy * w / s - (dy * w / s).mean(0), "the variance is missing"),
    ],
)
def test_what_was_once_accepted_or_misnamed(id, answer, said):
    report = FUNCTIONS[id].check(answer)
    assert report.status == WRONG
    assert said in report.message
