"""What a student saves: pictures and sentences are in sight when the notebook is opened again, before any run."""

import nbformat
import pytest

from benchmarks.notebook_page import SHOWN, NotebookPage, notebook_of

CELLS = (
    "import nnlab",
    "nnlab.explorers.descent_1d(lr=0.3)",
    "nnlab.predict('Up?', ['yes', 'no'], answer='no', because='It falls.', reveal=nnlab.explorers.descent_2d())",
    "net = nnlab.Network([2, 8, 2])\n"
    "nnlab.live_training(nnlab.models.to_torch(net, net.init('he_normal', 0)), nnlab.moons(), steps=5)",
)
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
TYPE = """() => {
    const model = window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel;
    model.setSource(model.source + '  # a word');
}"""


@pytest.fixture(scope="module")
def stored(browser, lab):
    """A notebook that was run, answered, saved and closed, with its kernel ended."""
    nbformat.write(notebook_of(CELLS), lab.notebooks / "saved.ipynb")
    page = NotebookPage(browser, lab, "saved.ipynb")
    page.run_all()
    for prediction in page.predictions():
        prediction.locator("input[type=radio]").first.check()
    page.page.locator(".nnlab-panel").nth(3).wait_for()
    page.page.wait_for_function(SHOWN)
    save(page, lab)
    assert len(page.explorers()) == 2, "what is on the screen stays alive"
    explorer = page.explorers()[0]
    explorer.press(0, "Home")
    explorer.root.get_by_text("lr 0.01").wait_for()
    page.close()
    return lab.notebooks / "saved.ipynb"


def save(page, lab):
    """Save, and wait until it is written."""
    path = lab.notebooks / "saved.ipynb"
    before = path.stat().st_mtime_ns
    page.page.evaluate(SAVE)
    for _ in range(200):
        if path.stat().st_mtime_ns != before:
            return
        page.page.wait_for_timeout(50)
    raise AssertionError("the notebook was not written")


@pytest.mark.parametrize("opening", ["the first", "after a word was typed and saved without running", "after two"])
def test_every_picture_is_there_when_it_is_opened_again(browser, lab, stored, opening):
    page = NotebookPage(browser, lab, "saved.ipynb")
    shown = page.page.locator(".jp-Notebook .jp-RenderedImage img")
    shown.nth(2).wait_for()
    assert shown.count() == 3
    assert all(image.evaluate("i => i.complete && i.naturalWidth > 400") for image in shown.all())
    text = page.page.locator(".jp-Notebook").inner_text()
    assert "Predict: Up?" in text
    assert "Error displaying widget" not in text
    assert "Loading widget" not in text
    page.page.evaluate(TYPE)
    save(page, lab)
    assert page.complaints == []
    page.close()
