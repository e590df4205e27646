"""A computation graph of single numbers: every value remembers what it was made from, so that blame can flow back.

Each operation is one row of ``OPERATIONS``: what it computes, and how its result moves when an operand moves (its
local derivatives). The chain rule multiplies local derivatives along a path and adds over all paths
(Rumelhart, Hinton & Williams 1986). Numbers are float64, and inf and nan come out as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real

import numpy as np

__all__ = ["OPERATIONS", "Value", "layers", "plot_graph"]

# name -> (operands -> result y), (operands, y -> one local derivative for each operand)
OPERATIONS: dict[str, tuple[Callable, Callable]] = {
    "+": (lambda a, b: a + b, lambda a, b, y: (1.0, 1.0)),
    "-": (lambda a, b: a - b, lambda a, b, y: (1.0, -1.0)),
    "*": (lambda a, b: a * b, lambda a, b, y: (b, a)),
    "/": (lambda a, b: a / b, lambda a, b, y: (1 / b, -y / b)),
    "**": (lambda a, b: a**b, lambda a, b, y: (b * a ** (b - 1) if b else 0.0, y * np.log(a) if y else 0.0)),
    "exp": (np.exp, lambda a, y: (y,)),
    "log": (np.log, lambda a, y: (1 / a,)),
    "tanh": (np.tanh, lambda a, y: (1 - y * y,)),
    "relu": (lambda a: np.maximum(a, 0.0), lambda a, y: (float(a > 0),)),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda a, y: (y * (1 - y),)),
}


class Value:
    """One number of a computation, with the operation that made it and the gradient that came back to it.

    Compute with it as with a number; plain numbers may stand on either side of + - * / and **.

    Args:
        data: a finite number.
        name: what a drawing calls it.

    Attributes:
        grad: the derivative, with respect to this number, of the result whose ``backward`` was called.
        operation: "" for a number that was given, else how it was made, such as "+" or "** 2".
        inputs: pairs (Value that it was made from, local derivative of this one with respect to it).
        depth: 0 for a number that was given, else one more than its deepest input.

    Raises:
        TypeError, ValueError: ``data`` or an operand is no number, or ``data`` is nan or infinite.

    >>> x = Value(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad  # x^2 + 2 x, and its derivative 2 x + 2
    (15.0, 8.0)
    """

    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to Value

    def __init__(self, data: float, name: str = ""):
        self.data = float(number("data", data))
        if not np.isfinite(self.data):
            raise ValueError(f"data must be finite. Got {data!r}. Try 1.0.")
        self.name = name
        self.grad = 0.0
        self.operation = ""
        self.inputs: tuple[tuple[Value, float], ...] = ()
        self.depth = 0

    def nodes(self) -> list[Value]:
        """This value and all that it was made from, every input before its results."""
        found, waiting = {}, [self]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = True
                waiting += [value for value, _ in node.inputs]
        return sorted(found, key=lambda node: node.depth)  # an input is never as deep as its result

    def edges(self) -> list[tuple[Value, Value, float]]:
        """Every (input, result, local derivative) below this value; x * x has two edges from x."""
        return [(value, node, derivative) for node in self.nodes() for value, derivative in node.inputs]

    def backward(self) -> None:
        """Give every value below this one its gradient: the chain rule, from the result to the inputs.

        As in PyTorch, the gradient of a given number is *added* to what it has already; one that was made anew in
        between starts at zero. Set ``grad = 0.0`` before you start a new sum.
        """
        order = self.nodes()
        for node in order:
            if node.inputs:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(order):
            node.pass_back()

    def pass_back(self) -> None:
        """Hand the gradient on to the inputs, each times its local derivative; a value used twice gets two shares."""
        for value, derivative in self.inputs:
            value.grad += derivative * self.grad

    def __repr__(self) -> str:
        return f"Value({self.data:.4g}, grad={self.grad:.4g})"

    def __add__(self, other):
        return apply("+", self, other)

    def __radd__(self, other):
        return apply("+", other, self)

    def __sub__(self, other):
        return apply("-", self, other)

    def __rsub__(self, other):
        return apply("-", other, self)

    def __mul__(self, other):
        return apply("*", self, other)

    def __rmul__(self, other):
        return apply("*", other, self)

    def __truediv__(self, other):
        return apply("/", self, other)

    def __rtruediv__(self, other):
        return apply("/", other, self)

    def __pow__(self, other):
        return apply("**", self, other)

    def __rpow__(self, other):
        return apply("**", other, self)

    def __neg__(self):
        return apply("*", -1.0, self)

    def exp(self) -> Value:
        """e to the power of this value."""
        return apply("exp", self)

    def log(self) -> Value:
        """The natural logarithm: -inf at 0, nan below."""
        return apply("log", self)

    def tanh(self) -> Value:
        """The hyperbolic tangent, between -1 and 1."""
        return apply("tanh", self)

    def relu(self) -> Value:
        """max(0, value); the derivative at 0 is 0, as in PyTorch."""
        return apply("relu", self)

    def sigmoid(self) -> Value:
        """1 / (1 + e^(-value)), between 0 and 1."""
        return apply("sigmoid", self)


@np.errstate(all="ignore")
def apply(name: str, *operands: Value | float) -> Value:
    """The result of an operation, which remembers its operands and its local derivatives.

    Args:
        name: a key of ``OPERATIONS``.
        operands: Values or plain numbers; plain numbers get no gradient.
    """
    f, derivatives = OPERATIONS[name]
    numbers = [np.float64(o.data) if isinstance(o, Value) else number("an operand", o) for o in operands]
    y = f(*numbers)
    pairs = zip(operands, derivatives(*numbers, y), strict=True)
    result = Value(0.0)
    result.data = float(y)
    result.inputs = tuple((value, float(d)) for value, d in pairs if isinstance(value, Value))
    result.depth = 1 + max(value.depth for value, _ in result.inputs)
    words = [f"{o:g}" for o in operands if not isinstance(o, Value)]
    words.insert(0 if isinstance(operands[0], Value) else 1, name)
    result.operation = " ".join(words)
    return result


def number(name: str, value) -> np.float64:
    """A plain number as NumPy's float64, with which a division by zero gives inf, as in PyTorch."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number. Got {value!r} ({type(value).__name__}). Try a float such as 2.0.")
    return np.float64(value)


def layers(result: Value) -> tuple[dict, list]:
    """A layered layout of the graph, with the result on the right.

    Returns:
        positions {Value: (layer, height)}, with layers 0, 1, 2, ... and heights around 0; and for every edge, in the
        order of ``result.edges()``, the points that it runs through, so that it crosses no value in between.
    """
    import networkx

    layer: dict[object, int] = {node: node.depth for node in result.nodes()}
    for value, node, _ in reversed(result.edges()):
        if not value.inputs:
            layer[value] = node.depth - 1  # a given number stands right before the first operation that needs it
    graph, routes = networkx.DiGraph(), []
    graph.add_node(result)
    for value, node, _ in result.edges():
        between = [(value, node, k) for k in range(layer[value] + 1, layer[node])]  # a place to pass by in each layer
        routes.append([value, *between, node])
        networkx.add_path(graph, routes[-1])
        layer |= {place: place[-1] for place in between}
    place: dict[object, tuple[int, float]] = {result: (layer[result], 0.0)}
    for k in range(layer[result] - 1, -1, -1):
        column = [node for node in graph if layer[node] == k]
        column.sort(key=lambda node: -np.mean([place[after][1] for after in graph.successors(node)]))
        place |= {node: (k, (len(column) - 1) / 2 - i) for i, node in enumerate(column)}
    return {node: place[node] for node in result.nodes()}, [[place[point] for point in route] for route in routes]


def plot_graph(result: Value, ax):
    """Draw a computation: every value in a box with how it was made, its number (v) and its gradient (g).

    Args:
        result: the last value; after ``result.backward()`` the gradients are those of this result.
        ax: the Axes to draw on; a picture of about 1 inch for each layer is wide enough.
    """
    places, routes = layers(result)
    for route in routes:
        ax.plot(*zip(*route, strict=True), "-", color="0.6", linewidth=1.2, zorder=1)
    for node, (x, y) in places.items():
        title = ": ".join(part for part in (node.name, node.operation) if part)
        text = f"{title}\nv {node.data:.3g}\ng {node.grad:.3g}"
        box = {"boxstyle": "round", "facecolor": "#FFF4DC" if node.inputs else "#E3EEF8", "edgecolor": "0.5"}
        ax.text(x, y, text, ha="center", va="center", fontsize=9, color="black", bbox=box)
    heights = [y for route in routes for _, y in route] or [0.0]
    ax.set(xlim=(-0.5, result.depth + 0.5), ylim=(min(heights) - 0.5, max(heights) + 0.5))
    ax.set_axis_off()
    return ax
