"""A curve of a picture tells its name and value where the pointer is."""

import math
import re

import pytest

from benchmarks.notebook_page import NotebookPage

AXES = "root => root.nnlabScene?.axes"
CELLS = (
    "import nnlab\nnnlab.explorers.polynomial()",
    "import nnlab\nnnlab.explorers.optimizer_race()",
)


@pytest.fixture(scope="module")
def page(browser, lab):
    with NotebookPage.of_cells(browser, lab, "curves_trial.ipynb", CELLS) as page:
        yield page


def hover(shown, page, x, y):
    """Move the pointer to a place of the picture, in pixels of its page; what is told there, or ""."""
    shown.image.scroll_into_view_if_needed()
    box, size = shown.image.bounding_box(), shown.root.evaluate("root => root.nnlabFrame.strokes.size")
    page.page.mouse.move(box["x"] + x * box["width"] / size[0], box["y"] + y * box["height"] / size[1])
    tip = shown.root.locator(".nnlab-tip")
    return tip.inner_text() if tip.is_visible() else ""


def told_along(shown, page, axes):
    """What is told at places all over an Axes."""
    (left, right), (bottom, top) = axes["x"]["pixels"], axes["y"]["pixels"]
    places = [(left + (right - left) * i / 9, top + (bottom - top) * j / 9) for i in range(1, 9) for j in range(1, 9)]
    return [(x, y, hover(shown, page, x, y)) for x, y in places]


def value_at(way, pixel):
    (start, end), (low, high) = way["pixels"], way["values"]
    share = (pixel - start) / (end - start)
    return low * (high / low) ** share if way["log"] else low + share * (high - low)


@pytest.mark.parametrize(
    ("k", "log", "names"), [(0, False, {"samples", "others"}), (1, True, {"Adam", "SGD", "Momentum"})]
)
def test_a_curve_tells_its_name_and_the_value_under_the_pointer(page, shots, k, log, names):
    shown = page.explorers()[k]
    axes = shown.root.evaluate(AXES)[k]
    assert axes["y"]["log"] is log
    told = [(x, y, text) for x, y, text in told_along(shown, page, axes) if text]
    shots.take(shown.root, f"curve-{k}.png")
    assert names <= {text.split(",")[0] for _, _, text in told}
    for _, y, text in told:
        value = float(re.search(r"(-?[\d.]+(e-?\d+)?)$", text).group(1))
        near = [value_at(axes["y"], y + away) for away in (-14, 14)]
        spare = 0.01 * abs(max(near, key=abs)) + (
            0 if log else 0.01 * math.dist(axes["y"]["values"][:1], axes["y"]["values"][1:])
        )
        assert min(near) - spare <= value <= max(near) + spare, text


def test_nothing_is_told_where_no_curve_is_and_nothing_is_read_aloud(page):
    shown = page.explorers()[0]
    assert hover(shown, page, 2, 2) == ""
    assert shown.root.locator(".nnlab-tip").get_attribute("aria-hidden") == "true"
    assert page.complaints == []
