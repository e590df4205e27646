"""search: its trials, its scores and what its presets claim, and the promise of its picture."""

import numpy as np
import pytest

from nnlab.explorers.search import (
    COUNTS,
    DESCRIPTION,
    SURFACES,
    best_scores,
    compute,
    grid_points,
    score,
    sentence,
    surfaces_and_draws,
)
from nnlab.stage.drawing.picture import Picture

PRESETS = {preset.label: preset.values for preset in DESCRIPTION.presets}


def run(**values):
    return compute(**DESCRIPTION.values(**values))


def rates(result):
    return len(np.unique(result.points[:, 0].round(9)))


def test_the_score_is_one_at_the_best_point_and_importance_weighs_the_second_bump():
    best = np.array([0.4, 0.7])
    assert score(best, best, 0.3) == pytest.approx(1)
    right_lr, right_decay = np.array([0.4, 50.0]), np.array([50.0, 0.7])
    assert score(right_lr, best, 0.25) == pytest.approx(1 / 1.25)
    assert score(right_decay, best, 0.25) == pytest.approx(0.25 / 1.25)
    assert score(right_lr, best, 0.0) == pytest.approx(1)


def test_a_grid_is_the_largest_square_and_has_its_root_of_learning_rates():
    np.testing.assert_allclose(grid_points(4), [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    for trials, points in ((4, 4), (8, 4), (9, 9), (63, 49), (64, 64)):
        result = run(strategy="grid", trials=trials)
        assert len(result.points) == points
        assert rates(result) ** 2 == points
    assert rates(run(trials=64)) == 64


def test_more_random_trials_keep_the_first_ones():
    np.testing.assert_array_equal(run(trials=9).points, run(trials=30).points[:9])


def test_the_box_lies_around_the_best_of_the_first_half_and_holds_the_second():
    for seed in range(21):
        result = run(strategy="coarse to fine", trials=21, zoom=0.25, seed=seed)
        assert result.coarse == 10
        low, high = result.box
        np.testing.assert_allclose(high - low, 0.25)
        assert low.min() >= 0
        assert high.max() <= 1 + 1e-9
        fine, best = result.points[10:], result.points[:10][result.scores[:10].argmax()]
        assert ((fine >= low) & (fine <= high)).all()
        assert ((best >= low) & (best <= high)).all()
    np.testing.assert_allclose(run(strategy="coarse to fine", zoom=1.0).points, run().points)


def test_the_medians_are_those_of_searches_one_by_one():
    best, draws = surfaces_and_draws()
    found = [score(draws[k, :25], best[k], 0.2).max() for k in range(SURFACES)]
    np.testing.assert_allclose(best_scores("random", 25, 1.0, 0.2), np.quantile(found, (0.1, 0.5, 0.9)))
    result = run()
    assert result.medians["random"] == pytest.approx(np.median(found))
    np.testing.assert_allclose(result.bands["random"][:, COUNTS.index(25)], np.quantile(found, (0.1, 0.5, 0.9)))


def test_what_the_presets_claim():
    grid, at_random, both, fine, few = (run(**values) for values in PRESETS.values())
    assert (len(grid.points), rates(grid)) == (9, 3)
    assert (len(at_random.points), rates(at_random)) == (9, 9)
    assert grid.medians == at_random.medians
    assert at_random.medians["random"] > at_random.medians["grid"] + 0.05
    assert at_random.scores.max() > grid.scores.max()
    assert both.medians["grid"] > both.medians["random"] + 0.05
    assert max(both.medians, key=both.medians.get) == "grid"
    assert fine.medians["coarse to fine"] > fine.medians["random"]
    assert fine.scores[fine.coarse :].max() > fine.scores[: fine.coarse].max()
    assert few.medians["coarse to fine"] < few.medians["random"] / 2


def test_picture_and_sentence():
    picture, result = Picture(DESCRIPTION), run(strategy="coarse to fine")
    picture.show(result)
    artists = picture.artists
    assert len(artists["coarse"].get_xdata()) == 12
    assert len(artists["fine"].get_xdata()) == 13
    assert artists["best"].get_xydata()[0] == pytest.approx(result.points[result.scores.argmax()])
    assert artists["box"].get_visible()
    assert "25 trials try 25 learning rates" in sentence(result)
    assert f"coarse to fine {result.medians['coarse to fine']:.2f}." in sentence(result)
    picture.show(run(strategy="grid"))
    assert not artists["box"].get_visible()
    assert len(artists["fine"].get_xdata()) == 0
