"""Every explorer, whatever it shows: all its controls, presets, texts and the code that reproduces it."""

import importlib
import inspect
import random
import re
import typing
import warnings
from itertools import combinations

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from matplotlib.text import Text

import nnlab
from nnlab.stage.description import Slider

VERDICTS = {"best", "better", "worse", "winner", "clear", "clearly", "significant", "significantly"}


def same(a, b):
    """Whether two results are equal, arrays included."""
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray | torch.Tensor):
        return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind == "f")
    return a == b or (a != a and b != b)


def healthy(explorer):
    """The explorer itself, without an error and with a sentence that can be read."""
    assert explorer.error is None, (explorer.values, explorer.error)
    assert explorer.sentence.endswith("."), (explorer.values, explorer.sentence)
    assert len(explorer.sentence) <= explorer.description.letters, "there is no room for it above the controls"
    words = set(re.findall(r"\w+", explorer.sentence.lower()))
    assert not words & {"nan", "inf", "none"}, (explorer.values, explorer.sentence)
    assert not words & VERDICTS, "who is better is said by nnlab.compare, from 16 pairs; a sentence says what it saw"
    return explorer


def stages(explorer):
    """The explorer in its default state and in each of its presets."""
    yield "default", explorer
    for preset in explorer.description.presets:
        explorer.set(**{**explorer.start, **preset.values})
        yield preset.label, explorer


def texts(explorer):
    """Every text in the picture that can be seen: tick labels outside the limits of their axis are not drawn."""
    figure, hidden = explorer._picture.figure, set()
    figure.canvas.draw()  # ticks know their places only after it, and a scene that was kept is not drawn again
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            low, high = low - 1e-9 * abs(low), high + 1e-9 * abs(high)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_text().strip())
    parents = {text for ax in figure.axes if not ax.get_visible() for text in ax.findobj(Text)}
    return [text for text in found if text.get_visible() and text not in hidden and text not in parents]


def random_values(description, draw):
    """A random setting; sliders reach their ends more often than by chance."""
    values = {}
    for control in description.controls:
        if not isinstance(control, Slider) or draw.random() < 0.2:
            value = draw.choice(control.ends)
        elif control.log:
            value = control.low * (control.high / control.low) ** draw.random()
            value = round(value) if control.whole else value
        elif isinstance(control.step, int):
            value = draw.randint(control.low, control.high)
        else:
            value = control.low + (control.high - control.low) * draw.random()
        values[control.name] = value
    return values


class EveryExplorer:
    """The tests of one explorer: a class for each, so that processes share them, and trained networks stay in one."""

    name: str

    @pytest.fixture
    def explorer(self):
        return getattr(nnlab.explorers, self.name)()

    def test_has_what_a_student_needs(self, explorer):
        description = explorer.description
        assert description.name == self.name
        assert description.title
        assert description.about.endswith(".")
        assert getattr(nnlab.explorers, self.name).__doc__
        assert 1 <= len(description.controls) <= 8
        assert len({control.label for control in description.controls}) == len(description.controls)
        assert len(description.presets) >= 2
        for preset in description.presets:
            assert preset.label
            assert len(preset.reason) > 10
        healthy(explorer)

    def test_the_function_says_what_it_takes(self, explorer):
        function, description = getattr(nnlab.explorers, self.name), explorer.description
        signature = inspect.signature(function)
        assert {p.name: p.default for p in signature.parameters.values()} == description.values()
        assert {p.kind for p in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
        assert signature.return_annotation is nnlab.Explorer
        hints = {p.name: p.annotation for p in signature.parameters.values()} | {"return": nnlab.Explorer}
        assert typing.get_type_hints(function) == hints
        for control in description.controls:
            if isinstance(hints[control.name], type):
                assert type(control.clean(control.default)) is hints[control.name]
            else:
                assert typing.get_args(hints[control.name]) == control.options
        named = (function.__name__, function.__qualname__, function.__module__)
        assert named == (self.name, self.name, f"nnlab.explorers.{self.name}")
        assert getattr(importlib.import_module(function.__module__), self.name) is function
        said = " ".join(function.__doc__.split())
        assert said.startswith(f"{description.title} {description.about} Args: ")
        assert all(
            f"{c.name}: " in said and f"{c.allowed}; default {c.default!r}." in said for c in description.controls
        )
        assert all(preset.label in said for preset in description.presets)
        assert "def compute(" in repr(nnlab.show_source(function))

    def test_every_control_reaches_both_ends(self, explorer):
        """Up by moving the widget, down by ``set``; what changes the result changes the picture."""
        for control in explorer.description.controls:
            explorer.reset()
            for k, end in enumerate((*control.ends, *control.ends[::-1])):
                before, pixels = explorer.result, explorer._picture.rgb().copy()
                if k < len(control.ends):
                    explorer.controls[control.name].value = end
                else:
                    explorer.set(**{control.name: end})
                assert healthy(explorer).values[control.name] == end
                changed = not np.array_equal(pixels, explorer._picture.rgb())
                assert changed or same(before, explorer.result), f"{control.name}={end} changes nothing in the picture"

    def test_every_control_matters(self, explorer):
        """In the default state or in some preset, the two ends of a control give different results."""
        description = explorer.description
        settings = [explorer.start, *({**explorer.start, **preset.values} for preset in description.presets)]
        for control in description.controls:
            first, last = control.ends[0], control.ends[-1]
            results = (
                [description.compute(**{**values, control.name: end}) for end in (first, last)] for values in settings
            )
            assert not all(same(a, b) for a, b in results), f"{control.name} never changes the result"

    def test_presets_reset_and_repr(self, explorer):
        start, picture = repr(explorer), explorer.png()
        assert start == f"Explorer {self.name}: {explorer.sentence}"
        sentences = {explorer.sentence}
        for _, stage in stages(explorer):
            sentences.add(healthy(stage).sentence)
            assert len(stage.png()) < 60_000
        assert len(sentences) >= len(explorer.description.presets), "presets that say the same"
        explorer.reset()
        assert repr(explorer) == start
        assert explorer.png() == picture
        assert repr(getattr(nnlab.explorers, self.name)()) == start

    def test_no_axis_moves_when_a_control_moves(self, explorer):
        def places():
            return [ax.get_position(original=True).extents.tolist() for ax in explorer._picture.figure.axes]

        before = places()
        for _ in stages(explorer):
            assert places() == before
        for control in explorer.description.controls:
            for end in control.ends:
                explorer.set(**{**explorer.start, control.name: end})
                assert places() == before, (control.name, end)

    def test_code_reproduces_picture_and_sentence(self, explorer):
        draw = random.Random(1)
        for _, stage in stages(explorer):
            again = eval(stage.code(), {"nnlab": nnlab})
            assert again.sentence == stage.sentence
            assert again.png() == stage.png()
        for _ in range(2):
            explorer.set(**random_values(explorer.description, draw))
            again = eval(explorer.code(), {"nnlab": nnlab})
            assert (again.sentence, again.png()) == (explorer.sentence, explorer.png()), explorer.code()

    def test_two_hundred_random_settings(self, explorer):
        """No exception, no warning, no nan in the sentence, and every frame is drawn.

        Without layout and ticks, which the other tests look at and which take two thirds of the time.
        """
        draw = random.Random(0)
        explorer._picture.figure.set_layout_engine("none")
        for ax in explorer._picture.figure.axes:
            ax.xaxis.set_visible(False)
            ax.yaxis.set_visible(False)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(200):
                explorer.set(**random_values(explorer.description, draw))
                healthy(explorer)

    def test_computation_is_pure_and_leaves_no_trace(self, explorer):
        state, style = torch.get_rng_state(), dict(matplotlib.rcParams)
        compute, values = explorer.description.compute, explorer.values
        assert same(compute(**values), compute(**values))
        for _, stage in stages(explorer):
            healthy(stage)
        assert torch.equal(torch.get_rng_state(), state)
        assert dict(matplotlib.rcParams) == style
        assert pyplot.get_fignums() == []

    def test_texts_are_large_enough_inside_and_apart(self, explorer):
        problems = []
        for label, stage in stages(explorer):
            figure, found = stage._picture.figure, texts(stage)
            width, height = figure.bbox.size
            assert found
            for text in found:
                if text.get_fontsize() < 9:
                    problems.append(f"{label}: {text.get_text()!r} has {text.get_fontsize()} pt")
                box = text.get_window_extent()
                if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
                    problems.append(f"{label}: {text.get_text()!r} leaves the picture")
            for a, b in combinations(found, 2):
                box, other = a.get_window_extent(), b.get_window_extent()
                if box.overlaps(other):
                    problems.append(f"{label}: {a.get_text()!r} overlaps {b.get_text()!r}")
        assert not problems, "\n".join(problems)


for name in nnlab.explorers.__all__:
    globals()[f"Test_{name}"] = type(f"Test_{name}", (EveryExplorer,), {"name": name})
