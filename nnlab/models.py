"""The networks of ``network.py`` as torch.nn modules; weights move in both directions without loss."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nnlab.activations import SLOPE
from nnlab.network import Network, Params

MODULES = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(SLOPE),
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}


def to_torch(net: Network, params: Params) -> nn.Sequential:
    """The same network as a module: layer1, activation1, layer2, ...

    Args:
        net: the description.
        params: one network's parameters, without a member axis. PyTorch stores a weight as (out, in), so it is
            transposed; nothing is rounded, and nothing is shared with ``params``.

    Raises:
        ValueError: ``params`` has a member axis: pick one member first.

    >>> net = Network([2, 3, 1])
    >>> to_torch(net, net.init(seed=0)).layer1.weight.shape
    torch.Size([3, 2])
    """
    first = params["layer1.weight"]
    if first.ndim != 2:
        raise ValueError(
            f"params must be those of one network. Got layer1.weight of shape {tuple(first.shape)}. "
            "Try {name: p[0] for name, p in params.items()}."
        )
    layers = OrderedDict()
    for k, (name, n_in, n_out) in enumerate(net.layers, start=1):
        layers[name] = nn.utils.skip_init(nn.Linear, n_in, n_out, dtype=first.dtype)
        if k < len(net.layers):
            layers[f"activation{k}"] = MODULES[net.activation]()
    module = nn.Sequential(layers)
    module.load_state_dict({name: p.mT if p.ndim == 2 else p for name, p in params.items()})
    return module


def to_params(module: nn.Sequential) -> Params:
    """The parameters of a module made by ``to_torch``, in the form of ``Network``: weights (in, out)."""
    return {name: (p.mT if p.ndim == 2 else p).detach().clone() for name, p in module.state_dict().items()}
