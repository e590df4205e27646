"""Exercises of notebook 15: what can a network bring along?"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from nnlab.exercises.exercise import Exercise, Mistake, normal
from nnlab.exercises.others import whole

__all__ = ["EXERCISES"]

LABELS = torch.arange(40) % 5
BEFORE = normal(0, 40, 5) + 3 * torch.eye(5, dtype=torch.float64)[LABELS]
AFTER = normal(1, 40, 5) + torch.eye(5, dtype=torch.float64)[LABELS]


def network(sizes, seed: int) -> nn.Sequential:
    """Affine layers of these sizes with tanh between them, in float64, the same for the same seed."""
    layers = [nn.Linear(*pair, dtype=torch.float64) for pair in pairwise(sizes)]
    model = nn.Sequential(layers[0], *(part for layer in layers[1:] for part in (nn.Tanh(), layer)))
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.copy_(normal(100 * seed + number, *parameter.shape))
    return model


def left_to_train(answer, case) -> list:
    """The names of the parameters that still want a gradient, after the answer had the model."""
    model = network(*case)
    answer(model)
    return [", ".join(name for name, parameter in model.named_parameters() if parameter.requires_grad)]


def rates(answer, case) -> list:
    """The learning rate of every parameter, in the groups that an answer makes; 0 for those in no group."""
    sizes, lr, factor = case
    layers = [layer for layer in network(sizes, seed=1) if isinstance(layer, nn.Linear)]
    groups = answer(layers, lr, factor)
    if groups is None:
        return [None]
    try:
        optimizer = torch.optim.SGD(groups, lr=99.0)
    except (TypeError, ValueError, KeyError) as error:
        return [f"groups that torch.optim refuses: {error}"]
    found = {id(p): float(group["lr"]) for group in optimizer.param_groups for p in group["params"]}
    own = [parameter for layer in layers for parameter in layer.parameters()]
    return [torch.tensor([found.get(id(p), 0.0) for p in own], dtype=torch.float64)]


def copied(answer, case) -> list:
    """Every parameter of both networks after the answer copied, and the new one's after the old one was changed."""
    sizes, outputs = case
    old, new = network(sizes, seed=2), network([*sizes[:-1], outputs], seed=3)
    answer(old, new)
    seen = [*parameters(new), *parameters(old)]
    with torch.no_grad():
        for parameter in old.parameters():
            parameter.add_(1)  # what is shared changes too
    return [(*seen, *parameters(new))]


def parameters(model) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def freeze(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    for parameter in model[-1].parameters():
        parameter.requires_grad = True


def freeze_module(model):
    model[0].requires_grad = False


def freeze_head(model):
    for parameter in model[-1].parameters():
        parameter.requires_grad = False


def freeze_first(model):
    for parameter in model[0].parameters():
        parameter.requires_grad = False


def freeze_everything(model):
    for parameter in model.parameters():
        parameter.requires_grad = False


def freeze_weights(model):
    for layer in model[:-1]:
        if isinstance(layer, nn.Linear):
            layer.weight.requires_grad = False


def grouped(layers, rate) -> list[dict]:
    """One group for each layer, with the rate that belongs to the number of layers above it."""
    return [{"params": [*layer.parameters()], "lr": rate(len(layers) - k)} for k, layer in enumerate(layers, start=1)]


def groups(layers, lr, factor):
    above = len(layers) - 1
    return [{"params": [*layer.parameters()], "lr": lr * factor ** (above - k)} for k, layer in enumerate(layers)]


def copy_backbone(old, new):
    for theirs, mine in zip(old[:-1], new[:-1], strict=True):
        mine.load_state_dict(theirs.state_dict())


def share_backbone(old, new):
    for k in range(len(old) - 1):
        new[k] = old[k]


def copy_nothing(old, new):
    new.load_state_dict(new.state_dict())


def copy_backwards(old, new):
    copy_backbone(new, old)


def copy_weights(old, new):
    with torch.no_grad():
        for theirs, mine in zip(old[:-1], new[:-1], strict=True):
            if isinstance(mine, nn.Linear):
                mine.weight.copy_(theirs.weight)


def copy_first(old, new):
    new[0].load_state_dict(old[0].state_dict())


def accuracy(logits, y):
    return (logits.argmax(-1) == y).double().mean()


def forgetting(before, after, y):
    return accuracy(before, y) - accuracy(after, y)


def lost(before, after, y):
    return ((before.argmax(-1) == y) & (after.argmax(-1) != y)).double().mean()


EXERCISES = (
    Exercise(
        id="15.1",
        task="freeze all layers but the last",
        solution=freeze,
        tested="in three networks exactly the weight and the bias of the last layer still want a gradient.",
        cases=(([4, 3, 3, 2], 0), ([5, 2, 4], 0), ([3, 3, 3, 3, 3], 0)),
        run=left_to_train,
        others=lambda generator: [([3] * n, 0) for n in whole(generator, 6, 9, 3)],
        mistakes=(
            Mistake(
                freeze_module,
                "nothing is frozen. `model[0].requires_grad = False` only makes a new attribute of a module: set it on "
                "its parameters, or call `requires_grad_(False)`.",
            ),
            Mistake(freeze_head, "the wrong way round: you froze the head, and the backbone still trains."),
            Mistake(freeze_everything, "everything is frozen, the head too: nothing could learn the new task."),
            Mistake(freeze_weights, "the weights are frozen, but the biases below the head still train."),
            Mistake(
                freeze_first, "only the first layer is frozen: every layer below the head belongs to the backbone."
            ),
        ),
        hints=(
            "requires_grad belongs to parameters: first switch it off for all of them, then on for the last layer's.",
            "for p in model.parameters(): p.requires_grad = False; then the same with model[-1] and True.",
        ),
    ),
    Exercise(
        id="15.2",
        task="make parameter groups with a rate for each layer",
        solution=groups,
        tested="torch.optim.SGD gives every weight and bias of three and of two layers the wanted learning rate.",
        cases=(([4, 3, 3, 2], 0.1, 0.5), ([5, 2, 4], 0.02, 0.2)),
        run=rates,
        mistakes=(
            Mistake(
                lambda layers, lr, factor: grouped(layers, lambda above: lr * factor ** (len(layers) - 1 - above)),
                "the wrong way round: the last layer, the head, has the largest rate.",
            ),
            Mistake(
                lambda layers, lr, factor: grouped(layers, lambda above: lr if above == 0 else lr * factor),
                "all layers below the head have the same rate: multiply by the factor once more for every layer.",
            ),
            Mistake(
                lambda layers, lr, factor: grouped(layers, lambda above: lr * factor ** (above + 1)),
                "one factor too many: the last layer has the rate lr itself.",
            ),
            Mistake(
                lambda layers, lr, factor: grouped(layers, lambda above: lr),
                "one rate for all: the factor is not used.",
            ),
        ),
        hints=(
            "A list with one dictionary for each layer: its parameters under 'params', its rate under 'lr'.",
            "Layer k of n has the rate lr * factor ** (n - 1 - k), when the first one is k = 0.",
        ),
    ),
    Exercise(
        id="15.3",
        task="copy a backbone into a network with another head",
        solution=copy_backbone,
        tested="the new network has the old backbone and its own head, and stays so when the old one changes.",
        cases=(([4, 3, 3, 2], 5), ([5, 2, 4], 3)),
        run=copied,
        others=lambda generator: [(sizes, outputs) for n in (5, 4) for *sizes, outputs in [whole(generator, 2, 9, n)]],
        mistakes=(
            Mistake(
                share_backbone,
                "both networks share one backbone: training one changes the other. Copy the numbers, not the modules.",
            ),
            Mistake(copy_nothing, "the new network still has its own backbone: nothing was copied into it."),
            Mistake(copy_backwards, "the wrong way round: you copied the new backbone into the old network."),
            Mistake(copy_weights, "the weights are copied, the biases are not."),
            Mistake(copy_first, "only the first layer is copied: the backbone is all layers but the last."),
        ),
        hints=(
            "old[:-1] and new[:-1] are the backbones: the same layers in the same order.",
            "new[:-1].load_state_dict(old[:-1].state_dict()) copies numbers.",
        ),
    ),
    Exercise(
        id="15.4",
        task="measure how much was forgotten",
        solution=forgetting,
        tested="accuracy before minus accuracy after, 40 samples of 5 classes; also with none lost, and with some won.",
        cases=((BEFORE, AFTER, LABELS), (BEFORE, BEFORE, LABELS), (AFTER, BEFORE, LABELS)),
        mistakes=(
            Mistake(
                lambda before, after, y: accuracy(after, y) - accuracy(before, y),
                "the sign: forgetting is positive when the accuracy falls, before minus after.",
            ),
            Mistake(
                lambda before, after, y: 1 - accuracy(after, y) / accuracy(before, y),
                "you divide by the accuracy before: the difference in points is asked for.",
            ),
            Mistake(lost, "you count what was lost, but not what was won: take the difference of the two accuracies."),
            Mistake(
                lambda before, after, y: (before.argmax(-1) != after.argmax(-1)).double().mean(),
                "you count the answers that changed, right or wrong: compare each with the labels.",
            ),
        ),
        hints=(
            "An accuracy is the share of rows whose largest logit stands at the label.",
            "(before.argmax(-1) == y).double().mean(), minus the same of after.",
        ),
    ),
)
