"""Every exercise accepts its solution, leaves a stub alone and names each recorded mistake; and how judging works."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

import nnlab
from nnlab import exercises
from nnlab.exercises import CORRECT, NOT_ATTEMPTED, WRONG, Exercise, Mistake
from nnlab.exercises.exercise import follow, normal

ALL = exercises.exercises()
every_exercise = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
MISTAKES = [
    pytest.param(exercise, mistake, id=f"{id}-{k}")
    for id, exercise in ALL.items()
    for k, mistake in enumerate(exercise.mistakes, start=1)
]


def stub(*arguments):
    raise NotImplementedError


def stubs(exercise):
    plain = [..., None]
    return [*plain, stub, lambda *arguments: None, lambda *arguments: ...] if exercise.cases else plain


@every_exercise
def test_solution_is_correct_and_the_report_says_what_was_tested(exercise):
    report = nnlab.check(exercise.id, exercise.solution)
    assert report.status == CORRECT
    assert report.message == exercise.tested
    assert repr(report) == f"✓ {exercise.id} correct: {exercise.tested}"


@every_exercise
def test_stub_is_not_attempted(exercise):
    for answer in stubs(exercise):
        report = nnlab.check(exercise.id, answer)
        assert report.status == NOT_ATTEMPTED, report
        assert exercise.task in report.message
        assert repr(report).startswith(f"○ {exercise.id} not attempted: ")


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_mistake_is_named(exercise, mistake):
    report = nnlab.check(exercise.id, mistake.answer)
    assert report.status == WRONG
    assert report.message == mistake.message


@every_exercise
def test_texts(exercise):
    assert re.fullmatch(r"\d\d\.\d", exercise.id)
    assert exercise.id[:2] in exercises.NOTEBOOKS
    assert len(exercise.mistakes) >= 3
    messages = [mistake.message for mistake in exercise.mistakes]
    assert len(set(messages)) == len(messages)
    assert len(exercise.hints) == len(set(exercise.hints)) == 2
    for text in (exercise.task, exercise.tested, *messages, *exercise.hints):
        assert len(text.strip()) > 10, text


@every_exercise
@pytest.mark.parametrize(
    "odd",
    [
        *(
            10**400,
            "text",
            [],
            {},
            (),
            set(),
            True,
            1j,
            float("nan"),
            object(),
            int,
            b"bytes",
            range(0),
            [[1], [1, 2]],
            [None],
        ),
        *(torch.zeros(0), torch.zeros(2, 2), torch.tensor(1j), torch.ones(2, 2).to_sparse(), torch.nn.Linear(1, 1)),
        *(np.array(["a", "b"]), np.array([None]), np.array({}), pd.DataFrame({"a": ["b"]}), pd.Series(dtype=float)),
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_odd_answers_are_judged_and_never_raise(exercise, odd):
    assert exercise.check(odd).status == WRONG or odd is exercise.solution
    if exercise.cases:
        assert exercise.check(lambda *arguments: odd).status == WRONG


@every_exercise
def test_a_function_that_fails_is_told_how(exercise):
    if not exercise.cases:
        assert exercise.check(lambda: 1).status == WRONG
        return
    for answer, said in [(lambda *arguments: 1 / 0, "ZeroDivisionError"), (lambda: 1, "TypeError")]:
        report = exercise.check(answer)
        assert report.status == WRONG
        assert said in report.message


def test_hints_come_one_after_the_other(capsys):
    id, exercise = next(iter(ALL.items()))
    exercises._hints_given.pop(id, None)
    for number in (1, 2, 1):
        nnlab.hint(id)
        assert capsys.readouterr().out == f"Hint {number} of 2 for {id}: {exercise.hints[number - 1]}\n"


@pytest.mark.parametrize("id", ["06.99", "99.1", "", 6.1, None])
def test_unknown_exercise(id, refused):
    with refused(repr(id)):
        nnlab.check(id, ...)
    with refused(repr(id)):
        nnlab.hint(id)


# how an answer is judged, on a made-up exercise

MEAN = Exercise(
    id="99.1",
    task="the mean of x",
    solution=lambda x: x.mean(),
    tested="two means.",
    mistakes=(Mistake(lambda x: x.sum(), "this is the sum."), Mistake(lambda x: x.max(), "this is the largest.")),
    hints=("first", "second"),
    cases=((torch.tensor([1.0, 2.0, 6.0]),), (torch.tensor([0.0, 4.0]),)),
)


def in_place(x):
    x /= len(x)
    return x.sum()


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (lambda x: x.sum() / len(x), CORRECT, "two means."),
        (lambda x: x.mean() * (1 + 1e-7), CORRECT, "two means."),
        (lambda x: x.mean() * (1 + 1e-3), WRONG, r"your function\(\[1, 2, 6\]\): got 3.003, wanted 3\."),
        (lambda x: torch.tensor(3.0), WRONG, r"your function\(\[0, 4\]\): got 3, wanted 2\."),
        (lambda x: x.sum(), WRONG, "this is the sum."),
        (lambda x: x.mean(0, keepdim=True), WRONG, r"the shape must be \(\). Got \(1,\)"),
        (lambda x: x.mean().double(), CORRECT, "two means."),
        (lambda x: x.mean().item(), CORRECT, "two means."),
        (lambda x: "3", WRONG, "a number is wanted. Got '3' \\(str\\)"),
        (lambda x: x.mean() * torch.nan, WRONG, "got nan"),
        (in_place, WRONG, "changes an argument in place"),
        (3.0, WRONG, "the answer must be a function. Got 3.0"),
        (lambda x: x.men(), WRONG, "your function raised AttributeError"),
    ],
)
def test_judgement(answer, status, message):
    report = MEAN.check(answer)
    assert report.status == status
    assert re.search(message, report.message), report.message


def test_cases_stay_as_they_are():
    MEAN.check(in_place)
    assert MEAN.cases[0][0].tolist() == [1.0, 2.0, 6.0]
    assert MEAN.check(MEAN.solution).status == CORRECT


@pytest.mark.parametrize(
    ("solution", "right", "wrong"),
    [
        (12, [12, 12.0, torch.tensor(12), 12 * (1 + 1e-7)], [13, "12", True, torch.tensor([12, 12]), float("nan")]),
        (0.5, [0.5, torch.tensor(0.5)], [0.51, 1 / 3, "0.5", [0.5]]),
        ("Adam", ["Adam"], ["SGD", 1, torch.zeros(2)]),
        (True, [True, torch.tensor(True)], [False, 1, "True", 1.5, torch.zeros(2)]),
        ((1, 2), [(1, 2), [1, 2]], [(1, 3), (1,), 1, [1, 2, 3]]),
    ],
)
def test_plain_values(solution, right, wrong):
    exercise = Exercise("99.2", "say it", solution, "the value.", (), ("a", "b"))
    assert [exercise.check(answer).status for answer in right] == [CORRECT] * len(right)
    assert [exercise.check(answer).status for answer in wrong] == [WRONG] * len(wrong)


@pytest.mark.parametrize("lost", [float("nan"), float("inf"), -float("inf")])
def test_a_mistake_that_overflows_is_named_and_no_other_answer_is_taken_for_it(lost):
    def overflowing(x):
        return torch.where(x > 1, lost, x)

    mistakes = (Mistake(overflowing, "it overflows."), Mistake(lambda x: -x, "the sign."))
    exercise = Exercise("99.3", "copy x", lambda x: x + 0, "a copy.", mistakes, ("a", "b"), ((torch.arange(4.0),),))
    assert exercise.check(overflowing).message == "it overflows."
    assert exercise.check(lambda x: -x).message == "the sign."
    assert ": at [0]: got nan, wanted 0" in exercise.check(lambda x: x * lost).message
    assert exercise.check(lambda x: x + 0).status == CORRECT


def test_a_followed_answer_starts_where_it_ended_and_stops_when_it_returns_something_else():
    run = follow(lambda t, g, w, v: (w, g, v, t))

    def add_up(w, g, v, t):
        return (w + g, v + t) if t < 3 else w

    assert run(add_up, (10, 0, [1, 2, 3, 4])) == [(11, 1), (13, 3), 13]
    assert run(lambda w, g, v, t: (w, v), (10, 0, [1, 2])) == [(10, 0), (10, 0)]
    assert run(lambda w, g, v, t: (w,), (10, 0, [1, 2])) == [(10,)]


def test_normal_numbers_come_from_a_seed_or_go_on():
    generator = torch.Generator().manual_seed(3)
    first, second = normal(generator, 2, 3), normal(generator, 2, 3)
    assert first.dtype == torch.float64
    assert torch.equal(normal(3, 2, 3), first)
    assert not torch.equal(first, second)


# how a report shows itself


def cell(source):
    """Run a cell as IPython does; its last line is an expression."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    return shell.run_cell("import nnlab").success and shell.run_cell(source).result


def test_a_students_verdicts_differ_in_sign_and_colour_and_a_stub_stays_plain():
    right, wrong, stub_ = (nnlab.check("08.5", answer) for answer in (170, 3, ...))
    assert [repr(report)[0] for report in (right, wrong, stub_)] == ["✓", "✗", "○"]
    assert stub_._repr_html_() is None
    shown = [report._repr_html_() for report in (right, wrong)]
    colours = [re.search("background:(#[0-9a-f]{6})", text).group(1) for text in shown]
    assert len(set(colours)) == 2
    for report, text in zip((right, wrong), shown, strict=True):
        assert re.sub("<[^>]*>", "", text) == repr(report).replace(": ", " ", 1)


def test_the_message_is_escaped():
    assert "&lt;b&gt;" in exercises.Report("99.1", WRONG, "got '<b>'")._repr_html_()


@pytest.mark.parametrize("first", ["# Solution", "# solution of 08.5"])
def test_a_solution_cell_is_plain_text(first):
    assert cell(f"{first}\nnnlab.check('08.5', 170)")._repr_html_() is None
    assert cell("nnlab.check('08.5', 170)")._repr_html_() is not None
    assert cell("# mine\nnnlab.check('08.5', 170)")._repr_html_() is not None
