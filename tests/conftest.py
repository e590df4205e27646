"""What all tests share: how Hypothesis searches, what an error message must say, a small disk."""

import shutil
import subprocess
from contextlib import contextmanager

import pytest
import torch
from hypothesis import settings

# The same examples on every run, so that the suite passes or fails for a reason that can be repeated.
# `pytest --hypothesis-profile=search` looks at many new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("repeatable")

torch.set_num_threads(1)  # the tensors are small: threads that wait for each other only cost time on a busy machine


@pytest.fixture
def refused():
    """A context in which a ValueError or TypeError must be raised that says rule, value and remedy."""

    @contextmanager
    def context(value="", start="", error=(ValueError, TypeError)):
        with pytest.raises(error) as caught:
            yield
        message = str(caught.value)
        assert message.startswith(start), message
        assert "must" in message, message
        assert f"Got {value}" in message, message
        assert "Try" in message or "Did you mean" in message, message

    return context


@pytest.fixture
def mounted(tmp_path):
    """A function that gives the test a folder on a file system of its own, such as ``mounted("64k")``."""
    folder = tmp_path / "small"
    folder.mkdir()

    def mount(size):
        command = [shutil.which("mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if not command[0] or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a small file system cannot be mounted here")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


def pytest_addoption(parser):
    parser.addoption("--shots", metavar="FOLDER", help="where the browser tests put their screenshots")
    whole = "run whole what else is run as a sample: strokes at the ends of all controls, all copies for a class"
    parser.addoption("--ends", action="store_true", help=whole)
    parser.addoption("--class", action="store_true", help="grade all 200 submissions, not only a sample")
