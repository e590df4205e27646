"""A page with nothing but ``strokes.js`` on it: draws strokes on a canvas and gives its pixels back."""

import base64
import io
from contextlib import contextmanager

import numpy as np
from PIL import Image

from benchmarks.notebook_page import open_browser
from nnlab.stage.panel import front

LOAD = """async source => {
    window.strokes = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
}"""
DRAW = """([layers, width, height, options]) => {
    const bytes = text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
    const canvas = Object.assign(document.createElement("canvas"), {width, height});
    for (const layer of layers) {
        Object.assign(layer, {points: bytes(layer.points), images: layer.images.map(bytes)});
        window.strokes.drawStrokes(canvas.getContext("2d"), layer, options);
    }
    return canvas.toDataURL("image/png").split(",")[1];
}"""


class Canvas:
    """Draws strokes in a real browser.

    Attributes:
        page: the page of the browser.
    """

    def __init__(self, page):
        self.page = page
        page.set_content("<p>strokes</p>")
        page.evaluate(LOAD, front("strokes.js"))

    def draw(self, *layers: dict, scale: float = 1.5, **options) -> np.ndarray:
        """The pixels of some strokes, the first ones at the bottom, (height, width, 4) in uint8."""
        width, height = (round(side * scale) for side in layers[0]["size"])
        sent = [[packed(layer) for layer in layers], width, height, {"scale": scale, **options}]
        png = base64.b64decode(self.page.evaluate(DRAW, sent))
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))

    def themed(self, colour: str) -> str:
        """A colour of the dark theme."""
        return self.page.evaluate("colour => window.strokes.themed(colour, 'dark')", colour)


def packed(strokes: dict) -> dict:
    """Strokes as JSON."""

    def text(data):
        return base64.b64encode(data).decode()

    return {**strokes, "points": text(strokes["points"]), "images": [text(image) for image in strokes["images"]]}


@contextmanager
def open_canvas():
    """A page in a headless Chromium."""
    with open_browser() as browser:
        yield Canvas(browser.new_page())
