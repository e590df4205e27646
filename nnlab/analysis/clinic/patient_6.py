"""No gradient reaches a layer: it multiplies with ``self.weight.data``, which autograd does not follow."""

from torch import nn

from nnlab.analysis.clinic import healthy

__all__ = ["Layer", "network"]

FAULT = "no gradient reaches a layer"
CURE = {"network": healthy.network}


class Layer(nn.Linear):
    """An affine layer by hand."""

    def forward(self, x):
        return x @ self.weight.data.T + self.bias


def network():
    """64 pixels, twice 64 units, 10 logits."""
    return nn.Sequential(Layer(64, 64), nn.ReLU(), Layer(64, 64), nn.ReLU(), Layer(64, 10))
