"""Shifted digits and mixtures against plain loops and the published formula."""

import math
from collections import Counter

import pytest
import torch
from torch.nn import functional as F

from nnlab import augmentation, digits

DATA = digits().train


def started(seed=0):
    return torch.Generator().manual_seed(seed)


def every_shift(image, pixels):
    """The image moved in every way, by padding with zeros and cutting out a window."""
    side = round(len(image) ** 0.5)
    padded = F.pad(image.reshape(side, side), (pixels,) * 4)
    ends = range(2 * pixels + 1)
    return {(i, j): padded[i : i + side, j : j + side].flatten() for i in ends for j in ends}


@pytest.mark.parametrize("pixels", [0, 1, 2])
def test_every_image_is_one_of_its_shifts_and_all_shifts_are_equally_likely(pixels):
    image = torch.rand(64, generator=started())
    moved, y = augmentation.shifted(image.expand(3000, 64), DATA.y, started(1), pixels)
    assert y is DATA.y
    shifts = every_shift(image, pixels)
    found = Counter(next(s for s, wanted in shifts.items() if torch.equal(row, wanted)) for row in moved)
    expected = 3000 / len(shifts)
    assert found.keys() == shifts.keys()
    assert all(abs(count - expected) <= 5 * math.sqrt(expected) for count in found.values())


def test_every_member_has_its_own_shifts():
    together, _ = augmentation.shifted(DATA.x[:20], DATA.y[:20], [started(1), started(2)])
    assert together.shape == (2, 20, 64)
    for k in (0, 1):
        alone, _ = augmentation.shifted(DATA.x[:20], DATA.y[:20], started(k + 1))
        assert torch.equal(together[k], alone)
    assert not torch.equal(together[0], together[1])


def test_a_shift_changes_no_argument():
    kept = DATA.x.clone()
    augmentation.shifted(DATA.x, DATA.y, started())
    augmentation.mixup(DATA.x, DATA.y, started())
    assert torch.equal(DATA.x, kept)


@pytest.mark.parametrize("seed", range(5))
def test_mixup_is_one_line_between_two_samples(seed):
    """With one-hot inputs the mixed input shows the share and the partner; targets must have the same ones."""
    n = 6
    x, y = torch.eye(n), torch.tensor([0, 1, 2, 0, 1, 2])
    mixed, goal = augmentation.mixup(x, y, started(seed), alpha=1.0, classes=3)
    torch.testing.assert_close(mixed.sum(-1), torch.ones(n))
    torch.testing.assert_close(goal, mixed @ F.one_hot(y, 3).float())
    share = mixed.diagonal()[mixed.diagonal() < 1][0]
    partners = (mixed - share * x).argmax(-1)
    assert sorted(partners.tolist()) == list(range(n))
    torch.testing.assert_close(mixed, share * x + (1 - share) * x[partners])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_the_share_follows_beta(alpha):
    """Mean 1/2 and variance 1 / (4 (2 alpha + 1)) over 2,000 members."""
    x = torch.tensor([[0.0], [1.0]]).expand(2000, 2, 1)
    mixed, _ = augmentation.mixup(x, torch.tensor([0, 1]), [started(k) for k in range(2000)], alpha)
    share = mixed[:, 0, 0][mixed[:, 0, 0] > 0].double()  # zero where a sample was its own partner
    assert share.mean().item() == pytest.approx(0.5, abs=0.05)
    assert share.var().item() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


@pytest.mark.parametrize(
    ("y", "shape"),
    [
        (torch.arange(4), (4, 10)),
        (torch.rand(4), (4,)),
        (torch.rand(4, 2), (4, 2)),
        (torch.rand(4, 1), (4, 1)),
    ],
)
def test_targets_of_all_kinds(y, shape):
    x = torch.rand(4, 3, generator=started())
    assert augmentation.mixup(x, y, started())[1].shape == shape
    assert augmentation.mixup(x, y, [started(), started(1)])[1].shape == (2, *shape)
    own = y.expand(2, *y.shape)
    assert augmentation.mixup(x.expand(2, 4, 3), own, [started(), started(1)])[1].shape == (2, *shape)


def test_every_member_has_its_own_mixture():
    together = augmentation.mixup(DATA.x[:20], DATA.y[:20], [started(1), started(2)])
    for k in (0, 1):
        for mine, alone in zip(together, augmentation.mixup(DATA.x[:20], DATA.y[:20], started(k + 1)), strict=True):
            torch.testing.assert_close(mine[k], alone)


@pytest.mark.parametrize("seed", range(8))
def test_cutmix_pastes_one_rectangle_and_shares_the_target_by_its_area(seed):
    x, y = torch.arange(5.0)[:, None].expand(5, 64), torch.arange(5)  # image k is k everywhere
    mixed, soft = augmentation.cutmix(x, y, started(seed))
    pasted = (mixed != x).view(5, 8, 8)
    changed = pasted[pasted.flatten(1).any(1)]  # an image that is its own partner shows nothing
    assert torch.equal(changed, changed[:1].expand_as(changed))
    for image in changed[:1]:
        assert torch.equal(image, image.any(1)[:, None] & image.any(0)[None]), "a rectangle"
    for k in range(5):
        shares = torch.stack([(mixed[k] == c).float().mean() for c in range(10)])
        torch.testing.assert_close(soft[k], shares)


def test_the_area_of_cutmix_is_that_of_the_paper():
    y = torch.tensor([0, 0, 0, 1])
    pasted = [1 - augmentation.cutmix(torch.zeros(4, 1024), y, started(k))[1][3, 1] for k in range(600)]
    found = torch.stack([part for part in pasted if part > 0]).mean()  # where the last image is not its own partner
    left, row, column = torch.rand(3, 100_000, generator=started(1))
    half = (1 - left).sqrt() / 2
    sides = [(centre + half).clamp(max=1) - (centre - half).clamp(min=0) for centre in (row, column)]
    assert found.item() == pytest.approx((sides[0] * sides[1]).mean().item(), abs=0.04)


def test_every_member_has_its_own_rectangle():
    together = augmentation.cutmix(DATA.x[:20], DATA.y[:20], [started(1), started(2)])
    for k in (0, 1):
        for mine, alone in zip(together, augmentation.cutmix(DATA.x[:20], DATA.y[:20], started(k + 1)), strict=True):
            torch.testing.assert_close(mine[k], alone)
    assert not torch.equal(together[0][0], together[0][1])


@pytest.mark.parametrize("alpha", [0, -1.0, math.inf, "1", None])
def test_alpha_outside_its_range(alpha, refused):
    with refused(repr(alpha), start="alpha"):
        augmentation.mixup(DATA.x, DATA.y, started(), alpha)


def test_images_that_are_not_square(refused):
    with refused("3", start="x must hold square images"):
        augmentation.shifted(torch.zeros(2, 3), None, started())
    with refused("3", start="x must hold square images"):
        augmentation.cutmix(torch.zeros(2, 3), torch.zeros(2, dtype=torch.long), started())


@pytest.mark.parametrize("pixels", [-1, 0.5, None])
def test_pixels_that_are_no_whole_number(pixels, refused):
    with refused(repr(pixels), start="pixels"):
        augmentation.shifted(DATA.x, DATA.y, started(), pixels)


def test_more_classes_than_said(refused):
    with refused():
        augmentation.mixup(DATA.x, DATA.y, started(), classes=5)
