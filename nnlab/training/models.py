"""The networks of ``network.py`` as torch.nn modules; weights move in both directions without loss."""

from collections import OrderedDict

import torch
from torch import nn

from nnlab.engine.activations import Activation
from nnlab.engine.dropout import Dropout
from nnlab.engine.fourier import Fourier, waves
from nnlab.engine.layers import Affine, Layer, Params
from nnlab.engine.noise import Noise
from nnlab.engine.normalization import BatchNorm, LayerNorm
from nnlab.engine.stack import Stack, check_params

__all__ = ["FourierFeatures", "GaussianNoise", "to_params", "to_torch"]


class GaussianNoise(nn.Module):
    """In training x + std * n with n standard normal, else x. Draws from the global generator, as nn.Dropout does."""

    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x


class FourierFeatures(nn.Module):
    """Coordinates become waves: [cos(2 pi B v), sin(2 pi B v)] (Tancik et al. 2020, eq. 5).

    B is random and never learned, but a part of the model: it is a buffer, so ``state_dict`` saves it. What people
    usually get wrong is to draw it anew when they load the weights, which then mean nothing.

    Args:
        inputs, features: coordinates, and how many frequencies; (batch, inputs) becomes (batch, 2 * features).
        scale: the standard deviation of the frequencies. seed: which frequencies.

    Raises:
        TypeError, ValueError: counts that are no whole numbers, a scale that is not positive.

    >>> FourierFeatures(2, 64, scale=0.5)(torch.zeros(5, 2)).shape
    torch.Size([5, 128])
    """

    def __init__(self, inputs: int, features: int, scale: float, seed: int = 0):
        super().__init__()
        drawn = Fourier("fourier", inputs, features, scale).init("", torch.Generator().manual_seed(seed), torch.float32)
        self.register_buffer("frequencies", drawn["fourier.frequencies"].mT.contiguous())  # (features, inputs)

    def forward(self, v):
        return waves(v, self.frequencies.mT)


def to_torch(net: Stack, params: Params) -> nn.Sequential:
    """The same network as a module: layer1, norm1, activation1, noise1, dropout1, layer2, ..., what it has of them.

    Args:
        net: the description, with one dropout for all members.
        params: one network's parameters, without a member axis. PyTorch stores a weight as (out, in), so it is
            transposed; nothing is rounded, and nothing is shared with ``params``.

    Raises:
        ValueError: ``params`` has a member axis: pick one member first. Or they are those of another network.
        TypeError: a layer or an activation of your own that torch does not have.

    >>> from nnlab import Network
    >>> net = Network([2, 3, 1])
    >>> to_torch(net, net.init(seed=0)).layer1.weight.shape
    torch.Size([3, 2])
    """
    check_params(net, params)
    first = params[f"{net.affine[0].name}.weight"]
    if first.ndim != 2:
        raise ValueError(
            f"params must be those of one network. Got layer1.weight of shape {tuple(first.shape)}. "
            "Try {name: p[0] for name, p in params.items()}."
        )
    for name in net.per_member:
        if isinstance(value := getattr(net, name), tuple):
            raise ValueError(
                f"{name} must be one number. Got {value}. Try dataclasses.replace(net, {name}={value[0]})."
            )
    layers, number = OrderedDict(), 0  # of the last affine layer
    for layer in net.stack:
        number += isinstance(layer, Affine)
        kind, made = twin(layer, first.dtype)
        layers[getattr(layer, "name", "") if layer.shapes | layer.running_shapes else f"{kind}{number}"] = made
    module = nn.Sequential(layers)
    state = {name: p.mT if p.ndim == 2 else p for name, p in params.items()}
    module.load_state_dict({**counters(module), **state})
    return module


def twin(layer: Layer, dtype: torch.dtype) -> tuple[str, nn.Module]:
    """What torch calls a layer of ours, and the module that does the same."""
    match layer:
        case Affine(_, inputs, outputs, bias):
            return "layer", nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias, dtype=dtype)
        case BatchNorm():
            return "norm", nn.BatchNorm1d(layer.units, dtype=dtype)
        case LayerNorm():
            return "norm", nn.LayerNorm(layer.units, dtype=dtype)
        case Activation() if layer.module:
            return "activation", layer.module()
        case Fourier():
            return "fourier", FourierFeatures(layer.inputs, layer.features, layer.scale).to(dtype)
        case Noise(std=float() | int() as std):
            return "noise", GaussianNoise(std)
        case Dropout(p=float() | int() as p):
            return "dropout", nn.Dropout(p)
    raise TypeError(f"every layer must have a twin in torch.nn. Got {layer!r}. Try a module of your own instead.")


def counters(module: nn.Module) -> Params:
    """How many batches each batch norm has seen: torch counts them, ``Network`` does not."""
    return {name: p for name, p in module.state_dict().items() if name.endswith("num_batches_tracked")}


def to_params(module: nn.Sequential) -> Params:
    """The parameters of a module made by ``to_torch``, in the form of ``Network``: weights (in, out)."""
    state = {name: p for name, p in module.state_dict().items() if name not in counters(module)}
    return {name: (p.mT if p.ndim == 2 else p).detach().clone() for name, p in state.items()}
