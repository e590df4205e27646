"""Explorers alone on a page: bytes, frames, seconds to record, and how soon a page answers."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import nnlab
from benchmarks.notebook_page import KEY_DELAYS, WATCH_KEYS, ShownExplorer, next_key
from benchmarks.table import Row, at_most
from nnlab.stage.alone.page import fragment
from nnlab.stage.alone.portable import recorded_around, shown_now
from nnlab.stage.alone.recording import PAGE

__all__ = ["WIDTH", "answer_time", "measure", "open_offline"]

FIRST, MEDIAN = 150, 60  # kB of what comes with the page
ALIVE = """() => [...document.querySelectorAll('.nnlab-alone')].every(
    host => !host.checkVisibility() || host.shadowRoot?.querySelector('.nnlab-panel')?.dataset.frames > 0)"""
WIDTH = "() => document.documentElement.scrollWidth"


@contextmanager
def open_offline(browser, path: Path, phone: bool = False, dark: bool = False):
    """A page from disk with the network cut off, alive; and what it complains of."""
    size = {"width": 390, "height": 844} if phone else {"width": 1200, "height": 900}
    context = browser.new_context(
        viewport=size, has_touch=phone, is_mobile=phone, color_scheme="dark" if dark else "light"
    )
    context.set_offline(True)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: request.url.startswith("http") and complaints.append(request.url))
    try:
        page.goto(Path(path).as_uri())
        page.wait_for_function(ALIVE)
        yield page, complaints
    finally:
        context.close()


def answer_time(shown: ShownExplorer, keys: int = 20) -> list[float]:
    """Milliseconds from each key on the first slider to its drawn picture; it turns round at the ends."""
    shown.root.evaluate(WATCH_KEYS)
    key = "ArrowRight"
    for _ in range(keys):
        key = next_key(shown.sliders.first, key)
        shown.press(0, key)
        shown.page.wait_for_timeout(40)
    return shown.page.evaluate(KEY_DELAYS)


def measure(names: list[str] | None = None, folder: Path | None = None) -> list[Row]:
    """A row for each explorer, recorded anew, and the median of what comes with the page."""
    rows, firsts = [], []
    with tempfile.TemporaryDirectory() as made:
        for name in names or nnlab.explorers.__all__:
            explorer = getattr(nnlab.explorers, name)()
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                recorded = recorded_around(explorer, PAGE, folder or Path(made))
            first = recorded._replace(chunks=recorded.chunks[:1])
            html = fragment(shown_now(explorer), first, picture="still.png")
            firsts.append(len(html) / 1000)
            every = sum(map(len, recorded.chunks)) * 4 / 3000
            details = f", {every:.0f} kB in all, {recorded.frames} frames, {recorded.seconds:.0f} s"
            rows.append(at_most(name, firsts[-1], FIRST, "kB", details + (", not all of the plan" if said else "")))
    return [*rows, at_most("the median explorer", median(firsts), MEDIAN, "kB")]
