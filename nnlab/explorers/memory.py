"""What explorers compute once and look up again; all of a session share it, so nobody gets the original."""

import sys
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import numpy as np

__all__ = ["forget", "remembered"]

Given = ParamSpec("Given")
Result = TypeVar("Result")


def remembered(maxsize: int = 128) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Keep the last ``maxsize`` results of a pure function, as ``lru_cache`` does; who looks one up gets a copy.

    All explorers of a session share them: without the copy, a student who writes into the arrays of a result would
    change every later picture. (Read-only arrays would do as well, but torch warns of them.) Tensors are not copied,
    because they are many and never part of a result.
    """

    def keep(function):
        kept = lru_cache(maxsize)(function)

        @wraps(function)
        def look_up(*given):
            return copied(kept(*given))

        vars(look_up).update(cache_clear=kept.cache_clear, cache_info=kept.cache_info)
        return look_up

    return keep


def copied(thing):
    """The thing with arrays of its own, however deep in tuples."""
    if isinstance(thing, np.ndarray):
        return thing.copy()
    if isinstance(thing, tuple):
        parts = map(copied, thing)
        return thing._make(parts) if hasattr(thing, "_make") else tuple(parts)
    return thing


def forget() -> None:
    """Forget what explorers have computed, trained networks too: the next look computes it again."""
    for name in [name for name in sys.modules if name.startswith("nnlab.explorers.")]:
        for thing in vars(sys.modules[name]).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()
