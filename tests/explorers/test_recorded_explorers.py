"""Every explorer as strokes: at its defaults, in its presets and at the ends of its controls."""

import json
from importlib import import_module

import numpy as np
import pytest
from settings import settings

import nnlab
from nnlab.stage.drawing.picture import Picture

DESCRIPTIONS = {name: import_module(f"nnlab.explorers.{name}").DESCRIPTION for name in nnlab.explorers.__all__}


def size(strokes):
    """Bytes before compression."""
    told = {name: part for name, part in strokes.items() if name not in ("points", "images")}
    return len(json.dumps(told, separators=(",", ":"))) + len(strokes["points"]) + sum(map(len, strokes["images"]))


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_every_state_is_recorded_small_and_the_same_again(name):
    description = DESCRIPTIONS[name]
    picture, found = Picture(description), []
    for values in settings(description):
        result = description.compute(**description.values(**values))
        recorded = picture.record(result)
        found.append((result, recorded))
        assert recorded.frame["ops"], values
        assert size(recorded.frame) < 60_000, values
        assert size(recorded.background) < 150_000, values
    for result, recorded in (found[0], found[-1]):
        fresh = Picture(description).record(result)
        assert fresh == recorded, "depends on the frames before"
    frames = [(recorded.scene, recorded.frame) for _, recorded in found]
    assert any(frame != frames[0] for frame in frames)


def test_a_frame_has_a_few_kilobytes():
    """The whole message, as ipywidgets writes it: values, sentence, code, handles and strokes."""
    sizes = []
    for name in DESCRIPTIONS:
        frame = getattr(nnlab.explorers, name)().widget.frame
        told = {**frame, "strokes": {k: v for k, v in frame["strokes"].items() if k not in ("points", "images")}}
        buffers = [frame["strokes"]["points"], *frame["strokes"]["images"]]
        sizes.append(len(json.dumps(told).encode()) + sum(map(len, buffers)))
    assert np.median(sizes) < 2800
    assert max(sizes) < 20_000
