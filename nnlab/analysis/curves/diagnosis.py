"""Verdicts on learning curves and on error tables, each with the evidence that led to it, and "unclear" in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from nnlab import arguments
from nnlab.analysis.curves.measures import measure
from nnlab.analysis.curves.moments import like_accuracies, same_moments
from nnlab.history import History

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RULES", "error_table", "learning_curves", "outside", "real_runs"]

UNCLEAR = "unclear"
FEWEST = 12  # moments: a shorter curve shows too little

# A verdict holds where all its measures lie between these ends. Between two verdicts there is room for "unclear".
CALM = {"train_rise": (-1, 0.1), "above": (0, 0.5), "jumps": (0, 0.1)}
LEARNED = {**CALM, "left": (-1, 0.92)}
TRUSTED = {**LEARNED, "luck": (0, 0.2)}  # at least 25 validation samples
NEAR = {**TRUSTED, "ratio": (0.92, np.inf), "gap": (-1, 0.1), "val_rise": (-1, 0.06), "worse": (-1, 0.2)}
LEVEL = {**NEAR, "falling": (-1, 0.08), "ending": (-1, 0.03)}
RULES = (
    ("diverging", {"train_rise": (0.3, np.inf)}),
    ("diverging", {"left": (1.2, np.inf)}),
    ("diverging", {"above": (0.9, np.inf)}),
    ("not learning", {**CALM, "left": (0.95, 1.05), "gap": (-0.15, 0.15), "val_rise": (-1, 0.1), "ending": (-1, 0.03)}),
    ("noisy validation", {**LEARNED, "luck": (0.201, np.inf)}),  # fewer
    ("noisy validation", {**TRUSTED, "jumps": (0.12, np.inf), "jumpier": (2.5, np.inf)}),
    ("easier validation", {**TRUSTED, "jumps": (0, 0.2), "ratio": (0, 0.85), "gap": (-np.inf, 0.0)}),
    ("overfitting", {**TRUSTED, "left": (-1, 0.5), "gap": (0.15, np.inf), "val_falling": (-np.inf, 0.06)}),
    ("overfitting", {**TRUSTED, "val_rise": (0.1, np.inf), "gap": (0.1, np.inf)}),
    ("overfitting", {**TRUSTED, "worse": (0.3, np.inf), "ratio": (10, np.inf)}),
    ("still improving", {**NEAR, "falling": (0.1, np.inf), "val_falling": (0.1, np.inf)}),
    ("still improving", {**NEAR, "ending": (0.05, np.inf)}),
    ("underfitting", {**LEVEL, "left": (0.5, 0.92)}),
    ("good fit", {**LEVEL, "left": (-1, 0.33), "ratio": (0.92, 10)}),
)

SENTENCES = {
    "diverging": "the training loss ends at {left:,.1f} times its first value; its lowest was {lowest:,.1f} times: "
    "lower the learning rate.",
    "not learning": "the training loss ends at {left:.0%} of its first value: nothing has been learned since.",
    "noisy validation": "the validation loss jumps by {jumps:.0%} from one moment to the next, the training loss by "
    "{train_jumps:.0%}: take more validation samples.",
    "few samples": "other validation samples may move their mean loss by {luck:.0%}: take more of them.",
    "easier validation": "the validation loss is {ratio:.2f} times the training loss: its samples are easier, or "
    "something such as dropout makes only the training harder.",
    "overfitting": "the training loss ends at {left:.0%} of its first value, the validation loss at {val_left:.0%}; "
    "its lowest was {val_lowest:.0%}, after {val_when:.0%} of the run.",
    "still improving": "the last quarter brought {falling:.0%} of all improvement: train longer, or faster.",
    "underfitting": "both losses are nearly level, and {left:.0%} of the first loss is left: the model is too small, "
    "or the data are that noisy.",
    "good fit": "both losses are nearly level, at {left:.0%} and {val_left:.0%} of the first training loss.",
}
ACCURACIES = (
    "both curves rise as accuracies do: give the losses, or the errors, such as 1 - accuracy. If these are losses, the "
    "run is diverging."
)


@dataclass(frozen=True, repr=False)
class Verdict:
    """What is diagnosed, and why.

    Attributes:
        name: the verdict, or "unclear".
        sentence: the reason in one sentence.
        evidence: measure -> number, everything that the verdict was made from.
    """

    name: str
    sentence: str
    evidence: Mapping[str, float]

    def __post_init__(self):
        object.__setattr__(self, "evidence", MappingProxyType(dict(self.evidence)))

    def __reduce__(self):
        return Verdict, (self.name, self.sentence, dict(self.evidence))  # a read-only view cannot be pickled

    def __repr__(self) -> str:
        return f"{self.name}: {self.sentence}"


def learning_curves(train, val=None, *, chance: float | None = None, samples: int | None = None) -> Verdict:
    """Name what a training run suffers from, seen in its training and validation loss.

    All measures are shares of the first training loss. ``left``: what remains of the training loss at the end.
    ``gap``: validation minus training loss at the end. ``train_rise``, ``val_rise``: from the lowest to the last
    level. ``above``: in which share of the second half the training loss is far above its first value. ``worse``: how
    far the validation loss ends above its own lowest level. ``falling``, ``val_falling``: how much of the whole fall
    happened between the last two quarters, ``ending``: between the last two eighths. ``ratio``: validation by training
    loss. ``jumps``, ``train_jumps``: relative change from moment to moment beyond the trend. ``luck``: how far other
    validation samples would move their mean. A verdict must hold at both ends of the error bars of these measures;
    otherwise it is "unclear".

    Args:
        train: the training loss, (moment,), at least 0; or a ``History``, whose median over the members is judged.
        val: the validation loss of the same run, (moment,). When ``train`` has more moments, it is averaged. Both may
            be columns of a log in which nan stands where nothing was recorded, such as Lightning's CSV.
        chance: the loss before the first step, such as log(10); by default the beginning of ``train``. Give it
            when the first moment recorded is the end of an epoch: a loss that is low from there on has not moved.
        samples: how many validation samples there are. With fewer than 25 their loss is called noisy, however smooth
            it looks.

    Raises:
        ValueError, TypeError: curves that are empty, not 1-D or below zero; more validation than training moments;
            ``chance`` or ``samples`` not positive.

    Reads only the curves: it cannot know how low a loss could be. "Underfitting" may be noise in the data. Curves that
    rise as accuracies do are "unclear": give errors, 1 - accuracy. How often it is right: ``real_runs``.

    >>> learning_curves([1.0] * 50, [1.1] * 50)
    not learning: the training loss ends at 100% of its first value: nothing has been learned since.
    """
    given = train
    train, val, raw, untrained = same_moments(train, val)
    if chance is not None:
        arguments.positive("chance", chance, 2.3)
    if samples is not None:
        arguments.whole("samples", samples, 100)
    if not (np.isfinite(train).all() and np.isfinite(val).all()):
        first = int(np.argmin(np.isfinite(train) & np.isfinite(val)))
        sentence = f"a loss is no longer finite at moment {first} of {len(val)}: lower the learning rate."
        return Verdict("diverging", sentence, {"moments": len(val), "lost_at": first})
    if len(val) < FEWEST:
        sentence = f"{len(val)} moment{'s show' if len(val) > 1 else ' shows'} too little; {FEWEST} are needed."
        return Verdict(UNCLEAR, sentence, {"moments": len(val)})
    if not isinstance(given, History) and like_accuracies(train, val):
        return Verdict(UNCLEAR, ACCURACIES, {"moments": len(val)})
    if not (chance or train.max() > 0):
        return Verdict(UNCLEAR, "the training loss is 0 everywhere: there was nothing to learn.", {"moments": len(val)})
    measures, margins = measure(train, val, chance, raw=raw, untrained=untrained, samples=samples)
    missing = []  # for every verdict: how far its worst measure is outside, and which one that is
    for name, rule in RULES:
        short, key = max((outside(measures[key], margins[key], ends), key) for key, ends in rule.items())
        if short <= 0:
            reason = "few samples" if "luck" in rule and rule["luck"][0] > 0 else name
            return Verdict(name, SENTENCES[reason].format(**measures), measures)
        if key != "luck":  # that one is known
            missing.append((short, name, key, rule[key]))
    return Verdict(UNCLEAR, doubt(*min(missing)[1:], measures, margins), measures)


def real_runs() -> pd.DataFrame:
    """How ``learning_curves`` judged real runs whose fault is known: one row for each, as the benchmark stored them.

    The columns: ``fault``, what was done to the run; ``data``, ``network`` and ``seed``; ``truth``, the verdict that is
    right; ``verdict``; ``kind``, "right", "unclear" or "wrong". ``python -m benchmarks diagnosis`` makes the runs
    again, and says how the truth is known: from other runs and fresh samples, not from the curves.

    >>> real_runs().columns[-1]
    'kind'
    """
    import pandas as pd

    runs = pd.read_csv(Path(__file__).with_name("real_runs.csv"))
    other = np.where(runs["verdict"] == UNCLEAR, UNCLEAR, "wrong")
    return runs.assign(kind=np.where(runs["verdict"] == runs["truth"], "right", other))


def error_table(human: float, train: float, val: float, *, low: float = 0.01, samples: int | None = None) -> Verdict:
    """Split the validation error into what humans cannot avoid, bias and variance, and name what is high.

    val = human + (train - human) + (val - train) = unavoidable + bias + variance, as in Ng, "Machine Learning
    Yearning" (2018), chapters 20 to 22. "Bias" here is what the book calls *avoidable* bias. Both parts are
    differences of errors, and agree with the statistical terms only in their meaning.

    Args:
        human, train, val: errors as shares, from 0 to 1.
        low: a difference up to ``low`` is low, from twice as much on it is high; in between it is "unclear".
        samples: how many validation samples there are. Then a variance that is below two standard errors,
            2 sqrt(val (1 - val) / samples), is not called high.

    Raises:
        ValueError, TypeError: an error outside [0, 1], ``low`` not positive, no samples.

    A validation error below the human one says that human error is not the limit of this task: how much bias is
    left is then unknown.

    >>> error_table(0.005, train=0.01, val=0.11).name
    'high variance'
    """
    for name, value in (("human", human), ("train", train), ("val", val)):
        arguments.number(name, value, "a share from 0 to 1", lambda v: 0 <= v <= 1, "0.15 for 15 %")
    arguments.positive("low", low, 0.01)
    bias, variance, blur = train - human, val - train, 0.0
    if samples is not None:
        arguments.whole("samples", samples, 1000)
        blur = 2 * (val * (1 - val) / samples) ** 0.5
    evidence = {"human": human, "bias": bias, "variance": variance, "blur": blur}
    parts = f"bias {bias:.1%}, variance {variance:.1%}"
    if val < human:
        sentence = f"{parts}: human error is not the limit here, so how much bias is left cannot be known."
        return Verdict("below human error", sentence, evidence)
    sizes = [size(bias, 0.0, low), size(variance, blur, low)]
    if UNCLEAR in sizes:
        return Verdict(UNCLEAR, f"{parts}: neither low (up to {low:.1%}) nor surely high.", evidence)
    high = [f"high {name}" for name, is_high in zip(("bias", "variance"), sizes, strict=True) if is_high == "high"]
    remedies = {"high bias": "a larger or better trained model", "high variance": "more data or regularisation"}
    remedy = f"try {' and '.join(remedies[name] for name in high)}." if high else "both are low."
    return Verdict(" and ".join(high) or "good fit", f"{parts}: {remedy}", evidence)


def size(difference: float, blur: float, low: float) -> str:
    """ "low", "high" or "unclear": twice ``low`` is high if it is also more than ``blur``."""
    difference = round(difference, 9)  # 0.16 - 0.15 is a little more than 0.01
    return "low" if difference <= low else "high" if difference >= 2 * low and difference > blur else UNCLEAR


def outside(value: float, margin: float, ends: tuple[float, float]) -> float:
    """How far the error bar, value - margin to value + margin, reaches beyond the ends; below zero when it does not."""
    return max(ends[0] - (value - margin), value + margin - ends[1])


def doubt(nearest: str, key: str, ends: tuple[float, float], measures: dict, margins: dict) -> str:
    """Which verdict is nearest, and which measure speaks against it."""
    value = f"{key} is {measures[key]:.2f}"
    if margins[key] >= 0.005:
        value += f" give or take {margins[key]:.2f}"
    wanted = [f"at least {ends[0]:g}"] if ends[0] > -1 else []
    wanted += [f"at most {ends[1]:g}"] if ends[1] < np.inf else []
    return f"nearest is {nearest}, but {value}; it should be {' and '.join(wanted)}."
