"""The validation loss and metrics are those of all samples at once, whatever the loss counts and the batches are."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import BinaryAccuracy, MulticlassAccuracy, MulticlassF1Score

import nnlab
from nnlab.training.evaluation import Accuracy, Evaluator, numbers

SAMPLES = 200
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(SAMPLES, 3, generator=GENERATOR)
CLASSES = torch.randint(0, 3, (SAMPLES,), generator=GENERATOR).sort().values  # sorted: batches differ most
SOME_IGNORED = torch.where(torch.arange(SAMPLES) % 7 == 0, -100, CLASSES)
SOFT = torch.rand(SAMPLES, 3, generator=GENERATOR).softmax(-1)
MANY = torch.rand(SAMPLES, 3, generator=GENERATOR).round()
REAL = X @ torch.tensor([[1.0, 0.2, 0.0], [0.0, 1.0, 0.3], [0.5, 0.0, 1.0]]) + 0.3
WEIGHT = torch.tensor([1.0, 1.0, 10.0])
LOSSES = {
    "cross-entropy": (nn.CrossEntropyLoss, {}, CLASSES),
    "with weights": (nn.CrossEntropyLoss, {"weight": WEIGHT}, CLASSES),
    "with weights and smoothing": (nn.CrossEntropyLoss, {"weight": WEIGHT, "label_smoothing": 0.1}, CLASSES),
    "with ignored": (nn.CrossEntropyLoss, {}, SOME_IGNORED),
    "with ignored, weights and smoothing": (
        nn.CrossEntropyLoss, {"weight": WEIGHT, "ignore_index": 1, "label_smoothing": 0.2}, CLASSES),
    "soft targets": (nn.CrossEntropyLoss, {"weight": WEIGHT}, SOFT),
    "likelihood": (nn.NLLLoss, {"weight": WEIGHT, "ignore_index": 0}, CLASSES),
    "several labels": (nn.BCEWithLogitsLoss, {"pos_weight": WEIGHT}, MANY),
    "several labels with weights": (nn.BCEWithLogitsLoss, {"weight": WEIGHT}, MANY),
    "margins": (nn.MultiMarginLoss, {"weight": WEIGHT}, CLASSES),
    "soft margins": (nn.MultiLabelSoftMarginLoss, {"weight": WEIGHT}, MANY),
    "squares": (nn.MSELoss, {}, REAL),
    "absolute": (nn.L1Loss, {}, REAL),
    "huber": (nn.HuberLoss, {"delta": 0.5}, REAL),
    "smooth": (nn.SmoothL1Loss, {}, REAL),
    "counts": (nn.PoissonNLLLoss, {}, REAL.abs()),
    "divergence": (lambda reduction: nn.KLDivLoss(reduction=reduction.replace("mean", "batchmean")), {}, SOFT),
}  # fmt: skip
SIZES = (1, 7, 64, 199, 200)


def looked(loss, y, size, metrics=None):
    """What is seen with batches of ``size``; the model is the identity."""
    evaluator = Evaluator(loss, metrics, torch.device("cpu"))
    return evaluator.look(nn.Identity(), zip(X.split(size), y.split(size), strict=True))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kind", LOSSES)
def test_the_loss(kind, reduction):
    make, settings, y = LOSSES[kind]
    loss = make(**settings, reduction=reduction)
    whole = loss(X, y).item()
    for size in SIZES:
        assert looked(loss, y, size)["val_loss"] == pytest.approx(whole, rel=1e-6)


def test_functions_names_and_ours():
    def own(logits, y):
        return functional.cross_entropy(logits, y, weight=WEIGHT)

    for loss in (own, "cross_entropy", nnlab.losses.hinge):
        seen = [looked(loss, CLASSES, size)["val_loss"] for size in SIZES]
        assert seen == [pytest.approx(seen[-1], rel=1e-6)] * len(SIZES)


def test_the_example_of_the_issue_with_loaders_of_any_batch_size():
    """Class weights, samples sorted by class: it was 2.0579 with batches of 64, and 2.0010 is right."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(200, 4, generator=generator), torch.arange(3).repeat_interleave(67)[:200]
    loss, seen = nn.CrossEntropyLoss(weight=WEIGHT), []
    for size in (64, 200, 7):
        model = nn.Linear(4, 3)
        nn.init.constant_(model.weight, 0.3)
        nn.init.zeros_(model.bias)
        data = DataLoader(TensorDataset(x, y), 50), DataLoader(TensorDataset(x, y), size)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        history = nnlab.fit(model, data, optimizer=optimizer, loss=loss, epochs=1, seed=0, progress=False)
        with torch.no_grad():
            assert history.val_loss[0, 0].item() == pytest.approx(loss(model(x), y).item(), rel=1e-6)
        seen.append(history.val_loss[0, 0].item())
    assert max(seen) - min(seen) < 1e-6


@pytest.mark.parametrize("size", SIZES)
def test_metrics(size):
    metrics = {
        "f1": MulticlassF1Score(3, average="macro"),
        "each": MulticlassAccuracy(3, average="none"),
        "mean_logit": lambda logits, y: logits[y == 2].mean(),
        "by_class": lambda logits, y: [logits[y == k].mean().item() for k in range(3)],
        "two": lambda logits, y: {"low": logits.min(), "high": 3},
    }
    seen = looked(nn.CrossEntropyLoss(), CLASSES, size, metrics)
    assert list(seen) == [
        "val_loss", "val_f1", "val_each_0", "val_each_1", "val_each_2", "val_mean_logit", "val_by_class_0",
        "val_by_class_1", "val_by_class_2", "val_two_low", "val_two_high",
    ]  # fmt: skip
    each = MulticlassAccuracy(3, average="none")(X, CLASSES)
    assert [seen[f"val_each_{k}"] for k in range(3)] == pytest.approx(each.tolist())
    assert seen["val_f1"] == pytest.approx(MulticlassF1Score(3, average="macro")(X, CLASSES).item())
    assert seen["val_mean_logit"] == pytest.approx(X[CLASSES == 2].mean().item())
    assert seen["val_by_class_1"] == pytest.approx(X[CLASSES == 1].mean().item(), rel=1e-5)
    assert (seen["val_two_low"], seen["val_two_high"]) == (X.min().item(), 3)


def test_curves_of_every_class_know_which_way_is_better():
    def error(logits, y):
        return (logits.argmax(-1) != y).float().mean()

    error.higher_is_better = False
    metrics = {"f1": MulticlassF1Score(2, average="none"), "error": error, "f1_own": lambda logits, y: 0.5}
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    stopping = nnlab.EarlyStopping(2, of="val_error")
    settings = {"loss": "cross_entropy", "epochs": 2, "seed": 0, "metrics": metrics, "callbacks": [stopping]}
    history = nnlab.fit(model, nnlab.moons(), optimizer=optimizer, progress=False, **settings)
    better = {name: curve.higher_is_better for name, curve in history.curves.items()}
    assert {n: b for n, b in better.items() if n.startswith("val_") and n != "val_loss"} == {
        "val_f1_0": True, "val_f1_1": True, "val_error": False, "val_f1_own": None,
    }  # fmt: skip


def test_what_is_no_number_is_told_so(refused):
    with refused("'good' for 'val_own'", "a metric must give a number", TypeError):
        numbers("val_own", "good")


def test_the_accuracy_leaves_out_what_the_loss_ignores():
    for loss, y in ((nn.CrossEntropyLoss(), SOME_IGNORED), (nn.CrossEntropyLoss(ignore_index=1), CLASSES)):
        counts = y != loss.ignore_index
        right = (X.argmax(-1) == y)[counts].float().mean().item()
        assert looked(loss, y, 64)["val_accuracy"] == pytest.approx(right)
    beyond = torch.where(CLASSES == 1, 255, CLASSES)  # as in pictures for segmentation
    assert looked(nn.CrossEntropyLoss(ignore_index=255), beyond, 64)["val_accuracy"] > 0


@pytest.mark.parametrize("kind", [torch.float32, torch.int64, torch.bool])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_the_accuracy_of_one_logit(shape, kind):
    logits, y = X[:, 0].reshape(shape), (X[:, 1] > 0).to(kind).reshape(shape)
    evaluator = Evaluator(nn.BCEWithLogitsLoss(), None, torch.device("cpu"))
    seen = evaluator.look(nn.Identity(), zip(logits.split(7), y.split(7), strict=True))
    assert seen["val_accuracy"] == pytest.approx(BinaryAccuracy()(logits.sigmoid(), y.int()).item())
    assert seen["val_loss"] == pytest.approx(nn.BCEWithLogitsLoss()(logits, y.float()).item(), rel=1e-6)
    assert set(Evaluator(nn.MSELoss(), None, torch.device("cpu")).look(nn.Identity(), [(logits, y.float())])) == {
        "val_loss"
    }
    assert set(
        Evaluator(nn.BCEWithLogitsLoss(), None, torch.device("cpu")).look(nn.Identity(), [(logits, y * 0.5)])
    ) == {"val_loss"}


def test_accuracy_by_hand():
    accuracy = Accuracy(ignored=9)
    accuracy.update(torch.tensor([[0.2], [-0.1], [3.0]]), torch.tensor([1, 1, 9]))
    assert accuracy.compute() == 0.5


def test_batches_of_different_lengths(refused):
    evaluator = Evaluator(lambda z, y: z.mean(), {}, torch.device("cpu"))
    with refused("(2, 5) and (2, 6)", "validation batches must differ in their number of samples only"):
        evaluator.look(nn.Identity(), [(torch.zeros(2, 5), torch.zeros(2)), (torch.zeros(2, 6), torch.zeros(2))])
