"""Labels at the ends of lines: one for each line, however often a plot is added to the same Axes."""

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
