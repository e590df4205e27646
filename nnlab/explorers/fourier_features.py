"""fourier_features: which frequencies does a picture need? Too low ones blur it, too high ones memorise the pixels."""

from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLUE, VERMILION
from nnlab.analysis.pictures import psnr
from nnlab.datasets.photographs import GREY, NAMES, Photograph, photograph, pixels
from nnlab.engine.ensemble import one_thread
from nnlab.engine.fourier import waves
from nnlab.explorers.memory import remembered
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["fourier_features"]

SIZE = (48, 72)
TOP = 60.0  # decibels that the picture shows
TRAINING, OTHERS = BLUE, VERMILION


class Result(NamedTuple):
    """A photograph painted by ridge regression on Fourier features; pictures are (height, width, 3) from 0 to 1.

    Attributes:
        known: the training pixels, the others grey. painted, truth: the whole picture.
        training, others: PSNR in decibels, of the training pixels and of all others.
    """

    scale: float
    features: int
    ridge: float
    share: int
    known: np.ndarray
    painted: np.ndarray
    truth: np.ndarray
    training: float
    others: float


@remembered(64)
def problem(name: str, share: int, seed: int) -> tuple[Photograph, np.ndarray, np.ndarray, np.ndarray]:
    """The photograph, all its colours (pixel, 3), which pixels are for training, and the picture of those."""
    photo, whole = photograph(name, SIZE, share / 100, seed), pixels(name, SIZE)
    training = np.zeros(len(whole), dtype=bool)
    training[photo.order[: len(photo.train)]] = True
    known = np.where(training[:, None], whole, GREY).reshape(*SIZE, 3)
    return photo, whole, training, known


@remembered(8)
def frequencies(features: int, seed: int) -> torch.Tensor:
    """Normal frequencies of scale 1, (2, feature)."""
    return torch.randn(2, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@torch.no_grad()
@one_thread()
def compute(photo: str, scale: float, features: int, ridge: float, share: int, seed: int) -> Result:
    """The weights w = (F'F + ridge I)^-1 F'y are the best ones for the features F, so nothing needs to be trained.

    They have the lowest |F w - y|^2 + ridge |w|^2 (Goodfellow et al. 2016, section 7.1.1, with sums in place of means).
    """
    given, whole, training, known = problem(photo, share, seed)
    of_all = waves(given.inputs.double(), scale * frequencies(features, seed)) / features**0.5  # (pixel, 2 features)
    chosen = given.order[: len(given.train)]
    f, y = of_all[chosen], given.train.y.double()  # (training pixel, 2 features), (training pixel, 3)
    gram = f.mT @ f + ridge * torch.eye(2 * features, dtype=torch.float64)
    painted = given.picture(of_all @ torch.linalg.solve(gram, f.mT @ y)).astype(np.float32)
    colours, truth = torch.from_numpy(painted.reshape(-1, 3)), torch.from_numpy(whole)
    scores = (psnr(colours[part], truth[part]).item() for part in (training, ~training))
    return Result(scale, features, ridge, share, known, painted, whole.reshape(*SIZE, 3), *scores)


def draw(figure) -> dict:
    """Three pictures in a row: what is known, what is painted, the truth; and both PSNR as dots."""
    *pictures, right = figure.subplots(1, 4, width_ratios=[1, 1, 1, 0.62])
    shown = {}
    for ax, name in zip(pictures, ("known", "painted", "truth"), strict=True):
        ax.set(xticks=[], yticks=[], title=name)
        ax.grid(False)
        shown[name] = ax.imshow(np.ones((*SIZE, 3)), interpolation="nearest", vmin=0, vmax=1, url="photograph")
    right.set(xlim=(0, TOP), ylim=(-0.6, 1.6), yticks=[], xlabel="PSNR in dB")
    right.set_xticks([0, 20, 40, 60])
    dots = [
        right.plot([], [], marker, color=color, markersize=8)[0]
        for marker, color in (("o", TRAINING), ("s", OTHERS))
    ]  # fmt: skip
    names = [
        right.text(TOP / 2, height + 0.2, "", color=color, ha="center", fontsize=9)
        for height, color in ((1, TRAINING), (0, OTHERS))
    ]
    return {**shown, "dots": dots, "names": names}


def update(artists: dict, result: Result) -> None:
    """Exchange the pictures, move the dots; a PSNR above the right end stays at it."""
    for name in ("known", "painted", "truth"):
        artists[name].set_data(getattr(result, name))
    scores = {"training": result.training, "all others": result.others}
    for height, dot, text, (name, score) in zip((1, 0), artists["dots"], artists["names"], scores.items(), strict=True):
        dot.set_data([min(max(score, 0.0), TOP)], [height])
        text.set_text(f"{name} {score:.1f}")


def sentence(result: Result) -> str:
    """Both scores, and what is between them."""
    return (
        f"{result.features} frequencies of scale {result.scale:g}, ridge {result.ridge:g}, {result.share} % known: "
        f"PSNR {result.training:.1f} dB on the training pixels and {result.others:.1f} dB on all others, "
        f"{result.training - result.others:.1f} dB apart."
    )


DESCRIPTION = Description(
    name="fourier_features",
    title="Which frequencies does a picture need?",
    about=(
        "A photograph painted from some of its pixels by Fourier features and ridge regression: instead of a network, "
        "one layer of weights, whose best values are computed at once. Scale is the standard deviation of the "
        "frequencies, in waves for each standard deviation of a coordinate. Four fifths of the known pixels train."
    ),
    controls=(
        Slider("scale", 0.5, 0.02, 5.0, 0.1, "frequency scale", log=True),
        Slider("features", 128, 4, 128, 4, "frequencies"),
        Slider("ridge", 0.1, 1e-4, 100.0, 0.5, "ridge", log=True),
        Slider("share", 10, 5, 50, 5, "known pixels in %"),
        Choice("photo", "flower", tuple(reversed(NAMES)), "photograph"),
        Slider("seed", 0, 0, 20, 1, "seed of pixels and frequencies"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    presets=(
        Preset("right", "both scores are high, and not far apart", {}),
        Preset("too low", "only slow waves: everything is blurred, known pixels too", {"scale": 0.05}),
        Preset("too high", "known pixels are memorised, between them is noise", {"scale": 4.0, "ridge": 1e-4}),
        Preset("held back", "the same high frequencies with a price on weights: grey", {"scale": 4.0, "ridge": 10.0}),
        Preset("few waves", "the right scale, but four frequencies are too few", {"features": 4}),
        Preset("half of it", "more pixels stand more detail", {"share": 50, "scale": 1.0}),
    ),
    size=(9.0, 2.3),
)

fourier_features = opener(DESCRIPTION)
