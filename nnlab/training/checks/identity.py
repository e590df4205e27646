"""What decides a run, as text: two runs with the same text go the same way, so one may go on where the other ended."""

from __future__ import annotations

import dis
import functools
import hashlib
import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from nnlab import arguments

PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.dtype, torch.device)

__all__ = ["changed", "described", "fingerprint", "leaves", "made"]


def fingerprint(tensors: Iterable[torch.Tensor]) -> str:
    """Twelve letters and digits that differ as soon as one number of the tensors does."""
    seen = hashlib.sha256()
    for tensor in tensors:
        tensor = tensor.detach().cpu().contiguous()
        seen.update(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
        seen.update(tensor.flatten().view(torch.uint8).numpy().data if tensor.numel() else b"")
    return seen.hexdigest()[:12]


def described(thing: Any, depth: int = 4) -> str:
    """Text that is the same for two things that do the same, as far as that can be seen from outside.

    Numbers, text and containers are what they hold; a tensor is its fingerprint; a function its code, with what it has
    of its surroundings; an object that can be called its class with its public attributes. What is none of these, lies
    more than ``depth`` objects deep, or is trained meanwhile (a module with parameters), is only its class.
    """
    thing = arguments.plain(thing)
    if isinstance(thing, PLAIN):
        return repr(thing)
    if isinstance(thing, np.ndarray):
        thing = torch.as_tensor(thing) if thing.dtype.kind in "fiubc" else thing.tolist()
    if isinstance(thing, torch.Tensor):
        return f"{tuple(thing.shape)} {fingerprint([thing])}"
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    if depth == 0:
        return name
    inside = functools.partial(described, depth=depth - 1)
    if isinstance(thing, Mapping):
        return "{" + ", ".join(f"{key}: {inside(value)}" for key, value in thing.items()) + "}"
    if isinstance(thing, (list, tuple)):
        return "[" + ", ".join(map(inside, thing)) + "]"
    if isinstance(thing, functools.partial):
        return f"{inside(thing.func)} with {inside(thing.args)} {inside(thing.keywords)}"
    if isinstance(thing, types.FunctionType):
        return f"{name} {code_of(thing.__code__)} {inside(surroundings(thing))}"
    made_with = attributes(thing)
    return f"{name}({inside(made_with)})" if made_with else name


def surroundings(function: types.FunctionType) -> list[Any]:
    """The defaults, and the constants and functions around it, that a function uses; lists may be its diary."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    names = {i.argval for i in dis.get_instructions(function) if i.opname == "LOAD_GLOBAL"}
    used = [function.__globals__[name] for name in sorted(names) if name in function.__globals__]
    kept = (*PLAIN, torch.Tensor, np.ndarray, tuple, functools.partial)
    around = [value for value in cells if isinstance(value, (*kept, types.FunctionType, nn.Module))]
    return [function.__defaults__, *around, *(value for value in used if isinstance(value, kept))]


def code_of(code: types.CodeType) -> str:
    """A fingerprint of what a function does: its operations, its names, its constants and those of functions in it."""
    constants = [code_of(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    in_order = ["".join(sorted(c)) if c.startswith("frozenset") else c for c in constants]  # it has no order of its own
    return hashlib.sha256(repr((code.co_code, code.co_names, in_order)).encode()).hexdigest()[:12]


def attributes(thing: Any) -> dict[str, Any]:
    """What an object that can be called was made with: its public attributes; of a module also its buffers."""
    is_module = isinstance(thing, nn.Module)
    trained = is_module and any(True for _ in thing.parameters())
    if trained or not callable(thing) or not hasattr(thing, "__dict__") or isinstance(thing, type):
        return {}
    public = {name: value for name, value in vars(thing).items() if not name.startswith("_") and name != "training"}
    return public | (dict(thing.named_buffers()) | dict(thing.named_children()) if is_module else {})


def made(optimizer: torch.optim.Optimizer, scheduler: Any, model: nn.Module) -> dict[str, str]:
    """Every setting of the optimizer's groups of parameters and of the schedule, one by one, as they are now."""
    names = {id(p): name for name, p in model.named_parameters()}
    groups = [{**group, "params": [names.get(id(p)) for p in group["params"]]} for group in optimizer.param_groups]
    functions = described(getattr(scheduler, "lr_lambdas", None))
    return leaves({"group": groups, "schedule": scheduler and {**scheduler.state_dict(), "functions": functions}})


def leaves(nest: Any, name: str = "") -> dict[str, str]:
    """The values inside nested dictionaries and lists, each with the way to it: "group 0 weight_decay"."""
    if type(nest) in (list, tuple):
        nest = dict(enumerate(nest))
    if not isinstance(nest, Mapping):
        return {name: described(nest)}
    given = "initial_lr" in nest  # then the schedule decides what lr is at the moment
    inside = [(key, value) for key, value in nest.items() if not (given and key == "lr")]
    return {way: text for key, value in inside for way, text in leaves(value, f"{name} {key}".strip()).items()}


def changed(then: dict[str, str], later: dict[str, str], now: dict[str, str]) -> dict[str, tuple]:
    """What differs between the settings of two runs: name -> (then, now); left out is what a run changes by itself.

    Args:
        then: the settings when the first run began. later: the same, when its checkpoint was written.
        now: when the second run began, perhaps with the same objects, as the first one has left them.
    """
    moved = {name for name in then if name in later and later[name] != then[name]}
    return {
        name: (then.get(name), now.get(name))
        for name in [*then, *(now.keys() - then.keys())]
        if then.get(name) != now.get(name) and name not in moved
    }
