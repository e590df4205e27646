"""gradient_check agrees with everything of ours, and finds what is wrong in a part of one's own."""

import dataclasses
from dataclasses import dataclass

import pytest
import torch

from nnlab import Network, activations, gradient_check, layers, losses, optimizers
from nnlab.engine import dropout, noise, normalization

OURS = [
    *activations.ACTIVATIONS.values(),
    layers.Affine("layer1", 3, 4),
    layers.Affine("layer1", 3, 2, bias=False, first=True),
    normalization.BatchNorm("norm1", 4),
    normalization.LayerNorm("norm1", 4),
    noise.Noise(0.5),
    dropout.Dropout(0.5),
    Network([3, 5, 4, 2], "gelu", norm="batch", dropout=0.3, input_noise=0.1, feature_noise=0.2),
    Network([3, 5, 2], norm="layer"),
    losses.cross_entropy,
    losses.hinge,
    *(make() for make in optimizers.OPTIMIZERS.values()),
]


@pytest.mark.parametrize("part", OURS, ids=lambda part: getattr(part, "__name__", repr(part)))
def test_every_part_of_ours_agrees(part):
    found = gradient_check(part)
    assert found.agrees, found
    assert found.errors
    assert "agrees with autograd in" in repr(found)


@pytest.mark.parametrize("loss", [losses.mse, losses.huber, losses.binary_cross_entropy])
def test_losses_of_real_targets_agree(loss):
    y = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    assert gradient_check(loss, y=y).agrees


@dataclass(frozen=True)
class Scale(layers.Layer):
    """y = w x; a subclass has one mistake."""

    name: str = "scale"
    units: int = 4

    @property
    def shapes(self):
        return {"scale.weight": (self.units,)}

    def init(self, scheme, generator, dtype):
        return {"scale.weight": torch.ones(self.units, dtype=dtype)}

    def forward(self, params, x, train=False, generator=None):
        return x * params["scale.weight"].unsqueeze(-2), x

    def backward(self, params, x, dy):
        return dy * params["scale.weight"].unsqueeze(-2), {"scale.weight": (dy * x).sum(-2)}


class ForgetsTheWeight(Scale):
    def backward(self, params, x, dy):
        return dy, super().backward(params, x, dy)[1]


class Averages(Scale):
    def backward(self, params, x, dy):
        dx, grads = super().backward(params, x, dy)
        return dx, {"scale.weight": grads["scale.weight"] / x.shape[-2]}


class SumsTheMembers(Scale):
    def backward(self, params, x, dy):
        return super().backward(params, x, dy)[0], {"scale.weight": (dy * x).flatten(0, -2).sum(0)}


class ForgetsAGradient(Scale):
    def backward(self, params, x, dy):
        return super().backward(params, x, dy)[0], {}


class ChangesItsInput(Scale):
    def forward(self, params, x, train=False, generator=None):
        if not x.requires_grad:
            x *= 1.5
        return super().forward(params, x)


class OnlyInTraining(Scale):
    def forward(self, params, x, train=False, generator=None):
        y, kept = super().forward(params, x)
        return (2 * y if train else y), kept


@pytest.mark.parametrize(
    ("layer", "problem"),
    [
        (ForgetsTheWeight(), "x at ("),
        (Averages(), "scale.weight at ("),
        (Averages(), "Everywhere it is 0.2 times as large."),
        (SumsTheMembers(), "scale.weight must have the shape (2, 4). Got (4,)."),
        (ForgetsAGradient(), "the gradients must be those of x, scale.weight. Got x."),
        (ChangesItsInput(), "x was changed in place."),
        (OnlyInTraining(), "Everywhere it is 0.5 times as large."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_mistake_in_a_layer_is_found(layer, problem):
    assert gradient_check(Scale()).agrees
    found = gradient_check(layer)
    assert not found.agrees
    assert any(problem in sentence for sentence in found.problems), found
    assert "does not agree with autograd" in repr(found)


def test_a_wrong_derivative_is_found_with_its_digits():
    tanh = activations.get("tanh")
    wrong = dataclasses.replace(tanh, name="wrong", derivative=lambda z, y: 1 - y)
    (problem,) = gradient_check(wrong).problems
    assert problem.startswith("x at (")
    assert " instead of " in problem


def test_a_mistake_in_a_loss_is_found():
    def summed(logits, y):
        value, gradient = losses.cross_entropy(logits, y)
        return value, gradient * logits.shape[-2]

    def one_number(logits, y):
        value, gradient = losses.cross_entropy(logits, y)
        return value.sum(), gradient

    assert "Everywhere it is 5 times as large." in repr(gradient_check(summed))
    assert "one number for each member, (2,). Got ()." in repr(gradient_check(one_number))


def test_an_optimizer_that_confuses_its_parameters_is_found():
    class Confused(optimizers.SGD):
        def formula(self, w, g, memory, t):
            return w - self.lr * g.mean(), ()  # not entry by entry: one vector for all layers gives another mean

    assert not gradient_check(Confused()).agrees


@pytest.mark.parametrize("part", [Scale, torch.nn.Linear(2, 2), "tanh", None])
def test_what_is_no_part(part, refused):
    with refused(start="part must be a layer"):
        gradient_check(part)
