"""What every plot function draws is what it was given: every artist, and a proof that a false one would be seen."""

import matplotlib.style
import numpy as np
import pytest
import torch
from artists import band, complaints, contours, curve, ends, everything, flat, survivors, words
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import nnlab
from nnlab import Network, calibration, digits, ensemble, plots, search_plots, spaces, spirals, surfaces
from nnlab.analysis import mistakes
from nnlab.engine import lr_range
from nnlab.engine.optimizers import SGD
from nnlab.engine.scalar import Value, plot_graph


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
    names = ("lr 0.1", "lr 1e+30 (diverged)")
    return {
        "still": [
            curve(x, calm.median("loss")),
            curve(wild_x, wild_y),
            curve(wild_x[-1], wild_y[-1]),
            band(x, low, high),
            band(wild_x, wild_low, wild_high),
        ],
        "text": [words(name, y=y) for name, y in zip(names, ends(lines, 0.075), strict=True)],
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


PLOTS = {
    "plot_learning_curves": learning_curves,
    "plot_range_test": range_test,
    "plot_reliability": reliability,
    "plot_surface": surface,
    "plot_images": images,
    "plot_decision_boundary": decision_boundary,
    "plot_mistakes": worst,
}


def test_every_plot_function_is_here():
    functions = {name for module in (plots, mistakes) for name in vars(module) if name.startswith("plot_")}
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


def graph(ax):
    """A computation of three values."""
    (Value(2.0, "x") * Value(3.0, "w")).backward()
    plot_graph(Value(2.0, "x") * Value(3.0, "w"), ax)


def tried(draw):
    """A search of nine trials."""
    space = {"lr": spaces.LogUniform(1e-3, 1), "width": spaces.Integer(1, 8)}
    trials = nnlab.search(lambda lr, width: lr * width, space, trials=9, seed=0, workers=1, progress=False)
    return lambda ax: draw(trials, ax)


IN_THE_DARK = PLOTS | {
    "plot_graph": graph,
    "plot_heat_map": tried(lambda trials, ax: search_plots.plot_heat_map(trials, ax, "lr", "width")),
    "plot_parallel_coordinates": tried(search_plots.plot_parallel_coordinates),
    "plot_best_so_far": tried(lambda trials, ax: search_plots.plot_best_so_far([trials] * 3, ax)),
}


def luminance(color):
    """Relative luminance (WCAG 2.2)."""
    parts = np.array(to_rgb(color))
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    """From 1, the same, to 21, black on white (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("style", ["default", "dark_background", "Solarize_Light2"])
@pytest.mark.parametrize("name", IN_THE_DARK)
def test_it_can_be_read_in_the_style_of_a_student(name, style):
    """Texts on their ground, and lines that are not white between coloured areas."""
    with matplotlib.style.context(style):
        ax = Figure().subplots()
        IN_THE_DARK[name](ax)
    ground = ax.get_facecolor()
    for text in ax.texts:
        if text.get_gid() == "line label":  # in the colour of its line, which is the style's
            continue
        box = text.get_bbox_patch()
        assert contrast(text.get_color(), box.get_facecolor() if box else ground) >= 4.5, text.get_text()
    for line in ax.lines:
        assert contrast(line.get_color(), ground) >= 1.5, line
