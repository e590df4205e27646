"""On a telephone: no text is too small, and none is cut or lies upon another where texts shrink less than pictures."""

from importlib import import_module
from itertools import combinations, pairwise

import pytest
from settings import settings

import nnlab
from nnlab.stage.drawing.picture import Picture

# From front/panel.js: a picture is folded when it would be smaller than NARROWEST of its size. On a telephone its parts
# shrink to SMALLEST if they fit by that; then texts stay as large as at NARROWEST.
NARROWEST, SMALLEST = 0.88, 0.74
ROOM = 366  # pixels that a page of the site has in a window of 390
SLACK = 1.5  # pixels


def texts_of(background, frame):
    """All texts but those that are turned, as operations."""
    return [op for layer in (background, frame) for op in layer["ops"] if op[0] == "t" and op[1].strip() and not op[6]]


def box(op, grown=1.0):
    """Left, right, top and bottom of a text that is so many times larger."""
    _, _, _, x, y, size, _, align, width, _, _ = op
    left = x - {"left": 0, "center": width / 2, "right": width}[align] * grown
    return left, left + width * grown, y - 0.75 * size * grown, y + 0.2 * size * grown


def problems(texts, edges, grown):
    """Texts that leave their part of the picture, or lie upon each other."""
    found = set()
    for op in texts:
        left, right, *_ = box(op)
        part = next((ends for ends in pairwise(edges) if ends[0] <= (left + right) / 2 <= ends[1]), None)
        left, right, *_ = box(op, grown)
        if part and (left < part[0] - SLACK or right > part[1] + SLACK):
            found.add(op[1])
    for one, other in combinations(texts, 2):
        (a, b, top, bottom), (c, d, over, under) = box(one, grown), box(other, grown)
        if min(b, d) - max(a, c) > 1 and min(bottom, under) - max(top, over) > 1:
            found.add((one[1], other[1]))
    return found


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_no_text_is_small_or_cut_or_upon_another(name):
    description = import_module(f"nnlab.explorers.{name}").DESCRIPTION
    picture = Picture(description)
    for given in settings(description):
        _, background, frame = picture.record(description.compute(**description.values(**given)))
        texts = texts_of(background, frame)
        assert texts
        assert [op[1] for op in texts if op[5] * NARROWEST < 11] == []
        edges = [0, *background["folds"], picture.width]
        scale = ROOM / max(end - start for start, end in pairwise(edges))
        grown = NARROWEST / scale if SMALLEST <= scale < NARROWEST else 1.0
        assert problems(texts, edges, grown) == set(), (given, grown)


def test_a_text_that_is_cut_or_covered_is_seen():
    def text(x, y, words="words"):
        return ["t", words, -1, x, y, 12, 0, "left", 50, "#000000", 400]

    assert problems([text(10, 20), text(10, 40)], [0, 100], 1.0) == set()
    assert problems([text(44, 20)], [0, 100], 1.0) == set()
    assert problems([text(44, 20)], [0, 100], 1.2) == {"words"}
    assert problems([text(10, 20), text(40, 22, "other")], [0, 100], 1.0) == {("words", "other")}
