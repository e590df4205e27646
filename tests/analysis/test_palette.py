"""One palette: its contrasts in every theme, and nobody who mixes colours beside it."""

import re
from pathlib import Path

import matplotlib
import pytest
from matplotlib.colors import to_hex
from themes import channels, contrast, lightness, themed

import nnlab
from nnlab.analysis import palette, plots

PACKAGE = Path(nnlab.__file__).parent
PAPERS = {"light": palette.PAPER, "dark": palette.THEMES[palette.PAPER][0], "print": palette.THEMES[palette.PAPER][1]}


def shown(colour, theme):
    """A colour of the palette in a theme, by its table or by the rule of the front end."""
    if theme == "print":
        return channels(palette.THEMES.get(colour, (None, colour))[1])
    return themed(colour, theme == "dark")


@pytest.mark.parametrize("theme", PAPERS)
def test_what_carries_meaning_stands_out_in_every_theme(theme):
    paper = channels(PAPERS[theme])[:3]
    for colour in (*palette.CYCLE, palette.WRONG):
        assert contrast(shown(colour, theme)[:3], paper) >= 4.5, colour
    assert contrast(shown(palette.MARK, theme)[:3], paper) >= 3
    for ground in (palette.PALE_BLUE, palette.PALE_ORANGE, palette.PALE_GREY):
        assert contrast(shown(palette.BLACK, theme)[:3], shown(ground, theme)[:3]) >= 4.5, ground


def test_print_is_never_paler_than_light():
    for colour, (_, printed) in palette.THEMES.items():
        assert lightness(channels(printed)) <= lightness(channels(colour)) + 0.01, colour


def test_plain_figures_have_the_colours_of_the_palette():
    style = matplotlib.rc_params_from_file(plots.STYLE, use_default_template=False)
    cycle = [to_hex(look["color"]) for look in style["axes.prop_cycle"]]
    assert tuple(cycle) == palette.CYCLE == plots.CLASS_COLORS
    assert to_hex(style["grid.color"]) == palette.GRID


def test_nobody_mixes_colours_of_his_own():
    for path in [
        *(PACKAGE / "explorers").rglob("*.py"),
        *(PACKAGE / "stage").rglob("*.py"),
        PACKAGE / "analysis" / "plots.py",
    ]:
        assert re.findall(r"\"#[0-9A-Fa-f]{6}\"|colors?=\"0?\.\d+\"", path.read_text()) == [], path.name
