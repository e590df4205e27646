"""Does a gradient reach every parameter, and can the units of a layer become different?"""

import torch
from torch import nn

from nnlab.analysis.checkup.answers import differ
from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped, suspected

__all__ = ["check_gradients", "check_symmetry"]


def check_gradients(case: Case) -> Finding:
    """Every parameter that wants a gradient gets one, finite and not zero; frozen ones are not asked."""
    model, gradients = case.gradients()
    frozen = sum(1 for p in model.parameters() if not p.requires_grad)
    if not gradients:
        return found("nothing to train", f"all {frozen} parameters are frozen.", frozen=frozen)
    missing = [name for name, g in gradients.items() if g is None]
    used = [name for name in missing if changes_output(case, name)]
    if used:
        seen = f"{listed(used)} changes the output when it is changed, and gets no gradient."
        return found("no gradient reaches a layer", seen, parameters=len(used))
    if missing:
        seen = f"{listed(missing)} gets no gradient, and changing it changes nothing."
        return suspected("parameter without use", seen, parameters=len(missing))
    there = {name: g for name, g in gradients.items() if g is not None}
    if broken := [name for name, g in there.items() if not g.isfinite().all()]:
        return found("gradient not finite", f"that of {listed(broken)}.", parameters=len(broken))
    if silent := still_zero(case, [name for name, g in there.items() if not g.any()]):
        return found("vanishing gradient", f"that of {listed(silent)} is zero, also after three steps.",
                     parameters=len(silent))  # fmt: skip
    more = f"; {frozen} are frozen" if frozen else ""
    return fine(f"a gradient reaches each of {len(there)} parameters{more}.", parameters=len(there), frozen=frozen)


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def changes_output(case: Case, name: str) -> bool:
    """Whether the output depends on a parameter, seen by changing it."""
    model = case.copy(train=False)
    p = dict(model.named_parameters())[name]
    with torch.no_grad():
        p.add_(0.1 * (p.abs().max() + 0.1) * torch.randn_like(p))
        return differ(model(case.x), case.output) > 0


def still_zero(case: Case, names: list[str]) -> list[str]:
    """Those that get a gradient of zero also after three steps of Adam: a last layer of zeros opens after one."""
    if not names:
        return []
    model = case.copy(train=True)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(3):
        case.five_lines(model, optimizer, *case.batch)
    parameters = dict(model.named_parameters())
    return [name for name in names if (g := parameters[name].grad) is None or not g.any()]


def check_symmetry(case: Case) -> Finding:
    """Units that have the same weights and get the same gradient stay the same for ever.

    A last layer of zeros is no harm: its units get different gradients.
    """
    model, gradients = case.gradients()
    weights = {
        name: (p, gradient)
        for name, p in model.named_parameters()
        if p.ndim > 1 and len(p) > 1 and (gradient := gradients.get(name)) is not None
        and not isinstance(model.get_submodule(name.rpartition(".")[0]), nn.Embedding)
    }  # fmt: skip
    if not weights:
        return skipped("no layer has several units and a gradient.")
    twins = [name for name, both in weights.items() if all(map(all_rows_equal, both))]
    if twins:
        seen = f"all units of {listed(twins)} have the same weights and the same gradient."
        return found("zero initialization", seen, layers=len(twins))
    return fine(f"the units of each of {len(weights)} layers differ, or will after one step.", layers=0)


def all_rows_equal(table: torch.Tensor) -> bool:
    """Whether all rows of (unit, ...) are the same, up to rounding."""
    return bool(((table - table[:1]).abs() <= 1e-6 * table.abs().max()).all())
