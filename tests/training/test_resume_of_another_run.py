"""Resume refuses a run of which anything that decides it was changed, and then leaves everything as it was."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassF1Score

import nnlab
from nnlab import Callback, Dataset, EarlyStopping, Split, checkpoints, fit, schedules
from nnlab.training.checks import described, fingerprint


def network(activation=nn.ReLU, dropout=0.1):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 8), activation(), nn.Dropout(dropout), nn.Linear(8, 2))


def sgd(model, lr=0.1, groups=1, **settings):
    parts = [model.parameters()] if groups == 1 else [model[0].parameters(), model[3].parameters()]
    return torch.optim.SGD([{"params": part} for part in parts], lr=lr, **settings)


def run(folder, epochs=3, model=None, optimizer=sgd, schedule=lambda optimizer: None, **changes):
    model = network() if model is None else model
    made = optimizer(model) if callable(optimizer) else optimizer
    chosen = {"data": nnlab.moons(n=100), "loss": nn.CrossEntropyLoss(), "batch_size": 32, "seed": 0, "progress": False}
    chosen |= {"checkpoint": folder, "schedule": schedule(made), **changes}
    if "steps" not in chosen:
        chosen["epochs"] = epochs
    return fit(model, chosen.pop("data"), optimizer=made, **chosen)


def moved_data():
    """The same number of samples, one of them elsewhere."""
    data = nnlab.moons(n=100)
    x = data.train.x.clone()
    x[7, 1] += 1e-3
    return Dataset("moved", Split(x, data.train.y), data.val, data.test, 2)


def loaders(seed=0, **settings):
    data = nnlab.moons(n=100, seed=seed)
    return DataLoader(TensorDataset(*vars(data.train).values()), **{"batch_size": 32, **settings})


def weighted(weights):
    return nn.CrossEntropyLoss(weight=torch.tensor(weights))


def penalised(factor):
    return lambda logits, y: nn.functional.cross_entropy(logits, y) + factor * logits.square().mean()


def f1(average="macro"):
    return {"f1": MulticlassF1Score(2, average=average)}


def two_rates(second):
    return lambda m: torch.optim.SGD([{"params": m[0].parameters()}, {"params": m[3].parameters(), **second}], lr=0.1)


CHANGES = {  # of the first run, of the second
    "the length of a schedule": (
        {"schedule": lambda o: schedules.Cosine(2)},
        {"schedule": lambda o: schedules.Cosine(6)},
    ),
    "a setting of a formula that PyTorch has not": (
        {"schedule": lambda o: schedules.TimeDecay(k=1.0)},
        {"schedule": lambda o: schedules.TimeDecay(k=2.0)},
    ),
    "a formula for another": (
        {"schedule": lambda o: schedules.Exponential(0.1)},
        {"schedule": lambda o: schedules.Geometric(0.9)},
    ),
    "a setting of a scheduler": (
        {"schedule": lambda o: lr_scheduler.StepLR(o, 5, gamma=0.5)},
        {"schedule": lambda o: lr_scheduler.StepLR(o, 5, gamma=0.1)},
    ),
    "the patience of a plateau": (
        {"schedule": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1)},
        {"schedule": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=2)},
    ),
    "the function of a scheduler": (
        {"schedule": lambda o: lr_scheduler.LambdaLR(o, lambda t: 0.9**t)},
        {"schedule": lambda o: lr_scheduler.LambdaLR(o, lambda t: 0.8**t)},
    ),
    "within a chain of schedulers": tuple(
        {
            "schedule": lambda o, n=n: lr_scheduler.SequentialLR(
                o, [lr_scheduler.ConstantLR(o), lr_scheduler.StepLR(o, n)], [1]
            )
        }
        for n in (5, 7)
    ),
    "what a schedule counts": (
        {"schedule": lambda o: schedules.TimeDecay()},
        {"schedule": lambda o: schedules.TimeDecay(), "steps": 12},
    ),
    "a schedule from nowhere": ({}, {"schedule": lambda o: schedules.Cosine(6)}),
    "one sample": ({}, {"data": moved_data()}),
    "one label": ({}, {"data": nnlab.mislabelled(nnlab.moons(n=100), share=0.02)}),
    "the data of a loader": ({"data": loaders(), "batch_size": None}, {"data": loaders(seed=1), "batch_size": None}),
    "the order of a loader": (
        {"data": loaders(), "batch_size": None},
        {"data": loaders(shuffle=True), "batch_size": None},
    ),
    "the batches of a loader": (
        {"data": loaders(batch_size=30), "batch_size": None},
        {"data": loaders(batch_size=31), "batch_size": None},
    ),
    "the loss": ({}, {"loss": "hinge"}),
    "a setting of the loss": ({}, {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)}),
    "weights of classes": ({"loss": weighted([1.0, 1.0])}, {"loss": weighted([1.0, 10.0])}),
    "a number in a function": ({"loss": penalised(0.1)}, {"loss": penalised(0.2)}),
    "metrics": ({}, {"metrics": f1()}),
    "a setting of a metric": ({"metrics": f1()}, {"metrics": f1("micro")}),
    "weight decay of one group": ({"optimizer": two_rates({})}, {"optimizer": two_rates({"weight_decay": 0.1})}),
    "the rate of one group": ({"optimizer": two_rates({"lr": 0.2})}, {"optimizer": two_rates({"lr": 0.3})}),
    "momentum": ({}, {"optimizer": lambda m: sgd(m, momentum=0.9)}),
    "a layer without weights": ({}, {"model": network(nn.Tanh)}),
    "dropout": ({}, {"model": network(dropout=0.5)}),
    "seed": ({}, {"seed": 1}),
    "batch size": ({}, {"batch_size": 30}),
    "clipping": ({}, {"clip_norm": 1.0}),
    "patience": ({"callbacks": [EarlyStopping(3)]}, {"callbacks": [EarlyStopping(4)]}),
    "what stops": ({"callbacks": [EarlyStopping(3)]}, {"callbacks": [EarlyStopping(3, of="val_accuracy")]}),
    "how much better": ({"callbacks": [EarlyStopping(3)]}, {"callbacks": [EarlyStopping(3, min_delta=0.1)]}),
    "fewer epochs": ({}, {"epochs": 2}),
    "fewer steps": ({}, {"steps": 4}),
    "how a batch is read": ({}, {"unpack": lambda batch: (batch[0], 1 - batch[1])}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_argument_is_refused_and_nothing_of_the_callers_changes(what, tmp_path):
    first, second = CHANGES[what]
    run(tmp_path, **first)
    later = {"epochs": 6, **second}
    model = later.pop("model", None) or network()
    optimizer = later.pop("optimizer", sgd)(model)
    schedule = later.pop("schedule", lambda _: None)(optimizer)
    owners = [model, optimizer, *([schedule] if isinstance(schedule, lr_scheduler.LRScheduler) else [])]
    before = copy.deepcopy([owner.state_dict() for owner in owners])
    formula = copy.deepcopy(schedule) if isinstance(schedule, schedules.Schedule) else None
    with pytest.raises(checkpoints.CheckpointError, match="Try "):
        run(tmp_path, model=model, optimizer=optimizer, schedule=lambda _: schedule, **later)
    assert all(torch.equal(p, before[0][name]) for name, p in model.state_dict().items())
    assert [owner.state_dict() for owner in owners[1:]] == before[1:]
    assert formula is None or schedule == formula


@pytest.mark.parametrize("what", CHANGES)
def test_the_same_arguments_made_anew_go_on(what, tmp_path):
    """Both sides of every pair above: nothing is refused that is the same."""
    for number, settings in enumerate(CHANGES[what]):
        settings = {name: value for name, value in settings.items() if name not in ("epochs", "model")}
        folder = tmp_path / str(number)
        run(folder, **settings)
        longer = {**settings, "steps": 18} if "steps" in settings else {**settings, "epochs": 5}
        if "callbacks" in settings:  # a new one, as a new kernel has it
            longer["callbacks"] = [EarlyStopping(**settings["callbacks"][0].settings())]
        assert run(folder, **longer).loss.shape[1] > 4


def test_the_cell_of_fit_is_run_again_with_what_the_first_time_left(tmp_path):
    """Metrics, a loss that is an object, a schedule that counts steps, all of them used already."""

    class Interrupts(Callback):
        armed = True

        def on_step(self, run):
            if run.step == 5 and self.armed:
                self.armed = False
                raise KeyboardInterrupt

    def cell(model, optimizer, schedule, metrics, loss, callback, folder):
        return fit(
            model,
            nnlab.moons(n=100),
            optimizer=optimizer,
            loss=loss,
            steps=8,
            batch_size=32,
            seed=0,
            schedule=schedule,
            metrics=metrics,
            callbacks=[callback],
            progress=False,
            checkpoint=folder,
        )

    def parts(folder):
        model = network()
        optimizer = sgd(model, momentum=0.9)
        schedule = lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=8)
        return model, optimizer, schedule, f1(), weighted([1.0, 2.0]), Interrupts(), folder

    interrupted = parts(tmp_path)
    assert cell(*interrupted).loss.shape == (1, 5)
    whole = parts(None)
    whole[5].armed = False
    assert torch.equal(cell(*interrupted).loss, cell(*whole).loss)


def test_numbers_of_numpy_and_tensors_are_the_same_numbers(tmp_path):
    run(tmp_path, optimizer=lambda m: sgd(m, lr=np.float64(0.1)))
    assert run(tmp_path, epochs=4).loss.shape == (1, 8)


class TestDescribed:
    """What counts as the same thing, beyond the arguments above."""

    def test_what_a_function_takes_from_around_it(self):
        def make(source, **around):
            exec(source, around)  # as a cell of a notebook does
            return around["loss"]

        source = "def loss(z, y): return (weight * (z - y) ** 2).mean()"
        one = described(make(source, weight=1.0))
        assert one == described(make(source, weight=1.0, mean=3.0))  # z.mean is no global
        assert one != described(make(source, weight=2.0))
        assert one != described(make(source.replace("** 2", "** 4"), weight=1.0))

    def test_sets_of_constants_have_no_order(self):
        def command(seed):
            code = (
                "from nnlab.training.checks import described; "
                "print(described(lambda z, y: y in {'cat', 'dog', 'cow', 'hen'}))"
            )
            environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
            return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout

        assert command(1) == command(2)

    def test_a_model_in_a_loss_is_only_its_class(self):
        model = network()

        def loss(logits, y):
            return logits.mean() + sum(p.square().sum() for p in model.parameters())

        before = described(loss)
        nn.init.zeros_(model[0].weight)
        assert described(loss) == before

    def test_arrays_of_words(self):
        assert described(np.array(["a", "b"])) == "['a', 'b']"

    def test_every_number_of_a_tensor_counts(self):
        tensor = torch.arange(6.0)
        assert fingerprint([tensor]) == fingerprint([tensor.clone()])
        for other in (tensor.reshape(2, 3), tensor.int(), tensor + torch.eye(6)[5] * 1e-6, tensor[:5]):
            assert fingerprint([tensor]) != fingerprint([other])
        assert fingerprint([torch.zeros(0)]) != fingerprint([])
