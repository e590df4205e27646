"""Early stopping by hand-made curves; the hooks are called in order."""

import math

import pytest
import torch
from played_run import play
from torch import nn

import nnlab
from nnlab import Callback, EarlyStopping

NAN, INF = math.nan, math.inf
CASES = [
    # curve, patience, min_delta, of, stopped after, best
    ([3, 2, 1, 2, 3, 4], 2, 0.0, "val_loss", 4, 2),
    ([3, 2, 1, 2, 0.5, 4, 5], 2, 0.0, "val_loss", 6, 4),
    ([3, 2.5, 2.4, 2.3], 2, 0.3, "val_loss", 3, 1),
    ([0.1, 0.5, 0.4, 0.45, 0.3], 3, 0.0, "val_accuracy", 4, 1),
    ([1, 1, 1, 1], 2, 0.0, "val_loss", 2, 0),
    ([1, NAN, NAN, 0.5], 2, 0.0, "val_loss", 2, 0),
    ([NAN, 2, 1, 3, 4], 2, 0.0, "val_loss", 4, 2),
    ([INF, 2, 1, 3, 4], 2, 0.0, "val_loss", 4, 2),
    ([4, 3, 2, 1], 2, 0.0, "val_loss", 3, 3),
    ([3, 2, 1, 2, 3, 4], 2, 0.0, "val_mae", 4, 2),
]


@pytest.mark.parametrize(("curve", "patience", "min_delta", "of", "end", "best"), CASES)
def test_hand_made_curves(curve, patience, min_delta, of, end, best):
    stopping = EarlyStopping(patience, of=of, min_delta=min_delta)
    run = play(stopping, curve)
    assert run.step == end
    assert stopping.best_step == best
    assert run.model.weight.item() == best
    again = play(stopping, curve)  # a second run with the same callback starts anew
    assert (again.step, again.model.weight.item()) == (end, best)


def test_all_nan_keeps_the_last_weights():
    run = play(EarlyStopping(5), [NAN, NAN])
    assert run.model.weight.item() == 1


def test_a_metric_that_does_not_say_what_is_better_is_refused(refused):
    with refused("None", start="the metric of 'val_own' must say higher_is_better"):
        play(EarlyStopping(of="val_own"), [3.0, 1.0])


def test_state_goes_through_a_checkpoint(tmp_path):
    stopping = EarlyStopping(3)
    play(stopping, [3.0, 1.0, 2.0])
    state = nnlab.checkpoints.load(nnlab.checkpoints.save(tmp_path / "c.pt", stopping.state_dict()))
    other = EarlyStopping(3)
    other.load_state_dict(state)
    assert (other.best, other.best_step, other.waited) == (1.0, 1, 1)
    assert torch.equal(other.weights["weight"], torch.ones(1, 1))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"patience": 0}, "patience must be at least 1. Got 0. Try 5."),
        ({"min_delta": -1}, "min_delta must be zero or positive"),
    ],
)
def test_bad_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        EarlyStopping(**arguments)


class Diary(Callback):
    def __init__(self):
        self.moments = []

    def on_start(self, run):
        self.moments.append(("start", run.step))

    def on_step(self, run):
        self.moments.append(("step", run.step))

    def on_evaluate(self, run):
        self.moments.append(("evaluate", run.step))

    def on_end(self, run):
        self.moments.append(("end", run.step))


def test_every_moment_in_its_order():
    model, diary = nn.Linear(2, 2), Diary()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = nnlab.moons(n=20)  # 12 for training: two batches of 6
    nnlab.fit(model, data, optimizer=optimizer, loss=nn.CrossEntropyLoss(), epochs=2, batch_size=6, seed=0,
              callbacks=[diary])  # fmt: skip
    epoch = [("step", 1), ("step", 2), ("evaluate", 2)]
    later = [("step", 3), ("step", 4), ("evaluate", 4)]
    assert diary.moments == [("start", 0), ("evaluate", 0), *epoch, *later, ("end", 4)]
