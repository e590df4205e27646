"""A notebook with the cases that no lesson shows: two explorers side by side, some that fail, one that is slow."""

from benchmarks.notebook_page import notebook_of

CELLS = (
    """
import time
from dataclasses import replace
import ipywidgets
import nnlab
description = nnlab.explorers.descent_1d().description
def changed(compute):
    return nnlab.Explorer(replace(description, compute=compute))
""",
    """
left, right = nnlab.explorers.descent_1d(), nnlab.explorers.descent_1d(lr=1.9)
ipywidgets.VBox([left.widget, right.widget])
""",
    """
def fails_above_three(curvature, **values):
    if curvature > 3:
        raise ValueError("curvature is above three")
    return description.compute(curvature=curvature, **values)
changed(fails_above_three)
""",
    """
def slow(**values):
    time.sleep(0.4)
    return description.compute(**values)
changed(slow)
""",
    """
def fails(**values):
    raise ValueError("nothing works")
changed(fails)
""",
)


def notebook():
    """The notebook, not yet run."""
    return notebook_of(CELLS)
