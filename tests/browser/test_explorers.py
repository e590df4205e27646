"""Explorers in real JupyterLab, in the cases that no lesson shows."""

import nbformat
import pytest
from trial import notebook as trial_notebook

from benchmarks.agreement import agree
from benchmarks.notebook_page import NotebookPage

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
    left, right, failing, slow = page.explorers()
    return {"left": left, "right": right, "failing": failing, "slow": slow}


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
    shown.press(0, "End")
    alert = shown.root.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "ValueError: lr is above one"
    assert alert.evaluate("e => getComputedStyle(e).color") == "rgb(176, 0, 32)"
    shots.take(shown.root, "trial-error.png")
    shown.press(0, "Home")
    alert.wait_for(state="hidden")
    agree(shown)
    assert shown.picture() != start


def test_a_slow_explorer_says_that_it_is_busy_and_skips_to_the_last_value(page, explorers):
    shown = explorers["slow"]
    shown.root.evaluate(WATCH_BUSY)
    frames = shown.count_frames()
    shown.press(0, "Home")
    shown.press(0, "ArrowRight", times=40)
    shown.mark_last_key()
    agree(shown)
    counted = frames()
    assert counted["after"] <= 2
    assert counted["before"] + counted["after"] < 20
    assert "true" in page.page.evaluate("() => window.nnlabBusy")
    assert shown.root.get_attribute("aria-busy") is None


def test_the_browser_had_nothing_to_complain_about(page):
    assert page.complaints == []
