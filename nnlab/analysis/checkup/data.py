"""Look at the data first: are the inputs normalized, are the labels possible, and do they belong to the inputs?"""

import math
import warnings

import numpy as np
from torch import nn

from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped, suspected

__all__ = ["check_inputs", "check_labels", "check_pairs"]

LARGE, SMALL = 10.0, 1e-3  # root mean square of all inputs
UNEQUAL = 1000.0  # the largest standard deviation of a feature by the smallest
FEWEST = 100  # samples, below which nothing is said of inputs and labels together
SURE = 3.5  # standard errors above guessing: the better of two learners rarely gets so far by luck
MANY = 4000  # features, above which it would take too long
NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


def check_inputs(case: Case) -> Finding:
    """Finite? And of a size that PyTorch's first weights are made for: a root mean square near 1?"""
    x, y = case.x, case.y
    bad = sum(int((~t.isfinite()).sum()) for t in (x, y) if t.is_floating_point())
    if bad:
        return found("not finite", f"{bad} numbers of {len(x)} samples are nan or infinite.", bad=bad)
    shape = " x ".join(map(str, x.shape[1:])) or "1"
    if not x.is_floating_point():
        return fine(f"{len(x)} samples of {shape} whole numbers: they have no size that matters.")
    features = x.flatten(1) if x.ndim > 1 else x[:, None]
    mean, std = features.mean().item(), features.std(correction=0).item()
    size = math.hypot(mean, std)
    each = features.std(0, correction=0)
    each = each[each > 0]
    ratio = (each.max() / each.min()).item() if len(each) and features.shape[1] < MANY else 1.0
    seen = f"{len(x)} samples of {shape} numbers with mean {mean:.2g} and standard deviation {std:.2g}"
    evidence = {"mean": mean, "std": std, "ratio": ratio}
    if normalizes_itself(case):
        return fine(f"{seen}; the model begins with a normalization.", **evidence)
    if size > LARGE:
        more = f"; the widest feature varies {ratio:.2g} times as much as the narrowest" if ratio > UNEQUAL else ""
        return found("inputs not normalized", f"{seen}{more}.", **evidence)
    if size < SMALL:
        return suspected("inputs not normalized", f"{seen}.", **evidence)
    return fine(f"{seen}.", **evidence)


def normalizes_itself(case: Case) -> bool:
    """Whether the first layer with weights or running means is a normalization."""
    layers = [m for m in case.copy(train=False).modules() if [*m.parameters(recurse=False), *m.buffers(recurse=False)]]
    return bool(layers) and isinstance(layers[0], NORMS)


def check_labels(case: Case) -> Finding:
    """Possible classes, and not all alike; real targets of a size that a network can reach."""
    y, outputs = case.y, case.output.shape[1] if case.output.ndim == case.y.ndim + 1 else 1
    if y.is_floating_point() or outputs == 1:
        if ((y == 0) | (y == 1)).all():
            share = max((y == 0).double().mean().item(), (y == 1).double().mean().item())
            return balance(2, share, alone=y.numel() == len(y))
        mean, std = y.double().mean().item(), y.double().std(correction=0).item()
        seen = f"real targets with mean {mean:.2g} and standard deviation {std:.2g}."
        if math.hypot(mean, std) > LARGE:
            return suspected("targets not normalized", seen, mean=mean, std=std)
        return fine(seen, mean=mean, std=std)
    values, counts = y.flatten().unique(return_counts=True)
    kept = values != -100  # the label that PyTorch's losses leave out
    values, counts = values[kept], counts[kept]
    if not len(values):
        return found("labels out of range", "every label is -100, which the loss ignores.")
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= outputs:
        seen = f"labels from {low} to {high}, and {outputs} outputs."
        return found("labels out of range", seen, low=low, high=high, outputs=outputs)
    return balance(len(values), (counts.max() / counts.sum()).item(), alone=y.ndim == 1)


def balance(classes: int, share: float, alone: bool) -> Finding:
    """Whether nearly all samples have one label; where each sample has several, most of them are often 0."""
    seen = f"{classes} classes; the most frequent is {share:.0%} of the labels."
    if share > 0.95 and alone:
        return suspected("labels not balanced", seen, classes=classes, share=share)
    return fine(seen, classes=classes, share=share)


def check_pairs(case: Case) -> Finding:
    """Can anything tell the targets from the inputs? Two simple learners, judged on samples that they did not see.

    The five nearest neighbours and a linear model, in five folds. If both do no better than guessing, give or take
    3.5 standard errors, inputs and targets do not belong together (or there is nothing to learn).
    """
    x, y = case.x.flatten(1) if case.x.ndim > 1 else case.x[:, None], case.y
    if not x.is_floating_point():
        return skipped("whole numbers as inputs have no distance, so there are no neighbours to ask.")
    if len(x) < FEWEST or x.shape[1] > MANY:
        return skipped(f"it takes at least {FEWEST} samples and at most {MANY} features. Got {tuple(x.shape)}.")
    features = x.double().cpu().numpy()
    if (y.ndim == 1 or y.numel() == len(y)) and case.task.kind != "numbers":
        return neighbours_of_classes(features, y.flatten().long().cpu().numpy())
    if not y.is_floating_point() or y.ndim > 2:
        return skipped("there is more than one label for each sample.")
    return neighbours_of_numbers(features, y.double().reshape(len(y), -1).cpu().numpy())


def neighbours_of_classes(x: np.ndarray, y: np.ndarray) -> Finding:
    """The mean share of right answers over the classes, and its standard error if all were guessed."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.neighbors import KNeighborsClassifier

    classes, counts = np.unique(y, return_counts=True)
    kept = classes[counts >= 5]
    if len(kept) < 2:
        return skipped("fewer than two classes have five samples.")
    x, y = x[np.isin(y, kept)], y[np.isin(y, kept)]
    chance = 1 / len(kept)
    error = math.sqrt(sum(chance * (1 - chance) / (y == k).sum() for k in kept)) / len(kept)
    learners = KNeighborsClassifier(5), RidgeClassifier(class_weight="balanced")
    guesses = [foretold(learner, x, y) for learner in learners]
    right = max(float(np.mean([(guess[y == k] == k).mean() for k in kept])) for guess in guesses)
    seen = f"simple learners are right for {right:.0%} of unseen samples; guessing gives {chance:.0%}."
    enough = right - chance > SURE * error
    evidence = {"right": right, "chance": chance, "error": error}
    return fine(seen, **evidence) if enough else found("labels shuffled against inputs", seen, **evidence)


def neighbours_of_numbers(x: np.ndarray, y: np.ndarray) -> Finding:
    """The mean correlation of predictions and targets, whose standard error is 1 / sqrt(n) if there is none."""
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor

    y = y[:, y.std(0) > 0]
    if not y.shape[1]:
        return skipped("all targets are equal.")
    best = -1.0
    for learner in (KNeighborsRegressor(5), Ridge()):
        guess = foretold(learner, x, y).reshape(y.shape) + 1e-12 * y  # a constant guess has no correlation
        best = max(best, float(np.mean([np.corrcoef(g, t)[0, 1] for g, t in zip(guess.T, y.T, strict=True)])))
    seen = f"simple learners' answers for unseen samples have correlation {best:.2g} with the targets."
    evidence = {"correlation": best}
    if best * math.sqrt(len(y)) > SURE:
        return fine(seen, **evidence)
    return found("labels shuffled against inputs", seen, **evidence)


def foretold(learner, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The answers for all samples, each from a learner that has seen the other four fifths."""
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a singular matrix is no news about the data
        folds = KFold(5, shuffle=True, random_state=0)
        return cross_val_predict(make_pipeline(StandardScaler(), learner), x, y, cv=folds)
