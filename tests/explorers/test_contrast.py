"""Every picture can be read: in the light and the dark theme, and in greyscale.

Contrast (WCAG 2.2): a text has at least 4.5:1 with what it lies on, a line and a marker 3:1, at nine of ten places
along it. A marker is told by its fill, by its edge, or by the one upon the other. Exempt is what is drawn in the
colours GRID and FAINT of the palette, from which nothing is read, and areas: they are the ground of something.

Greyscale: two lines of one Axes differ by 15 of 100 in lightness (L*), by dashes, by markers, or one is 1.6 times as
wide as the other. Lines that are the same thing several times, such as the runs of many seeds, are a family and look
alike; ``FAMILIES`` names them all. ``--ends`` looks at the ends of all controls, too.
"""

from importlib import import_module
from itertools import combinations

import pytest
from matplotlib.figure import Figure
from seen import seen
from settings import settings
from themes import lightness, over, themed

import nnlab
from nnlab.analysis import palette
from nnlab.stage.drawing.picture import Picture
from nnlab.stage.drawing.recorder import Recorder
from nnlab.stage.live.picture import LivePicture, look_at
from nnlab.stage.live.run import LiveRun

LEAST = {"text": 4.5, "line": 3, "markers": 3}
DECORATION = (palette.GRID, palette.FAINT)
LIGHTER, WIDER = 15, 1.6
FAMILIES = {  # explorer -> names of lines that may look like each other
    "backprop_steps": [
        ("background",),  # the edges of the graph
        ("background", "valued", "reached"),  # boxes: what is written in them tells what is known
        ("flow",),  # the edges at work
    ],
    "batch_norm": [("running",), ("truth",)],  # a mean with one standard deviation on each side
    "loss_shapes": [("best",), ("losses dots",), ("slopes dots",)],  # each lies on its own line
    "optimizer_race": [("ends",), ("outs",)],  # at the ends of their lines
    "range_test": [("members",), ("marks", "keys")],  # seeds of one run; a line and its key
    "schedule": [("outs",)],  # at the ends of their lines
    "softmax_cross_entropy": [("goals",)],  # one for each class, over its bar
    "weight_penalty": [("background",), ("ends",)],  # two axes; at the ends of their lines
}


def faint(*layers):
    """What stands out too little, in words."""
    found = []
    for theme in ("light", "dark"):
        for one in seen(*layers, dark=theme == "dark"):
            if one.contrast < LEAST[one.kind] and one.colour[:7] not in DECORATION:
                found.append(f"{theme}: {one.kind} {one.colour} ({one.words}) has {one.contrast:.2f}:1")
    return found


def names_of(artists):
    """The name of each moving artist by its identity."""
    return {
        id(artist): name
        for name, entry in artists.items()
        for artist in (entry if isinstance(entry, (list, tuple)) else [entry])
    }


def look_of(line, recorder):
    """How a line is drawn: lightness in both themes, dashes, width, marker; None if it cannot be seen."""
    recorder.draw(line)
    strokes = recorder.strokes()
    if not strokes["ops"]:
        return None
    look = {"dash": None, "width": 0.0, "marker": None, "size": 0.0}
    for op in strokes["ops"]:
        stroke, width, dash, _, _, fill = strokes["styles"][op[1]]
        look["colour"] = fill or stroke
        if op[0] == "p":
            look.update(dash=tuple(dash or "-"), width=width, colour=stroke)
        else:
            look.update(marker=(op[3], bool(fill)), size=line.get_markersize())
    return look


def shade(colour, dark):
    """How light a colour is on the paper of its theme, 0 to 100."""
    return float(lightness(over(themed(colour, dark), themed(palette.PAPER, dark)[:3])))


def alike(one, other):
    """Whether two looks cannot be told apart in greyscale."""
    kept = all(one[part] == other[part] for part in ("dash", "marker"))
    near = all(max(one[part], other[part]) < WIDER * max(min(one[part], other[part]), 0.01) or not one[part]
               for part in ("width", "size"))  # fmt: skip
    shades = [abs(shade(one["colour"], dark) - shade(other["colour"], dark)) for dark in (False, True)]
    return kept and near and min(shades) < LIGHTER


def twins(picture, family):
    """Pairs of lines of one Axes that look alike in greyscale, by their names."""
    recorder, names, found = Recorder(picture.figure), names_of(picture.artists), set()
    for ax in picture.figure.axes:
        looks = [(names.get(id(line), "background"), look_of(line, recorder)) for line in ax.get_lines()]
        looks = [(name, look) for name, look in looks if look and look["colour"][:7] not in DECORATION]
        for (name, one), (other, two) in combinations(looks, 2):
            if alike(one, two) and not any({name, other} <= set(group) for group in family):
                found.add(f"{name} and {other}: {one} {two}")
    return sorted(found)


@pytest.mark.parametrize("name", nnlab.explorers.__all__)
def test_every_picture_can_be_read_in_every_theme_and_in_greyscale(name, request):
    description = import_module(f"nnlab.explorers.{name}").DESCRIPTION
    picture = Picture(description)
    for values in settings(description, request.config.getoption("--ends")):
        recorded = picture.record(description.compute(**description.values(**values)))
        assert faint(recorded.background, recorded.frame) == [], values
        assert twins(picture, FAMILIES.get(name, ())) == [], values


@pytest.mark.parametrize(("data", "layers"), [(nnlab.moons, (2, 8, 2)), (nnlab.digits, (64, 16, 10))])
def test_a_live_training_can_be_read_in_every_theme_and_in_greyscale(data, layers):
    data, net = data(), nnlab.Network(layers)
    run, view = LiveRun(nnlab.models.to_torch(net, net.init("he_normal", 0)), data), LivePicture(data)
    for _ in range(35):
        run.step()
    run.lr = 0.01
    picture = Picture(view)
    recorded = picture.record(look_at(run, view.answers.inputs))
    assert faint(recorded.background, recorded.frame) == []
    assert twins(picture, ()) == []


def spoiled(change):
    """What is said of a picture after ``change(picture)``."""
    picture = Picture(import_module("nnlab.explorers.bias_correction").DESCRIPTION)
    change(picture)
    recorded = picture.record(picture.description.compute(**picture.description.values()))
    return faint(recorded.background, recorded.frame), twins(picture, ())


def test_a_light_line_a_light_text_and_two_equal_lines_are_seen():
    assert spoiled(lambda picture: None) == ([], [])
    dull, _ = spoiled(lambda picture: picture.artists["means"][0].set_color("0.8"))
    assert [line.split(" (")[0] for line in dull] == ["light: line #ccccccff", "dark: line #ccccccff"]
    dull, _ = spoiled(lambda picture: picture.artists["labels"][0].set_color("#d55e00"))
    assert [line.split(" (")[0] for line in dull] == ["light: text #d55e00ff"]
    _, equal = spoiled(lambda picture: picture.artists["means"][0].set_linestyle("--"))
    assert len(equal) == 1
    assert equal[0].startswith("means and means")


def test_what_a_line_lies_on_counts():
    dull, _ = spoiled(lambda picture: picture.figure.axes[0].set_facecolor("0.6"))
    assert any("line #0072b2ff" in line for line in dull)


def test_every_family_has_members():
    for name, families in FAMILIES.items():
        names = {"background", *import_module(f"nnlab.explorers.{name}").DESCRIPTION.draw(Figure())}
        assert all(set(family) <= names for family in families), name
