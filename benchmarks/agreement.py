"""Does an explorer in the page show what its controls say? The reference is the same explorer without a browser."""

import ast
import base64
import json
import time
from functools import cache

import nnlab
from nnlab.stage.description import Choice, Slider, Toggle

PATIENCE = 60  # seconds
CHOSEN = "choices => choices.map(c => c.querySelector('select, input:checked').value)"


@cache
def reference(name):
    """An explorer of that name in this process, which no browser and no kernel has touched."""
    return getattr(nnlab.explorers, name)()


def named_in(code, unnamed=None):
    """The name and the arguments of ``nnlab.explorers.name(argument=value, ...)``.

    ``unnamed`` is the name for ``nnlab.Explorer(..., argument=value)``, a changed copy of an explorer of ours.
    """
    call = ast.parse(code, mode="eval").body
    values = {argument.arg: ast.literal_eval(argument.value) for argument in call.keywords}
    if unnamed and ast.unparse(call.func) == "nnlab.Explorer":
        return unnamed, values
    assert ast.unparse(call.func).startswith("nnlab.explorers."), code
    return call.func.attr, values


def agree(shown, unnamed=None):
    """Wait until controls, code, sentence and picture of an explorer in the page belong together; return its code.

    The values that *copy as code* names are computed and drawn anew here: the sentence must be the same text and the
    picture the same bytes, and every control must stand at its value.
    """
    end = time.monotonic() + PATIENCE
    while difference := (found := compare(shown, unnamed))[1]:
        assert time.monotonic() < end, f"{found[0]}: {difference}"
        shown.page.wait_for_timeout(50)
    return found[0]


def compare(shown, unnamed):
    """The code of an explorer in the page, and the first thing in it that does not belong to the code."""
    frame = shown.frame()
    code = frame["code"]
    name, values = named_in(code, unnamed)
    expected = reference(name)
    expected.set(**expected.description.values(**values))
    wanted = as_text(expected.widget.frame["strokes"])
    checks = {
        "controls": (read_controls(shown, expected), wanted_controls(expected)),
        "sentence": (shown.sentence.inner_text().strip(), expected.sentence),
        "error": (shown.error.inner_text().strip(), ""),
        "picture": (different(frame["strokes"], wanted), []),
        "background": (frame["scene"], expected.widget.scene["key"]),
    }
    return code, next((f"{what}: {got} is not {want}" for what, (got, want) in checks.items() if got != want), None)


def as_text(strokes):
    """Strokes as they look after their way to the browser and back: bytes as base64, no tuples."""
    coded = {"points": encoded(strokes["points"]), "images": [encoded(image) for image in strokes["images"]]}
    return json.loads(json.dumps({**strokes, **coded}))


def encoded(data):
    return base64.b64encode(data).decode()


def different(got, want):
    """The parts of two strokes that differ, by their names."""
    return [name for name in want if got[name] != want[name]]


def read_controls(shown, expected):
    """What the page shows beside each slider, in each choice and in each box, in the order of the controls."""
    readouts = iter(shown.root.locator(".nnlab-value").evaluate_all("fields => fields.map(f => f.value)"))
    chosen = iter(shown.choices.evaluate_all(CHOSEN))
    ticked = iter(shown.toggles.evaluate_all("boxes => boxes.map(b => b.checked)"))
    source = {Slider: readouts, Choice: chosen, Toggle: ticked}
    return [next(source[type(control)]) for control in expected.description.controls]


def wanted_controls(expected):
    """The same from the values of an explorer."""
    values = expected.values
    return [
        control.text(values[control.name]) if isinstance(control, Slider) else values[control.name]
        for control in expected.description.controls
    ]
