"""A picture looks the same whatever a notebook has set in matplotlib."""

import matplotlib
import pytest

import nnlab

SETTINGS = ({"font.size": 20}, {"axes.facecolor": "black"}, {"xtick.labelsize": 5}, {"grid.color": "red"})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: next(iter(setting)))
def test_settings_of_the_notebook_do_not_reach_the_picture(setting):
    plain = nnlab.explorers.descent_1d()
    before, _ = plain.png(), plain.set(lr=5.0)
    with matplotlib.rc_context(setting):
        styled = nnlab.explorers.descent_1d()
        assert styled.png() == before
        styled.set(lr=5.0)  # another scale: the axes with their labels are drawn anew
        assert styled.png() == plain.png()


def test_use_style_before_or_after_makes_no_difference():
    before = nnlab.explorers.descent_1d().png()
    with matplotlib.rc_context():
        nnlab.use_style()
        assert nnlab.explorers.descent_1d().png() == before
