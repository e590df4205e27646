"""polynomial: which degree fits best? Training and validation error, bias and variance over repeated draws."""

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import legvander

from nnlab.analysis.palette import BLACK, BLUE, MARK, PAPER, PURPLE, VERMILION
from nnlab.explorers.memory import remembered
from nnlab.explorers.shared import chosen_here, end_labels, note, to_the_ends
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["polynomial"]

HIGHEST, DRAWS, SHOWN = 15, 200, 12
GRID = np.linspace(-1, 1, 201)
TRUTHS = {
    "cubic": lambda x: 2 * x**3 - x,
    "sine": lambda x: np.sin(1.5 * np.pi * x),
    "step": lambda x: np.where(x < 0, -1.0, 1.0),
}
VIEW, FLOOR = 2.0, 1e-4
ROUNDING = {"training": 1e-12, "bias²": 1e-20}  # an error below is what rounding leaves of 0
LOOK = {
    "training": (BLUE, "-"),
    "validation": (VERMILION, "--"),
    "bias²": (BLACK, "-."),
    "variance": (PURPLE, ":"),
}


class Result(NamedTuple):
    """Least-squares fits of every degree from 1 to 15; errors are mean squared errors, by degree.

    Attributes:
        y: (sample,), the targets of the draw that is shown.
        fit: (grid,), its fit of the chosen degree. others: (draw, grid), that of some other draws.
        errors: "training", "validation", "bias²" and "variance" -> (degree,), means over all draws.
    """

    truth: str
    degree: int
    noise: float
    x: np.ndarray
    y: np.ndarray
    fit: np.ndarray
    others: np.ndarray
    errors: dict[str, np.ndarray]


@remembered(256)
def basis(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Polynomials that are orthonormal on the samples, there (sample, degree + 1) and on the grid.

    The fit of degree d is the sum of the first d + 1 of them, each times its inner product with the targets. So one
    decomposition serves all degrees.
    """
    q, r = np.linalg.qr(legvander(np.linspace(-1, 1, samples), HIGHEST))
    return q, np.linalg.solve(r.T, legvander(GRID, HIGHEST).T).T


@remembered(256)
def draws(samples: int, seed: int) -> np.ndarray:
    """Standard normal noise for every draw, (draw, sample)."""
    return np.random.default_rng(seed).standard_normal((DRAWS, samples))


def compute(truth: str, degree: int, samples: int, noise: float, seed: int) -> Result:
    """Fit all degrees to 200 draws of the noise; the inputs are the same evenly spaced ones in every draw.

    Bias and variance as in Geman, Bienenstock & Doursat (1992), averaged over the grid. Least squares is linear in
    the targets, so the mean fit over all possible draws is the fit of the targets without noise: the bias is exact.
    The validation error is bias² + variance + noise²: the mean of (fit - truth)^2 over all possible draws, with the
    variance estimated from 200 of them.
    """
    f, x = TRUTHS[truth], np.linspace(-1, 1, samples)
    on_samples, on_grid = basis(samples)
    y = f(x) + noise * draws(samples, seed)  # (draw, sample)
    terms, mean_terms = y @ on_samples, f(x) @ on_samples  # (draw, degree + 1), (degree + 1,)
    off = ((terms - mean_terms)[:, None] * on_grid).cumsum(2)  # (draw, grid, degree + 1), fit minus mean fit
    bias = (mean_terms * on_grid).cumsum(1) - f(GRID)[:, None]  # (grid, degree + 1)
    residual = (y**2).sum(1, keepdims=True) - (terms**2).cumsum(1)  # (draw, degree + 1)
    bias2, variance = (bias**2).mean(0), (off**2).mean((0, 1))
    errors = {
        "training": np.maximum(residual, 0).mean(0) / samples,
        "validation": bias2 + variance + noise**2,
        "bias²": bias2,
        "variance": variance,
    }
    fits = terms[: SHOWN + 1, : degree + 1] @ on_grid[:, : degree + 1].T  # (draw, grid)
    by_degree = {name: error[1:] for name, error in errors.items()}
    return Result(truth, degree, noise, x, y[0], fits[0], fits[1:], by_degree)


def draw(figure) -> dict:
    """Samples and fits on the left, errors by degree with a label at every line on the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    left.set(xlabel="x", ylabel="y", xlim=(-1.05, 1.05))
    left.set_title(f"one draw (strong), {SHOWN} others (pale)")
    left.set_xticks([-1, -0.5, 0, 0.5, 1])
    right.set(xlabel="degree", ylabel="mean squared error", yscale="log", xlim=(0.5, HIGHEST))
    right.set_xticks(range(1, HIGHEST + 1, 2))
    right.set_title(f"means over {DRAWS} draws")
    return {
        "others": left.plot([], [], "-", color=MARK, linewidth=0.7)[0],
        "truth": left.plot([], [], "--", color=BLACK, linewidth=1.6, label="truth")[0],
        "fit": left.plot([], [], "-", color=BLUE, linewidth=2.2, label="fit")[0],
        "samples": left.plot([], [], "o", color=VERMILION, markersize=4, markeredgecolor=PAPER, label="samples")[0],
        "where": note(left),
        "now": chosen_here(right),
        "lines": [
            right.plot([], [], style, color=color, linewidth=1.8, marker="o", markersize=3)[0]
            for color, style in LOOK.values()
        ],
        "labels": end_labels(right, {name: color for name, (color, _) in LOOK.items()}),
    }


def update(artists: dict, result: Result) -> None:
    """Move everything; the view of the fits widens by powers of two, that of the errors by two decades."""
    left, right = artists["fit"].axes, artists["now"].axes
    reach = max(np.abs(result.fit).max(), np.abs(result.y).max()) / VIEW
    zoom = 2.0 ** max(0, math.ceil(math.log2(reach)))
    left.set_ylim(-VIEW * zoom, VIEW * zoom)
    artists["where"].set_text(f"view {zoom:,.0f} times higher" if zoom > 1 else "")
    artists["truth"].set_data(GRID, TRUTHS[result.truth](GRID))
    artists["fit"].set_data(GRID, result.fit)
    artists["samples"].set_data(result.x, result.y)
    gap = np.full((len(result.others), 1), np.nan)  # lifts the pen between two fits
    artists["others"].set_data(np.tile(np.append(GRID, np.nan), len(gap)), np.hstack([result.others, gap]).ravel())
    decades = 2 * math.ceil(math.log10(max(error.max() for error in result.errors.values())) / 2 + 1e-9)
    top = 10.0 ** max(0, decades)
    right.set_ylim(FLOOR, top)
    artists["now"].set_data([result.degree] * 2, [FLOOR, top])
    heights = []
    for line, error in zip(artists["lines"], result.errors.values(), strict=True):
        line.set_data(np.arange(1, HIGHEST + 1), np.maximum(error, FLOOR))
        heights.append(math.log10(max(error[-1], FLOOR) / FLOOR) / math.log10(top / FLOOR))
    to_the_ends(artists["labels"], heights)


def sentence(result: Result) -> str:
    """The errors of the chosen degree, their parts, and the best degree."""
    chosen = {name: float(error[result.degree - 1]) for name, error in result.errors.items()}
    training, validation, bias2, variance = (0 if e < ROUNDING.get(name, 0) else e for name, e in chosen.items())
    all_validation = result.errors["validation"]
    return (
        f"{result.truth}, degree {result.degree}, {len(result.x)} samples: training error {training:.3g}, validation "
        f"error {validation:.3g} = bias² {bias2:.3g} + variance {variance:.3g} + noise² {result.noise**2:.3g}; the "
        f"lowest validation error, {all_validation.min():.3g}, has degree {1 + all_validation.argmin()}."
    )


DESCRIPTION = Description(
    name="polynomial",
    title="Which degree fits best?",
    about=(
        "Polynomials fitted to noisy samples by least squares: training and validation error, bias and variance. "
        "The samples are evenly spaced in [-1, 1]; the noise is the standard deviation of the targets around the "
        "truth, which is 2 x^3 - x (cubic), sin(1.5 pi x) (sine), or -1 below 0 and 1 from there on (step)."
    ),
    controls=(
        Slider("degree", 3, 1, HIGHEST, 1, "degree"),
        Slider("samples", 25, HIGHEST + 1, 200, 1, "samples"),
        Slider("noise", 0.3, 0.05, 1.0, 0.05, "noise"),
        Choice("truth", "cubic", tuple(TRUTHS), "truth"),
        Slider("seed", 0, 0, 20, 1, "seed of the noise"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=195,
    presets=(
        Preset("just right", "the truth is a cubic: from degree 3 on there is no bias", {}),
        Preset("too simple", "all draws give nearly the same wrong line: bias", {"degree": 1}),
        Preset("too flexible", "every draw gives another curve: variance", {"degree": 15}),
        Preset("more samples", "degree 15 again, but 200 samples calm it down", {"degree": 15, "samples": 200}),
        Preset("a step", "no polynomial is a step: bias falls slowly", {"truth": "step", "degree": 7, "samples": 60}),
    ),
    size=(8.8, 3.7),
    widest=({"noise": 1.0},),
    handles=(Handle("now", "degree", x="degree"),),
)

polynomial = opener(DESCRIPTION)
