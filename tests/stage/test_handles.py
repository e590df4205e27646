"""Handles lie where their artists are, and their axes lead from pixels to values."""

import numpy as np
import pytest

import nnlab
from nnlab.stage.description import Handle

WITH_HANDLES = [name for name in nnlab.explorers.__all__ if getattr(nnlab.explorers, name)().description.handles]


def value_at(way, pixel):
    """What the front end makes of a pixel."""
    (start, end), (low, high) = way["pixels"], way["values"]
    share = (pixel - start) / (end - start)
    return low * (high / low) ** share if way["log"] else low + share * (high - low)


def test_at_least_eight_explorers_can_be_dragged():
    assert len(WITH_HANDLES) >= 8


@pytest.mark.parametrize("name", WITH_HANDLES)
def test_the_pixel_of_a_handle_is_the_value_of_its_slider(name):
    explorer = getattr(nnlab.explorers, name)()
    settings = [{}]
    for handle in explorer.description.handles:
        for control in explorer.description.controls:
            if control.name in (handle.x, handle.y):
                stops = control.stops
                settings += [{control.name: stops[len(stops) // 3]}, {control.name: stops[2 * len(stops) // 3]}]
    seen = 0
    for values in settings:
        explorer.reset()
        explorer.set(**values)
        width, height = explorer.widget.about["size"]
        for handle in explorer.widget.frame["handles"]:
            assert 0 <= handle["at"][0] <= width
            assert 0 <= handle["at"][1] <= height
            for axis, way in enumerate((handle["x"], handle["y"])):
                if way:
                    got, want = value_at(way, handle["at"][axis]), explorer.values[way["control"]]
                    span = np.ptp(np.log(way["values"])) * abs(want) if way["log"] else np.ptp(way["values"])
                    assert abs(got - want) <= 0.02 * span, (handle["label"], got, want)
                    seen += 1
    assert seen


def test_a_handle_of_no_slider_is_refused(refused):
    description = nnlab.explorers.descent_1d().description
    with refused("'landscape'"):
        type(description)(**{**vars(description), "handles": (Handle("start", "start", x="landscape"),)})


def test_what_lies_outside_has_no_handle():
    explorer = nnlab.explorers.descent_2d()
    assert len(explorer.widget.frame["handles"]) == 1
    explorer._picture.artists["start"].set_visible(False)
    from nnlab.stage.handles import places

    picture = explorer._picture
    assert places(explorer.description.handles, picture.artists, picture.figure) == []
    picture.artists["start"].set_visible(True)
    picture.artists["start"].set_data([99.0], [0.0])
    assert places(explorer.description.handles, picture.artists, picture.figure) == []
