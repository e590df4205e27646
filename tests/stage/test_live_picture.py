"""What a live training draws is what its run knows: every artist, and a proof that a false curve would be seen."""

import numpy as np
import pytest
import torch
from artists import complaints, curve, flat, still, survivors, words
from matplotlib.colors import to_rgb
from read_strokes import cells

import nnlab
from nnlab.stage.drawing.picture import Picture
from nnlab.stage.live.picture import LivePicture, look_at
from nnlab.stage.live.run import LiveRun


def made(data, *sizes):
    """A run of 35 steps in which the learning rate was changed after 20, and its picture."""
    net = nnlab.Network(sizes)
    run = LiveRun(nnlab.models.to_torch(net, net.init("he_normal", 0)), data)
    for step in range(35):
        if step == 20:
            run.lr = 0.3
        run.step()
    view = LivePicture(data)
    picture = Picture(view)
    picture.show(look_at(run, view.answers.inputs))
    return run, view.answers, picture


def curves(run, artists):
    """The right half: loss of every mini-batch, what was measured on validation data, and a line at the change."""
    measured = [*run.validation, run.measure()]
    steps = [each.step for each in measured]
    heights = [line.axes.get_ylim() for line in artists["changes"]]
    return {
        "losses": curve(range(1, 36), run.losses),
        "validation": curve(steps, [each.loss for each in measured]),
        "accuracy": curve(steps, [100 * each.accuracy for each in measured]),
        "changes": [curve([20, 20, np.nan], [low, high, np.nan]) for low, high in heights],
    }


def plane():
    """The colour of each class, weighted by its probability and mixed half with white, under the samples."""
    run, answers, picture = made(nnlab.moons(), 2, 8, 2)
    colours = torch.tensor([to_rgb(nnlab.plots.CLASS_COLORS[k]) for k in range(2)])
    image = (255 * (1 - 0.55 * (1 - run.predict(answers.inputs) @ colours))).unflatten(0, (80, 80)).to(torch.uint8)
    part = nnlab.moons().train
    samples = [curve(*part.x[part.y == k].T) for k in range(2)]
    return run, picture, {"answers": [{"values": image.numpy().astype(float)}, *samples]}, {}


def images():
    """Fifteen images, and under each what the network reads."""
    run, _, picture = made(nnlab.digits(), 64, 16, 10)
    part = nnlab.digits().val
    read = run.predict(part.x[:15]).argmax(-1).tolist()
    said = [str(r) if r == y else f"{r} (is {y})" for r, y in zip(read, part.y[:15].tolist(), strict=True)]
    rows, columns = np.divmod(np.arange(15), 5)
    answers = [
        words(text, x=column + 0.5, y=1.3 * row + 1.03) for text, row, column in zip(said, rows, columns, strict=True)
    ]
    under = {
        f"still {k}": {
            "values": part.x[k].reshape(8, 8).numpy().astype(float),
            "extent": np.array([columns[k] + 0.08, columns[k] + 0.92, 1.3 * rows[k] + 0.84, 1.3 * rows[k]]),
        }
        for k in range(15)
    }
    assert any("is" in text for text in said)
    assert any("is" not in text for text in said)
    return run, picture, {"answers": answers}, under


@pytest.mark.parametrize("make", [plane, images])
def test_every_artist_shows_the_run(make):
    run, picture, answers, under = make()
    moving = flat(picture.artists)
    artists, wanted = moving | still(picture.figure, moving), flat(answers | curves(run, picture.artists)) | under
    assert complaints(artists, wanted) == []
    assert survivors(artists, wanted) == []
    assert complaints(artists, wanted) == []


@pytest.mark.parametrize("losses", [2, 301, 1000])
def test_neighbours_are_averaged_where_there_are_too_many(losses):
    """Every point of the curve of mini-batches is the mean of those since the point before it."""
    run, answers, _ = made(nnlab.moons(), 2, 8, 2)
    run.losses[:] = np.random.default_rng(0).random(losses).tolist()
    step, mean = look_at(run, answers.inputs).losses
    width = -(-losses // 300)
    assert step.tolist() == list(range(width, losses + 1, width))
    assert mean.tolist() == pytest.approx([np.mean(run.losses[int(s) - width : int(s)]) for s in step])


def test_the_plane_is_recorded_at_its_own_resolution():
    run, picture, *_ = plane()
    frame = picture.trace(look_at(run, picture.description.answers.inputs)).frame
    (op,) = [op for op in frame["ops"] if op[0] == "i"]
    _, _, columns, rows, _, smooth, keep, _ = op
    assert (columns, rows, smooth, keep) == (80, 80, True, False)
    shown = cells(frame, op)[..., :3]
    assert np.abs(shown.astype(int) - picture.artists["answers"][0].colours).max() < 12


def test_images_are_recorded_once_and_what_is_read_each_time():
    run, picture, *_ = images()
    _, background, frame = picture.trace(look_at(run, picture.description.answers.inputs))
    assert [op[0] for op in background["ops"]].count("i") == 15
    assert [op[0] for op in frame["ops"]].count("t") == 15
    assert frame["images"] == []
