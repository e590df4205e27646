"""Overfit one sample, then four, then a batch: what cannot learn them by heart has a defect."""

from collections.abc import Callable

import torch

from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped

__all__ = ["overfit"]

ONE, MORE = 0.2, 0.8  # what may be left of the first loss, or of that of a guess, of one sample and of more


def overfit(samples: int, steps: int) -> Callable[[Case], Finding]:
    """The check that the model can learn so many samples by heart.

    In eval mode, so that dropout does not disturb it and batch norm accepts a single sample. With Adam, because the
    question is what the model can do; the script's own steps have their own check. Known by heart means that of one
    sample's loss a fifth is left; of more samples four fifths, for a small model cannot know noise by heart; or that
    all classes are right and half of the loss is gone.
    """

    def check(case: Case) -> Finding:
        if len(case.x) < samples:
            return skipped(f"there are only {len(case.x)} samples.")
        if case.trained_already:
            return skipped("this model has been trained already.")
        x, y = case.x[:samples], case.y[:samples]
        if (size := sum(p.numel() for p in case.copy(train=False).parameters())) < y.numel():
            return skipped(f"{size} parameters cannot know {y.numel()} targets by heart.")
        first, last, made, known = learn(case, x, y, steps)
        seen = f"the loss falls from {first:.2g} to {last:.2g} in {made} steps."
        if known:
            return fine(seen, first=first, last=last, steps=made)
        return found("cannot overfit", seen.replace("falls", "goes"), first=first, last=last, steps=made)

    return check


def learn(case: Case, x: torch.Tensor, y: torch.Tensor, steps: int) -> tuple[float, float, int, bool]:
    """The first and the last loss, how many steps were made, and whether the samples are known by heart."""
    model = case.copy(train=False)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=0.01) if trained else None
    first = last = case.loss(model(x), y).item()
    goal = (ONE if len(x) == 1 else MORE) * max(first, case.task.baseline or 0.0)
    for step in range(1, steps + 1):
        output = model(x)
        loss = case.loss(output, y)
        last = loss.item()
        right = case.task.kind == "classes" and bool((output.argmax(1) == y).all()) and last < 0.5 * first
        if last <= goal or right:
            return first, last, step - 1, True
        if optimizer is None or not loss.requires_grad:
            return first, last, step - 1, False
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return first, last, steps, False
