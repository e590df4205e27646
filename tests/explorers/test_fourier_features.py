"""fourier_features: the weights are the best ones, the scores those of the picture; presets do what they say."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

import nnlab
from nnlab.engine.fourier import waves
from nnlab.explorers.fourier_features import DESCRIPTION, SIZE, compute, frequencies, problem, sentence


def run(**values):
    return compute(**DESCRIPTION.values(**values))


@pytest.mark.parametrize("values", [{}, {"scale": 2.0, "ridge": 5.0}, {"share": 50, "features": 12, "photo": "china"}])
def test_the_painting_is_that_of_scikit_learns_ridge(values):
    chosen = DESCRIPTION.values(**values)
    photo, *_ = problem(chosen["photo"], chosen["share"], chosen["seed"])
    b = chosen["scale"] * frequencies(chosen["features"], chosen["seed"])
    train, every = (waves(x.double(), b).numpy() / chosen["features"] ** 0.5 for x in (photo.train.x, photo.inputs))
    theirs = Ridge(alpha=chosen["ridge"], fit_intercept=False).fit(train, photo.train.y.numpy()).predict(every)
    np.testing.assert_allclose(run(**values).painted, photo.picture(torch.from_numpy(theirs)), atol=1e-5)


def test_the_scores_are_psnr_of_known_and_other_pixels():
    result = run()
    photo, whole, training, _ = problem("flower", 10, 0)
    painted = torch.from_numpy(result.painted.reshape(-1, 3))
    truth = torch.from_numpy(whole)
    assert result.training == pytest.approx(nnlab.psnr(painted[training], truth[training]).item(), rel=1e-5)
    assert result.others == pytest.approx(nnlab.psnr(painted[~training], truth[~training]).item(), rel=1e-5)
    assert training.sum() == len(photo.train)
    assert result.truth.shape == (*SIZE, 3)


@pytest.mark.parametrize("photo", ["flower", "china"])
@pytest.mark.parametrize("seed", range(5))
def test_presets_do_what_they_say(photo, seed):
    found = {p.label: run(**{**p.values, "photo": photo, "seed": seed}) for p in DESCRIPTION.presets}
    right, low, high = (found[name] for name in ("right", "too low", "too high"))
    assert right.others > max(low.others, high.others, found["held back"].others, found["few waves"].others) + 1
    assert low.training - low.others < 1.5
    assert low.training < right.training
    assert high.training > right.training or photo == "china"  # of its edges 256 waves meet only some
    assert high.training - high.others > 10
    assert found["held back"].others > high.others
    assert found["half of it"].others > right.others


def test_the_sentence_names_both_scores():
    assert sentence(run()).startswith("128 frequencies of scale 0.5, ridge 0.1, 10 % known: PSNR ")
