"""Live training in kernels without a front end: today's, and the one with the old widgets that Colab has."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient
from old_environment import OLD, ROOT, NotBuilt, environment, give_up, overlay

CELLS = (
    """
import threading
import time
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "Deprecated in traitlets")  # says ipywidgets 7 of itself, called by anywidget
warnings.simplefilter("ignore", ResourceWarning)  # ipykernel 6 leaves a socket to each thread that ends
import ipykernel
import ipywidgets
import nnlab
net = nnlab.Network([2, 8, 2])
live = nnlab.live_training(nnlab.models.to_torch(net, net.init("he_normal", seed=0)), nnlab.moons(), steps=30)
live
""",
    "start = time.time()\nlive.start()\nassert time.time() - start < 1",
    "while live.run.steps < 60:\n    time.sleep(0.01)",
    """
stops = {control["name"]: control["stops"] for control in live.widget.about["controls"]}
live.controls["lr"].value = stops["lr"][-1]
assert live.run.optimizer.param_groups[0]["lr"] == live.widget.values["lr"] == 10
""",
    """
live.pause()
live.set(momentum=0.9)
live.reset()
live.step(30)
print(repr(live), live.controls["lr"].value)
""",
    """
end = time.time() + 20
while "nnlab live training" in [thread.name for thread in threading.enumerate()]:  # a last picture
    assert time.time() < end
    time.sleep(0.01)
""",
    "print(ipywidgets.__version__, ipykernel.__version__)",
)
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(params=["new", "old"])
def kernel(request):
    """The environment of a kernel, and the versions that it must have."""
    if request.param == "new":
        return None, None
    try:
        folder = overlay(request.config.cache.mkdir("old_widgets"))
    except NotBuilt as reason:
        give_up("live training was", reason)
    return environment(folder), f"{OLD['ipywidgets']} {OLD['ipykernel']}\n"


def test_it_trains_between_cells_and_ends_where_it_began(kernel):
    variables, versions = kernel
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": sys.version, "language": "python"}
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}})
    client.execute(**({"env": variables} if variables else {}))
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    shown, alive, said, installed = outputs
    assert list(alive.data) == [VIEW]
    assert "image/png" in shown.data
    assert "after step 30:" in shown.data["text/plain"]
    assert said.text == f"{shown.data['text/plain']} 0.1\n"
    assert versions is None or installed.text == versions
