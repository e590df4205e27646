"""Train and eval must differ only where they should: in eval mode the same question has the same answer."""

import copy

import torch
from torch import nn

from nnlab.analysis.checkup.answers import companions_change, differ
from nnlab.analysis.checkup.case import Case
from nnlab.analysis.checkup.report import Finding, fine, found, skipped
from nnlab.analysis.checkup.untouched import seeded

__all__ = ["check_modes", "check_predict"]

MODAL = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)  # layers that know the mode


def check_modes(case: Case) -> Finding:
    """In eval mode, ask twice. And does train mode change the answers, as dropout and batch norm do?"""
    first, again = answers(case, train=False), answers(case, train=False, seed=1)
    if share := differ(first, again):
        seen = f"asked twice in eval mode, the answers differ by {share:.0%}."
        return found("answers at random", seen, changed=share)
    modal = [type(m).__name__ for m in case.copy(train=False).modules() if isinstance(m, MODAL)]
    changed = differ(first, answers(case, train=True))
    why = f"{', '.join(sorted(set(modal)))} in the model" if modal else "no dropout or batch norm in the model"
    how = "train mode changes them" if changed else "train mode gives the same"
    return fine(f"in eval mode the same question has the same answer; {how}, with {why}.", changed=changed)


@torch.no_grad()
def answers(case: Case, train: bool, seed: int = 0) -> torch.Tensor:
    """What the model answers for the first batch."""
    model = case.copy(train=train)
    seeded(case.seed + seed)
    return model(case.batch[0])


def check_predict(case: Case) -> Finding:
    """What the script takes for answers must be those of eval mode, whatever mode training has left behind."""
    if not case.own["predict"]:
        return skipped("no predict was given.")
    few = max(1, len(case.batch[0]) // 2)
    said = []
    model = case.copy(train=True)
    for seed, count in ((0, None), (1, None), (0, few)):
        seeded(case.seed + seed)
        asked = copy.deepcopy(model).train()
        with torch.no_grad():
            said.append(case.predict(asked, case.batch[0][:count])[:few])
    twice, alone = differ(said[0], said[1]), differ(said[0], said[2])
    if len(case.x) >= 3 and companions_change(case):
        alone = 0.0  # also in eval mode: that is another fault
    if twice or alone:
        how = f"asked twice, the answers differ by {twice:.0%}" if twice else "other samples in the batch change them"
        return found("eval mode forgotten", f"after a training step, {how}.", twice=twice, alone=alone)
    return fine("the script's answers are those of eval mode.", twice=twice, alone=alone)
