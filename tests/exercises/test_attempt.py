"""A student's function at work: stubs, forgotten returns, failures and their line, endless loops, forbidden calls."""

import importlib
import threading
import time

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

import nnlab
from nnlab.exercises import CORRECT, NOT_ATTEMPTED, WRONG, Exercise, Mistake
from nnlab.exercises import exercise as judging
from nnlab.exercises.attempt import Ended, Endless, untouched, within

DOUBLE = Exercise(
    id="99.1",
    task="twice x",
    solution=lambda x, times: x * 2,
    tested="doubles.",
    mistakes=(Mistake(lambda x, times: x, "that is x."),),
    hints=("first", "second"),
    cases=((torch.tensor([1.0, 2.0]), 1), (torch.arange(6.0), 2)),
    forbidden=("add",),
)


def dots(x, times): ...


def passing(x, times):
    pass


def documented(x, times):
    """Twice x."""


def raising(x, times):
    raise NotImplementedError


def raising_with_text(x, times):
    """Twice x."""
    raise NotImplementedError("your turn")


def returning_dots(x, times):
    return ...


@pytest.mark.parametrize(
    "stub", [dots, passing, documented, raising, raising_with_text, returning_dots, lambda *a: ...]
)
def test_a_stub_is_not_attempted(stub):
    assert untouched(stub)
    assert DOUBLE.check(stub).status == NOT_ATTEMPTED


def forgotten(x, times):
    x * 2


def printed(x, times):
    print(x * 2)


def with_a_branch_that_returns_nothing(x, times):  # noqa: RET503 - that is the mistake
    if times == 1:
        return x * 2


def not_implemented_by_torch(x, times):
    return x ^ 2


def raised_after_work(x, times):
    if x.sum() > 0:
        raise NotImplementedError
    return x


def returning_the_class(x, times):
    return NotImplementedError


def only_text(x, times):
    return "text"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (forgotten, "forgotten([1, 2], 1): got None. Is a `return` missing?"),
        (printed, "print shows a value, but does not return it"),
        (with_a_branch_that_returns_nothing, "(tensor (6,), 2): got None."),
        (not_implemented_by_torch, "your function raised NotImplementedError in line "),
        (not_implemented_by_torch, ", `return x ^ 2`: "),
        (raised_after_work, ", `raise NotImplementedError`: no message."),
        (returning_the_class, "Got a function"),
        (only_text, "a tensor is wanted. Got 'text' (str)"),
        (lambda x: x, "your function raised TypeError: "),
        (lambda x: x, "The call was your function([1, 2], 1)."),
        (torch.nn.functional.cross_entropy, "your function raised "),
        (SystemExit, "a tensor is wanted"),
        (lambda x, times: exit(), "your function raised SystemExit in line "),
    ],
)
def test_work_is_judged_and_a_failure_is_shown_with_its_line(answer, said):
    report = DOUBLE.check(answer)
    assert report.status == WRONG
    assert said in report.message
    assert "\n" not in report.message


def test_a_long_message_of_torch_is_cut():
    def failing(x, times):
        text = "so long " * 100 + "\nsecond line"
        raise ValueError(text)

    message = DOUBLE.check(failing).message
    assert "so long so long" in message
    assert "second" not in message
    assert len(message) < 400


def endless(x, times):
    while True:
        pass


def endless_with_except(x, times):
    while True:
        try:
            x = x + 1
        except Exception:
            x = x - 1


def endless_from_the_second_case_on(x, times):
    while times > 1:
        x = x * 1
    return x * 2


@pytest.mark.parametrize(
    ("answer", "call"),
    [
        (endless, "endless([1, 2], 1)"),
        (endless_with_except, "endless_with_except([1, 2], 1)"),
        (endless_from_the_second_case_on, "endless_from_the_second_case_on(tensor (6,), 2)"),
    ],
)
def test_a_loop_without_end_is_ended_and_nothing_stays_running(answer, call, monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.3)
    threads, began = threading.active_count(), time.perf_counter()
    report = DOUBLE.check(answer)
    assert time.perf_counter() - began < 5
    assert report.status == WRONG
    assert report.message == f"{call} did not end within 0.3 s. Does its loop ever stop?"
    assert threading.active_count() == threads


def test_a_function_that_sleeps_is_not_waited_for():
    began = time.perf_counter()
    with pytest.raises(Endless):
        within(0.1, lambda: time.sleep(6))
    assert time.perf_counter() - began < 4


def test_an_import_is_not_broken_off_and_does_not_count(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(
        "import time\ntime.sleep(0.2)\ntime.sleep(0.2)\ntime.sleep(0.2)\nwhole = 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert within(0.3, lambda: importlib.import_module("slow_to_import").whole) == 1


def test_work_in_time_hands_on_its_result_and_what_it_raised():
    assert within(5, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    with pytest.raises(ValueError, match="not what ends"):
        within(5, lambda: (_ for _ in ()).throw(ValueError("not what ends")))
    assert issubclass(Ended, BaseException)
    assert not issubclass(Ended, Exception)


def test_five_seconds_are_given():
    assert judging.SECONDS == 5


def changes_its_second_list(numbers, batches):
    batches.append(3)
    return 2 * numbers


def changes_by_keyword(z, times):
    z -= 1
    return z


@pytest.mark.parametrize(
    ("cases", "answer", "said"),
    [
        (((torch.ones(2), [1, 2]),), changes_its_second_list, "in place: batches. Work on a copy of it."),
        (
            ((torch.ones(2), 1),),
            changes_by_keyword,
            "in place: z. Compute a new tensor, z - ... instead of z -= ..., or work on z.clone().",
        ),
        (((torch.ones(2), [torch.ones(2)]),), lambda x, parts: parts[0].add_(1), "in place: parts."),
        (((torch.ones(2), 1),), lambda *both: both[1] * both[0].add_(1), "in place: both."),
    ],
)
def test_a_changed_argument_is_named_by_the_students_own_name(cases, answer, said):
    exercise = Exercise("99.2", "twice x", lambda x, other: x * 2, "doubles.", (), ("a", "b"), cases)
    assert said in exercise.check(answer).message


def test_an_argument_that_is_nan_is_not_called_changed():
    exercise = Exercise("99.3", "x", lambda x: x + 1, "x.", (), ("a", "b"), ((torch.tensor([torch.nan, 1.0]),),))
    assert exercise.check(lambda x: x + 1).status == CORRECT
    assert "in place" in exercise.check(lambda x: x.add_(1)).message


def test_in_a_notebook_the_kernel_goes_on_and_prints_stand_below_the_cell():
    cells = [
        "import nnlab\nfrom nnlab.exercises import exercise\nexercise.SECONDS = 0.5",
        "def mine(w, g):\n    print('step', len(w))\n    while True:\n        w = w + g\nnnlab.check('00.3', mine)",
        "def mine(w, g):\n    return w - 0.2 * h\nnnlab.check('00.3', mine)",
        "# Solution\nnnlab.check('00.3', lambda w, g: w - 0.1 * g)",
        "import threading\n[thread.name for thread in threading.enumerate() if '(run)' in thread.name]",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    _, endless_cell, failing, solution, threads = (cell.outputs for cell in notebook.cells)
    assert endless_cell[0].text == "step 3\n"
    assert "mine([1, -2, 3], [0.5, 0.5, -1]) did not end within 0.5 s" in endless_cell[1].data["text/plain"]
    assert "NameError in line 2, `return w - 0.2 * h`: name 'h' is not defined." in failing[0].data["text/plain"]
    assert set(failing[0].data) == {"text/plain", "text/html"}
    assert set(solution[0].data) == {"text/plain"}
    assert threads[0].data["text/plain"] == "[]"


@pytest.mark.parametrize("add", [torch.add, lambda a, b: a + b, lambda a, b: a.add(b)])
def test_what_the_task_forbids_is_refused_when_the_numbers_are_right(add):
    report = DOUBLE.check(lambda x, times: add(x, x))
    assert report.message == "the numbers are right, but the task says to do it without PyTorch's add."
    assert DOUBLE.check(lambda x, times: add(x, 0)).message == "that is x."
    assert DOUBLE.check(lambda x, times: np.add(x.numpy(), x.numpy())).status == CORRECT


@pytest.mark.parametrize(
    "loop",
    ["z.requires_grad_(); f(z).sum().backward(); return z.grad", "return torch.func.grad(lambda z: f(z).sum())(z)"],
)
def test_autograd_is_seen_however_it_is_called(loop):
    scope = {"torch": torch, "f": torch.nn.functional.silu}
    exec(f"def answer(z):\n    z = z.clone()\n    {loop}", scope)
    assert "without autograd" in nnlab.check("04.1", scope["answer"]).message
