"""checkup: all checks on one model, in the lectures' order."""

from collections.abc import Callable

import torch
from torch import nn

from nnlab import arguments
from nnlab.analysis.checkup.answers import check_alone, check_first_loss, check_softmax
from nnlab.analysis.checkup.case import Case, sample_of
from nnlab.analysis.checkup.data import check_inputs, check_labels, check_pairs
from nnlab.analysis.checkup.gradients import check_gradients, check_symmetry
from nnlab.analysis.checkup.learning import overfit
from nnlab.analysis.checkup.modes import check_modes, check_predict
from nnlab.analysis.checkup.report import FAULT, Finding, Report, found, skipped
from nnlab.analysis.checkup.steps import check_emptied, check_moves, check_rate, check_time
from nnlab.analysis.checkup.units import check_dead, check_saturation
from nnlab.analysis.checkup.untouched import untouched
from nnlab.engine.pytorch import check_module

__all__ = ["ORDER", "checkup"]

ORDER: dict[str, Callable[[Case], Finding]] = {
    "inputs": check_inputs,
    "labels": check_labels,
    "inputs with labels": check_pairs,
    "one answer for each sample": check_alone,
    "softmax": check_softmax,
    "first loss": check_first_loss,
    "overfit one sample": overfit(1, steps=200),
    "overfit four": overfit(4, steps=200),
    "overfit a batch": overfit(32, steps=200),
    "gradients": check_gradients,
    "different units": check_symmetry,
    "dead units": check_dead,
    "saturated units": check_saturation,
    "empty gradients": check_emptied,
    "weights move": check_moves,
    "learning rate": check_rate,
    "train and eval": check_modes,
    "predictions": check_predict,
    "time": check_time,
}
FIRST = {"inputs": "not finite", "labels": "labels out of range"}  # without these nothing else can be looked at


def checkup(
    model: nn.Module,
    data,
    *,
    loss: str | Callable,
    optimizer: Callable | None = None,
    step: Callable | None = None,
    predict: Callable | None = None,
    seed: int = 0,
) -> Report:
    """Look for what is wrong with a network before you train it, and with the script that trains it.

    The order is that of the lectures: look at the data; the first loss near log C; overfit one sample, then four, then
    a batch; a gradient reaches every parameter; no dead units; weights move; train and eval differ only where they
    should (Karpathy, "A Recipe for Training Neural Networks", 2019). Give a model that has not been trained yet: of
    a trained one some checks say nothing.

    Nothing of yours is changed: the model, the data, the mode, gradients, running means and the random states stay
    as they are, bit by bit. All work is done on deep copies. What your own functions do beyond their arguments, such
    as a counter, cannot be undone.

    Args:
        model: any module that maps a batch x to outputs (sample, ...).
        data: as for ``nnlab.fit``: a ``Dataset``, a DataLoader, a TensorDataset, a pair (x, y), or a pair of those
            for training and validation. Up to 512 training samples are looked at.
        loss: (output, y) -> scalar, such as ``nn.CrossEntropyLoss()``, or a name, such as "cross_entropy".
        optimizer: model -> optimizer, such as ``lambda model: torch.optim.SGD(model.parameters(), lr=0.1)``; None
            leaves out the check of the learning rate.
        step: (model, optimizer, x, y) -> anything: your training step; None is PyTorch's five lines.
        predict: (model, x) -> outputs: how your script makes the answers that it measures; None leaves that check out.
        seed: of all random numbers, and of which samples are looked at.

    Returns:
        A report; as the last line of a cell it is a table. ``diagnosis`` is the first fault by name, or "healthy".

    Raises:
        TypeError, ValueError: no module, no data of these forms, a model that cannot be copied.

    >>> import nnlab
    >>> net = nnlab.Network([64, 32, 10])
    >>> nnlab.checkup(nnlab.models.to_torch(net, net.init(seed=0)), nnlab.digits(), loss="cross_entropy").diagnosis
    'healthy'
    """
    check_module(model)
    arguments.whole("seed", seed, 0, at_least=0)
    check_functions(optimizer=optimizer, step=step, predict=predict)
    with untouched():
        x, y = sample_of(data, model, seed)
        case = Case(model, x, y, loss, optimizer, step, predict, seed)
        findings: list[Finding] = []
        for name, check in ORDER.items():
            findings.append(examined(name, check, case, findings))
    return Report(tuple(findings))


def examined(name: str, check: Callable[[Case], Finding], case: Case, before: list[Finding]) -> Finding:
    """What one check finds; where it fails, the error is what it finds."""
    if any(f.state == FAULT and FIRST.get(f.check) == f.fault for f in before):
        return skipped("the data must be repaired first.")._replace(check=name)
    if name in FIRST:
        return check(case)._replace(check=name)
    case.first_loss  # noqa: B018, a model that does not fit its data or its loss says so by itself
    try:
        return check(case)._replace(check=name)
    except Exception as error:  # of the student's own functions
        return found("an error", f"{type(error).__name__}: {str(error)[:200]}")._replace(check=name)


def check_functions(**functions: Callable | None) -> None:
    """Check that the parts of a script are functions, or were left out."""
    for name, function in functions.items():
        if isinstance(function, torch.optim.Optimizer):
            kind = type(function).__name__
            raise TypeError(f"{name} must be a function that makes an optimizer, for copies are trained. Got {kind}. "
                            f"Try lambda model: torch.optim.{kind}(model.parameters(), lr=0.1).")  # fmt: skip
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be a function. Got {function!r}. Try {name}=None.")
