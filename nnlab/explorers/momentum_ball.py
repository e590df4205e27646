"""momentum_ball: what does a velocity change? A ball with memory rolls on a curve."""

import math
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, CYAN, MARK, SOFT, VERMILION
from nnlab.engine.optimizers import Momentum, Nesterov
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["momentum_ball"]

BOWL, BUMP, PLAIN = "bowl", "bump", "plain"
METHODS = {"momentum": Momentum, "Nesterov": Nesterov}
NEAR = 0.05  # a ball that stays this near to the minimum has settled
START = {BOWL: -2.5, BUMP: -1.9, PLAIN: -3.0}
GOAL = {BOWL: 0.0, BUMP: 1.067923, PLAIN: 0.0}  # the lowest point of each landscape
REACH = {BOWL: 4.0, BUMP: 2.6, PLAIN: 4.0}
YLIM = {BOWL: (-0.6, 5.4), BUMP: (-0.9, 6.2), PLAIN: (-0.12, 1.25)}


class Result(NamedTuple):
    """Position ``w`` of the ball at the start and after every step."""

    landscape: str
    method: str
    lr: float
    momentum: float
    w: np.ndarray


def loss(landscape: str, w):
    """bowl w^2 / 2; bump (w^2 - 1)^2 / 2 - 0.3 w; plain 1 - exp(-w^2 / 2), flat far out."""
    if landscape == BOWL:
        return w * w / 2
    if landscape == BUMP:
        return (w * w - 1) * (w * w - 1) / 2 - 0.3 * w
    return 1 - np.exp(-w * w / 2)


def slope(landscape: str, w: float) -> float:
    """The derivative of ``loss`` with respect to w."""
    if landscape == BOWL:
        return w
    if landscape == BUMP:
        return 2 * w * (w * w - 1) - 0.3
    return w * math.exp(-w * w / 2)


def compute(landscape: str, method: str, lr: float, momentum: float, steps: int) -> Result:
    """Roll for a number of steps; a ball beyond 1000 has left for good."""
    optimizer = METHODS[method](lr=lr, momentum=momentum)
    params = {"w": START[landscape]}
    state, path = optimizer.init(params), [params["w"]]
    for _ in range(steps):
        params, state = optimizer.update(params, {"w": slope(landscape, params["w"])}, state)
        path.append(params["w"])
        if not abs(params["w"]) < 1000:
            break
    return Result(landscape, method, lr, momentum, np.array(path))


def draw(figure) -> dict:
    """The landscape with the ball's trail on the left, its position by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set(xlabel="parameter w", ylabel="loss")
    left.set_title("the ball and its trail")
    right.set(xlabel="step", ylabel="parameter w")
    right.set_title("position by step")
    return {
        "curve": left.plot([], [], "-", color=MARK, linewidth=2)[0],
        "trail": left.plot([], [], "o", color=CYAN, markersize=3.5)[0],
        "start": left.plot([], [], "o", color=VERMILION, markersize=8)[0],
        "ball": left.plot([], [], "o", color=BLUE, markersize=13, markeredgecolor=BLACK)[0],
        "goal": right.plot([], [], "--", color=SOFT, linewidth=1)[0],
        "goal_label": right.text(
            1.02, 0, "lowest\npoint", va="center", fontsize=9, transform=right.get_yaxis_transform()
        ),
        "position": right.plot([], [], "-o", color=BLUE, markersize=2.5, linewidth=1.2)[0],
    }


def update(artists: dict, result: Result) -> None:
    """Move ball, trail and curves; the view doubles as often as the ball needs."""
    left, right = artists["curve"].axes, artists["position"].axes
    zoom = 2.0 ** max(0, math.ceil(math.log2(np.abs(result.w).max() / REACH[result.landscape])))
    reach = REACH[result.landscape] * zoom
    grid = np.linspace(-reach, reach, 400)
    curve = loss(result.landscape, grid)
    low, high = YLIM[result.landscape]
    if zoom > 1:
        low, high = -0.05 * curve.max(), 1.15 * curve.max()
    left.set(xlim=(grid[0], grid[-1]), ylim=(low, high))
    last = 20 * math.ceil((len(result.w) - 1) / 20)
    right.set(xlim=(0, last), ylim=(grid[0], grid[-1]))
    height = loss(result.landscape, result.w)
    goal = GOAL[result.landscape]
    artists["curve"].set_data(grid, curve)
    artists["trail"].set_data(result.w, height)
    artists["start"].set_data(result.w[:1], height[:1])
    artists["ball"].set_data(result.w[-1:], height[-1:])
    artists["goal"].set_data([0, last], [goal, goal])
    artists["goal_label"].set_y(goal)
    artists["position"].set_data(np.arange(len(result.w)), result.w)


def sentence(result: Result) -> str:
    """How often the ball ran past the lowest point, and whether and when it settled there."""
    steps = len(result.w) - 1
    boost = 1 / (1 - result.momentum)
    memory = f"steps grow up to {boost:.3g}-fold" if result.momentum else "no memory"
    head = f"{result.method} {result.momentum:.2g}, lr {result.lr:.3g} ({memory}): "
    if not abs(result.w[-1]) < 1000:
        return head + f"diverged after {steps} steps."
    off = result.w - GOAL[result.landscape]
    passes = int(np.sum(np.diff(np.sign(off)) != 0))
    far = np.flatnonzero(np.abs(off) > NEAR)
    past = {0: "never runs past the lowest point", 1: "runs past the lowest point once"}.get(
        passes, f"runs past the lowest point {passes} times"
    )
    if len(far) == 0 or far[-1] < steps:
        return head + f"{past} and stays there from step {far[-1] + 1 if len(far) else 0}."
    return head + f"{past} and is {abs(off[-1]):.2g} away from it after {steps} steps."


DESCRIPTION = Description(
    name="momentum_ball",
    title="What does a velocity change?",
    about="A ball with memory on a curve: v = b v + slope, w = w - lr v, with the momentum b.",
    controls=(
        Slider("momentum", 0.9, 0.0, 0.99, 0.01, "momentum"),
        Slider("lr", 0.02, 0.001, 1.0, 0.05, "learning rate lr", log=True),
        Slider("steps", 100, 10, 200, 5, "steps"),
        Choice("landscape", BOWL, (BOWL, BUMP, PLAIN), "landscape"),
        Choice("method", "momentum", tuple(METHODS), "method"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    presets=(
        Preset("no memory", "momentum 0 is plain gradient descent: it creeps", {"momentum": 0.0}),
        Preset("critical", "momentum (1 - sqrt(lr))^2 is the fastest that does not swing", {"momentum": 0.73}),
        Preset("too much", "0.99 remembers a hundred steps: it swings and swings", {"momentum": 0.99}),
        Preset("over the bump", "its speed carries it into the deeper valley", {"landscape": BUMP, "momentum": 0.85}),
        Preset("stuck", "without memory it stays in the first valley", {"landscape": BUMP, "momentum": 0.0}),
        Preset("flat plain", "small slopes add up", {"landscape": PLAIN, "lr": 0.1, "steps": 150}),
    ),
    widest=({"landscape": "bump", "steps": 125}, {"landscape": "plain"}),
)

momentum_ball = opener(DESCRIPTION)
