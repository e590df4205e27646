"""Plots by their artists: what is drawn, where it is written, and that nothing else is touched."""

import dataclasses
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nnlab import Network, calibration, digits, ensemble, plots, probes, spirals, surfaces
from nnlab.engine import lr_range
from nnlab.engine.optimizers import SGD
from nnlab.history import Curve

HISTORY = ensemble.train(
    Network([2, 4, 3]), spirals(), SGD(), seeds=range(3), steps=30, grid={"lr": [0.01, 0.1, 1e30]}, eval_every=10
)
LABELS = {"loss": "training loss", "val_loss": "validation loss", "val_accuracy": "validation accuracy"}


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


@pytest.mark.parametrize("of", LABELS)
def test_learning_curves_are_median_and_band(of, ax):
    assert plots.plot_learning_curves(HISTORY, ax, of=of, by="lr") is ax
    lines = {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}
    assert list(lines) == ["lr 0.01", "lr 0.1", "lr 1e+30 (diverged)"]
    for lr, (line, band) in zip((0.01, 0.1), zip(lines.values(), ax.collections, strict=False), strict=False):
        group = HISTORY.select(lr=lr)
        np.testing.assert_allclose(line.get_xdata(), group.steps(of))
        np.testing.assert_allclose(line.get_ydata(), group.median(of))
        low, high = group.band(of)
        corners = band.get_paths()[0].vertices[:, 1]
        assert corners.min() == pytest.approx(low.min().item())
        assert corners.max() == pytest.approx(high.max().item())
    assert [text.get_text() for text in ax.texts] == list(lines)
    assert ax.get_xlabel() == "step"
    assert ax.get_ylabel() == LABELS[of]


@pytest.mark.parametrize("of", LABELS)
def test_a_group_with_one_diverged_member_says_so(of, ax):
    plots.plot_learning_curves(HISTORY, ax, of=of)
    (label,) = [text.get_text() for text in ax.texts]
    assert label == "9 members (3 of 9 diverged)"
    plots.plot_learning_curves(HISTORY.select(lr=0.1), ax, of=of, label="calm")
    assert ax.texts[-1].get_text() == "calm"


def test_all_members_diverged(ax):
    plots.plot_learning_curves(HISTORY.select(lr=1e30), ax, of="loss")
    assert ax.texts[0].get_text() == "3 members (diverged)"
    ax.figure.canvas.draw()


def test_unknown_setting_or_curve(ax, refused):
    with refused("'momentum'"):
        plots.plot_learning_curves(HISTORY, ax, by="momentum")
    with refused("'accuracy'"):
        plots.plot_learning_curves(HISTORY, ax, of="accuracy")


def test_a_curve_without_values(ax, refused):
    calm = HISTORY.select(lr=0.1)
    empty = Curve(torch.full_like(calm.val_loss, torch.nan), calm.evaluated, part="val")
    with refused("'val_r2'", start="of must be a curve with values"):
        plots.plot_learning_curves(dataclasses.replace(calm, curves=calm.curves | {"val_r2": empty}), ax, of="val_r2")


@pytest.mark.parametrize(("higher", "end"), [(True, 0.2), (False, 0.8)])
def test_a_metric_of_any_name_with_a_diverged_member(higher, end, ax):
    """The band ends at the median where a diverged member would pull it to infinity, up or down."""
    values = torch.tensor([[0.2], [0.5], [0.8]]).repeat(3, 4)
    values[HISTORY.diverged >= 0] = torch.nan
    record = dataclasses.replace(
        HISTORY, curves=HISTORY.curves | {"val_r2": Curve(values, HISTORY.evaluated, higher, "val")}
    )
    plots.plot_learning_curves(record, ax, of="val_r2")
    (text,) = ax.texts
    assert text.get_text() == "9 members (3 of 9 diverged)"
    assert ax.get_ylabel() == "validation r2"
    line, (band,) = ax.get_lines()[0], ax.collections
    assert line.get_ydata().tolist() == pytest.approx([end] * 4)
    assert np.isfinite(band.get_paths()[0].vertices).all()
    ax.figure.canvas.draw()


@given(st.lists(st.floats(-0.5, 1.5), max_size=8), st.floats(0.01, 0.1))
def test_spread_keeps_order_and_distance(heights, gap):
    moved = plots.spread(heights, gap)
    order = sorted(range(len(heights)), key=lambda i: (heights[i], moved[i]))
    for low, high in pairwise(order):
        assert moved[high] - moved[low] >= gap - 1e-9
    for before, after in zip(heights, moved, strict=True):
        others = [h for h in heights if abs(min(max(h, 0), 1) - min(max(before, 0), 1)) <= gap * len(heights)]
        if len(others) == 1:  # nothing is near: it stays
            assert after == pytest.approx(min(max(before, 0), 1))


def test_labels_of_equal_lines_do_not_overlap(ax):
    for k in range(6):
        ax.plot([0, 1], [0, 1 + 1e-6 * k], label=f"line {k}")
    plots.label_lines(ax)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 6
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_band_is_the_median_and_the_middle_of_the_members(ax):
    values = torch.stack([torch.arange(11.0), 10 * torch.arange(11.0)], 1)  # (member, point)
    assert plots.plot_band([1, 3], values, ax, label="eleven", marker="o") is ax
    assert ax.lines[0].get_xydata().tolist() == [[1, 5], [3, 50]]
    corners = {tuple(corner) for corner in ax.collections[0].get_paths()[0].vertices.round(9).tolist()}
    assert {(1, 1), (1, 9), (3, 10), (3, 90)} <= corners
    assert [text.get_text() for text in ax.texts] == ["eleven"]


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_a_band_without_members_or_with_other_points(shape, ax, refused):
    with refused(str(shape), start="values must have the shape (member, 3)"):
        plots.plot_band([1, 2, 3], torch.zeros(shape), ax)


@pytest.mark.parametrize("name", surfaces.SURFACES)
def test_surface_shows_its_minimum(name, ax):
    surface = surfaces.get(name)
    assert plots.plot_surface(surface, ax, points=40) is ax
    (star,) = ax.get_lines()
    assert (star.get_xdata()[0], star.get_ydata()[0]) == surface.minimum
    assert ax.get_xlim() == surface.xlim
    assert ax.get_ylim() == surface.ylim
    ax.figure.canvas.draw()


def test_images_are_the_rows():
    axes, x = Figure().subplots(2, 3), digits().train.x
    plots.plot_images(x, axes, titles=list("abcdef"))
    for k, ax in enumerate(axes.flat):
        np.testing.assert_array_equal(ax.images[0].get_array(), x[k].reshape(8, 8))
        assert ax.get_title() == "abcdef"[k]


NET = Network([2, 5, 3])
GRID = surfaces.decision_grid(NET, NET.init(seed=2), (-1.3, 1.3), (-1.2, 1.4), 40)


def test_decision_boundary_shows_probabilities_and_samples(ax):
    part = spirals().train
    assert plots.plot_decision_boundary(GRID, ax, part) is ax
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), plots.decision_image(GRID))
    assert tuple(image.get_extent()) == pytest.approx((-1.3, 1.3, -1.2, 1.4))
    assert image.origin == "lower"
    lines = ax.get_lines()
    assert [len(line.get_xdata()) for line in lines] == part.y.bincount().tolist()
    assert len({line.get_marker() for line in lines}) == len({line.get_color() for line in lines}) == 3
    np.testing.assert_array_equal(lines[1].get_xydata(), part.x[part.y == 1])


def test_decision_image_is_the_colour_of_the_class_that_is_sure():
    classes = torch.arange(40 * 40).reshape(40, 40) % 3
    sure = GRID._replace(probabilities=torch.eye(3)[classes])
    image = plots.decision_image(sure)
    for k in range(3):
        pixels = image[np.asarray(classes == k)]
        np.testing.assert_allclose(
            1 - (1 - pixels) / 0.55, np.broadcast_to(to_rgb(plots.CLASS_COLORS[k]), pixels.shape), atol=1e-6
        )
    assert 0 <= plots.decision_image(GRID).min() <= plots.decision_image(GRID).max() <= 1


def test_folds_are_the_lines_on_which_a_unit_is_zero(ax):
    params = NET.init(seed=2)
    params["layer1.bias"] = torch.tensor([0.3, -0.2, 0.5, 0.1, 9.0])  # the last one has its line out of sight
    grid = surfaces.decision_grid(NET, params, (-1.3, 1.3), (-1.2, 1.4), 40)
    plots.plot_decision_boundary(grid, ax, folds=True)
    (line,) = ax.get_lines()
    drawn = line.get_xydata()
    np.testing.assert_array_equal(drawn, plots.fold_lines(grid))
    gaps = np.isnan(drawn).all(1)
    assert gaps.sum() == 4
    for part in np.split(drawn[:-1], np.flatnonzero(gaps[:-1])):
        points = torch.from_numpy(part[~np.isnan(part).any(1)]).float()
        z = points @ params["layer1.weight"] + params["layer1.bias"]
        assert z.abs().amax(0).min() < 1e-5, "all points of a line belong to one unit"
        ends = points[[0, -1]]
        on_the_edge = torch.stack([(ends[:, 0].abs() - 1.3).abs(), (ends[:, 1] - 0.1).abs() - 1.3]).abs().amin(0)
        assert (on_the_edge < 1e-5).all(), "a line goes from edge to edge"


def test_a_network_without_hidden_units_has_no_folds():
    net = Network([2, 3])
    grid = surfaces.decision_grid(net, net.init(seed=0), (-1, 1), (-1, 1), 10)
    assert grid.z.shape == grid.sides.shape == (10, 10, 0)
    assert np.isnan(plots.fold_lines(grid)).all()


def test_decision_image_of_an_ensemble_is_refused(refused):
    grid = surfaces.decision_grid(NET, NET.init(seed=range(2)), (-1, 1), (-1, 1), 5)
    with refused("(2, 5, 5, 3)", start="grid"):
        plots.decision_image(grid)


def test_range_test_shows_every_member_the_median_and_the_three_rates(ax):
    rates = 10 ** torch.linspace(-5, 1, 61, dtype=torch.float64)
    falling = 2 - torch.sigmoid(4 * (rates.log10() + 2))
    smoothed = torch.where(rates < 0.1, falling, falling + 5 * (rates - 0.1)) * torch.tensor([[0.9], [1.0], [1.1]])
    found = lr_range.read(rates, smoothed)
    assert plots.plot_range_test(found, ax) is ax
    assert ax.get_xscale() == "log"
    *members, median, suggested, lowest, diverges = ax.get_lines()
    assert len(members) == 3
    shown = np.isfinite(median.get_ydata())
    np.testing.assert_allclose(median.get_ydata()[shown], smoothed[1][shown])
    for line, rate in ((suggested, found.suggestion), (lowest, found.lowest), (diverges, found.diverges)):
        assert line.get_xdata() == [rate, rate]
        assert line.get_label().endswith(f": {rate:.2g}")
    assert len({line.get_linestyle() for line in (suggested, lowest, diverges)}) == 3


def test_reliability_shows_every_bin_and_its_samples(ax):
    rows = torch.randn(200, 4, generator=torch.Generator().manual_seed(0)).mul(2).softmax(-1)
    shown = [
        calibration.reliability(p, torch.arange(200) % 4) for p in (rows, rows.square() / rows.square().sum(1)[:, None])
    ]
    for one, style in zip(shown, "-:", strict=True):
        plots.plot_reliability(one, ax, "network", style)
    diagonal, *lines = ax.get_lines()
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert [line.get_linestyle() for line in lines] == ["-", ":"]
    for one, line, dots in zip(shown, lines, ax.collections, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), one.confidence)
        np.testing.assert_array_equal(line.get_ydata(), one.accuracy)
        assert line.get_label() == f"  network (error {one.error:.3f})"
        assert (np.argsort(dots.get_sizes(), kind="stable") == np.argsort(one.counts, kind="stable")).all()
    assert len([text for text in ax.texts if text.get_gid() == "line label"]) == 2


def test_a_histogram_is_numpys_density_over_all_members(ax):
    values = torch.randn(3, 50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert plots.plot_histogram(probes.statistics(values, bins=12), ax, "layer 1") is ax
    (line,) = ax.get_lines()
    density, edges = np.histogram(values, bins=12, density=True)
    np.testing.assert_allclose(line.get_ydata(), density)
    np.testing.assert_allclose(line.get_xdata(), (edges[1:] + edges[:-1]) / 2)
    assert line.get_label() == "layer 1"
    assert ax.get_ylabel() == "density"


def test_no_pyplot_figure_and_no_style_is_left_behind(ax):
    before = dict(matplotlib.rcParams)  # resolves the backend, which matplotlib puts off
    plots.plot_learning_curves(HISTORY, ax, by="lr")
    plots.plot_surface(surfaces.get("ravine"), ax, points=10)
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_style_is_chosen_visibly():
    with matplotlib.rc_context():
        plots.use_style()
        cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()
        assert len(set(cycle["color"])) == len(cycle["color"]) == 8
        assert len(set(cycle["linestyle"])) == 4
        assert matplotlib.rcParams["figure.constrained_layout.use"]
        for size in ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"):
            assert matplotlib.rcParams[size] >= 9
