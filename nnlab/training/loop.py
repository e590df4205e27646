"""fit: the training loop of PyTorch, with what a run that you can trust needs around it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from nnlab.datasets.data import Dataset
from nnlab.history import History
from nnlab.progress import progress_bar
from nnlab.training.batches import NO_BATCH
from nnlab.training.callbacks import Callback, check_callbacks
from nnlab.training.checks import check_writable, place
from nnlab.training.resume import resume, save
from nnlab.training.run import Run, device_state, set_device_state

__all__ = ["fit", "own_randomness", "train_epoch"]

# How PyTorch's layers say that their input is float64, or whole numbers, and their weights are not; or the reverse.
OTHER_NUMBERS = ("have the same dtype", "bias type", "same datatype", "following scalar types: Long")


def fit(
    model: nn.Module,
    data: Dataset | DataLoader | tuple[DataLoader, DataLoader],
    *,
    optimizer: torch.optim.Optimizer,
    loss: str | Callable,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    schedule=None,
    metrics: Mapping | None = None,
    callbacks: Iterable[Callback] = (),
    clip_norm: float | None = None,
    seed: int,
    device: str | torch.device | None = None,
    progress: bool = True,
    checkpoint: str | Path | None = None,
    unpack: Callable | None = None,
) -> History:
    """Train ``model`` in place; the validation data are looked at before the first step and after every epoch.

    An interrupted cell (the stop button) is no error: what was recorded so far is returned, and the model can be
    used. The model is left in eval mode. The global random generators are as they were before.

    Args:
        model: any module that maps a batch x to logits.
        data: a ``Dataset``, or a DataLoader, or a pair of them for training and validation; or data in memory, as a
            TensorDataset or (x, y), or a pair of those, ((x, y), (x_val, y_val)). x and y may be tensors, numpy arrays
            or pandas tables; real numbers get the type of the model's.
        optimizer: one of ``torch.optim`` that holds the parameters of ``model``, or some of them.
        loss: (logits, y) -> scalar mean over the batch, such as ``nn.CrossEntropyLoss()``; or one by hand, such as
            ``nnlab.losses.huber``, or its name, "huber". Those by hand want (batch, outputs). The validation loss is
            that of all samples at once, so it does not depend on how they are cut into batches.
        epochs: how often to go through the training data. steps: how many updates. Give one of the two.
        batch_size: samples in a mini-batch, drawn without replacement, the last one may be smaller; None takes all.
            Gradients are not accumulated over several batches: a batch that is as large does the same.
        schedule: an ``nnlab.schedules`` formula, or a scheduler of ``torch.optim.lr_scheduler`` that is bound to
            ``optimizer``. It counts what you count: epochs, or steps.
        metrics: name -> torchmetrics metric, or function (logits, y) -> number, computed on the validation data; None
            is the accuracy for class numbers, also of a single logit, and nothing for real targets. "accuracy" becomes
            ``val_accuracy``, "f1" ``extra["val_f1"]``; several values at once, such as one for each class, become
            "val_f1_0", "val_f1_1". Their ``higher_is_better`` tells early stopping, medians and bands which way is
            better.
        callbacks: see ``nnlab.callbacks``, for example ``EarlyStopping(patience=5)``.
        clip_norm: the largest allowed norm of the whole gradient, that of all parameters which ``optimizer`` holds;
            ``extra["grad_norm"]`` then has the norm before.
        seed: decides the order of samples, and dropout.
        device: where to train; None is where the model is.
        progress: show a progress bar, if somebody is there to see it.
        checkpoint: a folder for ``last.pt`` and ``best.pt`` (the lowest validation loss), written after every epoch.
            If it has a ``last.pt``, the run goes on from there, and ends with the bits of an uninterrupted one; from
            ``steps`` that ended within an epoch it cannot, and says so. A run with other arguments is refused.
        unpack: batch -> (inputs, y), for batches that are no pair: ``lambda batch: (batch["x"], batch["label"])``. A
            tuple or list of inputs becomes several arguments of the model, a dictionary its named arguments.

    Returns:
        A ``History`` with one member; ``extra["lr"]`` is the learning rate of every step.

    Raises:
        TypeError, ValueError: arguments that do not fit each other, with the remedy.
        nnlab.checkpoints.CheckpointError: the checkpoint is damaged or belongs to another run.
    """
    folder = None if checkpoint is None else place("checkpoint", checkpoint, "runs/adam")
    run = Run(
        model=model,
        data=data,
        optimizer=optimizer,
        loss=loss,
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        schedule=schedule,
        metrics=metrics,
        callbacks=check_callbacks(callbacks),
        clip_norm=clip_norm,
        seed=seed,
        device=device,
        unpack=unpack,
    )
    if folder is not None:
        check_writable("checkpoint", folder)
    with own_randomness(seed, run.device), spread_inputs(run.model, unpack is not None):
        if folder:
            resume(run, folder, tell=progress)
        with progress_bar(run.goal, "step", run.step, progress) as bar:
            train_to_the_end(run, folder, bar)
    return run.history()


def train_to_the_end(run: Run, folder: Path | None, bar) -> None:
    """Epoch after epoch; whatever happens, every callback that was started gets its ``on_end``."""
    with ExitStack() as ends:  # an error in one callback does not keep the others from theirs
        for callback in run.callbacks:
            callback.on_start(run)
            ends.callback(callback.on_end, run)
        ends.callback(run.model.eval)  # this comes first: a stack ends with what it began with
        try:
            train_epochs(run, folder, bar)
        except KeyboardInterrupt:
            if not run.losses:
                raise
        except (ValueError, RuntimeError) as error:
            if known := in_our_words(str(error), run):
                raise known from error
            raise


def train_epochs(run: Run, folder: Path | None, bar) -> None:
    """Train, look at the validation data, let the schedule go on, write the checkpoint; and again."""
    if run.step == 0:
        run.evaluate()
    while run.step < run.goal and not run.stop:
        before = run.step
        train_epoch(run)
        if run.step == before:
            raise ValueError(NO_BATCH)
        run.epoch += 1
        run.evaluate()
        run.step_schedule(each="epoch")
        if folder:
            save(run, folder)
        if bar:
            bar.set_postfix_str(f"val_loss {run.evaluations[-1]['val_loss']:.3f}" if run.evaluations else "")
            bar.update(run.step - before)


def train_epoch(run: Run) -> None:
    """One pass through the training data: the five lines of PyTorch, and what a ``Run`` adds to them."""
    run.model.train()
    for x, y in run.batches.train(run.generator):
        run.optimizer.zero_grad()
        loss = run.loss(run.model(x), y)
        loss.backward()
        run.clip_gradients()
        run.optimizer.step()
        run.after_step(loss)
        if run.step == run.goal:
            break


def in_our_words(said: str, run: Run) -> Exception | None:
    """What to say instead of two errors of PyTorch that do not name a remedy; None for all others."""
    if "more than 1 value per channel" in said:
        return ValueError(
            "every mini-batch must have at least two samples, for batch norm divides by their standard deviation. "
            f"Got one with a single sample, the last of the epoch. Try {run.batches.without_single()}."
        )
    if any(words in said for words in OTHER_NUMBERS):
        kind = next(run.model.parameters()).dtype
        return TypeError(
            f"a layer's inputs must be numbers of the kind of its weights, here {kind}; an embedding wants whole "
            f"numbers. Got another kind ({said.splitlines()[0]}). Try x.to({kind}), x.long() for an embedding, "
            "or model.float()."
        )
    return None


@contextmanager
def spread_inputs(model: nn.Module, wanted: bool):
    """Inside, ``model((a, b))`` means ``model(a, b)``, and ``model({"a": a})`` means ``model(a=a)``."""

    def spread(_, args, kwargs):
        if len(args) != 1 or kwargs or not isinstance(args[0], (tuple, list, Mapping)):
            return args, kwargs
        return ((), dict(args[0])) if isinstance(args[0], Mapping) else (tuple(args[0]), {})

    hook = model.register_forward_pre_hook(spread, with_kwargs=True) if wanted else None
    try:
        yield
    finally:
        if hook:
            hook.remove()


@contextmanager
def own_randomness(seed: int, device: torch.device):
    """Inside, the global generators start from ``seed`` (dropout uses them); afterwards they are as they were."""
    before = device_state(device)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(int(seed))
        try:
            if device.type == "cuda":
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(int(seed))
            elif device.type == "mps":
                torch.mps.manual_seed(int(seed))
            yield
        finally:
            if before is not None:
                set_device_state(device, before)
