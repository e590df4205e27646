"""TensorBoard's event files: which ones nnlab wrote, cut back to a checkpoint, read back as a table."""

import os
import time
from pathlib import Path

from nnlab.training.checks import place

__all__ = ["SUFFIX", "cut", "read_scalars", "sizes"]

SUFFIX = ".nnlab"  # ends the name of every file that nnlab wrote; no other file is ever cut or deleted
PATTERN = "events.out.tfevents.*"
PARTS = (".", "train", "val")


def sizes(folder: Path) -> dict[str, int]:
    """The size in bytes of every event file that nnlab wrote in ``folder``, in ``train`` and in ``val``."""
    files = [file for part in PARTS for file in sorted((folder / part).glob(PATTERN + SUFFIX))]
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def cut(folder: Path, to: dict[str, int]) -> bool:
    """Take back what was written after the sizes ``to`` were noted; with no sizes, delete nnlab's files.

    Event files only ever grow, so a shorter one is exactly what it was before. Returns False when the files cannot
    be what they were (one is missing or too short): then all of nnlab's files are deleted.
    """
    found = sizes(folder)
    possible = bool(to) and all(found.get(name, -1) >= size for name, size in to.items())
    for name in found:
        if possible and name in to:
            os.truncate(folder / name, to[name])
        else:
            (folder / name).unlink()
    if possible:
        wait_for_a_later_second(max(int(Path(name).name.split(".")[3]) for name in to))
    return possible


def wait_for_a_later_second(second: int) -> None:
    """TensorBoard reads files in the order of their names, which hold the second: the next one must come after."""
    while second <= time.time() < second + 1:
        time.sleep(0.02)


def read_scalars(folder):
    """What TensorBoard reads in ``folder`` and below: a DataFrame with the columns run, tag, step and value.

    TensorBoard keeps numbers in float32. ``run`` is the sub-folder, "." for ``folder`` itself.

    Raises:
        FileNotFoundError: no event file is there.
    """
    import pandas as pd
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    folder, rows = place("folder", folder, "runs"), []
    runs = sorted({file.parent for file in folder.rglob(PATTERN)})
    if not runs:
        raise FileNotFoundError(
            f"There is no event file in {folder}. Train with callbacks=[nnlab.tracking.TensorBoard({str(folder)!r})]."
        )
    for run in runs:
        events = EventAccumulator(str(run), size_guidance={SCALARS: 0})  # 0: keep all of them
        events.Reload()
        name = run.relative_to(folder).as_posix()
        rows += [(name, tag, e.step, e.value) for tag in events.Tags()[SCALARS] for e in events.Scalars(tag)]
    return pd.DataFrame(rows, columns=["run", "tag", "step", "value"])
