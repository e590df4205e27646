"""Losses and their gradients against torch.nn.functional and autograd."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from nnlab import losses

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
TAKES_CLASSES = ("cross_entropy", "hinge")


def torch_hinge(logits, y, margin=1.0):
    """torch divides the sum over the wrong classes by the number of classes; nnlab does not."""
    return F.multi_margin_loss(logits, y, margin=margin) * logits.shape[-1]


def reference(name, logits, y, **settings):
    """torch's loss of every member on its own: logits (..., batch, outputs) -> (...,)."""
    rows = logits.reshape(-1, *logits.shape[-2:])
    goals = y.expand(*logits.shape[: -1 if name in TAKES_CLASSES else None])
    goals = goals.reshape(len(rows), *goals.shape[logits.ndim - 2 :])
    torch_loss = {
        "cross_entropy": F.cross_entropy,
        "hinge": torch_hinge,
        "mse": F.mse_loss,
        "huber": F.huber_loss,
        "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    }[name]
    values = [torch_loss(row, goal, **settings) for row, goal in zip(rows, goals, strict=True)]
    return torch.stack(values).reshape(logits.shape[:-2])


@st.composite
def problems(draw):
    """A loss with random settings, logits of any scale, and targets shared by all members or one set for each."""
    name = draw(st.sampled_from(sorted(losses.LOSSES)))
    members = draw(st.sampled_from([(), (1,), (3,), (2, 3)]))
    batch, outputs, dtype = draw(st.integers(1, 7)), draw(st.integers(1, 5)), draw(st.sampled_from(list(TOLERANCE)))
    own = members if draw(st.booleans()) else ()
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    logits = draw(st.sampled_from([0.1, 1.0, 3.0])) * torch.randn(
        *members, batch, outputs, generator=generator, dtype=dtype
    )
    settings = {}
    if name in TAKES_CLASSES:
        y = torch.randint(outputs, (*own, batch), generator=generator)
    else:
        y = torch.rand(*own, batch, outputs, generator=generator, dtype=dtype)
    if name == "cross_entropy":
        settings["label_smoothing"] = draw(st.sampled_from([0.0, 0.1]) | st.floats(0, 0.9))
    if name == "hinge":
        settings["margin"] = draw(st.sampled_from([1.0, 0.1, 5.0]) | st.floats(0.05, 3))
    if name == "huber":
        settings["delta"] = draw(st.floats(0.05, 3))
    return name, logits, y, settings


@given(problems())
def test_value_and_gradient_agree_with_autograd(problem):
    name, logits, y, settings = problem
    leaf, before, kept = logits.clone().requires_grad_(), logits.clone(), y.clone()
    wanted = reference(name, leaf, y, **settings)
    (slope,) = torch.autograd.grad(wanted.sum(), leaf)
    value, gradient = losses.get(name)(logits, y, **settings)
    tolerance = TOLERANCE[logits.dtype]
    torch.testing.assert_close(value, wanted.detach(), rtol=tolerance, atol=tolerance * 0.01)
    assert gradient.dtype == logits.dtype
    assert gradient.shape == logits.shape
    error = torch.linalg.matrix_norm(gradient - slope) / torch.linalg.matrix_norm(slope).clamp(min=1e-30)
    assert (error <= tolerance).all(), error
    assert torch.equal(logits, before)
    assert torch.equal(y, kept)


@pytest.mark.parametrize("name", ["mse", "huber", "binary_cross_entropy"])
@pytest.mark.parametrize("members", [(), (1,), (4,)])
@pytest.mark.parametrize("batch", [1, 3])
def test_one_output_takes_targets_with_and_without_an_output_axis(name, members, batch):
    logits = torch.linspace(-1, 1, 4 * batch)[: torch.Size(members).numel() * batch].reshape(*members, batch, 1)
    for y in (torch.full((*members, batch), 0.3), torch.full((batch,), 0.3)):
        value, gradient = losses.get(name)(logits, y)
        torch.testing.assert_close(value, reference(name, logits, y.unsqueeze(-1)))
        assert gradient.shape == logits.shape
        again = losses.get(name)(logits, y.unsqueeze(-1))
        assert torch.equal(again[0], value)
        assert torch.equal(again[1], gradient)


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
def test_huber_meets_at_delta(delta):
    """At |e| = delta both branches have the same value and the same slope."""
    error = torch.tensor([[-delta], [0.0], [delta]], dtype=torch.float64)
    value, gradient = losses.huber(error, torch.zeros(3), delta)
    assert value == pytest.approx(2 * delta**2 / 2 / 3)
    assert gradient.flatten().tolist() == pytest.approx([-delta / 3, 0, delta / 3])


@pytest.mark.parametrize("z", [-3.0, 0.0, 0.9, 1.0, 1.1, 4.0])
def test_hinge_of_two_classes_is_the_binary_hinge(z):
    """With the logits 0 and z: max(0, 1 - z) for class 1, max(0, 1 + z) for class 0; the corner has the slope 0."""
    logits = torch.tensor([[0.0, z], [0.0, -z]])
    for row, y in zip(logits, (1, 0), strict=True):
        sign = 1 if y else -1
        value, gradient = losses.hinge(row[None], torch.tensor([y]))
        assert value == pytest.approx(max(0, 1 - sign * row[1].item()))
        assert gradient.tolist() == [[sign, -sign] if sign * row[1] < 1 else [0, 0]]


@pytest.mark.parametrize("shift", [-50.0, 3.0])
@pytest.mark.parametrize("name", TAKES_CLASSES)
def test_only_differences_of_logits_count(name, shift):
    logits, y = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3)), torch.arange(4) % 3
    for moved, still in zip(losses.get(name)(logits + shift, y), losses.get(name)(logits, y), strict=True):
        torch.testing.assert_close(moved, still)


@pytest.mark.parametrize("size", [1e4, 1e30])
@pytest.mark.parametrize("name", ["cross_entropy", "hinge", "binary_cross_entropy"])
def test_huge_logits_do_not_overflow(name, size):
    logits, y = torch.tensor([[size, -size]]), torch.tensor([0] if name in TAKES_CLASSES else [[1.0, 0.0]])
    value, gradient = losses.get(name)(logits, y)
    assert value == 0
    assert gradient.abs().max() == 0


@pytest.mark.parametrize("classes", [2, 10])
def test_untrained_network_starts_at_log_of_the_classes(classes):
    value, _ = losses.cross_entropy(torch.zeros(5, classes), torch.arange(5) % classes)
    assert value == pytest.approx(math.log(classes))


def test_a_member_that_is_nan_leaves_the_others_alone():
    logits = torch.stack([torch.full((4, 3), torch.nan), torch.full((4, 3), torch.inf), torch.eye(4, 3)])
    classes = torch.tensor([0, 1, 2, 0])
    for name, y in [("cross_entropy", classes), ("hinge", classes), ("mse", torch.zeros(4, 3))]:
        value, gradient = losses.get(name)(logits, y)
        alone = losses.get(name)(logits[2], y)
        assert not value[:2].isfinite().any()
        assert torch.equal(value[2], alone[0])
        assert torch.equal(gradient[2], alone[1])


@pytest.mark.parametrize(
    "y",
    [
        torch.tensor([0, 1, 3]),  # too high
        torch.tensor([0, -1, 2]),
        torch.tensor([0.0, 1.0, 2.0]),  # class numbers are whole numbers
        torch.tensor([True, False, True]),
        torch.tensor([0, 1]),  # a target is missing
        torch.tensor([[0], [1], [2]]),
        torch.tensor(0),
        torch.zeros(2, 3, dtype=torch.int64),  # members in y, none in the logits
    ],
)
def test_labels_that_do_not_fit(y, refused):
    for name in TAKES_CLASSES:
        with refused():
            losses.get(name)(torch.zeros(3, 3), y)


@pytest.mark.parametrize("name", ["mse", "huber", "binary_cross_entropy"])
@pytest.mark.parametrize(
    ("outputs", "y"),
    [
        (1, torch.zeros(4)),
        (1, torch.zeros(3, 2)),
        (2, torch.zeros(3)),
        (2, torch.zeros(3, 1)),
        (2, torch.zeros(2, 2)),
        (1, torch.tensor(0.0)),
    ],
)
def test_targets_that_do_not_fit(name, outputs, y, refused):
    with refused():
        losses.get(name)(torch.zeros(3, outputs), y)


@pytest.mark.parametrize("y", [-0.1, 1.1, torch.nan])
def test_binary_targets_lie_between_0_and_1(y, refused):
    with refused():
        losses.binary_cross_entropy(torch.zeros(2, 1), torch.tensor([0.0, y]))


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0, math.nan, "0.1", True, None])
def test_label_smoothing_outside_its_range(label_smoothing, refused):
    with refused(repr(label_smoothing)):
        losses.cross_entropy(torch.zeros(1, 2), torch.tensor([0]), label_smoothing)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("members", [(), (3,)])
def test_soft_targets_are_torchs(members, label_smoothing, dtype):
    generator = torch.Generator().manual_seed(0)
    logits, y = (torch.randn(*members, 5, 4, generator=generator, dtype=dtype) for _ in range(2))
    y, leaf = y.softmax(-1), logits.clone().requires_grad_()
    rows, goals = leaf.reshape(-1, 5, 4), y.reshape(-1, 5, 4)
    wanted = torch.stack(
        [F.cross_entropy(r, g, label_smoothing=label_smoothing) for r, g in zip(rows, goals, strict=True)]
    )
    (slope,) = torch.autograd.grad(wanted.sum(), leaf)
    value, gradient = losses.cross_entropy(logits, y, label_smoothing)
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(value, wanted.detach().reshape(members), rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(gradient, slope, rtol=tolerance, atol=tolerance)


def test_every_member_has_its_own_label_smoothing():
    logits, y = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0)), torch.arange(5) % 4
    amounts = torch.tensor([0.0, 0.1, 0.5], dtype=torch.float64)
    value, gradient = losses.cross_entropy(logits, y, amounts)
    assert value.dtype == logits.dtype
    for k, amount in enumerate(amounts.tolist()):
        alone = losses.cross_entropy(logits[k], y, amount)
        torch.testing.assert_close(value[k], alone[0])
        torch.testing.assert_close(gradient[k], alone[1])


@pytest.mark.parametrize(
    ("y", "got"),
    [
        (torch.full((2, 3), 0.5), "entries from 0.5 and sums from 1.5 to 1.5. Try y.softmax(-1)."),
        (torch.tensor([[1.5, -0.5, 0.0]] * 2), "entries from -0.5 and sums from 1 to 1. Try y.softmax(-1)."),
        (torch.full((2, 2), 0.5), "(2, 2)"),
        (torch.full((2, 3), torch.nan), "entries from nan and sums from nan to nan. Try y.softmax(-1)."),
    ],
)
def test_soft_targets_that_are_no_probabilities(y, got, refused):
    with refused(got, start="soft targets must"):
        losses.cross_entropy(torch.zeros(2, 3), y)


@pytest.mark.parametrize("delta", [0, -1.0, math.nan, math.inf, "1", True])
def test_delta_outside_its_range(delta, refused):
    with refused(repr(delta)):
        losses.huber(torch.zeros(1, 1), torch.zeros(1), delta)


@pytest.mark.parametrize("margin", [0, -1.0, math.nan, math.inf, "1", True])
def test_margin_outside_its_range(margin, refused):
    with refused(repr(margin)):
        losses.hinge(torch.zeros(1, 2), torch.tensor([0]), margin)


@pytest.mark.parametrize("name", ["crossentropy", "l2", None])
def test_unknown_name(name, refused):
    with refused(repr(name)):
        losses.get(name)


FORMS = {
    "cross_entropy": lambda z, y: torch.nn.functional.cross_entropy(z, y),
    "mse": lambda z, y: torch.nn.functional.mse_loss(z, y),
    "binary_cross_entropy": lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(z, y),
}


@pytest.mark.parametrize("members", [(), (3,), (2, 3), (4,)])  # as many members as samples too
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("inference", [False, True])
def test_a_loss_of_pytorch_in_our_form(name, members, shared, inference):
    """Value and gradient of every member, also where autograd is off."""
    with torch.inference_mode(inference):
        generator = torch.Generator().manual_seed(1)
        logits = torch.randn(*members, 4, 4, generator=generator, dtype=torch.float64)
        y = torch.rand(*(() if shared else members), 4, 4, generator=generator, dtype=torch.float64)
        y = y.argmax(-1) if name == "cross_entropy" else y
        value, dlogits = losses.get(FORMS[name])(logits, y)
        wanted = losses.get(name)(logits, y)
    torch.testing.assert_close(value, wanted[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(dlogits, wanted[1], rtol=1e-12, atol=1e-12)
    assert not value.requires_grad
    assert not dlogits.requires_grad


def test_a_target_without_an_axis_of_outputs_is_not_broadcast():
    prediction, y = torch.randn(3, 5, 1, generator=torch.Generator().manual_seed(0)), torch.arange(5.0)
    for got, wanted in zip(losses.get(torch.nn.MSELoss())(prediction, y), losses.mse(prediction, y), strict=True):
        torch.testing.assert_close(got, wanted)


def test_a_member_that_diverged_leaves_the_others_alone():
    logits = torch.zeros(3, 2, 2)
    logits[1] = torch.nan
    value, dlogits = losses.get(torch.nn.CrossEntropyLoss())(logits, torch.tensor([0, 1]))
    assert value.isnan().tolist() == [False, True, False]
    assert dlogits.isnan().flatten(1).any(1).tolist() == [False, True, False]


@pytest.mark.parametrize("name", losses.LOSSES)
def test_ours_stay_what_they_are(name):
    assert losses.get(name) is losses.get(losses.LOSSES[name]) is losses.LOSSES[name]


@pytest.mark.parametrize("name", losses.LOSSES)
def test_ours_in_the_form_of_pytorch_keep_every_bit(name):
    generator = torch.Generator().manual_seed(0)
    logits, y = torch.randn(6, 3, generator=generator), torch.arange(6) % 3
    y = y if name in ("cross_entropy", "hinge") else torch.rand(6, 3, generator=generator)
    leaf = logits.clone().requires_grad_()
    value = losses.to_torch(name)(leaf, y)
    (3 * value).backward()
    wanted = losses.get(name)(logits, y)
    assert torch.equal(value.detach(), wanted[0])
    assert torch.equal(leaf.grad, 3 * wanted[1])
    with torch.no_grad():
        assert torch.equal(losses.to_torch(name)(leaf, y), wanted[0])


def test_a_second_derivative_through_a_gradient_by_hand_is_refused():
    leaf = torch.zeros(2, 2, requires_grad=True)
    value = losses.to_torch("cross_entropy")(leaf, torch.tensor([0, 1]))
    (slope,) = torch.autograd.grad(value**2, leaf, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_names_of_losses():
    assert losses.get(torch.nn.CrossEntropyLoss()).__name__ == "CrossEntropyLoss"
    assert losses.get(torch.nn.functional.mse_loss).__name__ == "mse_loss"
