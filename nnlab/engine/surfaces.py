"""Loss surfaces over two parameters, the path of an optimizer on them, and a network's decisions over a plane.

Every surface has its gradient by hand. Its functions use nothing but arithmetic, so x and y may be floats (fast for one
path), numpy arrays (for a picture) or tensors (to check the gradient with autograd). Products are written out instead
of powers, because a float power that overflows raises an error, a product becomes inf, and that is what divergence is.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from nnlab import arguments
from nnlab.engine.layers import Params
from nnlab.engine.optimizers import Optimizer
from nnlab.engine.stack import Stack

__all__ = [
    "SURFACES", "DecisionGrid", "Path", "Surface", "beale", "decision_grid", "descend", "get", "ravine",
    "rosenbrock", "saddle",
]  # fmt: skip


class Surface(NamedTuple):
    """A loss of two parameters.

    Attributes:
        f: (x, y) -> loss.
        gradient: (x, y) -> (df/dx, df/dy).
        xlim, ylim: the part that a picture shows.
        start: where a descent begins.
        minimum: the lowest point, or the saddle point where there is no lowest one.
        lowest: the loss there.
    """

    name: str
    f: Callable
    gradient: Callable
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    start: tuple[float, float]
    minimum: tuple[float, float]
    lowest: float = 0.0


def ravine(condition: float = 20.0) -> Surface:
    """The quadratic (x^2 + c y^2) / 2: curvature 1 along x and c = ``condition`` along y, a narrow valley."""
    arguments.positive("condition", condition, 20.0)
    return Surface(
        "ravine",
        lambda x, y: (x * x + condition * y * y) / 2,
        lambda x, y: (x, condition * y),
        (-2.2, 2.2),
        (-1.3, 1.3),
        (-2.0, 1.0),
        (0.0, 0.0),
    )


def beale() -> Surface:
    """Beale's function (1958): flat plains between steep walls, lowest at (3, 0.5)."""

    def terms(x, y):
        return 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y

    def f(x, y):
        a, b, c = terms(x, y)
        return a * a + b * b + c * c

    def gradient(x, y):
        a, b, c = terms(x, y)
        dx = 2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1))
        dy = 2 * x * (a + 2 * b * y + 3 * c * y * y)
        return dx, dy

    return Surface("Beale", f, gradient, (-1.0, 4.5), (-2.0, 2.0), (0.8, 1.4), (3.0, 0.5))


def rosenbrock() -> Surface:
    """Rosenbrock's banana (1960), (1 - x)^2 + 100 (y - x^2)^2: a curved valley, lowest at (1, 1)."""

    def f(x, y):
        a, b = 1 - x, y - x * x
        return a * a + 100 * b * b

    def gradient(x, y):
        b = y - x * x
        return -2 * (1 - x) - 400 * x * b, 200 * b

    return Surface("Rosenbrock", f, gradient, (-2.0, 2.0), (-1.0, 3.0), (-1.5, 2.0), (1.0, 1.0))


def saddle() -> Surface:
    """x^2 / 2 + y^4 / 4 - y^2 / 2: a saddle at (0, 0) between two valleys, lowest at (0, 1) and (0, -1)."""
    return Surface(
        "saddle",
        lambda x, y: x * x / 2 + y * y * y * y / 4 - y * y / 2,
        lambda x, y: (x, y * y * y - y),
        (-2.2, 2.2),
        (-1.8, 1.8),
        (-2.0, 0.001),
        (0.0, 1.0),
        -0.25,
    )


SURFACES = {s.name: s for s in (ravine(), beale(), rosenbrock(), saddle())}


def get(name: str) -> Surface:
    """The surface of that name, the ravine with condition number 20; an unknown name raises a ValueError."""
    arguments.one_of("surface", name, SURFACES)
    return SURFACES[name]


class Path(NamedTuple):
    """Where a descent went: ``x``, ``y`` and ``loss`` at every step, the start included, as far as all are finite."""

    x: list[float]
    y: list[float]
    loss: list[float]
    diverged: int | None  # the step after which the loss was inf or nan


def descend(surface: Surface, optimizer: Optimizer, steps: int, start: tuple[float, float] | None = None) -> Path:
    """Follow ``optimizer`` on ``surface`` for a number of ``steps``, or until the loss is no longer finite.

    >>> from nnlab import optimizers
    >>> descend(ravine(1.0), optimizers.SGD(lr=0.5), steps=2, start=(1.0, 0.0)).x
    [1.0, 0.5, 0.25]
    """
    x, y = start or surface.start
    params = {"x": float(x), "y": float(y)}
    state = optimizer.init(params)
    path = Path([params["x"]], [params["y"]], [surface.f(**params)], None)
    for step in range(1, steps + 1):
        dx, dy = surface.gradient(**params)
        params, state = optimizer.update(params, {"x": dx, "y": dy}, state)
        loss = surface.f(**params)
        if not math.isfinite(loss):
            return path._replace(diverged=step)
        path.x.append(params["x"])
        path.y.append(params["y"])
        path.loss.append(loss)
    return path


class DecisionGrid(NamedTuple):
    """What a network of two inputs answers on a grid of points; ``params``' member axes stay in front.

    Attributes:
        x, y: (points,), the two inputs.
        logits: (..., points, points, classes); row i belongs to y[i], column j to x[j].
        probabilities: softmax of the logits, of the same shape.
        z: (..., points, points, hidden units), the pre-activations of all hidden layers.
    """

    x: torch.Tensor
    y: torch.Tensor
    logits: torch.Tensor
    probabilities: torch.Tensor
    z: torch.Tensor

    @property
    def sides(self) -> torch.Tensor:
        """Which hidden units are above zero, of the shape of z.

        Where one of them changes, a ReLU network has a fold; between the folds it is flat.
        """
        return self.z > 0


@torch.no_grad()
def decision_grid(
    net: Stack, params: Params, xlim: tuple[float, float], ylim: tuple[float, float], points: int = 150
) -> DecisionGrid:
    """Ask a network for its answer on a grid of ``points`` x ``points`` inputs.

    Args:
        net: a network with two inputs.
        params: with or without leading member axes.
        xlim, ylim: the ends of the grid, both included.
        points: along each side, at least 2.

    Raises:
        ValueError, TypeError: a network without two inputs, limits that do not rise, too few points.

    >>> from nnlab import Network
    >>> net = Network([2, 3, 2])
    >>> decision_grid(net, net.init(seed=range(4)), (-1, 1), (-1, 1), points=5).logits.shape
    torch.Size([4, 5, 5, 2])
    """
    arguments.whole("points", points, 150, at_least=2)
    if net.sizes[0] != 2:
        raise ValueError(f"the network must have 2 inputs, x and y. Got {net.sizes[0]}. Try Network([2, 8, 2]).")
    for name, (low, high) in (("xlim", xlim), ("ylim", ylim)):
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"{name} must be two finite numbers that rise. Got {(low, high)}. Try (-1.0, 1.0).")
    dtype = next(iter(params.values())).dtype
    x, y = (torch.linspace(*ends, points, dtype=dtype) for ends in (xlim, ylim))
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    *hidden, last = net.trace(params, torch.stack([columns, rows], -1).flatten(0, 1))
    logits = last.z  # (..., points^2, classes)
    z = [layer.z for layer in hidden] or [logits[..., :0]]
    square = (points, points)
    logits = logits.unflatten(-2, square)
    return DecisionGrid(x, y, logits, logits.softmax(-1), torch.cat(z, -1).unflatten(-2, square))
