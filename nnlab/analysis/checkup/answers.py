"""Look at the answers: is each sample answered alone, is there only one softmax, is the first loss that of a guess?"""

import math

import torch

from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped, suspected

__all__ = ["check_alone", "check_first_loss", "check_softmax", "companions_change", "differ"]


def differ(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest difference of two answers, as a share of their size; 0 where only rounding differs."""
    gap, size = (a - b).abs().max().item(), max(a.abs().max().item(), b.abs().max().item(), 1e-12)
    share = gap / size
    return 0.0 if share < 1e-4 else share


def check_alone(case: Case) -> Finding:
    """Give four samples other companions: in eval mode their answers must stay the same."""
    if len(case.x) < 3 or case.output.ndim == 0 or len(case.output) != len(case.x):
        return skipped("it takes three samples, and one answer for each.")
    share = companions_change(case)
    if not share:
        return fine("in eval mode the answer for a sample does not depend on the others in its batch.", changed=0.0)
    name = next((name for name, p in probabilities(case.output).items() if sums_to_one(p, 0)), "")
    more = f" Its {name}, summed over the batch, give 1." if name else ""
    seen = f"the same samples among others get answers that differ by {share:.0%}.{more}"
    return found("softmax over the wrong dimension", seen, changed=share)


def companions_change(case: Case) -> float:
    """By how much the answers for the first samples change in eval mode, when others fill up their batch."""
    x, few = case.x, min(4, len(case.x) // 3)
    with torch.no_grad():
        first = case.copy(train=False)(x[: 2 * few])[:few]
        second = case.copy(train=False)(torch.cat([x[:few], x[-few:]]))[:few]
    return differ(first, second)


def probabilities(output: torch.Tensor) -> dict[str, torch.Tensor]:
    """The answers, taken as probabilities and as their logarithms."""
    return {"probabilities": output, "log-probabilities' exponentials": output.exp()}


def sums_to_one(p: torch.Tensor, axis: int) -> bool:
    """Whether these are probabilities along an axis."""
    return p.ndim > 1 and bool((p >= 0).all() and ((p.sum(axis) - 1).abs() < 1e-3).all())


def check_softmax(case: Case) -> Finding:
    """A loss that takes logits must not get probabilities, and one that takes log-probabilities must get them."""
    task, output = case.task, case.output
    if not task.takes or task.kind == "numbers":
        return skipped("the loss is none of those that softmax or sigmoid belongs to.")
    if any(sums_to_one(p, 0) and not sums_to_one(p, 1) for p in probabilities(output).values()):
        return skipped("the softmax runs over the wrong dimension.")
    if task.takes == "logits":
        if task.kind == "classes" and sums_to_one(output, 1):
            lowest = math.log(1 + (task.classes - 1) / math.e)
            seen = f"the answers are probabilities already, so this loss cannot fall below {lowest:.2f}."
            return found("softmax before cross-entropy", seen, lowest=lowest)
        if task.kind == "binary" and within_one(case):
            seen = f"the answers stay between 0 and 1, so this loss cannot fall below {math.log1p(math.exp(-1)):.2f}."
            return found("softmax before cross-entropy", seen)
    if task.takes == "log-probabilities" and not sums_to_one(output.exp(), 1):
        return found("log-softmax forgotten", "exp(answers) does not sum to 1 over the classes.")
    return fine(f"the loss takes {task.takes}, and gets them.")


def within_one(case: Case) -> bool:
    """Whether the answers stay in [0, 1], even with weights that are a hundred times as large."""
    model = case.copy(train=False)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(100)
        outputs = torch.cat([case.output.flatten(), model(case.x).flatten()])
    return bool(((outputs >= 0) & (outputs <= 1)).all())


def check_first_loss(case: Case) -> Finding:
    """Before it has learned anything, a network should not be surer than somebody who guesses: log C for C classes."""
    task, first = case.task, case.first_loss
    if task.baseline is None:
        return skipped("the loss of a guess is not known for this loss.")
    guess = f"log {task.classes} = {task.baseline:.2f}" if task.classes else f"{task.baseline:.2g}"
    seen = f"the first loss is {first:.2f}, that of the best constant answer {guess}."
    evidence = {"first": first, "guess": task.baseline}
    if case.trained_already:
        return skipped(f"{seen} This model has been trained already.")
    surplus = first - task.baseline if task.classes else first / max(task.baseline, 1e-12) / 10
    if not math.isfinite(first) or surplus > 10:
        return found("first loss too high", seen, **evidence)
    return suspected("first loss too high", seen, **evidence) if surplus > 2 else fine(seen, **evidence)
