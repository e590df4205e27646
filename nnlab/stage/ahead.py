"""Frames that nobody asked for yet: made while a control is touched, so that a far kernel feels near."""

import asyncio
import time
from collections.abc import Callable, Iterator

from nnlab.stage.description import Choice, Slider, Toggle

__all__ = ["SLOWEST", "Ahead", "neighbours", "packed"]

SLICE = 0.01  # seconds of work until other messages of the kernel have their turn; one frame may take longer
PAUSE = 0.004  # seconds between two slices
SLOWEST = 0.03  # seconds; a frame that takes longer is made when it is wanted, not before


class Ahead:
    """Makes frames in the idle time of the kernel and sends them in bundles.

    Args:
        make: values -> (scene, frame), or None where it cannot be made quickly or fails.
        send: takes a message and its buffers.
    """

    def __init__(self, make: Callable[[dict], tuple[dict, dict] | None], send: Callable[[dict, list], None]):
        self._make, self._send = make, send
        self._waiting: Iterator[dict]
        self._running = False
        self.forget()

    def forget(self) -> None:
        """The browser knows nothing any more, and wants nothing."""
        self._waiting = iter(())
        self._sent: set[tuple] = set()
        self._scenes: set[str] = set()

    def fetch(self, settings: Iterator[dict]) -> None:
        """Make the frames of these settings, in this order; what was not made of the last ones is dropped."""
        self._waiting = settings
        if self._running:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # a thread without an event loop, such as one of ipykernel's subshells: frames come when wanted
        self._running = True
        loop.call_later(PAUSE, self._work, loop)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """One slice of work; the next one waits until the kernel has done what came meanwhile."""
        start, made = time.monotonic(), []
        for values in self._waiting:
            key = tuple(values.values())
            if key not in self._sent and (found := self._make(values)) is not None:
                self._sent.add(key)
                made.append(found)
            spent = time.monotonic() - start
            if spent * (1 + 1 / max(1, len(made))) > SLICE:  # the next frame would take as long as these did
                break
        else:
            self._running = False
        if made:
            self._send(*packed(made, self._scenes))
        if self._running:
            loop.call_later(PAUSE, self._work, loop)


def packed(made: list[tuple[dict, dict]], known: set[str]) -> tuple[dict, list]:
    """A message with frames and the scenes that are not ``known`` (which then are), and its buffers in order."""
    frames: list[dict] = []
    scenes: list[dict] = []
    buffers: list[bytes] = []
    for scene, _ in made:
        if scene["key"] not in known:
            known.add(scene["key"])
            scenes.append({"key": scene["key"], **loose(scene["strokes"], buffers)})
    for _, frame in made:
        frames.append({**frame, **loose(frame["strokes"], buffers)})
    return {"ahead": {"scenes": scenes, "frames": frames}}, buffers


def loose(strokes: dict, buffers: list[bytes]) -> dict:
    """Strokes without their bytes, which go to ``buffers``, and how many these are."""
    own = [strokes["points"], *strokes["images"]]
    buffers += own
    rest = {name: value for name, value in strokes.items() if name not in ("points", "images")}
    return {"count": len(own), "strokes": rest}


def neighbours(control: Slider | Choice | Toggle, values: dict) -> Iterator[dict]:
    """The other values of one control, the nearest first, beside the values of the others."""
    here = values[control.name]
    if isinstance(control, Slider):
        stops = control.stops
        place = min(range(len(stops)), key=lambda k: abs(stops[k] - here))
        others = sorted(stops, key=lambda stop: abs(stops.index(stop) - place))
    else:
        others = list(control.ends)
    for other in others:
        if other != here:
            yield {**values, control.name: other}
