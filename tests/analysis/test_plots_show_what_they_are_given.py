"""What every plot function draws is what it was given: every artist, and a proof that a false one would be seen."""

import math
from types import SimpleNamespace

import matplotlib.style
import numpy as np
import pytest
import torch
from artists import band, cells, complaints, contours, curve, ends, everything, flat, survivors, words
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import nnlab
from nnlab import Network, calibration, digits, ensemble, plots, search_plots, spaces, spirals, surfaces
from nnlab.analysis import mistakes
from nnlab.engine import lr_range, scalar
from nnlab.engine.optimizers import SGD


def learning_curves(ax):
    """Median and middle 80 % of each group, with a cross where a group ends; labels at the ends."""
    history = ensemble.train(
        Network([2, 4, 3]), spirals(), SGD(), seeds=range(5), steps=30, grid={"lr": [0.1, 1e30]}, eval_every=10
    )
    plots.plot_learning_curves(history, ax, of="loss", by="lr")
    calm, wild = (history.select(lr=lr) for lr in (0.1, 1e30))
    first = int(np.isfinite(np.asarray(wild.median("loss"))).sum())
    x, low, high = np.asarray(calm.steps("loss")), *calm.band("loss")
    wild_x, wild_y = np.asarray(wild.steps("loss"))[:first], np.asarray(wild.median("loss"))[:first]
    edges = (np.asarray(edge)[:first] for edge in wild.band("loss"))
    wild_low, wild_high = (np.where(np.isinf(edge), wild_y.max(), edge) for edge in edges)
    lines = ax.get_lines()[:2]
    names, heights = ("lr 0.1", "lr 1e+30 (diverged)"), ends(lines, 0.075)
    (x_end, y_end), right = (ax.transData + ax.transAxes.inverted()).transform((wild_x[-1], wild_y[-1])), 1.012
    leader = band([x_end, right], [y_end, heights[1]], [y_end, heights[1]])
    return {
        "still": [
            curve(x, calm.median("loss")),
            curve(wild_x, wild_y),
            curve(wild_x[-1], wild_y[-1]),
            band(x, low, high),
            band(wild_x, wild_low, wild_high),
            leader,
        ],
        "text": [words(name, y=y) for name, y in zip(names, heights, strict=True)],
    }


def range_test(ax):
    """Every member and their median, and a line at each of the three rates."""
    rates = 10 ** torch.linspace(-5, 1, 61, dtype=torch.float64)
    falling = 2 - torch.sigmoid(4 * (rates.log10() + 2))
    smoothed = torch.where(rates < 0.1, falling, falling + 5 * (rates - 0.1)) * torch.tensor([[0.9], [1.0], [1.1]])
    found = lr_range.read(rates, smoothed)
    plots.plot_range_test(found, ax)
    seen = smoothed.where(smoothed <= 3 * smoothed[1, 0], torch.nan)  # twice the height of the picture
    marks = [curve([rate, rate], [0, 1]) for rate in (found.suggestion, found.lowest, found.diverges)]
    return {"still": [*(curve(rates, each) for each in seen), curve(rates, seen[1]), *marks], "text": []}


def reliability(ax):
    """A dot for each bin, whose area grows with its samples."""
    rows = torch.randn(200, 4, generator=torch.Generator().manual_seed(0)).mul(2).softmax(-1)
    shown = calibration.reliability(rows, torch.arange(200) % 4)
    plots.plot_reliability(shown, ax, "network")
    place, sizes = curve(shown.confidence, shown.accuracy), 10 + 80 * shown.counts / 200
    (height,) = ends(ax.get_lines()[1:], 0.075)
    texts = [words("calibrated", x=0.12, y=0.05), words(f"  network (error {shown.error:.3f})", y=height)]
    return {"still": [curve([0, 1], [0, 1]), place, place | {"sizes": sizes}], "text": texts}


def surface(ax):
    """Levels of the logarithm of the loss above the lowest, and the minimum."""
    ground, other = surfaces.get("Beale"), Figure().subplots()
    plots.plot_surface(ground, ax, points=40)
    x, y = np.linspace(*ground.xlim, 40), np.linspace(*ground.ylim, 40)
    height = np.log10(ground.f(x, y[:, None]) - ground.lowest + 1e-3)
    levels = [contours(draw(x, y, height, levels=18)) for draw in (other.contourf, other.contour)]
    return {"still": [curve(*ground.minimum), *levels], "text": []}


def images(ax):
    """The pixels of a row, as a square."""
    x = digits().train.x
    plots.plot_images(x, [ax], titles=["a digit"])
    pixels = x[0].reshape(8, 8).numpy().astype(float)
    return {"still": [{"values": pixels, "extent": np.array([-0.5, 7.5, 7.5, -0.5])}], "text": []}


def decision_boundary(ax):
    """The colour of each class by its probability, darker at the folds, and the samples."""
    net, part = Network([2, 5, 3]), spirals().train
    grid = surfaces.decision_grid(net, net.init(seed=2), (-1.3, 1.3), (-1.2, 1.4), 40)
    plots.plot_decision_boundary(grid, ax, part)
    colours = np.array([to_rgb(plots.CLASS_COLORS[k]) for k in range(3)])
    image = 1 - 0.55 * (1 - grid.probabilities.numpy() @ colours)
    samples = [curve(*part.x[part.y == k].T) for k in range(3)]
    return {"still": [*samples, {"values": image, "extent": np.array([-1.3, 1.3, -1.2, 1.4])}], "text": []}


def worst(ax):
    """The wrong ones row by row, each with its true and its predicted class."""
    part = digits().val
    given = mistakes.Mistakes(part.x[:3], part.y[:3], (part.y[:3] + 1) % 10, torch.ones(3))
    mistakes.plot_mistakes(given, ax, columns=2)
    corners = [(0, 0), (8 * 1.15, 0), (0, 8 * 1.4)]
    shown = [
        {"values": x.reshape(8, 8).numpy().astype(float), "extent": np.array([left, left + 8, top + 8, top])}
        for x, (left, top) in zip(part.x, corners, strict=False)
    ]
    texts = [
        words(f"{y} → {(y + 1) % 10}", x=left + 4, y=top + 8 * 1.18)
        for y, (left, top) in zip(part.y.tolist(), corners, strict=False)
    ]
    return {"still": shown, "text": texts}


def pictures(ax):
    """A colour picture, pixel by pixel."""
    given = np.random.default_rng(0).random((3, 4, 3))
    plots.plot_pictures({"noise": given}, [ax])
    assert ax.get_title() == "noise"
    return {"still": [{"values": given, "extent": np.array([-0.5, 3.5, 2.5, -0.5])}], "text": []}


def tried(score, trials, seed=0):
    """A search of this many trials over lr, 0.001 to 1, and width, 1 to 8; lower is better."""
    space = {"lr": spaces.LogUniform(1e-3, 1), "width": spaces.Integer(1, 8)}
    return nnlab.search(score, space, trials=trials, seed=seed, workers=1, progress=False)


def median_and_band(ax):
    """The median of the members at each point, and their middle 80 %."""
    values = np.arange(33.0).reshape(11, 3) ** 2
    plots.plot_band([1, 2, 4], values, ax, label="ours", marker="o")
    low, middle, high = np.sort(values, 0)[[1, 5, 9]]
    (height,) = ends(ax.get_lines(), 0.075)
    return {"still": [curve([1, 2, 4], middle), band([1, 2, 4], low, high)], "text": [words("ours", y=height)]}


def histogram(ax):
    """The share of the values in each interval, by its width."""
    values = np.linspace(-1, 1, 50) ** 3
    counts, edges = np.histogram(values, 5)
    seen = SimpleNamespace(counts=torch.tensor(counts)[None], edges=torch.tensor(edges))
    plots.plot_histogram(seen, ax, label="layer 1")
    return {"still": [curve((edges[1:] + edges[:-1]) / 2, np.histogram(values, 5, density=True)[0])], "text": []}


def heat_map(ax):
    """The lowest score in each cell, one for each width and eight for lr; a cross where all failed; and the colours."""
    given = tried(lambda lr, width: math.log10(lr) + width if width < 7 else math.nan, trials=12)
    search_plots.plot_heat_map(given, ax, "lr", "width")
    lr, width, score = (given.table[name].to_numpy() for name in ("lr", "width", "score"))
    widths, place = np.unique(width), np.floor(8 * (1 + np.log10(lr) / 3))
    there = [[(width == w) & (place == k) for k in range(8)] for w in widths]
    best = np.array([[np.nanmin([*score[each], np.inf]) for each in row] for row in there])
    lost = [(row, column) for row, column in np.argwhere(np.isinf(best)) if there[row][column].any()]
    assert lost
    height = (widths - 1) / 7
    rows = np.concatenate([[height[0] - (height[1] - height[0]) / 2], (height[1:] + height[:-1]) / 2])
    rows = np.append(rows, 2 * height[-1] - rows[-1])
    finite = np.where(np.isinf(best), np.nan, best)
    scale = np.linspace(np.nanmin(best), finite[np.isfinite(finite)].max(), 257)
    crosses = curve([(column + 0.5) / 8 for _, column in lost], [rows[row : row + 2].mean() for row, _ in lost])
    bar = cells([0, 1], scale, (scale[1:, None] + scale[:-1, None]) / 2)
    return {"still": [crosses, cells(np.arange(9) / 8, rows, finite), {}, bar], "text": []}


def parallel_coordinates(ax):
    """A line for each trial, the best one last; an axis for each hyper-parameter, with some of its values."""
    given = tried(lambda lr, width: lr * width, trials=9)
    search_plots.plot_parallel_coordinates(given, ax)
    table = given.table
    rank = (8 - table["score"].rank() + 1) / 8
    lines = np.column_stack([1 + np.log10(table["lr"]) / 3, (table["width"] - 1) / 7, rank])
    lines = [*lines[rank < 1], *lines[rank == 1]]
    rates = [words(f"{10.0**k:g}", x=-0.03, y=1 + k / 3) for k in range(-3, 1)]
    widths = [words(str(w), x=0.97, y=(w - 1) / 7) for w in (1, 3, 4, 6, 8)]
    scores = [words("worst", x=2.03, y=0), words("best", x=2.03, y=1)]
    axes = [curve([k, k], [0, 1]) for k in range(3)]
    return {"still": [*(curve(range(3), each) for each in lines), *axes], "text": [*rates, *widths, *scores]}


def best_so_far(ax):
    """Median and middle 80 % of repetitions."""
    given = [tried(lambda lr, width: lr * width, trials=6, seed=seed) for seed in range(5)]
    search_plots.plot_best_so_far(given, ax, "random")
    best = np.array([[each.scores[:n].min() for n in range(1, 7)] for each in given])
    low, middle, high = np.percentile(best, [10, 50, 90], axis=0)
    (height,) = ends(ax.get_lines(), 0.075)
    return {"still": [curve(range(1, 7), middle), band(range(1, 7), low, high)], "text": [words("random", y=height)]}


def graph(ax):
    """A box for each value, with its gradient, and a line for each operand."""
    product = scalar.Value(2.0, "x") * scalar.Value(3.0, "w")
    product.backward()
    scalar.plot_graph(product, ax)
    lines = [curve([0, 1], [height, 0]) for height in (0.5, -0.5)]
    boxes = [("w\nv 3\ng 2", 0, -0.5), ("x\nv 2\ng 3", 0, 0.5), ("*\nv 6\ng 1", 1, 0)]
    return {"still": lines, "text": [words(text, x=x, y=y) for text, x, y in boxes]}


PLOTS = {
    "plot_learning_curves": learning_curves,
    "plot_range_test": range_test,
    "plot_reliability": reliability,
    "plot_surface": surface,
    "plot_images": images,
    "plot_decision_boundary": decision_boundary,
    "plot_mistakes": worst,
    "plot_pictures": pictures,
    "plot_band": median_and_band,
    "plot_histogram": histogram,
    "plot_heat_map": heat_map,
    "plot_parallel_coordinates": parallel_coordinates,
    "plot_best_so_far": best_so_far,
    "plot_graph": graph,
}


def test_every_plot_function_is_here():
    drawing = (plots, mistakes, search_plots, scalar)
    functions = {name for module in drawing for name in vars(module) if name.startswith("plot_")}
    assert functions - {"plot_classes"} == PLOTS.keys()  # the samples of plot_decision_boundary
    assert {name for name in dir(nnlab) if name.startswith("plot")} - functions == {"plots"}


@pytest.mark.parametrize("name", PLOTS)
def test_every_artist_shows_what_was_given(name):
    figure = Figure()
    wanted = flat(PLOTS[name](figure.subplots()))
    artists = everything(figure)
    assert complaints(artists, wanted) == []
    assert survivors(artists, wanted) == []
    assert complaints(artists, wanted) == []


def luminance(color):
    """Relative luminance (WCAG 2.2)."""
    parts = np.array(to_rgb(color))
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    """From 1, the same, to 21, black on white (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("style", ["default", "dark_background", "Solarize_Light2"])
@pytest.mark.parametrize("name", PLOTS)
def test_it_can_be_read_in_the_style_of_a_student(name, style):
    """Texts on their ground, and lines that are not white between coloured areas."""
    with matplotlib.style.context(style):
        ax = Figure().subplots()
        PLOTS[name](ax)
    ground = ax.get_facecolor()
    for text in ax.texts:
        if text.get_gid() == "line label":  # in the colour of its line, which is the style's
            continue
        box = text.get_bbox_patch()
        assert contrast(text.get_color(), box.get_facecolor() if box else ground) >= 4.5, text.get_text()
    for line in ax.lines:
        assert contrast(line.get_color(), ground) >= 1.5, line
