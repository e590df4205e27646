"""What our optimizers are called in PyTorch: the call makes the one that the tests of the formulas compare with."""

import dataclasses

import pytest
import torch
from test_optimizers import torch_optimizer
from torch import nn

from nnlab import optimizers
from nnlab.engine.optimizers import OPTIMIZERS
from nnlab.engine.pytorch import check_module, check_optimizer, in_torch


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_call_makes_the_same_optimizer(name):
    values = {"lr": 0.2, "weight_decay": 0.05, "momentum": 0.8, "alpha": 0.7, "beta1": 0.6, "beta2": 0.5, "eps": 1e-3}
    kind = OPTIMIZERS[name]
    optimizer = kind(**{field.name: values[field.name] for field in dataclasses.fields(kind)})
    model = nn.Linear(2, 1)
    made, wanted = eval(in_torch(optimizer)), torch_optimizer(optimizer, model.parameters())
    assert type(made) is type(wanted)
    assert made.defaults == wanted.defaults


class Own(optimizers.SGD):
    """An optimizer of a student's own: PyTorch has none of that name."""


@pytest.mark.parametrize(
    ("given", "got", "remedy"),
    [
        (optimizers.Adam(), "Adam(lr=0.001, ", "Try torch.optim.Adam(model.parameters(), lr=0.001, "),
        (optimizers.Adam, "Adam(lr=0.001, ", "Try torch.optim.Adam(model.parameters(), lr=0.001, "),
        (optimizers.Momentum(lr=0.3), "Momentum(lr=0.3, ", "Try torch.optim.SGD(model.parameters(), lr=0.3, "),
        (torch.optim.Adam, "<class 'torch.optim.adam.Adam'>", "Try torch.optim.AdamW(model.parameters())"),
        (Own(), "Own(lr=0.01, ", "Try torch.optim.AdamW(model.parameters())."),
        ("adam", "'adam'", "Try torch.optim.AdamW(model.parameters())"),
        (None, "None", "Try torch.optim.AdamW(model.parameters())"),
    ],
)
def test_no_optimizer_of_pytorch(given, got, remedy):
    with pytest.raises(TypeError) as caught:
        check_optimizer(given, nn.Linear(2, 1))
    message = str(caught.value)
    assert message.startswith(f"optimizer must be one of torch.optim. Got {got}")
    assert remedy in message


def test_an_optimizer_of_another_model(refused):
    with refused("parameters of another model", "optimizer", ValueError):
        check_optimizer(torch.optim.SGD(nn.Linear(2, 1).parameters()), nn.Linear(2, 1))


def test_part_of_a_model_is_enough():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    check_optimizer(torch.optim.SGD(model[1].parameters()), model)
    check_module(model)
