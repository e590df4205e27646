"""What a run has recorded so far, number by number, as its ``History`` will hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnlab.training.run import Run


def recorded(run: Run, first: int = 0, after: int = -1) -> Iterator[tuple[int, dict[str, float]]]:
    """(step, name -> value), as ``History`` holds them: in float32.

    Step k has the loss of the mini-batch that leads to step k + 1, and what was seen after k steps, if anything.

    Args:
        first: the first step whose training curves are wanted.
        after: evaluations up to this step are left out.
    """
    curves = {"loss": run.losses, **run.by_step}
    evaluations = {e["step"]: e for e in run.evaluations if e["step"] > after}
    for step in range(min([first, *evaluations]), len(run.losses) + 1):
        values = {n: curve[step] for n, curve in curves.items() if first <= step < len(run.losses)}
        values |= {n: v for n, v in evaluations.get(step, {}).items() if n != "step"}
        if values:
            yield step, {name: float(np.float32(float(value))) for name, value in values.items()}
