"""How a training run outlives a crash: what ``fit`` writes after every epoch, and how it goes on from there."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import TYPE_CHECKING

from nnlab.training import checkpoints
from nnlab.training.checkpoints import CheckpointError

if TYPE_CHECKING:
    from nnlab.training.run import Run

LAST, BEST = "last.pt", "best.pt"
OTHER_FOLDER = "Try another folder for checkpoint=, or the arguments of that run."


def save(run: Run, folder: Path) -> None:
    """Write ``best.pt`` if this was the best evaluation, then ``last.pt``.

    In this order a crash between the two is harmless: the resumed run writes the same ``best.pt`` again.
    """
    state = state_dict(run)
    seen = [e["val_loss"] for e in run.evaluations if not math.isnan(e["val_loss"])]
    if seen and run.latest("val_loss") == min(seen):
        checkpoints.save(folder / BEST, state)
    checkpoints.save(folder / LAST, state)


def state_dict(run: Run) -> dict:
    """Everything that decides how the run goes on, and what it has recorded."""
    return {
        "settings": identity(run),
        "step": run.step,
        "epoch": run.epoch,
        "stop": run.stop,
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "schedule": run.scheduler.state_dict() if run.scheduler else None,
        "random": run.random_state(),
        "losses": run.recorded_losses(),
        "by_step": {name: [float(v) for v in values] for name, values in run.by_step.items()},
        "evaluations": run.evaluations,
        "callbacks": [callback.state_dict() for callback in run.callbacks],
    }


def identity(run: Run) -> dict:
    """What every checkpoint of this run has: its settings, and how optimizer and schedule were made."""
    plain = {n: v for n, v in run.optimizer.defaults.items() if isinstance(v, (int, float, str, tuple))}
    schedule = type(run.scheduler).__name__ if run.scheduler else None
    return {**run.settings, "optimizer": type(run.optimizer).__name__, **plain, "schedule": schedule}


def resume(run: Run, folder: Path, tell: bool) -> None:
    """Go on from the ``last.pt`` in ``folder``; without one the run begins at its beginning.

    Raises:
        CheckpointError: it is of another run, or was written within an epoch; the model is as it was.
    """
    path = folder / LAST
    if not path.is_file():
        return
    state = checkpoints.load(path)
    check_same_run(run, path, state)
    load_parts(run, path, state)
    if run.scheduler:
        run.scheduler.load_state_dict(state["schedule"])
    run.set_random_state(state["random"])
    run.step, run.epoch, run.stop = state["step"], state["epoch"], state["stop"]
    run.losses, run.by_step = list(state["losses"].to(run.device)), state["by_step"]
    run.evaluations = state["evaluations"]
    if tell:
        print(f"Resumed after epoch {run.epoch}, step {run.step}, from {path}.")


def load_parts(run: Run, path: Path, state: dict) -> None:
    """Fill model, optimizer and callbacks; if one does not fit, model and optimizer are as they were."""
    before = copy.deepcopy((run.model.state_dict(), run.optimizer.state_dict()))
    try:
        run.model.load_state_dict(state["model"])
        run.optimizer.load_state_dict(state["optimizer"])
        for callback, its_state in zip(run.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(its_state)
    except (RuntimeError, ValueError, KeyError) as error:
        run.model.load_state_dict(before[0])
        run.optimizer.load_state_dict(before[1])
        raise CheckpointError(
            f"{path} holds another model or optimizer, or other callbacks ({error}). {OTHER_FOLDER}"
        ) from error


def check_same_run(run: Run, path: Path, state: dict) -> None:
    """Check everything that can be compared before a checkpoint changes anything."""
    missing = sorted(state_dict(run).keys() - state.keys())
    if missing:
        raise CheckpointError(f"{path} is no checkpoint of nnlab.fit: it has no {', '.join(missing)}. {OTHER_FOLDER}")
    then, now = state["settings"], identity(run)
    different = [name for name in now if then.get(name) != now[name]]
    if different:
        was, got = ({name: settings.get(name) for name in different} for settings in (then, now))
        raise CheckpointError(f"{path} is the checkpoint of a run with {was}. Got {got}. {OTHER_FOLDER}")
    if len(state["callbacks"]) != len(run.callbacks):
        raise CheckpointError(f"{path} was written with other callbacks or another schedule. {OTHER_FOLDER}")
    if state["random"].keys() != run.random_state().keys():
        raise CheckpointError(
            f"{path} was written with other random generators ({', '.join(state['random'])}), "
            f"those of other DataLoaders or another device. Got {', '.join(run.random_state())}. {OTHER_FOLDER}"
        )
    epoch = run.steps_in_epoch()
    if epoch and run.goal > state["step"] != state["epoch"] * epoch:
        raise CheckpointError(
            f"{path} was written within an epoch, or with another number of mini-batches: after step "
            f"{state['step']}, where an epoch has {epoch}. Start again in another folder. "
            f"Try steps that are a multiple of {epoch}."
        )
