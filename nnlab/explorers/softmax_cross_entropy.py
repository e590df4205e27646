"""softmax_cross_entropy: what does the loss ask of every logit?"""

import math
from typing import NamedTuple

import numpy as np
import torch

from nnlab.analysis.palette import BLACK, CYAN, MARK, SOFT, VERMILION
from nnlab.engine import losses
from nnlab.stage.description import Choice, Description, Handle, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["softmax_cross_entropy"]

TARGETS = ("class 1", "class 2", "class 3")
COLORS = {"logits": MARK, "probabilities": CYAN, "gradient": VERMILION}
REACH = 8.0  # of the sliders of the logits
SMALL = 5e-4  # a gradient below it is shown as 0.000


class Result(NamedTuple):
    """Three classes: logits z, probabilities p, wanted probabilities t, and the gradient of the loss at z."""

    target: int
    smoothing: float
    temperature: float
    z: np.ndarray
    p: np.ndarray
    t: np.ndarray
    loss: float
    gradient: np.ndarray


def compute(z1: float, z2: float, z3: float, target: str, smoothing: float, temperature: float) -> Result:
    """p = softmax(z / T), loss -sum_k t_k log p_k, gradient (p - t) / T (Goodfellow et al. 2016, section 6.2.2.3)."""
    z, gold = torch.tensor([[z1, z2, z3]], dtype=torch.float64), torch.tensor([TARGETS.index(target)])
    loss, error = losses.cross_entropy(z / temperature, gold, smoothing)
    p, t = (z / temperature).softmax(-1), (1 - smoothing) * losses.one_hot(gold, z) + smoothing / 3
    gradient = (error / temperature)[0].numpy()
    return Result(int(gold), smoothing, temperature, z[0].numpy(), p[0].numpy(), t[0].numpy(), float(loss), gradient)


def draw(figure) -> dict:
    """Three bars each: logits, probabilities with the wanted ones, gradient."""
    axes = figure.subplots(1, 3)
    titles = ("logits z", "probabilities p", "gradient of the loss")
    artists = {}
    for ax, name, title in zip(axes, COLORS, titles, strict=True):
        ax.set_title(title)
        ax.set(xlim=(0.4, 3.6), xticks=(1, 2, 3), xlabel="class")
        ax.grid(axis="x", visible=False)
        ax.axhline(0, color=SOFT, linewidth=1)
        artists[name] = list(
            ax.bar((1, 2, 3), (0, 0, 0), width=0.6, facecolor=(COLORS[name], 0.55), edgecolor=BLACK, linewidth=0.8)
        )
        artists[f"{name} texts"] = [ax.text(k, 0, "", ha="center", va="center", fontsize=10) for k in (1, 2, 3)]
    logits, probabilities, _ = axes
    logits.set(ylim=(-REACH - 3, REACH + 5), yticks=(-8, -4, 0, 4, 8))
    probabilities.set(ylim=(0, 1.32), yticks=(0, 0.25, 0.5, 0.75, 1))
    artists["goals"] = [probabilities.plot([], [], "-", color=BLACK, linewidth=2.5)[0] for _ in TARGETS]
    artists["goal note"] = probabilities.text(0.02, 0.955, "bold line: wanted", transform=probabilities.transAxes,
                                              fontsize=9, va="center")  # fmt: skip
    artists["loss"] = logits.text(0.02, 0.945, "", transform=logits.transAxes, fontsize=11, va="center", weight="bold")
    artists["rule"] = axes[2].text(0.02, 0.945, "", transform=axes[2].transAxes, fontsize=9, va="center")
    return artists


def update(artists: dict, result: Result) -> None:
    """Set the height of every bar and its number; the gradient's limits change in powers of two."""
    reach = 2.0 ** math.ceil(math.log2(max(np.abs(result.gradient).max(), 0.51)))
    artists["gradient"][0].axes.set(ylim=(-1.3 * reach, 1.7 * reach))
    set_bars(artists, "logits", result.z, "{:.1f}", gap=0.095)  # beyond the ring of the handle
    set_bars(artists, "probabilities", result.p, "{:.3f}", lines=result.t)
    set_bars(artists, "gradient", result.gradient, "{:+.3f}")
    for k, line in enumerate(artists["goals"]):
        line.set_data([k + 0.62, k + 1.38], [result.t[k]] * 2)
    artists["loss"].set_text(f"loss {result.loss:.3f}")
    rule = "p - wanted" if result.temperature == 1 else f"(p - wanted) / {result.temperature:.3g}"
    artists["rule"].set_text(rule)


def set_bars(artists: dict, name: str, heights: np.ndarray, form: str, lines=(-9.0, -9.0, -9.0), gap=0.05) -> None:
    """Bars of these heights, each with its number beyond its end, and beyond a line that is just above the end.

    ``gap`` is the way from the end to the number, as a share of the Axes.
    """
    low, high = artists[name][0].axes.get_ylim()
    gap *= high - low
    for bar, text, height, line in zip(artists[name], artists[f"{name} texts"], heights, lines, strict=True):
        bar.set_height(height)
        text.set_text(form.format(height) if abs(height) >= SMALL else form.replace("+", "").format(0.0))
        end = line if 0 <= line - height < 2 * gap else height
        text.set_y(end + (gap if height >= 0 else -gap))


def sentence(result: Result) -> str:
    """The loss beside that of equal logits, and what the gradient asks of the target's logit."""
    z = ", ".join(f"{v:.1f}" for v in result.z)
    k, pull = result.target, round(result.gradient[result.target], 3)
    extras = f", smoothing {result.smoothing:.2g}" if result.smoothing else ""
    extras += f", temperature {result.temperature:.3g}" if result.temperature != 1 else ""
    asks = "pulls it up" if pull < 0 else "pushes it down, as it is surer than wanted" if pull else "leaves it alone"
    return (
        f"logits {z}{extras}: class {k + 1}, the target, has probability {result.p[k]:.3f}; loss {result.loss:.3f} "
        f"(equal logits: {math.log(3):.3f}); the gradient at its logit is {pull + 0.0:.3f} and {asks}."
    )


DESCRIPTION = Description(
    name="softmax_cross_entropy",
    title="What does the loss ask of every logit?",
    about=(
        "Three logits: their softmax, the cross-entropy with a target, and its gradient p - t at every logit. With "
        "label smoothing a, the wanted probabilities are t = (1 - a) onehot + a / 3; the temperature is T of "
        "softmax(z / T)."
    ),
    controls=(
        Slider("z1", 2.0, -REACH, REACH, 0.2, "logit of class 1"),
        Slider("z2", 1.0, -REACH, REACH, 0.2, "logit of class 2"),
        Slider("z3", -1.0, -REACH, REACH, 0.2, "logit of class 3"),
        Choice("target", "class 2", TARGETS, "target"),
        Slider("smoothing", 0.0, 0.0, 0.9, 0.05, "label smoothing"),
        Slider("temperature", 1.0, 0.25, 4.0, 0.1, "temperature", log=True),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=230,
    presets=(
        Preset(
            "untrained", "equal logits: the loss is log 3, the logarithm of the classes", {"z1": 0, "z2": 0, "z3": 0}
        ),
        Preset("right and sure", "almost nothing is left to learn", {"z1": -1.0, "z2": 7.0, "z3": 0.0}),
        Preset(
            "wrong and sure",
            "the loss is large, but no gradient is larger than 1",
            {"z1": 7.0, "z2": -1.0, "z3": 0.0},
        ),
        Preset(
            "all moved by 3",
            "only differences count: loss and gradient are those of the start",
            {"z1": 5.0, "z2": 4.0, "z3": 2.0},
        ),
        Preset(
            "too sure",
            "with label smoothing the target's gradient turns round: it is pushed down",
            {"z1": 0.0, "z2": 6.0, "z3": 0.0, "smoothing": 0.2},
        ),
        Preset("cold", "a low temperature spreads the logits: surer, and a larger gradient", {"temperature": 0.25}),
    ),
    size=(8.4, 3.2),
    widest=({"temperature": 0.25},),
    handles=tuple(Handle("logits", f"logit {k + 1}", y=f"z{k + 1}", number=k) for k in range(3)),
)

softmax_cross_entropy = opener(DESCRIPTION)
