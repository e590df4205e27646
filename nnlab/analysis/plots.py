"""Pictures of data, surfaces and training runs: every function draws on the Axes it is given and returns it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path as File

import numpy as np

from nnlab import arguments
from nnlab.analysis.calibration import Reliability
from nnlab.analysis.palette import CYCLE, FAINT, PAPER
from nnlab.analysis.probes import Statistics
from nnlab.datasets.data import Split
from nnlab.engine.lr_range import RangeTest
from nnlab.engine.surfaces import DecisionGrid, Surface
from nnlab.history import History

__all__ = [
    "CLASS_COLORS", "CLASS_MARKERS", "STYLE", "decision_image", "fold_lines", "ink", "label_lines", "plot_band",
    "plot_decision_boundary", "plot_histogram", "plot_images", "plot_learning_curves", "plot_pictures",
    "plot_reliability", "plot_surface", "spread", "use_style",
]  # fmt: skip

STYLE = File(__file__).parents[1] / "nnlab.mplstyle"

CLASS_COLORS = CYCLE
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
STAR = 17  # points: larger than the balls that gather around it
THIN = 1.1  # points: a fold
AWAY = 0.03  # of the Axes: how far a label may stand from the end of its line without a leader

AXIS_NAMES = {"loss": "training loss", "lr": "learning rate", "grad_norm": "norm of the gradient"}


def use_style() -> None:
    """Draw all following figures in nnlab's style: colour-blind-safe colours, readable sizes."""
    import matplotlib.style

    matplotlib.style.use(STYLE)


def plot_learning_curves(history: History, ax, of: str = "val_loss", by: str | None = None, label: str | None = None):
    """Draw median and band (the middle 80 % of the members) of a curve, once for each value of a setting.

    Args:
        history: members with their curves.
        ax: the Axes to draw on.
        of: a curve of this history, such as "loss", "val_loss" or "val_accuracy".
        by: a setting, such as "lr": one line for each of its values; None draws all members as one group.
        label: the text at the end of the line; by default the setting and its value. It says which members diverged.

    Raises:
        ValueError, TypeError: ``of`` or ``by`` is not a curve or a setting of this history, or the curve has no values,
            such as the validation loss of a run without validation data.
    """
    if by is not None:
        arguments.one_of("by", by, history.settings)
    values = list(dict.fromkeys(history.settings[by])) if by else [None]
    for value in values:
        group = history.select(**{by: value}) if by else history
        x, y = np.asarray(group.steps(of)), np.asarray(group.median(of))
        shown = np.isfinite(y)
        if not shown.any() and not (group.diverged >= 0).any():
            raise ValueError(f"of must be a curve with values. Got {of!r}, which has none here. Try 'val_loss'.")
        (line,) = ax.plot(x[shown], y[shown], label=label or (f"{by} {value:g}" if by else f"{len(group)} members"))
        least, most = min(y[shown], default=0), max(y[shown], default=0)
        low, high = (np.nan_to_num(edge.numpy()[shown], neginf=least, posinf=most) for edge in group.band(of))
        ax.fill_between(x[shown], low, high, color=line.get_color(), alpha=0.18, linewidth=0)
        if not shown.all():
            stop = x[shown][-1] if shown.any() else 0
            ax.plot([stop], y[shown][-1:] if shown.any() else [1.0], "x", color=line.get_color())
        lost = int((group.diverged >= 0).sum())
        if lost or not shown.all():
            some = f"{lost} of {len(group)} " if 0 < lost < len(group) else ""
            line.set_label(f"{line.get_label()} ({some}diverged)")
    measured = history.curves[of].part == "val"
    ax.set(xlabel="step", ylabel=f"validation {of.removeprefix('val_')}" if measured else AXIS_NAMES.get(of, of))
    label_lines(ax)
    return ax


def plot_band(x: Sequence[float], values, ax, label: str | None = None, marker: str = ""):
    """Draw the median of many members against any quantity, and the band that holds their middle 80 %.

    Args:
        x: (point,), such as dropout rates or numbers of samples.
        values: (member, point), a tensor or an array.
        ax: the Axes to draw on.
        label: the text at the end of the line; None writes none.
        marker: Matplotlib's sign at every point, such as "o" where the points were chosen.

    Raises:
        ValueError: the values have no member axis, or another number of points than ``x``.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(x):
        raise ValueError(
            f"values must have the shape (member, {len(x)}), one column for each x. Got {values.shape}. "
            "Try torch.stack(values, 1)."
        )
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    (line,) = ax.plot(x, middle, marker=marker, label=label)
    ax.fill_between(x, low, high, color=line.get_color(), alpha=0.18, linewidth=0)
    if label:
        label_lines(ax)
    return ax


def plot_range_test(found: RangeTest, ax):
    """Draw the smoothed loss of every member and their median by learning rate, and mark what was found.

    Args:
        found: as from ``nnlab.range_test``.
        ax: the Axes to draw on; its learning rates become logarithmic.
    """
    lr, curves = np.asarray(found.lr), np.asarray(found.smoothed)
    median = np.quantile(curves, 0.5, axis=0, method="lower")
    top = 1.5 * median[0]
    for curve in curves:
        ax.plot(lr, np.where(curve <= 2 * top, curve, np.nan), "-", color=ink(ax, 0.25), linewidth=0.8)
    ax.plot(lr, np.where(median <= 2 * top, median, np.nan), "-", color=CLASS_COLORS[0], linewidth=2.2)
    ax.set(xscale="log", xlim=(lr[0], lr[-1]), ylim=(0, top))
    ax.set(xlabel="learning rate lr, growing at every step", ylabel="training loss, smoothed")
    marks = [("suggested", found.suggestion, "-", CLASS_COLORS[2]), ("lowest", found.lowest, "--", ink(ax, 0.7))]
    if found.diverges is not None:
        marks.append(("diverges", found.diverges, ":", CLASS_COLORS[1]))
    for name, rate, style, color in marks:
        ax.axvline(rate, linestyle=style, color=color, linewidth=1.5, label=f"{name}: {rate:.2g}")
    ax.legend(loc="lower left")
    return ax


def plot_reliability(shown: Reliability, ax, label: str = "", style: str = "-"):
    """Draw a reliability diagram: accuracy against confidence, one dot for each bin, larger where it has more samples.

    On the dashed diagonal a network is calibrated; below it is too sure of itself, above it is not sure enough.

    Args:
        shown: as from ``calibration.reliability``.
        ax: the Axes; call again with the same one to compare two networks.
        label: the text at the end of the line; the expected calibration error is written behind it.
        style: of the line, such as "-" or ":", so that two can be told apart without colour.
    """
    if not ax.get_lines():
        ax.plot([0, 1], [0, 1], "--", color=ink(ax, 0.4), linewidth=1, label="_calibrated")
        ax.text(0.12, 0.05, "calibrated", color=ink(ax, 0.6), fontsize=9)
    text = f"  {label} (error {shown.error:.3f})"  # two spaces keep it off the last dot
    (line,) = ax.plot(shown.confidence, shown.accuracy, style, label=text)
    share = shown.counts / shown.counts.sum()
    ax.scatter(shown.confidence, shown.accuracy, 10 + 80 * share, color=line.get_color(), zorder=3, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    label_lines(ax)
    return ax


def plot_histogram(seen: Statistics, ax, label: str = ""):
    """Draw a histogram as a line over the middles of its intervals: its height is a density, not a share.

    So the area below it is 1, and histograms with other intervals can be compared (all but the values that lie outside
    of the intervals, which are counted in the first and the last one).

    Args:
        seen: as from ``probes.statistics``; the members are counted together.
        ax: the Axes; call again with the same one to compare two layers.
        label: the name of the line.
    """
    counts = seen.counts.reshape(-1, len(seen.edges) - 1).sum(0)  # (bins,)
    density = counts / counts.sum() / seen.edges.diff()
    ax.plot((seen.edges[1:] + seen.edges[:-1]) / 2, density, label=label)
    ax.set_ylabel("density")
    return ax


def ink(ax, strength: float = 1.0) -> tuple[float, float, float]:
    """Black on light paper and white on dark, or a grey that is as visible on both.

    Args:
        ax: the Axes. strength: from 0, the colour of their ground, to 1, black or white.
    """
    from matplotlib.colors import to_rgb

    ground = to_rgb(ax.get_facecolor())
    strongest = 0.0 if sum(ground) > 1.5 else 1.0
    red, green, blue = (part + strength * (strongest - part) for part in ground)
    return red, green, blue


def label_lines(ax, gap: float = 0.075):
    """Write every line's label at its right end, moved apart vertically where they would overlap.

    A label that does not stand at the end of its line is joined to it by a thin leader.

    Called again after more lines were drawn, it writes all labels anew.

    Args:
        ax: the Axes, with its lines drawn. Where its limits change later, its labels follow.
        gap: the least distance between two labels, as a share of the height of the Axes.
    """
    ax.margins(x=0)  # lines end at the edge, and their labels stand outside
    ax.autoscale_view()
    if not labels_of(ax):
        for limits in ("xlim_changed", "ylim_changed"):
            ax.callbacks.connect(limits, partial(write_labels, gap=gap))
    write_labels(ax, gap)
    return ax


def labels_of(ax) -> list:
    """The labels and leaders that ``label_lines`` has written."""
    return [artist for artist in (*ax.texts, *ax.patches) if artist.get_gid() == "line label"]


def write_labels(ax, gap: float) -> None:
    """The labels for the limits that the Axes has now; those from before go."""
    from matplotlib.patches import Polygon

    ax.get_ylim()  # limits that matplotlib still has to find come here again, before anything is written
    for old in labels_of(ax):
        old.remove()
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_") and len(line.get_xdata())]
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = [to_axes.transform((line.get_xdata()[-1], line.get_ydata()[-1])) for line in lines]
    heights = spread([end[1] for end in ends], gap)
    right = max((end[0] for end in ends), default=1.0)
    look = {"transform": ax.transAxes, "va": "center", "fontsize": 9, "clip_on": False, "gid": "line label"}
    for line, height in zip(lines, heights, strict=True):
        ax.text(right + 0.015, height, line.get_label(), color=line.get_color(), **look)
    for line, (x, y), height in zip(lines, ends, heights, strict=True):
        if 0 <= y <= 1 and (abs(height - y) > AWAY or right - x > AWAY):
            thin = {"edgecolor": line.get_color(), "linewidth": 0.7, "gid": "line label", "clip_on": False}
            way = [(x, y), (right + 0.012, height)]
            ax.add_patch(Polygon(way, closed=False, fill=False, transform=ax.transAxes, **thin))


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights in [0, 1] apart, as little as is needed, so that neighbours are at least ``gap`` apart.

    >>> spread([0.5, 0.5], 0.25)
    [0.375, 0.625]
    """
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    groups: list[list] = []  # [sum of the wanted lowest positions, indices]
    for i in order:
        groups.append([min(max(heights[i], 0.0), 1.0), [i]])
        while len(groups) > 1 and lowest(groups[-2], gap) + gap * len(groups[-2][1]) > lowest(groups[-1], gap):
            wanted, members = groups.pop()
            groups[-1][0] += wanted
            groups[-1][1] += members
    moved = [0.0] * len(heights)
    for group in groups:
        for k, i in enumerate(group[1]):
            moved[i] = lowest(group, gap) + gap * k
    return moved


def lowest(group: list, gap: float) -> float:
    """Where the lowest label of a group goes: centred on its members' wanted heights, as far as [0, 1] allows."""
    room = gap * (len(group[1]) - 1)
    return max(0.0, min(group[0] / len(group[1]) - room / 2, 1.0 - room))


def plot_surface(surface: Surface, ax, points: int = 160):
    """Draw a loss surface as filled contours, evenly spaced in log(loss - lowest), with its minimum as a star."""
    x, y = np.meshgrid(np.linspace(*surface.xlim, points), np.linspace(*surface.ylim, points))
    height = np.log10(surface.f(x, y) - surface.lowest + 1e-3)
    ax.contourf(x, y, height, levels=18, cmap="Greys", alpha=0.16)
    ax.contour(x, y, height, levels=18, colors=FAINT, linewidths=0.6)
    ax.plot(*surface.minimum, "*", color=ink(ax), markersize=STAR, zorder=5)
    ax.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="x", ylabel="y")
    ax.grid(False)
    return ax


def plot_images(x, axes, titles: Sequence[str] | None = None):
    """Draw square grey images, one on each of ``axes``.

    Args:
        x: (n, pixels) with a square number of pixels in [0, 1]; n is at least the number of axes.
        axes: an array of Axes. titles: one line of text above each image.
    """
    side = round(x.shape[-1] ** 0.5)
    for k, ax in enumerate(np.ravel(axes)):
        ax.imshow(np.asarray(x[k]).reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        if titles is not None:
            ax.set_title(titles[k], fontsize=10)
    return axes


def plot_pictures(pictures: Mapping[str, np.ndarray], axes: Iterable):
    """Draw colour pictures, one on each of ``axes``, under their names.

    Args:
        pictures: name -> (height, width, 3) from 0 to 1, as ``Photograph.picture`` gives it. axes: as many Axes.
    """
    for ax, (name, picture) in zip(axes, pictures.items(), strict=True):
        ax.imshow(picture, interpolation="nearest")
        ax.set(xticks=[], yticks=[], title=name)
        ax.grid(False)
    return axes


def plot_decision_boundary(grid: DecisionGrid, ax, part: Split | None = None, folds: bool = False):
    """Colour the plane by the probability of each class, with the samples of ``part`` on top.

    Args:
        grid: as from ``surfaces.decision_grid``, of one network (no member axis).
        ax: the Axes to draw on.
        part: samples, drawn with one colour and marker for each class.
        folds: draw the lines where a hidden unit changes its side of zero.
    """
    xlim, ylim = ((float(ends[0]), float(ends[-1])) for ends in (grid.x, grid.y))
    ax.imshow(decision_image(grid), extent=(*xlim, *ylim), origin="lower", aspect="auto", interpolation="bilinear")
    if folds:
        ax.plot(*fold_lines(grid).T, color=ink(ax), linewidth=THIN)
    if part is not None:
        plot_classes(part, ax)
    ax.set(xlim=xlim, ylim=ylim, xlabel="$x_1$", ylabel="$x_2$")
    ax.grid(False)
    return ax


def plot_classes(part: Split, ax):
    """Draw samples with two features, each class with a colour and a marker of its own."""
    for k in range(int(part.y.max()) + 1):
        x = part.x[part.y == k]
        look = {"color": CLASS_COLORS[k % 8], "markeredgecolor": PAPER, "markeredgewidth": 0.6, "markersize": 5}
        ax.plot(x[:, 0], x[:, 1], CLASS_MARKERS[k % 8], linestyle="", label=f"class {k}", **look)
    return ax


def decision_image(grid: DecisionGrid) -> np.ndarray:
    """The colours of a decision grid, (points, points, 3) from 0 to 1: pale where the network is unsure.

    Each pixel is the mean of the class colours, weighted by the probabilities and mixed half with white.
    """
    p = grid.probabilities
    if p.ndim != 3:
        raise ValueError(
            f"grid must be that of one network. Got {tuple(p.shape)}, members first. "
            "Try {name: p[0] for name, p in params.items()}."
        )
    from matplotlib.colors import to_rgb

    colors = np.array([to_rgb(CLASS_COLORS[k % 8]) for k in range(p.shape[-1])], dtype=np.float32)
    return 1 - 0.55 * (1 - np.asarray(p, dtype=np.float32) @ colors)


def fold_lines(grid: DecisionGrid) -> np.ndarray:
    """Where the hidden units of one network are zero, (points, 2): x and y of all lines, with nan between two lines."""
    from contourpy import contour_generator

    z = np.asarray(grid.z, dtype=np.float64)
    lines = [
        line
        for unit in range(z.shape[-1])
        for line in contour_generator(grid.x.numpy(), grid.y.numpy(), z[..., unit], line_type="Separate").lines(0)
    ]
    gap = np.full((1, 2), np.nan)
    return np.concatenate([part for line in lines for part in (line, gap)] or [gap])
