"""What a run has recorded so far, number by number, as its ``History`` will hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.training.run import Run


def recorded(run: Run, first: int = 0, after: int = -1) -> Iterator[tuple[int, str, dict[str, float]]]:
    """(step, part of the data, name -> value), as ``History`` holds them: in float32; training first.

    Step k has the loss of the mini-batch that leads to step k + 1, and what was seen after k steps, if anything.

    Args:
        first: the first step whose training curves are wanted.
        after: evaluations up to this step are left out.
    """
    curves = {"loss": run.losses, **run.by_step}
    for step in range(first, len(run.losses)):
        yield step, "train", {n: single(values[step]) for n, values in curves.items()}
    for e in run.evaluations:
        if e["step"] > after:
            yield int(e["step"]), "val", {n: single(value) for n, value in e.items() if n != "step"}


def single(value) -> float:
    """A number, or a tensor with one, rounded to float32."""
    return float(np.float32(float(value)))
