"""Explorers in real JupyterLab, in the cases that no lesson shows."""

from contextlib import contextmanager

import nbformat
import psutil
import pytest
from trial import notebook as trial_notebook

from benchmarks.agreement import agree
from benchmarks.notebook_page import IDLE, WATCH_KEYS, NotebookPage

FOCUSED = "element => element === document.activeElement"
WATCH_BUSY = """root => {
    window.nnlabBusy = [];
    new MutationObserver(() => window.nnlabBusy.push(root.getAttribute('aria-busy')))
        .observe(root, {attributes: true, attributeFilter: ['aria-busy']});
}"""


@pytest.fixture(scope="module")
def page(browser, lab, shots):
    nbformat.write(trial_notebook(), lab.notebooks / "trial.ipynb")
    page = NotebookPage(browser, lab, "trial.ipynb")
    page.run_all()
    shots.walk(page)
    yield page
    page.close()


@pytest.fixture
def explorers(page):
    names = ("left", "right", "failing", "slow", "broken")
    return dict(zip(names, page.explorers(), strict=True))


def kernels():
    """The processes of the lab's kernels."""
    children = psutil.Process().children(recursive=True)
    return [process for process in children if "ipykernel_launcher" in process.cmdline()]


@contextmanager
def stopped(processes):
    """They stand still: a sleeping cell does not do, because JupyterLab talks to widgets through a second thread."""
    assert processes
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def test_a_key_turns_the_slider_exactly_one_stop(explorers):
    shown = explorers["left"]
    shown.push("reset")
    assert agree(shown) == "nnlab.explorers.descent_1d()"
    shown.press(0, "ArrowRight")
    assert agree(shown) == "nnlab.explorers.descent_1d(lr=0.11)"
    shown.press(0, "ArrowLeft")
    assert agree(shown) == "nnlab.explorers.descent_1d()"
    shown.press(0, "Home")
    assert agree(shown) == "nnlab.explorers.descent_1d(lr=0.01)"


def test_an_explorer_starts_exactly_where_it_was_told_to(explorers):
    assert agree(explorers["right"]) == "nnlab.explorers.descent_1d(lr=1.9)"


def test_two_explorers_side_by_side_do_not_disturb_each_other(explorers):
    left, right = explorers["left"], explorers["right"]
    before = agree(right), right.picture()
    for _ in range(10):
        left.press(0, "ArrowRight")
        right.press(3, "ArrowRight")
    assert agree(left) != before[0]
    assert agree(right) == "nnlab.explorers.descent_1d(lr=1.9, steps=30)"
    left_before = left.picture()
    right.push("reset")
    assert (agree(right), right.picture()) == before
    agree(left)
    assert left.picture() == left_before


def test_an_error_is_shown_in_red_and_the_next_move_works(explorers, shots):
    shown = explorers["failing"]
    start = shown.picture()
    shown.press(1, "End")
    alert = shown.root.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "ValueError: curvature is above three"
    assert alert.evaluate("e => getComputedStyle(e).color") == "rgb(176, 0, 32)"
    shots.take(shown.root, "trial-error.png")
    shown.press(1, "Home")
    alert.wait_for(state="hidden")
    agree(shown, "descent_1d")
    assert shown.picture() != start


def test_a_slow_explorer_says_that_it_is_busy_and_skips_to_the_last_value(page, explorers):
    shown = explorers["slow"]
    shown.root.evaluate(WATCH_BUSY)
    frames = shown.count_frames()
    shown.press(0, "Home")
    shown.press(0, "ArrowRight", times=40)
    shown.mark_last_key()
    agree(shown, "descent_1d")
    counted = frames()
    assert counted["after"] <= 2
    assert counted["before"] + counted["after"] < 20
    assert "true" in page.page.evaluate("() => window.nnlabBusy")
    assert shown.root.get_attribute("aria-busy") is None


def test_a_second_value_that_fails_alike_leaves_nothing_busy(page, explorers):
    shown = explorers["failing"]
    shown.press(1, "End")
    shown.root.get_by_role("alert").wait_for()
    page.page.wait_for_function(IDLE)
    shown.press(1, "ArrowLeft")
    page.page.wait_for_timeout(500)
    assert shown.error.inner_text() == "ValueError: curvature is above three"
    assert shown.root.get_attribute("aria-busy") is None
    shown.push("reset")
    agree(shown, "descent_1d")


def test_one_that_fails_from_the_start_says_so_in_the_same_place(page, explorers):
    assert [output["output_type"] for cell in page.outputs() for output in cell].count("error") == 0
    assert explorers["broken"].error.inner_text() == "ValueError: nothing works"


def test_a_typed_value_is_taken_exactly(page, explorers):
    shown = explorers["left"]
    shown.push("reset")
    agree(shown)
    shown.sliders.first.focus()
    page.page.keyboard.type("0.237")
    assert shown.fields.first.evaluate(FOCUSED)
    assert shown.fields.first.input_value() == "0.237"
    page.page.keyboard.press("Enter")
    assert shown.sliders.first.evaluate(FOCUSED)
    assert agree(shown) == "nnlab.explorers.descent_1d(lr=0.237)"


def test_a_digit_that_is_shown_already_can_begin_another_number(page, explorers):
    shown = explorers["left"]
    for number in ("2", "25"):
        shown.sliders.nth(3).focus()
        page.page.keyboard.type(number)
        page.page.keyboard.press("Enter")
        assert agree(shown).endswith(f"steps={number})")


@pytest.mark.parametrize("typed", ["11", "0", "-", "1.2.3"])
def test_an_impossible_value_is_said_and_goes_back(page, explorers, typed):
    shown = explorers["left"]
    shown.push("reset")
    before = agree(shown), shown.fields.first.input_value()
    shown.sliders.first.focus()
    page.page.keyboard.type(typed)
    page.page.keyboard.press("Enter")
    said = shown.error.inner_text()
    assert said == f"learning rate lr must be a number from 0.01 to 10. Got {typed}. Try {before[1]}."
    assert shown.fields.first.input_value() == before[1]
    shown.press(0, "ArrowRight")
    shown.press(0, "ArrowLeft")
    assert agree(shown) == before[0]  # and the message is gone


def test_escape_leaves_the_field_as_it_was(page, explorers):
    shown = explorers["left"]
    shown.push("reset")
    before = agree(shown), shown.fields.first.input_value()
    shown.sliders.first.focus()
    page.page.keyboard.type("0.5")
    page.page.keyboard.press("Escape")
    assert shown.sliders.first.evaluate(FOCUSED)
    assert (agree(shown), shown.fields.first.input_value()) == before


def test_copy_as_code_copies_and_says_so(page, explorers):
    shown = explorers["right"]
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    code = agree(shown)
    shown.push("copy as code")
    shown.note.get_by_text(f"Copied: {code}").wait_for()
    assert page.page.evaluate("() => navigator.clipboard.readText()") == code


def test_without_a_clipboard_the_code_can_be_read(page, explorers):
    shown = explorers["right"]
    page.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')); }")
    shown.press(0, "ArrowLeft")
    code = agree(shown)
    shown.push("copy as code")
    shown.note.get_by_text(code, exact=True).wait_for()


def test_keys_are_answered_while_the_kernel_cannot(page, explorers):
    """A control that was touched for a second has its frames in the page: the picture needs nobody."""
    shown = explorers["left"]
    shown.push("reset")
    agree(shown)
    shown.sliders.first.focus()
    page.page.wait_for_timeout(1000)
    shown.root.evaluate(WATCH_KEYS)
    with stopped(kernels()):
        for _ in range(5):
            page.page.keyboard.press("ArrowRight")
            page.page.wait_for_timeout(150)
        delays, values = shown.root.evaluate("root => [window.nnlabKeys.delays, root.nnlabFrame.values]")
        shown.push("copy as code")
        shown.note.get_by_text("nnlab.explorers.descent_1d(lr=0.18)").wait_for()
    assert len(delays) == 5
    assert max(delays) <= 100
    assert (values["lr"], shown.fields.first.input_value()) == (0.18, "0.18")
    assert agree(shown) == "nnlab.explorers.descent_1d(lr=0.18)"


def test_the_browser_had_nothing_to_complain_about(page):
    assert page.complaints == []
