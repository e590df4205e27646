"""Look at a training step: is the gradient emptied, do the weights move, does the loss fall, how long does it take?"""

import math
import time

import torch
from torch import nn

from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped, suspected

__all__ = ["check_emptied", "check_moves", "check_rate", "check_time"]

TRIED = 30  # steps on one batch
SLOW = 0.5  # seconds a step
OTHER_RATES = (  # as a share of the script's own
    (0.1, "high", "a tenth"),
    (0.01, "high", "a hundredth"),
    (100, "low", "a hundred times"),
    (1e4, "low", "10,000 times"),
)


def check_emptied(case: Case) -> Finding:
    """Two steps on two batches, with and without emptying the gradient in between, must end with the same weights."""
    if not case.own["step"]:
        return skipped("no step was given, and the checkup's own empties the gradients.")
    half = len(case.x) // 2
    if not half:
        return skipped("it takes two samples.")
    batches = [(part[0][:64], part[1][:64]) for part in zip(case.x.split(half), case.y.split(half), strict=True)][:2]
    ends, lengths = [], []
    for emptied in (True, False):
        model = case.copy(train=True)
        optimizer = case.optimizer(model)
        for x, y in batches:
            case.step(model, optimizer, x, y)
            grads = [p.grad.norm() for p in model.parameters() if p.grad is not None]
            lengths.append(torch.stack(grads).norm().item() if grads else 0.0)
            if emptied:
                model.zero_grad()
        ends.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    clean, dirty = lengths[1], lengths[3]
    if torch.allclose(ends[0], ends[1], rtol=1e-4, atol=1e-7, equal_nan=True):
        return fine("the second of two steps uses the gradient of its own batch alone.")
    seen = f"the second of two steps has a gradient of length {dirty:.2g}; that of its own batch has {clean:.2g}."
    return found("forgotten zero_grad", seen, with_old=dirty, alone=clean)


def check_moves(case: Case) -> Finding:
    """After one step every parameter with a gradient has another value."""
    _, gradients = case.gradients()
    model = case.copy(train=True)
    optimizer = case.optimizer(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    case.step(model, optimizer, *case.batch)
    moved = {name: (p.detach() - before[name]).norm().item() for name, p in model.named_parameters()}
    lengths = {name: g.norm().item() for name, g in gradients.items() if g is not None}
    negligible = 1e-5 * max(lengths.values(), default=0.0)  # batch norm takes a bias away: what is left is rounding
    expected = [name for name, length in lengths.items() if length > negligible]
    still = [name for name in expected if moved[name] == 0]
    if not expected:
        return skipped("no parameter has a gradient.")
    if still:
        seen = f"{len(still)} of {len(expected)} parameters with a gradient are as before, such as {still[0]}."
        return found("weights do not move", seen, still=len(still))
    sizes = [moved[name] / before[name].norm().item() for name in expected if before[name].norm() > 0]
    change = sorted(sizes)[len(sizes) // 2] if sizes else math.nan
    return fine(f"a step changes every parameter that has a gradient, in the middle by {change:.1g} of its length.",
                change=change)  # fmt: skip


def losses_of(case: Case, factor: float) -> tuple[float, float, float]:
    """The loss of one batch at first, at the end, and at its highest, in 30 steps on it with lr times ``factor``.

    The end is the mean of the last five steps; a loss that is not finite counts as infinite.
    """
    model = case.copy(train=True)
    optimizer = case.optimizer(model)
    for group in optimizer.param_groups:
        group["lr"] *= factor
    seen = []
    for _ in range(TRIED):
        seen.append(loss_in_train_mode(case, model))
        case.step(model, optimizer, *case.batch)
    seen.append(loss_in_train_mode(case, model))
    seen = [value if math.isfinite(value) else math.inf for value in seen]
    return seen[0], sum(seen[-5:]) / 5, max(seen)


@torch.no_grad()
def loss_in_train_mode(case: Case, model: nn.Module) -> float:
    """The loss of the batch, as a training step would see it."""
    model.train()
    x, y = case.batch
    return case.loss(model(x), y).item()


def check_rate(case: Case) -> Finding:
    """Thirty steps on one batch: the loss must fall. If it does not, does it with another learning rate?"""
    if not case.own["optimizer"]:
        return skipped("no optimizer was given.")
    if case.trained_already:
        return skipped("this model has been trained already.")
    first, last, peak = losses_of(case, 1.0)
    seen = f"30 steps on one batch take the loss from {first:.2g} to {last:.2g}"
    if last < 0.999 * first and peak < 10 * first:  # slowly is no fault
        return fine(f"{seen}.", first=first, last=last)
    for factor, fault, how in OTHER_RATES:
        _, other, _ = losses_of(case, factor)
        if other < 0.9 * min(first, last):
            seen = f"{seen}; with {how} of the learning rate to {other:.2g}."
            return found(f"learning rate too {fault}", seen, first=first, last=last, other=other, factor=factor)
    return skipped(f"{seen}, and no other learning rate helps: the fault lies elsewhere.")


def check_time(case: Case) -> Finding:
    """The median time of five steps with one batch."""
    model = case.copy(train=True)
    optimizer = case.optimizer(model)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        case.step(model, optimizer, *case.batch)
        if case.x.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    seconds = sorted(times)[2]
    seen = f"a step with {len(case.batch[0])} samples takes"
    if seconds >= SLOW:
        return suspected("slow steps", f"{seen} {1000 * seconds:.0f} ms.", seconds=seconds)
    return fine(f"{seen} less than {1000 * SLOW:.0f} ms.", seconds=seconds)
