"""The picture of a live training: what the network answers on the left, loss and accuracy by step on the right.

``look_at`` computes, ``LivePicture`` draws, ``sentence`` says it; a ``picture.Picture`` turns it into pixels.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.transforms import Affine2D
from PIL import Image

from nnlab.analysis.palette import BLACK, MARK, PAPER, SOFT, WRONG
from nnlab.analysis.plots import CLASS_COLORS, CLASS_MARKERS, decision_image
from nnlab.datasets.data import Dataset
from nnlab.engine.surfaces import DecisionGrid
from nnlab.stage.live.run import LiveRun, Measurement

__all__ = ["LivePicture", "look_at", "sentence"]

POINTS = 80  # along each side of the plane
TILES, CELL = (3, 5), 1.3  # rows and columns of images; how high a row is, if a column is 1 wide
LOWEST = 1e-6  # of the picture of the loss
LONGEST = 100_000  # steps of a run
CURVE = 300  # points of the curve of mini-batches at most; beyond that each point is the mean of some neighbours


class Shown(NamedTuple):
    """Everything that the picture and the sentence say about a run."""

    data: str
    now: Measurement
    probabilities: np.ndarray  # (input, classes), for the inputs that the picture asks about
    losses: np.ndarray  # (2, point): step, loss of mini-batches
    validation: np.ndarray  # (3, measurement): step, loss, accuracy
    changes: tuple[int, ...]  # the steps at which a setting was changed
    lr: float
    momentum: float | None
    batch_size: int
    diverged: int | None


def look_at(run: LiveRun, inputs: torch.Tensor) -> Shown:
    """Ask a run where it stands, and its network about ``inputs`` (input, features). Changes nothing in the run."""
    measured = run.validation if run.validation[-1].step == run.steps else [*run.validation, run.measure()]
    return Shown(
        run.data.name,
        measured[-1],
        run.predict(inputs).numpy(),
        thinned(run.losses),
        np.array(measured).T,
        tuple(sorted({step for step, _, _ in run.changes})),
        run.lr,
        run.momentum,
        run.batch_size,
        run.diverged,
    )


def thinned(losses: list[float]) -> np.ndarray:
    """Steps 1, 2, ... and their losses, (2, point); neighbours are averaged where there are too many.

    >>> thinned([4.0, 2.0]).tolist()
    [[1.0, 2.0], [4.0, 2.0]]
    """
    width = max(1, math.ceil(len(losses) / CURVE))
    whole = len(losses) // width * width
    means = np.array(losses[:whole]).reshape(-1, width).mean(1)
    return np.stack([np.arange(1, len(means) + 1.0) * width, means])


class LivePicture:
    """Draws what ``look_at`` saw; made for one data set, in the form that ``picture.Picture`` asks for.

    Attributes:
        answers: the left half, a ``Plane`` or ``Images``.
        size: in inches.
    """

    size = (8.4, 3.9)

    def __init__(self, data: Dataset):
        self.classes = data.classes or 1
        self.answers = Plane(data) if data.train.x.shape[-1] == 2 else Images(data)

    def roomy(self) -> list[Shown]:
        """A run as long as there can be, with the widest loss: whatever comes has room."""
        unsure = np.full((len(self.answers.inputs), self.classes), 1 / self.classes)
        losses = np.array([[1.0, 2.0], [LOWEST, 1000.0]])
        measured = Measurement(LONGEST, 1.0, 0.5)
        return [Shown("", measured, unsure, losses, np.array([measured]).T, (), 0.1, None, 32, None)]

    def draw(self, figure) -> dict:
        """The answers on the left; on the right loss (logarithmic) above accuracy, both by step."""
        axes = figure.subplot_mosaic(
            [["answers", "loss"], ["answers", "accuracy"]], width_ratios=[1.1, 1], height_ratios=[1.35, 1]
        )
        loss, accuracy = axes["loss"], axes["accuracy"]
        loss.set(ylabel="loss", yscale="log", xlim=(0, 100), ylim=(0.1, 10))
        loss.minorticks_off()
        loss.tick_params(labelbottom=False)
        accuracy.set(xlabel="step", ylabel="right, in %", xlim=(0, 100), ylim=(0, 103), yticks=[0, 25, 50, 75, 100])
        artists = {
            "answers": self.answers.draw(axes["answers"]),
            "losses": loss.plot([], [], "-", color=MARK, linewidth=0.9, label="mini-batches", zorder=1.9)[0],
            "validation": loss.plot([], [], "--o", markevery=[-1], color=BLACK, label="validation")[0],
            "accuracy": accuracy.plot([], [], "--o", markevery=[-1], color=BLACK)[0],
            "changes": [ax.plot([], [], ":", color=SOFT, linewidth=1, zorder=1)[0] for ax in (loss, accuracy)],
        }
        loss.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
        for ax in axes.values():  # whatever later drawing would look up in matplotlib's settings is fixed now
            ax.tick_params(labelsize=9)
            ax.xaxis.get_major_ticks(12), ax.yaxis.get_major_ticks(12)
        return artists

    def update(self, artists: dict, shown: Shown) -> None:
        """Move the answers, the curves and, now and then, the limits."""
        self.answers.update(artists["answers"], shown.probabilities)
        step, loss, accuracy = shown.validation
        artists["losses"].set_data(shown.losses[0], np.clip(shown.losses[1], LOWEST, None))
        artists["validation"].set_data(step, np.clip(loss, LOWEST, None))
        artists["accuracy"].set_data(step, 100 * accuracy)
        curves = np.concatenate([shown.losses[1], loss])
        artists["losses"].axes.set_ylim(loss_limits(curves[np.isfinite(curves)]))
        for line in artists["changes"]:
            bottom, top = line.axes.get_ylim()
            line.set_data(np.repeat(shown.changes, 3), np.tile([bottom, top, np.nan], len(shown.changes)))
            line.axes.set_xlim(0, 100 * 2 ** max(0, math.ceil(math.log2(max(1, shown.now.step) / 100))))


class Plane:
    """What a network of two inputs answers everywhere: the colour of each class, pale where it is unsure."""

    def __init__(self, data: Dataset):
        self.part = data.train
        low, high = self.part.x.min(0).values, self.part.x.max(0).values
        self.low, self.high = (low - 0.12 * (high - low)).tolist(), (high + 0.12 * (high - low)).tolist()
        self.x, self.y = (torch.linspace(*ends, POINTS) for ends in zip(self.low, self.high, strict=True))
        rows, columns = torch.meshgrid(self.y, self.x, indexing="ij")
        self.inputs = torch.stack([columns, rows], -1).flatten(0, 1)  # (points^2, 2)

    def draw(self, ax) -> list:
        """The plane and, on it, the training samples."""
        (left, bottom), (right, top) = self.low, self.high
        ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(left, right), ylim=(bottom, top))
        ax.grid(False)
        image = Backdrop()
        ax.add_artist(image)
        samples = [
            ax.plot(
                *self.part.x[self.part.y == k].T.numpy(),
                CLASS_MARKERS[k % 8],
                color=CLASS_COLORS[k % 8],
                markeredgecolor=PAPER,
                markeredgewidth=0.6,
                markersize=5,
            )[0]
            for k in range(int(self.part.y.max()) + 1)
        ]
        return [image, *samples]

    def update(self, artists: list, probabilities: np.ndarray) -> None:
        """Colour the plane; white where the network answers nan."""
        p = torch.from_numpy(probabilities).unflatten(0, (POINTS, POINTS))
        colours = decision_image(DecisionGrid(self.x, self.y, p, p, p))
        artists[0].colours = (255 * np.nan_to_num(colours, nan=1.0)).astype(np.uint8)


class Backdrop(Artist):
    """Colours that fill an Axes, smoothed by Pillow: a quarter of the time that ``imshow`` takes.

    Attributes:
        colours: (row, column, 3) in uint8, the lowest row first.
    """

    def __init__(self):
        super().__init__()
        self.colours = np.full((2, 2, 3), 255, np.uint8)
        self.set_zorder(0)

    def draw(self, renderer) -> None:
        """Stretch the colours over the Axes."""
        if self.axes is None:  # not in a picture yet
            return
        box = self.axes.bbox
        if renderer.option_scale_image():
            cells = np.dstack([self.colours, np.full(self.colours.shape[:2], 255, np.uint8)])
            place = Affine2D().scale(box.width, box.height)
            renderer.draw_image(renderer.new_gc(), box.x0, box.y0, cells, place)
            return
        size = round(box.width), round(box.height)
        pixels = Image.fromarray(self.colours).resize(size, Image.Resampling.BILINEAR).convert("RGBA")
        renderer.draw_image(renderer.new_gc(), box.x0, box.y0, np.array(pixels))


class Images:
    """Fifteen validation images with what the network reads: the wrong ones in red, with the truth beside."""

    def __init__(self, data: Dataset):
        count = min(TILES[0] * TILES[1], len(data.val))
        self.inputs, self.truth = data.val.x[:count], data.val.y[:count].tolist()
        self.side = math.isqrt(data.train.x.shape[-1])
        if self.side < 4 or self.side**2 != data.train.x.shape[-1]:
            raise ValueError(
                f"data must have two features, or square images of at least 4 by 4. Got {data!r}. "
                "Try nnlab.moons() or nnlab.digits()."
            )

    def draw(self, ax) -> list:
        """The images once; a text below each."""
        rows, columns = TILES
        ax.set(xticks=[], yticks=[], title="what it reads on validation images")
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
        low, high = float(self.inputs.min()), float(self.inputs.max())
        for k, pixels in enumerate(self.inputs):
            row, column = divmod(k, columns)
            top = row * CELL
            place = (column + 0.08, column + 0.92, top + 0.84, top)  # left, right, bottom, top
            tile = pixels.numpy().reshape(self.side, self.side)
            ax.imshow(tile, cmap="gray_r", vmin=low, vmax=high, extent=place)
        ax.set(xlim=(0, columns), ylim=(rows * CELL, 0))
        places = [divmod(k, columns) for k in range(len(self.inputs))]
        return [
            ax.text(column + 0.5, row * CELL + 1.03, "", ha="center", va="center", fontsize=10)
            for row, column in places
        ]

    def update(self, artists: list, probabilities: np.ndarray) -> None:
        """Write what the network reads."""
        for text, read, truth in zip(artists, probabilities.argmax(-1).tolist(), self.truth, strict=True):
            text.set_text(str(read) if read == truth else f"{read} (is {truth})")
            text.set_color(BLACK if read == truth else WRONG)
            text.set_fontweight("normal" if read == truth else "bold")


def loss_limits(losses: np.ndarray) -> tuple[float, float]:
    """Limits that change rarely: 1 or 3 times a power of ten, at most 0.1 below and at least 1 above.

    >>> loss_limits(np.array([0.2, 2.0]))
    (0.1, 3.0)
    """
    low, high = (max(LOWEST, end) for end in (losses.min(initial=0.1), losses.max(initial=1.0)))
    rungs = [
        float(f"{m}e{k}") for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for m in (1, 3)
    ]
    return max(rung for rung in rungs if rung <= low), min(rung for rung in rungs if rung >= high)


def sentence(shown: Shown) -> str:
    """Where the run stands, in plain words."""
    momentum = "" if shown.momentum is None else f", momentum {shown.momentum:g}"
    settings = f"lr {shown.lr:.3g}{momentum}, mini-batches of {shown.batch_size}"
    if shown.diverged is not None:
        return (
            f"{shown.data}: diverged after step {shown.diverged}, the loss is no longer a finite number; {settings}. "
            "Press reset and try a smaller lr."
        )
    step = f"after step {shown.now.step}" if shown.now.step else "before the first step"
    return (
        f"{shown.data}, {step}: validation loss {shown.now.loss:.3g}, {shown.now.accuracy:.0%} of the validation "
        f"samples are right; {settings}."
    )
