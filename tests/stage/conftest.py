"""What the tests of the stage share: a notebook that only writes down what is shown in it."""

import pytest


class Shown:
    """An output that can be replaced by another one."""

    def __init__(self, outputs):
        self.outputs = outputs

    def update(self, data, metadata=None, raw=False):
        self.outputs.append((data, metadata))


@pytest.fixture
def published(monkeypatch):
    """The outputs that a cell shows, and what replaces them later: (data, metadata) each."""
    outputs = []

    def display(data, metadata=None, raw=False, display_id=None):
        outputs.append((data, metadata))
        return Shown(outputs)

    monkeypatch.setattr("IPython.display.display", display)
    return outputs
