"""PSNR against torchmetrics, baselines against what they must know, and a leaderboard that is fair to modules."""

from dataclasses import replace

import pytest
import torch
from matplotlib.figure import Figure
from torchmetrics.functional.image import peak_signal_noise_ratio

import nnlab

PHOTO = nnlab.photograph(size=(30, 40), share=0.3)


def test_psnr_is_that_of_torchmetrics_with_and_without_members():
    painted, truth = torch.rand(4, 50, 3, generator=torch.Generator().manual_seed(0)), torch.full((50, 3), 0.4)
    for peak in (1.0, 255.0):
        ours = nnlab.psnr(peak * painted, peak * truth, peak)
        theirs = [peak_signal_noise_ratio(peak * p, peak * truth, data_range=peak) for p in painted]
        torch.testing.assert_close(ours, torch.stack(theirs))
    assert nnlab.psnr(truth, truth) == torch.inf


@pytest.mark.parametrize("peak", [0, -1, "1"])
def test_psnr_refuses(peak, refused):
    with refused(start="peak"):
        nnlab.psnr(torch.zeros(2, 3), torch.zeros(2, 3), peak)
    with refused(start="painted and truth must"):
        nnlab.psnr(torch.zeros(2, 3), torch.zeros(1, 3))


def test_baselines_know_the_training_pixels_and_nothing_else():
    painters = nnlab.baselines(PHOTO)
    for name, painter in painters.items():
        everywhere = painter(PHOTO.inputs)
        assert everywhere.shape == (1200, 3)
        assert everywhere.isfinite().all()
        if name != "mean colour":
            torch.testing.assert_close(painter(PHOTO.train.x), PHOTO.train.y, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(painters["mean colour"](PHOTO.val.x[:1])[0], PHOTO.train.y.mean(0))
    distance = torch.cdist(PHOTO.val.x, PHOTO.train.x)
    found = painters["nearest pixel"](PHOTO.val.x)
    away = (distance - distance.min(1, keepdim=True).values < 1e-5).sum(1) == 1  # no two are equally near
    torch.testing.assert_close(found[away], PHOTO.train.y[distance.argmin(1)][away])


def test_the_linear_one_is_right_on_a_plane():
    x = PHOTO.inputs
    plane = torch.stack([x[:, 0], x[:, 1], x.sum(1)], 1)
    train = nnlab.Split(PHOTO.train.x, plane[PHOTO.order[: len(PHOTO.train)]])
    painter = nnlab.baselines(replace(PHOTO, train=train))["linear interpolation"]
    inside = PHOTO.val.x[(PHOTO.val.x.abs() < 1).all(1)]
    torch.testing.assert_close(painter(inside), torch.stack([inside[:, 0], inside[:, 1], inside.sum(1)], 1))


def test_the_leaderboard_scores_colours_and_puts_the_best_first():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout(0.9))
    model.train()
    board = nnlab.leaderboard({"perfect": lambda v: PHOTO.val.y, "model": model, "none yet": None}, PHOTO)
    assert board.index[0] == "perfect"
    assert board.PSNR["perfect"] == float("inf")
    assert list(board.PSNR) == sorted(board.PSNR, reverse=True)
    assert set(board.index) == {"perfect", "model", *nnlab.baselines(PHOTO)}
    assert model.training
    again = nnlab.leaderboard({"model": model}, PHOTO)
    assert again.PSNR["model"] == board.PSNR["model"], "without dropout"
    for name, painter in nnlab.baselines(PHOTO).items():
        painted, truth = (PHOTO.colours(y) for y in (painter(PHOTO.val.x), PHOTO.val.y))
        assert board.PSNR[name] == pytest.approx(nnlab.psnr(painted, truth).item())
        assert board.MSE[name] == pytest.approx((painted - truth).square().mean().item())


@pytest.mark.parametrize(
    ("painter", "start"),
    [
        (3, "painter 'mine' must"),
        (lambda v: v, "painter 'mine' must"),
        (lambda v: v.tolist(), "painter 'mine' must"),
        (lambda v: torch.full((len(v), 3), torch.nan), "the output of 'mine' must"),
    ],
)
def test_what_is_no_painter_is_told_so(painter, start, refused):
    with refused(start=start):
        nnlab.leaderboard({"mine": painter}, PHOTO)


def test_an_unknown_part(refused):
    with refused(start="part must"):
        nnlab.leaderboard({}, PHOTO, part="validation")


def test_pictures_are_drawn_under_their_names():
    axes = Figure().subplots(1, 2)
    nnlab.plots.plot_pictures({"known": PHOTO.known(), "other": PHOTO.known() * 0}, axes)
    assert [ax.get_title() for ax in axes] == ["known", "other"]
    assert (axes[1].images[0].get_array() == 0).all()
