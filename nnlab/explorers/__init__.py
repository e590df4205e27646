"""Every explorer by name; each opens without arguments, or with the values its controls should start at."""

from nnlab.explorers.descent_1d import descent_1d

__all__ = [
    "descent_1d",
]
