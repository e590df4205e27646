"""From a key press on a slider to the changed picture, in real JupyterLab and Chromium.

Four widgets in one notebook:

- the explorer as students have it: once a control is touched, its frames are fetched ahead. The same after a touch of a
  second, when each message needs 150 ms more in each direction, as on a server far away; and while its frames are
  fetched ahead another cell is run;
- the explorer, as far as every frame comes from the kernel: it is told to remember nothing, and to fetch nothing ahead;
- the way most teaching notebooks do it: ``interact`` with a function that makes a pyplot figure and calls
  ``plt.show()``. It computes, draws, labels and lays out the same, in nnlab's style, with as many pixels;
- the floor: two ready canvases that take turns by a value from the kernel. No widget that a kernel drives can be
  faster: its time is the way from the key to the kernel and back to the screen.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat

import nnlab
from benchmarks.agreement import agree, reference
from benchmarks.lab import Lab
from benchmarks.notebook_page import IDLE, RANGE, NotebookPage, find_browser, next_key, notebook_of, open_browser
from benchmarks.table import Row, at_most, show
from nnlab.stage.description import Slider

PRESSES, BLOCK, WARM_UP = 20, 5, 3
REST = 250  # milliseconds before a press: without it TCP's delayed acknowledgement adds 33 to about half of the presses
FRAME = 17  # milliseconds above the floor: one frame of the screen
NEAR = 20  # milliseconds from the cache, where a frame computes in QUICK milliseconds
QUICK = 5
FAR = 150  # milliseconds in each direction of a far kernel
BYTES, MEDIAN_BYTES = 60, 3  # kB of a message with a frame, for one explorer and in the median of all
DELAY, TOUCH = 50, 40  # milliseconds: of another cell at most; between the touch and the start of the cell
CELLS = """\
import anywidget
import matplotlib.pyplot as plt
import traitlets
from ipywidgets import Checkbox, Dropdown, SelectionSlider, interact

import nnlab
from nnlab.stage.description import Choice, Slider
from nnlab.stage.drawing.picture import DPI, SHARPNESS

nnlab.use_style()


def from_kernel(name):
    explorer = getattr(nnlab.explorers, name)()
    explorer.widget.about = {**explorer.widget.about, "remember": False}
    return explorer


def classic_control(control):
    if isinstance(control, Slider):
        options = [(control.text(stop), stop) for stop in control.stops]
        nearest = min(control.stops, key=lambda stop: abs(stop - control.default))
        return SelectionSlider(options=options, value=nearest, description=control.label)
    if isinstance(control, Choice):
        return Dropdown(options=control.options, value=control.default, description=control.label)
    return Checkbox(value=control.default, description=control.label)


def classic(name):
    description = getattr(nnlab.explorers, name)().description

    def show(**values):
        figure = plt.figure(figsize=description.size, dpi=DPI * SHARPNESS)
        artists = description.draw(figure)
        description.update(artists, description.compute(**values))
        plt.show()

    interact(show, **{c.name: classic_control(c) for c in description.controls})


class Floor(anywidget.AnyWidget):
    wanted = traitlets.Int(0).tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)
    _esm = '''
    function render({model, el}) {
        const root = document.createElement("div");
        const slider = Object.assign(document.createElement("input"), {type: "range", max: 50, value: 0});
        const canvases = ["white", "grey"].map(colour => {
            const canvas = Object.assign(document.createElement("canvas"), {width: 960, height: 430});
            canvas.getContext("2d").fillStyle = colour;
            canvas.getContext("2d").fillRect(0, 0, 960, 430);
            return canvas;
        });
        const swap = () => {
            canvases.forEach((canvas, k) => { canvas.hidden = k !== model.get("shown") % 2; });
            root.dataset.frames = model.get("shown");
        };
        slider.addEventListener("keydown", event => event.stopPropagation());
        slider.addEventListener("input", () => { model.set("wanted", Number(slider.value)); model.save_changes(); });
        model.on("change:shown", swap);
        root.append(...canvases, slider);
        el.append(root);
        swap();
    }
    export default {render};
    '''


def floor():
    widget = Floor()
    widget.observe(lambda change: widget.set_trait("shown", change.new), names="wanted")
    return widget
"""
CELL = 5  # its number
BESIDE = "usual._ahead.forget()  # so that every touch fetches all frames anew"
AREAS = ".jp-Cell-outputArea:has(input[type=range], .widget-slider)"
WATCH = """root => {
    const state = () => root.querySelector('[data-frames]')?.dataset.frames ?? root.querySelector('img')?.src;
    const seen = root.nnlab = {times: [], state: state(), pressed: null};
    root.addEventListener('keydown', event => { seen.pressed = event.timeStamp; }, true);
    new MutationObserver(async () => {
        const now = state();
        if (!now || now === seen.state || seen.pressed === null) return;
        const pressed = seen.pressed;
        [seen.state, seen.pressed] = [now, null];
        await (root.querySelector('[data-frames]') ?? root).querySelector('img:not([hidden])')?.decode();
        requestAnimationFrame(() => {  // the frame that paints the picture; the message arrives when it is done
            const done = new MessageChannel();
            done.port1.onmessage = () => { seen.times.push(performance.now() - pressed); };
            done.port2.postMessage(null);
        });
    }).observe(root, {subtree: true, childList: true, attributes: true, attributeFilter: ['src', 'data-frames']});
}"""
WAIT = "([root, count]) => root.nnlab.times.length >= count"
HANDLE = "handle => [handle.ariaValueMin, handle.ariaValueNow, handle.ariaValueMax].map(Number)"
BYTES_OF_LAST = "() => window.nnlabFrameBytes"
WIRE = """() => {
    window.nnlabWay = 0;  // milliseconds in each direction
    const later = call => window.nnlabWay ? setTimeout(call, window.nnlabWay) : call();
    const weigh = data => {  // JSON and buffers, without the three headers that every message of Jupyter has
        if (!(data instanceof ArrayBuffer)) return;
        const [content, buffers] = [5, 6].map(k => Number(new DataView(data).getBigUint64(8 * k, true)));
        const text = new TextDecoder().decode(new Uint8Array(data, content, buffers - content));
        if (text.includes('"frame":')) window.nnlabFrameBytes = data.byteLength - content;
    };
    window.WebSocket = class extends window.WebSocket {
        send(data) { later(() => super.send(data)); }
        set onmessage(heard) {
            super.onmessage = event => { weigh(event.data); later(() => heard.call(this, event)); };
        }
    };
}"""
RUN_TIMED = """async index => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    const start = performance.now();
    await window.jupyterapp.commands.execute('notebook:run-cell');
    return performance.now() - start;
}"""


def measure(names: list[str] | None = None, presses: int = PRESSES) -> list[Row]:
    """Seven rows for each explorer, and one for the bytes of all."""
    if find_browser() is None:
        return [Row("slider to picture", "not measured: no Chromium or Chrome was found", "a browser", False)]
    rows, sizes = [], []
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder) / "lab") as lab, open_browser() as browser:
        for name in names or nnlab.explorers.__all__:
            nbformat.write(all_ways(name), lab.notebooks / f"{name}.ipynb")
            notebook = NotebookPage(browser, lab, f"{name}.ipynb", before=WIRE)
            notebook.run_all()
            found, size = explorer_rows(name, notebook, presses)
            rows, sizes = [*rows, *found], [*sizes, size]
            print(show(found), file=sys.stderr, flush=True)  # all of them take half an hour
            notebook.close()
    return [*rows, at_most("bytes per frame: median of the explorers", median(sizes), MEDIAN_BYTES, "kB")]


def explorer_rows(name: str, notebook: NotebookPage, presses: int) -> tuple[list[Row], float]:
    """What is measured of one explorer, and the median kB of its frames."""
    ours, *others, usual = notebook.page.locator(AREAS).all()
    kernel, near = (KeyTimer(notebook.page, area, slider_of(name)) for area in (ours, usual))
    sliders = (slider_of(name), 0)
    sides = [KeyTimer(notebook.page, *side) for side in zip(others, sliders, strict=True)]
    rows = compare(name, [near, kernel, *sides], presses)
    size, largest = median(kernel.sizes) / 1000, max(kernel.sizes) / 1000
    rows += [
        at_most(f"bytes per frame: {name}, the largest", largest, BYTES, "kB", f" (median {size:.1f})"),
        burst(name, notebook.explorers()[1]),
        from_cache(name, near, presses),
        beside(name, near, presses),
    ]
    return rows, size


def all_ways(name: str):
    """A notebook with all four, and the cell that is run beside the last one."""
    usual = f"usual = nnlab.explorers.{name}()\nusual"
    return notebook_of([CELLS, f"from_kernel({name!r})", f"classic({name!r})", "floor()", usual, BESIDE])


def compare(name: str, sides: list[KeyTimer], presses: int) -> list[Row]:
    """Press keys in turns of one block each, and compare the medians with the floor and with the classic way."""
    for side in sides:
        side.press(WARM_UP)
        side.times.clear()
    for _ in range(presses // BLOCK):
        for side in sides:
            side.press(BLOCK)
    usual, kernel, classic, floor = (median(side.times) for side in sides)
    what, ready = f"slider to picture: {name}, above the floor", f"with ready pictures {floor:.0f} ms"
    faster = f"slider to picture: {name}, from the kernel"
    return [
        at_most(what, usual - floor, FRAME, "ms", f" ({usual:.0f} ms; {ready})"),
        at_most(f"{what}, from the kernel", kernel - floor, FRAME, "ms", f" ({kernel:.0f} ms; {ready})"),
        Row(faster, f"{classic / kernel:.1f} times faster than interact ({classic:.0f} ms)"),
    ]


def slider_of(name: str) -> int:
    """The learning rate if there is one, else the slider with the most stops, as a number among the sliders."""
    sliders = sliders_of(name)
    names = [slider.name for slider in sliders]
    return names.index("lr") if "lr" in names else max(range(len(sliders)), key=lambda k: len(sliders[k].stops))


def sliders_of(name: str) -> list[Slider]:
    """The sliders among the controls of an explorer."""
    return [control for control in reference(name).description.controls if isinstance(control, Slider)]


class KeyTimer:
    """Presses arrow keys on one slider and collects the milliseconds until the changed picture is painted.

    Attributes:
        times: in milliseconds, one for each press.
        sizes: of the frames, in bytes, where it is a panel.
    """

    def __init__(self, page, area, slider: int):
        self.page, self.element = page, area.element_handle()
        native = area.locator("input[type=range]")
        self.read = RANGE if native.count() else HANDLE
        self.handle = (native if native.count() else area.locator(".widget-slider .noUi-handle")).nth(slider)
        self.panel = area.locator(".nnlab-panel").count() > 0
        self.times: list[float] = []
        self.sizes: list[int] = []
        self.key = "ArrowRight"
        self.element.evaluate(WATCH)

    def press(self, times: int) -> None:
        """Press, wait for the picture and for the kernel, and press again; turn round at the ends."""
        self.handle.focus()
        for _ in range(times):
            self.page.wait_for_timeout(REST)
            self.key = next_key(self.handle, self.key, self.read)
            count = self.element.evaluate("root => root.nnlab.times.length")
            self.page.keyboard.press(self.key)
            self.page.wait_for_function(WAIT, arg=[self.element, count + 1], polling="raf")
            self.page.wait_for_function(IDLE)
            self.times.append(self.element.evaluate("root => root.nnlab.times.at(-1)"))
            if self.panel:
                self.sizes.append(self.page.evaluate(BYTES_OF_LAST))


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


def from_cache(name: str, timer: KeyTimer, presses: int) -> Row:
    """Touch a control for a second, then press keys, while the kernel is far away."""
    timer.times.clear()
    timer.page.evaluate("way => { window.nnlabWay = way; }", FAR)
    timer.handle.focus()
    timer.page.keyboard.press("Home")
    timer.page.wait_for_timeout(1000)
    timer.press(presses)
    timer.page.wait_for_timeout(4 * FAR)  # a message on its way would be overtaken by those after it
    timer.page.evaluate("() => { window.nnlabWay = 0; }")
    compute = milliseconds(name)
    what, value = f"from the cache: {name}, {FAR} ms away", median(timer.times)
    if compute > QUICK:
        return Row(what, f"{value:.3g} ms (a frame computes in {compute:.0f} ms)")
    return at_most(what, value, NEAR, "ms", f" (slowest {max(timer.times):.0f} ms)")


def beside(name: str, timer: KeyTimer, runs: int) -> Row:
    """Touch a control and run a cell while its frames are fetched ahead, in turns with the same cell alone."""
    page, times = timer.page, {True: [], False: []}
    for k in range(runs):
        for touched in times:
            page.evaluate("() => document.activeElement.blur()")
            if touched:
                timer.handle.focus()
            page.wait_for_timeout(TOUCH + 2 * k)  # at another moment of a slice each time
            times[touched].append(page.evaluate(RUN_TIMED, CELL))
            page.wait_for_function(IDLE)
    alone, largest = median(times[False]), max(times[True])
    details = f" (largest {largest - alone:.0f}; alone {alone:.0f} ms, largest {max(times[False]) - alone:.0f} more)"
    return at_most(f"another cell while frames are fetched: {name}", median(times[True]) - alone, DELAY, "ms", details)


def milliseconds(name: str) -> float:
    """How long ``compute`` takes on the first stops of the slider, in the median."""
    description, slider = reference(name).description, sliders_of(name)[slider_of(name)]
    times = []
    for stop in slider.stops[:9]:
        start = time.perf_counter()
        description.compute(**description.values(**{slider.name: stop}))
        times.append(1000 * (time.perf_counter() - start))
    return median(times)
