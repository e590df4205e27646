"""Every exercise that asks for a function has other cases: who can do it passes, who knows the visible ones fails."""

import copy
import functools

import pytest
import styles
import torch

from nnlab import exercises
from nnlab.exercises import CORRECT, WRONG, Exercise
from nnlab.exercises.exercise import first_difference
from nnlab.exercises.others import varied

ALL = exercises.exercises()
FUNCTIONS = {id: exercise for id, exercise in ALL.items() if exercise.cases}
SEEDS = range(5)
STYLES = [
    pytest.param(id, getattr(styles, f"{style}_{id.replace('.', '_')}"), id=f"{id}-{style}")
    for id in FUNCTIONS
    for style in ("plain", "library", "numpy")
    if (style, id) not in styles.MISSING
]


@functools.cache
def with_others(id, seed):
    return FUNCTIONS[id].with_other_cases(seed)


def look_up(exercise: Exercise):
    """An answer that is right for the calls that the visible cases make, and then begins the table again."""
    table, made = [], []

    def noting(*arguments):
        table.append(exercise.solution(*arguments))
        return table[-1]

    for case in exercise.cases:
        exercise.run(noting, copy.deepcopy(case))

    def answer(*arguments):
        made.append(arguments)
        visible = len(made) <= len(table)
        return exercise.solution(*arguments) if visible else table[(len(made) - 1) % len(table)]

    return answer


@pytest.mark.parametrize("id", FUNCTIONS)
def test_other_cases_of_five_seeds(id):
    exercise = FUNCTIONS[id]
    for seed in SEEDS:
        other = with_others(id, seed)
        assert len(other.cases) == 2 * len(exercise.cases)
        assert other.check(exercise.solution).status == CORRECT
        assert other.check(look_up(exercise)).status == WRONG
        assert exercise.check(look_up(exercise)).status == CORRECT


@pytest.mark.parametrize(("id", "answer"), STYLES)
def test_every_style_is_right_on_other_cases_too(id, answer):
    for seed in SEEDS:
        assert with_others(id, seed).check(answer).status == CORRECT


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_seed_decides_the_cases(id):
    exercise = FUNCTIONS[id]
    again, another = exercise.with_other_cases(0).wanted(), with_others(id, 1).wanted()
    assert first_difference(again, with_others(id, 0).wanted(), 1e-12) is None
    assert first_difference(another, with_others(id, 0).wanted(), 1e-12)


def test_a_plain_value_has_no_other_cases_and_these_are_so_many():
    values = {id: exercise for id, exercise in ALL.items() if not exercise.cases}
    assert all(exercise.with_other_cases(3) is exercise for exercise in values.values())
    assert all(exercise.others is None for exercise in values.values())
    assert (len(values), len(FUNCTIONS)) == (COUNTED, len(ALL) - COUNTED)


COUNTED = 14


def test_numbers_vary_and_all_else_stays():
    x = torch.tensor([1.0, -2.0, 0.0, torch.inf])
    generator = torch.Generator().manual_seed(0)
    ((first, rate, steps, word, parts, f), (again,)) = varied([(x, 0.5, 3, "up", [x, 0.0], len), (x,)], generator)
    assert first is again is parts[0]
    assert (steps, word, parts[1], f) == (3, "up", 0.0, len)
    assert 0.4 <= rate <= 0.625
    assert rate != 0.5
    factors = first[:2] / x[:2]
    assert bool(((factors >= 0.8) & (factors <= 1.25) & (factors != 1)).all())
    assert first[2:].tolist() == [0, torch.inf]


def test_cases_that_cannot_differ_are_refused():
    exercise = Exercise("99.1", "one", lambda n: 1, "one.", (), ("a", "b"), ((3,),))
    with pytest.raises(RuntimeError, match=r"99\.1 has no other cases after 50 draws"):
        exercise.with_other_cases(0)
