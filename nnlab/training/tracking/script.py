"""A run as a file of plain PyTorch, which needs no nnlab: it prints the losses that the run had.

``Script`` writes it for ``fit``, ``live_script`` for a live training. Beside ``adam.py`` lies ``adam.pt`` with what no
text can hold: the first weights, the data, the learning rates of a schedule.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from nnlab.training.batches import Sliced
from nnlab.training.callbacks import Callback
from nnlab.training.checks import check_writable, place

if TYPE_CHECKING:
    from nnlab.stage.live import LiveTraining
    from nnlab.training.run import Run

__all__ = ["Script", "live_script"]

HEAD = '''\
"""A training run in plain PyTorch: it prints the losses of the run from which nnlab wrote it."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

saved = torch.load(Path(__file__).with_suffix(".pt"), weights_only=True)  # first weights, data
x, y, x_val, y_val = saved["data"]
model = {model}
model.load_state_dict(saved["weights"])
optimizer = {optimizer}
criterion = {loss}
generator = torch.Generator().manual_seed({seed})  # the order of the samples
'''
FIT = '''\
torch.manual_seed({seed})  # dropout


def look(step):
    """Print the loss of all validation samples, if there are any."""
    model.eval()
    if x_val is not None:
        with torch.no_grad():
            outputs = torch.cat([model(part) for part in x_val.split(4096)])
            print(f"step {{step}} val_loss {{criterion(outputs, y_val).item()!r}}")


step = 0
look(step)
while step < {steps}:
    model.train()
    for batch in torch.randperm(len(x), generator=generator).split({batch_size}):
        optimizer.param_groups[0]["lr"] = saved["lr"][step]
        optimizer.zero_grad()
        loss = criterion(model(x[batch]), y[batch])
        loss.backward()
        {clip}optimizer.step()
        step += 1
        print(f"step {{step}} loss {{loss.item()!r}}")
        if step == {steps}:
            break
    look(step)
'''
LIVE = """\
changes = {changes}  # what the sliders did: (step, setting, value)
batch_size, order, position = {batch_size}, [], 0


{functions}


for step in range({steps}):
    for _, setting, value in [change for change in changes if change[0] == step]:
        if setting == "batch_size":
            batch_size = value
        elif setting == "momentum":
            set_momentum(optimizer, value)
        else:
            optimizer.param_groups[0]["lr"] = value
    if position >= len(order):  # a new epoch
        order, position = torch.randperm(len(x), generator=generator), 0
    end = position + max(batch_size, {least})
    end = end if len(x) - end >= {least} else len(x)
    batch, position = order[position:end], end
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x[batch]), y[batch])
    loss.backward()
    optimizer.step()
    print(f"step {{step + 1}} loss {{loss.item()!r}}")
"""


class Script(Callback):
    """A callback that writes the run as a file of plain PyTorch, when it ends.

    The file prints the loss of every step, and the validation loss after every epoch: the numbers of the ``History``.
    It knows a schedule by its learning rates, and no other callback: after early stopping its weights are the last ones
    and not the best. On another machine, or with another number of threads, the last digits may differ.

    Args:
        path: such as "adam.py"; "adam.pt" is written beside it.

    Raises:
        TypeError, ValueError: when training begins, if the run cannot be written down: a model that is not
            ``nn.Sequential`` of layers of ``torch.nn``; a loss or an optimizer that is not PyTorch's, several groups of
            parameters, or a part that is frozen; a DataLoader or ``unpack``; a run that is resumed.

    >>> Script("runs/adam.py").path.name
    'adam.py'
    """

    def __init__(self, path: str | Path):
        self.path = place("path", path, "runs/adam.py")
        self._texts: dict[str, Any] = {}
        self._weights: dict[str, torch.Tensor] = {}

    def on_start(self, run: Run) -> None:
        batches = run.batches
        if not isinstance(batches, Sliced) or len(batches.parts) != 2 or run.parts["unpack"] != "None":
            raise TypeError("data must be in memory, as (x, y). Got something else. Try fit(model, nnlab.digits()).")
        if run.step:
            raise ValueError(f"a script must begin at step 0. Got a run that goes on at {run.step}. Try a new run.")
        check_place(self.path)
        self._texts = texts(run.model, run.optimizer, run.evaluator.given) | {"batch_size": batches.size}
        self._weights = copies(run.model.state_dict())

    def on_end(self, run: Run) -> None:
        data = [*run.batches.parts, *(run.batches.val_parts or (None, None))]  # type: ignore[union-attr]
        clip = run.settings["clip_norm"]
        clipping = f"nn.utils.clip_grad_norm_(model.parameters(), {clip})\n        " if clip else ""
        about = {"seed": run.settings["seed"], "steps": run.step, "clip": clipping}
        rates = [float(lr) for lr in run.by_step["lr"]]
        write(self.path, HEAD + FIT, self._texts | about, {"weights": self._weights, "data": data, "lr": rates})


def live_script(live: LiveTraining, path: str | Path) -> None:
    """Write the steps that a live training has made so far as a file of plain PyTorch, with all that its sliders did.

    Args:
        live: what ``nnlab.live_training`` returned. It is paused.
        path: such as "live.py"; "live.pt" is written beside it.

    Raises:
        TypeError, ValueError: as for ``Script``; a model with dropout, whose masks come from nnlab.
    """
    from nnlab.stage.live import LiveTraining
    from nnlab.stage.live.run import momentum_of, set_momentum

    if not isinstance(live, LiveTraining):
        raise TypeError(f"live must be a live training. Got {type(live).__name__}. Try nnlab.live_training(...).")
    live.pause()
    run, path = live.run, place("path", path, "runs/live.py")
    if any(isinstance(layer, nn.Dropout) and layer.p for layer in run.model.modules()):
        raise ValueError("model must have no dropout: its masks come from nnlab. Got some. Try fit with Script.")
    check_place(path)
    weights, settings, batch_size, seed = run.first
    about = {"seed": seed, "batch_size": batch_size, "steps": run.steps, "changes": run.changes, "least": run.least}
    about["functions"] = "\n\n".join(inspect.getsource(one) for one in (momentum_of, set_momentum)).strip()
    data = [part for split in (run.data.train, run.data.val) for part in (split.x, split.y)]
    made = texts(run.model, run.optimizer, run.given, settings)
    write(path, HEAD + LIVE, made | about, {"weights": copies(weights), "data": data})


def check_place(path: Path) -> None:
    """Refuse a file that is no such script, and a folder that cannot be written to."""
    if path.suffix != ".py" or (path.exists() and not path.read_text(encoding="utf-8").startswith(HEAD[:100])):
        raise ValueError(
            f"path must be a new file, or one that Script wrote, and end with .py. Got {str(path)!r}. "
            f"Try {str(path.with_suffix('.run.py'))!r}."
        )
    check_writable("path", path.parent)


def write(path: Path, template: str, texts: dict[str, Any], saved: dict[str, Any]) -> None:
    """Both files."""
    torch.save(saved, path.with_suffix(".pt"))
    path.write_text(template.format(**texts), encoding="utf-8")


def copies(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: weight.detach().cpu().clone() for name, weight in weights.items()}


def texts(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Any, first: dict | None = None) -> dict[str, Any]:
    """What makes model, optimizer and loss; `first` is the state of an optimizer at the beginning, None for now."""
    first = first or optimizer.state_dict()
    check_optimizer(optimizer, model, used=bool(first["state"]))
    kind, made = next(model.parameters()).dtype, type(optimizer)
    settings = options(made, first["param_groups"][0])
    return {
        "model": layer_text(model) + ("" if kind is torch.float32 else f".to({kind})"),
        "optimizer": f"torch.optim.{made.__name__}(model.parameters(){settings})",
        "loss": loss_text(loss),
    }


def layer_text(layer: nn.Module) -> str:
    """The call that makes a layer: PyTorch's own text of it, if that makes the same one again."""
    if type(layer) is nn.Sequential:
        names, layers = zip(*layer.named_children(), strict=True)
        numbered = names == tuple(map(str, range(len(names))))
        made = map(layer_text, layers)
        texts = made if numbered else [f"({name!r}, {text})" for name, text in zip(names, made, strict=True)]
        inside = indent("".join(f"{text},\n" for text in texts), "    ")
        return f"nn.Sequential(\n{inside})" if numbered else f"nn.Sequential(OrderedDict([\n{inside}]))"
    text = f"nn.{layer!r}"
    if getattr(nn, type(layer).__name__, None) is not type(layer) or not makes(text, layer):
        raise TypeError(
            f"model must be an nn.Sequential of layers of torch.nn. Got {type(layer).__name__}. Try the layers alone."
        )
    return text


def makes(text: str, layer: nn.Module) -> bool:
    """Whether this text makes a layer with the same text and the same weights, but for their numbers."""
    try:
        with torch.random.fork_rng(devices=[]):  # its first weights must not be taken from the run's random numbers
            made = eval(text, {"nn": nn})
    except Exception:
        return False
    shapes = [[(name, w.shape) for name, w in one.state_dict().items()] for one in (made, layer)]
    return repr(made) == repr(layer) and shapes[0] == shapes[1]


def check_optimizer(optimizer: torch.optim.Optimizer, model: nn.Module, used: bool) -> None:
    """Refuse an optimizer that one call with all parameters does not make."""
    kind, groups = type(optimizer).__name__, len(optimizer.param_groups)
    held = [id(p) for p in optimizer.param_groups[0]["params"]]
    whole = held == [id(p) for p in model.parameters() if p.requires_grad] == [id(p) for p in model.parameters()]
    if getattr(torch.optim, kind, None) is not type(optimizer) or groups > 1 or not whole or used:
        raise ValueError(
            "optimizer must be a new one of torch.optim with all parameters in one group. "
            f"Got {kind} with {groups} groups. Try torch.optim.Adam(model.parameters())."
        )


def loss_text(loss: Any) -> str:
    """The call that makes a loss of PyTorch, or the name of a function."""
    kind = type(loss)
    if kind.__module__ == "torch.nn.modules.loss" and not list(loss.buffers()):
        return f"nn.{kind.__name__}({options(kind, vars(loss)).removeprefix(', ')})"
    name = getattr(loss, "__name__", "")
    if name and getattr(nn.functional, name, None) is loss:
        return f"nn.functional.{name}"
    raise TypeError(f"loss must be one of torch.nn without weights. Got {loss!r}. Try nn.CrossEntropyLoss().")


def options(kind: type, values: dict[str, Any]) -> str:
    """Arguments of a call, those that are not as usual."""
    usual = {name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()}
    plain = {n: v.item() if isinstance(v, torch.Tensor) else v for n, v in values.items() if n in usual}
    return "".join(f", {name}={value!r}" for name, value in plain.items() if value != usual[name] and name != "params")
