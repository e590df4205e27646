"""gradient_clipping: what happens at a cliff? A descent with clipped gradients beside one without."""

import math
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, VERMILION
from nnlab.engine import clipping
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import above_the_axes, counted, note, widening
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["gradient_clipping"]

TIMES, FIRST, TARGET = 50, 0.5, 0.7  # of the recurrent network
BY_NORM, BY_VALUE = "by norm", "by value"
CLIP = {BY_NORM: clipping.by_norm, BY_VALUE: clipping.by_value}
CENTRE, HALF_WIDTH, HALF_HEIGHT = (5.0, -2.0), 1.6, 1.4  # of the view
PIXELS, FLOOR = 160, 1e-7  # of the map; the lowest loss in the picture
PALE = 3.5  # root of a loss that would be black: no loss of the map is dark, because paths lie on it
SMALL = 1e-6  # the lowest loss in the sentence


class Run(NamedTuple):
    """One descent."""

    path: np.ndarray  # (step + 1, 2), w and b
    loss: np.ndarray  # (step + 1,)
    norm: np.ndarray  # (step,), of the gradient
    used: np.ndarray  # (step,), of the gradient after the cut


class Result(NamedTuple):
    """A descent with clipping and the same one without."""

    kind: str
    threshold: float
    lr: float
    clipped: Run
    free: Run


def cliff(w, b):
    """The loss (s(x_50) - 0.7)^2 of a network with one recurrent unit, x_t = w s(x_(t-1)) + b, x_0 = 0.5.

    s is the sigmoid. The surface is that of figure 6 in Pascanu et al. 2013. w, b: numbers or arrays that broadcast.
    """
    x = np.full(np.broadcast_shapes(np.shape(w), np.shape(b)), FIRST)
    for _ in range(TIMES):
        x = w * (0.5 + 0.5 * np.tanh(x / 2)) + b  # a sigmoid that cannot overflow
    return (0.5 + 0.5 * np.tanh(x / 2) - TARGET) ** 2


def slope(w: float, b: float) -> tuple[float, float, float]:
    """Loss, and its derivatives by w and by b, carried forward through all 50 times."""
    x, dw, db = FIRST, 0.0, 0.0
    for _ in range(TIMES):
        s = 0.5 + 0.5 * math.tanh(x / 2)
        factor = w * s * (1 - s)  # of every derivative, at every time: their product explodes
        x, dw, db = w * s + b, factor * dw + s, factor * db + 1
    s = 0.5 + 0.5 * math.tanh(x / 2)
    outer = 2 * (s - TARGET) * s * (1 - s)
    return (s - TARGET) ** 2, outer * dw, outer * db


@remembered(64)
def descend(kind: str | None, threshold: float, lr: float, w: float, b: float, steps: int) -> Run:
    """Gradient descent from (w, b); ``kind`` None never clips."""
    path, losses, norms, used = [(w, b)], [], [], []
    for _ in range(steps):
        loss, dw, db = slope(w, b)
        losses.append(loss)
        norms.append(math.hypot(dw, db))
        if kind:
            dw, db = CLIP[kind]({"w": dw, "b": db}, threshold).values()
        used.append(math.hypot(dw, db))
        w, b = w - lr * dw, b - lr * db
        path.append((w, b))
    losses.append(slope(w, b)[0])
    return Run(*map(np.array, (path, losses, norms, used)))


def compute(kind: str, threshold: float, lr: float, start_w: float, start_b: float, steps: int) -> Result:
    """Descend twice from the same point, with and without clipping."""
    where = (lr, start_w, start_b, steps)
    return Result(kind, threshold, lr, descend(kind, threshold, *where), descend(None, math.inf, *where))


@remembered(8)
def ground(zoom: float) -> np.ndarray:
    """The root of the loss in the view, (pixel, pixel), so that the valley can be seen beside the plateaus."""
    across = np.linspace(-1, 1, PIXELS) * zoom
    w, b = CENTRE[0] + HALF_WIDTH * across, CENTRE[1] + HALF_HEIGHT * across
    return np.sqrt(cliff(w, b[:, None]))


def draw(figure) -> dict:
    """Both paths on a map of the loss on the left, both losses by step on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    left.imshow(np.zeros((2, 2)), origin="lower", aspect="auto", cmap="Greys", vmin=0, vmax=PALE)
    left.set(xlabel="recurrent weight w", ylabel="bias b")
    left.set_title("the path (shaded: high loss)")
    left.locator_params(nbins=5)
    left.grid(False)
    right.set(xlabel="step", ylabel="loss", yscale="log", ylim=(FLOOR, 1))
    right.set_title("loss")
    artists = {
        "free": left.plot([], [], "--o", color=VERMILION, markersize=2.5, linewidth=1.2, label="free")[0],
        "clipped": left.plot([], [], "-o", color=BLUE, markersize=2.5, linewidth=1.2, label="clipped")[0],
        "start": left.plot([], [], "s", color=BLACK, markersize=7)[0],
        "where": note(left),
        "free_loss": right.plot([], [], "--", color=VERMILION, label="free")[0],
        "clipped_loss": right.plot([], [], "-", color=BLUE, label="clipped")[0],
    }
    above_the_axes(right, [artists["clipped_loss"], artists["free_loss"]])
    artists["where"].set(y=0.97, va="top")  # it may have two lines
    return artists


def update(artists: dict, result: Result) -> float:
    """Move paths and losses; the view is the scene: wider by powers of four to hold the clipped path.

    The free path may leave the view, where only its end would be seen in a wider one: then the note says where to.
    """
    away = np.abs(result.clipped.path - CENTRE)
    zoom = widening(max(away[:, 0].max() / HALF_WIDTH, away[:, 1].max() / HALF_HEIGHT))
    (w0, b0), (w1, b1) = ([c + side * h * zoom for c, h in zip(CENTRE, (HALF_WIDTH, HALF_HEIGHT), strict=True)]
                          for side in (-1, 1))  # fmt: skip
    left, right = artists["free"].axes, artists["free_loss"].axes
    left.images[0].set_data(ground(zoom))
    left.images[0].set_extent((w0, w1, b0, b1))
    left.set(xlim=(w0, w1), ylim=(b0, b1))
    steps = len(result.free.norm)
    right.set_xlim(0, next(end for end in (10, 20, 50, 100, 200) if end >= steps))
    for name, run in (("free", result.free), ("clipped", result.clipped)):
        artists[name].set_data(*run.path.T)
        artists[f"{name}_loss"].set_data(np.arange(steps + 1), run.loss)
    artists["start"].set_data(*result.free.path[:1].T)
    artists["where"].set_text(remark(result, zoom))
    return zoom


def remark(result: Result, zoom: float) -> str:
    """How much wider the view is, and where the free path ended if that is outside of it."""
    w, b = result.free.path[-1]
    outside = abs(w - CENTRE[0]) > HALF_WIDTH * zoom or abs(b - CENTRE[1]) > HALF_HEIGHT * zoom
    parts = [f"view {zoom:,.0f} times wider"] if zoom > 1 else []
    if outside:
        parts.append(f"free: thrown to w = {w:.3g}, b = {b:.3g}")
    return "\n".join(parts)


def sentence(result: Result) -> str:
    """The largest gradient of both runs, how often one was cut, and where both ended."""
    run, free = result.clipped, result.free
    cut, steps = int((run.used < run.norm * (1 - 1e-9)).sum()), len(run.norm)
    longest = int(free.norm.argmax())
    end = f"at {free.loss[-1]:.1g}" if free.loss[-1] > SMALL else f"below {SMALL:g}"
    return (
        f"{result.kind} at {result.threshold:.3g}, lr {result.lr:.3g}: {cut} of {counted(steps, 'step')} cut, "
        f"the loss gets {below(run.loss.min())}; without clipping the largest gradient, {free.norm[longest]:.2g}, "
        f"at step {longest + 1}, moves the weights by {result.lr * free.norm[longest]:.2g}, "
        f"and the loss ends {end}."
    )


def below(loss: float) -> str:
    """The next power of ten: at the edge of a cliff, rounding errors grow until no digit of a loss is certain.

    >>> below(0.0003), below(1e-30)
    ('below 0.001', 'below 1e-06')
    """
    return f"below {10.0 ** math.ceil(math.log10(max(loss, SMALL))):g}"


DESCRIPTION = Description(
    name="gradient_clipping",
    title="What happens at a cliff?",
    about=(
        "Gradient descent at the cliff of a recurrent network (Pascanu et al. 2013, figure 6), with and without "
        "clipping. The threshold is the longest allowed gradient, or the largest allowed entry. Both descents "
        "begin at the same point."
    ),
    controls=(
        Choice("kind", BY_NORM, (BY_NORM, BY_VALUE), "clip"),
        Slider("threshold", 1.0, 0.01, 100.0, 0.1, "threshold", log=True),
        Slider("lr", 0.3, 0.01, 1.0, 0.05, "learning rate lr", log=True),
        Slider("start_w", 5.0, 4.0, 6.5, 0.1, "start w"),
        Slider("start_b", -2.2, -3.2, -1.2, 0.1, "start b"),
        Slider("steps", 100, 1, 200, 1, "steps"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=205,
    presets=(
        Preset("before the cliff", "10 steps: no gradient is long yet, and nothing warns you", {"steps": 10}),
        Preset("too tight", "a threshold of 0.02 cuts ordinary gradients too: it creeps", {"threshold": 0.02}),
        Preset("too loose", "a threshold of 30 cuts one step, and that one is still far too long", {"threshold": 30.0}),
        Preset("by value", "each entry is cut alone: the step turns towards the diagonal", {"kind": BY_VALUE}),
        Preset(
            "away from the edge",
            "a start that meets no wall: nothing to clip",
            {"start_w": 4.5, "start_b": -1.8, "lr": 0.1},
        ),
    ),
    widest=({"threshold": 30.0}, {"threshold": 100.0}, {"steps": 1}),
    handles=(Handle("start", "start", x="start_w", y="start_b"),),
)

gradient_clipping = opener(DESCRIPTION)
