"""Tracking: what a run does, written to disk while it runs, as a CSV file and for TensorBoard.

CSV and TensorBoard are callbacks of ``nnlab.fit``. They hold the numbers of the ``History``, outlive a run that is
killed, and a run that is resumed from a checkpoint goes on in the same files without a gap and without a line twice.
``Script`` is a callback too, and writes the run as a file of plain PyTorch.
"""

from pathlib import Path

from nnlab.history import History
from nnlab.training.checks import place
from nnlab.training.tracking import event_files
from nnlab.training.tracking.csv_file import CSV
from nnlab.training.tracking.event_files import read_scalars
from nnlab.training.tracking.event_writers import Writers, write_settings
from nnlab.training.tracking.script import Script, live_script
from nnlab.training.tracking.server import show_tensorboard
from nnlab.training.tracking.tensorboard import TensorBoard

__all__ = ["CSV", "Script", "TensorBoard", "live_script", "read_scalars", "show_tensorboard", "to_tensorboard"]


def to_tensorboard(history: History, folder: str | Path) -> None:
    """Write a finished record for TensorBoard: every curve of every member, with its settings as hparams.

    Args:
        history: one member goes to ``folder`` itself, several to sub-folders such as "lr=0.1, seed=0", with
            "member=0" at the end where several have the same settings.
        folder: what nnlab wrote before in the same sub-folder is replaced; other sub-folders stay.
    """
    folder = place("folder", folder, "runs/sweep")
    members = [{name: values[k] for name, values in history.settings.items()} for k in range(len(history))]
    names = [", ".join(f"{name}={value}" for name, value in own.items()).replace("/", "-") for own in members]
    for member, (settings, name) in enumerate(zip(members, names, strict=True)):
        own = f"{name}, member={member}" if names.count(name) > 1 else name
        write_member(history, member, settings, folder / own if len(history) > 1 else folder)


def write_member(history: History, member: int, settings: dict, folder: Path) -> None:
    """Write one member's curves and settings."""
    event_files.cut(folder, {})
    writers = Writers(folder)
    try:
        plain = {n: v if isinstance(v, (bool, int, float, str)) else str(v) for n, v in settings.items()}
        write_settings(writers["."], plain, [(curve.part, name) for name, curve in history.curves.items()])
        for name, curve in history.curves.items():
            for step, value in zip(curve.steps.tolist(), curve.values[member].tolist(), strict=True):
                writers.scalar(curve.part, name, value, step)
    finally:
        writers.close()
