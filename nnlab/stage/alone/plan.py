"""Plan: which settings of an explorer are recorded for a page, the most wanted ones first."""

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

from nnlab.stage.description import Choice, Description, Slider, Toggle

__all__ = ["MOST", "Group", "plan", "stops"]

MOST = 21  # stops of one control
GRID = MOST**2  # settings of a grid


class Group(NamedTuple):
    """Settings that are recorded together.

    Attributes:
        name: in words, for whoever reads that it had no room.
        first: whether it is loaded with the page, not when something is touched.
        settings: each with a value for every control.
    """

    name: str
    first: bool
    settings: list[dict]


def stops(description: Description, bases: list[dict]) -> dict[str, list]:
    """The values of each control that are recorded: those of the bases, both ends, and others evenly between them."""
    return {c.name: thinned(c, [base[c.name] for base in bases]) for c in description.controls}


def thinned(control: Slider | Choice | Toggle, needed: list) -> list:
    """At most ``MOST`` values of a slider in order; every one of a choice."""
    if not isinstance(control, Slider):
        return list(control.ends)
    every = sorted({*control.stops, *needed})
    chosen = {every[0], every[-1], *needed}
    room = max(0, MOST - len(chosen))
    if len(every) > MOST:
        every = [every[round(k * (len(every) - 1) / (room + 1))] for k in range(1, room + 1)]
    return sorted({*chosen, *every})


def plan(description: Description, bases: list[dict]) -> list[Group]:
    """What is recorded around the bases: the first is the start, the others are presets.

    One control at a time around each base, the grids that handles move over, and the grid of the first controls:
    two of them, and more as long as it stays small.
    """
    recorded, (start, *others) = stops(description, bases), bases
    names = [c.name for c in description.controls]
    groups = [Group("the start and the presets", True, bases)]
    groups += [Group(f"{name} around the start", True, sweep(start, name, recorded)) for name in names]
    for handle in description.handles:
        if handle.x and handle.y:
            groups.append(grid(start, (handle.x, handle.y), recorded))
    for k, base in enumerate(others, start=1):
        settings = [setting for name in names for setting in sweep(base, name, recorded)]
        groups.append(Group(f"what is around preset {k}", False, settings))
    groups.append(grid(start, main(names, recorded), recorded))
    return groups


def main(names: list[str], recorded: dict[str, list]) -> list[str]:
    """The first controls, two at least, whose grid is not too large."""
    for count in range(len(names), 2, -1):
        if math.prod(len(recorded[name]) for name in names[:count]) <= GRID:
            return names[:count]
    return names[:2]


def sweep(base: dict, name: str, recorded: dict[str, list]) -> list[dict]:
    """All values of one control, the nearest to the base first."""
    return nearest_first(base, [{**base, name: value} for value in recorded[name]], recorded)


def grid(base: dict, names: Iterable[str], recorded: dict[str, list]) -> Group:
    """All combinations of some controls, the nearest to the base first."""
    names = list(names)
    products = itertools.product(*(recorded[name] for name in names))
    settings = [{**base, **dict(zip(names, values, strict=True))} for values in products]
    return Group(f"the grid of {' and '.join(names)}", False, nearest_first(base, settings, recorded))


def nearest_first(base: dict, settings: list[dict], recorded: dict[str, list]) -> list[dict]:
    """The settings ordered by how many stops they are away from the base."""
    places = {name: {value: k for k, value in enumerate(values)} for name, values in recorded.items()}
    return sorted(settings, key=lambda s: sum(abs(at[s[name]] - at[base[name]]) for name, at in places.items()))
