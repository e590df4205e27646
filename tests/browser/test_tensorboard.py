"""A real TensorBoard server in a real browser: alone, and inside a notebook."""

import os

import nbformat
import psutil
import pytest
import torch
from torch import nn

import nnlab
from benchmarks.notebook_page import PATIENCE, NotebookPage, notebook_of
from nnlab import tracking
from nnlab.training.tracking.server import Server

DRAWN = """([card, curves]) => [...card.querySelectorAll('tb-histogram path:not(.domain)')]
    .filter(path => path.getAttribute('d').length > 100).length === curves"""


def train(folder, lr):
    net = nnlab.Network([64, 16, 10])
    model = nnlab.models.to_torch(net, net.init(seed=0))
    return nnlab.fit(
        model,
        nnlab.digits(),
        optimizer=torch.optim.AdamW(model.parameters(), lr=lr),
        loss=nn.CrossEntropyLoss(),
        epochs=4,
        batch_size=128,
        seed=0,
        callbacks=[tracking.TensorBoard(folder, every=2, hparams={"hidden": 16})],
        progress=False,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder with two runs, and their histories."""
    folder = tmp_path_factory.mktemp("runs")
    return folder, {name: train(folder / name, lr) for name, lr in (("fast", 0.01), ("slow", 0.001))}


@pytest.fixture(scope="module")
def board(runs, browser):
    """Opens a tab of TensorBoard, with a filter on tags."""
    with Server(runs[0]) as server:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE)

        def show(tab, tags=""):
            page.goto("about:blank")
            page.goto(f"{server.address}?tagFilter={tags}#{tab}")
            return page

        yield show
        page.close()


def test_training_and_validation_on_one_chart(board, runs, shots):
    page = board("timeseries", "^loss$")
    cards = page.locator("scalar-card")
    for name in ("fast/train", "fast/val", "slow/train", "slow/val"):
        cards.get_by_text(name, exact=True).wait_for()
    assert cards.count() == 1
    last = runs[1]["fast"].val_loss[0, -1].item()
    cards.get_by_text(f"{last:.4g}", exact=True).wait_for()
    shots.take(page, "tensorboard-loss.png")


def test_histograms_of_every_kind(board, shots):
    page = board("timeseries", "layer1.weight|activations/layer1")
    for tag in ("activations/layer1", "gradients/layer1.weight", "weights/layer1.weight"):
        card = page.locator("histogram-card").filter(has=page.locator(f"[title='{tag}']")).first
        card.scroll_into_view_if_needed()
        page.wait_for_function(DRAWN, arg=[card.element_handle(), 2 if tag.startswith("gradients") else 3])
    shots.take(page, "tensorboard-histograms.png")


def test_pictures_of_misclassified_digits(board, shots):
    page = board("timeseries", "misclassified")
    image = page.locator("image-card img").first
    image.wait_for()
    page.wait_for_function("i => i.complete && i.naturalWidth > 0", arg=image.element_handle())
    assert image.evaluate("i => i.naturalWidth") == 380
    shots.take(page, "tensorboard-images.png")


def test_settings_beside_the_last_metrics(board, runs, shots):
    page = board("hparams")
    for label in ("optimizer", "lr", "batch_size", "hidden", "val loss", "val accuracy"):
        page.get_by_text(label, exact=True).first.wait_for()
    for name in ("fast", "slow"):
        page.get_by_text(name, exact=True).first.wait_for()
        accuracy = runs[1][name].val_accuracy[0, -1].item()
        page.get_by_text(f"{accuracy:#.5g}", exact=True).first.wait_for(state="attached")
    page.get_by_text("AdamW", exact=True).first.wait_for()
    shots.take(page, "tensorboard-hparams.png")


def test_the_graph_of_the_model(board, shots):
    page = board("graphs")
    page.locator("svg text").filter(has_text="Sequential").first.wait_for()
    shots.take(page, "tensorboard-graph.png")


class TestInANotebook:
    @pytest.fixture
    def page(self, browser, lab, runs):
        cells = ["import nnlab", f"nnlab.tracking.show_tensorboard({str(runs[0])!r})"]
        nbformat.write(notebook_of(cells), lab.notebooks / "board.ipynb")
        page = NotebookPage(browser, lab, "board.ipynb")
        page.run_all()
        yield page
        page.close()

    @staticmethod
    def servers(folder):
        """The TensorBoard processes that show this folder, without the one of ``board``, which this process started."""
        found = psutil.process_iter(["cmdline", "ppid"])
        return [p for p in found if str(folder) in (p.info["cmdline"] or ()) and p.info["ppid"] != os.getpid()]

    def opened(self, page, folder):
        """Press the button, wait for the charts; the server's processes."""
        page.page.get_by_role("button", name="open TensorBoard").click()
        frame = page.page.frame_locator("iframe[title=TensorBoard]")
        frame.get_by_text("fast/val", exact=True).first.wait_for()
        servers = self.servers(folder)
        assert len(servers) == 1
        return [*servers, *servers[0].children(recursive=True)]

    def test_it_opens_below_its_button_and_ends_with_its_cell_and_its_kernel(self, page, runs, shots):
        assert self.servers(runs[0]) == []  # nothing runs until the button is pressed
        text = f"TensorBoard of {runs[0]}. In a terminal: tensorboard --logdir {runs[0]}"
        assert [output["data"]["text/plain"] for output in page.outputs()[1]] == [text]
        family = self.opened(page, runs[0])
        shots.take(page.page, "tensorboard-notebook.png")
        page.run_all()  # the cell is run again: a new button, and nothing else
        assert psutil.wait_procs(family, timeout=30)[1] == []
        family = self.opened(page, runs[0])
        page.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        assert psutil.wait_procs(family, timeout=30)[1] == []
