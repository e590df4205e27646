"""Where a run writes: folders that cannot be written to, disks that cannot force, home, blanks in names."""

import errno
import os
import pathlib
import shlex

import pytest
import torch

import nnlab
from nnlab import Network, checkpoints, fit, tracking
from nnlab.training.checks import check_writable, place


def trained(**settings):
    net = Network([2, 8, 2])
    model = nnlab.models.to_torch(net, net.init(seed=0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    chosen = {"loss": "cross_entropy", "epochs": 2, "seed": 0, "progress": False, **settings}
    return fit(model, nnlab.moons(n=100), optimizer=optimizer, **chosen)


WRITERS = {
    "checkpoint": lambda folder: {"checkpoint": folder / "run"},
    "path": lambda folder: {"callbacks": [tracking.CSV(folder / "run" / "a.csv")]},
    "folder": lambda folder: {"callbacks": [tracking.TensorBoard(folder / "run", graph=False)]},
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_cannot_be_written_to_is_told_before_the_first_step(name, tmp_path, monkeypatch, refused):
    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    class Counts(nnlab.Callback):
        steps = 0

        def on_step(self, run):
            self.steps += 1

    counts = Counts()
    settings = WRITERS[name](tmp_path)
    settings["callbacks"] = [counts, *settings.get("callbacks", [])]
    monkeypatch.setattr("nnlab.training.checks.places.tempfile.TemporaryFile", read_only)
    with refused(
        f"{str(tmp_path / 'run')!r} (Read-only file system). Try '", f"{name} must be in a folder that can be"
    ):
        trained(**settings)
    assert counts.steps == 0


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_where_a_folder_must_be(name, tmp_path, refused):
    (tmp_path / "taken").write_text("a file")
    with refused("", f"{name} must be in a folder that can be written to"):
        trained(**WRITERS[name](tmp_path / "taken"))


def test_a_disk_that_forces_nothing(tmp_path, monkeypatch):
    def unable(number):
        def fsync(_):
            raise OSError(number, os.strerror(number))

        return fsync

    monkeypatch.setattr(os, "fsync", unable(errno.EINVAL))
    assert trained(checkpoint=tmp_path / "run").loss.shape == (1, 2)
    assert checkpoints.load(tmp_path / "run" / "last.pt")["step"] == 2
    monkeypatch.setattr(os, "fsync", unable(errno.EIO))  # a broken disk is no missing feature
    with pytest.raises(OSError, match="Input/output error"):
        checkpoints.save(tmp_path / "other.pt", {})


def test_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    board = tracking.TensorBoard("~/my runs/board", graph=False)
    trained(checkpoint="~/run", callbacks=[tracking.CSV("~/a.csv"), board])
    assert checkpoints.load("~/run/last.pt")["step"] == 2
    assert {file.name for file in tmp_path.iterdir()} == {"run", "a.csv", "my runs"}
    assert set(tracking.read_scalars("~/my runs").run) == {"board/train", "board/val"}
    assert trained(checkpoint="~/run", epochs=3, callbacks=[nnlab.Callback(), nnlab.Callback()]).loss.shape == (1, 3)


def test_no_home(monkeypatch, tmp_path, refused):
    def homeless(_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(pathlib.Path, "expanduser", homeless)
    for settings in ({"checkpoint": "~/run"}, {"checkpoint": pathlib.Path("~/run")}):
        with refused("'~/run'", "checkpoint must be a path without ~"):
            trained(**settings)
    with refused("'~/a.csv'", "path must be a path without ~"):
        tracking.CSV("~/a.csv")


def test_blanks_in_a_name_are_quoted_for_a_terminal(tmp_path):
    said = repr(tracking.show_tensorboard(tmp_path / "my runs"))
    assert shlex.split(said.partition("--logdir")[2]) == [str(tmp_path / "my runs")]


def test_a_place_and_its_folder(tmp_path):
    assert place("path", "a b/c", "runs") == pathlib.Path("a b/c")
    check_writable("path", tmp_path / "new" / "er")
    assert list((tmp_path / "new" / "er").iterdir()) == []
    with pytest.raises(TypeError, match=r"path must be a path\. Got 3"):
        place("path", 3, "runs")
