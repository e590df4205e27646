"""The README moves: its picture is what the explorer draws today, and loads quickly."""

import re

import numpy as np
import pytest
from PIL import Image

from nnlab.commands.export.moving import FILE, VALUES, frame
from nnlab.commands.start.environment import ROOT
from nnlab.explorers import descent_2d

LARGEST = 1_000_000  # bytes
NEAR = 6  # of 255
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_moves_and_is_small():
    assert FILE.stat().st_size <= LARGEST
    with Image.open(FILE) as picture:
        assert picture.n_frames == len(VALUES)


def test_the_readme_shows_it_first_and_says_it_in_words():
    (words, path), *_ = re.findall(r"!\[(.*?)\]\((docs/.*?)\)", README)
    assert ROOT / path == FILE
    assert len(words.split()) >= 10
    assert README.index(path) < README.index("\n## ")


@pytest.mark.parametrize("place", [0, 25, len(VALUES) - 1])
def test_it_shows_what_the_explorer_draws_today(place):
    explorer = descent_2d()
    with Image.open(FILE) as picture:
        picture.seek(place)
        stored = picture.convert("RGB")
    assert apart(stored, frame(explorer, VALUES[place])) < NEAR, "python3 -m nnlab.commands.export.moving makes it anew"
    assert apart(stored, frame(explorer, VALUES[place - 3])) > NEAR, "another frame is told from it"


def apart(one, other) -> float:
    """How far two pictures are apart where they differ most: the mean of a tile, of 255."""
    return float(np.abs(tiles(one) - tiles(other)).max())


def tiles(picture) -> np.ndarray:
    """The mean brightness of tiles of 20 pixels: what a picture loses when it is packed hardly counts."""
    return np.asarray(
        picture.convert("L").resize((picture.width // 20, picture.height // 20), Image.Resampling.BOX), float
    )
