"""Submissions are graded completely: the table is right for every one, and nothing outside their folder is touched."""

import base64
import json
import socket
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import cloudpickle
import made_submissions
import numpy as np
import pandas as pd
import pytest
import torch

from nnlab.commands import cli
from nnlab.commands.classroom import grade as grading
from nnlab.commands.classroom import grade_one, grade_plain, grade_sandbox
from nnlab.commands.classroom.grade import grade
from nnlab.exercises import CORRECT, NOTEBOOKS, WRONG, find
from nnlab.exercises.exercise import tried

SECONDS, LATE = 120, 15  # for a notebook: much more than it needs, and for one that takes all of it


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A folder that is none of a submission's business, and a port where somebody listens."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret").write_text("1.0")
    return folder


@pytest.fixture(scope="module")
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def graded(request, tmp_path_factory, outside, port):
    """A sample of the submissions, or with --class all 200; each with its row."""
    chosen = made_submissions.everything(outside, LATE)
    if not request.config.getoption("--class"):
        chosen = [one for one in chosen if one.name in made_submissions.SAMPLE]
    if grade_sandbox.why_not_isolated():
        chosen = [one for one in chosen if not one.needs_walls]
    for one in chosen:
        one.content = one.content.replace("PORT", str(port))
    parts = []
    for is_long, seconds in ((False, SECONDS), (True, LATE)):
        folder = tmp_path_factory.mktemp("class")
        made_submissions.write(folder, [one for one in chosen if one.name.startswith("endless/") == is_long])
        parts.append(grade(folder, seconds=seconds, progress=False))
    rows = sorted((row for part in parts for row in part.rows), key=lambda row: row.name)
    both = grading.Grades(rows, sum(part.seconds for part in parts))
    print(f"{len(rows)} submissions in {both.seconds:.0f} s")
    return chosen, both


def test_the_table_is_right_for_every_submission(graded):
    chosen, grades = graded
    table = grades.table
    assert [*table.index] == sorted(one.name for one in chosen)
    found = {
        name: ({id: int(mark) for id, mark in row.items() if "." in id and not pd.isna(mark)}, row["note"])
        for name, row in table.iterrows()
    }
    wrong = {
        one.name: found[one.name]
        for one in chosen
        if found[one.name][0] != one.marks
        or one.note not in found[one.name][1]
        or bool(one.note) != bool(found[one.name][1])
    }
    assert wrong == {}
    assert (table["right"] == [sum(one.marks.values()) for one in sorted(chosen, key=lambda one: one.name)]).all()


def test_every_mistake_is_counted(graded):
    chosen, grades = graded
    wanted: dict = {}
    for key in (key for one in chosen for key in one.mistakes):
        wanted[key] = wanted.get(key, 0) + 1
    found = {(id, mistake): times for id, mistake, times in grades.mistakes.itertuples(index=False)}
    named = {key: times for key, times in found.items() if key[1] != grading.UNNAMED}
    assert named == wanted
    order = [(id, -times) for id, _, times in grades.mistakes.itertuples(index=False)]
    assert order == sorted(order)


@pytest.mark.skipif(bool(grade_sandbox.why_not_isolated()), reason=f"no walls: {grade_sandbox.why_not_isolated()}")
def test_nothing_outside_is_touched(graded, outside):
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_all_of_them_are_about_200(outside):
    chosen = made_submissions.everything(outside, LATE)
    assert 190 <= len(chosen) <= 230
    assert {one.name for one in chosen} >= set(made_submissions.SAMPLE)
    assert {key for one in chosen for key in one.mistakes} >= {
        (id, mistake.message) for id, exercise in made_submissions.ALL.items() for mistake in exercise.mistakes
    }
    assert {id[:2] for one in chosen for id in one.marks} == set(NOTEBOOKS)


def test_no_cell_of_the_course_fails_when_it_is_graded(request):
    if not request.config.getoption("--class"):
        pytest.skip("seventeen whole notebooks: with --class")
    grades = grade(grade_sandbox.PACKAGE.parent / "notebooks", seconds=600, progress=False)
    assert [(row.name, row.note) for row in grades.rows if "left out" not in row.note or "failed" in row.note] == []
    assert not any(report.status == WRONG for row in grades.rows for report in row.reports.values())


# walls


def test_the_walls_leave_no_solution_inside():
    call = grade_sandbox.walls(grade_sandbox.PACKAGE.parent / "own")
    hidden = {call[k + 2] for k, part in enumerate(call) if part == "--ro-bind" and call[k + 1] == "/dev/null"}
    assert hidden == {str(grade_sandbox.PACKAGE / "exercises" / f"{name}.py") for name in NOTEBOOKS.values()}
    shown = {call[k + 1] for k, part in enumerate(call) if part == "--ro-bind"} - {"/dev/null"}
    assert not any((grade_sandbox.PACKAGE.parent / "notebooks").is_relative_to(place) for place in shown)
    assert "--unshare-all" in call
    assert call[-1] == "--"


def test_without_bubblewrap_there_is_a_warning(monkeypatch):
    monkeypatch.setattr(grading, "why_not_isolated", lambda: "bubblewrap is not installed")
    (warning,) = grading.warnings()
    assert warning.startswith("submissions run with your rights and your network: bubblewrap is not installed.")


@pytest.mark.parametrize("id", [id for id, exercise in made_submissions.ALL.items() if exercise.cases])
def test_what_travels_does_not_hold_the_solution(id):
    task = base64.b64decode(grade_one.drawn(id, 0)[2])
    solution = find(id).solution
    assert solution.__code__.co_code not in task
    assert solution.__code__.co_code in cloudpickle.dumps(solution)


# what comes back


def kind_of(value):
    return type(value).__name__


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 2.5, float("nan"), float("inf"), "word", (1, [2.0, "a"]), []),
        *(torch.tensor([1.5, -2.0]), torch.zeros(0, 3), torch.tensor(True), torch.arange(3), torch.tensor(0.1)),
        *(torch.ones(2, dtype=torch.bfloat16), torch.tensor([torch.nan]), np.array([1.0, 2.0]), np.float32(0.1)),
    ],
    ids=kind_of,
)
def test_plain_data_comes_back_as_it_was(value):
    back = grade_plain.value_of(json.loads(json.dumps(grade_plain.plain(value))))
    if isinstance(value, torch.Tensor | np.ndarray):
        value = torch.as_tensor(value)
        assert (back.dtype, back.shape) == (value.dtype, value.shape)
        assert torch.equal(back.nan_to_num(7), value.nan_to_num(7))
    else:
        assert repr(back) == repr(value) or float(back) == float(value)


class Odd:
    def __reduce__(self):
        raise AssertionError("nothing is pickled")


@pytest.mark.parametrize(
    "value",
    [Odd(), print, 1j, torch.zeros(200_000), [0] * 200_000, {}, 10**5000, {"numbers": [1]}, object, np.array(["a"])],
    ids=kind_of,
)
def test_anything_else_comes_back_as_words(value):
    back = grade_plain.value_of(json.loads(json.dumps(grade_plain.plain(value))))
    assert isinstance(back, grade_plain.Words)


def test_an_outcome_is_judged_as_if_it_had_never_travelled():
    exercise = find("06.1")
    for answer in (exercise.solution, exercise.mistakes[0].answer, lambda w, g, v: w, lambda: 1, print, ..., 3):
        outcome = tried(answer, exercise.cases, exercise.run, exercise.forbidden)
        message = json.loads(json.dumps(grade_plain.plain_outcome(outcome)))
        assert exercise.judge(grade_plain.outcome_of(message)) == exercise.check(answer)


@pytest.mark.parametrize(
    "message",
    [{}, {"results": 3}, {"begun": True, "results": [[{"numbers": [1], "shape": [9], "kind": "float64"}]]}, [], "x"],
)
def test_what_cannot_be_read_is_wrong(message):
    outcome = grade_one.read(message)
    assert grade_one.judged("06.1", outcome, 0).status == WRONG


@pytest.mark.parametrize("results", [[], [[]], [[1]] * 3, [[1], [2]], [[(1, 2)] * 20, ["a"]]])
def test_results_of_another_length_are_wrong(results):
    outcome = grade_one.Outcome(True, results, ["f()"], [], "")
    assert grade_one.judged("06.1", outcome, 0).status == WRONG


# other executors, arguments, the command


class Losing(Executor):
    """An executor that loses every second task."""

    def __init__(self):
        self.pool, self.given = ThreadPoolExecutor(1), 0

    def submit(self, function, *arguments):
        self.given += 1
        if self.given % 2:
            return self.pool.submit(function, *arguments)
        lost: Future = Future()
        lost.set_exception(RuntimeError("worker lost"))
        return lost


def two(folder):
    made_submissions.write(
        folder, [one for one in made_submissions.broken() if one.name in ("broken/half", "broken/list")]
    )


def test_a_lost_worker_is_a_row(tmp_path):
    two(tmp_path)
    grades = grade(tmp_path, executor=Losing(), progress=False)
    assert [row.note for row in grades.rows] == [
        "this is no notebook that can be read",
        "not graded: RuntimeError: worker lost",
    ]


def test_dask_carries_the_work(tmp_path):
    distributed = pytest.importorskip("dask.distributed")
    source = made_submissions.notebook("import nnlab", 'nnlab.check("06.2", 1.0)')
    made_submissions.write(tmp_path, [made_submissions.Submission("ada", source)])
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        grades = grade(tmp_path, executor=client.get_executor(), progress=False)
    assert grades.rows[0].reports["06.2"].status == CORRECT


def test_names_are_paths_and_what_jupyter_keeps_is_left_out(tmp_path):
    for name in (
        "ada/06.ipynb",
        ".ipynb_checkpoints/x.ipynb",
        "ada/.ipynb_checkpoints/06.ipynb",
        "Émile ß.ipynb",
        "a.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert [name for name, _ in grading.submissions(tmp_path)] == ["ada/06", "Émile ß"]


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"seed": -1}, "-1"),
        ({"seconds": 0}, "0"),
        ({"megabytes": 10}, "10"),
        ({"workers": -2}, "-2"),
        ({"executor": "dask"}, "'dask'"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, value, tmp_path, refused):
    two(tmp_path)
    with refused(value):
        grade(tmp_path, **arguments)


def test_a_folder_that_is_none(tmp_path, refused):
    with refused(repr(str(tmp_path / "missing")), "folder must be one with notebooks"):
        grade(tmp_path / "missing")
    with refused(repr(str(tmp_path)), "folder must hold notebooks"):
        grade(tmp_path)


def test_the_command_writes_two_tables(tmp_path, capsys):
    source = made_submissions.notebook("import nnlab", 'nnlab.check("06.2", 0.1)')
    half = next(one for one in made_submissions.broken() if one.name == "broken/half")
    made_submissions.write(tmp_path, [made_submissions.Submission("ada", source), half])
    assert grading.main([str(tmp_path), "--csv", str(tmp_path / "marks.csv")]) == 0
    lines = (tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "notebook,06.1,06.2,06.3,06.4,right,note"
    assert lines[1] == "ada,,0,,,0,"
    assert lines[2] == "broken/half,,,,,0,this is no notebook that can be read"
    _, row = (tmp_path / "mistakes.csv").read_text(encoding="utf-8").splitlines()
    assert row.startswith("06.2,the same lr makes steps")
    assert row.endswith(",1")
    said = capsys.readouterr().out
    assert said.startswith("2 notebooks in ")
    assert "  1 x 06.2: the same lr" in said


@pytest.mark.parametrize("csv", ["missing/grades.csv", "mistakes.csv"])
def test_the_command_says_what_is_wrong(csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert grading.main([str(tmp_path), "--csv", csv]) == 1
    assert "--csv must be a file in a folder that is there. Got " in capsys.readouterr().err


def test_grade_is_a_command_of_nnlab(monkeypatch):
    called = []
    monkeypatch.setattr(cli, "prepare", lambda: "python")
    monkeypatch.setattr(cli, "_become", lambda command: called.append(command) or 0)
    assert cli.main(["grade", "homework", "--seed", "3"]) == 0
    assert called == [["python", "-m", "nnlab.commands.classroom.grade", "homework", "--seed", "3"]]


def test_nothing_goes_on_behind_the_table(graded):
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
