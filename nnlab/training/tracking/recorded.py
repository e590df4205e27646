"""What a run has recorded so far, number by number, as its ``History`` will hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.training.run import Run

__all__ = ["recorded"]


def recorded(run: Run, first: int = 0, after: int = -1) -> Iterator[tuple[int, str, dict[str, float]]]:
    """(step, part of the data, name -> value), as ``History`` holds them: in float32; training first.

    Step k has the loss of the mini-batch that leads to step k + 1, and what was seen after k steps, if anything.

    Args:
        first: the first step whose training curves are wanted.
        after: evaluations up to this step are left out.
    """
    curves = {"loss": run.losses, **run.by_step}
    train = ((step, {n: values[step] for n, values in curves.items()}) for step in range(first, len(run.losses)))
    val = ((e["step"], {n: v for n, v in e.items() if n != "step"}) for e in run.evaluations if e["step"] > after)
    for part, rows in (("train", train), ("val", val)):
        for step, values in rows:
            yield int(step), part, {name: float(np.float32(float(value))) for name, value in values.items()}
