"""Reads strokes back: the points of each operation in pixels of the page, the colours of each image."""

import re

import numpy as np

EACH = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 0}


def letters(codes):
    """("M", 1), ("L", 3), ...; "Z" counts as one."""
    return [(letter, int(count or 1)) for letter, count in re.findall(r"([MLQCZ])(\d*)", codes)]


def points_in(codes):
    return sum(EACH[letter] * count for letter, count in letters(codes))


def steps(data):
    """Whole numbers of one byte each, or of two where a byte says -128."""
    found, k = [], 0
    while k < len(data):
        long = data[k] == 128
        part = data[k + 1 : k + 3] if long else data[k : k + 1]
        found.append(int.from_bytes(part, "little", signed=True))
        k += 3 if long else 1
    return found


def read(strokes):
    """Every operation with the chains of its points, each (point, 2): none for a text or an image."""
    rest, found = np.array(steps(strokes["points"])).reshape(-1, 2), []
    for op in strokes["ops"]:
        lengths = [points_in(op[3])] if op[0] in "pm" else []
        if op[0] == "m":
            lengths.append(op[5])
        chains = []
        for length in lengths:
            chains.append(rest[:length].cumsum(0) / 8)
            rest = rest[length:]
        found.append((op, *chains))
    assert len(rest) == 0, "points that belong to nothing"
    return found


def cells(strokes, op):
    """The colours of an image, (row, column, 4)."""
    data = strokes["images"][op[7]]
    start = len(data) - op[2] * op[3]
    table = np.frombuffer(data[:start], np.uint8).reshape(-1, 4)
    return table[np.frombuffer(data[start:], np.uint8)].reshape(op[3], op[2], 4)
