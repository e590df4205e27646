"""A run that is killed with SIGKILL, at 50 random moments and at the worst ones, resumes with the same bits."""

import multiprocessing
import os
import random
import signal
import sys
import time

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import nnlab

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
PRELOADED = ["sklearn.datasets", "sklearn.model_selection", "torchmetrics.classification", "nnlab.training"]
PRELOADED += ["nnlab.training.models", "torch._dynamo", "test_killed_runs"]
EPOCHS, PATIENCE = 8, 120  # seconds until a test that hangs is given up


def run(folder) -> dict:
    """Train with everything that has a state; the end of the run as a dictionary of tensors."""
    torch.set_num_threads(1)
    data = nnlab.digits()
    net = nnlab.Network([64, 32, 10])
    layers = nnlab.models.to_torch(net, net.init(seed=0))
    model = nn.Sequential(layers[0], nn.BatchNorm1d(32), layers[1], nn.Dropout(0.2), layers[2])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    history = nnlab.fit(
        model,
        data,
        optimizer=optimizer,
        loss=nn.CrossEntropyLoss(),
        epochs=EPOCHS,
        batch_size=32,
        schedule=lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS),
        callbacks=[nnlab.EarlyStopping(3)],
        seed=1,
        checkpoint=folder,
        progress=False,
    )
    last = nnlab.checkpoints.load(folder / "last.pt")
    random_states = {f"random {name}": state for name, state in last["random"].items()}
    return {
        **{n: curve.values for n, curve in history.curves.items()},
        "evaluated": history.evaluated,
        **history.params,
        **random_states,
    }


def child(folder, started, deadly) -> None:
    """Run, and write the end into a file; with ``deadly`` "fsync 3", die just before the third call of os.fsync."""
    if deadly:
        name, count = deadly.split()
        calls, real = [], getattr(os, name)

        def dies(*arguments):
            calls.append(1)
            if len(calls) == int(count):
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        setattr(os, name, dies)
    started.set()
    end = run(folder)
    torch.save(end, folder / "end.pt")


@pytest.fixture(scope="module")
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def start(processes, folder, deadly=None):
    started = processes.Event()
    process = processes.Process(target=child, args=(folder, started, deadly))
    process.start()
    assert started.wait(PATIENCE)
    return process


def end_of(processes, folder) -> tuple[dict, float]:
    """Let a run go to its end: what it ends with, and how long it took."""
    process = start(processes, folder)
    began = time.monotonic()
    process.join(PATIENCE)
    assert process.exitcode == 0
    return torch.load(folder / "end.pt"), time.monotonic() - began


@pytest.fixture(scope="module")
def uninterrupted(processes, tmp_path_factory):
    end_of(processes, tmp_path_factory.mktemp("warm"))
    return end_of(processes, tmp_path_factory.mktemp("whole"))


def assert_same(end, expected):
    assert end.keys() == expected.keys()
    different = [name for name in expected if not torch.equal(end[name].nan_to_num(7), expected[name].nan_to_num(7))]
    assert different == []


def test_fifty_random_moments(processes, uninterrupted, tmp_path):
    expected, seconds = uninterrupted
    draw, killed, after_a_checkpoint = random.Random(0), 0, 0
    for number in range(50):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = start(processes, folder)
        time.sleep(draw.uniform(0, 0.9 * seconds))
        process.kill()
        process.join(PATIENCE)
        killed += process.exitcode == -signal.SIGKILL
        after_a_checkpoint += (folder / "last.pt").exists()
        end, its_seconds = end_of(processes, folder)
        seconds = min(seconds, 2 * its_seconds)
        assert_same(end, expected)
    assert killed >= 40
    assert after_a_checkpoint >= 20


@pytest.mark.parametrize("deadly", ["fsync 1", "fsync 5", "fsync 6", "replace 1", "replace 4", "replace 5"])
def test_the_worst_moments(processes, uninterrupted, tmp_path, deadly):
    process = start(processes, tmp_path, deadly)
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
    assert_same(end_of(processes, tmp_path)[0], uninterrupted[0])
