"""No key that is pressed in a control reaches the notebook, where JupyterLab's command mode would act on it."""

import string

import nbformat
import pytest
from kinds_trial import notebook as trial_notebook

from benchmarks.notebook_page import NotebookPage

KEYS = (
    *string.ascii_lowercase,
    *(f"Shift+{letter.upper()}" for letter in string.ascii_lowercase),
    *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"),
    *("Delete", "Backspace", "d", "d", "0", "0", "x", "Enter", "Shift+Enter", "Escape"),
)
CONTROLS = {  # where a key is pressed: the cell, and the control in it
    "handle": (1, ".nnlab-handle:visible"),  # before another control takes it away
    "range": (2, "input[type=range]"),
    "typed value": (2, ".nnlab-value"),
    "radio group": (1, ".nnlab-options input:checked"),
    "list": (2, "select"),
    "check box": (1, "input[type=checkbox]"),
    "preset": (1, ".nnlab-chip"),
    "reset": (1, ".nnlab-quiet >> nth=0"),
    "copy as code": (1, ".nnlab-quiet >> nth=1"),
    "option of a question": (3, ".nnlab-option input"),
    "range of a live training": (4, "input[type=range]"),
    "start": (4, "[data-name=run].nnlab-button"),
    "one step": (4, "[data-name=step]"),
    "reset of a live training": (4, "[data-name=reset]"),
}
CLICKED = ("range", "typed value", "radio group", "check box", "option of a question")  # the others would do something
SELECT = """index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.mode = 'command';
}"""
STATE = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    return {
        cells: notebook.widgets.map(c => [c.model.type, c.model.sharedModel.source, c.model.executionCount]),
        hidden: notebook.widgets.map(c => [c.inputHidden, Boolean(c.outputHidden)]),
        active: notebook.activeCellIndex,
        selected: notebook.selectedCells.length,
        mode: notebook.mode,
        kernel: window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id,
        dialogs: document.querySelectorAll('.jp-Dialog').length,
    };
}"""
INSIDE = "root => root.contains(document.activeElement)"


@pytest.fixture(scope="module")
def page(browser, lab):
    nbformat.write(trial_notebook(), lab.notebooks / "keys_trial.ipynb")
    page = NotebookPage(browser, lab, "keys_trial.ipynb")
    page.run_all()
    yield page
    page.close()


@pytest.mark.parametrize("control", CONTROLS)
def test_no_key_reaches_the_notebook(page, control):
    index, selector = CONTROLS[control]
    root = page.page.locator(".jp-Cell").nth(index).locator(".nnlab-panel").first
    element = root.locator(selector).first.element_handle()
    page.page.evaluate(SELECT, index)
    element.click() if control in CLICKED else element.focus()
    assert element.evaluate("element => element === document.activeElement")
    before = page.page.evaluate(STATE)
    assert (before["active"], before["mode"], len(before["cells"])) == (index, "command", 6)
    for key in KEYS:
        element.focus()  # a digit may have led from a slider to its field
        page.page.keyboard.press(key)
        assert root.evaluate(INSIDE), f"{key} took the focus away"
    assert page.page.evaluate(STATE) == before


def test_the_same_keys_change_a_notebook_whose_cell_is_selected(page):
    """The check above can fail: without a control in focus, *b* inserts a cell."""
    page.page.evaluate(SELECT, 5)
    before = page.page.evaluate(STATE)
    page.page.locator(".jp-Cell").nth(5).focus()
    page.page.keyboard.press("b")
    assert len(page.page.evaluate(STATE)["cells"]) == len(before["cells"]) + 1


def test_the_browser_had_nothing_to_complain_about(page):
    assert page.complaints == []
