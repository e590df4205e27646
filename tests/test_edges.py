"""Edges of the package: numpy's numbers, other people's names, classes that are ruled out, what is given by mistake."""

import pickle

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch.nn import functional

import nnlab
from nnlab import Network, arguments, calibration, checkpoints, clipping, ensemble, exercises, losses, optimizers

DATA = nnlab.moons(n=100)
NET = Network([2, 4, 2])


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.array(0.5), torch.tensor(0.5)])
def test_numbers_of_numpy_are_numbers(number):
    assert arguments.plain(number) == 0.5
    assert type(arguments.plain(number)) is float
    assert arguments.plain("a") == "a"


def same(some, others):
    return all(torch.equal(p, others.params[name]) for name, p in some.params.items())


def test_a_run_with_numpys_numbers_is_the_run_with_pythons():
    ours = ensemble.train(NET, DATA, optimizers.Adam(0.25), seeds=[0, 1], steps=5, batch_size=16, decay=0.5)
    theirs = ensemble.train(
        Network(np.array([2, 4, 2])), DATA, optimizers.Adam(np.float32(0.25)), seeds=np.arange(2), steps=np.int64(5),
        batch_size=np.int64(16), decay=np.float32(0.5), eval_every=np.int64(1),
    )  # fmt: skip
    assert same(ours, theirs)
    assert theirs.settings == {"seed": (0, 1)}
    assert type(theirs.settings["seed"][0]) is int
    grid = ensemble.train(
        NET, DATA, optimizers.SGD(), seeds=torch.arange(1), steps=2, grid={"lr": np.array([0.25, 0.5])}
    )
    assert grid.settings == {"lr": (0.25, 0.5), "seed": (0, 0)}
    assert Network(np.array([2, 3])) == Network([2, 3], dropout=np.float32(0.0))
    assert torch.equal(NET.init(seed=np.int64(3))["layer1.weight"], NET.init(seed=3)["layer1.weight"])
    assert nnlab.explorers.descent_1d(lr=np.float32(0.5)).values["lr"] == 0.5
    assert torch.equal(nnlab.digits(seed=np.int64(1)).train.y, nnlab.digits(seed=1).train.y)


def test_fit_with_numpys_numbers_writes_a_checkpoint_that_can_be_read(tmp_path):
    """lr=np.float64(...) made one that nobody could ever read again."""

    def run(kind, folder, epochs):
        torch.manual_seed(0)
        model = torch.nn.Linear(2, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=np.float64(0.5) if kind is not float else 0.5)
        return nnlab.fit(
            model, DATA, optimizer=optimizer, loss="cross_entropy", epochs=kind(epochs), batch_size=16,
            clip_norm=kind(1), seed=0, checkpoint=folder, progress=False,
        )  # fmt: skip

    first = run(np.int64, tmp_path, 2)
    assert checkpoints.load(tmp_path / "last.pt")["settings"]["lr"] == 0.5
    again = run(np.int64, tmp_path, 4)
    whole = run(np.int64, tmp_path / "other", 4)
    assert torch.equal(first.loss[0], whole.loss[0, : first.loss.shape[1]])
    assert same(again, whole)


def test_a_checkpoint_keeps_what_it_is_given_but_numpys_numbers(tmp_path):
    state = {"a": np.float32(0.5), "b": [np.int64(2), (np.bool_(True), "c")], "d": torch.ones(2), 3: None}
    found = checkpoints.load(checkpoints.save(tmp_path / "x.pt", state))
    assert found == {"a": 0.5, "b": [2, (True, "c")], "d": found["d"], 3: None}
    assert type(found["b"][1][0]) is bool
    assert torch.equal(found["d"], state["d"])


def test_binary_cross_entropy_keeps_its_digits():
    z, y = torch.tensor([[25.0], [-25.0], [90.0], [0.3]]), torch.tensor([[1.0], [0.0], [1.0], [0.25]])
    for k in range(len(z)):
        value, _ = losses.binary_cross_entropy(z[k : k + 1], y[k : k + 1])
        exact = functional.binary_cross_entropy_with_logits(z[k].double(), y[k].double())
        torch.testing.assert_close(value.double(), exact, rtol=1e-4, atol=1e-30)
    assert losses.binary_cross_entropy(z[:1], y[:1])[0] == pytest.approx(1.39e-11, rel=1e-2)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("row", [[0.0, -torch.inf, 1.0], [3e38, -3e38, 1.0], [0.0, 1.0, -torch.inf]])
def test_a_class_that_is_ruled_out_or_far_away(row, smoothing):
    logits, y = torch.tensor([row, [0.1, 0.2, 0.3]]), torch.tensor([0, 2])
    value, gradient = losses.cross_entropy(logits, y, smoothing)
    if smoothing:  # mass on a class that cannot be: infinitely wrong, as in torch, and no nan
        assert value == functional.cross_entropy(logits, y, label_smoothing=smoothing)
    else:
        torch.testing.assert_close(value, functional.cross_entropy(logits, y))
    assert gradient.isfinite().all()
    value, gradient = losses.hinge(logits, y)
    assert value.isfinite()
    assert gradient.isfinite().all()
    assert losses.cross_entropy(torch.tensor([[-torch.inf, 0.0]]), torch.tensor([0]))[0] == torch.inf


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda: NET.init("xavier"), "glorot_normal"),
        (lambda: NET.init("Xavier_uniform"), "glorot_uniform"),
        (lambda: NET.init("kaiming"), "he_normal"),
        (lambda: NET.init("kaiming_uniform"), "he_uniform"),
        (lambda: NET.init("he"), "he_normal"),
        (lambda: Network([2, 2], "swish"), "silu"),
        (lambda: Network([2, 2], "logistic"), "sigmoid"),
        (lambda: losses.get("bce"), "binary_cross_entropy"),
        (lambda: nnlab.explorers.descent_1d(learning_rate=0.1), "lr"),
        (lambda: ensemble.train(NET, DATA, optimizers.SGD(), grid={"learning_rate": [0.1]}), "lr"),
    ],
)
def test_names_that_people_know_lead_to_ours(call, meant):
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'"):
        call()


def test_every_other_name_leads_somewhere():
    tables = (nnlab.initialization.SCHEMES, nnlab.activations.ACTIVATIONS, losses.LOSSES)
    known = [*(name for table in tables for name in table), "lr", "weight_decay", "batch", "layer"]
    for name in arguments.OTHER_NAMES:
        assert arguments.in_our_words(name, known) in known, name


@pytest.mark.parametrize(
    ("change", "start"),
    [
        ({"net": torch.nn.Linear(2, 2)}, "net must be a network by hand. Got Linear"),
        ({"data": (DATA.train.x, DATA.train.y)}, "data must be a Dataset. Got tuple"),
        ({"optimizer": torch.optim.SGD([torch.zeros(1)])}, "optimizer must be one of nnlab.optimizers. Got SGD"),
    ],
)
def test_what_belongs_to_fit_is_told_so(change, start, refused):
    with refused(start=start):
        ensemble.train(**{"net": NET, "data": DATA, "optimizer": optimizers.SGD(), "steps": 2, **change})


@pytest.mark.parametrize("name", ["06.3", "6.3"])
def test_an_exercise_without_its_zero(name):
    assert exercises.find(name).id == "06.3"


def test_infinity_clips_nothing_however_large():
    grads = {"w": torch.tensor([1e20, 1.0])}
    assert torch.equal(clipping.by_norm(grads, torch.inf)["w"], grads["w"])
    assert clipping.by_norm({"w": 1e200, "b": 1e200}, torch.inf) == {"w": 1e200, "b": 1e200}


def test_calibration_has_one_set_of_edges():
    """Guo et al. close a bin at its right end; the number had been computed with the left one."""
    confidence = torch.tensor([0.5, 0.75, 0.75, 1.0, 0.6, 0.9])
    p = torch.stack([confidence, (1 - confidence) / 2, (1 - confidence) / 2], 1)
    y = torch.tensor([0, 1, 0, 0, 2, 0])
    found = calibration.reliability(p, y, 4)
    assert found.counts.tolist() == [1, 3, 2]
    by_hand = (found.counts * np.abs(found.accuracy - found.confidence)).sum() / 6
    assert found.error == pytest.approx(by_hand)
    assert calibration.calibration_error(p, y, 4).item() == pytest.approx(by_hand)
    rows = torch.tensor([[0.6, 0.4], [0.9, 0.1]])
    for bins, error in ((1, 0.25), (15, 0.65)):
        assert calibration.calibration_error(rows, torch.tensor([0, 1]), bins).item() == pytest.approx(error)


def test_verdicts_can_be_stored():
    verdict = nnlab.diagnosis.learning_curves(ensemble.train(NET, DATA, optimizers.SGD(0.1), steps=30, seeds=[0]))
    again = pickle.loads(pickle.dumps(verdict))
    assert (repr(again), dict(again.evidence)) == (repr(verdict), dict(verdict.evidence))
    with pytest.raises(TypeError):
        again.evidence["left"] = 0


@pytest.mark.parametrize("thing", [lambda x: x, losses])
def test_what_show_source_cannot_show(thing):
    with pytest.raises(TypeError, match=r"show_source needs a function.*Got .*Try (a function|nnlab\.losses\.)"):
        nnlab.show_source(thing)


def test_a_prediction_closes_the_figure_that_it_hides():
    """An open one would be shown at the end of the cell, and give the answer away."""
    figure, _ = plt.subplots()
    nnlab.predict("Which?", ["a", "b"], answer="a", reveal=figure)
    assert figure.number not in plt.get_fignums()


@pytest.mark.parametrize("name", ["dropout", "decision_boundary", "weight_penalty", "softmax_cross_entropy"])
def test_doubles_as_the_default(name):
    nnlab.explorers.forget()
    torch.set_default_dtype(torch.float64)
    try:
        explorer = getattr(nnlab.explorers, name)()
    finally:
        torch.set_default_dtype(torch.float32)
        nnlab.explorers.forget()
    assert not explorer.error
    assert explorer.sentence
