"""One JupyterLab for all browser tests, one browser for each test module, screenshots for who wants to look."""

import shutil
from pathlib import Path

import pytest

from benchmarks.lab import ROOT, Lab
from benchmarks.notebook_page import find_browser, open_browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab that serves copies of the notebooks."""
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome was found: notebooks were not tried in a browser")
    with Lab(tmp_path_factory.mktemp("browser") / "lab") as running:
        for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
            shutil.copy(notebook, running.notebooks)
        yield running


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; it is gone before modules that need an event loop of their own."""
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome was found: nothing was tried in a browser")
    with open_browser() as running:
        yield running


class Shots:
    """Takes screenshots to look at, if somebody wants to: ``--shots FOLDER``."""

    def __init__(self, folder: Path | None):
        self.folder = folder

    def take(self, part, name: str) -> None:
        """A page, or an element of it."""
        if self.folder:
            part.screenshot(path=self.folder / name)

    def walk(self, notebook, within: str = "") -> None:
        """A whole notebook, screen by screen."""
        if self.folder:
            notebook.screenshots(self.folder / within)


@pytest.fixture(scope="session")
def shots(request):
    """Where screenshots go."""
    given = request.config.getoption("--shots")
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
    return Shots(Path(given) if given else None)
