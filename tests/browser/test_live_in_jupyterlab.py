"""Live training in real JupyterLab: pictures a second, sliders, pause, other cells meanwhile, two side by side.

Times are taken in the page and in the kernel by the same clock. What is counted is a picture that the browser has
drawn, and a step that ``torch.optim`` has made.
"""

import json
from statistics import median

import nbformat
import pytest
from live_trial import CELLS
from live_trial import notebook as trial_notebook

from benchmarks.notebook_page import NotebookPage

RATE = 15  # pictures a second
SOON = 100  # milliseconds
LIVE = ".nnlab-panel:has([data-name=run])"
CLEAR = """index => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    return window.jupyterapp.commands.execute('notebook:clear-cell-output');
}"""
WATCH = """root => {
    const watched = root.nnlab;
    root.nnlab = {pictures: [], keys: [], clicks: []};
    if (watched) return;
    new MutationObserver(() => root.nnlab.pictures.push(Date.now()))
        .observe(root, {attributes: true, attributeFilter: ['data-frames']});
    root.addEventListener('keydown', () => root.nnlab.keys.push(Date.now()), true);
    root.addEventListener('click', () => root.nnlab.clicks.push(Date.now()), true);
}"""


class WatchedLive:
    """One live training in the page, and when it drew and was touched."""

    def __init__(self, shown):
        self.page, self.root = shown.page, shown.root
        self.push, self.press, self.sentence = shown.push, shown.press, shown.sentence.inner_text
        self.root.evaluate(WATCH)

    def times(self, what):
        return self.root.evaluate("(root, what) => root.nnlab[what]", what)

    def wait_for(self, text):
        self.root.get_by_text(text).first.wait_for()

    def wait_for_button(self, label):
        self.root.get_by_role("button", name=label, exact=True).wait_for()

    def rest(self):
        """Pause, if it runs, and wait until the last picture is there."""
        if self.root.get_by_role("button", name="pause", exact=True).count():
            self.push("pause")
        self.wait_for_button("start")
        self.page.wait_for_timeout(500)


@pytest.fixture(scope="module")
def page(browser, lab, shots):
    nbformat.write(trial_notebook(), lab.notebooks / "live_trial.ipynb")
    page = NotebookPage(browser, lab, "live_trial.ipynb")
    page.run_all()
    page.page.locator(LIVE).nth(2).wait_for()
    shots.walk(page)
    yield page
    page.close()


@pytest.fixture
def run(page):
    """Run a cell of the notebook by its name; what it printed as JSON is returned."""

    def run_cell(name):
        outputs = page.run_cell(list(CELLS).index(name))
        assert not [output for output in outputs if output["output_type"] == "error"]
        text = "".join("".join(output.get("text", "")) for output in outputs)
        return json.loads(text) if text else None

    return run_cell


@pytest.fixture
def lives(page):
    shown = [WatchedLive(live) for live in page.lives()[:2]]
    yield shown
    for live in shown:
        live.rest()
        live.push("reset")


def best_second(times):
    """The most pictures in any second: what the machine can do when other programs leave it alone for a moment."""
    return max((sum(start <= time < start + 1000 for time in times) for start in times), default=0)


def test_at_least_fifteen_pictures_a_second(page, lives, shots):
    for live, name in zip(lives, ("moons", "digits"), strict=True):
        live.push("start")
        for _ in range(15):  # a minute at most, for a machine that is busy with other things
            page.page.wait_for_timeout(4000)
            if (rate := best_second(live.times("pictures"))) >= RATE:
                break
        live.rest()
        shots.take(live.root, f"live-{name}.png")
        print(f"{name}: {rate} pictures a second")
        assert rate >= RATE


def test_a_slider_reaches_the_optimizer_soon(page, lives, run):
    live = lives[0]
    live.push("start")
    page.page.wait_for_timeout(500)
    for k in range(15):
        live.press(0, "ArrowRight" if k % 2 else "ArrowLeft")
        page.page.wait_for_timeout(300)
    live.rest()
    record = run("state")["records"][0]
    changes = [time for (time, lr), (_, before) in zip(record[1:], record, strict=False) if lr != before]
    keys = live.times("keys")
    assert len(changes) == len(keys) == 15
    delays = [change - key for key, change in zip(keys, changes, strict=True)]
    print(f"slider to optimizer: median {median(delays):.0f} ms, worst {max(delays):.0f} ms")
    assert min(delays) >= 0
    assert min(median(delays[k : k + 5]) for k in (0, 5, 10)) <= SOON  # the best of three blocks


def test_a_hand_that_drags_lr_for_four_seconds_leaves_at_most_three_marks(page, lives, run):
    live = lives[0]
    live.push("start")
    for k in range(40):
        live.press(0, "ArrowRight" if k < 20 else "ArrowLeft")
        page.page.wait_for_timeout(100)
    live.rest()
    assert len({lr for _, lr in run("state")["records"][0]}) > 10, "the optimizer had them all"
    assert 1 <= run("state")["marks"][0] <= 3


def test_pause_is_at_once(page, lives, run):
    for number, live in enumerate(lives):
        delays = []
        for _ in range(5):
            live.push("start")
            page.page.wait_for_timeout(700)
            live.push("pause")
            live.wait_for_button("start")
            page.page.wait_for_timeout(500)
            state = run("state")
            steps, record = state["steps"][number], state["records"][number]
            delays.append(record[-1][0] - live.times("clicks")[-1])
            assert not state["running"][number]
            assert f"after step {steps}:" in live.sentence()
        assert state["threads"] == 0
        print(f"last step after the click on pause: median {median(delays):.0f} ms, worst {max(delays):.0f} ms")
        assert median(delays) <= SOON


def test_another_cell_runs_meanwhile(page, lives, run):
    live = lives[0]
    live.push("start")
    page.page.wait_for_timeout(300)
    before = len(live.times("pictures"))
    meanwhile = run("busy")
    pictures = len(live.times("pictures")) - before
    print(f"while another cell was busy for 3 s: {meanwhile}, {pictures} pictures")
    assert meanwhile["after"] > meanwhile["before"] + 20
    assert meanwhile["rounds"] > 1000
    assert pictures >= 3  # the busy cell takes one of two cores, and other programs their share


def test_two_side_by_side_end_as_each_alone(page, lives, run):
    for live in lives:
        live.push("reset")
        live.wait_for("before the first step")
    for live in lives:
        live.push("start")
    page.page.wait_for_timeout(5000)
    for live in lives:
        live.rest()
    rates = [best_second(live.times("pictures")) for live in lives]
    print(f"side by side: {rates} pictures a second")
    assert min(rates) >= 2  # both are alive; how fast depends on what else the two cores have to do
    assert run("alone") == [True, True]


def test_one_step_and_reset_by_keyboard(page, lives, run):
    live = lives[0]
    live.push("reset")
    live.wait_for("before the first step")
    live.root.get_by_role("button", name="one step", exact=True).focus()
    for _ in range(20):
        page.page.keyboard.press("Space")
    live.wait_for("after step 20:")
    assert run("state")["steps"][0] == 20
    assert len(live.times("pictures")) <= 22
    live.root.get_by_role("button", name="reset", exact=True).focus()
    page.page.keyboard.press("Enter")
    live.wait_for("before the first step")


def test_an_error_is_shown_in_red(page, shots):
    live = WatchedLive(page.lives()[2])
    live.push("start")
    alert = live.root.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "RuntimeError: this layer has had enough"
    assert alert.evaluate("e => getComputedStyle(e).color") == "rgb(176, 0, 32)"
    shots.take(live.root, "live-error.png")


@pytest.mark.parametrize("how", ["run again", "cleared"])
def test_a_training_whose_cell_is_gone_stops(page, lives, run, how):
    lives[0].push("start")
    page.page.wait_for_timeout(500)
    assert run("state")["threads"] == 1
    number = list(CELLS).index("moons")
    page.run_cell(number) if how == "run again" else page.page.evaluate(CLEAR, number)
    page.page.wait_for_timeout(1000)
    state = run("state")
    assert not any(state["running"])
    assert state["threads"] == 0
    page.run_cell(number)
    page.page.locator(LIVE).nth(2).wait_for()


def test_the_browser_had_nothing_to_complain_about(page):
    assert page.complaints == []
