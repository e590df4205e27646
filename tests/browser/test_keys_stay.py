"""By keyboard alone everything can be worked, and no key reaches the notebook, where command mode would act on it.

In JupyterLab, and a sample of it in Jupyter Notebook 7.
"""

import json
import string
from importlib.util import find_spec

import nbformat
import pytest
from kinds_trial import CELLS
from kinds_trial import notebook as trial_notebook

from benchmarks.lab import Lab
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
SAMPLE = ("handle", "range", "list", "option of a question", "start")  # in Notebook 7
VALUES = "root => root.nnlabFrame.values"
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
NAME = """const name = e => e.id ? '#' + e.id : e.dataset.name ? `[data-name=${e.dataset.name}]`
    : e.type === 'radio' ? `input[name=${e.name}]:checked`
    : `${e.tagName.toLowerCase()}:text-is("${e.textContent}")`;"""
STOPS = f"""root => {{
    {NAME}
    const all = [...root.querySelectorAll('input:not([type=radio]), input:checked, select, button')];
    return all.filter(e => e.tabIndex >= 0 && e.offsetParent).map(name);
}}"""
WHERE = f"root => {{ {NAME} return name(document.activeElement); }}"


@pytest.fixture(scope="module", params=["jupyterlab", "notebook"])
def page(request, browser, lab, tmp_path_factory):
    """The notebook, run, in one of the two; ``app`` says in which."""
    if find_spec(request.param) is None:
        pytest.skip("Jupyter Notebook 7 is not installed: pip install notebook")
    if request.param == "jupyterlab":
        yield from opened(browser, lab)
    else:
        with Lab(tmp_path_factory.mktemp("notebook") / "lab", app="notebook") as running:
            yield from opened(browser, running)


def opened(browser, running):
    nbformat.write(trial_notebook(), running.notebooks / "keys_trial.ipynb")
    page = NotebookPage(browser, running, "keys_trial.ipynb")
    page.app = running.app
    page.run_all()
    yield page
    page.close()


def panel(page, index):
    return page.page.locator(".jp-Cell").nth(index).locator(".nnlab-panel").first


def moved(page, root, element, key):
    """Press a key in a control: the values of the picture that follows."""
    before = root.evaluate(VALUES)
    element.focus()
    page.page.keyboard.press(key)
    page.page.wait_for_function(
        "([root, before]) => JSON.stringify(root.nnlabFrame.values) !== before",
        arg=[root.element_handle(), json.dumps(before, separators=(",", ":"))],
    )
    after = root.evaluate(VALUES)
    return {name for name in after if after[name] != before[name]}


def test_every_control_preset_and_handle_is_worked_by_keys(page):
    capacity, backprop = panel(page, 1), panel(page, 2)
    reset = capacity.locator(".nnlab-quiet").first
    assert moved(page, capacity, capacity.locator(".nnlab-options input:checked").first, "ArrowRight")
    assert moved(page, capacity, reset, "Space")
    assert moved(page, capacity, capacity.locator("input[type=checkbox]").first, "Space")
    assert moved(page, capacity, capacity.locator(".nnlab-chip[aria-pressed=false]").first, "Enter")
    assert moved(page, capacity, capacity.locator("input[type=range]").first, "ArrowLeft")
    assert moved(page, capacity, reset, "Enter")
    assert moved(page, capacity, capacity.locator(".nnlab-handle:visible").first, "ArrowLeft")
    assert moved(page, backprop, backprop.locator("select").first, "ArrowDown")
    assert moved(page, backprop, backprop.locator("input[type=range]").first, "ArrowLeft") == {"step"}


def test_tab_leads_through_all_that_can_be_worked_and_out_again(page):
    root = panel(page, 1)
    wanted = root.evaluate(STOPS)
    root.locator(wanted[0]).focus()
    reached = []
    while root.evaluate(INSIDE) and len(reached) < 40:
        reached.append(root.evaluate(WHERE))
        page.page.keyboard.press("Tab")
    assert reached == wanted


def test_a_question_is_answered_by_keys(page):
    root = panel(page, 3)
    root.locator(".nnlab-option input").first.focus()
    page.page.keyboard.press("Space")
    root.get_by_text("That is it. It is so.").wait_for()
    page.page.keyboard.press("ArrowDown")
    root.get_by_text("Not quite. The answer is: up. It is so.").wait_for()
    assert root.evaluate(INSIDE)


def test_a_live_training_is_worked_by_keys(page):
    root = panel(page, 4)
    run = root.locator("[data-name=run].nnlab-button")
    run.focus()
    for label in ("pause", "start"):
        page.page.keyboard.press("Space")
        root.get_by_role("button", name=label, exact=True).wait_for()
    root.locator("[data-name=reset]").focus()
    page.page.keyboard.press("Enter")
    root.get_by_text("before the first step").first.wait_for()
    root.locator("[data-name=step]").focus()
    page.page.keyboard.press("Space")
    root.get_by_text("after step 1:").first.wait_for()


@pytest.mark.parametrize("control", CONTROLS)
def test_no_key_reaches_the_notebook(page, control):
    if page.app != "jupyterlab" and control not in SAMPLE:
        pytest.skip("a sample is tried in Jupyter Notebook 7")
    index, selector = CONTROLS[control]
    root = panel(page, index)
    element = root.locator(selector).first.element_handle()
    page.page.evaluate(SELECT, index)
    element.click() if control in CLICKED else element.focus()
    assert element.evaluate("element => element === document.activeElement")
    before = page.page.evaluate(STATE)
    assert (before["active"], before["mode"], len(before["cells"])) == (index, "command", len(CELLS))
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
    own = (
        "Cannot read properties of undefined (reading 'schema')"  # says Notebook 7.6 at every start, without nnlab too
    )
    assert [said for said in page.complaints if page.app == "jupyterlab" or said != own] == []
