"""What all tests of explorers share."""

import ipywidgets
import pytest


@pytest.fixture(autouse=True)
def close_widgets():
    """ipywidgets keeps every widget until it is closed, and with it the explorer and its pixels: 4 GB in the end."""
    yield
    ipywidgets.Widget.close_all()
