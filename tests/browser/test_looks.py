"""Panels of every kind in the light and the dark theme, in wide and narrow windows, and for those who listen."""

import re

import axe
import nbformat
import pytest
from kinds_trial import notebook as trial_notebook

from benchmarks.notebook_page import NotebookPage

CORNER = "canvas => [...canvas.getContext('2d').getImageData(2, 2, 1, 1).data]"
PICTURES = "() => [...document.querySelectorAll('.nnlab-picture')].map(canvas => canvas.toDataURL())"
RESIZED = """() => [...document.querySelectorAll('.nnlab-picture')].every(canvas =>
    Math.abs(canvas.width - canvas.clientWidth * devicePixelRatio) <= 1)"""
CUT = """() => [...document.querySelectorAll('.nnlab-panel')].flatMap(root => {
    const column = root.closest('.jp-OutputArea-output').getBoundingClientRect();
    const parts = root.querySelectorAll('.nnlab-wide, p, input, select, button:not(.nnlab-handle), label');
    return [...parts].filter(part => {
        const place = part.getBoundingClientRect();
        if (!place.width) return false;
        return place.right > column.right + 1 || place.left < column.left - 1 || part.scrollWidth > part.clientWidth + 1
            && ['BUTTON', 'P', 'SELECT', 'LABEL'].includes(part.tagName);
    }).map(part => part.outerHTML.slice(0, 160));
})"""
COLOURS = """canvas => {
    const context = canvas.getContext('2d');
    return new Set(new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
}"""
REACHED = """canvas => {
    const frame = canvas.closest('.nnlab-wide') ?? canvas;
    frame.scrollLeft = 1e6;
    const end = canvas.getBoundingClientRect().right <= frame.getBoundingClientRect().right + 1;
    frame.scrollLeft = 0;
    return [end, frame.scrollWidth <= frame.clientWidth + 1];
}"""
NAMES = "element => [...(element.labels ?? [])].map(label => label.innerText).join(' ') || element.ariaLabel"
DESCRIPTION = "canvas => document.getElementById(canvas.getAttribute('aria-describedby'))?.textContent"


@pytest.fixture(scope="module")
def page(browser, lab):
    nbformat.write(trial_notebook(), lab.notebooks / "looks_trial.ipynb")
    page = NotebookPage(browser, lab, "looks_trial.ipynb")
    page.run_all()
    page.page.locator(".nnlab-option input").first.check()
    page.page.wait_for_function("() => document.querySelectorAll('.nnlab-panel[data-frames]').length === 4")
    yield page
    page.close()


@pytest.fixture
def dark(page):
    page.choose_theme(dark=True)
    yield page
    page.choose_theme(dark=False)


def test_another_theme_redraws_every_picture_at_once(page, shots):
    light = page.page.evaluate(PICTURES)
    assert len(light) == 4
    page.choose_theme(dark=True)
    turned = page.page.evaluate(PICTURES)
    shots.walk(page, "dark")
    corners = [canvas.evaluate(CORNER) for canvas in page.page.locator(".nnlab-picture").all()]
    page.choose_theme(dark=False)
    assert page.page.evaluate(PICTURES) == light
    assert not set(light) & set(turned)
    for *colour, alpha in corners:
        assert max(colour) < 60
        assert alpha == 255


@pytest.mark.parametrize("width", [820, 1366])
def test_a_picture_fits_its_column_in_every_window(page, shots, width):
    """Below 0.88 of its size its texts would be too small: there it can be moved in a frame that fits."""
    height = page.page.viewport_size["height"]
    before = [canvas.evaluate("c => c.width") for canvas in page.page.locator(".nnlab-picture").all()]
    page.page.set_viewport_size({"width": width, "height": height})
    page.page.wait_for_timeout(500)  # JupyterLab lays itself out
    page.page.wait_for_function(RESIZED)
    shots.walk(page, f"{width}px")
    after = [canvas.evaluate("c => c.width") for canvas in page.page.locator(".nnlab-picture").all()]
    cut = page.page.evaluate(CUT)
    reached = [canvas.evaluate(REACHED) for canvas in page.page.locator(".nnlab-picture").all()]
    colours = [canvas.evaluate(COLOURS) for canvas in page.page.locator(".nnlab-picture").all()]
    page.page.set_viewport_size({"width": 1400, "height": height})
    page.page.wait_for_function(RESIZED)
    assert cut == []
    assert all(end for end, _ in reached)
    assert width < 1000 or all(fits for _, fits in reached)
    assert min(colours) > 50
    assert width > 1000 or all(now < then for now, then in zip(after, before, strict=True))


def test_axe_finds_nothing_in_the_light_theme(page):
    assert axe.violations(page.page) == []


def test_axe_finds_nothing_in_the_dark_theme(dark):
    assert axe.violations(dark.page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_what_exercises_say(page, theme, request):
    if theme == "dark":
        request.getfixturevalue("dark")
    said = ".jp-CodeCell:has(.jp-RenderedHTMLCommon span[style]) .jp-OutputArea"
    assert all(mark in page.page.locator(said).inner_text() for mark in "○✗✓")
    assert axe.violations(page.page, said) == []


def test_axe_finds_nothing_while_a_training_runs(page):
    (live,) = page.lives()
    live.push("start")
    live.root.get_by_role("button", name="pause", exact=True).wait_for()
    found = axe.violations(page.page)
    live.push("pause")
    live.push("reset")
    assert found == []


def test_axe_finds_a_name_that_is_missing(page):
    """The two checks above can fail."""
    fields = page.page.locator(".nnlab-value")
    fields.evaluate_all(
        "all => all.forEach(field => { field.dataset.kept = field.ariaLabel; field.ariaLabel = null; })"
    )
    found = axe.violations(page.page)
    fields.evaluate_all("all => all.forEach(field => { field.ariaLabel = field.dataset.kept; })")
    assert len(found) == fields.count()
    assert all(violation.startswith("label") for violation in found)


def test_every_control_has_a_name_and_every_slider_says_its_value(page):
    for field in page.page.locator(".nnlab-panel :is(input, select)").all():
        assert field.evaluate(NAMES).strip(), field.evaluate("e => e.outerHTML")
    for shown in [*page.explorers(), *page.lives()]:
        for slider, field in zip(shown.sliders.all(), shown.fields.all(), strict=True):
            assert slider.get_attribute("aria-valuetext") == field.input_value()
            slider.press("ArrowRight")
            assert slider.get_attribute("aria-valuetext") == field.input_value()
    for button in page.page.locator(".nnlab-panel button").all():
        assert button.inner_text().strip() or button.get_attribute("aria-label")


def test_every_picture_has_a_name_and_is_described_by_its_sentence(page):
    for canvas in page.page.locator(".nnlab-picture").all():
        assert canvas.get_attribute("role") == "img"
        assert canvas.get_attribute("aria-label").strip()
    for shown in [*page.explorers(), *page.lives()]:
        assert shown.sentence.get_attribute("aria-live") == "polite"
        assert shown.image.evaluate(DESCRIPTION) == shown.sentence.inner_text()
        assert re.search(r"\w{3}", shown.sentence.inner_text())


def test_the_proof_waits_for_the_answer_or_for_whoever_only_reads(page, shots):
    """What the cell below a question printed gives the answer away; it comes with the verdict."""
    question, proof = page.predictions()[1], page.page.get_by_text("divided by 2, 3 and 5 it leaves 1 1 2", exact=True)
    waiting = page.page.locator(".jp-CodeCell:has(.nnlab-open) + .jp-CodeCell .jp-OutputArea")
    assert "is shown with the answer" in waiting.evaluate("area => getComputedStyle(area, '::after').content")
    assert not proof.is_visible()
    shots.take(question, "open question.png")
    question.get_by_role("button", name="show all answers").click()
    verdict = question.locator(".nnlab-verdict")
    verdict.get_by_text("The answer is: yes. Nothing divides it.", exact=True).wait_for()
    proof.wait_for()
    assert not question.get_by_role("button", name="show all answers").is_visible()
    assert question.locator(".nnlab-option.nnlab-right").inner_text().startswith("yes")
    question.get_by_label("no").check()
    verdict.get_by_text("Not quite. The answer is: yes. Nothing divides it.", exact=True).wait_for()


def test_the_browser_had_nothing_to_complain_about(page):
    assert page.complaints == []
