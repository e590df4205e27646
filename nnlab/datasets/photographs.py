"""Photographs as data: where a pixel is goes in, its colour comes out; one tenth of the pixels is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from nnlab import arguments
from nnlab.datasets.data import Dataset, Split

__all__ = ["GREY", "LARGEST", "NAMES", "Photograph", "photograph", "pixels"]

NAMES = ("china", "flower")
LARGEST = (427, 640)  # height and width of both files
GREY = 0.6  # of a pixel that is not known


class Sealed(Split):
    """Test pixels before the end: where they are is known, their colours are not shown."""

    def __init__(self, x: torch.Tensor):
        object.__setattr__(self, "x", x)

    @property
    def y(self) -> torch.Tensor:  # type: ignore[override]
        """An error: the colours are looked at once, by ``Photograph.open``."""
        raise ValueError(
            "the colours of the test pixels must stay unseen until the end. Got a look at them. "
            "Try .val, or, once, for the final score: photo.open()."
        )


@dataclass
class Seal:
    """How often the test pixels of a photograph were opened."""

    looks: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class Photograph(Dataset):
    """A photograph of which some pixels are known, as ``photograph`` gives it; a ``Dataset`` for a regression.

    Inputs (n, 2) are row and column of a pixel, targets (n, 3) its red, green and blue. Both are standardized with
    numbers of the *training* pixels alone. One standard deviation serves both coordinates, so that a pixel stays
    square; one mean and one standard deviation serve all three colours, so that an error weighs the same in each.

    Attributes:
        size: height and width. order: the numbers of all pixels, counted row by row: training, validation, test.
        centre, reach: mean (2,) and standard deviation of the training coordinates.
        mean, std: of the training colours.
        seal: ``seal.looks`` counts how often the test pixels were opened.
    """

    size: tuple[int, int]
    order: torch.Tensor
    centre: torch.Tensor
    reach: float
    mean: float
    std: float
    seal: Seal = field(default_factory=Seal)

    @property
    def inputs(self) -> torch.Tensor:
        """The inputs of all pixels, (height * width, 2), row by row: what a network gets to paint the whole picture."""
        return (places(*self.size) - self.centre) / self.reach

    def colours(self, outputs: torch.Tensor) -> torch.Tensor:
        """De-normalized outputs, outputs * std + mean, cut off below 0 (black) and above 1 (full light)."""
        return (outputs * self.std + self.mean).clamp(0, 1)

    def picture(self, outputs: torch.Tensor) -> np.ndarray:
        """What ``imshow`` draws, (height, width, 3), from outputs for all ``inputs``, (height * width, 3)."""
        return self.colours(outputs.detach()).reshape(*self.size, 3).numpy()

    def known(self) -> np.ndarray:
        """The known pixels, training and validation, as ``imshow`` draws them; all others are grey."""
        return self._filled(self.train, self.val)

    def truth(self) -> np.ndarray:
        """The whole photograph, of one that was opened; before that a ValueError."""
        return self._filled(self.train, self.val, self.test)

    def open(self) -> "Photograph":
        """The same photograph with the colours of its test pixels. It counts, prints, and cannot be undone.

        The first look gives the final score. Whoever looks, changes the model, and looks again, has chosen by the test
        pixels: the score is then the best of several, and flatters.
        """
        self.seal.looks += 1
        often = "" if self.seal.looks == 1 else ": this is not the first one, so no final score any more"
        print(f"Look number {self.seal.looks} at the test pixels{often}.")
        hidden = torch.from_numpy(pixels(self.name, self.size))[self.order[-len(self.test) :]]
        return replace(self, test=Split(self.test.x, (hidden - self.mean) / self.std))

    def _filled(self, *parts: Split) -> np.ndarray:
        """The pixels of some parts, in their order, on grey."""
        y = torch.cat([part.y for part in parts])
        canvas = torch.full((self.size[0] * self.size[1], 3), GREY)
        canvas[self.order[: len(y)]] = self.colours(y)
        return canvas.reshape(*self.size, 3).numpy()


def photograph(name: str = "china", size: Sequence[int] = (160, 240), share: float = 0.1, seed: int = 0) -> Photograph:
    """A real photograph, of which a share of the pixels is known: coordinates in, colours out.

    Four fifths of the known pixels are for training, one fifth for validation; all others are test pixels. Their
    colours are sealed until ``open()`` shows them, which counts. The files are in scikit-learn
    (``load_sample_image``): "china" is a temple, "flower" a dahlia. Nothing is downloaded.

    Args:
        name: "china" or "flower".
        size: height and width in pixels, at least 8 and at most 427 and 640: the photograph is made smaller.
        share: of the pixels that are known, above 0 and below 1.
        seed: which pixels are known, and for what.

    Raises:
        TypeError, ValueError: an unknown name, a size or a share outside its range, fewer than 10 known pixels.

    >>> photograph()
    china: 3,072 train, 768 val, 34,560 test; 2 features, real targets
    """
    arguments.one_of("name", name, NAMES)
    arguments.fraction("share", share, 0.1)
    arguments.whole("seed", seed, 0, at_least=0)
    height, width = checked(size)
    known = round(share * height * width)
    if not 10 <= known < height * width:
        raise ValueError(f"share must leave at least 10 known pixels, and one to test. Got {share!r}. Try 0.1.")
    order = torch.from_numpy(np.random.default_rng(seed).permutation(height * width))
    train, val, test = order.split([known - known // 5, known // 5, height * width - known])
    x, y = places(height, width), torch.from_numpy(pixels(name, (height, width)))
    centre, reach = x[train].mean(0), (x[train] - x[train].mean(0)).square().mean().sqrt().item()
    mean, std = y[train].mean().item(), max(y[train].std(correction=0).item(), 1 / 255)
    x, y = (x - centre) / reach, (y - mean) / std
    parts = Split(x[train], y[train]), Split(x[val], y[val]), Sealed(x[test])
    return Photograph(name, *parts, None, (height, width), order, centre, reach, mean, std)


def checked(size: Sequence[int]) -> tuple[int, int]:
    """Height and width as whole numbers within their range."""
    if isinstance(size, str) or not isinstance(size, Sequence) or len(size) != 2:
        raise TypeError(f"size must be height and width. Got {size!r}. Try (160, 240).")
    for what, value, most in zip(("height", "width"), size, LARGEST, strict=True):
        if arguments.whole(what, value, most // 3, at_least=8) > most:
            raise ValueError(f"{what} must be at most {most}. Got {value}. Try {most // 3}.")
    return int(size[0]), int(size[1])


def places(height: int, width: int) -> torch.Tensor:
    """Row and column of every pixel, (height * width, 2), row by row."""
    return torch.cartesian_prod(torch.arange(float(height)), torch.arange(float(width)))


def pixels(name: str, size: tuple[int, int]) -> np.ndarray:
    """All colours of a photograph of that size, row by row, (height * width, 3), float32 from 0 to 1."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    whole = Image.fromarray(load_sample_image(f"{name}.jpg"))
    smaller = whole.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    return np.asarray(smaller, dtype=np.float32).reshape(-1, 3) / 255
