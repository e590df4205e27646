"""Explorers in every window: no control ever jumps, no text is small or cut, and those who listen miss nothing.

Three of them in the suite, all of them with ``--ends``.
"""

import axe
import nbformat
import pytest
from test_looks import CUT, NAMES

import nnlab
from benchmarks.agreement import reference
from benchmarks.notebook_page import NotebookPage, notebook_of
from nnlab.stage.description import Slider, Toggle

SAMPLE = ["softmax_cross_entropy", "descent_2d", "loss_shapes"]  # whose sentences differ most
WIDTHS = [820, 1400]
LIVE = """
net = nnlab.Network([2, 8, 2])
nnlab.live_training(nnlab.models.to_torch(net, net.init("he_normal", seed=0)), nnlab.moons(), steps=20)
"""
PLACES = """root => {
    const start = root.getBoundingClientRect();
    const parts = [...root.querySelectorAll('.nnlab-controls :not(option), .nnlab-buttons button')];
    return Object.fromEntries(parts.map((part, k) => {
        const {left, top, width, height} = part.getBoundingClientRect();
        const place = [left - start.left, top - start.top, width, height].map(Math.round);
        return [`${k} ${part.tagName} of ${part.closest('.nnlab-control')?.dataset.name}`, place];
    }));
}"""
ARRIVED = "([root, values]) => Object.entries(values).every(([name, value]) => root.nnlabFrame.values[name] === value)"
RESIZED = """() => [...document.querySelectorAll('.nnlab-picture')].every(canvas =>
    Math.abs(canvas.width - canvas.clientWidth * devicePixelRatio) <= 1)"""


@pytest.fixture(scope="module")
def names(request):
    """A sample of the explorers; all of them with ``--ends``."""
    return nnlab.explorers.__all__ if request.config.getoption("--ends") else SAMPLE


@pytest.fixture(scope="module")
def page(browser, lab, names):
    cells = ["import nnlab", *(f"nnlab.explorers.{name}()" for name in names), LIVE]
    nbformat.write(notebook_of(cells), lab.notebooks / "layout_trial.ipynb")
    page = NotebookPage(browser, lab, "layout_trial.ipynb")
    page.run_all()
    yield page
    page.close()


SIZE = """root => {  // pixels of the screen for a pixel of the page
    const canvas = root.querySelector('.nnlab-picture');
    return devicePixelRatio * canvas.clientWidth / parseFloat(canvas.style.aspectRatio);
}"""
WATCH_LETTERS = """() => {
    const seen = window.nnlabLetters = {count: 0, smallest: Infinity};
    const draw = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (...words) {
        seen.count += 1;
        seen.smallest = Math.min(seen.smallest, parseFloat(this.font.match(/[\\d.]+px/)[0]) / devicePixelRatio);
        return draw.apply(this, words);
    };
}"""
FOLD_LISTS = "() => window.jupyterapp.commands.execute('application:toggle-left-area')"


@pytest.fixture
def phone(page):
    """A window of 390 pixels, without the list of files, as ``nnlab lab`` opens it there."""
    page.page.evaluate(FOLD_LISTS)
    page.page.set_viewport_size({"width": 390, "height": 844})
    page.page.wait_for_timeout(500)
    page.page.wait_for_function(RESIZED)
    yield
    page.page.set_viewport_size({"width": 1400, "height": 1000})
    page.page.evaluate(FOLD_LISTS)
    page.page.wait_for_function(RESIZED)


@pytest.fixture(params=WIDTHS)
def width(request, page):
    if request.param > 820 and not request.config.getoption("--ends"):
        pytest.skip("wide windows are tried once a week, with --ends")
    page.page.set_viewport_size({"width": request.param, "height": 1000})
    page.page.wait_for_function(RESIZED)
    yield request.param
    page.page.set_viewport_size({"width": 1400, "height": 1000})


def ends(shown, description):
    """Set every control to all its ends by the front end, and press every preset; yields the values that are wanted."""
    for control in description.controls:
        row = shown.root.locator(f".nnlab-control[data-name={control.name}]")
        for end in control.ends:
            if isinstance(control, Slider):
                row.locator("input[type=range]").press("Home" if end == control.ends[0] else "End")
            elif isinstance(control, Toggle):
                row.locator("input").set_checked(end)
            elif row.locator("select").count():
                row.locator("select").select_option(end)
            else:
                row.get_by_role("radio", name=end, exact=True).check(force=True)
            yield {control.name: end}
        shown.push("reset")
    for preset in description.presets:
        shown.push(preset.label)
        yield description.values(**preset.values)


def moved(before, shown, why):
    """The first part of a panel that is not where it was."""
    now = shown.root.evaluate(PLACES)
    return [(why, part, before[part], now[part]) for part in before if before[part] != now[part]][:1]


def test_controls_stay_where_they_are(page, names, width):
    problems = []
    for shown, name in zip(page.explorers(), names, strict=True):
        before, root = shown.root.evaluate(PLACES), shown.root.element_handle()
        for values in ends(shown, reference(name).description):
            page.page.wait_for_function(ARRIVED, arg=[root, values], polling="raf")
            problems += moved(before, shown, (name, values))
        shown.push("reset")
    assert problems == []


def test_the_buttons_of_a_live_training_stay_where_they_are(page, width):
    (live,) = page.lives()
    before = live.root.evaluate(PLACES)
    live.push("start")
    live.root.get_by_role("button", name="pause", exact=True).wait_for()
    running = moved(before, live, "running")
    live.push("pause")
    live.root.get_by_role("button", name="start", exact=True).wait_for()
    for key in ("Home", "End"):
        for slider in live.sliders.all():
            slider.press(key)
    page.page.wait_for_timeout(500)
    assert running + moved(before, live, "at the ends") == []
    live.push("reset")


def test_on_a_phone_no_text_is_small_and_nothing_is_cut(page, phone, shots):
    shots.walk(page, "390px")
    sizes = {shown.root.get_attribute("aria-label"): shown.root.evaluate(SIZE) for shown in page.explorers()}
    assert {name: size for name, size in sizes.items() if size < 0.735} == {}
    page.page.evaluate(WATCH_LETTERS)
    page.page.set_viewport_size({"width": 380, "height": 844})
    page.page.wait_for_function("count => window.nnlabLetters.count > count", arg=10 * len(sizes))  # drawn again
    page.page.wait_for_function(RESIZED)
    assert page.page.evaluate("() => window.nnlabLetters.smallest") >= 11
    assert page.page.evaluate(CUT) == []


def test_at_150_percent_no_picture_is_smaller(page):
    """A zoom makes the window smaller, in pixels of the page, and each of them larger."""
    screen = page.page.context.new_cdp_session(page.page)
    sizes = []
    for zoom in (1, 1.5):
        window = {"width": round(1366 / zoom), "height": round(900 / zoom), "deviceScaleFactor": zoom, "mobile": False}
        screen.send("Emulation.setDeviceMetricsOverride", window)
        page.page.wait_for_timeout(500)
        page.page.wait_for_function(RESIZED)
        sizes.append([shown.root.evaluate(SIZE) for shown in page.explorers()])
    screen.send("Emulation.clearDeviceMetricsOverride")
    page.page.set_viewport_size({"width": 1400, "height": 1000})
    page.page.wait_for_function(RESIZED)
    assert all(large >= small for small, large in zip(*sizes, strict=True)), sizes


def test_those_who_listen_hear_names_and_values(page, names):
    for shown, name in zip(page.explorers(), names, strict=True):
        controls = reference(name).description.controls
        said = [slider.get_attribute("aria-valuetext") for slider in shown.sliders.all()]
        assert said == [control.text(control.default) for control in controls if isinstance(control, Slider)]
        for field in shown.root.locator(":is(input, select)").all():
            assert field.evaluate(NAMES).strip(), field.evaluate("e => e.outerHTML")
        picture = shown.root.get_by_role("img", name=reference(name).description.title)
        assert picture.evaluate("e => document.getElementById(e.getAttribute('aria-describedby')).textContent")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_any_explorer(page, dark, request):
    if not request.config.getoption("--ends"):
        pytest.skip("all explorers are tried once a week, with --ends; one of every kind in test_looks.py")
    page.choose_theme(dark=dark)
    found = axe.violations(page.page)
    page.choose_theme(dark=False)
    assert found == []
