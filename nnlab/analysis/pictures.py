"""How well is a photograph painted? PSNR, four baselines that need no network, and a leaderboard of painters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from nnlab import arguments
from nnlab.datasets.photographs import Photograph

__all__ = ["Painter", "baselines", "leaderboard", "psnr"]

Painter = Callable[[torch.Tensor], torch.Tensor]  # (n, 2) inputs -> (n, 3) outputs, both standardized


def psnr(painted: torch.Tensor, truth: torch.Tensor, peak: float = 1.0) -> torch.Tensor:
    """Peak signal-to-noise ratio in decibels, 10 log10(peak^2 / MSE); more is better, and a perfect painting has inf.

    MSE is the mean of (painted - truth)^2 over pixels and colours (Mildenhall et al. 2020, "NeRF", section 6; Gonzalez
    & Woods, *Digital Image Processing*, chapter on compression). Ten decibels more are a tenth of the MSE. What readers
    usually get wrong: to put in standardized numbers; the peak is 1 only where full light is 1.

    Args:
        painted: (..., pixels, colours), from 0 to ``peak``; axes in front are members.
        truth: (pixels, colours). peak: the largest value that a colour can have.

    Raises:
        ValueError: shapes that do not fit, a peak that is not positive.

    >>> psnr(torch.full((4, 3), 0.6), torch.full((4, 3), 0.5))
    tensor(20.0000)
    """
    arguments.positive("peak", peak, 1.0)
    if painted.shape[-2:] != truth.shape or truth.ndim != 2:
        raise ValueError(
            f"painted and truth must have the same pixels and colours. Got {tuple(painted.shape)} and "
            f"{tuple(truth.shape)}. Try painted.reshape(-1, 3)."
        )
    return 10 * torch.log10(peak**2 / (painted - truth).square().mean((-2, -1)))


def baselines(photo: Photograph) -> dict[str, Painter]:
    """Four painters that learn nothing and know the training pixels: what a network must beat.

    The mean colour; the colour of the nearest training pixel; a plane through the three training pixels around
    (linear), and a smooth surface through them (cubic; Alfeld 1984). Beyond the outermost training pixels the last two
    take the nearest one.

    >>> from nnlab import photograph
    >>> list(baselines(photograph(size=(20, 30))))
    ['mean colour', 'nearest pixel', 'linear interpolation', 'cubic interpolation']
    """
    from scipy.interpolate import CloughTocher2DInterpolator, LinearNDInterpolator, NearestNDInterpolator

    x, y = (tensor.double().numpy() for tensor in (photo.train.x, photo.train.y))
    nearest = NearestNDInterpolator(x, y)

    def filled(interpolate) -> Painter:
        def paint(v: torch.Tensor) -> torch.Tensor:
            at = v.double().numpy()
            found = interpolate(at)
            return torch.from_numpy(np.where(np.isnan(found), nearest(at), found)).float()

        return paint

    return {
        "mean colour": lambda v: photo.train.y.mean(0).expand(len(v), 3),
        "nearest pixel": filled(nearest),
        "linear interpolation": filled(LinearNDInterpolator(x, y)),
        "cubic interpolation": filled(CloughTocher2DInterpolator(x, y)),
    }


@torch.no_grad()
def leaderboard(painters: Mapping[str, Painter | None], photo: Photograph, part: str = "val"):
    """Score painters against the four ``baselines``: a pandas table of MSE and PSNR, the best one first.

    Args:
        painters: name -> model or function, standardized inputs (n, 2) -> standardized outputs (n, 3); outputs are
            de-normalized and cut to [0, 1] before they are scored. A module is scored in eval mode. None is left out,
            so a cell with ``"mine": None`` runs before yours is there.
        photo: what they paint.
        part: "train", "val" (as often as you like) or "test", of a photograph that was opened: once, at the end.

    Raises:
        ValueError, TypeError: a painter that gives no (n, 3) of finite numbers, test pixels that are still sealed.

    >>> from nnlab import photograph
    >>> leaderboard({}, photograph(size=(20, 30))).index[-1]
    'mean colour'
    """
    import pandas as pd

    arguments.one_of("part", part, ("train", "val", "test"))
    samples, rows = getattr(photo, part), {}
    truth = photo.colours(samples.y)
    for name, painter in (baselines(photo) | dict(painters)).items():
        if painter is not None:
            painted = photo.colours(outputs_of(name, painter, samples.x))
            rows[name] = ((painted - truth).square().mean().item(), psnr(painted, truth).item())
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["MSE", "PSNR"])
    return table.sort_values("PSNR", ascending=False, kind="stable").rename_axis("painter")


def outputs_of(name: str, painter: Painter, x: torch.Tensor) -> torch.Tensor:
    """What a painter gives, checked; a module is in eval mode meanwhile."""
    if not callable(painter):
        raise TypeError(f"painter {name!r} must be a model or a function. Got {painter!r}. Try torch.nn.Linear(2, 3).")
    training = isinstance(painter, torch.nn.Module) and painter.training
    if training:
        painter.eval()  # type: ignore[attr-defined]
    try:
        outputs = painter(x.clone())
    finally:
        if training:
            painter.train()  # type: ignore[attr-defined]
    shape = tuple(getattr(outputs, "shape", ()))
    if not isinstance(outputs, torch.Tensor) or shape != (len(x), 3):
        got = shape or type(outputs).__name__
        raise ValueError(
            f"painter {name!r} must give three colours a pixel. Got {got} for {len(x)} pixels. Try (n, 3)."
        )
    arguments.finite(f"the output of {name!r}", outputs)
    return outputs
