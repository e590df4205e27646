"""The site on a slow computer behind a slow network: the first picture, the first answer, whether anything jumps."""

from __future__ import annotations

import functools
import tempfile
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.notebook_page import open_browser
from benchmarks.table import Row, at_most
from nnlab.commands.site.build import build
from nnlab.commands.site.checked import sizes

__all__ = ["load", "measure", "served"]

SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}  # bytes a second
CPU = 4  # times slower
PAINTED, READY, SHIFT = 2.0, 4.0, 0.05  # seconds, seconds, the sum of layout shifts
WATCH = """() => {
    const seen = window.nnlabSeen = {shift: 0, painted: 0, ready: 0};
    new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) seen.shift += e.value; }))
        .observe({type: 'layout-shift', buffered: true});
    const paint = e => { if (e.name === 'first-contentful-paint') seen.painted = e.startTime; };
    new PerformanceObserver(list => list.getEntries().forEach(paint)).observe({type: 'paint', buffered: true});
    const inSight = e => e.checkVisibility() && e.getBoundingClientRect().top < innerHeight;
    const lives = host => {
        const panel = host.shadowRoot?.querySelector('.nnlab-panel');
        return panel && (host.matches('.nnlab-predict') || panel.dataset.frames > 0);
    };
    const look = () => {
        const there = performance.getEntriesByType('navigation')[0]?.domContentLoadedEventEnd;
        const hosts = [...document.querySelectorAll('[data-front]')].filter(inSight);
        if (there && hosts.every(lives)) seen.ready = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
SCROLL = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 60));
    }
}"""


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_):
        """Nothing."""


@contextmanager
def served(folder: Path):
    """A folder behind an address of this computer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def load(browser, address: str) -> dict:
    """Open a page as a slow telephone does, scroll through it: ``painted`` and ``ready`` in seconds, and ``shift``."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    line.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
    page.add_init_script(f"({WATCH})()")
    page.goto(address, wait_until="load")
    page.wait_for_function("() => window.nnlabSeen.ready > 0 && window.nnlabSeen.painted > 0")
    page.evaluate(SCROLL)
    seen = page.evaluate("() => window.nnlabSeen")
    context.close()
    return {"painted": seen["painted"] / 1000, "ready": seen["ready"] / 1000, "shift": seen["shift"]}


def measure(folder: Path | None = None) -> list[Row]:
    """Rows for every page of a site, which is built if none is named, and for what it weighs."""
    with tempfile.TemporaryDirectory() as made, open_browser() as browser:
        if folder is None:
            folder = Path(made) / "site"
            build(folder)
        rows = [at_most(what, size / 1000, limit / 1000, "kB") for what, size, limit in sizes(folder)]
        with served(folder) as address:
            for path in sorted(folder.glob("*.html")):
                seen = load(browser, f"{address}/{path.name}")
                rows.append(at_most(f"{path.stem}, first picture", seen["painted"], PAINTED, "s"))
                rows.append(at_most(f"{path.stem}, ready", seen["ready"], READY, "s"))
                rows.append(at_most(f"{path.stem}, what jumps", seen["shift"], SHIFT, "of the window"))
    return rows
