"""Labels at the ends of lines: one for each line, however often a plot is added to the same Axes."""

import pytest
from matplotlib.figure import Figure

import nnlab


def test_a_second_history_on_the_same_axes_does_not_repeat_the_first_label():
    net, data = nnlab.Network([2, 4, 2]), nnlab.moons(n=60)
    ax = Figure().subplots()
    for size in (4, 8, 16):
        history = nnlab.ensemble.train(
            net, data, nnlab.optimizers.SGD(lr=0.1), steps=4, seeds=range(2), batch_size=size
        )
        nnlab.plots.plot_learning_curves(history, ax, label=f"batch size {size}")
    assert sorted(text.get_text() for text in ax.texts) == ["batch size 16", "batch size 4", "batch size 8"]


def test_a_label_that_was_pushed_away_has_a_leader_to_the_end_of_its_line():
    ax = Figure().subplots()
    ax.set_ylim(0, 1)
    ax.plot([0, 4], [0.1, 0.2], label="alone")
    ax.plot([0, 4], [0.1, 0.800], label="near")
    ax.plot([0, 4], [0.1, 0.801], label="nearer")
    ax.plot([0, 2], [0.1, 0.5], label="short")
    nnlab.plots.label_lines(ax)
    nnlab.plots.label_lines(ax)  # once more: nothing is there twice
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert set(heights) == {"alone", "near", "nearer", "short"}
    leaders = sorted(leader.get_xy().round(3).tolist() for leader in ax.patches)
    assert [start for start, _ in leaders] == [[0.5, 0.5], [1.0, 0.8], [1.0, 0.801]]
    assert [end for _, (_, end) in leaders] == [round(heights[name], 3) for name in ("short", "near", "nearer")]


def test_labels_follow_limits_that_are_set_later():
    """Two Axes share a height; it is set at one of them, after everything was drawn."""
    figure = Figure()
    early, late = figure.subplots(1, 2, sharey=True)
    for ax, height in ((early, 0.5), (late, 0.25)):
        ax.plot([0, 4], [0.1, height], label="a line")
        nnlab.plots.label_lines(ax)
    early.set(ylim=(0, 1))
    for ax, height in ((early, 0.5), (late, 0.25)):
        (label,) = ax.texts
        assert label.get_position()[1] == pytest.approx(height)
        assert not ax.patches
    figure.draw_without_rendering()
    late.set_ylim(0, 0.5)
    assert early.texts[0].get_position()[1] == pytest.approx(1)
    assert len(early.texts) == len(late.texts) == 1
