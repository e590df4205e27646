"""A run as a file of plain PyTorch: without nnlab it prints the losses of the run, digit for digit."""

import re
import subprocess
import sys

import pytest
import torch
from torch import nn

import nnlab

WITHOUT = "import runpy, sys; sys.modules['nnlab'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
DATA = nnlab.digits(seed=0)


def printed(path):
    """name -> the values that the script prints, in a process in which nnlab cannot be imported."""
    command = [sys.executable, "-c", WITHOUT, str(path)]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nnlab" not in re.sub(r'"""A training run.*\n|# .*', "", path.read_text(encoding="utf-8"))
    found = {"loss": [], "val_loss": []}
    for name, value in re.findall(r"^step \d+ (\w+) (\S+)$", done.stdout, re.M):
        found[name].append(float(value))
    return found


def small(*layers):
    return nn.Sequential(nn.Linear(64, 16), nn.ReLU(), *layers, nn.Linear(16, 10))


def fitted(model, optimizer, path, data=DATA, loss=None, **settings):
    settings = {"epochs": 2, "batch_size": 64, "seed": 3, "progress": False} | settings
    script = [nnlab.tracking.Script(path)]
    return nnlab.fit(model, data, optimizer=optimizer, loss=loss or nn.CrossEntropyLoss(), callbacks=script, **settings)


def test_the_script_of_a_run_prints_its_losses(tmp_path):
    model = small(nn.BatchNorm1d(16), nn.Dropout(0.2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    schedule = nnlab.schedules.Cosine(length=2)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    history = fitted(model, optimizer, tmp_path / "a.py", loss=loss, schedule=schedule, clip_norm=0.5)
    shown = printed(tmp_path / "a.py")
    assert shown == {"loss": history.loss[0].tolist(), "val_loss": history.val_loss[0].tolist()}
    text = (tmp_path / "a.py").read_text(encoding="utf-8")
    assert "    nn.Dropout(p=0.2, inplace=False),\n" in text
    assert "torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)" in text
    assert "criterion = nn.CrossEntropyLoss(label_smoothing=0.1)" in text


def test_a_network_by_hand_steps_and_no_validation_data(tmp_path):
    net = nnlab.Network([64, 8, 10])
    model = nnlab.models.to_torch(net, net.init("he_normal", seed=0)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    data = (DATA.train.x.double(), DATA.train.y)
    settings = {"data": data, "epochs": None, "steps": 20, "batch_size": 100, "loss": nn.functional.cross_entropy}
    history = fitted(model, optimizer, tmp_path / "a.py", **settings)
    shown = printed(tmp_path / "a.py")
    assert torch.tensor(shown["loss"]).tolist() == history.loss[0].tolist()  # a History holds float32
    assert len(shown["loss"]) == 20
    assert shown["val_loss"] == []


def test_the_script_of_a_live_training_moves_its_sliders(tmp_path):
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    live = nnlab.live_training(model, nnlab.moons(), optimizer=sgd, steps=30)
    for values in ({"lr": 0.3}, {"momentum": 0.0}, {"momentum": 0.5}):
        live.set(**values)
        live.step(15)
    live.run.batch_size = 7
    live.step(40)
    nnlab.tracking.live_script(live, tmp_path / "live.py")
    assert printed(tmp_path / "live.py")["loss"] == live.losses
    assert len(live.losses) == 115
    live.step(5)
    nnlab.tracking.live_script(live, tmp_path / "live.py")
    assert "for step in range(120)" in (tmp_path / "live.py").read_text(encoding="utf-8")


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x)


def adam(model):
    return torch.optim.Adam(model.parameters())


@pytest.mark.parametrize(
    ("model", "optimizer", "settings", "start"),
    [
        (Own(), adam, {}, "model must be an nn.Sequential"),
        (small(Own()), adam, {}, "model must be an nn.Sequential"),
        (small(), lambda m: torch.optim.SGD(m[0].parameters(), lr=0.1), {}, "optimizer must be a new one"),
        (small(), adam, {"loss": "cross_entropy"}, "loss must be one of torch.nn"),
        (small(), adam, {"loss": nn.CrossEntropyLoss(weight=torch.ones(10))}, "loss must be one of torch.nn"),
        (small(), adam, {"unpack": lambda batch: (batch[0], batch[1])}, "data must be in memory"),
    ],
)
def test_a_run_that_cannot_be_written_down_is_refused(refused, tmp_path, model, optimizer, settings, start):
    with refused(start=start):
        fitted(model, optimizer(model), tmp_path / "a.py", **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_program_of_one_s_own_is_not_written_over(refused, tmp_path):
    (tmp_path / "mine.py").write_text("print('mine')")
    model = small()
    with refused(start="path must be a new file"):
        fitted(model, adam(model), tmp_path / "mine.py")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
    for _ in range(2):
        fitted(small_ := small(), adam(small_), tmp_path / "a.py", epochs=1)


def test_what_is_no_live_training_is_refused(refused, tmp_path):
    with refused(start="live must be a live training"):
        nnlab.tracking.live_script(small(), tmp_path / "a.py")
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    with refused(start="model must have no dropout"):
        nnlab.tracking.live_script(nnlab.live_training(model, nnlab.moons()), tmp_path / "a.py")
