"""weight_penalty: what does a price on weights do to them? L2 and L1, in the gradient and outside it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, FAINT, GREEN, MARK, PAPER, SOFT, VERMILION
from nnlab.engine import optimizers, penalties
from nnlab.explorers.shared import above_the_axes, counted, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["weight_penalty"]

CURVATURE, LOWEST = (1.0, 5.0), (1.0, 1.6)  # of the loss, along w1 and w2
START, MOST = (-1.0, -0.4), 300
REACH = (30, 100, MOST)  # of the axis of steps: an axis that stays is a background that stays
XLIM, YLIM = (-2.2, 3.5), (-1.2, 3.5)
STRENGTHS = np.append(np.geomspace(1e-3, 1e3, 200), 1e9)
INSIDE, OUTSIDE = BLUE, VERMILION
NAMES = {"L2": ("L2 in the gradient", "weight decay"), "L1": ("subgradient", "soft threshold")}


class Result(NamedTuple):
    """Both ways to apply one penalty, from the same start: two paths (step, 2).

    ``lowest`` (2,) is where loss + penalty is lowest, ``minima`` (strength, 2) where it is for every strength.
    """

    penalty: str
    lam: float
    optimizer: str
    lr: float
    inside: np.ndarray
    outside: np.ndarray
    lowest: np.ndarray
    minima: np.ndarray


class Way(NamedTuple):
    """What is added to the gradient at a weight, and what becomes of the weight before and after the step."""

    slope: Callable[[float], float] = lambda w: 0.0
    before: Callable[[float], float] = lambda w: w
    after: Callable[[float], float] = lambda w: w


def minimum(penalty: str, lam) -> np.ndarray:
    """Where sum of h (w - m)^2 / 2 plus the penalty is lowest, in closed form (Goodfellow et al. 2016, section 7.1).

    L2, (lam / 2) sum of w^2: h m / (h + lam), from their eq. 7.10. L1, lam sum of |w|: sign(m) max(|m| - lam / h, 0),
    their eq. 7.23. ``lam`` is a number or (strength, 1); the result is (2,) or (strength, 2).
    """
    h, m = np.array(CURVATURE), np.array(LOWEST)
    return h * m / (h + lam) if penalty == "L2" else np.sign(m) * np.maximum(np.abs(m) - lam / h, 0)


def compute(penalty: str, lam: float, optimizer: str, lr: float, steps: int) -> Result:
    """Descend with the penalty's slope added to the gradient, and with the weights shrunk outside the gradient."""
    rule = optimizers.get(optimizer)(lr=lr)
    inside, outside = (descend(rule, way(penalty, lam, lr), steps) for way in (in_the_gradient, outside_it))
    minima = minimum(penalty, STRENGTHS[:, None])
    return Result(penalty, lam, optimizer, lr, inside, outside, minimum(penalty, lam), minima)


def in_the_gradient(penalty: str, lam: float, lr: float) -> Way:
    """The slope of the penalty is added; nothing happens before or after the step."""
    price = penalties.l2 if penalty == "L2" else penalties.l1
    return Way(slope=lambda w: price(w, lam)[1])


def outside_it(penalty: str, lam: float, lr: float) -> Way:
    """Weights shrink by a factor before the step (decay), or by a constant after it (soft threshold)."""
    if penalty == "L2":
        return Way(before=lambda w: penalties.decay(w, lr * lam))
    return Way(after=lambda w: penalties.proximal_l1(w, lr * lam))


def descend(rule: optimizers.Optimizer, way: Way, steps: int) -> np.ndarray:
    """The path (step, 2). Each weight is a plain float: that is a hundred times faster than small tensors."""
    params = {"w1": START[0], "w2": START[1]}
    shape = {"w1": (CURVATURE[0], LOWEST[0]), "w2": (CURVATURE[1], LOWEST[1])}
    state, path = rule.init(params), [START]
    for _ in range(steps):
        grads = {name: h * (params[name] - m) + way.slope(params[name]) for name, (h, m) in shape.items()}
        params = {name: way.before(w) for name, w in params.items()}
        params, state = rule.update(params, grads, state)
        params = {name: way.after(w) for name, w in params.items()}
        path.append((params["w1"], params["w2"]))
    return np.array(path)


def draw(figure) -> dict:
    """Both paths on the level lines of the loss on the left, both weights by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    left.set(xlabel="weight $w_1$ (flat direction)", ylabel="weight $w_2$ (steep)", xlim=XLIM, ylim=YLIM)
    left.set_aspect("equal")
    left.set_title("the path")
    left.axhline(0, color=MARK, linewidth=0.8)
    left.axvline(0, color=MARK, linewidth=0.8)
    left.grid(False)
    for height in (0.3, 1.2, 2.7, 4.8, 7.5):
        left.plot(*level_line(height), "-", color=FAINT, linewidth=0.9)
    left.plot(*LOWEST, "x", color=BLACK, markersize=8, markeredgewidth=2)
    left.text(LOWEST[0] + 0.14, LOWEST[1] + 0.1, "lowest loss", fontsize=9)
    right.set(xlabel="step", ylabel="weight", ylim=YLIM)
    right.axhline(0, color=MARK, linewidth=0.8)
    right.set_title("weights by step")
    looks = ((INSIDE, "-"), (OUTSIDE, "--"))
    artists = {
        "minima": left.plot([], [], ":", color=SOFT, linewidth=1.4)[0],
        "price": left.plot([], [], "-", color=GREEN, linewidth=1.5)[0],
        "paths": [left.plot([], [], s, color=c, marker="o", markersize=2.5, linewidth=1.4)[0] for c, s in looks],
        "ends": [left.plot([], [], "o", color=c, markersize=7, markeredgecolor=PAPER)[0] for c, _ in looks],
        "lowest": left.plot([], [], "*", color=GREEN, markersize=12, markeredgecolor=PAPER)[0],
        "weights": [
            right.plot([], [], s, color=c, linewidth=wide, label=f"w{k} {where}")[0]
            for k, wide in ((1, 1.5), (2, 2.6))
            for (c, s), where in zip(looks, ("inside", "outside"), strict=True)
        ],
        "labels": end_labels(
            right, {f"$w_{k}$ {where}": c for k in "12" for where, c in (("inside", INSIDE), ("outside", OUTSIDE))}
        ),
    }
    for path, name in zip(artists["paths"], ("in the gradient", "outside"), strict=True):
        path.set_label(name)
    above_the_axes(left, artists["paths"])
    return artists


def level_line(height: float) -> tuple[np.ndarray, np.ndarray]:
    """The ellipse on which the loss is ``height``."""
    angle = np.linspace(0, 2 * np.pi, 101)
    wide, high = (np.sqrt(2 * height / h) for h in CURVATURE)
    return LOWEST[0] + wide * np.cos(angle), LOWEST[1] + high * np.sin(angle)


def update(artists: dict, result: Result) -> None:
    """Move paths, the shape of equal price through the lowest point, and the weights."""
    for k, path in enumerate((result.inside, result.outside)):
        artists["paths"][k].set_data(*path.T)
        artists["ends"][k].set_data(*path[-1:].T)
        for w in (0, 1):
            artists["weights"][2 * w + k].set_data(np.arange(len(path)), path[:, w])
    artists["lowest"].set_data(*result.lowest[:, None])
    artists["minima"].set_data(*result.minima.T)
    artists["price"].set_data(*equal_price(result))
    artists["weights"][0].axes.set_xlim(0, next(r for r in REACH if r >= len(result.inside) - 1))
    ends = [path[-1, w] for w in (0, 1) for path in (result.inside, result.outside)]
    to_the_ends(artists["labels"], [(end - YLIM[0]) / (YLIM[1] - YLIM[0]) for end in ends])


def equal_price(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """All weights as expensive as the lowest point: a circle for L2, a diamond for L1."""
    if result.penalty == "L2":
        angle = np.linspace(0, 2 * np.pi, 101)
        radius = np.hypot(*result.lowest)
        return radius * np.cos(angle), radius * np.sin(angle)
    reach = np.abs(result.lowest).sum()
    return reach * np.array([1, 0, -1, 0, 1]), reach * np.array([0, 1, 0, -1, 0])


def sentence(result: Result) -> str:
    """Where both runs ended, and where the sum of loss and penalty is lowest."""
    inside, outside = NAMES[result.penalty]
    head = f"{result.penalty}, lambda {result.lam:.3g}, {result.optimizer}, lr {result.lr:.3g}"
    head += f", {counted(len(result.inside) - 1, 'step')}: "
    low = f"; loss + penalty is lowest at {point(result.lowest)}."
    if np.allclose(result.inside, result.outside, rtol=0, atol=1e-9):
        return f"{head}{inside} and {outside} are the same run, w = {point(result.inside[-1])}{low}"
    return f"{head}{inside} ends at {point(result.inside[-1])}, {outside} at {point(result.outside[-1])}{low}"


def point(w: np.ndarray) -> str:
    """Two weights; a zero that is no rounded number is named."""
    return "(" + ", ".join("exactly 0" if v == 0 else f"{v:.3f}".replace("-0.000", "0.000") for v in w) + ")"


DESCRIPTION = Description(
    name="weight_penalty",
    title="What does a price on weights do to them?",
    about=(
        "Two weights with a price: L2, (lam / 2) sum of w^2, or L1, lam sum of |w|. It acts as a slope in the "
        "gradient, and outside it: as weight decay for L2, as a soft threshold for L1. Momentum is 0.9."
    ),
    controls=(
        Slider("lam", 1.0, 0.01, 4.0, 0.05, "strength lambda", log=True),
        Choice("penalty", "L2", ("L2", "L1"), "penalty"),
        Choice("optimizer", "SGD", ("SGD", "Momentum", "Adam"), "optimizer"),
        Slider("lr", 0.05, 0.005, 0.2, 0.05, "learning rate lr", log=True),
        Slider("steps", 100, 1, MOST, 1, "steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=180,
    presets=(
        Preset("SGD: one run", "L2 and weight decay: two formulas, one path", {}),
        Preset("momentum", "the velocity collects L2, but not the decay: two ends", {"optimizer": "Momentum"}),
        Preset(
            "Adam", "Adam divides the slope of L2 like any gradient, but not the decay: two runs", {"optimizer": "Adam"}
        ),
        Preset(
            "soft threshold",
            "L1: one path stops at w1 = 0, the other one jumps over it",
            {"penalty": "L1", "lam": 1.5, "lr": 0.1},
        ),
        Preset("weak L1", "below lambda 1 the flat weight is still worth its price", {"penalty": "L1", "lam": 0.5}),
    ),
    size=(9.2, 3.8),
)

weight_penalty = opener(DESCRIPTION)
