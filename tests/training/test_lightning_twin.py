"""The job in Lightning: the same bits as fit from the same DataLoaders, in silence, and a remedy without Lightning."""

import importlib.util
import logging

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import nnlab
from nnlab import lightning_twin

DATA = nnlab.digits()


def loaders(seed):
    train, val = (TensorDataset(part.x, part.y) for part in (DATA.train, DATA.val))
    shuffle = torch.Generator().manual_seed(seed)
    return DataLoader(train, batch_size=64, shuffle=True, generator=shuffle), DataLoader(val, batch_size=64)


def job(seed):
    net = nnlab.Network([64, 16, 10])
    model = nnlab.models.to_torch(net, net.init(seed=seed))
    return model, {
        "optimizer": torch.optim.AdamW(model.parameters(), lr=0.01),
        "loss": torch.nn.CrossEntropyLoss(),
        "epochs": 3,
    }


def test_the_same_loaders_end_in_the_same_bits_as_fit(capfd):
    model, settings = job(seed=0)
    history = nnlab.fit(model, loaders(seed=1), **settings, seed=0, progress=False)
    twin, settings = job(seed=0)
    last = lightning_twin.fit(twin, *loaders(seed=1), **settings, classes=10)
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, twin.state_dict()[name]), name
    assert last["val_accuracy"] == pytest.approx(history.val_accuracy[0, -1].item(), abs=1e-7)
    assert last["val_loss"] == pytest.approx(history.val_loss[0, -1].item(), rel=1e-5)
    assert history.val_accuracy[0, -1] > 0.8
    assert not twin.training
    assert capfd.readouterr() == ("", "")


def test_other_loaders_end_elsewhere():
    """The proof above can fail."""
    model, settings = job(seed=0)
    nnlab.fit(model, loaders(seed=1), **settings, seed=0, progress=False)
    twin, settings = job(seed=0)
    lightning_twin.fit(twin, *loaders(seed=2), **settings, classes=10)
    assert not torch.equal(model.layer1.weight, twin.layer1.weight)


def test_afterwards_lightning_may_talk_again():
    import lightning  # noqa: F401

    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    with lightning_twin.quiet():
        assert logger.level == logging.ERROR
    assert logger.level == before != logging.ERROR


def test_without_lightning_the_message_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "lightning" else found(name))
    assert not lightning_twin.available()
    model, settings = job(seed=0)
    with pytest.raises(ModuleNotFoundError, match="pip install lightning"):
        lightning_twin.fit(model, *loaders(seed=0), **settings, classes=10)
