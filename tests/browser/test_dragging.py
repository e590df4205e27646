"""Handles: places in a picture that can be dragged, by mouse and by keyboard."""

import pytest

from benchmarks.agreement import agree, named_in
from benchmarks.notebook_page import NotebookPage

CELLS = ("import nnlab", "nnlab.explorers.descent_2d()", "nnlab.explorers.softmax_cross_entropy()")


@pytest.fixture(scope="module")
def page(browser, lab):
    with NotebookPage.of_cells(browser, lab, "handles.ipynb", CELLS) as page:
        yield page


def values(shown):
    return named_in(agree(shown))[1]


def drag(shown, handle, right, down):
    """Take a handle by the mouse and move it so many pixels of the screen."""
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = shown.page.mouse
    mouse.move(x, y)
    mouse.down()
    for share in (0.25, 0.5, 0.75, 1):
        mouse.move(x + share * right, y + share * down)
    mouse.up()
    return x, y


def middle(handle):
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_start_point_follows_the_mouse_in_both_directions(page):
    shown = page.explorers()[0]
    shown.push("reset")
    before = values(shown)
    assert before == {}
    (handle,) = shown.root.locator(".nnlab-handle:visible").all()
    x, y = drag(shown, handle, 150, 60)
    after = values(shown)
    assert after["start_w1"] > -1.5
    assert after["start_w2"] < 0.9
    new_x, new_y = middle(handle)
    assert abs(new_x - x - 150) < 12, "it lies where it was dropped, up to half a stop"
    assert abs(new_y - y - 60) < 12


def test_a_handle_that_leaves_the_picture_stays_at_the_end_of_its_slider(page):
    shown = page.explorers()[0]
    shown.push("reset")
    agree(shown)
    drag(shown, shown.root.locator(".nnlab-handle").first, -400, -400)
    assert values(shown) == {"start_w1": -2.2, "start_w2": 1.3}


def test_arrow_keys_move_it_one_stop(page):
    shown = page.explorers()[0]
    shown.push("reset")
    agree(shown)
    handle = shown.root.locator(".nnlab-handle").first
    assert "start" in handle.get_attribute("aria-label")
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        shown.page.keyboard.press(key)
    assert values(shown) == {"start_w1": -1.8, "start_w2": 1.1}
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        shown.page.keyboard.press(key)
    assert values(shown) == {}


def test_a_bar_is_pulled_by_its_end(page):
    shown = page.explorers()[1]
    shown.push("reset")
    agree(shown)
    handles = shown.root.locator(".nnlab-handle:visible").all()
    assert len(handles) == 3
    drag(shown, handles[1], 0, -40)
    changed = values(shown)
    assert list(changed) == ["z2"]
    assert changed["z2"] > 1
    assert page.complaints == []
