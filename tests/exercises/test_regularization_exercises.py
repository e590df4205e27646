"""Exercises of notebook 10: judged against torch, the package, and what students write instead."""

import numpy as np
import pytest
import torch

from nnlab import ensemble, penalties
from nnlab.engine.network import Network
from nnlab.exercises import CORRECT, WRONG, find
from nnlab.exercises.regularization import ERRORS, LOGITS, team_case


def judge(id, answer, said):
    report = find(id).check(answer)
    assert report.status == (CORRECT if said is None else WRONG), report
    assert said is None or said in report.message, report


def torch_step(w, g, **settings):
    p = w.clone().requires_grad_()
    p.grad = g.clone()
    torch.optim.SGD([p], **settings).step()
    return p.detach()


def test_the_l2_step_is_that_of_torch():
    for w, g in find("10.1").cases:
        theirs = torch_step(w, g, lr=0.1, weight_decay=0.3)
        torch.testing.assert_close(find("10.1").solution(w, g), theirs)
        torch.testing.assert_close(penalties.decay(w, 0.03) - 0.1 * g, theirs)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda w, g: (1 - 0.03) * w - 0.1 * g, None),
        (lambda w, g: torch_step(w, g, lr=0.1, weight_decay=0.3), None),
        (lambda w, g: w - 0.1 * g - 0.3 * w, "not multiplied by lr"),
        (lambda w, g: w - 0.1 * (g + 0.6 * w), "without the 1/2"),
        (lambda w, g: w.sub_(0.1 * (g + 0.3 * w)), "in place"),
        (lambda w, g: 0.5 * w, "got"),
    ],
)
def test_l2_step(answer, said):
    judge("10.1", answer, said)


def test_the_weight_decay_is_the_one_of_autograd():
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    (0.01 * (w**2).sum()).backward()
    torch.testing.assert_close(w.grad, find("10.2").solution * w.detach())


@pytest.mark.parametrize(
    ("answer", "said"), [(2 * 0.01, None), (0.01, "compare the two slopes"), (0.01 / 2, "halved"), (0.1, "got 0.1")]
)
def test_weight_decay(answer, said):
    judge("10.2", answer, said)


def test_the_soft_threshold_is_that_of_torch():
    for w, g in find("10.3").cases:
        ours = find("10.3").solution(w, g)
        torch.testing.assert_close(ours, torch.nn.Softshrink(0.05)(w - 0.1 * g))
    assert [(find("10.3").solution(*case) == 0).sum().item() for case in find("10.3").cases] == [2, 3]


def by_where(w, g):
    w = w - 0.1 * g
    return torch.where(w > 0.05, w - 0.05, torch.where(w < -0.05, w + 0.05, 0.0))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_where, None),
        (lambda w, g: penalties.proximal_l1(w - 0.1 * g, 0.05), None),
        (lambda w, g: penalties.proximal_l1(w - 0.1 * g, 0.5), "lr * lambda"),
        (lambda w, g: w - 0.1 * g - 0.1 * 0.5 * w.sign(), "subgradient"),
        (lambda w, g: w.clamp(min=0), "got"),
    ],
)
def test_soft_threshold(answer, said):
    judge("10.3", answer, said)


def test_the_team_error_is_the_mean_over_all_teams():
    pairs = [(ERRORS[a] + ERRORS[b]).div(2).square().mean().item() for a in range(4) for b in range(a)]
    assert find("10.4").solution(*team_case(2)) == pytest.approx(np.mean(pairs))
    assert find("10.4").solution(*team_case(4)) == pytest.approx(ERRORS.mean(0).square().mean().item())
    v, c, _ = team_case(1)
    assert 0.1 * v < c < 0.9 * v  # the errors agree in part


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda v, c, k: (v - c) / k + c, None),
        (lambda v, c, k: torch.tensor((v - c) / k + c), None),
        (lambda v, c, k: v / k, "v / k holds only"),
        (lambda v, c, k: v / k + c, "one predictor would have"),
        (lambda v, c, k: v, "got"),
    ],
)
def test_team_error(answer, said):
    judge("10.4", answer, said)


def test_the_mean_is_the_one_of_the_package():
    net = Network([3, 4, 3])
    params, x = net.init(seed=range(5)), torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    ours = find("10.5").solution(net.forward(params, x)[0])
    torch.testing.assert_close(ours, ensemble.mean_probabilities(net, params, x))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda logits: sum(one.softmax(-1) for one in logits) / len(logits), None),
        (lambda logits: logits.exp().div(logits.exp().sum(-1, keepdim=True)).mean(0), None),
        (lambda logits: logits.mean(0), "got"),
        (lambda logits: logits.mean(0).softmax(-1), "averaged logits"),
        (lambda logits: logits.softmax(-1), f"Got {tuple(LOGITS.shape)}"),
    ],
)
def test_mean_of_an_ensemble(answer, said):
    judge("10.5", answer, said)
