"""The solutions that the notebooks show are right, and no mutant of one is accepted."""

import pytest
import shown

from nnlab import exercises
from nnlab.exercises import CORRECT, WRONG
from nnlab.exercises import exercise as judging

CELLS = {cell.id: cell for path in shown.NOTEBOOKS for cell in shown.read(path)}

ORDER = "the two may change places"
SAME = "the same number"
LIMIT = "both sides agree at the limit"
EQUIVALENT = {
    ("00.2", "answer: -1 -> 1"): "logits have two axes: axis 1 is the last",
    ("01.3", "answer: 6 -> 5"): "the larger curvature decides",
    ("01.3", "answer: 6 -> 7"): "the larger curvature decides",
    ("01.3", "answer: max(6, 16) -> max(16, 6)"): ORDER,
    ("01.4", "answer: 2 ** 2 -> 2 * 2"): SAME,
    ("02.4", "answer: 64 / 16 -> 64 // 16"): SAME,
    ("03.1", "log_softmax_solution: -1 -> 1"): "logits have two axes: axis 1 is the last",
    (
        "03.2",
        "hinge_gradient_solution: 1 + scores - scores[range(len(y)), y][:, None] > 0 "
        "-> 1 + scores - scores[range(len(y)), y][:, None] >= 0",
    ): "exactly at the margin the loss has no slope, and no score of a case lies there",
    ("04.2", "saturated_share_solution: slope < 0.05 * 0.25 -> slope <= 0.05 * 0.25"): (
        "whether a slope equals the limit hangs on the rounding of the formula"
    ),
    ("06.2", "answer: 0.1 / (1 - 0.9) -> 0.1 // (1 - 0.9)"): SAME,
    ("07.2", "warm_up_solution: t < 10 -> t <= 10"): LIMIT,
    ("07.2", "warm_up_solution: 10 -> 11"): LIMIT,
    ("12.5", "clip_solution: min(1.0, 1.0 / float(norm)) -> min(1.0 / float(norm), 1.0)"): ORDER,
    ("13.3", "curve_solution: 0 -> -1"): "the losses have one axis, which is also the last",
    ("13.5", "range_solution: min(high, best * r) -> min(best * r, high)"): ORDER,
    ("13.5", "range_solution: max(low, best / r) -> max(best / r, low)"): ORDER,
    ("15.3", "transplant_solution: 1 -> 2"): "the layer below the head is a tanh, which has no parameters to copy",
    (
        "15.3",
        "transplant_solution: without `new[:-1].load_state_dict(old[:-1].state_dict())`",
    ): "nothing is left of it: not attempted",
    ("15.4", "forgetting_solution: -1 -> 1"): "logits have two axes: axis 1 is the last",
}
ELSEWHERE = {"09.5": "its answer is the package's own, for curves that the notebook draws: nbval runs that cell"}


@pytest.fixture(autouse=True)
def short_time(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 2)


def test_every_exercise_has_its_cell():
    assert CELLS.keys() == exercises.exercises().keys()


def judged(id, make):
    """The status of an answer; a value that cannot even be made is wrong."""
    try:
        answer = make()
    except Exception:
        return WRONG
    return exercises.find(id).check(answer).status


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", [id for id in CELLS if id not in ELSEWHERE])
def test_what_is_shown_is_right_and_no_mutant_of_it(id):
    cell = CELLS[id]
    assert judged(id, cell.made) == CORRECT
    made, accepted = set(), set()
    for words, make in shown.variants(cell):
        made.add(words)
        if judged(id, make) != WRONG:
            accepted.add(words)
    assert accepted == {words for known, words in EQUIVALENT if known == id}
