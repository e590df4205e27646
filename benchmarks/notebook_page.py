"""A notebook in a real browser: open it, run it, look at its explorers, press keys."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.lab import Lab
from nnlab.commands.cli import find_browser

OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE = 120_000  # milliseconds; a loaded machine is slow, not broken
VIEW = {"width": 1400, "height": 1000}

READY = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    return panel?.content?.widgets?.length > 0 && panel.sessionContext?.session?.kernel?.status === 'idle';
}"""
RUN_ALL = """() => {
    const commands = window.jupyterapp.commands;
    commands.execute('notebook:clear-all-cell-outputs').then(() => { commands.execute('runmenu:run-all'); });
}"""
FINISHED = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cells = panel.content.widgets.filter(c => c.model.type === 'code' && c.model.sharedModel.source.trim());
    const failed = cells.some(c => c.model.outputs.toJSON().some(o => o.output_type === 'error'));
    const ran = cells.every(c => c.model.executionCount !== null && !c.node.innerText.startsWith('[*]'));
    return panel.sessionContext.session.kernel.status === 'idle' && (failed || ran);
}"""
# From each key press in a panel to the frame that it brings, in milliseconds.
WATCH_KEYS = """root => {
    const seen = window.nnlabKeys = {pressed: null, delays: []};
    root.addEventListener('keydown', event => { seen.pressed = event.timeStamp; }, true);
    new MutationObserver(() => {
        if (seen.pressed !== null) seen.delays.push(performance.now() - seen.pressed);
        seen.pressed = null;
    }).observe(root, {attributes: true, attributeFilter: ['data-frames']});
}"""
KEY_DELAYS = "() => window.nnlabKeys.delays"
RANGE = "range => [range.min, range.value, range.max].map(Number)"
SHOWN = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content.node;
    const panels = [...notebook.querySelectorAll('.nnlab-panel:has(.nnlab-picture)')];
    const shown = p => p.dataset.frames > 0 || p.querySelector('.nnlab-error').innerText;
    const empty = '.jp-OutputArea-output .lm-Widget:empty:not(.widget-container, .jp-OutputPrompt)';
    const loading = notebook.innerText.includes('Loading widget') || notebook.querySelector(empty);
    return !loading && panels.every(shown);
}"""
RUN_CELL = """async index => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
    return panel.content.widgets[index].model.outputs.toJSON();
}"""
IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
THEME = """name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
THEMED = "light => document.body.dataset.jpThemeLight === light"
OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(c => c.model.type === 'code').map(c => c.model.outputs.toJSON())"""
FRAME = """root => {
    const text = view => btoa(Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
                                         b => String.fromCharCode(b)).join(''));
    const strokes = s => ({...s, points: text(s.points), images: s.images.map(text)});
    return {...root.nnlabFrame, strokes: strokes(root.nnlabFrame.strokes)};
}"""
PIXELS = "root => root.querySelector('.nnlab-picture').toDataURL()"
COUNT_FRAMES = """root => {
    const seen = window.nnlabFrames = {before: 0, after: 0, last: false};
    new MutationObserver(() => { seen[seen.last ? 'after' : 'before'] += 1; })
        .observe(root, {attributes: true, attributeFilter: ['data-frames']});
}"""
SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"


@contextmanager
def open_browser():
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


def notebook_of(cells: Iterable[str]) -> nbformat.NotebookNode:
    """A notebook of code cells, not yet run, with the kernel that JupyterLab would ask for."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


class NotebookPage:
    """A notebook in JupyterLab, with a kernel of its own.

    Args:
        before: JavaScript, a function that is called before anything of the page.

    Attributes:
        page: the page of the browser.
        complaints: what the page wrote to the browser's console as an error, in order.
    """

    def __init__(self, browser: Browser, lab: Lab, name: str, before: str | None = None):
        self.name = Path(name).stem
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(viewport=VIEW)
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if before:
            self.page.add_init_script(f"({before})()")
        self.page.goto(lab.address(name))
        self.page.wait_for_function(READY)
        self.page.wait_for_selector("#main")

    @classmethod
    @contextmanager
    def of_cells(cls, browser: Browser, lab: Lab, name: str, cells: Iterable[str]):
        """A new notebook of these cells, run, and closed at the end."""
        nbformat.write(notebook_of(cells), lab.notebooks / name)
        page = cls(browser, lab, name)
        page.run_all()
        yield page
        page.close()

    def _hear(self, message) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def run_all(self) -> None:
        """Run all cells until they have finished, or one has failed, and until every picture is shown."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function(FINISHED)
        self.page.wait_for_function(SHOWN)

    def outputs(self) -> list[list[dict]]:
        """The outputs of each code cell, as the notebook file would hold them."""
        return self.page.evaluate(OUTPUTS)

    def run_cell(self, index: int) -> list[dict]:
        """Run one cell, wait for it, and get its outputs."""
        return self.page.evaluate(RUN_CELL, index)

    def choose_theme(self, dark: bool) -> None:
        """JupyterLab's own light or dark theme."""
        self.page.evaluate(THEME, "JupyterLab Dark" if dark else "JupyterLab Light")
        self.page.wait_for_function(THEMED, arg=str(not dark).lower())
        self.page.evaluate(TWO_FRAMES)
        # JupyterLab takes its splash screen away a little later, and stumbles if the theme changes again before.
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def explorers(self) -> list[ShownExplorer]:
        """Every explorer that is shown now, from top to bottom."""
        roots = self.page.locator(".jp-Notebook .nnlab-panel:has(.nnlab-quiet)")
        return [ShownExplorer(self.page, root) for root in roots.all()]

    def lives(self) -> list[ShownPanel]:
        """Every live training that is shown now, from top to bottom."""
        roots = self.page.locator(".jp-Notebook .nnlab-panel:has([data-name=run])")
        return [ShownPanel(self.page, root) for root in roots.all()]

    def predictions(self) -> list[Locator]:
        """Every cell that asks for a prediction."""
        return self.page.locator(".jp-CodeCell:has(.nnlab-question)").all()

    def screenshots(self, folder: Path) -> None:
        """Pictures of the whole notebook, one for each screen of it."""
        folder.mkdir(exist_ok=True)
        outer = self.page.locator(".jp-WindowedPanel-outer")
        height, step = outer.evaluate("e => [e.scrollHeight, e.clientHeight]")
        for number, top in enumerate(range(0, height, step - 40), start=1):
            outer.evaluate("(e, top) => { e.scrollTop = top; }", top)
            self.page.screenshot(path=folder / f"{self.name}-screen-{number:02d}.png")

    def close(self) -> None:
        """Close the page and stop its kernel."""
        self.page.evaluate(SHUT_DOWN)
        self.page.close()


class ShownPanel:
    """The parts of one panel in the page, an explorer's or a live training's."""

    def __init__(self, page: Page, root: Locator):
        self.page, self.root = page, root
        self.image = root.locator(".nnlab-picture")
        self.sentence, self.error, self.note = (
            root.locator(f".nnlab-{name}") for name in ("sentence", "error", "note")
        )
        self.sliders = root.locator("input[type=range]")
        self.fields = root.locator(".nnlab-value")
        self.choices = root.locator(".nnlab-choice")
        self.toggles = root.locator("input[type=checkbox]")
        self.presets = root.locator(".nnlab-chip")

    def press(self, slider: int, key: str, times: int = 1) -> None:
        """Focus a slider and press a key."""
        self.sliders.nth(slider).focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def push(self, label: str) -> None:
        """Press the button with this label."""
        self.root.get_by_role("button", name=label, exact=True).click()

    def picture(self) -> str:
        """The pixels that are shown, as the address of a PNG."""
        return self.root.evaluate(PIXELS)


def next_key(slider, key: str, read: str = RANGE) -> str:
    """The arrow key that moves a slider on from where it stands: ``key``, or the other one at an end."""
    low, now, high = slider.evaluate(read)
    return {high: "ArrowLeft", low: "ArrowRight"}.get(now, key)


class ShownExplorer(ShownPanel):
    """An explorer in the page."""

    def frame(self) -> dict:
        """What is shown: values, sentence, code and strokes; bytes as base64."""
        return self.root.evaluate(FRAME)

    def count_frames(self):
        """Count pictures from now on, apart for those before and after ``mark_last_key``; call the result to read."""
        self.root.evaluate(COUNT_FRAMES)
        return lambda: self.page.evaluate("() => window.nnlabFrames")

    def mark_last_key(self) -> None:
        """Say that the keys of a burst are over."""
        self.page.evaluate("() => { window.nnlabFrames.last = true; }")
