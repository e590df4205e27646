"""Photographs: which pixel goes where, whose statistics standardize, the way back, and the seal on the test pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_sample_image

import nnlab
from nnlab.datasets.photographs import GREY, LARGEST, NAMES, pixels

SMALL = (12, 16)


@settings(max_examples=25)
@given(
    st.sampled_from(NAMES), st.integers(8, 40), st.integers(8, 40), st.floats(0.2, 0.9), st.integers(0, 99)
)  # fmt: skip
def test_every_pixel_is_in_one_part_at_its_place_with_its_colour(name, height, width, share, seed):
    photo = nnlab.photograph(name, (height, width), share, seed)
    assert sorted(photo.order.tolist()) == list(range(height * width))
    known = round(share * height * width)
    assert (len(photo.train), len(photo.val)) == (known - known // 5, known // 5)
    colours, start = pixels(name, (height, width)), 0
    for part in (photo.train, photo.val, photo.open().test):
        numbers = photo.order[start : start + len(part)]
        start += len(part)
        there = part.x * photo.reach + photo.centre
        torch.testing.assert_close(there[:, 0] * width + there[:, 1], numbers.float(), atol=1e-3, rtol=1e-4)
        np.testing.assert_allclose(photo.colours(part.y), colours[numbers], atol=1e-5)
    torch.testing.assert_close(photo.inputs[photo.order[: len(photo.train)]], photo.train.x)


def test_the_statistics_are_those_of_the_training_pixels_alone():
    photo = nnlab.photograph(size=(30, 40))
    assert photo.train.y.mean().abs() < 1e-5
    assert photo.train.y.std(correction=0) == pytest.approx(1, abs=1e-5)
    assert photo.train.x.mean(0).abs().max() < 1e-5
    assert photo.train.x.square().mean() == pytest.approx(1, abs=1e-5)
    assert photo.val.y.mean().abs() > 1e-4
    step = (
        photo.inputs.view(30, 40, 2).diff(dim=0)[..., 0].mean()
        / photo.inputs.view(30, 40, 2).diff(dim=1)[..., 1].mean()
    )
    assert step == pytest.approx(1, abs=1e-5), "a pixel is square"


def test_the_full_size_is_the_file_and_another_seed_other_pixels():
    for name in NAMES:
        whole = load_sample_image(f"{name}.jpg")
        assert whole.shape == (*LARGEST, 3)
        np.testing.assert_allclose(pixels(name, LARGEST).reshape(whole.shape), whole / np.float32(255))
    one, other, again = (nnlab.photograph(size=SMALL, share=0.3, seed=seed) for seed in (0, 1, 0))
    assert not torch.equal(one.order, other.order)
    assert torch.equal(one.train.y, again.train.y)


def test_test_pixels_are_sealed_and_every_look_is_counted(capsys):
    photo = nnlab.photograph(size=SMALL, share=0.3)
    for look in (lambda: photo.test.y, photo.truth, lambda: nnlab.leaderboard({}, photo, part="test")):
        with pytest.raises(ValueError, match=r"must stay unseen until the end\. Got .* Try .*photo\.open\(\)"):
            look()
    assert photo.seal.looks == 0
    opened = photo.open()
    assert capsys.readouterr().out == "Look number 1 at the test pixels.\n"
    assert len(opened.test.y) == len(photo.test) == len(photo.test.x)
    opened.open()
    assert "Look number 2 at the test pixels: this is not the first one" in capsys.readouterr().out
    assert photo.seal.looks == opened.seal.looks == 2, "a copy cannot look unseen"
    with pytest.raises(ValueError, match="unseen"):
        assert photo.test.y is None


def test_pictures(capsys):
    photo = nnlab.photograph("flower", SMALL, 0.3)
    truth = pixels("flower", SMALL).reshape(*SMALL, 3)
    np.testing.assert_allclose(photo.open().truth(), truth, atol=1e-5)
    known = photo.known().reshape(-1, 3)
    count = len(photo.train) + len(photo.val)
    np.testing.assert_allclose(known[photo.order[:count]], truth.reshape(-1, 3)[photo.order[:count]], atol=1e-5)
    assert (known[photo.order[count:]] == np.float32(GREY)).all()
    painted = photo.picture(torch.nn.Linear(2, 3)(photo.inputs) * 100)
    assert painted.shape == (*SMALL, 3)
    assert (painted.min(), painted.max()) == (0, 1)


def test_both_loops_take_it():
    photo = nnlab.photograph(size=SMALL, share=0.5)
    history = nnlab.ensemble.train(nnlab.Network([2, 8, 3]), photo, nnlab.optimizers.Adam(0.01), steps=40)
    assert history.median("loss")[-1] < history.median("loss")[0]
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(model.parameters())
    nnlab.fit(model, photo, optimizer=optimizer, loss="mse", epochs=2, batch_size=8, seed=0, progress=False)
    assert photo.seal.looks == 0


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        ({"name": "temple"}, "name must"),
        ({"size": 100}, "size must"),
        ({"size": (7, 100)}, "height must"),
        ({"size": (100, 641)}, "width must"),
        ({"size": (100.5, 100)}, "height must"),
        ({"share": 1.0}, "share must"),
        ({"share": 0.0}, "share must"),
        ({"share": "a tenth"}, "share must"),
        ({"size": (8, 8), "share": 0.1}, "share must"),
        ({"size": (8, 8), "share": 0.999}, "share must"),
        ({"seed": -1}, "seed must"),
    ],
)
def test_what_it_refuses(arguments, start, refused):
    with refused(start=start):
        nnlab.photograph(**arguments)
