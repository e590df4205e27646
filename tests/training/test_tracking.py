"""Tracking: CSV and TensorBoard hold the numbers of History, whatever happens to the run."""

import csv
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import types
import urllib.request

import matplotlib
import numpy as np
import psutil
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import nnlab
from nnlab import Callback, fit, tracking
from nnlab.analysis.mistakes import Mistakes, as_pictures, picture_of, plot_mistakes, worst_mistakes
from nnlab.training.tracking.event_writers import tag_of
from nnlab.training.tracking.server import Server, browser_address, show_tensorboard
from nnlab.training.tracking.tensorboard import check_hparams

CROSS_ENTROPY = nn.CrossEntropyLoss()
PATIENCE = 120  # seconds until a test that hangs is given up


def classifier(sizes=(64, 16, 10), dropout=0.0):
    net = nnlab.Network(list(sizes))
    layers = nnlab.models.to_torch(net, net.init(seed=0))
    return nn.Sequential(*layers[:-1], nn.Dropout(dropout), layers[-1]) if dropout else layers


def trained(callbacks=(), model=None, data=None, lr=0.01, **settings):
    """Three epochs of 9 steps on digits."""
    model = classifier() if model is None else model
    chosen = {"loss": CROSS_ENTROPY, "epochs": 3, "batch_size": 128, "seed": 0, "progress": False, "clip_norm": 1.0}
    chosen |= settings
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return fit(model, nnlab.digits() if data is None else data, optimizer=optimizer, callbacks=callbacks, **chosen)


def trackers(folder, **settings):
    return [tracking.CSV(folder / "run.csv"), tracking.TensorBoard(folder / "board", **{"every": 2, **settings})]


def assert_tracked(folder, history, board="board"):
    """Both files hold the numbers of the history: the CSV its bytes, TensorBoard every number once."""
    history.to_csv(folder / "expected.csv")
    assert (folder / "run.csv").read_bytes() == (folder / "expected.csv").read_bytes()
    assert_on_board(folder / board, history)


def assert_on_board(folder, history, member=0):
    found = tracking.read_scalars(folder)
    expected = {}
    for name, curve in history.curves.items():
        if len(curve.steps):
            expected[curve.part, tag_of(curve.part, name)] = (curve.steps.tolist(), curve.values[member].numpy())
    assert {key: len(rows) for key, rows in found.groupby(["run", "tag"])} == {
        k: len(v[0]) for k, v in expected.items()
    }
    for key, rows in found.groupby(["run", "tag"]):
        steps, values = expected[key]
        assert rows["step"].tolist() == steps
        np.testing.assert_array_equal(rows["value"].to_numpy(np.float32), values)


def events(folder, part):
    accumulator = EventAccumulator(str(folder / part), size_guidance={"histograms": 0, "images": 0})
    accumulator.Reload()
    return accumulator


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A complete run: its folder, its history and its model."""
    folder, model = tmp_path_factory.mktemp("whole"), classifier()
    history = trained(trackers(folder, hparams={"hidden": 16}), model)
    return folder, history, model


class TestTheSameNumbers:
    def test_as_history(self, whole):
        assert_tracked(*whole[:2])

    def test_floats_come_back_exactly(self, whole):
        folder, history, _ = whole
        with open(folder / "run.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for name, column in history.to_frame().items():
            read = [float(row[name] or "nan") for row in rows]
            np.testing.assert_array_equal(read, column.to_numpy(dtype=float))

    def test_after_every_epoch_while_it_runs(self, tmp_path):
        class Looks(Callback):
            def on_evaluate(self, run):
                assert_tracked(tmp_path, run.history())

        history = trained([*trackers(tmp_path), Looks()], epochs=2)
        assert_tracked(tmp_path, history)

    def test_a_regression_with_a_metric_and_a_diverged_run(self, tmp_path):
        from torchmetrics import MeanAbsoluteError

        net = nnlab.Network([1, 8, 1])
        model = nn.Sequential(nnlab.models.to_torch(net, net.init(seed=0)), nn.Flatten(0))
        settings = {"loss": nn.MSELoss(), "batch_size": None, "lr": 1e30, "clip_norm": None}
        data, metrics = nnlab.polynomial(), {"mae": MeanAbsoluteError()}
        history = trained(trackers(tmp_path), model, data, metrics=metrics, **settings)
        assert history.diverged.item() > 0
        assert_tracked(tmp_path, history)
        assert set(tracking.read_scalars(tmp_path)["tag"]) == {"loss", "lr", "mae"}

    def test_without_validation_data(self, tmp_path):
        part = nnlab.moons(n=100).train
        train = DataLoader(TensorDataset(part.x, part.y), 32)
        history = trained(trackers(tmp_path), classifier((2, 4, 2)), train, batch_size=None)
        assert_tracked(tmp_path, history)

    def test_a_finished_record_of_many_members(self, tmp_path):
        net, settings = nnlab.Network([2, 4, 2]), {"seeds": [0, 1], "steps": 20, "eval_every": 5}
        history = nnlab.ensemble.train(net, nnlab.moons(n=100), nnlab.optimizers.SGD(lr=0.5), **settings)
        tracking.to_tensorboard(history, tmp_path)
        tracking.to_tensorboard(history, tmp_path)  # replaces it
        for seed in range(2):
            assert_on_board(tmp_path / f"seed={seed}", history, seed)
        again = [file.name for file in tmp_path.rglob("events*")]
        assert len(again) == 2 * 3  # settings, training and validation of each
        tracking.to_tensorboard(history.select(seed=1), tmp_path / "one")
        assert_on_board(tmp_path / "one", history, 1)

    def test_members_with_the_same_settings_have_folders_of_their_own(self, tmp_path):
        histories = [
            trained(data=nnlab.moons(n=100), model=classifier((2, 4, 2)), batch_size=None, lr=lr) for lr in (0.1, 1)
        ]
        both = nnlab.history.concatenate(histories)
        tracking.to_tensorboard(both, tmp_path)
        for member in range(2):
            assert_on_board(tmp_path / f"seed=0, member={member}", both, member)


class Noisy(nn.Module):
    """Draws random numbers in eval mode too."""

    def __init__(self):
        super().__init__()
        self.model = classifier((16, 16, 10))

    def forward(self, x):
        return self.model(x.unflatten(1, (16, 4)).mean(-1) + 0.01 * torch.randn(len(x), 16))


class TestTheRunIsLeftAlone:
    def test_also_one_that_draws_in_eval_mode(self, tmp_path):
        plain, tracked = trained(model=Noisy()), trained(trackers(tmp_path, every=1), Noisy())
        assert torch.equal(plain.loss, tracked.loss)
        assert torch.equal(plain.val_loss, tracked.val_loss)

    def test_the_same_bits_and_random_numbers(self, tmp_path):
        def run(callbacks, data):
            return trained(callbacks, classifier((2, 16, 2), dropout=0.5), data, batch_size=None)

        def loaders():
            parts = [TensorDataset(part.x, part.y) for part in (nnlab.moons(n=100).train, nnlab.moons(n=100).val)]
            generator = torch.Generator().manual_seed(3)
            return DataLoader(parts[0], 32, shuffle=True), DataLoader(parts[1], 16, shuffle=True, generator=generator)

        for make in (lambda: nnlab.moons(n=100), loaders):
            plain, tracked = run([], make()), run(trackers(tmp_path, every=1), make())
            assert torch.equal(plain.loss, tracked.loss)
            assert torch.equal(plain.val_loss, tracked.val_loss)

    def test_no_hook_thread_or_open_file_stays(self, tmp_path):
        model = classifier()
        process, threads = psutil.Process(), threading.active_count()
        trained(trackers(tmp_path, every=1), model)
        assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.modules())
        assert threading.active_count() == threads
        assert not [file.path for file in process.open_files() if str(tmp_path) in file.path]

    def test_nothing_is_said(self, tmp_path, capfd):
        trained(trackers(tmp_path))
        assert capfd.readouterr() == ("", "")


class TestHistograms:
    def test_weights_gradients_activations_of_every_layer(self, whole):
        folder, history, _ = whole
        found = events(folder / "board", "train")
        parameters = [f"{layer}.{kind}" for layer in ("layer1", "layer2") for kind in ("weight", "bias")]
        expected = {f"{what}/{name}" for what in ("weights", "gradients") for name in parameters}
        expected |= {f"activations/{name}" for name in ("layer1", "activation1", "layer2")}
        assert set(found.Tags()["histograms"]) == expected
        for tag in expected:
            steps = [e.step for e in found.Histograms(tag)]
            assert steps == ([18, 27] if tag.startswith("gradients") else [0, 18, 27])
        last = found.Histograms("weights/layer1.weight")[-1].histogram_value
        weight = history.params["layer1.weight"]
        assert (last.min, last.max) == (weight.min().item(), weight.max().item())
        assert last.num == sum(last.bucket) == weight.numel()
        counts, _ = np.histogram(weight.numpy(), bins=np.array([last.min, *last.bucket_limit], dtype=np.float32))
        np.testing.assert_allclose(last.bucket, counts, atol=1)  # an entry may lie on the edge of two intervals

    def test_finite_also_when_the_run_is_not(self, tmp_path):
        history = trained(trackers(tmp_path, every=1), lr=1e30)
        assert history.diverged.item() > 0
        found = events(tmp_path / "board", "train")
        seen = 0
        for tag in found.Tags()["histograms"]:
            for event in found.Histograms(tag):
                value = event.histogram_value
                assert np.isfinite([value.min, value.max, value.sum, value.sum_squares, *value.bucket_limit]).all()
                seen += 1
        assert seen > 0

    def test_the_graph(self, whole):
        assert "layer1" in str(events(whole[0] / "board", "train").Graph())

    def test_a_model_that_cannot_be_traced_has_no_graph(self, tmp_path, capfd):
        class Dictionary(nn.Module):
            def __init__(self):
                super().__init__()
                self.model = classifier()

            def forward(self, x):
                if torch.jit.is_tracing():
                    raise RuntimeError("not traceable")
                return self.model(x)

        assert_model = Dictionary()
        trained(trackers(tmp_path), assert_model, epochs=1)
        assert not events(tmp_path / "board", "train").Tags()["graph"]
        assert capfd.readouterr() == ("", "")


class TestMistakes:
    def test_the_most_confident_first(self):
        logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 5.0], [0.5, 0.0]])
        y = torch.tensor([1, 1, 1, 0, 1])  # wrong: all but the second
        batches = [(logits[:3], y[:3]), (logits[3:], y[3:])]
        found = worst_mistakes(nn.Identity(), batches, most=3)
        assert torch.equal(found.x, logits[[3, 2, 0]])
        assert found.y.tolist() == [0, 1, 1]
        assert found.predicted.tolist() == [1, 0, 0]
        torch.testing.assert_close(found.confidence, torch.tensor([5.0, 3.0, 2.0]).sigmoid())
        assert len(worst_mistakes(nn.Identity(), [(logits[1:2], y[1:2])]).y) == 0

    def test_what_is_a_picture(self):
        assert as_pictures(torch.zeros(2, 64)).shape == (2, 8, 8)
        assert as_pictures(torch.zeros(2, 1, 5, 4)).shape == (2, 5, 4)
        assert as_pictures(torch.zeros(2, 5, 4)).shape == (2, 5, 4)
        assert as_pictures(torch.zeros(2, 4)) is None  # four features are no picture
        assert as_pictures(torch.zeros(2, 3, 8, 8)) is None

    def test_the_picture_shows_each_with_both_classes(self):
        from matplotlib.figure import Figure

        x = torch.rand(7, 64)
        mistakes = Mistakes(x, torch.arange(7), torch.arange(7) + 1, torch.ones(7))
        ax = plot_mistakes(mistakes, Figure().add_subplot())
        assert [t.get_text() for t in ax.texts] == [f"{k} → {k + 1}" for k in range(7)]
        for image, one in zip(ax.images, x, strict=True):
            np.testing.assert_array_equal(image.get_array(), one.reshape(8, 8))
        none = Mistakes(*(part[:0] for part in mistakes))
        assert plot_mistakes(none, Figure().add_subplot()).images[:] == []  # a warning would be an error
        assert picture_of(none).ndim == 3
        pixels = picture_of(mistakes)
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        with matplotlib.rc_context({"figure.constrained_layout.use": True}):  # as in nnlab's style
            np.testing.assert_array_equal(picture_of(mistakes), pixels)

    def test_what_is_no_picture_is_refused(self, refused):
        from matplotlib.figure import Figure

        one = torch.zeros(1, dtype=torch.int64)
        with refused("the shape (1, 5)", "x must hold grey pictures"):
            plot_mistakes(Mistakes(torch.zeros(1, 5), one, one, one.float()), Figure().add_subplot())

    def test_on_the_board(self, whole, tmp_path):
        from PIL import Image

        folder, _, model = whole
        images = events(folder / "board", "val").Images("misclassified")
        assert [image.step for image in images] == [0, 18, 27]
        (tmp_path / "last.png").write_bytes(images[-1].encoded_image_string)
        val = nnlab.digits().val
        expected = picture_of(worst_mistakes(model, [(val.x, val.y)]))
        with Image.open(tmp_path / "last.png") as shown:
            np.testing.assert_array_equal(np.asarray(shown), expected)

    def test_none_without_pictures(self, tmp_path):
        trained(trackers(tmp_path), classifier((2, 4, 2)), nnlab.moons(n=100), batch_size=None)
        trained([tracking.TensorBoard(tmp_path / "off", images=0)], epochs=1)
        trained([tracking.TensorBoard(tmp_path / "neither", every=None)], epochs=1)
        for board in ("board", "off", "neither"):
            assert not events(tmp_path / board, "val").Tags()["images"]
        assert not events(tmp_path / "neither", "train").Tags()["histograms"]


def settings_in(folder):
    """What the HPARAMS plugin reads: settings, metrics, and whether the session has ended."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    accumulator = events(folder, ".")
    content = {
        tag: HParamsPluginData.FromString(accumulator.SummaryMetadata(tag).plugin_data.content)
        for tag in accumulator.PluginTagToContent("hparams")
    }
    start = content["_hparams_/session_start_info"].session_start_info
    values = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    metrics = {(m.name.group, m.name.tag) for m in content["_hparams_/experiment"].experiment.metric_infos}
    return values, metrics, "_hparams_/session_end_info" in content


def test_hparams(whole):
    values, metrics, ended = settings_in(whole[0] / "board")
    expected = {"optimizer": "AdamW", "lr": 0.01, "batch_size": 128, "seed": 0, "clip_norm": 1.0, "hidden": 16}
    assert values == expected
    assert metrics == {("train", "loss"), ("val", "loss"), ("val", "accuracy")}
    assert ended


class Stops(Callback):
    """Interrupts, fails or kills the process after some steps."""

    def __init__(self, at, how):
        self.at, self.how = at, how

    def on_step(self, run):
        if run.step == self.at:
            if self.how == "fails":
                raise RuntimeError("out of ink")
            signal.raise_signal({"interrupts": signal.SIGINT, "kills": signal.SIGKILL}[self.how])


class TestInterruption:
    def test_the_stop_button(self, tmp_path):
        history = trained([*trackers(tmp_path), Stops(13, "interrupts")])
        assert history.loss.shape == (1, 13)
        assert_tracked(tmp_path, history)
        assert not settings_in(tmp_path / "board")[2]

    def test_an_error(self, tmp_path):
        with pytest.raises(RuntimeError, match="out of ink"):
            trained([*trackers(tmp_path), Stops(13, "fails")])
        assert_tracked(tmp_path, trained([Stops(13, "interrupts")]))

    def test_an_error_before_anything_was_recorded(self, tmp_path):
        with pytest.raises(ValueError, match="same shape"):
            trained(trackers(tmp_path), classifier((1, 4, 1)), nnlab.polynomial(), batch_size=None, loss=nn.MSELoss())
        assert not (tmp_path / "run.csv").exists()
        with pytest.raises(FileNotFoundError, match=r"There is no event file in .*callbacks="):
            tracking.read_scalars(tmp_path)

    @pytest.mark.parametrize("at", [13, 18])
    def test_resumed(self, tmp_path, at):
        folder = tmp_path / "checkpoint"
        trained([*trackers(tmp_path), Stops(at, "interrupts")], checkpoint=folder)
        assert_tracked(tmp_path, trained([*trackers(tmp_path), Callback()], checkpoint=folder))
        again = trained([*trackers(tmp_path), Callback()], checkpoint=folder, epochs=4)
        assert_tracked(tmp_path, again)
        assert torch.equal(again.loss, trained(epochs=4).loss)
        found = events(tmp_path / "board", "train").Histograms("weights/layer1.weight")
        assert [event.step for event in found] == [0, 18, 27, 36]
        assert settings_in(tmp_path / "board")[0]["lr"] == pytest.approx(0.01)

    def test_resumed_when_its_files_are_lost(self, tmp_path):
        folder = tmp_path / "checkpoint"
        trained([*trackers(tmp_path)], epochs=2, checkpoint=folder)
        (tmp_path / "run.csv").unlink()
        for file in (tmp_path / "board" / "train").iterdir():
            file.unlink()
        assert_tracked(tmp_path, trained(trackers(tmp_path), checkpoint=folder))

    def test_a_new_run_replaces_the_old_one_and_nothing_else(self, tmp_path):
        other = tmp_path / "board" / "train" / "events.out.tfevents.0000000001.other"
        other.parent.mkdir(parents=True)
        other.write_bytes(b"")
        trained(trackers(tmp_path))
        assert_tracked(tmp_path, trained(trackers(tmp_path), epochs=1, lr=0.1))
        assert other.exists()
        same = trackers(tmp_path)
        trained(same, epochs=2)
        assert_tracked(tmp_path, trained(same, epochs=1))  # the same callbacks again


def killed_run(folder):
    torch.set_num_threads(1)
    trained([*trackers(folder), Stops(13, "kills")], checkpoint=folder / "checkpoint")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
class TestKilled:
    def test_what_is_left_is_readable_and_it_goes_on(self, tmp_path):
        process = multiprocessing.get_context("spawn").Process(target=killed_run, args=(tmp_path,))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == -signal.SIGKILL
        assert_tracked(tmp_path, trained(epochs=1))  # of 13 steps the first epoch, 9 steps
        with open(next((tmp_path / "board" / "train").iterdir()), "ab") as file:
            file.write(b"\x18\x00\x00\x00half a record")
        with open(tmp_path / "run.csv", "a") as file:
            file.write("0,0,1")
        assert_on_board(tmp_path / "board", trained(epochs=1))
        history = trained([*trackers(tmp_path), Callback()], checkpoint=tmp_path / "checkpoint")
        assert_tracked(tmp_path, history)
        assert torch.equal(history.loss, trained().loss)


BAD = [
    (lambda: tracking.CSV(3), TypeError, "path must be a path. Got 3. Try 'runs/adam.csv'"),
    (lambda: tracking.TensorBoard(None), TypeError, "folder must be a path. Got None. Try 'runs/adam'"),
    (lambda: tracking.TensorBoard("runs", every=0), ValueError, "every must be at least 1. Got 0. Try 5."),
    (lambda: tracking.TensorBoard("runs", images=-1), ValueError, "images must be at least 0. Got -1. Try 24."),
    (lambda: check_hparams([1]), TypeError, r"hparams must be a dictionary name -> value. Got \[1\]"),
    (lambda: check_hparams({"a": [1]}), TypeError, r"hparams must be numbers, text or bools. Got a=\[1\]"),
    (lambda: tracking.show_tensorboard(3), TypeError, "folder must be a path. Got 3"),
    (lambda: tracking.show_tensorboard("runs", height=0), ValueError, "height must be at least 1"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=range(len(BAD)))
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_foreign_file_is_not_overwritten(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("my,own,table\n")
    with pytest.raises(ValueError, match=r"path must be a new file, or one that tracking.CSV wrote. Got .*run.csv"):
        trained(trackers(tmp_path))
    assert path.read_text() == "my,own,table\n"


def test_a_run_that_a_foreign_file_refuses_has_deleted_nothing(tmp_path):
    trained(trackers(tmp_path))
    files = sorted((tmp_path / "board").rglob("events*"))
    (tmp_path / "run.csv").write_text("my,own,table\n")
    with pytest.raises(ValueError, match="path must be a new file"):
        trained([tracking.TensorBoard(tmp_path / "board"), tracking.CSV(tmp_path / "run.csv")])
    assert sorted((tmp_path / "board").rglob("events*")) == files


@pytest.mark.parametrize("left", [b"", b"member,se"])
def test_a_file_that_a_crash_left_empty_or_cut_is_taken(tmp_path, left):
    path = tmp_path / "run.csv"
    path.write_bytes(left)
    trained([tracking.CSV(path)]).to_csv(tmp_path / "expected.csv")
    assert path.read_bytes() == (tmp_path / "expected.csv").read_bytes()


class TestServer:
    def test_it_shows_the_runs_and_is_gone_afterwards(self, whole):
        with Server(whole[0]) as server:
            assert server.address.startswith("http://127.0.0.1:")
            process = psutil.Process(server._process.pid)
            family = [process, *process.children(recursive=True)]
            for one in family:
                listening = [c.laddr.ip for c in one.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
                assert set(listening) <= {"127.0.0.1"}
            with urllib.request.urlopen(server.address, timeout=60) as page:
                assert b"TensorBoard" in page.read()
        assert psutil.wait_procs(family, timeout=10)[1] == []

    @pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
    def test_it_ends_with_a_process_that_is_killed(self, whole):
        code = (
            "import sys, time; from nnlab.training.tracking.server import Server; "
            "server = Server(sys.argv[1]); print(server._process.pid, flush=True); time.sleep(600)"
        )
        command = [sys.executable, "-c", code, str(whole[0])]
        environment = os.environ | {"PYTHONPATH": os.getcwd()}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
            server = psutil.Process(int(parent.stdout.readline()))
            family = [server, *server.children(recursive=True)]
            parent.kill()
        assert psutil.wait_procs(family, timeout=30)[1] == []

    def test_a_server_that_cannot_start_says_why(self, monkeypatch):
        monkeypatch.setattr("nnlab.tracking.server.SERVER", "raise SystemExit('no port is free')")
        with pytest.raises(RuntimeError, match=r"TensorBoard did not start. It said:\nno port is free"):
            Server("runs")
        shown = show_tensorboard("runs")
        shown.open()
        assert "no port is free" in shown._place.value
        assert shown.server is None

    def test_the_address_behind_a_proxy(self, monkeypatch):
        for name in ("TENSORBOARD_PROXY_URL", "JUPYTERHUB_SERVICE_PREFIX"):
            monkeypatch.delenv(name, raising=False)
        assert browser_address(6006) == "http://127.0.0.1:6006/"
        monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
        assert browser_address(6006) == "/user/ada/proxy/6006/"
        monkeypatch.setenv("TENSORBOARD_PROXY_URL", "/elsewhere/%PORT%/")
        assert browser_address(6006) == "/elsewhere/6006/"


class TestShown:
    def test_nothing_runs_until_it_is_asked_for(self):
        before, started = threading.active_count(), time.monotonic()
        shown = show_tensorboard("runs")
        data, _ = shown._repr_mimebundle_()
        assert data["text/plain"] == "TensorBoard of runs. In a terminal: tensorboard --logdir runs"
        assert shown.server is None
        assert threading.active_count() == before
        assert time.monotonic() - started < 2

    def test_on_colab_it_names_the_command_of_colab(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
        data, _ = show_tensorboard("runs")._repr_mimebundle_()
        assert list(data) == ["text/plain"]
        assert data["text/plain"].endswith("\n%load_ext tensorboard\n%tensorboard --logdir runs")

    def test_it_opens_and_ends_with_its_last_view(self, whole):
        shown = show_tensorboard(whole[0], height=500)
        shown.open()
        try:
            process, address = shown.server._process, shown.server.address
            assert f'<a href="{address}"' in shown._place.value
            assert "<iframe" in shown._place.value
            assert "height: 500px" in shown._place.value
            shown.open()
            assert shown.server.address == address  # one server
            shown.widget._view_count = 1
            assert process.poll() is None
            shown.widget._view_count = 0
            assert process.poll() is not None
            assert shown._place.value == ""
        finally:
            shown.close()
