"""What explorers share cannot be damaged through a result, and is forgotten at a word."""

import sys

import numpy as np
import pytest
import torch

import nnlab
from nnlab.explorers import activation, forget
from nnlab.explorers.activation import Curve, curve
from nnlab.explorers.memory import copied, remembered


def damage(thing):
    """Empty everything in a result that can be emptied in place, however deep."""
    if isinstance(thing, np.ndarray):
        thing[...] = 0
    elif isinstance(thing, torch.Tensor):
        thing.zero_()
    elif isinstance(thing, tuple | list | dict):
        for part in thing.values() if isinstance(thing, dict) else thing:
            damage(part)
        if not isinstance(thing, tuple):
            thing.clear()


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_nobody_can_empty_an_explorer(name):
    opened = getattr(nnlab.explorers, name)()
    before = opened.png(), opened.sentence
    damage(opened.description.compute(**opened.values))
    damage(opened.result)
    again = getattr(nnlab.explorers, name)()
    assert (again.png(), again.sentence) == before


def test_a_student_may_write_into_a_result_and_give_it_to_torch():
    result, original = activation().result, curve("sigmoid").f
    assert torch.as_tensor(result.curve.f)[0] == original[0]  # without a warning, which read-only arrays would cause
    result.curve.f[:] = 0
    np.testing.assert_array_equal(activation().result.curve.f, original)


def test_arrays_deep_in_tuples_are_copied_and_all_else_stays():
    thing = Curve(np.ones(2), (np.ones(3), "text"), torch.ones(2), 3.0)
    copy = copied(thing)
    assert type(copy) is Curve
    damage((copy.z, copy.f))
    assert thing.z.tolist() == [1, 1]
    assert thing.f[0].tolist() == [1, 1, 1]
    assert copy.f[1] == "text"
    assert copy.slope is thing.slope


def test_a_function_runs_once_for_the_same_values_until_it_is_forgotten():
    calls = []

    @remembered(maxsize=2)
    def double(number):
        calls.append(number)
        return 2 * number

    assert [double(k) for k in (1, 1, 2, 1, 3, 1)] == [2, 2, 4, 2, 6, 2]
    assert calls == [1, 2, 3]
    assert double.__name__ == "double"


def test_forget_empties_every_memory():
    before = activation().sentence, nnlab.explorers.batch_norm().sentence
    assert curve.cache_info().currsize > 0
    forget()
    modules = [module for name, module in sys.modules.items() if name.startswith("nnlab.explorers.")]
    memories = [thing for module in modules for thing in vars(module).values() if hasattr(thing, "cache_info")]
    assert len(memories) > 20
    assert {memory.cache_info().currsize for memory in memories} == {0}
    assert (activation().sentence, nnlab.explorers.batch_norm().sentence) == before
