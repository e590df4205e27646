"""The scalar graph: values and gradients are PyTorch's on random expressions, deep ones and shared nodes included."""

import math
import operator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from nnlab.engine.scalar import OPERATIONS, Value, layers, plot_graph

BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
NUMBERS = st.floats(-3, 3).map(lambda v: round(v, 3))
SIDES = ("left", "right", "number left", "number right")


def step(nodes, name, side, other, plain):
    """One more operation: on the last node alone, or on it and another node or a plain number, on either side."""
    if name not in BINARY:
        return getattr(nodes[-1], name)()
    pairs = [(nodes[-1], nodes[other]), (nodes[other], nodes[-1]), (plain, nodes[-1]), (nodes[-1], plain)]
    return BINARY[name](*pairs[SIDES.index(side)])


def tame(value):
    """Whether neither the number nor its local derivatives are large: rounding errors stay small."""
    return abs(value.data) <= 50 and all(abs(derivative) <= 20 for _, derivative in value.inputs)


@st.composite
def expressions(draw):
    """The same random expression as Values and as tensors: the leaves and the result of both."""
    starts = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    values = [Value(v) for v in starts]
    tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in starts]
    for _ in range(draw(st.integers(1, 50))):
        name, side = draw(st.sampled_from(sorted(OPERATIONS))), draw(st.sampled_from(SIDES))
        other, plain = draw(st.integers(0, len(values) - 1)), draw(NUMBERS)
        new = step(values, name, side, other, plain)
        if not tame(new):
            name, new = "tanh", values[-1].tanh()
        values.append(new)
        tensors.append(step(tensors, name, side, other, plain))
    return values[: len(starts)], values[-1], tensors[: len(starts)], tensors[-1]


def path_sizes(result):
    """For each node, the sum of |product of local derivatives| over all paths: the size of what may cancel."""
    order = result.nodes()
    size = dict.fromkeys(order, 0.0) | {result: 1.0}
    for node in reversed(order):
        for value, derivative in node.inputs:
            size[value] += abs(derivative) * size[node]
    return size


@given(expressions())
def test_value_and_gradient_are_pytorchs(expression):
    leaves, result, tensors, reference = expression
    result.backward()
    gradients = torch.autograd.grad(reference, tensors, allow_unused=True)
    error = 1e-12 * (1 + max(path_sizes(result).values())) ** 2
    assert result.data == pytest.approx(reference.item(), rel=1e-11, abs=error)
    for leaf, gradient in zip(leaves, gradients, strict=True):
        assert leaf.grad == pytest.approx(0.0 if gradient is None else gradient.item(), rel=1e-10, abs=error)


@given(expressions())
def test_nodes_and_edges_are_the_graph(expression):
    _, result, _, _ = expression
    order = {node: k for k, node in enumerate(result.nodes())}
    assert order[result] == len(order) - 1
    for value, node, _ in result.edges():
        assert order[value] < order[node]
        assert value.depth < node.depth
    assert len(result.edges()) == sum(len(node.inputs) for node in order)


def test_a_chain_of_5000_operations_does_not_hit_the_recursion_limit():
    x = Value(0.5)
    y = x
    for _ in range(5000):
        y = y * 0.9999
    y.backward()
    assert y.depth == 5000
    assert x.grad == pytest.approx(0.9999**5000)
    assert len(y.nodes()) == 5001


def test_gradients_of_given_numbers_accumulate_and_those_in_between_start_anew():
    """As in PyTorch, where only leaves keep a gradient: the second backward adds once more, not more and more."""
    x, w = Value(3.0), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    y, z = ((x * x).exp() / 1000).tanh() + x, ((w * w).exp() / 1000).tanh() + w
    for _ in range(3):
        y.backward()
        z.backward(retain_graph=True)
        assert x.grad == pytest.approx(w.grad.item(), rel=1e-12)
    x.grad = 0.0
    y.backward()
    assert x.grad == pytest.approx(w.grad.item() / 3, rel=1e-12)


def test_two_results_share_their_inputs():
    x = Value(2.0)
    a, b = x * 3, x**3
    a.backward()
    b.backward()
    assert x.grad == 3 + 12
    x.backward()
    assert x.grad == 3 + 12 + 1


@pytest.mark.parametrize(
    ("compute", "start"),
    [
        (lambda v: v.log(), 0.0),
        (lambda v: v.log(), -1.0),
        (lambda v: 1 / v, 0.0),
        (lambda v: v**-2, 0.0),
        (lambda v: v**0.5, 0.0),
        (lambda v: v**0.5, -2.0),
        (lambda v: v**2, 0.0),
        (lambda v: v**0, 0.0),
        (lambda v: v**3, -2.0),
        (lambda v: v**2, 1e200),
        (lambda v: 2.0**v, -1.5),
        (lambda v: 0.0**v, 2.0),
        (lambda v: v.exp(), 1000.0),
        (lambda v: v.exp(), -1000.0),
        (lambda v: v.sigmoid(), 800.0),
        (lambda v: v.sigmoid(), -800.0),
        (lambda v: v.tanh(), -400.0),
        (lambda v: v.relu(), 0.0),
        (lambda v: v.relu(), -2.0),
        (lambda v: -v, 3.0),
        (lambda v: v - v, 3.0),
        (lambda v: v / v, 3.0),
        (lambda v: v**v, 1.5),
    ],
)
def test_special_numbers_come_out_as_in_pytorch(compute, start):
    x, w = Value(start), torch.tensor(start, dtype=torch.float64, requires_grad=True)
    y, z = compute(x), compute(w)
    y.backward()
    z.backward()
    assert y.data == pytest.approx(z.item(), rel=1e-12, nan_ok=True)
    assert x.grad == pytest.approx(w.grad.item(), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2), np.int64(2)])
@pytest.mark.parametrize("name", sorted(BINARY))
def test_plain_and_numpy_numbers_on_both_sides(name, number):
    x, f = Value(1.5), BINARY[name]
    for got, wanted in [(f(x, number), f(1.5, 2.0)), (f(number, x), f(2.0, 1.5))]:
        assert type(got) is Value
        assert type(got.data) is float
        assert got.data == pytest.approx(wanted)
        assert [value for value, _ in got.inputs] == [x]


def test_what_a_drawing_says():
    x = Value(2.0, "x")
    made = {"*": x * x, "2 *": 2 * x, "1 -": 1 - x, "** 3": x**3, "-1 *": -x, "relu": x.relu(), "": x}
    assert [value.operation for value in made.values()] == list(made)
    y = x * x
    y.backward()
    assert repr(y) == "Value(4, grad=1)"
    assert repr(x) == "Value(2, grad=4)"


@pytest.mark.parametrize("bad", ["1", None, True, 1j, [1.0], torch.tensor(1.0), Value(1.0)], ids=repr)
def test_data_that_is_no_number(bad, refused):
    with refused(start="data must be a number"):
        Value(bad)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_data_that_is_not_finite(bad, refused):
    with refused(str(bad), start="data must be finite"):
        Value(bad)


@pytest.mark.parametrize("bad", ["1", None, True, 1j], ids=repr)
@pytest.mark.parametrize("name", sorted(BINARY))
def test_operands_that_are_no_numbers(name, bad, refused):
    for pair in [(Value(1.0), bad), (bad, Value(1.0))]:
        with refused(repr(bad), start="an operand must be a number"):
            BINARY[name](*pair)


@given(expressions())
def test_layers_keep_values_apart_and_edges_run_to_the_right_past_the_values(expression):
    _, result, _, _ = expression
    places, routes = layers(result)
    assert set(places) == set(result.nodes())
    assert len(set(places.values())) == len(places)
    for (value, node, _), route in zip(result.edges(), routes, strict=True):
        assert (route[0], route[-1]) == (places[value], places[node])
        assert [x for x, _ in route] == list(range(places[value][0], places[node][0] + 1))
        assert not set(route[1:-1]) & set(places.values())


def test_plot_graph_shows_every_value_with_its_gradient():
    w, x = Value(0.5, "w"), Value(3.0, "x")
    loss = (w * x - 1) ** 2
    loss.name = "L"
    loss.backward()
    ax = plot_graph(loss, Figure().subplots())
    assert {text.get_text() for text in ax.texts} == {
        "w\nv 0.5\ng 3",
        "x\nv 3\ng 0.5",
        "*\nv 1.5\ng 1",
        "- 1\nv 0.5\ng 1",
        "L: ** 2\nv 0.25\ng 1",
    }
    assert len(ax.get_lines()) == len(loss.edges())
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert all(left < text.get_position()[0] < right and low < text.get_position()[1] < high for text in ax.texts)
    assert len(plot_graph(Value(1.0), Figure().subplots()).texts) == 1
