"""Three natural styles of every solution are accepted: plain Python, a library, numpy; also in float32."""

import pytest
import styles
import torch

from nnlab import exercises
from nnlab.exercises import CORRECT

FUNCTIONS = {id: exercise for id, exercise in exercises.exercises().items() if exercise.cases}
STYLES = ("plain", "library", "numpy")
WRITTEN = [
    pytest.param(id, getattr(styles, f"{style}_{id.replace('.', '_')}", None), id=f"{id}-{style}")
    for id in FUNCTIONS
    for style in STYLES
    if (style, id) not in styles.MISSING
]


@pytest.mark.parametrize(("id", "answer"), WRITTEN)
def test_every_style_is_accepted(id, answer):
    assert answer is not None, "every exercise has this style, or styles.MISSING says why not"
    report = FUNCTIONS[id].check(answer)
    assert report.status == CORRECT, report


def test_what_is_missing_is_missing_and_says_why():
    for (style, id), why in styles.MISSING.items():
        assert not hasattr(styles, f"{style}_{id.replace('.', '_')}")
        assert style in STYLES
        assert id in FUNCTIONS
        assert len(why) > 20


def single(value):
    return value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


@pytest.mark.parametrize("id", [id for id in FUNCTIONS if id != "08.1"])  # the model of 08.1 is float64
def test_a_solution_that_computes_in_float32_is_accepted(id):
    solution = FUNCTIONS[id].solution
    report = FUNCTIONS[id].check(lambda *arguments: solution(*(single(argument) for argument in arguments)))
    assert report.status == CORRECT, report
