"""One JupyterLab for all browser tests, one browser for each test module, screenshots to look at."""

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
def browser(lab):
    """A headless Chromium; it is gone before modules that need an event loop of their own."""
    with open_browser() as running:
        yield running


@pytest.fixture(scope="session")
def shots(request, tmp_path_factory):
    """The folder for screenshots: the one given by --shots, or a temporary one."""
    given = request.config.getoption("--shots")
    folder = Path(given) if given else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
