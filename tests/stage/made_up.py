"""A made-up explorer description, small and with one control of each kind, and a ``compute`` that can be watched."""

import threading

from nnlab.stage.description import Choice, Description, Preset, Slider, Toggle

PATIENCE = 20  # seconds until a test that hangs is given up


def draw(figure):
    ax = figure.subplots()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    return {"dot": ax.plot([], [], "o")[0]}


def update(artists, result):
    if result["height"] == 9:
        raise OverflowError("9 cannot be drawn <b>")
    artists["dot"].set_data([5], [result["height"]])


def compute(height, size, colour, doubled):
    if height == 8:
        raise ZeroDivisionError("8 cannot be computed")
    return {"height": height, "size": size, "colour": colour, "doubled": doubled}


def made_up(compute=compute, **changes):
    """A description with one control of each kind."""
    settings = {
        "name": "made_up",
        "title": "How high?",
        "about": "A dot at a height.",
        "controls": (
            Slider("height", 2, 0, 9, 1, "height"),
            Slider("size", 0.1, 0.001, 10.0, 0.05, "size", log=True),
            Choice("colour", "red", ("red", "blue"), "colour"),
            Toggle("doubled", False, "doubled"),
        ),
        "compute": compute,
        "draw": draw,
        "update": update,
        "sentence": lambda result: f"height {result['height']}, {result['colour']}.",
        "presets": (Preset("up", "as high as it goes", {"height": 7}),),
        "size": (3.0, 2.0),
    }
    return Description(**{**settings, **changes})


class Recorder:
    """A ``compute`` that remembers its calls, and waits inside the frame with the height ``pause``."""

    def __init__(self, pause=None):
        self.calls, self.pause = [], pause
        self.inside, self.go_on = threading.Event(), threading.Event()

    def __call__(self, **values):
        self.calls.append(values["height"])
        if values["height"] == self.pause:
            self.inside.set()
            assert self.go_on.wait(PATIENCE)
        return compute(**values)
