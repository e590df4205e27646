"""In a real kernel: an interrupt pauses a live training, and still ends a cell that runs."""

import json

import pytest
from jupyter_client.manager import start_new_kernel

PREPARE = """
import json, signal, time
import nnlab
net = nnlab.Network([2, 4, 2])
def made():
    return nnlab.live_training(nnlab.models.to_torch(net, net.init("he_normal", 0)), nnlab.moons(), steps=0)
one, other = made(), made()
"""
STATE = """
print(json.dumps([one.running, other.running]))
"""
PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def kernel():
    """A kernel: the manager, and a function that runs a cell and returns what it printed and its error."""
    manager, client = start_new_kernel(kernel_name="python3")

    def run(code):
        printed, ident = [], client.execute(code)
        while True:
            message = client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != ident:
                continue
            content = message["content"]
            printed.append(content.get("text") or content.get("ename") or "")
            if content.get("execution_state") == "idle":
                return "".join(printed)

    assert "Error" not in run(PREPARE)
    yield manager, run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def running(run):
    return json.loads(run(STATE))


def test_an_interrupt_between_cells_pauses_what_runs(kernel):
    manager, run = kernel
    run("one.start(); other.start()")
    run("time.sleep(0.2)")
    assert running(run) == [True, True]
    manager.interrupt_kernel()
    run("time.sleep(0.5)")
    assert running(run) == [False, False]
    run("one.start()")
    assert running(run) == [True, False]
    run("one.pause(); one._background.wait()")
    manager.interrupt_kernel()  # is ignored again, as ever
    assert running(run) == [False, False]


def test_a_cell_is_interrupted_as_ever_and_the_training_pauses_too(kernel):
    _, run = kernel
    run("one.start()")
    run("def soon():\n    time.sleep(1); signal.raise_signal(signal.SIGINT)\n")
    assert "KeyboardInterrupt" in run("soon()\ntime.sleep(30)")
    assert running(run) == [False, False]


AWAITS = """
import asyncio
one.start()
asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGINT)
await asyncio.sleep(20)
"""


def test_a_cell_that_awaits_is_interrupted_as_ever(kernel):
    manager, run = kernel
    error = run(AWAITS)
    assert "Cancelled" in error or "KeyboardInterrupt" in error
    run("one.pause(); one._background.wait()")
    run("one.start()")
    run("time.sleep(0.2)")
    manager.interrupt_kernel()
    run("time.sleep(0.5)")
    assert running(run) == [False, False]
