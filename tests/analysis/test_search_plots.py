"""Pictures of a search: what they compute, and the artists that show it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from nnlab import search_plots, spaces
from nnlab.analysis.palette import CYCLE
from nnlab.analysis.search import COLUMNS, Trials
from nnlab.analysis.search.views import band_of_best, best_so_far, heat_map, heights, ranks

SPACE = {"lr": spaces.LogUniform(1e-4, 1), "decay": spaces.LogUniform(1e-6, 1e-2)}


def made(settings, scores, space=SPACE, higher_is_better=False):
    """Trials with these settings and scores; nan has diverged."""
    rows = [
        {"trial": k, **s, "score": score, "seconds": 1.0, "state": "ok" if score == score else "diverged", "reason": ""}
        for k, (s, score) in enumerate(zip(settings, scores, strict=True))
    ]
    return Trials(pd.DataFrame(rows, columns=["trial", *space, *COLUMNS[1:]]), space, higher_is_better)


def drawn(n, scores=None, **given):
    columns = {name: space.sample(n, seed=k) for k, (name, space) in enumerate(SPACE.items())}
    settings = [{name: columns[name][k] for name in SPACE} for k in range(n)]
    return made(settings, range(n) if scores is None else scores, **given)


@pytest.fixture
def ax():
    return Figure().subplots()


def test_best_so_far_goes_the_right_way_and_starts_with_the_first_score():
    scores = [np.nan, 3.0, 4.0, np.nan, 1.0, 2.0]
    np.testing.assert_array_equal(best_so_far(drawn(6, scores)), [np.nan, 3, 3, 3, 1, 1])
    np.testing.assert_array_equal(best_so_far(drawn(6, scores, higher_is_better=True)), [np.nan, 3, 4, 4, 4, 4])


def test_the_band_holds_the_middle_and_counts_what_has_no_score_as_the_worst(refused):
    repetitions = [drawn(2, [np.nan if k == 0 else k, k / 10]) for k in range(11)]
    low, median, high = band_of_best(repetitions)
    np.testing.assert_allclose([low[1], median[1], high[1]], [0.1, 0.5, 0.9], atol=0.101)
    assert median[0] == 6  # the one without a score lies above all others
    higher = [drawn(1, [np.nan if k == 0 else k], higher_is_better=True) for k in range(11)]
    assert band_of_best(higher)[1] == 5
    with refused(start="repetitions must be"):
        band_of_best([drawn(2), drawn(3)])
    with refused(start="repetitions must be"):
        band_of_best([])


def test_a_grid_gets_a_cell_for_each_value():
    lrs, decays = SPACE["lr"].grid(5), SPACE["decay"].grid(3)
    settings = [{"lr": lr, "decay": decay} for lr in lrs for decay in decays]
    shown = heat_map(made(settings, range(15)), "lr", "decay")
    np.testing.assert_array_equal(shown.scores, np.arange(15.0).reshape(5, 3).T)
    assert (shown.tried == 1).all()
    np.testing.assert_allclose(shown.columns, [-0.125, 0.125, 0.375, 0.625, 0.875, 1.125])


def test_random_trials_fall_into_equal_cells_that_show_the_best():
    trials = drawn(200, np.arange(200.0))
    shown = heat_map(trials, "lr", "decay", cells=4)
    assert shown.tried.shape == (4, 4)
    assert shown.tried.sum() == 200
    place = [(4 * np.log10(t / low) // 4).astype(int) for t, low in ((trials.table["lr"], 1e-4),
                                                                     (trials.table["decay"], 1e-6))]  # fmt: skip
    for row in range(4):
        for column in range(4):
            inside = (place[0] == column) & (place[1] == row)
            assert shown.scores[row, column] == trials.table["score"][inside].min()
    best = heat_map(drawn(200, np.arange(200.0), higher_is_better=True), "lr", "decay", cells=4)
    assert best.scores.max() == 199


def test_choices_have_their_own_columns_and_what_was_never_tried_is_empty():
    space = {"lr": SPACE["lr"], "optimizer": spaces.Choice(["SGD", "Adam"])}
    settings = [{"lr": lr, "optimizer": name} for lr, name in zip(space["lr"].sample(20, 0), 10 * ["SGD", "Adam"])]  # noqa: B905
    shown = heat_map(made(settings, range(20), space), "optimizer", "lr", cells=8)
    assert shown.scores.shape == (8, 2)
    assert (np.isnan(shown.scores) == (shown.tried == 0)).all()
    assert (shown.tried == 0).any()


def test_ranks_and_heights():
    trials = drawn(5, [0.3, np.nan, 0.1, 1e9, 0.2])
    np.testing.assert_allclose(ranks(trials), [1 / 3, np.nan, 1, 0, 2 / 3])
    shown = heights(trials)
    assert shown.shape == (5, 3)
    np.testing.assert_allclose(shown[:, 0], (np.log10(trials.table["lr"]) + 4) / 4)
    np.testing.assert_allclose(ranks(drawn(3, [1.0, 2.0, 3.0], higher_is_better=True)), [0, 0.5, 1])
    assert ranks(drawn(1, [1.0])).tolist() == [0]


def test_the_heat_map_marks_failures_and_labels_its_axes_with_values(ax):
    lrs, decays = SPACE["lr"].grid(3), SPACE["decay"].grid(3)
    scores = [np.nan if lr == lrs[-1] else lr for lr in lrs for _ in decays]
    trials = made([{"lr": lr, "decay": decay} for lr in lrs for decay in decays], scores)
    assert search_plots.plot_heat_map(trials, ax, "lr", "decay") is ax
    (failed,) = ax.get_lines()
    assert sorted(failed.get_xydata().tolist()) == [[1, 0], [1, 0.5], [1, 1]]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lr", "decay")
    assert np.ma.count_masked(ax.collections[0].get_array()) == 3


@pytest.mark.parametrize("sign", [1, -1])
def test_one_score_far_off_does_not_take_the_colours_of_all_others(ax, sign):
    lrs, decays = SPACE["lr"].grid(3), SPACE["decay"].grid(3)
    scores = [sign * one for one in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1e33)]
    trials = made([{"lr": lr, "decay": decay} for lr in lrs for decay in decays], scores, SPACE, sign == -1)
    mesh = search_plots.plot_heat_map(trials, ax, "lr", "decay").collections[0]
    low, high = mesh.get_clim()
    assert min(low, high, key=abs) == pytest.approx(sign * 0.4)
    assert 1.1 < max(abs(low), abs(high)) < 2
    assert mesh.colorbar.extend == ("max" if sign == 1 else "min")


@pytest.mark.parametrize("scores", [[1.0] * 9, [*range(9)], [np.nan] * 9])
def test_without_a_score_far_off_the_colours_end_at_the_last_score(ax, scores):
    lrs, decays = SPACE["lr"].grid(3), SPACE["decay"].grid(3)
    trials = made([{"lr": lr, "decay": decay} for lr in lrs for decay in decays], scores)
    mesh = search_plots.plot_heat_map(trials, ax, "lr", "decay").collections[0]
    assert mesh.colorbar.extend == "neither"
    if len(set(scores)) == 9 and np.isfinite(scores).all():
        assert mesh.get_clim() == (0, 8)


@pytest.mark.parametrize(
    ("space", "texts"),
    [
        (spaces.LogUniform(3e-4, 2), "0.001 0.01 0.1 1"),
        (spaces.LogUniform(1e-9, 1), "1e-09 1e-07 1e-05 0.001 0.1"),
        (spaces.LogUniform(0.2, 5), "0.2 0.447 1 2.24 5"),
        (spaces.OneMinusLogUniform(0.5, 0.999), "0.999 0.99 0.9"),
        (spaces.OneMinusLogUniform(0.9, 0.9999), "0.9999 0.999 0.99 0.9"),
        (spaces.Uniform(0, 0.8), "0 0.2 0.4 0.6 0.8"),
        (spaces.Integer(1, 3), "1 2 3"),
        (spaces.Integer(8, 128, log=True), "8 16 32 64 128"),
        (spaces.Choice(["SGD", 0.25, None]), "SGD 0.25 None"),
    ],
)
def test_axes_have_round_values(space, texts):
    at, written = search_plots.ticks(space)
    assert " ".join(written) == texts
    assert all(-1e-9 <= p <= 1 + 1e-9 for p in at)


def test_parallel_coordinates_colour_the_best_and_end_a_failed_trial_before_its_score(ax):
    trials = drawn(21, [np.nan, *range(20)])
    assert search_plots.plot_parallel_coordinates(trials, ax, best=0.1) is ax
    lines = [line for line in ax.get_lines() if len(line.get_xdata()) == 3]
    assert len(lines) == 21
    assert [line.get_color() for line in lines].count(CYCLE[0]) == 2
    assert [line.get_linestyle() for line in lines].count(":") == 1
    assert [text.get_text() for text in ax.get_xticklabels()] == ["lr", "decay", "score"]


def test_best_so_far_is_drawn_with_its_band(ax):
    assert search_plots.plot_best_so_far([drawn(8) for _ in range(4)], ax, "random") is ax
    search_plots.plot_best_so_far([drawn(8, [np.nan, *range(7)]) for _ in range(4)], ax, "late", style="--")
    first, late = ax.get_lines()
    assert first.get_xdata().tolist() == list(range(1, 9))
    assert np.isnan(late.get_ydata()[0])
    assert [text.get_text() for text in ax.texts] == ["random", "late"]
    assert len(ax.collections) == 2


@pytest.mark.parametrize(
    ("call", "start"),
    [
        (lambda t, ax: search_plots.plot_heat_map(t, ax, "lr", "momentum"), "y must be one of lr, decay"),
        (lambda t, ax: search_plots.plot_heat_map(t, ax, "lr", "lr"), "x and y must differ"),
        (lambda t, ax: search_plots.plot_heat_map(t, ax, "lr", "decay", cells=0), "cells must be at least 1"),
    ],
)
def test_what_cannot_be_drawn_is_told_so(call, start, ax, refused):
    with refused(start=start):
        call(drawn(4), ax)
