"""Hold a part of a network, ours or your own, against autograd: one call, one sentence."""

from collections import deque
from collections.abc import Callable
from itertools import islice, product, repeat
from typing import NamedTuple

import torch

from nnlab.engine import losses
from nnlab.engine.layers import Layer, Params
from nnlab.engine.loop import steps
from nnlab.engine.network import Network
from nnlab.engine.optimizers import Optimizer
from nnlab.engine.stack import Stack

__all__ = ["Agreement", "gradient_check"]

TOLERANCE = 1e-8  # of the relative error, in float64
MEMBERS, BATCH, FEATURES = ((), (2,)), 5, 4  # without a member axis, and with one


class Agreement(NamedTuple):
    """What ``gradient_check`` found; it shows itself as a sentence.

    Attributes:
        part: what was checked.
        errors: what was compared -> |ours - autograd's| / |autograd's|, as norms.
        problems: what is wrong, a sentence each; empty when all is well.
    """

    part: str
    errors: dict[str, float]
    problems: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __repr__(self) -> str:
        if self.problems:
            return f"{self.part} does not agree with autograd:\n" + "\n".join(f"  {p}" for p in self.problems)
        worst = max(self.errors.values(), default=0.0)
        return f"{self.part} agrees with autograd in {', '.join(self.errors)}: largest relative error {worst:.0e}."


def gradient_check(
    part: Layer | Stack | Optimizer | Callable, *, x: torch.Tensor | None = None, y=None, seed: int = 0
) -> Agreement:
    """Compare the gradients of a part with autograd's, in float64, for one network and for two at once, in training and
    after it.

    Args:
        part: a layer (an activation is one), a network, a loss (logits, y) -> (value, gradient), or an optimizer. An
            optimizer has no gradients: ten steps with the gradients by hand must end where autograd's end.
        x: (batch, inputs), where the number of inputs cannot be read from the layer.
        y: targets of a loss for five samples and three outputs; None takes class numbers.
        seed: decides the random numbers.

    Raises:
        TypeError: ``part`` is none of these.

    >>> from nnlab import activations
    >>> gradient_check(activations.get("tanh")).agrees
    True
    """
    generator = torch.Generator().manual_seed(seed)
    name = getattr(part, "name", None) or getattr(part, "__name__", None) or type(part).__name__
    if isinstance(part, Optimizer):
        found = [of_optimizer(part, generator)]
    elif isinstance(part, (Layer, Stack)):
        found = [of_layers(part, x, *how, generator) for how in product((False, True), MEMBERS)]
    elif callable(part) and not isinstance(part, (type, torch.nn.Module)):
        found = [of_loss(part, y, members, generator) for members in MEMBERS]
    else:
        raise TypeError(
            f"part must be a layer, a network, a loss with its gradient, or an optimizer. Got {part!r}. "
            "Try an object of your class: gradient_check(MyLayer(...))."
        )
    errors = {name: max(each.get(name, 0.0) for each, _ in found) for each, _ in found for name in each}
    problems = {place: sentence for _, each in reversed(found) for place, sentence in each.items()}
    return Agreement(name, errors, tuple(problems.values()))


def of_layers(part: Layer | Stack, x: torch.Tensor | None, train: bool, members: tuple, generator: torch.Generator):
    """A layer or a network: the gradients at the inputs and of every parameter."""
    inputs = part.sizes[0] if isinstance(part, Stack) else getattr(part, "inputs", getattr(part, "units", FEATURES))
    params = first_params(part, members, generator)
    x = normal((*members, BATCH, inputs), generator) if x is None else x.double().expand(*members, *x.shape)
    seed = torch.Generator().manual_seed(0)
    before = {"x": x, **params}
    names = [*part.shapes] if isinstance(part, Stack) or getattr(part, "first", False) else ["x", *part.shapes]
    leaves = {n: p.clone().requires_grad_(n in names) for n, p in before.items()}
    own: Params = {n: p.clone() for n, p in before.items()}

    z, _ = part.forward({n: p for n, p in leaves.items() if n != "x"}, leaves["x"], train, seed)
    dz = normal(z.shape, generator)
    wanted = torch.autograd.grad(z, [leaves[n] for n in names], dz, allow_unused=True)
    theirs = {n: torch.zeros_like(leaves[n]) if g is None else g for n, g in zip(names, wanted, strict=True)}

    given = {n: p for n, p in own.items() if n != "x"}
    _, kept = part.forward(given, own["x"], train, seed.manual_seed(0))
    if isinstance(part, Stack):
        ours = part.backward(given, kept, dz.clone())
    else:
        dx, gradients = part.backward(given, kept, dz.clone())
        ours = gradients if dx is None else {"x": dx, **gradients}
    errors, problems = compare(ours, theirs)
    changed = [n for n, p in before.items() if not torch.equal(p, own[n])]
    return errors, problems | {n: f"{n} was changed in place." for n in changed}


def of_loss(loss: Callable, y, members: tuple, generator: torch.Generator):
    """A loss: the gradient at the logits, and one value for each member."""
    logits = normal((*members, BATCH, 3), generator)
    y = torch.tensor([0, 2, 1, 1, 0]) if y is None else torch.as_tensor(y)
    y = y.double() if y.is_floating_point() else y
    leaf = logits.clone().requires_grad_()
    value, _ = loss(leaf, y)
    if value.shape != members:
        return {}, {"value": f"the value must have one number for each member, {members}. Got {tuple(value.shape)}."}
    return compare({"logits": loss(logits, y)[1]}, {"logits": torch.autograd.grad(value.sum(), leaf)[0]})


def of_optimizer(optimizer: Optimizer, generator: torch.Generator):
    """An optimizer: the parameters of a small network after ten steps, with gradients by hand and by autograd."""
    net, x = Network([FEATURES, 3, 2], "tanh"), normal((BATCH, FEATURES), generator)
    y, start = torch.tensor([0, 1, 1, 0, 1]), net.init(seed=range(2), dtype=torch.float64)
    (last,) = deque(islice(steps(net, start, optimizer, repeat((x, y)), losses.cross_entropy), 10), maxlen=1)
    params, state = start, optimizer.init(start)
    for _ in range(10):
        leaves = {n: p.clone().requires_grad_() for n, p in params.items()}
        value = losses.cross_entropy(net.forward(leaves, x)[0], y)[0].sum()
        gradients = dict(zip(leaves, torch.autograd.grad(value, list(leaves.values())), strict=True))
        params, state = optimizer.update(params, gradients, state)
    return compare(last.params, params)


def first_params(part: Layer | Stack, members: tuple, generator: torch.Generator) -> Params:
    """The first values for these members, each of its own, and away from zero and one, where mistakes hide."""

    double = torch.float64
    first = part.init(dtype=double) if isinstance(part, Stack) else part.init("he_normal", generator, double)
    params = {n: p.expand(*members, *p.shape) for n, p in first.items()}
    return {n: p + 0.3 * normal(p.shape, generator) if n in part.shapes else p for n, p in params.items()}


def normal(shape, generator: torch.Generator) -> torch.Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(tuple(shape), generator=generator, dtype=torch.float64)


def compare(ours: Params, theirs: Params) -> tuple[dict[str, float], dict[str, str]]:
    """Relative errors by name, and a sentence for every one that is too large."""
    errors: dict[str, float] = {}
    problems: dict[str, str] = {}
    if ours.keys() != theirs.keys():
        problems["names"] = f"the gradients must be those of {', '.join(theirs)}. Got {', '.join(ours) or 'none'}."
        return errors, problems
    for name, want in theirs.items():
        got = ours[name]
        if got.shape != want.shape:
            problems[name] = f"{name} must have the shape {tuple(want.shape)}. Got {tuple(got.shape)}."
            continue
        errors[name] = float((got - want).norm() / want.norm().clamp_min(1e-300))
        if not errors[name] <= TOLERANCE:
            place = tuple(int(i) for i in torch.unravel_index((got - want).abs().argmax(), want.shape))
            ratio = float((got * want).sum() / (want * want).sum().clamp_min(1e-300))
            close = (got - ratio * want).norm() <= TOLERANCE * want.norm()
            times = f" Everywhere it is {ratio:.6g} times as large." if close and ratio else ""
            problems[name] = f"{name} at {place}: {float(got[place]):.6g} instead of {float(want[place]):.6g}.{times}"
    return errors, problems
