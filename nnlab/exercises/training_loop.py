"""Exercises of notebook 08: what does a training run that you can trust look like?"""

from __future__ import annotations

import operator
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import uniform, whole

__all__ = ["EXERCISES"]

SAMPLES = normal(8, 12, 4)
LABELS = torch.arange(12) % 3
TRAIN = SAMPLES[:8] * torch.tensor([1.0, 3.0, 0.5, 10.0]) + torch.tensor([0.0, 5.0, -2.0, 1.0])
VAL = SAMPLES[8:] * 2 + 1
CURVES = (
    ([2.0, 0.5, 0.5, 0.7, 0.4, 0.6, 0.6], 2),  # as good as the best is no new best
    ([2.0, 1.0, 1.5, 1.4, 1.3, 1.2, 0.9], 3),
    ([2.0, 2.1, 1.0, 1.1, 0.9, 1.0, 0.8], 2),
    ([3.0, 2.0, 1.0], 2),
    ([3.0, 2.0, 2.5], 2),
    ([1.0, 2.0, 3.0, 4.0], 2),
)


def follow_steps(answer, case) -> list:
    """The weights after each of six steps of (model, optimizer, x, y); what the answer returns does not count."""
    x, y = case
    model = nn.Linear(4, 3, dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.linspace(-0.5, 0.5, parameter.numel(), dtype=torch.float64).view_as(parameter))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    weights = []
    for _ in range(6):
        answer(model, optimizer, x, y)
        weights.append(model.weight.detach().clone())
    return weights


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


def step_without_zero_grad(model, optimizer, x, y):
    functional.cross_entropy(model(x), y).backward()
    optimizer.step()


def step_too_early(model, optimizer, x, y):
    optimizer.zero_grad()
    optimizer.step()
    functional.cross_entropy(model(x), y).backward()


def step_with_last_gradient(model, optimizer, x, y):
    optimizer.step()
    optimizer.zero_grad()
    functional.cross_entropy(model(x), y).backward()


def step_of_softmax(model, optimizer, x, y):
    optimizer.zero_grad()
    functional.cross_entropy(model(x).softmax(-1), y).backward()
    optimizer.step()


def step_of_sum(model, optimizer, x, y):
    optimizer.zero_grad()
    functional.cross_entropy(model(x), y, reduction="sum").backward()
    optimizer.step()


def z_score(train, val):
    mean, std = train.mean(0), train.std(0, correction=0)
    return (train - mean) / std, (val - mean) / std


def z_score_of_all(train, val):
    both = torch.cat([train, val])
    mean, std = both.mean(0), both.std(0, correction=0)
    return (train - mean) / std, (val - mean) / std


def z_score_over_everything(train, val):
    mean, std = train.mean(), train.std(correction=0)
    return (train - mean) / std, (val - mean) / std


def z_score_over_samples(train, val):
    mean, std = train.mean(0), train.std(0)
    return (train - mean) / std, (val - mean) / std


def z_score_by_variance(train, val):
    mean, variance = train.mean(0), train.var(0, correction=0)
    return (train - mean) / variance, (val - mean) / variance


def stop_rule(waited, is_best, is_lower):
    return 0 if is_best else waited + 1


def stop_by(wait, losses, patience, better=operator.lt):
    """The last and the best epoch of a run; ``wait`` says how many epochs it has waited, by what it sees."""
    best = waited = 0
    for epoch, loss in enumerate(losses[1:], start=1):
        best = epoch if better(loss, losses[best]) else best
        waited = wait(waited, epoch == best, loss < losses[epoch - 1])
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def stop(losses, patience):
    best = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        if epoch - best == patience:
            return epoch, best
    return len(losses) - 1, best


def stop_by_neighbour(losses, patience):
    return stop_by(lambda waited, is_best, is_lower: 0 if is_lower else waited + 1, losses, patience)


def stop_without_reset(losses, patience):
    return stop_by(lambda waited, is_best, is_lower: waited if is_best else waited + 1, losses, patience)


def count(sizes):
    return sum(n_in * n_out + n_out for n_in, n_out in pairwise(sizes))


EXERCISES = (
    Exercise(
        id="08.1",
        task="write one training step",
        solution=step,
        tested="the weights agree with the five lines after each of six steps of SGD.",
        cases=((SAMPLES, LABELS),),
        run=follow_steps,
        mistakes=(
            Mistake(
                step_without_zero_grad,
                "right at step 1, then too long: backward adds to the old gradients, so call optimizer.zero_grad().",
            ),
            Mistake(
                step_too_early,
                "your weights never move: step() finds no gradient. Between zero_grad() and step() there must be "
                "backward().",
            ),
            Mistake(
                step_with_last_gradient,
                "you are one step late: step() comes before backward(), so it uses the gradient of the last batch.",
            ),
            Mistake(
                step_of_softmax,
                "cross_entropy wants logits: it applies the softmax itself. Yours is applied twice, and learns slowly.",
            ),
            Mistake(
                step_of_sum,
                "your gradient is exactly 12 times too large, the size of the mini-batch: take the mean, not the sum.",
            ),
        ),
        hints=(
            "Forget the old gradients, compute the loss of the logits, go backward, step.",
            "optimizer.zero_grad(); loss = torch.nn.functional.cross_entropy(model(x), y); loss.backward(); "
            "optimizer.step().",
        ),
    ),
    Exercise(
        id="08.2",
        task="z-score training and validation data",
        solution=z_score,
        tested="both results use mean and std of each training feature, and nothing is changed in place.",
        cases=((TRAIN, VAL),),
        mistakes=(
            Mistake(z_score_of_all, "your statistics know the validation data: take mean and std of train only."),
            Mistake(
                lambda train, val: (z_score(train, train)[0], z_score(val, val)[0]),
                "you move the validation data by their own statistics: the network then sees another scale than it "
                "learned with. Use those of train for both.",
            ),
            Mistake(z_score_over_everything, "one mean for everything: each feature has its own, so use mean(0)."),
            Mistake(
                z_score_over_samples,
                "your std divides by n - 1, PyTorch's default. Here it is std(0, correction=0), which divides by n.",
            ),
            Mistake(z_score_by_variance, "you divide by the variance: a z-score divides by its root, the std."),
        ),
        hints=(
            "Compute two statistics, both from train alone, and use them twice.",
            "mean, std = train.mean(0), train.std(0, correction=0); then (train - mean) / std, (val - mean) / std.",
        ),
    ),
    Exercise(
        id="08.3",
        task="find where early stopping ends, and which weights it restores",
        solution=stop,
        tested="last epoch and best epoch of six curves: with a late recovery, with steps down above the best, with "
        "two single bad epochs, without a bad epoch, with a bad last one, and with no good one.",
        cases=CURVES,
        others=lambda generator: [((2 * uniform(generator, 8)).tolist(), patience) for patience in (2, 3, 2, 3, 2, 3)],
        mistakes=(
            Mistake(
                lambda losses, patience: (stop(losses, patience)[0], stop(losses, patience)[0]),
                "you restore the weights of the last epoch: the best ones are wanted back.",
            ),
            Mistake(
                lambda losses, patience: stop(losses, patience + 1),
                "you stop one epoch late: when patience epochs have passed without a new best, stop.",
            ),
            Mistake(
                stop_by_neighbour,
                "you compare with the epoch before: a curve can fall and still be above its best. Compare with the "
                "best.",
            ),
            Mistake(
                lambda losses, patience: stop_by(stop_rule, losses, patience, lambda loss, best: loss <= best),
                "you take a loss as low as the best for a new best: only a lower one is.",
            ),
            Mistake(stop_without_reset, "you count all bad epochs: a new best sets the count back to zero."),
            Mistake(
                lambda losses, patience: (stop(losses, patience)[0], losses.index(min(losses))),
                "your best epoch comes after the stop: the run has not seen it.",
            ),
        ),
        hints=(
            "Walk through the losses with two numbers: which epoch is the best so far, and how many came since.",
            "If the loss is below the best: best, waited = epoch, 0. Otherwise waited += 1, and stop at patience.",
        ),
    ),
    Exercise(
        id="08.4",
        task="count the parameters of a network",
        solution=count,
        tested="three networks, among them 784-512-512-10 with 669,706.",
        cases=(([784, 512, 512, 10],), ([64, 10],), ([2, 16, 16, 3],)),
        others=lambda generator: [(whole(generator, 2, 300, n),) for n in (4, 2, 3)],
        mistakes=(
            Mistake(
                lambda sizes: sum(n_in * n_out for n_in, n_out in pairwise(sizes)),
                "these are the weights alone: every unit has a bias, too.",
            ),
            Mistake(
                lambda sizes: sum(n_in * n_out + n_in for n_in, n_out in pairwise(sizes)),
                "a bias belongs to each output of a layer, not to each input.",
            ),
            Mistake(
                lambda sizes: sum(n_in * n_out + 1 for n_in, n_out in pairwise(sizes)),
                "a layer has one bias for each of its outputs, not one in all.",
            ),
        ),
        hints=(
            "A layer from n_in to n_out has a matrix and a vector.",
            "Sum n_in * n_out + n_out over zip(sizes, sizes[1:]).",
        ),
    ),
    Exercise(
        id="08.5",
        task="count the steps of a run",
        solution=170,
        tested="17 steps in each epoch, the last one with a smaller mini-batch.",
        mistakes=(
            Mistake(160, "you drop the last mini-batch of each epoch: the 53 samples that are left make a step, too."),
            Mistake(10 * 1077 / 64, "there is no part of a step: round up in each epoch, then multiply."),
            Mistake(169, "you round once, at the end: a mini-batch never reaches into the next epoch."),
            Mistake(17, "that is one epoch."),
            Mistake(10770, "these are samples, not steps: a step takes 64 of them."),
        ),
        hints=(
            "How many mini-batches of 64 does one epoch have? The last one may be smaller.",
            "1,077 = 16 * 64 + 53.",
        ),
        tolerance=1e-9,
    ),
)
