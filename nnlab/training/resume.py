"""How a training run outlives a crash: what ``fit`` writes after every epoch, and how it goes on from there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.training import checkpoints
from nnlab.training.checkpoints import CheckpointError
from nnlab.training.checks import changed

if TYPE_CHECKING:
    from nnlab.training.run import Run

__all__ = ["resume", "save"]

LAST, BEST = "last.pt", "best.pt"
OTHER_FOLDER = "Try another folder for checkpoint=, or the arguments of that run."


def save(run: Run, folder: Path) -> None:
    """Write ``best.pt`` if this was the best evaluation, then ``last.pt``.

    In this order a crash between the two is harmless: the resumed run writes the same ``best.pt`` again.
    """
    state = run.state_dict()
    seen = [e["val_loss"] for e in state["evaluations"]]
    if seen and seen[-1] == min((loss for loss in seen if not math.isnan(loss)), default=None):
        checkpoints.save(folder / BEST, state)
    checkpoints.save(folder / LAST, state)


def resume(run: Run, folder: Path, tell: bool) -> None:
    """Go on from the ``last.pt`` in ``folder``; without one the run begins at its beginning.

    Raises:
        CheckpointError: it is of another run, or was written within an epoch; everything is as it was.
    """
    path = folder / LAST
    if not path.is_file():
        return
    try:
        state = checkpoints.load(path)
        check_same_run(run, path, state)
        check_same_parts(run, path, state)
        run.load_state_dict(state)
    except CheckpointError:
        run.undo()
        raise
    except (RuntimeError, ValueError, KeyError) as error:
        run.undo()
        raise other_owners(path, error) from error
    if tell:
        print(f"Resumed after epoch {run.epoch}, step {run.step}, from {path}.")


def check_same_run(run: Run, path: Path, state: dict) -> None:
    """Check everything that can be compared before a checkpoint changes anything."""
    mine = run.state_dict()
    missing = sorted(mine.keys() - state.keys())
    if missing:
        raise CheckpointError(f"{path} is no checkpoint of nnlab.fit: it has no {', '.join(missing)}. {OTHER_FOLDER}")
    then, now = state["settings"], mine["settings"]
    different = [name for name in now if then.get(name) != now[name]]
    if different:
        was, got = ({name: settings.get(name) for name in different} for settings in (then, now))
        raise CheckpointError(f"{path} is the checkpoint of a run with {was}. Got {got}. {OTHER_FOLDER}")
    if len(state["callbacks"]) != len(mine["callbacks"]):
        raise CheckpointError(f"{path} was written with other callbacks or another schedule. {OTHER_FOLDER}")
    if state["random"].keys() != mine["random"].keys():
        raise CheckpointError(
            f"{path} was written with other random generators ({', '.join(state['random'])}), "
            f"those of other DataLoaders or another device. Got {', '.join(mine['random'])}. {OTHER_FOLDER}"
        )
    epoch = run.batches.steps
    if epoch and run.goal > state["step"] != state["epoch"] * epoch:
        raise CheckpointError(
            f"{path} was written within an epoch, or with another number of mini-batches: after step "
            f"{state['step']}, where an epoch has {epoch}. Start again in another folder. "
            f"Try steps that are a multiple of {epoch}."
        )
    if run.goal < state["step"]:
        raise CheckpointError(
            f"{path} was written after step {state['step']}, and a run cannot go back. Got {run.goal} steps in all. "
            f"Try as many as it has, or more; or another folder for checkpoint=."
        )


def check_same_parts(run: Run, path: Path, state: dict) -> None:
    """Check what a run is made of: model, groups of parameters, schedule, loss, metrics, data."""
    mine = run.state_dict()
    different = {n: (state["parts"].get(n), now) for n, now in mine["parts"].items() if state["parts"].get(n) != now}
    different |= changed(state["made"]["first"], state["made"]["last"], mine["made"]["first"])
    if different:
        owned = all(name == "model" or name.startswith("group") for name in different)
        words = "; ".join(f"{name} was {then}, and is {now}" for name, (then, now) in different.items())
        if owned:
            raise other_owners(path, words)
        raise CheckpointError(f"{path} is the checkpoint of another run: {words}. {OTHER_FOLDER}")


def other_owners(path: Path, reason: object) -> CheckpointError:
    """The error for a state that model, optimizer or callbacks cannot take."""
    return CheckpointError(f"{path} holds another model or optimizer, or other callbacks ({reason}). {OTHER_FOLDER}")
