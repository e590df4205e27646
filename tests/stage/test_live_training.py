"""Live training without a browser: the same bits every time, sliders that reach the optimizer, errors in sight."""

import subprocess
import sys
import threading
import time
import warnings

import matplotlib.style
import numpy as np
import pytest
import torch
from torch import nn

import nnlab
from nnlab.stage.drawing.picture import Picture
from nnlab.stage.live.picture import CURVE, LivePicture, look_at, loss_limits, sentence, thinned
from nnlab.stage.live.run import LiveRun
from nnlab.stage.live.widget import LiveTraining
from nnlab.stage.panel import VIEW

WAIT = 20  # seconds; a loaded machine is slow, not broken


def network(*sizes, seed=0):
    net = nnlab.Network(sizes)
    return nnlab.models.to_torch(net, net.init("he_normal", seed))


def moons(**settings):
    return nnlab.live_training(network(2, 8, 2), nnlab.moons(), **{"steps": 5, **settings})


def digits(**settings):
    return nnlab.live_training(network(64, 16, 10), nnlab.digits(), **{"steps": 5, **settings})


def until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def press(live, label):
    """What a button of the browser does, by what stands on it now."""
    now = live.widget.state["labels"]
    names = {now.get(button["name"], button["label"]): button["name"] for button in live.widget.about["buttons"]}
    live.widget._handle_custom_msg({"press": names[label]}, [])


def pull(live, **values):
    """What sliders of the browser do."""
    live.widget.set_state({"values": {**live.widget.values, **values}})


def told(live, name):
    """What the browser knows of a control."""
    (found,) = (control for control in live.widget.about["controls"] if control["name"] == name)
    return found


def weights(live):
    return [p.detach().clone() for p in live.run.model.parameters()]


def same(some, others):
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "nnlab live training"])


@pytest.mark.parametrize("make", [moons, digits])
def test_without_a_front_end_it_is_a_picture_and_a_sentence_always_the_same(make):
    torch.manual_seed(0)
    (first, size), (second, _) = make(steps=40)._repr_mimebundle_(), make(steps=40)._repr_mimebundle_()
    assert first["text/plain"] == second["text/plain"]
    assert first["image/png"] == second["image/png"]
    assert first["image/png"].startswith(b"\x89PNG")
    assert "after step 40: validation loss" in first["text/plain"]
    assert size["image/png"]["alt"] in first["text/plain"]


def test_a_cell_shows_its_picture_and_beside_it_the_live_one(published):
    live = moons(steps=2)
    live._ipython_display_()
    (still, _), (view, _) = published
    assert still == live._repr_mimebundle_()[0]
    assert view.keys() == {VIEW}


def test_one_or_two_torch_threads_give_the_same_bits():
    one = digits(steps=20)
    torch.set_num_threads(2)
    try:
        two = digits(steps=20)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert one.losses == two.losses
    assert one.png() == two.png()


def test_steps_in_the_background_are_the_steps_of_the_cell():
    live, reference = moons(steps=0), moons(steps=0)
    live.start()
    until(lambda: live.run.steps > 50)
    live.pause()
    made = len(live.losses)
    live._background.wait(WAIT)
    reference.step(made)
    assert live.losses == reference.losses
    assert same(weights(live), weights(reference))
    assert live.sentence == reference.sentence
    assert live.png() == reference.png()


def test_pause_is_at_once_and_the_picture_shows_the_last_step():
    live = moons()
    press(live, "start")
    assert live.running
    until(lambda: live.run.steps > 20)
    press(live, "pause")
    made = live.run.steps
    assert not live.running
    time.sleep(0.2)
    assert live.run.steps == made
    live._background.wait(WAIT)  # the last picture may still be drawn
    assert f"after step {made}:" in live.sentence


def test_one_step_and_reset():
    live, fresh = moons(steps=0), moons(steps=0)
    for _ in range(3):
        press(live, "one step")
    live._background.wait(WAIT)
    assert live.run.steps == 3
    live.set(lr=1.0, momentum=0.5, batch_size=8, per_picture=100)
    live.start()
    until(lambda: live.run.steps > 20)
    press(live, "reset")
    assert not live.running
    assert live.png() == fresh.png()
    assert (live.losses, live.sentence) == ([], fresh.sentence)
    assert {name: control.value for name, control in live.controls.items()} == {
        "lr": 0.1,
        "momentum": 0,
        "batch_size": 32,
        "per_picture": 10,
    }
    live.step(30)
    assert same(weights(live), weights(moons(steps=30)))


@pytest.mark.parametrize("from_another_thread", [False, True])
def test_a_slider_reaches_the_running_optimizer_before_its_callback_ends(from_another_thread):
    live = moons()
    live.start()

    def move():
        for lr in (0.2, 0.3, 0.5):
            live.set(lr=lr, momentum=0.9)
            group = live.run.optimizer.param_groups[0]
            seen.append((group["lr"], group["momentum"]))

    seen = []
    if from_another_thread:  # a subshell of ipykernel 7
        mover = threading.Thread(target=move)
        mover.start()
        mover.join(WAIT)
    else:
        move()
    live.pause()
    assert seen == [(0.2, 0.9), (0.3, 0.9), (0.5, 0.9)]
    live._background.wait(WAIT)
    assert "lr 0.5, momentum 0.9" in live.sentence


def test_a_slider_is_quick_while_steps_are_made():
    live = digits()
    live.set(per_picture=100)
    live.start()
    times = []
    for k in range(30):
        time.sleep(0.01)
        start = time.perf_counter()
        live.set(lr=[0.1, 0.2][k % 2])
        times.append(time.perf_counter() - start)
    live.pause()
    assert sorted(times)[len(times) // 2] < 0.1


def test_a_slider_moved_while_paused_is_in_the_sentence_and_starts_nothing():
    live = moons()
    live.controls["lr"].value = next(value for value in told(live, "lr")["stops"] if value == 1.0)
    assert live.widget.values["lr"] == 1.0
    live.png()
    assert "lr 1, momentum 0" in live.sentence
    assert live.run.steps == 5


def test_a_slider_pulled_in_the_browser_reaches_the_optimizer_and_a_drag_is_one_change():
    live = moons()
    for lr in (0.2, 0.3, 0.5):
        pull(live, lr=lr)
        assert live.run.optimizer.param_groups[0]["lr"] == live.controls["lr"].value == lr
    pull(live, batch_size=8)
    assert live.run.batch_size == 8
    assert live.run.changes == [(5, "lr", 0.5), (5, "batch_size", 8)]


@pytest.mark.parametrize(("name", "value"), [("lr", 1e9), ("lr", "fast"), ("batch_size", 33), ("momentum", None)])
def test_a_value_of_the_browser_out_of_range_moves_nothing_and_is_said(name, value):
    live = moons()
    before = dict(live.widget.values)
    pull(live, **{name: value})
    assert live.widget.values == before
    assert live.run.changes == []
    assert name in live.error
    assert f"Got {value!r}" in live.error
    assert live.widget.error == live.error
    live.step()
    assert (live.error, live.widget.error) == (None, "")


def test_two_at_once_end_as_each_alone():
    def run(lives, count):
        for live in lives:
            live.start()
        until(lambda: all(live.run.steps >= count for live in lives))
        for live in lives:
            live.pause()
            live._background.wait(WAIT)

    before = torch.get_rng_state()
    left = nnlab.live_training(network(2, 16, 2), nnlab.moons(), steps=0, seed=1)
    right = nnlab.live_training(
        nn.Sequential(nn.Flatten(), network(64, 16, 10), nn.Dropout(0.2)), nnlab.digits(), steps=0, seed=2
    )
    lives = [left, right]
    run(lives, 100)
    again = [LiveTraining(LiveRun(network(2, 16, 2), nnlab.moons(), seed=1))]
    model = nn.Sequential(nn.Flatten(), network(64, 16, 10), nn.Dropout(0.2))
    again.append(LiveTraining(LiveRun(model, nnlab.digits(), seed=2)))
    for live, alone in zip(lives, again, strict=True):
        alone.step(live.run.steps)
        assert live.losses == alone.losses
        assert same(weights(live), weights(alone))
        assert live.png() == alone.png()
    assert torch.equal(before, torch.get_rng_state())


def test_training_leaves_torch_its_threads():
    seen = []
    torch.set_num_threads(2)
    try:
        lives = [moons(), digits()]
        for live in lives:
            live.start()
        for live in lives:
            until(lambda live=live: live.run.steps > 20)
            live.pause()
            live._background.wait(WAIT)
        seen.append(torch.get_num_threads())
        new = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        new.start()
        new.join(WAIT)
    finally:
        torch.set_num_threads(1)
    assert seen == [2, 2]


class Fails(nn.Module):
    def __init__(self, after):
        super().__init__()
        self.model, self.left = network(2, 4, 2), after

    def forward(self, x):
        self.left -= self.training
        if self.left < 0:
            raise RuntimeError("no <more>")
        return self.model(x)


def test_an_error_is_shown_and_pauses():
    live = nnlab.live_training(Fails(30), nnlab.moons(), steps=5)
    live.start()
    until(lambda: live.error)
    assert live.error == "RuntimeError: no <more>"
    assert live.widget.error == live.error
    assert not live.running
    until(lambda: live._background._thread is None)
    assert live.widget.state == {"labels": {"run": "start"}, "on": ""}
    live.run.model.left = 10**9
    live.start()
    assert (live.error, live.widget.error) == (None, "")
    until(lambda: live.run.steps > 40)
    live.pause()


def test_a_step_that_works_takes_the_error_away():
    live = nnlab.live_training(Fails(7), nnlab.moons(), steps=5)
    live.start()
    until(lambda: live._background._thread is None)
    assert live.error is not None
    live.run.model.left = 10**9
    live.step()
    assert (live.error, live.widget.error) == (None, "")


def test_divergence_is_said_and_pauses():
    live = moons(optimizer=lambda p: torch.optim.SGD(p, lr=1e30))
    live.start()
    until(lambda: not live.running)
    live.png()
    assert "diverged after step" in live.sentence
    assert "try a smaller lr" in live.sentence
    assert live.error is None
    live.reset()
    live.png()
    assert "before the first step" in live.sentence


def test_closing_the_last_view_pauses():
    live = moons()
    live.widget._view_count = 2  # as the front end sets it
    live.start()
    live.widget._view_count = 1
    assert live.running
    live.widget._view_count = 0
    assert not live.running
    picture = live.png()  # drawn again
    assert picture == live.png()
    live.step()
    assert picture != live.png()


def test_drawing_in_the_thread_neither_reads_nor_changes_the_students_settings(monkeypatch):
    live, reference = moons(steps=0), moons(steps=0)
    reference.step(150)
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("ignore")
        matplotlib.style.use("dark_background")
        matplotlib.rcParams.update({"font.size": 20, "xtick.labelsize": 20, "lines.linewidth": 9})
        with monkeypatch.context() as forbidden:
            forbidden.setattr(matplotlib, "rc_context", lambda *_: 1 / 0)  # rcParams belong to all threads
            live.set(per_picture=50)
            live.start()
            until(lambda: live.run.steps > 150 or live.error)
            live.pause()
            assert live.error is None
            live.reset()
            live.step(150)
            assert (live._picture.rgb() == reference._picture.rgb()).all()
        assert live.widget.frame["strokes"] == reference.widget.frame["strokes"]
        assert live.png() == reference.png()


def test_a_program_that_ends_while_it_trains_ends_quietly():
    code = (
        "import nnlab\nnet = nnlab.Network([2, 8, 2])\n"
        "live = nnlab.live_training(nnlab.models.to_torch(net, net.init(seed=0)), nnlab.moons())\n"
        "live.start()\nassert live.running\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_control_says_what_it_is():
    for make in (moons, digits):
        live = make()
        assert [control["name"] for control in live.widget.about["controls"]] == list(live.controls)
        assert all(control["label"] for control in live.widget.about["controls"])
        assert all(button["label"] and button["reason"] for button in live.widget.about["buttons"])
        assert live.widget.about["title"] == f"Live training on {live.run.data.name}"
    assert list(moons(optimizer=lambda p: torch.optim.Adagrad(p, lr=0.1)).controls) == [
        "lr",
        "batch_size",
        "per_picture",
    ]
    beta = moons(optimizer=lambda p: torch.optim.Adam(p, lr=0.003))
    assert told(beta, "momentum")["label"] == "momentum (beta 1)"
    assert (beta.controls["lr"].value, beta.controls["momentum"].value) == (0.003, 0.9)


@pytest.mark.parametrize("lr", [0.1, 0.0123456, 50.0, 1e-6])
def test_a_slider_starts_where_the_optimizer_does(lr):
    live = moons(optimizer=lambda p: torch.optim.SGD(p, lr=lr))
    live.reset()
    live.png()
    assert live.run.lr == live.controls["lr"].value == lr


def test_bad_input(refused):
    live = moons()
    with refused("'speed'", "slider", ValueError):
        live.set(speed=3)
    with refused("0.0", "lr", ValueError):
        live.set(lr=0.0)
    with refused("33", "batch_size", ValueError):
        live.set(batch_size=33)
    with refused("-1", "steps", ValueError):
        live.step(-1)
    with refused("0.0", "lr", ValueError):
        moons(optimizer=lambda p: torch.optim.SGD(p, lr=0.0))


@pytest.mark.parametrize("features", [1, 4, 5, 9])
def test_features_that_are_no_picture(features, refused):
    part = nnlab.Split(torch.rand(20, features), torch.arange(20) % 2)
    with refused("made up", "data", ValueError):
        nnlab.live_training(network(features, 4, 2), nnlab.Dataset("made up", part, part, part, 2))


def pixels(picture):
    return picture.rgb().astype(int)


def test_the_plane_has_the_colours_of_plot_decision_boundary():
    """The colour in the middle of some cells of the grid, read from the picture and from ``decision_image``."""
    live = moons(steps=300, optimizer=lambda p: torch.optim.SGD(p, lr=0.5))
    plane, picture = live._view.answers, live._picture
    ax = picture.artists["answers"][0].axes
    p = live.run.predict(plane.inputs).reshape(80, 80, 2)
    grid = nnlab.surfaces.DecisionGrid(plane.x, plane.y, p, p, p)
    wanted = 255 * nnlab.plots.decision_image(grid)
    for row, column in ((2, 2), (2, 77), (77, 2), (77, 77), (40, 2)):
        x, y = ax.transAxes.transform(((column + 0.5) / 80, (row + 0.5) / 80))
        got = pixels(picture)[round(picture.figure.bbox.height - y), round(x)]
        np.testing.assert_allclose(got, wanted[row, column], atol=12)


def test_digits_say_what_is_read_and_what_is_true():
    live = digits(steps=100)
    images, texts = live._view.answers, live._picture.artists["answers"]
    read = live.run.predict(images.inputs).argmax(-1).tolist()
    assert read != images.truth
    for text, said, true in zip(texts, read, images.truth, strict=True):
        assert text.get_text() == (str(said) if said == true else f"{said} (is {true})")


def test_curves_hold_what_was_measured_and_mark_the_changes():
    live = moons(steps=30)
    live.set(lr=0.5)
    live.step(15)
    artists = live._picture.artists
    assert artists["losses"].get_ydata().tolist() == pytest.approx(live.losses)
    assert artists["accuracy"].get_xdata().tolist() == [0, 10, 20, 30, 40, 45]
    assert artists["validation"].get_ydata()[-1] == pytest.approx(live.run.measure().loss)
    assert [line.get_xdata()[0] for line in artists["changes"]] == [30, 30]


def test_long_curves_are_thinned_to_means():
    losses = list(np.random.default_rng(0).uniform(size=1234))
    steps, means = thinned(losses)
    assert len(means) <= CURVE
    np.testing.assert_allclose(means, np.reshape(losses[:1230], (-1, 5)).mean(1))
    assert steps[-1] == 1230


@pytest.mark.parametrize("high", [0.5, 1.0, 1.1, 3.0, 3.1, 9.9, 10.0, 2e7])
@pytest.mark.parametrize("low", [0.0, 2e-5, 0.029, 0.03, 0.1, 0.4])
def test_limits_hold_all_losses(low, high):
    bottom, top = loss_limits(np.array([low, high]))
    assert 0 < bottom <= max(low, 1e-6)
    assert bottom <= 0.1
    assert top >= max(1.0, high)


def test_nan_is_drawn_white_without_a_warning():
    run = LiveRun(network(2, 8, 2), nnlab.moons())
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    view = LivePicture(run.data)
    picture = Picture(view)
    picture.show(look_at(run, view.answers.inputs))
    corner = picture.artists["answers"][0].axes.transAxes.transform((0.01, 0.01))
    assert pixels(picture)[round(picture.figure.bbox.height - corner[1]), round(corner[0])].tolist() == [255, 255, 255]


def test_sentence():
    shown = look_at(LiveRun(network(2, 8, 2), nnlab.moons()), nnlab.moons().val.x)
    shown = shown._replace(now=shown.now._replace(step=7, loss=0.51234, accuracy=0.8765), lr=0.05, momentum=0.9)
    assert sentence(shown) == (
        "moons, after step 7: validation loss 0.512, 88% of the validation samples are right; "
        "lr 0.05, momentum 0.9, mini-batches of 32."
    )
    assert sentence(shown._replace(diverged=7)).startswith("moons: diverged after step 7, the loss is no longer")
