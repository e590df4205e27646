"""search: where should you spend your trials? Grid, random, and coarse to fine, on a plane of two hyper-parameters."""

import math
from typing import NamedTuple

import numpy as np

from nnlab.analysis.palette import BLACK, BLUE, GREEN, MARK, PAPER, VERMILION
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import counted, end_labels, to_the_ends
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["search"]

RANDOM, GRID, FINE = STRATEGIES = ("random", "grid", "coarse to fine")
COLORS = dict(zip(STRATEGIES, (BLUE, VERMILION, GREEN), strict=True))
STYLES = dict(zip(STRATEGIES, ("-", "--", ":"), strict=True))
SURFACES, MOST = 200, 64  # surfaces with their best points elsewhere, trials
COUNTS = (4, 9, 16, 25, 36, 49, 64)  # where the curves are computed
WIDTHS = (0.06, 0.2)  # of the bumps, as shares of the axes: the learning rate must be met more exactly
PIXELS = 40


class Result(NamedTuple):
    """One surface with its trials, and the best score found on all surfaces."""

    strategy: str
    trials: int  # asked for; a grid uses the largest square
    points: np.ndarray  # (trial, 2), learning rate and weight decay as shares of their axes
    coarse: int  # how many of them come before the box
    box: np.ndarray | None  # low and high corner
    scores: np.ndarray  # (trial,)
    image: np.ndarray  # (decay, lr), the score everywhere
    ridge: np.ndarray  # (lr,), the score at the best weight decay
    heights: np.ndarray  # (trial,), the ridge at the trials
    bands: dict[str, np.ndarray]  # strategy -> (low, median or high; count)
    medians: dict[str, float]  # strategy -> with this number of trials


@remembered(1)
def surfaces_and_draws() -> tuple[np.ndarray, np.ndarray]:
    """(surface, 2), where the best points are; (surface, trial, 2), uniform draws."""
    rng = np.random.default_rng(0)
    return rng.uniform(0.1, 0.9, (SURFACES, 2)), rng.random((SURFACES, MOST, 2))


def score(points: np.ndarray, best: np.ndarray, importance: float) -> np.ndarray:
    """(g + importance h) / (1 + importance), 1 at the best point: a bump over each axis; points (..., 2)."""
    g, h = np.moveaxis(np.exp(-(((points - best) / WIDTHS) ** 2) / 2), -1, 0)
    return (g + importance * h) / (1 + importance)


def grid_points(trials: int) -> np.ndarray:
    """(k k, 2), the middles of k x k equal cells, k as large as ``trials`` allows."""
    k = math.isqrt(trials)
    middles = (np.arange(k) + 0.5) / k
    return np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 2)


def tried(strategy: str, trials: int, zoom: float, importance: float) -> tuple[np.ndarray, np.ndarray]:
    """The points (surface, trial, 2), and the low corners (surface, 2) of the boxes that the later half lies in."""
    best, draws = surfaces_and_draws()
    if strategy == GRID:
        points = grid_points(trials)
        return np.broadcast_to(points, (SURFACES, *points.shape)), np.zeros((SURFACES, 2))
    points = draws[:, :trials]
    if strategy == RANDOM:
        return points, np.zeros((SURFACES, 2))
    coarse = trials // 2
    first = score(points[:, :coarse], best[:, None], importance).argmax(1)
    corners = np.clip(points[np.arange(SURFACES), first] - zoom / 2, 0, 1 - zoom)
    return np.concatenate([points[:, :coarse], corners[:, None] + zoom * points[:, coarse:]], 1), corners


@remembered(512)
def best_scores(strategy: str, trials: int, zoom: float, importance: float) -> np.ndarray:
    """(low, median, high) of the best score that a strategy finds, over all surfaces."""
    points, _ = tried(strategy, trials, zoom, importance)
    found = score(points, surfaces_and_draws()[0][:, None], importance).max(1)
    return np.quantile(found, (0.1, 0.5, 0.9))


def compute(strategy: str, trials: int, importance: float, zoom: float, seed: int) -> Result:
    """The trials on surface number ``seed``, and what every strategy finds on all of them."""
    best = surfaces_and_draws()[0][seed]
    points, corners = tried(strategy, trials, zoom, importance)
    axis = (np.arange(PIXELS) + 0.5) / PIXELS
    plane = np.stack(np.meshgrid(axis, axis), -1)
    ridge = np.stack([np.linspace(0, 1, 201), np.full(201, best[1])], -1)
    beside = np.stack([points[seed, :, 0], np.full(points.shape[1], best[1])], -1)
    narrowed = strategy == FINE
    by_strategy = {s: (zoom if s == FINE else 1.0) for s in STRATEGIES}
    bands = {
        s: np.array([best_scores(s, count, share, importance) for count in COUNTS]).T
        for s, share in by_strategy.items()
    }
    return Result(
        strategy, trials, points[seed], trials // 2 if narrowed else points.shape[1],
        np.array([corners[seed], corners[seed] + zoom]) if narrowed else None,
        score(points[seed], best, importance), score(plane, best, importance), score(ridge, best, importance),
        score(beside, best, importance), bands,
        {s: float(best_scores(s, trials, share, importance)[1]) for s, share in by_strategy.items()},
    )  # fmt: skip


def draw(figure) -> dict:
    """The plane with its ridge above on the left; the best score by the number of trials on the right."""
    cells = figure.add_gridspec(2, 2, width_ratios=[1, 1.1], height_ratios=[1, 2.4])
    above, plane, right = (figure.add_subplot(cells[place]) for place in ((0, 0), (1, 0), (slice(None), 1)))
    above.set(xlim=(-0.03, 1.03), ylim=(-0.12, 1.15), xticks=[], yticks=[0, 1])
    above.set_title("what the trials learn about lr")
    plane.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="learning rate lr", ylabel="weight decay")
    plane.set_xticks([0, 1 / 3, 2 / 3, 1], ["1e-5", "0.001", "0.1", "10"])
    plane.set_yticks([0, 0.4, 0.8], ["1e-6", "1e-4", "0.01"])
    plane.grid(False)
    right.set(xlim=(0, MOST), ylim=(0, 1.05), xlabel="trials", ylabel=f"best score, median of {SURFACES} surfaces")
    right.set_xticks(range(0, MOST + 1, 16))
    dot = {"linestyle": "", "markeredgecolor": PAPER, "markeredgewidth": 0.6}
    return {
        "image": plane.imshow(
            np.zeros((2, 2)), origin="lower", extent=(0, 1, 0, 1), aspect="auto", cmap="Greys", vmin=0, vmax=2.6,
            interpolation="bilinear",
        ),
        "ridge": above.plot([], [], "-", color=MARK, linewidth=1.5)[0],
        "heights": above.plot([], [], "o", color=BLUE, markersize=5, label="trial", **dot)[0],
        "coarse": plane.plot([], [], "o", color=BLUE, markersize=6, label="trial", **dot)[0],
        "fine": plane.plot([], [], "^", color=GREEN, markersize=6, label="fine trial", **dot)[0],
        "best": plane.plot([], [], "*", color=VERMILION, markersize=13, label="best trial", **dot)[0],
        "box": plane.plot([], [], "-", color=BLACK, linewidth=1.5)[0],
        "band": right.fill_between(COUNTS, 0, 0, alpha=0.18, linewidth=0),
        "curves": [right.plot([], [], STYLES[s], color=COLORS[s], linewidth=2)[0] for s in STRATEGIES],
        "here": right.plot([], [], "-", color=MARK, linewidth=1)[0],
        "labels": end_labels(right, COLORS),
    }  # fmt: skip


def update(artists: dict, result: Result) -> None:
    """Show the surface, the trials and the curves."""
    artists["image"].set_data(result.image)
    artists["ridge"].set_data(np.linspace(0, 1, 201), result.ridge)
    artists["heights"].set_data(result.points[:, 0], result.heights)
    artists["coarse"].set_data(*result.points[: result.coarse].T)
    artists["fine"].set_data(*result.points[result.coarse :].T)
    artists["best"].set_data(*result.points[[result.scores.argmax()]].T)
    (left, low), (right, high) = ((0, 0), (0, 0)) if result.box is None else result.box
    artists["box"].set_data([left, right, right, left, left], [low, low, high, high, low])
    artists["box"].set_visible(result.box is not None)
    for line, band in zip(artists["curves"], result.bands.values(), strict=True):
        line.set_data(COUNTS, band[1])
    shown = result.bands[result.strategy]
    artists["band"].set_verts([np.r_[np.c_[COUNTS, shown[0]], np.c_[COUNTS, shown[2]][::-1]]])
    artists["band"].set_color(COLORS[result.strategy])
    artists["here"].set_data([result.trials] * 2, [0, 1.05])
    to_the_ends(artists["labels"], [band[1][-1] / 1.05 for band in result.bands.values()], gap=0.055)


def sentence(result: Result) -> str:
    """How many learning rates were tried, what was found here, and what each strategy finds on the average surface."""
    rates = len(np.unique(result.points[:, 0].round(9)))
    here = counted(len(result.points), "trial") + " try " + counted(rates, "learning rate")
    medians = ", ".join(f"{s} {median:.2f}" for s, median in result.medians.items())
    return (
        f"{result.strategy}: {here}; the highest score is {result.scores.max():.2f} of a possible 1. "
        f"The median over {SURFACES} surfaces with up to {result.trials} trials: {medians}."
    )


DESCRIPTION = Description(
    name="search",
    title="Where should you spend your trials?",
    about=(
        "Scores of made-up networks: a bump over the learning rate, and a wider one over the weight decay that counts "
        "importance times as much (after Bergstra & Bengio 2012, figure 1). Grid takes the middles of k x k cells, the "
        "largest square that the trials allow. Coarse to fine spends half of its trials at random, and the others in a "
        "box around the best of them, whose sides are zoom times the axes. The seed picks one of 200 surfaces, with "
        "its draws; the band holds the middle 80 % of them."
    ),
    controls=(
        Choice("strategy", RANDOM, STRATEGIES, "strategy"),
        Slider("trials", 25, 4, MOST, 1, "trials"),
        Slider("importance", 0.2, 0.0, 1.0, 0.05, "importance of weight decay"),
        Slider("zoom", 0.3, 0.05, 1.0, 0.05, "zoom of the box"),
        Slider("seed", 0, 0, 20, 1, "seed"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=195,
    presets=(
        Preset("nine on a grid", "nine trials, three learning rates", {"strategy": GRID, "trials": 9, "seed": 2}),
        Preset("nine at random", "nine trials, nine learning rates", {"trials": 9, "seed": 2}),
        Preset("both matter", "then a small grid does best", {"strategy": GRID, "trials": 9, "importance": 1.0}),
        Preset("coarse to fine", "the later half looks where the first half was lucky", {"strategy": FINE}),
        Preset("too few to zoom", "the best of two is no guide", {"strategy": FINE, "trials": 4, "zoom": 0.1}),
    ),
    size=(8.6, 4.2),
)  # fmt: skip

search = opener(DESCRIPTION)
