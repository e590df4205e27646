"""Do the units answer at all? Dead ReLUs give 0 for every sample; saturated ones are at their flat ends."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped, suspected
from nnlab.analysis.probes import SATURATED

__all__ = ["check_dead", "check_saturation"]

RELU, FLAT = ("relu", "relu_", "relu6"), ("sigmoid", "sigmoid_", "tanh", "tanh_")


class Listening(TorchFunctionMode):
    """Inside, the output of every call of an activation is kept, whether a module or a function makes it.

    Attributes:
        heard: (name of the activation, its output), in the order of the calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, torch.Tensor]] = []

    def __torch_function__(self, func, types, args=(), kwargs=None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in RELU + FLAT and isinstance(out, torch.Tensor):
            self.heard.append((name, out.detach().clone()))
        return out


def heard(case: Case, names: tuple[str, ...]) -> list[tuple[str, torch.Tensor]]:
    """The outputs of these activations for all samples, in eval mode."""
    model = case.copy(train=False)
    with Listening() as listening:
        model(case.x)
    return [(name, out) for name, out in listening.heard if name in names]


def dead_units(out: torch.Tensor) -> float:
    """The share of the units of (sample, unit), (sample, channel, ...) or (sample, place, unit) that are always 0."""
    if out.ndim < 2:
        return float((out == 0).all())
    axes = {1, out.ndim - 1} if out.ndim == 3 else {1}
    return min((out.movedim(axis, 0).flatten(1) == 0).all(1).float().mean().item() for axis in axes)


def check_dead(case: Case) -> Finding:
    """The share of dead units in every layer of ReLUs, before anything is learned."""
    shares = [dead_units(out) for _, out in heard(case, RELU) if len(out) == len(case.x)]
    if not shares:
        return skipped("the model has no ReLU.")
    worst = max(shares)
    seen = f"in {len(shares)} layers of ReLUs, at most {worst:.0%} of the units give 0 for all {len(case.x)} samples."
    if worst >= 0.9:
        return found("dead ReLUs", seen, share=worst)
    return suspected("dead ReLUs", seen, share=worst) if worst > 0.6 else fine(seen, share=worst)


def check_saturation(case: Case) -> Finding:
    """The share of sigmoid and tanh units with less than 5 % of the slope that they have in the middle."""
    shares = []
    for name, a in heard(case, FLAT):
        slope = 1 - a**2 if "tanh" in name else 4 * a * (1 - a)  # as a share of the largest
        shares.append((slope < SATURATED).float().mean().item())
    if not shares:
        return skipped("the model has no sigmoid or tanh.")
    worst = max(shares)
    seen = f"in {len(shares)} layers of sigmoid or tanh, at most {worst:.0%} of the answers are at the flat ends."
    return suspected("saturated units", seen, share=worst) if worst > 0.6 else fine(seen, share=worst)
