"""fit: the same numbers as a loop written by hand, and nothing lost when a run is interrupted."""

import math
import signal

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, RandomSampler, TensorDataset
from torchmetrics import MeanAbsoluteError
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

import nnlab
from nnlab import Callback, Dataset, EarlyStopping, Network, Split, checkpoints, ensemble, fit, training

CROSS_ENTROPY = nn.CrossEntropyLoss()


def classifier(seed=0, dropout=0.0, sizes=(2, 8, 2)):
    """2-8-2 with first weights that the seed decides."""
    net = Network(sizes)
    layers = nnlab.models.to_torch(net, net.init(seed=seed))
    return nn.Sequential(layers[0], layers[1], nn.Dropout(dropout), layers[2]) if dropout else layers


def adam(model):
    return torch.optim.AdamW(model.parameters(), lr=0.01)


def trained(model=None, data=None, optimizer=None, **settings):
    """A short run on moons; returns the history."""
    model = classifier() if model is None else model
    chosen = {"loss": CROSS_ENTROPY, "batch_size": 32, "seed": 0}
    if "steps" not in settings:
        chosen["epochs"] = 3
    chosen.update(settings)
    chosen["optimizer"] = adam(model) if optimizer is None else optimizer
    return fit(model, nnlab.moons(n=100) if data is None else data, **chosen)


def same_history(one, other) -> bool:
    """Whether two records hold the same bits, parameters included."""
    curves, others = ({n: c.values.nan_to_num(7) for n, c in h.curves.items()} for h in (one, other))
    curves = curves.keys() == others.keys() and all(torch.equal(curves[n], others[n]) for n in curves)
    params = all(torch.equal(one.params[n].nan_to_num(7), other.params[n].nan_to_num(7)) for n in one.params)
    return curves and params and torch.equal(one.evaluated, other.evaluated)


def test_the_same_bits_as_a_loop_by_hand():
    data, model = nnlab.moons(n=100), classifier()
    history = trained(model, data)
    twin = classifier()
    optimizer, losses, val = adam(twin), [], []
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        order = torch.randperm(60, generator=generator)
        for index in (order[:32], order[32:]):
            optimizer.zero_grad()
            loss = CROSS_ENTROPY(twin(data.train.x[index]), data.train.y[index])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        logits = twin(data.val.x)
        val.append((CROSS_ENTROPY(logits, data.val.y).item(), (logits.argmax(1) == data.val.y).float().mean().item()))
    assert history.loss.tolist() == [losses]
    assert history.evaluated.tolist() == [0, 2, 4, 6]
    assert history.val_loss[0, 1:].tolist() == pytest.approx([v for v, _ in val], rel=1e-6)
    assert history.val_accuracy[0, 1:].tolist() == pytest.approx([a for _, a in val], rel=1e-6)
    for name, p in twin.state_dict().items():
        assert torch.equal(model.state_dict()[name], p)
        assert torch.equal(history.params[name], p.unsqueeze(0))
    assert history.extra["lr"].tolist() == [[pytest.approx(0.01)] * 6]
    assert not model.training


def test_the_same_curve_as_the_engine_by_hand():
    data, net = nnlab.digits(), Network([64, 16, 10])
    model = nnlab.models.to_torch(net, net.init(seed=0))
    ours = fit(model, data, optimizer=torch.optim.SGD(model.parameters(), lr=0.5), loss=CROSS_ENTROPY, steps=30, seed=0)
    hand = ensemble.train(net, data, nnlab.optimizers.SGD(lr=0.5), seeds=[0], steps=30, eval_every=1)
    torch.testing.assert_close(ours.loss, hand.loss, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.val_loss, hand.val_loss[:, ours.evaluated], rtol=1e-4, atol=1e-5)
    assert torch.equal(ours.val_accuracy, hand.val_accuracy[:, ours.evaluated])


def loaders(data, **settings):
    train, val = (TensorDataset(part.x, part.y) for part in (data.train, data.val))
    return DataLoader(train, 32, **settings), DataLoader(val, 7)


def test_dataloaders_are_taken_as_they_are():
    data, model, twin = nnlab.moons(n=100), classifier(), classifier()
    train, val = loaders(data)
    history = trained(model, (train, val), batch_size=None)
    optimizer = adam(twin)
    for _ in range(3):
        for x, y in train:
            optimizer.zero_grad()
            CROSS_ENTROPY(twin(x), y).backward()
            optimizer.step()
    assert torch.equal(model[0].weight, twin[0].weight)
    with torch.no_grad():
        whole = CROSS_ENTROPY(model(data.val.x), data.val.y).item()
    assert history.val_loss[0, -1].item() == pytest.approx(whole, rel=1e-5)  # batches of 7, the last of 6


def test_without_validation_data():
    train, _ = loaders(nnlab.moons(n=100))
    history = trained(data=train, batch_size=None)
    assert history.val_loss.shape == (1, 0)
    assert history.diverged.tolist() == [-1]
    with pytest.raises(ValueError, match="val_loss needs validation data"):
        trained(data=train, batch_size=None, schedule=None, callbacks=[AsksForValLoss()])


class AsksForValLoss(Callback):
    def on_step(self, run):
        run.latest("val_loss")


def test_steps_end_within_an_epoch():
    history = trained(steps=5)
    assert history.loss.shape == (1, 5)
    assert history.evaluated.tolist() == [0, 2, 4, 5]
    assert torch.equal(history.loss, trained().loss[:, :5])


def test_a_regression_and_its_shapes():
    data = nnlab.polynomial()
    net = Network([1, 8, 1])
    model = nn.Sequential(nnlab.models.to_torch(net, net.init(seed=0)), nn.Flatten(0))
    history = trained(model, data, loss=nn.MSELoss(), epochs=20)
    assert list(history.curves) == ["loss", "val_loss", "lr"]  # no accuracy
    assert history.val_loss[0, -1] < history.val_loss[0, 0]
    with pytest.raises(ValueError, match=r"broadcast against each other. Got \(20, 1\) and \(20,\)"):
        trained(model[0], data, loss=nn.MSELoss())


def test_metrics_by_name():
    data, model = nnlab.moons(n=100), classifier()
    metric = MulticlassF1Score(2, average="macro")
    history = trained(model, data, metrics={"f1": metric})
    assert history.extra["val_f1"].shape == history.val_loss.shape
    with torch.no_grad():
        assert history.extra["val_f1"][0, -1] == metric(model(data.val.x), data.val.y)
    assert "val_accuracy" not in history.curves
    assert set(trained(metrics={}).extra) == {"lr"}


class TestSchedules:
    def test_counts_epochs_when_epochs_are_given(self):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.8)
        history = trained(model, optimizer=optimizer, schedule=lr_scheduler.StepLR(optimizer, 1, gamma=0.5))
        assert history.extra["lr"].tolist() == [pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2, 0.2])]

    def test_counts_steps_when_steps_are_given(self):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.8)
        history = trained(model, optimizer=optimizer, schedule=lr_scheduler.StepLR(optimizer, 2, gamma=0.5), steps=5)
        assert history.extra["lr"].tolist() == [pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2])]

    def test_a_formula(self):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        schedule = nnlab.schedules.TimeDecay(k=1.0)
        history = trained(model, optimizer=optimizer, schedule=schedule, epochs=4, batch_size=None)
        assert history.extra["lr"][0].tolist() == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])

    def test_plateau(self):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        plateau = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.1, eps=0.0)
        history = trained(model, optimizer=optimizer, schedule=plateau, batch_size=None, epochs=4)
        assert history.extra["lr"].tolist() == [pytest.approx([1e-9, 1e-9, 5e-10, 2.5e-10], rel=1e-3)]
        with pytest.raises(ValueError, match="ReduceLROnPlateau looks at the validation loss of each epoch"):
            trained(model, optimizer=optimizer, schedule=plateau, steps=3)

    def test_of_another_optimizer_or_of_another_kind(self):
        model = classifier()
        with pytest.raises(ValueError, match="schedule must be bound to the optimizer"):
            trained(model, schedule=lr_scheduler.StepLR(adam(model), 1))
        with pytest.raises(TypeError, match="schedule must be a formula"):
            trained(model, schedule=0.9)


def test_clipping_bounds_the_step_and_records_the_norm():
    model = classifier()
    before = torch.cat([p.detach().clone().flatten() for p in model.parameters()])
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    history = trained(model, optimizer=optimizer, clip_norm=0.01, steps=1, batch_size=None)
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert history.extra["grad_norm"].item() > 0.1
    assert (after - before).norm().item() == pytest.approx(0.01, rel=1e-3)


def test_clipping_looks_only_at_what_the_optimizer_holds():
    """Transfer learning: only the head is trained, the gradients of the body pile up, and nobody empties them."""
    model, twin = classifier(), classifier()
    head = torch.optim.SGD(model[2].parameters(), lr=0.1)
    history = trained(model, optimizer=head, clip_norm=0.05, epochs=4)
    for p in twin[0].parameters():
        p.requires_grad_(False)
    frozen = trained(twin, optimizer=torch.optim.SGD(twin[2].parameters(), lr=0.1), clip_norm=0.05, epochs=4)
    assert torch.equal(history.extra["grad_norm"], frozen.extra["grad_norm"])
    assert torch.equal(model[2].weight, twin[2].weight)


def test_divergence_is_a_result():
    model = classifier()
    history = trained(model, optimizer=torch.optim.SGD(model.parameters(), lr=1e30), epochs=10)
    assert 0 < history.diverged.item() < 10
    assert "1 diverged" in repr(history)


class TestRandomness:
    def test_the_global_generator_is_left_alone(self):
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        trained(classifier(dropout=0.5))
        assert torch.equal(torch.rand(3), expected)

    def test_the_seed_decides_order_and_dropout(self):
        torch.manual_seed(1)
        one = trained(classifier(dropout=0.5), seed=3)
        torch.manual_seed(2)
        assert same_history(one, trained(classifier(dropout=0.5), seed=3))
        assert not torch.equal(one.loss, trained(classifier(dropout=0.5), seed=4).loss)


class Interrupts(Callback):
    """Sends the signal of the stop button after some steps."""

    def __init__(self, at):
        self.at = at

    def on_step(self, run):
        if run.step == self.at:
            signal.raise_signal(signal.SIGINT)


class TestInterruption:
    @pytest.mark.parametrize("at", [1, 2, 3, 5])
    def test_the_history_so_far_comes_back(self, at):
        model = classifier()
        history = trained(model, callbacks=[Interrupts(at)])
        assert torch.equal(history.loss, trained().loss[:, :at])
        assert history.evaluated.tolist() == list(range(0, at, 2))
        assert model(torch.zeros(1, 2)).isfinite().all()
        assert not model.training
        assert len(history.to_frame()) == at + 1

    def test_early_stopping_still_restores_the_best(self):
        model, stopping = classifier(), EarlyStopping(50)
        optimizer = torch.optim.SGD(model.parameters(), lr=30.0)  # jumps about
        history = trained(model, optimizer=optimizer, callbacks=[stopping, Interrupts(21)], epochs=20)
        best = history.val_loss[0].argmin()
        assert history.evaluated[best] == stopping.best_step
        with torch.no_grad():
            data = nnlab.moons(n=100)
            now = CROSS_ENTROPY(model(data.val.x), data.val.y)
        assert now.item() == pytest.approx(history.val_loss[0, best].item(), rel=1e-6)

    @pytest.mark.parametrize("within", ["clip_gradients", "step_schedule"])
    def test_within_a_step(self, within, monkeypatch):
        real, calls = getattr(nnlab.training.Run, within), []

        def interrupted(run, *arguments, **settings):
            real(run, *arguments, **settings)
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt

        monkeypatch.setattr(nnlab.training.Run, within, interrupted)
        history = trained(clip_norm=1.0)
        assert {len(curve.steps) for curve in history.curves.values() if curve.part == "train"} == {2}
        assert len(history.to_frame()) == 3

    @pytest.mark.parametrize("at", [3, 4])
    def test_between_the_two_records_of_a_step(self, at, tmp_path, monkeypatch):
        """The stop button comes between two lines of ``after_step``: what was recorded can still be written."""

        class Full(list):
            def append(self, value):
                if len(self) == at:
                    raise KeyboardInterrupt
                super().append(value)

        class Spoils(Callback):
            def on_start(self, run):
                spoiled(run)

        def spoil_losses(run):
            run.losses = Full()

        def spoil_lr(run):
            run.by_step["lr"] = Full()

        for spoiled in (spoil_losses, spoil_lr):
            history = trained(callbacks=[nnlab.tracking.CSV(tmp_path / f"{spoiled.__name__}.csv"), Spoils()])
            assert history.loss.shape == history.extra["lr"].shape == (1, at)

    def test_an_error_in_on_start_ends_those_that_were_started(self):
        class Starts(Callback):
            def __init__(self, fails):
                self.fails, self.ended = fails, False

            def on_start(self, run):
                if self.fails:
                    raise RuntimeError("no ink")

            def on_end(self, run):
                self.ended = True

        first, second, third = Starts(fails=False), Starts(fails=True), Starts(fails=False)
        with pytest.raises(RuntimeError, match="no ink"):
            trained(callbacks=[first, second, third])
        assert (first.ended, second.ended, third.ended) == (True, False, False)

    def test_every_callback_gets_its_end(self):
        class Ends(Callback):
            def __init__(self, fails):
                self.fails, self.ended = fails, False

            def on_end(self, run):
                self.ended = True
                if self.fails:
                    raise RuntimeError("out of ink")

        first, second = Ends(fails=True), Ends(fails=False)
        with pytest.raises(RuntimeError, match="out of ink"):
            trained(callbacks=[first, second])
        assert first.ended
        assert second.ended

    def test_an_error_is_not_swallowed_and_callbacks_are_ended(self):
        class Fails(Callback):
            ended = False

            def on_step(self, run):
                raise RuntimeError("out of ink")

            def on_end(self, run):
                self.ended = True

        callback = Fails()
        with pytest.raises(RuntimeError, match="out of ink"):
            trained(callbacks=[callback])
        assert callback.ended


def careful_run(folder, epochs=6, callbacks=None, **changes):
    """A run with everything that has a state: momentum, dropout, a schedule, early stopping, clipping."""
    model = classifier(dropout=0.3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    settings = {
        "schedule": lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4),
        "callbacks": [EarlyStopping(3)] if callbacks is None else callbacks,
        "clip_norm": 1.0,
        "checkpoint": folder,
        "progress": False,
        **changes,
    }
    return trained(model, optimizer=optimizer, epochs=epochs, **settings)


class TestResume:
    @pytest.mark.parametrize("at", range(3, 12, 2))
    def test_an_interrupted_run_goes_on_with_the_same_bits(self, tmp_path, at):
        whole = careful_run(None)
        careful_run(tmp_path, callbacks=[EarlyStopping(3), Interrupts(at)])
        rest = careful_run(tmp_path, callbacks=[EarlyStopping(3), Callback()])
        assert rest.loss.shape == whole.loss.shape
        assert same_history(whole, rest)
        assert same_history(whole, careful_run(tmp_path, callbacks=[EarlyStopping(3), Callback()]))  # is finished

    def test_more_epochs_later(self, tmp_path):
        careful_run(tmp_path, epochs=2)
        assert same_history(careful_run(None), careful_run(tmp_path))

    def test_loaders_with_a_generator_of_their_own(self, tmp_path):
        def run(folder, epochs, shuffle):
            generator = torch.Generator().manual_seed(9) if shuffle == "own" else None
            data = loaders(nnlab.moons(n=100), shuffle=True, generator=generator)
            return trained(data=data, batch_size=None, epochs=epochs, checkpoint=folder, progress=False)

        for shuffle in ("own", "global"):
            run(tmp_path / shuffle, 2, shuffle)
            assert same_history(run(None, 5, shuffle), run(tmp_path / shuffle, 5, shuffle))
        with pytest.raises(checkpoints.CheckpointError, match=r"other random generators .*Got batches, torch, lo"):
            run(tmp_path / "global", 6, "own")
        with pytest.raises(checkpoints.CheckpointError, match=r"generators \(batches, torch, l.*Got batches, torch\."):
            run(tmp_path / "own", 6, "global")

    def test_it_says_so(self, tmp_path, capsys):
        trained(checkpoint=tmp_path, epochs=2)
        assert capsys.readouterr().out == ""
        trained(checkpoint=tmp_path, epochs=4)
        assert capsys.readouterr().out == f"Resumed after epoch 2, step 4, from {tmp_path / 'last.pt'}.\n"

    def test_best_and_last(self, tmp_path):
        history = careful_run(tmp_path, callbacks=[], epochs=12)
        best = checkpoints.load(tmp_path / "best.pt")
        assert best["step"] == history.evaluated[1:][history.val_loss[0, 1:].argmin()]
        assert checkpoints.load(tmp_path / "last.pt")["step"] == 24
        model = classifier(dropout=0.3)
        model.load_state_dict(best["model"])
        data = nnlab.moons(n=100)
        with torch.no_grad():
            value = CROSS_ENTROPY(model.eval()(data.val.x), data.val.y)
        assert value.item() == pytest.approx(history.val_loss.min().item(), rel=1e-6)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"seed": 1}, "is the checkpoint of a run with .*'seed': 0.* Got .*'seed': 1"),
            ({"batch_size": 16}, "'batch_size': 16"),
            ({"callbacks": []}, "other callbacks or another schedule"),
            ({"schedule": None}, "a run with {'schedule': 'CosineAnnealingWarmRestarts'}. Got {'schedule': None}"),
            ({"callbacks": [Callback(), EarlyStopping(3)]}, "other callbacks .'best'"),
        ],
    )
    def test_another_run_is_refused(self, tmp_path, changes, words):
        callbacks = [EarlyStopping(3), Callback()] if len(changes.get("callbacks", ())) == 2 else None
        careful_run(tmp_path, epochs=1, callbacks=callbacks)
        with pytest.raises(checkpoints.CheckpointError, match=words):
            careful_run(tmp_path, **changes)

    def test_another_model_or_optimizer_is_refused(self, tmp_path):
        trained(checkpoint=tmp_path)
        with pytest.raises(checkpoints.CheckpointError, match="holds another model or optimizer"):
            trained(classifier(sizes=(2, 9, 2)), checkpoint=tmp_path, epochs=5)
        model = classifier()
        two = torch.optim.AdamW([{"params": model[0].parameters()}, {"params": model[2].parameters()}], lr=0.01)
        with pytest.raises(checkpoints.CheckpointError, match="holds another model or optimizer"):
            trained(model, optimizer=two, checkpoint=tmp_path, epochs=5)

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda p: torch.optim.AdamW(p, lr=0.1), "'optimizer': 'SGD'.* Got .*'optimizer': 'AdamW'"),
            (lambda p: torch.optim.SGD(p, lr=0.5), r"a run with \{'lr': 0.1\}. Got \{'lr': 0.5\}. Try another folder"),
            (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), r"\{'momentum': 0\}. Got \{'momentum': 0.9\}"),
        ],
    )
    def test_an_optimizer_that_was_made_otherwise_is_refused(self, tmp_path, make, words):
        model = classifier()
        trained(model, optimizer=torch.optim.SGD(model.parameters(), lr=0.1), checkpoint=tmp_path)
        other = classifier()
        with pytest.raises(checkpoints.CheckpointError, match=words):
            trained(other, optimizer=make(other.parameters()), checkpoint=tmp_path, epochs=5)

    def test_a_refused_checkpoint_changes_neither_model_nor_optimizer(self, tmp_path):
        class Forgets(Callback):
            def load_state_dict(self, state):
                raise KeyError("best")

        trained(checkpoint=tmp_path, callbacks=[Callback()])
        fresh = classifier(seed=1).state_dict()
        for groups, callback in ((2, Callback()), (1, Forgets())):
            model = classifier(seed=1)
            parts = [list(model.parameters())] if groups == 1 else [model[0].parameters(), model[2].parameters()]
            optimizer = torch.optim.AdamW([{"params": part} for part in parts], lr=0.01)
            with pytest.raises(checkpoints.CheckpointError, match="holds another model or optimizer, or other callb"):
                trained(model, optimizer=optimizer, callbacks=[callback], checkpoint=tmp_path, epochs=5)
            assert all(torch.equal(p, fresh[name]) for name, p in model.state_dict().items())
            assert optimizer.state_dict()["state"] == {}

    def test_a_schedule_that_has_changed_the_rate_does_not_make_it_another_optimizer(self, tmp_path):
        """The cell of ``fit`` alone is run again after the stop button: with the optimizer as it is by now."""
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=10.0)
        settings = {"optimizer": optimizer, "schedule": plateau, "checkpoint": tmp_path}
        trained(model, epochs=3, **settings)
        assert optimizer.param_groups[0]["lr"] < 0.1
        assert trained(model, epochs=4, **settings).loss.shape == (1, 8)

    def test_a_run_that_ended_within_an_epoch_cannot_go_on(self, tmp_path):
        trained(steps=5, checkpoint=tmp_path)
        again = trained(steps=5, checkpoint=tmp_path)
        assert again.loss.shape == (1, 5)
        for longer in ({"steps": 10}, {"epochs": 5}):
            with pytest.raises(checkpoints.CheckpointError, match=r"within an epoch.* multiple of 2\."):
                trained(checkpoint=tmp_path, **longer)
        trained(steps=4, checkpoint=tmp_path / "whole")
        assert same_history(trained(steps=5, checkpoint=tmp_path / "whole"), trained(steps=5))

    @pytest.mark.parametrize("batched", [False, True])
    def test_samplers_with_a_generator_of_their_own(self, tmp_path, batched):
        part = nnlab.moons(n=100).train
        samples = TensorDataset(part.x, part.y)

        def run(folder, epochs):
            sampler = RandomSampler(samples, generator=torch.Generator().manual_seed(9))
            how = (
                {"batch_sampler": BatchSampler(sampler, 32, False)}
                if batched
                else {"sampler": sampler, "batch_size": 32}
            )
            return trained(
                data=DataLoader(samples, **how), batch_size=None, epochs=epochs, checkpoint=folder, progress=False
            )

        run(tmp_path, 2)
        assert same_history(run(None, 5), run(tmp_path, 5))

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_on_a_gpu(self, tmp_path):
        """The losses of the checkpoint are read onto the CPU, those of new steps are where the model is."""
        careful_run(tmp_path, epochs=2, device="cuda")
        assert careful_run(tmp_path, epochs=3, device="cuda").loss.shape == (1, 6)

    def test_a_foreign_file_is_refused_before_training(self, tmp_path):
        checkpoints.save(tmp_path / "last.pt", {"model": {}})
        with pytest.raises(
            checkpoints.CheckpointError, match=r"is no checkpoint of nnlab\.fit: it has no by_step, call"
        ):
            trained(checkpoint=tmp_path)


BAD = [
    (
        {"model": Network([2, 2]), "optimizer": adam(classifier())},
        TypeError,
        "model must be a torch.nn.Module. Got Network. Try nnlab.models.to_torch",
    ),
    ({"optimizer": nnlab.optimizers.Adam()}, TypeError, "optimizer must be one of torch.optim. Got Adam"),
    ({"optimizer": adam(classifier())}, ValueError, "optimizer must hold the parameters of this model"),
    ({"steps": 5, "epochs": 5}, ValueError, "give either epochs or steps. Got epochs=5 and steps=5. Try epochs=10."),
    ({"epochs": None}, ValueError, "give either epochs or steps. Got epochs=None"),
    ({"epochs": 0}, ValueError, "epochs must be at least 1. Got 0. Try 10."),
    ({"epochs": 2.5}, TypeError, "epochs must be a whole number"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1. Got 0"),
    ({"batch_size": 61}, ValueError, "batch_size must be at most 60, the training data. Got 61"),
    ({"clip_norm": 0}, ValueError, "clip_norm must be positive"),
    ({"seed": -1}, ValueError, "seed must be at least 0"),
    ({"seed": "one"}, TypeError, "seed must be a whole number"),
    ({"data": [1, 2, 3]}, TypeError, "data must be an nnlab.Dataset, a DataLoader, or a pair"),
    ({"data": loaders(nnlab.moons(n=100))}, ValueError, "batch_size must be None for a DataLoader.* Got 32"),
    ({"device": "gpu"}, ValueError, "device must be one that this PyTorch can use. Got 'gpu' .* Try 'cpu'"),
    ({"device": "cuda:99"}, ValueError, "device must be one that this PyTorch can use. Got 'cuda:99' .* Try 'cpu'"),
    ({"metrics": ["accuracy"]}, TypeError, r"metrics must be a dictionary name -> .* Got \['accuracy'\]. Try {'f1'"),
    ({"metrics": {"f1": "f1"}}, TypeError, "metrics must be a dictionary name -> .* Got {'f1': 'f1'}. Try"),
    (
        {"metrics": {"loss": MeanAbsoluteError()}},
        ValueError,
        "metrics must not be named like the validation loss. Got 'loss'. Try 'own_loss'",
    ),
    ({"loss": nn.CrossEntropyLoss(reduction="none")}, ValueError, r"loss must give one number.* Got the shape \(20,\)"),
]


@pytest.mark.parametrize(("changes", "error", "words"), BAD, ids=[" ".join(map(str, c[0])) for c in BAD])
def test_bad_arguments(changes, error, words):
    with pytest.raises(error, match=words):
        trained(**changes)


def test_labels_beyond_the_outputs():
    data = nnlab.moons(n=100)
    wrong = Dataset("wrong", data.train, Split(data.val.x, data.val.y + 1), data.test, 3)
    with pytest.raises(
        ValueError, match=r"class numbers must be below the number of outputs\. Got class 2 and 2 outputs"
    ):
        trained(data=wrong)


def test_training_labels_beyond_the_outputs():
    """Of a Dataset all of them are looked at, of a DataLoader those of the first mini-batch."""
    part = nnlab.moons(n=100).train
    y = part.y.clone()
    y[-1] = 2  # not in the first mini-batch of this seed
    data = Dataset("wrong", Split(part.x, y), part, part, 3)
    words = r"class numbers must be below the number of outputs\. Got class 2 and 2 outputs"
    with pytest.raises(ValueError, match=words):
        trained(data=data, batch_size=2)
    with pytest.raises(ValueError, match=words):
        trained(data=DataLoader(TensorDataset(part.x, part.y + 1), 32), batch_size=None)


def test_shapes_without_validation_data():
    part = nnlab.polynomial().train
    net = Network([1, 8, 1])
    model = nnlab.models.to_torch(net, net.init(seed=0))
    with pytest.raises(ValueError, match=r"broadcast against each other. Got \(20, 1\) and \(20,\)"):
        trained(model, DataLoader(TensorDataset(part.x, part.y), 20), loss=nn.MSELoss(), batch_size=None)


class Stream(IterableDataset):
    """Samples without a length."""

    def __init__(self, part):
        self.part = part

    def __iter__(self):
        return zip(self.part.x, self.part.y, strict=True)


def test_data_that_do_not_know_their_length():
    data = nnlab.moons(n=100)
    pair = DataLoader(Stream(data.train), 32), DataLoader(Stream(data.val), 7)
    history = trained(data=pair, batch_size=None, steps=5)
    assert torch.equal(history.loss, trained(data=loaders(data), batch_size=None, steps=5).loss)
    assert history.evaluated.tolist() == [0, 2, 4, 5]
    with pytest.raises(TypeError, match=r"data must have a length to count epochs\. Got .* Try steps=300"):
        trained(data=pair, batch_size=None)


@pytest.mark.parametrize("how", [{"steps": 3}, {"epochs": 3}])
def test_data_without_a_single_mini_batch(how):
    part = nnlab.moons(n=100).train
    empty = DataLoader(TensorDataset(part.x, part.y), 100, drop_last=True)
    with pytest.raises(
        ValueError, match=r"data must give at least one mini-batch in an epoch\. Got none\. Try a smaller"
    ):
        trained(data=empty, batch_size=None, **how)


class TestEarlyStoppingOf:
    def regression(self, **settings):
        net = Network([1, 8, 1])
        model = nn.Sequential(nnlab.models.to_torch(net, net.init(seed=0)), nn.Flatten(0))
        return trained(model, nnlab.polynomial(), loss=nn.MSELoss(), batch_size=20, **settings)

    def test_a_metric_for_which_lower_is_better(self):
        stopping = EarlyStopping(3, of="val_mae")
        history = self.regression(metrics={"mae": MeanAbsoluteError()}, callbacks=[stopping])
        curve = history.curves["val_mae"]
        assert curve.higher_is_better is False
        assert stopping.best == pytest.approx(curve.values.min().item())
        assert stopping.best < curve.values[0, 0]

    def test_a_training_curve(self):
        with pytest.raises(ValueError, match=r"curve must be one of val_loss, val_accuracy\. Got 'loss'\. Did you"):
            trained(callbacks=[EarlyStopping(of="loss")])

    def test_the_accuracy_of_a_regression(self):
        with pytest.raises(ValueError, match=r"curve must be one of val_loss\. Got 'val_accuracy'\. Did you"):
            self.regression(callbacks=[EarlyStopping(3, of="val_accuracy")])

    def test_a_metric_for_which_higher_is_better(self):
        stopping = EarlyStopping(3, of="val_f1")
        history = trained(metrics={"f1": MulticlassF1Score(2)}, callbacks=[stopping])
        assert stopping.best == pytest.approx(history.extra["val_f1"].max().item())


def test_several_runs_become_one_record():
    runs = [trained(classifier(seed), seed=seed) for seed in range(3)]
    together = nnlab.history.concatenate(runs)
    assert together.settings == {"seed": (0, 1, 2)}
    assert repr(together) == "History of 3 members (3 seeds), 6 steps"
    for seed, run in enumerate(runs):
        assert same_history(together.select(seed=seed), run)
    assert together.median("lr").shape == (6,)
    with pytest.raises(ValueError, match=r"all histories must have the same steps and evaluations\. Got 6 and 8 steps"):
        nnlab.history.concatenate([runs[0], trained(epochs=4)])
    with pytest.raises(ValueError, match="all histories must record the same"):
        nnlab.history.concatenate([runs[0], trained(clip_norm=1.0)])
    with pytest.raises(
        ValueError, match=r"networks with the same shapes\. Got .*\(9, 2\).* and .*\(8, 2\).* Try one record"
    ):
        nnlab.history.concatenate([runs[0], trained(classifier(sizes=(2, 9, 2)))])
    with pytest.raises(ValueError, match=r"histories must be at least one\. Got none\. Try"):
        nnlab.history.concatenate([])


def test_the_heart_is_five_lines():
    text = str(nnlab.show_source(nnlab.training.train_epoch))
    assert len(text.splitlines()) <= 11
    heart = ("zero_grad()", "run.loss(run.model(x), y)", "loss.backward()", "optimizer.step()")
    assert [text.index(line) for line in heart] == sorted(text.index(line) for line in heart)


def test_nan_is_never_the_best(tmp_path):
    model = classifier()
    trained(model, optimizer=torch.optim.SGD(model.parameters(), lr=1e30), epochs=5, checkpoint=tmp_path)
    last = checkpoints.load(tmp_path / "last.pt")
    assert math.isnan(last["evaluations"][-1]["val_loss"])
    best = checkpoints.load(tmp_path / "best.pt") if (tmp_path / "best.pt").exists() else None
    assert best is None or math.isfinite(best["evaluations"][-1]["val_loss"])


def test_accuracy_is_that_of_torchmetrics():
    """Over batches of different sizes, ties and a reset included."""
    generator = torch.Generator().manual_seed(0)
    ours, theirs = training.Accuracy(), MulticlassAccuracy(4, average="micro")
    for sizes in [(7,), (64, 64, 5)]:
        ours.reset(), theirs.reset()
        for size in sizes:
            logits = torch.randint(0, 3, (size, 4), generator=generator).float()
            y = torch.randint(0, 4, (size,), generator=generator)
            ours.update(logits, y), theirs.update(logits, y)
        assert torch.equal(ours.compute(), theirs.compute())
