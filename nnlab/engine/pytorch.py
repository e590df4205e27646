"""What PyTorch's own loops need: a module, and an optimizer of its parameters; ours have another name there."""

import inspect
from dataclasses import fields

import torch
from torch import nn

from nnlab.engine.optimizers import OPTIMIZERS, Optimizer

__all__ = ["check_module", "check_optimizer", "refuse_ours"]


def check_module(model: nn.Module) -> None:
    """Check that ``model`` is a module of PyTorch."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model must be a torch.nn.Module. Got {type(model).__name__}. "
            "Try nnlab.models.to_torch(net, net.init(seed=0)) for a network by hand."
        )


def refuse_ours(optimizer) -> None:
    """Say what PyTorch calls one of our optimizers, or its class."""
    ours = optimizer() if isinstance(optimizer, type) and issubclass(optimizer, Optimizer) else optimizer
    if isinstance(ours, Optimizer):
        raise TypeError(
            f"optimizer must be one of torch.optim. Got {ours!r}, which is for networks by hand. Try {in_torch(ours)}."
        )


def check_optimizer(optimizer: torch.optim.Optimizer, model: nn.Module) -> None:
    """Check that ``optimizer`` is one of PyTorch, steps without a closure, and holds parameters of the model."""
    refuse_ours(optimizer)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must be one of torch.optim. Got {optimizer!r}. Try torch.optim.AdamW(model.parameters())."
        )
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise TypeError(
            f"optimizer must make a step from one gradient. Got {type(optimizer).__name__}, which asks for the loss "
            "several times a step. Try torch.optim.AdamW(model.parameters()), or a loop of your own."
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError(
            "optimizer must hold the parameters of this model. Got parameters of another model. "
            "Try torch.optim.AdamW(model.parameters()), made after the model."
        )


def in_torch(optimizer: Optimizer) -> str:
    """The call that makes the same optimizer in PyTorch, as far as PyTorch has it.

    >>> from nnlab.engine.optimizers import Nesterov
    >>> in_torch(Nesterov(lr=0.1))
    'torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.0, momentum=0.9, nesterov=True)'
    """
    name, settings = type(optimizer).__name__, {f.name: getattr(optimizer, f.name) for f in fields(optimizer)}
    if type(optimizer) not in OPTIMIZERS.values():
        return "torch.optim.AdamW(model.parameters())"
    if "beta1" in settings:
        settings["betas"] = settings.pop("beta1"), settings.pop("beta2")
    if name in ("Momentum", "Nesterov"):
        name, settings["nesterov"] = "SGD", name == "Nesterov"
    return f"torch.optim.{name}(model.parameters(), {', '.join(f'{n}={v}' for n, v in settings.items())})"
