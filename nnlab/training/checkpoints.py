"""Checkpoints: a training state written so that no crash can halve it, and read so that no file can run code."""

import errno
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import torch

from nnlab.training.checks import place

__all__ = ["CheckpointError", "force", "force_to_disk", "load", "save"]

FORMAT = "nnlab checkpoint 1"
NO_FSYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES)  # some network and FUSE file systems have none


class CheckpointError(ValueError):
    """A file that cannot be used as a checkpoint; the message says why and what to do."""


def save(path, state: dict) -> Path:
    """Write ``state`` to ``path``, whole or not at all.

    The bytes go to a temporary file beside it, are forced to the disk, and the file is renamed over the old one:
    at any moment, ``path`` is the old checkpoint or the new one.

    Args:
        path: the file; its folder is made when it is missing. "~" at the beginning is the home folder.
        state: numbers, text, tensors, and lists and dictionaries of them, such as a ``state_dict()``.

    >>> import tempfile
    >>> file = save(tempfile.mkdtemp() + "/last.pt", {"step": 3})
    >>> load(file)
    {'step': 3}
    """
    path = place("path", path, "runs/last.pt")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "wb") as file:
        torch.save({"format": FORMAT, "state": without_numpy(state)}, file)
        file.flush()
        force(file.fileno())
    os.replace(unfinished, path)
    force_to_disk(path.parent)
    return path


def without_numpy(state):
    """The state with Python's numbers in place of numpy's, which the restricted reader would refuse."""
    if isinstance(state, dict):
        return {without_numpy(key): without_numpy(value) for key, value in state.items()}
    if type(state) in (list, tuple):
        return type(state)(map(without_numpy, state))
    return state.item() if isinstance(state, np.generic) else state


def force_to_disk(folder: Path) -> None:
    """Make the renaming of a file in ``folder`` outlive a power cut; only POSIX systems can open a folder."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            force(descriptor)
        finally:
            os.close(descriptor)


def force(descriptor: int) -> None:
    """Force what was written to the disk, where the file system can do that; the others do it when they like."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_FSYNC:
            raise


def load(path) -> dict:
    """Read what ``save`` wrote. Only data are read: nothing that a file contains is executed.

    Every byte is checked against the sums that the file carries, then PyTorch's restricted reader
    (``torch.load(weights_only=True)``) builds tensors, numbers, text, lists and dictionaries, and refuses the rest.

    Args:
        path: a file that ``save`` wrote; tensors come back on the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is truncated or damaged, was not written by nnlab, or holds more than data.
    """
    path = place("path", path, "runs/last.pt")
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint {path}. Train with checkpoint={str(path.parent)!r} first.")
    check_bytes(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than data, so it was refused, and nothing in it was executed. "
            "Use only checkpoints that nnlab wrote."
        ) from error
    except Exception as error:  # a zip file of another kind fails in as many ways as there are kinds
        raise CheckpointError(f"{path} is not a checkpoint: PyTorch cannot read it. Was it renamed?") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("state"), dict):
        raise CheckpointError(
            f"{path} was not written by this version of nnlab.checkpoints, which marks its files {FORMAT!r}. "
            "Start again in an empty folder, or read it with torch.load(weights_only=True)."
        )
    return content["state"]


def check_bytes(path: Path) -> None:
    """Check that the file is a whole zip file, as PyTorch writes them, with every byte as it was written."""
    remedy = "Delete it and resume from another checkpoint, or start again."
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:  # damage fails in as many ways as there are bytes
        raise CheckpointError(f"{path} is damaged, truncated, or no checkpoint at all. {remedy}") from error
    if damaged:
        raise CheckpointError(f"{path} is damaged: its part {damaged} has changed since it was written. {remedy}")
