"""What a student saves: pictures, sentences and verdicts are in sight when it is opened again, before any run.

In JupyterLab as ``nnlab lab`` starts it, in one that nobody configured, and in one that cannot load the front end.
"""

import nbformat
import pytest

from benchmarks.lab import Lab
from benchmarks.notebook_page import FINISHED, RUN_ALL, SHOWN, NotebookPage, notebook_of

CELLS = (
    "import nnlab\nfrom matplotlib.figure import Figure\nfigure = Figure((6, 3))",
    "nnlab.explorers.descent_1d(lr=0.3)",
    "nnlab.predict('Up?', ['yes', 'no'], answer='no', because='It falls.', reveal=nnlab.explorers.descent_2d())",
    "net = nnlab.Network([2, 8, 2])\n"
    "nnlab.live_training(nnlab.models.to_torch(net, net.init('he_normal', 0)), nnlab.moons(), steps=5)",
    "nnlab.predict('Nothing chosen?', ['yes', 'no'], answer='yes', because='So it is.', reveal=figure)",
)
STILL = ".jp-Notebook .jp-RenderedImage img:visible"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
TYPE = """() => {
    const model = window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel;
    model.setSource(model.source + '  # a word');
}"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A JupyterLab that nobody configured."""
    with Lab(tmp_path_factory.mktemp("plain") / "lab", hook=False) as running:
        yield running


@pytest.fixture(scope="module", params=["nnlab lab", "jupyter lab"])
def stored(request, browser, lab):
    """A notebook that was run, answered, saved and closed, with its kernel ended; and the JupyterLab that it is in."""
    running = lab if request.param == "nnlab lab" else request.getfixturevalue("plain")
    nbformat.write(notebook_of(CELLS), running.notebooks / "saved.ipynb")
    page = NotebookPage(browser, running, "saved.ipynb")
    page.run_all()
    page.predictions()[0].locator("input[type=radio]").first.check()
    page.page.locator(".nnlab-panel").nth(4).wait_for()
    page.page.wait_for_function(SHOWN)
    assert page.page.locator(STILL).count() == 0, "one picture each: what stands still is hidden while the other lives"
    late = page.page.locator(".nnlab-late")
    assert late.count() == 4
    assert page.page.locator(".nnlab-late:visible").count() == 0, "how to get the live one is not said beside it"
    save(page, running)
    assert len(page.explorers()) == 2, "what is on the screen stays alive"
    explorer = page.explorers()[0]
    explorer.press(0, "Home")
    explorer.root.get_by_text("lr 0.01").wait_for()
    page.close()
    return running


def save(page, running):
    """Save, and wait until it is written."""
    path = running.notebooks / "saved.ipynb"
    before = path.stat().st_mtime_ns
    page.page.evaluate(SAVE)
    for _ in range(200):
        if path.stat().st_mtime_ns != before:
            return
        page.page.wait_for_timeout(50)
    raise AssertionError("the notebook was not written")


def cell(page, number):
    return page.page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea")


@pytest.mark.parametrize("opening", ["the first", "after a word was typed and saved without running", "after two"])
def test_every_picture_and_verdict_is_there_when_it_is_opened_again(browser, stored, opening):
    page = NotebookPage(browser, stored, "saved.ipynb")
    shown = page.page.locator(STILL)
    shown.nth(3).wait_for()
    assert shown.count() == 4
    assert all(image.evaluate("i => i.complete && i.naturalWidth > 400") for image in shown.all())
    lines = cell(page, 2).inner_text().split("\n")
    assert [line for line in lines if line][:4] == [
        *("Predict: Up?", "yes (your choice)", "no", "Not quite. The answer is: no. It falls.")
    ]
    assert "Predict: Nothing chosen?" in cell(page, 4).inner_text()
    if stored.hook:
        text = page.page.locator(".jp-Notebook").inner_text()
        assert "Loading widget" not in text
        assert "Error displaying widget" not in text
        assert page.complaints == []
    page.page.evaluate(TYPE)
    save(page, stored)
    page.close()


def test_a_front_end_that_cannot_load_the_live_one_shows_the_still_one_and_how_to_get_it(browser, plain):
    nbformat.write(notebook_of(CELLS), plain.notebooks / "missing.ipynb")
    with plain.without("anywidget"):
        page = NotebookPage(browser, plain, "missing.ipynb")
        page.page.evaluate(RUN_ALL)
        page.page.wait_for_function(FINISHED)
        for number in (1, 2, 3, 4):
            picture = cell(page, number).locator("img:visible")
            cell(page, number).get_by_text("To have the live picture, run the notebook in JupyterLab as").wait_for()
            assert picture.count() == 1
            assert picture.evaluate("i => i.complete && i.naturalWidth > 400 && i.clientHeight > 200")
            assert "Click to show javascript error" not in cell(page, number).inner_text()
        assert "Predict: Up?" in cell(page, 2).inner_text()
        assert page.page.locator(".nnlab-panel").count() == 0
        page.close()
