"""After the kernel was restarted, or interrupted: what the page says and does."""

import pytest

from benchmarks.notebook_page import NotebookPage

CELLS = (
    """
import nnlab
net = nnlab.Network([2, 8, 2])
live = nnlab.live_training(nnlab.models.to_torch(net, net.init("he_normal", seed=0)), nnlab.moons(), steps=20)
live
""",
    "nnlab.explorers.descent_1d()",
    "live.running",
)
INTERRUPT = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()"
GONE = "The kernel that computed this was ended or restarted: run the cell again."


@pytest.fixture
def page(browser, lab):
    with NotebookPage.of_cells(browser, lab, "restart_trial.ipynb", CELLS) as page:
        yield page


def button(live, label):
    """Wait until the button that starts and pauses says this."""
    live.root.get_by_role("button", name=label, exact=True).wait_for()


def test_interrupt_pauses_and_a_restart_leaves_the_picture_and_says_that_the_run_is_gone(page, shots):
    (live,), (explorer,) = page.lives(), page.explorers()
    live.push("start")
    button(live, "pause")
    page.page.wait_for_timeout(500)
    page.page.evaluate(INTERRUPT)
    button(live, "start")
    assert "False" in str(page.run_cell(2))
    live.push("start")
    button(live, "pause")
    page.page.wait_for_timeout(500)
    page.page.evaluate(RESTART)
    for shown in (live, explorer):
        shown.root.get_by_text(GONE).wait_for()
        assert shown.image.evaluate("canvas => canvas.getContext('2d').getImageData(0, 0, 9, 9).data.some(v => v > 0)")
        assert shown.sentence.inner_text()
    shots.take(live.root, "live-restarted.png")
    button(live, "start")
    assert live.root.get_by_role("button", name="start", exact=True).is_disabled()
    explorer.press(0, "ArrowRight", 3)
    page.page.wait_for_timeout(500)
    for shown in (live, explorer):
        assert GONE in shown.note.inner_text()
        assert shown.root.get_attribute("aria-busy") is None
    page.run_cell(0)
    page.page.locator(".nnlab-button:enabled").first.wait_for()
    (again,) = page.lives()
    again.push("start")
    button(again, "pause")
    again.push("pause")
