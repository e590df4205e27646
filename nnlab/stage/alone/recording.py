"""Recording: the frames of an explorer, as it would send them to a notebook, in chunks for a page."""

import time
from typing import NamedTuple

from nnlab.progress import progress_bar
from nnlab.stage.alone.chunks import Chunks
from nnlab.stage.alone.plan import plan, stops
from nnlab.stage.description import Description
from nnlab.stage.drawing.picture import Picture
from nnlab.stage.panel import taken

__all__ = ["PAGE", "Caps", "Recorded", "record"]


class Caps(NamedTuple):
    """What a recording may take: frames, seconds, and bytes of all chunks together."""

    frames: int = 4000
    seconds: float = 120.0
    size: int = 1_000_000


PAGE = Caps()


class Recorded(NamedTuple):
    """A recording.

    Attributes:
        chunks: the first one is loaded with the page.
        axes: name -> the values of each control that a frame has.
        places: for each chunk the settings in it, one after another, each as the place of its value in every axis.
        frames: how many. seconds: how long they took.
        left_out: what the plan had and the caps had no room for, in words.
    """

    chunks: list[bytes]
    axes: dict[str, list]
    places: list[list[int]]
    frames: int
    seconds: float
    left_out: list[str]


def record(description: Description, bases: list[dict], caps: Caps = PAGE, shown: bool = True) -> Recorded:
    """Record what the plan asks for, until it is done or a cap is met.

    Args:
        bases: settings around which is recorded; the first is where the explorer starts.
        shown: whether a progress bar is shown.

    A setting that cannot be computed or drawn is left out without a word: on the page it cannot be reached.
    """
    groups, takes = plan(description, bases), Takes(description, caps)
    with progress_bar(sum(len(g.settings) for g in groups), "picture", shown=shown, desc=description.name) as bar:
        for group in groups:
            if not group.first:
                takes.chunks.close_first()
            for values in group.settings:
                takes.take(values, group.name)
                if bar is not None:
                    bar.update(1)
    return takes.recorded(stops(description, bases))


class Takes:
    """A recording under way.

    Attributes:
        chunks: what was recorded.
        left_out: names of the groups for which there was no room.
    """

    def __init__(self, description: Description, caps: Caps):
        self.description, self.caps = description, caps
        self.chunks = Chunks()
        self.left_out: list[str] = []
        self._picture = Picture(description)
        self._seen: set[tuple] = set()
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def take(self, values: dict, group: str) -> None:
        """Record a setting if it is a new one and there is room for it."""
        key = tuple(values.values())
        if key in self._seen:
            return
        caps = self.caps
        if len(self._seen) >= caps.frames or self.seconds > caps.seconds or self.chunks.size > caps.size:
            self.left_out += [group] if group not in self.left_out else []
            return
        self._seen.add(key)
        try:
            made = taken(self.description, self._picture, values, self.description.compute(**values))
        except Exception:  # whatever a student's compute raises: in a notebook it would be said in red
            return
        self.chunks.add(made)

    def recorded(self, axes: dict[str, list]) -> Recorded:
        """The end of it: values that no frame has are no stops."""
        self.chunks.finish()
        settings = [values for _, inside in self.chunks.done for values in inside]
        axes = {name: [v for v in axis if any(s[name] == v for s in settings)] for name, axis in axes.items()}
        places = [
            [axes[name].index(value) for values in inside for name, value in values.items()]
            for _, inside in self.chunks.done
        ]
        chunks = [data for data, _ in self.chunks.done]
        return Recorded(chunks, axes, places, len(settings), self.seconds, self.left_out)
