"""Loss functions: the value and its gradient with respect to the network's output, side by side.

Every loss takes ``logits`` of shape (..., batch, outputs), averages over the batch, and returns
``(loss, dlogits)`` with shapes (...,) and (..., batch, outputs). Leading axes are members, each
with a loss of its own. The gradient of the mean carries the factor 1/batch: forgetting it, or
dividing twice, is the mistake most often made here.

PyTorch has another form: ``(logits, y) -> scalar``, for one network, and autograd finds the gradient. Whatever takes a
``loss`` takes both forms, or a name: ``get`` makes it ours, ``to_torch`` makes it PyTorch's.
"""

import math
import warnings
from collections.abc import Callable

import torch
from torch.autograd.function import once_differentiable

from nnlab import arguments

__all__ = ["binary_cross_entropy", "cross_entropy", "get", "hinge", "huber", "mse", "one_hot", "to_torch"]

ByHand = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
SMALL = (torch.uint8, torch.int8, torch.int16, torch.int32)
InPyTorch = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(logits: torch.Tensor, y: torch.Tensor, label_smoothing: float | torch.Tensor = 0.0):
    """Softmax cross-entropy, as torch.nn.functional.cross_entropy with reduction="mean".

    With probabilities p = softmax(logits), one-hot targets t and label smoothing a over K classes,
    g = (1 - a) t + a / K, the loss of one sample is -sum_k g_k log p_k and its gradient p - g
    (Goodfellow et al. 2016, section 6.2.2.3; Szegedy et al. 2016, section 7).

    Args:
        logits: (..., batch, classes), unnormalised: no softmax before this loss.
        y: (..., batch), class numbers 0 ... classes - 1, an integer tensor; or soft targets (..., batch, classes),
            probabilities that sum to 1 (from mixup, say), a floating-point tensor.
        label_smoothing: a in [0, 1); a number, or a tensor (...,) with one for each member.

    Returns:
        loss (...,) and dlogits (..., batch, classes).

    Raises:
        ValueError, TypeError: shapes that do not match, labels out of range or not integers, soft targets that are
            no probabilities.

    >>> loss, dlogits = cross_entropy(torch.zeros(1, 2), torch.tensor([0]))
    >>> loss, dlogits
    (tensor(0.6931), tensor([[-0.5000,  0.5000]]))
    """
    arguments.fraction("label_smoothing", label_smoothing, 0.1)
    goal = soft(y, logits) if y.is_floating_point() and y.ndim > 1 else one_hot(y, logits)
    if isinstance(label_smoothing, torch.Tensor):
        label_smoothing = label_smoothing.to(logits.dtype).unsqueeze(-1).unsqueeze(-1)  # (..., 1, 1)
    if isinstance(label_smoothing, torch.Tensor) or label_smoothing:
        goal = (1 - label_smoothing) * goal + label_smoothing / logits.shape[-1]
    shifted = logits - logits.amax(-1, keepdim=True)  # the largest logit is 0: exp cannot overflow
    exp = shifted.exp()
    total = exp.sum(-1, keepdim=True)
    wanted = (goal * shifted).nan_to_num(0.0, neginf=-torch.inf)  # 0 * -inf: a class that is ruled out costs nothing
    loss = total.log().mean((-2, -1)) - wanted.sum((-2, -1)) / logits.shape[-2]
    return loss, (exp / total - goal) / logits.shape[-2]


def hinge(logits: torch.Tensor, y: torch.Tensor, margin: float = 1.0):
    """Multi-class hinge loss: every wrong class pays for being less than ``margin`` below the right one.

    The loss of one sample with logits z is the sum over k != y of max(0, margin + z_k - z_y) (Weston & Watkins 1999,
    who take the margin 2). Its gradient is 1 for every class that pays, minus their number at the right
    class; at the corner itself it is 0. With the two logits 0 and z this is the binary hinge max(0, margin - z) for
    y = 1. torch.nn.functional.multi_margin_loss divides the sum by the number of classes; this function does not.

    Args:
        logits: (..., batch, classes), read as scores: no softmax before this loss.
        y: (..., batch), class numbers 0 ... classes - 1, an integer tensor.
        margin: positive, in the unit of the logits.

    >>> hinge(torch.tensor([[2.0, 1.5, -1.0]]), torch.tensor([0]))
    (tensor(0.5000), tensor([[-1.,  1.,  0.]]))
    """
    arguments.positive("margin", margin, 1.0)
    gold = one_hot(y, logits)
    right = torch.where(gold > 0, logits, 0).sum(-1, keepdim=True)  # (..., batch, 1)
    lack = torch.where(gold > 0, 0, (logits - right + margin).clamp(min=0))  # (..., batch, classes), what it pays
    pays = (lack > 0).to(logits.dtype)
    return lack.sum(-1).mean(-1), (pays - gold * pays.sum(-1, keepdim=True)) / logits.shape[-2]


def one_hot(y: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Targets (..., batch, classes) for ``logits`` (..., batch, classes): 1 at the class ``y`` (..., batch), else 0."""
    same_batch(y, logits, y.ndim)
    if y.dtype != torch.int64:
        raise TypeError(f"y must hold class numbers (torch.int64). Got {y.dtype}. Try y.long().")
    classes = logits.shape[-1]
    low, high = (int(v) for v in y.aminmax())
    if low < 0 or high >= classes:
        raise ValueError(
            f"y must hold class numbers from 0 to {classes - 1}. Got {low} to {high}. "
            f"Try labels that start at 0, and a network with one output for each class."
        )
    return torch.eye(classes, dtype=logits.dtype, device=logits.device)[y]


def soft(y: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Soft targets ``y`` (..., batch, classes), checked: every row is a probability for each class."""
    same_batch(y, logits, y.ndim - 1)
    if y.shape[-1] != logits.shape[-1]:
        raise ValueError(
            f"soft targets must have one column for each of {logits.shape[-1]} classes. Got {tuple(y.shape)}. "
            "Try class numbers, y.argmax(-1)."
        )
    if not (y.amin() >= 0 and (y.sum(-1) - 1).abs().amax() <= 1e-3):
        sums = y.sum(-1)
        raise ValueError(
            f"soft targets must be at least 0 and sum to 1. Got entries from {y.amin():.3g} and sums from "
            f"{sums.amin():.5g} to {sums.amax():.5g}. Try y.softmax(-1)."
        )
    return y.to(logits.dtype)


def mse(prediction: torch.Tensor, y: torch.Tensor):
    """Mean squared error over batch and outputs, (f - y)^2, gradient 2 (f - y) / (batch * outputs).

    Args:
        prediction: (..., batch, outputs).
        y: (..., batch, outputs), or (..., batch) when there is one output.
    """
    error = prediction - real_target(y, prediction)
    return (error * error).mean((-2, -1)), 2 * error / entries(prediction)


def huber(prediction: torch.Tensor, y: torch.Tensor, delta: float = 1.0):
    """Huber's loss (1964): e^2 / 2 for |e| <= delta, else delta (|e| - delta / 2); gradient e cut to +-delta.

    Args:
        prediction: (..., batch, outputs).
        y: (..., batch, outputs), or (..., batch) when there is one output.
        delta: positive, in the unit of the target.
    """
    arguments.positive("delta", delta, 1.0)
    error = prediction - real_target(y, prediction)
    cut = error.clamp(-delta, delta)
    return (cut * (error - cut / 2)).mean((-2, -1)), cut / entries(prediction)


def binary_cross_entropy(logits: torch.Tensor, y: torch.Tensor):
    """Binary cross-entropy on logits, as torch's binary_cross_entropy_with_logits.

    The loss of one logit z with target g in [0, 1] is log(1 + e^z) - g z, its gradient sigmoid(z) - g. It is computed
    as (max(z, 0) - g z) + log(1 + e^-|z|): with z = 25 and g = 1 the first form would round to 0.

    Args:
        logits: (..., batch, outputs), unnormalised.
        y: (..., batch, outputs), or (..., batch) when there is one output; values from 0 to 1.
    """
    goal = real_target(y, logits)
    low, high = goal.aminmax()
    if not (low >= 0 and high <= 1):
        raise ValueError(f"y must lie between 0 and 1. Got {float(low)} to {float(high)}. Try labels 0 and 1.")
    loss = (logits.clamp(min=0) - goal * logits + torch.log1p((-logits.abs()).exp())).mean((-2, -1))
    return loss, (torch.sigmoid(logits) - goal) / entries(logits)


def real_target(y: torch.Tensor, prediction: torch.Tensor) -> torch.Tensor:
    """``y`` in the number type of ``prediction``, with an output axis where ``y`` (..., batch) has none."""
    if prediction.shape[-1] == 1 and y.ndim > 0 and y.shape == prediction.shape[:-1][-y.ndim :]:
        y = y.unsqueeze(-1)  # (..., batch) -> (..., batch, 1)
    same_batch(y, prediction, y.ndim - 1)
    if y.shape[-1] != prediction.shape[-1]:
        raise ValueError(
            f"y must have as many outputs as the prediction. Got {tuple(y.shape)} for {tuple(prediction.shape)}. "
            "Try y with one column for each output."
        )
    return y.to(prediction.dtype)


def same_batch(y: torch.Tensor, logits: torch.Tensor, axes: int) -> None:
    """Check that the first ``axes`` axes of ``y`` end like those of ``logits`` before its output axis."""
    batch = tuple(logits.shape[:-1])
    got = tuple(y.shape[:axes])
    if not batch:
        raise ValueError(
            f"logits must have an axis of outputs behind that of the batch. Got the shape {tuple(logits.shape)}. "
            f"Try {(*logits.shape, 1)}: for one output the last layer needs no nn.Flatten behind it."
        )
    if axes < 1 or got != batch[-len(got) :]:
        raise ValueError(
            f"y must have one target for each sample. Got y of shape {tuple(y.shape)} "
            f"for logits of shape {tuple(logits.shape)}. Try y of shape {batch[-1:]}."
        )


def entries(prediction: torch.Tensor) -> int:
    """How many numbers the mean of one member runs over: batch * outputs."""
    return prediction.shape[-2] * prediction.shape[-1]


LOSSES: dict[str, ByHand] = {f.__name__: f for f in (cross_entropy, hinge, mse, huber, binary_cross_entropy)}


def known(loss: str | Callable) -> Callable:
    """The function behind a name, or ``loss`` itself if it can be called."""
    if isinstance(loss, str):
        arguments.one_of("loss", loss, LOSSES)
        return LOSSES[loss]
    if isinstance(loss, type) or not callable(loss):
        remedy = f"an object of it: {loss.__name__}()" if isinstance(loss, type) else "nn.CrossEntropyLoss()"
        raise TypeError(
            f"loss must be a name or a function (logits, y) -> number. Got {loss!r}. Try 'cross_entropy', or {remedy}."
        )
    return loss


def get(loss: str | Callable) -> ByHand:
    """A loss in our form: (logits, y) -> (value, dlogits), for as many members as ``logits`` has.

    Those of this module are what they are. Any other is asked about one member after the other, and autograd gives the
    gradient of its value, also within ``torch.inference_mode``.

    Args:
        loss: a name, a function (logits, y) -> scalar such as ``nn.CrossEntropyLoss()``, or one in our form.

    Raises:
        TypeError, ValueError: an unknown name (with the nearest known one), or something else than a loss; when it is
            called, if its result has neither form.

    >>> value, dlogits = get(torch.nn.CrossEntropyLoss())(torch.zeros(1, 2), torch.tensor([0]))
    >>> value, dlogits
    (tensor(0.6931), tensor([[-0.5000,  0.5000]]))
    """
    loss = known(loss)
    if loss in LOSSES.values():
        return loss
    one = to_torch(loss)

    def by_hand(logits: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        axes = 2 if y.is_floating_point() else 1  # of the targets of one member
        y = real_target(y, logits) if axes == 2 else y
        with torch.inference_mode(False), torch.enable_grad():
            z = logits.detach().clone().requires_grad_()
            y = y.expand(*logits.shape[:-2], *y.shape[-axes:]).clone()
            members = zip(z.reshape(-1, *z.shape[-2:]), y.reshape(-1, *y.shape[-axes:]), strict=True)
            values = torch.stack([one(*member) for member in members])
            (dlogits,) = torch.autograd.grad(values.sum(), z)
        return values.detach().reshape(logits.shape[:-2]), dlogits

    by_hand.__name__ = getattr(loss, "__name__", type(loss).__name__)
    return by_hand


def to_torch(loss: str | Callable) -> InPyTorch:
    """A loss in PyTorch's form: (logits, y) -> scalar, which ``backward()`` can follow; for one network.

    One in our form keeps its own gradient: ``backward()`` starts from its dlogits.

    Args:
        loss: as for ``get``.

    Raises:
        TypeError, ValueError: as for ``get``; when it is called, also if ``logits`` and real targets differ in shape,
            for PyTorch's losses broadcast them against each other, and those of students may; so it is for whole
            numbers (batch,) against outputs (batch, 1), if the loss really broadcasts them.

    >>> logits = torch.zeros(1, 2, requires_grad=True)
    >>> to_torch("cross_entropy")(logits, torch.tensor([0])).backward()
    >>> logits.grad
    tensor([[-0.5000,  0.5000]])
    """
    loss = known(loss)
    ours = loss in LOSSES.values()
    sure: list[bool] = []  # that a loss of another's does not broadcast

    def in_pytorch(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if not ours and isinstance(logits, torch.Tensor) and isinstance(y, torch.Tensor):
            y = fitting(loss, logits, y, sure)
        value = loss(logits.detach() if ours else logits, y)
        if isinstance(value, tuple):
            value = GradientByHand.apply(logits, *checked_pair(value, logits))
        check_number(value, logits)
        return value

    return in_pytorch


def fitting(loss: Callable, logits: torch.Tensor, y: torch.Tensor, sure: list[bool]) -> torch.Tensor:
    """The targets as a loss of PyTorch, or of a student, can compare them with the outputs.

    Args:
        sure: empty until it was found out that ``loss`` compares whole numbers (batch,) with outputs (batch, 1), or
            the other way round, one by one.
    """
    if logits.shape == y.shape:
        whole = not y.is_floating_point() and not isinstance(loss, torch.nn.MultiLabelMarginLoss)
        return y.to(logits.dtype) if whole else y  # such as 0 and 1: PyTorch wants to subtract them
    one_output = y.ndim > 0 and logits.numel() == y.numel() and abs(logits.ndim - y.ndim) == 1
    if y.is_floating_point() or (one_output and not sure and pairs_do_not_matter(loss, logits, y)):
        kind = "real targets" if y.is_floating_point() else "targets"
        raise ValueError(
            f"outputs and {kind} must have the same shape, or they are broadcast against each other. "
            f"Got {tuple(logits.shape)} and {tuple(y.shape)}. Try nn.Sequential(model, nn.Flatten(0))."
        )
    if one_output and not sure and y.numel() and y.min() < y.max():
        sure.append(True)
    return y.long() if y.dtype in SMALL else y  # class numbers, which PyTorch wants in int64


@torch.no_grad()
def pairs_do_not_matter(loss: Callable, logits: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether a loss gives the same for targets in another order, as it does when every output meets every target.

    A loss that cannot compare them at all is none of one output either.
    """
    outputs = torch.linspace(-2, 2, logits.numel(), dtype=logits.dtype, device=logits.device).reshape(logits.shape)
    ordered = y.flatten().sort().values
    if y.numel() == 0 or ordered[0] == ordered[-1]:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, that it broadcasts
        try:
            one, other = (loss(outputs, targets.reshape(y.shape)) for targets in (ordered, ordered.flip(0)))
        except (RuntimeError, ValueError, IndexError):
            return True
    one, other = (value[0] if isinstance(value, tuple) else value for value in (one, other))
    numbers = all(isinstance(value, torch.Tensor) and value.numel() == 1 for value in (one, other))
    return numbers and math.isclose(float(one), float(other), rel_tol=1e-4, abs_tol=1e-6)


class GradientByHand(torch.autograd.Function):
    """The value of a loss, from which ``backward()`` goes on with the gradient that was made by hand."""

    @staticmethod
    def forward(context, logits, value, dlogits):
        context.save_for_backward(dlogits)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(context, upstream):
        return upstream * context.saved_tensors[0], None, None


def checked_pair(pair: tuple, logits: torch.Tensor) -> tuple:
    """(value, dlogits) as a loss in our form must give them."""
    if len(pair) != 2 or not all(isinstance(part, torch.Tensor) for part in pair) or pair[1].shape != logits.shape:
        got = ", ".join(str(tuple(p.shape)) if isinstance(p, torch.Tensor) else type(p).__name__ for p in pair)
        raise ValueError(
            f"a loss by hand must give (value, dlogits), dlogits in the shape {tuple(logits.shape)} of the logits. "
            f"Got ({got}). Try the mean over the batch, and its gradient."
        )
    return pair


def check_number(value: torch.Tensor, logits: torch.Tensor) -> None:
    """Check that a loss gave one number, which autograd can follow if it is asked to."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"loss must give a tensor, or (value, dlogits). Got {value!r}. Try the mean over the batch without .item()."
        )
    if value.ndim:
        raise ValueError(
            f"loss must give one number, the mean over the batch. Got the shape {tuple(value.shape)}. "
            "Try reduction='mean'."
        )
    if logits.requires_grad and not value.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            "loss must give a number that autograd can follow to the logits. Got one without a gradient. "
            "Try it without .detach() and torch.no_grad()."
        )
