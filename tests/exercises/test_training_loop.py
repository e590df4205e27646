"""Exercises of notebook 08: judged against fit and its parts, and against what students write instead."""

from itertools import pairwise

import pytest
import torch
from played_run import play

import nnlab
from nnlab.datasets.data import Dataset, Split, standardized
from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.training_loop import CURVES, LABELS, SAMPLES, TRAIN, VAL, follow_steps


def judged(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message


def test_the_step_is_that_of_fit():
    weights = follow_steps(find("08.1").solution, (SAMPLES, LABELS))
    model = torch.nn.Linear(4, 3, dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.linspace(-0.5, 0.5, parameter.numel(), dtype=torch.float64).view_as(parameter))
    part = Split(SAMPLES, LABELS)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    nnlab.fit(
        model,
        Dataset("twelve", part, part, part, 3),
        optimizer=optimizer,
        loss=torch.nn.CrossEntropyLoss(),
        steps=6,
        seed=0,
        progress=False,
    )
    torch.testing.assert_close(weights[-1], model.weight.detach())


def test_the_z_score_is_that_of_the_package():
    y = torch.zeros(8, dtype=torch.int64)
    wanted = standardized(Dataset("made up", Split(TRAIN, y), Split(VAL, y[:4]), Split(VAL, y[:4]), 2))
    train, val = find("08.2").solution(TRAIN, VAL)
    torch.testing.assert_close(train, wanted.train.x)
    torch.testing.assert_close(val, wanted.val.x)


@pytest.mark.parametrize(("losses", "patience"), CURVES)
def test_the_stop_is_that_of_early_stopping(losses, patience):
    stopping = nnlab.EarlyStopping(patience)
    run = play(stopping, losses)
    assert (run.step, stopping.best_step) == find("08.3").solution(losses, patience)


def test_the_count_is_that_of_torch():
    for (sizes,) in find("08.4").cases:
        net = nnlab.Network(sizes)
        model = nnlab.models.to_torch(net, net.init(seed=0))
        assert find("08.4").solution(sizes) == sum(p.numel() for p in model.parameters())
    assert find("08.4").solution([784, 512, 512, 10]) == 669_706


def test_the_steps_are_those_of_fit():
    net = nnlab.Network([64, 10])
    model = nnlab.models.to_torch(net, net.init(seed=0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    settings = {"optimizer": optimizer, "loss": torch.nn.CrossEntropyLoss(), "seed": 0, "progress": False}
    history = nnlab.fit(model, nnlab.digits(), epochs=10, batch_size=64, **settings)
    assert find("08.5").solution == history.loss.shape[1]


def with_set_to_none(model, optimizer, x, y):
    loss = torch.nn.functional.cross_entropy(model(x), y)
    model.zero_grad(set_to_none=False)
    loss.backward()
    optimizer.step()


def zeroed_at_the_end(model, optimizer, x, y):
    torch.nn.CrossEntropyLoss()(model(x), y).backward()
    optimizer.step()
    optimizer.zero_grad()
    return "done"


def zeroed_between(model, optimizer, x, y):
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.zero_grad()
    optimizer.step()
    return 0


def arguments_exchanged(model, optimizer, x, y):
    torch.nn.functional.cross_entropy(y, model(x)).backward()


def without_backward(model, optimizer, x, y):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y)
    optimizer.step()


def with_nothing_returned(model, optimizer, x, y):
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    optimizer.zero_grad()


def without_step(model, optimizer, x, y):
    torch.nn.functional.cross_entropy(model(x), y).backward()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (with_set_to_none, None),
        (zeroed_at_the_end, None),
        (with_nothing_returned, None),
        (arguments_exchanged, ", `torch.nn.functional.cross_entropy(y, model(x)).backward()`: "),
        (without_backward, "never move"),
        (zeroed_between, "never move"),
        (without_step, "never move"),
        (lambda model, optimizer, x, y: torch.nn.functional.cross_entropy(model(x), y), "never move"),
        (lambda model, optimizer, x, y: model(x).backward(), "RuntimeError"),
    ],
)
def test_step(answer, said):
    judged("08.1", answer, said)


def by_loop(train, val):
    moved = [(part - train.mean(0)) / train.var(0, unbiased=False).sqrt() for part in (train, val)]
    return moved[0], moved[1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_loop, None),
        (lambda train, val: list(by_loop(train, val)), None),
        (lambda train, val: by_loop(train, val)[:1], "2 results are wanted, as a tuple. Got a tuple of 1"),
        (lambda train, val: (train, val), "got"),
        (lambda train, val: (by_loop(train, val)[0], val), "got"),
        (lambda train, val: (train.sub_(train.mean(0)), val), "in place"),
        (lambda train, val: by_loop(torch.cat([train, val]), val), "the shape must be (8, 4)"),
    ],
)
def test_z_score(answer, said):
    judged("08.2", answer, said)


def by_minimum(losses, patience):
    for epoch in range(1, len(losses)):
        best = min(range(epoch + 1), key=losses.__getitem__)
        if epoch - best == patience:
            return epoch, best
    return epoch, best


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_minimum, None),
        (lambda losses, patience: by_minimum(losses, patience)[::-1], "got"),
        (lambda losses, patience: by_minimum(losses, patience)[0], "2 results"),
        (lambda losses, patience: (len(losses) - 1, losses.index(min(losses))), "got 6"),
        (lambda losses, patience: (by_minimum(losses, patience)[0], losses.index(min(losses))), "has not seen"),
    ],
)
def test_stop(answer, said):
    judged("08.3", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda sizes: sum(p.numel() for a, b in pairwise(sizes) for p in torch.nn.Linear(a, b).parameters()),
            None,
        ),
        (lambda sizes: torch.tensor(sum((a + 1) * b for a, b in pairwise(sizes))), None),
        (lambda sizes: sum(a * b for a, b in pairwise(sizes)), "weights alone"),
        (lambda sizes: sum(sizes), "got 1818"),
    ],
)
def test_count(answer, said):
    judged("08.4", answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(170, None), (17 * 10, None), (160, "drop"), (168, "got 168"), (168.28125, "no part"), (17, "one epoch")],
)
def test_steps(answer, said):
    judged("08.5", answer, said)
