"""A picture that changed is named, with how much; one that did not is not."""

import base64
import copy
import io

import numpy as np
import pytest
from PIL import Image

from nnlab.commands.pictures import changed_pictures, difference, pictures_of


def png(pixels, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


def notebook(*cells):
    """Cells that show these pictures, each a list of pixels."""
    return {
        "cells": [
            {
                "id": f"c{k}",
                "execution_count": k + 1,
                "outputs": [{"data": {"image/png": png(pixels) + "\n"}} for pixels in pictures],
            }
            for k, pictures in enumerate(cells)
        ]
    }


WHITE = np.full((10, 20, 3), 255, np.uint8)
DOT = WHITE.copy()
DOT[3, 4] = (255, 155, 205)  # 150 of 255 * 600 levels away


def test_how_far_two_pictures_are_apart():
    apart = difference(png(WHITE), png(DOT))
    assert (apart.mean, apart.largest, apart.share) == (pytest.approx(150 / 600), 100, pytest.approx(1 / 200))
    assert difference(png(WHITE), png(WHITE, compress_level=1)) == (0, 0, 0)
    assert difference(png(WHITE), png(WHITE[:5])) is None


def test_equal_pictures_are_not_named():
    before = notebook([WHITE], [], [DOT, WHITE])
    assert changed_pictures(before, copy.deepcopy(before)) == []
    packed = copy.deepcopy(before)
    packed["cells"][0]["outputs"][0]["data"]["image/png"] = png(WHITE, compress_level=0)
    assert packed != before
    assert changed_pictures(before, packed) == []


def test_a_changed_picture_is_named_with_its_cell_and_how_much():
    said = changed_pictures(notebook([WHITE], [DOT]), notebook([WHITE], [WHITE]))
    assert said == [
        "cell 2 (In [2]) shows another picture: "
        "0.5% of the pixels differ, by 0.25 of 255 on average over all and 100 at most"
    ]
    assert changed_pictures(notebook([WHITE]), notebook([WHITE[:5]])) == [
        "cell 1 (In [1]) shows a picture of another size"
    ]


def test_two_pictures_that_changed_places_are_both_named():
    said = changed_pictures(notebook([DOT], [WHITE]), notebook([WHITE], [DOT]))
    assert [sentence.split(" shows")[0] for sentence in said] == ["cell 1 (In [1])", "cell 2 (In [2])"]


def test_pictures_that_came_and_went():
    assert changed_pictures(notebook([]), notebook([DOT])) == ["cell 1 (In [1]) had pictures: 0, and has 1"]
    assert changed_pictures(notebook([], [DOT]), notebook([])) == ["a cell is gone, with its pictures: 1"]


def test_a_cell_before_it_changes_nothing():
    """Cells are known by their ids, not by their places."""
    before = notebook([DOT])
    new = {"id": "new", "execution_count": 1, "outputs": []}
    assert changed_pictures(before, {"cells": [new, *before["cells"]]}) == []


def test_a_file_without_ids_and_a_picture_as_lines():
    before, now = notebook([WHITE]), notebook([DOT])
    for each in (before, now):
        del each["cells"][0]["id"]
    data = before["cells"][0]["outputs"][0]["data"]
    data["image/png"] = data["image/png"].splitlines(keepends=True)
    assert pictures_of(before["cells"][0]) == [png(WHITE)]
    assert len(changed_pictures(before, now)) == 1
