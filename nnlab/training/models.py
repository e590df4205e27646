"""The networks of ``network.py`` as torch.nn modules; weights move in both directions without loss."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from nnlab.engine.activations import SLOPE
from nnlab.engine.network import PER_MEMBER, Network, Params

MODULES = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(SLOPE),
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}


class GaussianNoise(nn.Module):
    """In training x + std * n with n standard normal, else x. Draws from the global generator, as nn.Dropout does."""

    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x


def to_torch(net: Network, params: Params) -> nn.Sequential:
    """The same network as a module: layer1, norm1, activation1, dropout1, layer2, ...; what ``net`` has of them.

    Args:
        net: the description, with one dropout for all members.
        params: one network's parameters, without a member axis. PyTorch stores a weight as (out, in), so it is
            transposed; nothing is rounded, and nothing is shared with ``params``.

    Raises:
        ValueError: ``params`` has a member axis: pick one member first. Or they are those of another network.

    >>> net = Network([2, 3, 1])
    >>> to_torch(net, net.init(seed=0)).layer1.weight.shape
    torch.Size([3, 2])
    """
    net.check_params(params)
    first = params["layer1.weight"]
    if first.ndim != 2:
        raise ValueError(
            f"params must be those of one network. Got layer1.weight of shape {tuple(first.shape)}. "
            "Try {name: p[0] for name, p in params.items()}."
        )
    for name in PER_MEMBER:
        if isinstance(value := getattr(net, name), tuple):
            raise ValueError(
                f"{name} must be one number. Got {value}. Try dataclasses.replace(net, {name}={value[0]})."
            )
    layers = OrderedDict()
    if net.input_noise:
        layers["noise0"] = GaussianNoise(net.input_noise)
    for k, (name, n_in, n_out) in enumerate(net.layers, start=1):
        bias = f"{name}.bias" in net.shapes
        layers[name] = nn.utils.skip_init(nn.Linear, n_in, n_out, bias=bias, dtype=first.dtype)
        if k < len(net.layers):
            layers |= behind(net, k, n_out, first.dtype)
    module = nn.Sequential(layers)
    state = {name: p.mT if p.ndim == 2 else p for name, p in params.items()}
    module.load_state_dict({**counters(module), **state})
    return module


def behind(net: Network, k: int, width: int, dtype) -> dict[str, nn.Module]:
    """What stands behind hidden layer k, in this order: norm, activation, noise, dropout."""
    norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    modules = {f"norm{k}": norms[net.norm](width, dtype=dtype)} if net.norm else {}
    modules[f"activation{k}"] = MODULES[net.activation]()
    if net.feature_noise:
        modules[f"noise{k}"] = GaussianNoise(net.feature_noise)
    if net.dropout:
        modules[f"dropout{k}"] = nn.Dropout(net.dropout)
    return modules


def counters(module: nn.Module) -> Params:
    """How many batches each batch norm has seen: torch counts them, ``Network`` does not."""
    return {name: p for name, p in module.state_dict().items() if name.endswith("num_batches_tracked")}


def to_params(module: nn.Sequential) -> Params:
    """The parameters of a module made by ``to_torch``, in the form of ``Network``: weights (in, out)."""
    state = {name: p for name, p in module.state_dict().items() if name not in counters(module)}
    return {name: (p.mT if p.ndim == 2 else p).detach().clone() for name, p in state.items()}
