"""Chunks: recorded frames in the form in which a page loads them, some at once, others when they are first wanted.

A chunk is compressed text and bytes: a line of JSON, then the points of all its strokes, then the bytes of its images.
Points change little along a path, so all that go sideways stand together, then all that go up or down: that takes a
quarter less room. ``front/alone.js`` reads it.
"""

import itertools
import json
import zlib

import numpy as np

from nnlab.stage.ahead import packed
from nnlab.stage.drawing.strokes import WORD

__all__ = ["Chunks", "pack", "unpack"]

FIRST, OTHERS = 100_000, 60_000  # bytes of a chunk; as text it is a third longer
Made = tuple[dict, dict]  # a scene and a frame upon it, as ``panel.told`` gives them


class Chunks:
    """Frames as they come, cut into chunks. ``done`` holds finished ones, each with the values of its frames."""

    def __init__(self) -> None:
        self.done: list[tuple[bytes, list[dict]]] = []
        self._shared: set[str] = set()  # scenes of the first chunk, which all may use
        self._start()

    def _start(self) -> None:
        self._open: list[Made] = []
        self._scenes = set(self._shared)
        self._size, self._press = 0, zlib.compressobj(6)

    @property
    def size(self) -> int:
        """Bytes of all chunks; the open one counts a little more than it will have."""
        return sum(len(data) for data, _ in self.done) + self._size

    def add(self, made: Made) -> None:
        """Take a frame with its scene; a chunk that is full is finished."""
        self._open.append(made)
        message, buffers = packed([made], self._scenes)
        text = json.dumps(message).encode() + b"".join(buffers)
        self._size += len(self._press.compress(text) + self._press.flush(zlib.Z_SYNC_FLUSH))
        if self._size > (OTHERS if self.done else FIRST):
            self.finish()

    def close_first(self) -> None:
        """What comes from now on is not loaded with the page."""
        if not self.done:
            self.finish()

    def finish(self) -> None:
        """Finish the open chunk, if there is something in it."""
        if self._open:
            scenes = set(self._shared)
            self.done.append((pack(self._open, scenes), [frame["values"] for _, frame in self._open]))
            if len(self.done) == 1:
                self._shared = scenes
        self._start()


def pack(made: list[Made], known: set[str]) -> bytes:
    """Frames with the scenes that are not ``known`` (which then are), as one chunk."""
    message, buffers = packed(made, known)
    parts = [*message["ahead"]["scenes"], *message["ahead"]["frames"]]
    starts = {0, *itertools.accumulate(part["count"] for part in parts)}  # where points stand among the buffers
    points = b"".join(data for k, data in enumerate(buffers) if k in starts)
    images = b"".join(data for k, data in enumerate(buffers) if k not in starts)
    sideways, upward = apart(points)
    told = {**message["ahead"], "sizes": [len(data) for data in buffers], "parts": [len(sideways), len(upward)]}
    line = json.dumps(told, allow_nan=False, separators=(",", ":")).encode()
    return zlib.compress(b"".join([line, b"\n", sideways, upward, images]), 9)


def unpack(chunk: bytes) -> tuple[dict, list[bytes]]:
    """The message and the buffers of ``packed``, as ``front/alone.js`` gets them from a chunk."""
    line, _, rest = zlib.decompress(chunk).partition(b"\n")
    told = json.loads(line)
    sizes, (sideways, upward) = told.pop("sizes"), told.pop("parts")
    points = together(rest[:sideways], rest[sideways : sideways + upward])
    sources, images = points, rest[sideways + upward :]
    starts = {0, *itertools.accumulate(part["count"] for part in (*told["scenes"], *told["frames"]))}
    buffers = []
    for k, size in enumerate(sizes):
        if k in starts:
            data, sources = sources[:size], sources[size:]
        else:
            data, images = images[:size], images[size:]
        buffers.append(data)
    return {"ahead": told}, buffers


def apart(points: bytes) -> tuple[bytes, bytes]:
    """The steps of ``strokes.in_bytes``, every second one in a row of its own: first those of x, then those of y.

    >>> apart(bytes([5, 255, 128, 44, 1, 7]))
    (b'\\x05\\x80,\\x01', b'\\xff\\x07')
    """
    steps = lengths(points)
    own = np.repeat(np.arange(len(steps)) % 2, steps)
    each = np.frombuffer(points, np.uint8)
    return each[own == 0].tobytes(), each[own == 1].tobytes()


def together(sideways: bytes, upward: bytes) -> bytes:
    """What ``apart`` took apart.

    >>> together(*apart(bytes([5, 255, 128, 44, 1, 7])))
    b'\\x05\\xff\\x80,\\x01\\x07'
    """
    rows = [np.split(np.frombuffer(row, np.uint8), lengths(row).cumsum()[:-1]) for row in (sideways, upward)]
    return b"".join(step.tobytes() for pair in zip(*rows, strict=True) for step in pair)


def lengths(points: bytes) -> np.ndarray:
    """How many bytes each step takes: 1, or 3 after the byte that says so."""
    each, found, k = np.frombuffer(points, np.int8).tolist(), [], 0
    while k < len(each):
        found.append(3 if each[k] == WORD else 1)
        k += found[-1]
    return np.array(found, int)
