"""Controls never jump: every control and button of a panel stays where it is, whatever the others are set to."""

import nbformat
import pytest

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
