"""From a key press on a slider to the changed picture, in real JupyterLab and Chromium.

The same figure twice in one notebook: the explorer, and the way most teaching notebooks do it, ``interact`` with a
function that makes a pyplot figure and calls ``plt.show()``. Both compute, draw, label and lay out the same, in nnlab's
style as every notebook does, with the same pixels, and have the same slider.

Below both, a slider that computes and draws nothing: two ready pictures take turns. No widget can be faster than that:
its time is the way from the key to the kernel and back to the screen.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import nbformat

import nnlab
from benchmarks.agreement import agree, reference
from benchmarks.lab import Lab
from benchmarks.notebook_page import NotebookPage, find_browser, open_browser
from benchmarks.table import Row, at_least, at_most
from nnlab.stage.description import Slider

PRESSES, BLOCK, WARM_UP, GOAL = 20, 5, 3, 6
CLASSIC = """\
import matplotlib.pyplot as plt
from ipywidgets import Image, SelectionSlider, VBox, interact

import nnlab
from nnlab.stage.description import Slider
from nnlab.stage.explorer import make_widget
from nnlab.stage.picture import DPI, SHARPNESS

nnlab.use_style()


def classic(name):
    description = getattr(nnlab.explorers, name)().description

    def show(**values):
        figure = plt.figure(figsize=description.size, dpi=DPI * SHARPNESS)
        artists = description.draw(figure)
        description.update(artists, description.compute(**values))
        plt.show()

    interact(show, **{c.name: make_widget(c, [c.default]) for c in description.controls})


def ready(name):
    explorer = getattr(nnlab.explorers, name)()
    slider = next(c for c in explorer.description.controls if isinstance(c, Slider))
    pictures = [explorer._image.value]
    explorer.set(**{slider.name: next(s for s in slider.stops if s != explorer.values[slider.name])})
    pictures.append(explorer._image.value)
    control = SelectionSlider(options=range(50))
    image = Image(format="jpeg", width=explorer._image.width, value=pictures[0])

    def swap(change):
        image.value = pictures[change.new % 2]

    control.observe(swap, names="value")
    return VBox([image, control])
"""
WATCH = """root => {
    const seen = root.nnlab = {times: [], src: root.querySelector('img').src, pressed: null};
    root.addEventListener('keydown', event => { seen.pressed = event.timeStamp; }, true);
    new MutationObserver(async () => {
        const image = root.querySelector('img');
        if (!image || image.src === seen.src || seen.pressed === null) return;
        const pressed = seen.pressed;
        [seen.src, seen.pressed] = [image.src, null];
        await image.decode();
        requestAnimationFrame(() => {  // the frame that paints the picture; the message arrives when it is done
            const done = new MessageChannel();
            done.port1.onmessage = () => { seen.times.push(performance.now() - pressed); };
            done.port2.postMessage(null);
        });
    }).observe(root, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}"""
WAIT = "([root, count]) => root.nnlab.times.length >= count"
IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"


def measure(names: list[str] | None = None, presses: int = PRESSES) -> list[Row]:
    """Two rows for each explorer: the ratio of the medians, and what a burst of 40 keys leaves behind."""
    if find_browser() is None:
        return [Row("slider to picture", "not measured: no Chromium or Chrome was found", "a browser", False)]
    rows = []
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder) / "lab") as lab, open_browser() as browser:
        for name in names or nnlab.explorers.__all__:
            nbformat.write(all_ways(name), lab.notebooks / f"{name}.ipynb")
            notebook = NotebookPage(browser, lab, f"{name}.ipynb")
            notebook.run_all()
            areas = notebook.page.locator(".jp-Cell-outputArea:has(.widget-slider)").all()
            (shown,) = notebook.explorers()
            rows += [compare(notebook.page, name, areas, presses), burst(name, shown)]
            notebook.close()
    return rows


def all_ways(name: str):
    """A notebook with the explorer, below it its classic twin, and below that the ready pictures."""
    cells = [CLASSIC, f"nnlab.explorers.{name}()", f"classic({name!r})", f"ready({name!r})"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)), metadata={"kernelspec": kernel})


def compare(page, name: str, areas: list, presses: int) -> Row:
    """Press keys in turns of one block each, and compare the medians."""
    sliders = (slider_of(name), slider_of(name), 0)
    sides = [KeyTimer(page, area, slider) for area, slider in zip(areas, sliders, strict=True)]
    for side in sides:
        side.press(WARM_UP)
        side.times.clear()
    for _ in range(presses // BLOCK):
        for side in sides:
            side.press(BLOCK)
    ours, classic, least = (median(side.times) for side in sides)
    details = f" faster ({classic:.0f} ms to {ours:.0f} ms; with ready pictures {least:.0f} ms)"
    return at_least(f"slider to picture: {name}", classic / ours, GOAL, details)


def slider_of(name: str) -> int:
    """The learning rate if there is one, else the slider with the most stops, as a number among the sliders."""
    sliders = [control for control in reference(name).description.controls if isinstance(control, Slider)]
    names = [slider.name for slider in sliders]
    return names.index("lr") if "lr" in names else max(range(len(sliders)), key=lambda k: len(sliders[k].stops))


class KeyTimer:
    """Presses arrow keys on one slider and collects the milliseconds until the changed picture is painted."""

    def __init__(self, page, area, slider: int):
        self.page, self.element = page, area.element_handle()
        self.handle = area.locator(".widget-slider .noUi-handle").nth(slider)
        self.times: list[float] = []
        self.key = "ArrowRight"
        self.element.evaluate(WATCH)

    def press(self, times: int) -> None:
        """Press, wait for the picture and for the kernel, and press again; turn round at the ends."""
        self.handle.focus()
        for _ in range(times):
            low, now, high = self.handle.evaluate("h => [h.ariaValueMin, h.ariaValueNow, h.ariaValueMax].map(Number)")
            self.key = {high: "ArrowLeft", low: "ArrowRight"}.get(now, self.key)
            count = self.element.evaluate("root => root.nnlab.times.length")
            self.page.keyboard.press(self.key)
            self.page.wait_for_function(WAIT, arg=[self.element, count + 1], polling="raf")
            self.page.wait_for_function(IDLE)
            self.times.append(self.element.evaluate("root => root.nnlab.times.at(-1)"))


def burst(name: str, shown, keys: int = 40) -> Row:
    """Press keys faster than pictures can come: the last value must be shown, at most two pictures late."""
    slider = slider_of(name)
    shown.press(slider, "Home")
    agree(shown)
    frames = shown.count_frames()
    shown.press(slider, "ArrowRight", times=keys)
    shown.mark_last_key()
    agree(shown)
    after = frames()["after"]
    return at_most(f"burst of {keys} keys: {name}, ends at the last value", after, 2, "late pictures")
