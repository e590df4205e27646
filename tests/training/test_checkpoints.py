"""Checkpoints: whole or not at all, and only data are ever read."""

import os
import pickle
import zipfile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import checkpoints

STATE = {
    "step": 3,
    "rate": 0.1,
    "names": ["a", "b"],
    "model": {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([torch.nan, torch.inf])},
    "nothing": None,
}


def same(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0)) and one.dtype == other.dtype
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def test_what_was_saved_comes_back(tmp_path):
    path = checkpoints.save(tmp_path / "new" / "folder" / "last.pt", STATE)
    assert same(checkpoints.load(path), STATE)
    assert os.listdir(path.parent) == ["last.pt"]


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = checkpoints.save(tmp_path / "last.pt", {"step": 1})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        checkpoints.save(path, {"step": lambda: 2})
    assert checkpoints.load(path) == {"step": 1}

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(path, {"step": 3})
    assert checkpoints.load(path) == {"step": 1}
    monkeypatch.undo()
    checkpoints.save(path, {"step": 4})
    assert checkpoints.load(path) == {"step": 4}


def test_bytes_are_forced_to_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda d: (events.append("fsync"), fsync(d))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (events.append("rename"), replace(a, b))[1])
    checkpoints.save(tmp_path / "last.pt", STATE)
    assert events == ["fsync", "rename", "fsync"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no checkpoint .*last\.pt"):
        checkpoints.load(tmp_path / "last.pt")


@given(share=st.floats(0, 0.999))
@settings(max_examples=40, deadline=None)
def test_every_truncated_file_is_refused(share, tmp_path_factory):
    path = checkpoints.save(tmp_path_factory.mktemp("cut") / "last.pt", STATE)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(checkpoints.CheckpointError, match="truncated, or no checkpoint"):
        checkpoints.load(path)


def test_a_changed_byte_in_a_tensor_is_refused(tmp_path):
    weights = torch.full((100,), 1.25)
    path = checkpoints.save(tmp_path / "last.pt", {"weights": weights})
    content = bytearray(path.read_bytes())
    at = content.index(weights.numpy().tobytes()) + 40
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(checkpoints.CheckpointError, match=r"damaged: its part .* has changed"):
        checkpoints.load(path)


def test_every_changed_bit_is_refused_or_changes_nothing(tmp_path):
    """Some bits of a zip file belong to nothing that is read, such as the date."""
    whole = checkpoints.save(tmp_path / "whole.pt", STATE).read_bytes()
    path, refused = tmp_path / "last.pt", 0
    for position in range(0, len(whole), 5):
        for bit in (1, 128):
            content = bytearray(whole)
            content[position] ^= bit
            path.write_bytes(content)
            try:
                assert same(checkpoints.load(path), STATE)
            except checkpoints.CheckpointError:
                refused += 1
    assert refused > 100


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_file_is_refused_and_runs_nothing(tmp_path, zipped):
    path, target = tmp_path / "last.pt", tmp_path / "executed"
    content = {"format": checkpoints.FORMAT, "state": {"x": Evil(target)}}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(checkpoints.CheckpointError, match="more than data" if zipped else "no checkpoint at all"):
        checkpoints.load(path)
    assert not target.exists()
    torch.load(path, weights_only=False)  # the file is as evil as it claims
    assert target.exists()


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "last.pt"
    torch.save(torch.nn.Linear(2, 2).state_dict(), path)
    with pytest.raises(checkpoints.CheckpointError, match="not written by this version"):
        checkpoints.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(checkpoints.CheckpointError, match="PyTorch cannot read it"):
        checkpoints.load(path)
    path.write_text("hello")
    with pytest.raises(checkpoints.CheckpointError, match="no checkpoint at all"):
        checkpoints.load(path)
