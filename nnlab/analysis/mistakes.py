"""The pictures that a classifier reads wrongly, with the most confident mistakes first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["as_pictures", "picture_of", "plot_mistakes", "worst_mistakes"]


class Mistakes(NamedTuple):
    """Misclassified samples, the most confident first."""

    x: torch.Tensor  # (mistake, ...)
    y: torch.Tensor  # (mistake,), the true classes
    predicted: torch.Tensor  # (mistake,)
    confidence: torch.Tensor  # (mistake,), the probability of the predicted class


@torch.no_grad()
def worst_mistakes(model: nn.Module, batches: Iterable, most: int = 24) -> Mistakes:
    """The ``most`` misclassified samples of ``batches`` on which the model is most confident.

    The confidence is the largest entry of softmax(logits). The model is run in its present mode, train or eval.

    Args:
        model: x -> logits (batch, classes).
        batches: pairs of x and class numbers y (batch,), at least one.
        most: how many to keep; there may be fewer, and none when everything is right.
    """
    kept: list[Mistakes] = []
    for x, y in batches:
        confidence, predicted = model(x).softmax(-1).max(-1)
        wrong = predicted != y
        kept.append(Mistakes(*(part[wrong].cpu() for part in (x, y, predicted, confidence))))
        every = Mistakes(*map(torch.cat, zip(*kept, strict=True)))
        order = every.confidence.argsort(descending=True, stable=True)[:most]
        kept = [Mistakes(*(part[order] for part in every))]
    return kept[0]


def as_pictures(x: torch.Tensor) -> torch.Tensor | None:
    """Samples as grey pictures (n, height, width): (n, 1, h, w), (n, h, w) or (n, side * side); else None."""
    if x.ndim == 4 and x.shape[1] == 1:
        return x[:, 0]
    if x.ndim == 3:
        return x
    side = math.isqrt(x.shape[-1])
    return x.unflatten(1, (side, side)) if x.ndim == 2 and side * side == x.shape[-1] and side >= 4 else None


def plot_mistakes(mistakes: Mistakes, ax: Axes, columns: int = 8, fontsize: float = 9) -> Axes:
    """Draw the mistakes row by row, each with its true and its predicted class: "7 → 9"; without any, an empty row.

    Raises:
        ValueError: the samples are no pictures, see ``as_pictures``.
    """
    pictures = as_pictures(mistakes.x)
    if pictures is None:
        raise ValueError(
            "x must hold grey pictures: (n, 1, height, width), (n, height, width) or (n, side * side) with side of at "
            f"least 4. Got the shape {tuple(mistakes.x.shape)}. Try nnlab.digits()."
        )
    n, height, width = pictures.shape
    rows, tall, wide = max(1, -(-n // columns)), height * 1.4, width * 1.15
    for k, picture in enumerate(pictures):
        left, top = k % columns * wide, k // columns * tall
        extent = (left, left + width, top + height, top)
        ax.imshow(picture.numpy(), cmap="gray_r", extent=extent, interpolation="nearest")
        label = f"{int(mistakes.y[k])} → {int(mistakes.predicted[k])}"
        ax.text(left + width / 2, top + height * 1.18, label, ha="center", va="center", fontsize=fontsize)
    ax.set(xlim=(0, columns * wide), ylim=(rows * tall, 0), aspect="equal")
    ax.axis("off")
    return ax


def picture_of(mistakes: Mistakes):
    """``plot_mistakes`` as an array of pixels (height, width, 3), without pyplot.

    Three rows of eight are as large as the frame in which TensorBoard shows pictures, so the text stays sharp.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = max(1, -(-len(mistakes.y) // 8))
    height = 0.2 + 0.57 * rows  # inches
    figure = Figure(figsize=(3.8, height), dpi=100)
    figure.set_layout_engine("none")  # whatever style is on
    plot_mistakes(mistakes, figure.add_axes((0.01, 0, 0.98, 1 - 0.2 / height)), fontsize=8)
    figure.text(0.5, 1, "true class → predicted class", ha="center", va="top", fontsize=9)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
