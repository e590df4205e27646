"""What every artist of every explorer must show, said once more and in other words than ``update`` says it.

One function for each explorer: (result, artists) -> {name: what the artist of that name shows}, with the names that
``draw`` gives to what moves, and ``"still"`` for a list of all that lies under it. A series of a result is named here,
not computed again; what a picture adds to a result (a tangent, a level line, the end of a path) is computed here.
"""

import math
from functools import cache
from importlib import import_module

import numpy as np
import torch
from artists import band, contours, curve, ends, shown_by, words
from matplotlib.figure import Figure

from nnlab import surfaces
from nnlab.analysis.plots import spread

__all__ = ["NOT_DRAWN", "PICTURES"]

NOT_DRAWN = {  # explorer -> the first word of a series of its result -> why nothing moves with it
    "backprop_steps": {"routes": "all lie under the picture, and only that of the edge at work is drawn again"},
    "dropout": {"losses": "they are the same for all settings, and drawn once"},
    "gradient_clipping": {"clipped": "the norms and the cut ones are for the sentence", "free": "the same"},
    "label_smoothing": {"errors": "for the sentence", "shown": "the counts choose which bins are drawn"},
    "minibatch_noise": {"predicted": "it is the same for all settings, and drawn once"},
}


def module(name):
    """The module of an explorer; ``nnlab.explorers`` gives its function under the same name."""
    return import_module(f"nnlab.explorers.{name}")


def labels(names, lines, gap=0.085):
    """Names at the ends of their lines."""
    return [words(name, y=y) for name, y in zip(names, ends(lines, gap), strict=True)]


def activation(r, a):
    """Tangent and point on f, the slope with the limits of saturation: 5 % of the steepest."""
    tangent, limit = np.array([r.z - 1.5, r.z + 1.5]), 0.05 * r.curve.steepest
    z = torch.linspace(-6, 6, 601, dtype=torch.float64, requires_grad=True)
    f = getattr(torch.nn.functional, r.name)(z)
    (slope,) = torch.autograd.grad(f.sum(), z)
    return {
        "f": curve(z.detach(), f.detach()),
        "tangent": curve(tangent, r.f + (tangent - r.z) * r.slope),
        "point": curve([r.z], [r.f]),
        "band": band([-6, 6], [-limit, -limit], [limit, limit]),
        "band_label": words("shaded: saturated"),
        "slope": curve(z.detach(), slope),
        "now": curve([r.z], [r.slope]),
        "share": words(f"{abs(r.slope) / r.curve.steepest:.1%} of the largest slope"),
        "still": [curve([0, 1], [0, 0])] * 2,
    }


def backprop_steps(r, a):
    """Boxes where the run has been, a value above and a gradient below the middle of each."""
    steps = module("backprop_steps")
    places, routes = steps.inches(r)
    forward, active, line = r.step <= r.last // 2, r.active, np.array([0, 0.1])
    values = [
        (steps.short(v), *place + line) for v, place, known in zip(r.values, places, r.valued, strict=True) if known
    ]
    grads = [
        (steps.short(g), *place - line) for g, place, known in zip(r.grads, places, r.reached, strict=True) if known
    ]
    shares = [] if forward else [("×" + steps.short(d), *places[node] - 4 * line) for _, node, d in r.shares]
    at_work = [curve(*routes[edge].T) for edge, _, _ in r.shares]
    every = [steps.inches(steps.compute(expression, 0, 1, 1, 1, 1)) for expression in steps.FORMULAS]
    here = [formula == r.formula for formula in steps.FORMULAS.values()]
    graphs = [[curve(*boxes.T), *(curve(*route.T) for route in edges)] for boxes, edges in every]
    return {
        "valued": curve(*places[r.valued & ~r.reached].T),
        "reached": curve(*places[r.reached].T),
        "active": curve(*places[active]) if active >= 0 else {},
        "flow": [*at_work, {}, {}][:2],
        "values": {"outline": steps.written(values).vertices},
        "grads": {"outline": steps.written(grads + shares).vertices},
        "phase": words(steps.phase(r)),
        "still": [shown if seen else {} for graph, seen in zip(graphs, here, strict=True) for shown in graph],
    }


def batch_norm(r, a):
    """Two outputs of each sample with the gap between them; true and running mean with one std on each side.

    The running mean has moved to each batch's mean by the momentum, which tells what that mean was.
    """
    batch_mean = (r.mean[1:] - (1 - r.momentum) * r.mean[:-1]) / r.momentum
    n = len(r.batch_mean)
    update, truth, std = np.arange(n + 1), 3 + r.shift * np.arange(n + 1) / 200, np.sqrt(r.var)
    gap = [[train, evaluation, np.nan] for train, evaluation in zip(r.train, r.evaluation, strict=True)]
    return {
        "gaps": curve(np.repeat(r.z, 3) * np.tile([1, 1, np.nan], len(r.z)), gap),
        "train": curve(r.z, r.train),
        "evaluation": curve(r.z, r.evaluation),
        "means": curve(range(1, n + 1), batch_mean),
        "truth": [curve(update, truth + shift) for shift in (0, 2, -2)],
        "running": [curve(update, middle) for middle in (r.mean, r.mean + std, r.mean - std)],
        "still": [{}, {}],
    }


def bias_correction(r, a):
    """The three means and the three steps, by step from 1."""
    t = range(1, len(r.step["corrected"]) + 1)
    kinds = ("corrected", "t forgotten", "not corrected")
    return {
        "means": [curve(t, r.mean[kind]) for kind in kinds],
        "steps": [curve(t, r.step[kind]) for kind in kinds],
        "labels": labels(kinds, a["steps"], 0.09),
        "still": [curve([0, 1], [1, 1]), curve([0, 1], [2, 2])] * 2,
    }


def capacity(r, a):
    """Median and all seeds, by width at the chosen step and by step at the chosen width."""
    widths, steps = (1, 2, 4, 8, 16, 32, 64), np.arange(0, 301, 20)
    both = (r.training, r.validation)
    by_width, by_step = [e[r.at] for e in both], [e[:, r.chosen] for e in both]  # (point, seed)
    return {
        "now": [curve([widths[r.chosen]] * 2, [0, 1]), curve([steps[r.at]] * 2, [0, 1])],
        "by_width": [curve(widths, np.median(e, 1)) for e in by_width],
        "by_width_bands": [band(widths, e.min(1), e.max(1)) for e in by_width],
        "by_step": [curve(steps, np.median(e, 1)) for e in by_step],
        "by_step_bands": [band(steps, e.min(1), e.max(1)) for e in by_step],
        "labels": labels(("training", "validation"), a["by_step"], 0.08),
        "still": [],
    }


def chain_rule(r, a):
    """Three slopes, their product, and the product as the slope of the tangent."""
    slopes = [r.dz_dw, r.dy_dz, r.dL_dy]
    factors = " × ".join(f"({s:.3g})" if s < 0 else f"{s:.3g}" for s in slopes[::-1])
    tangent = np.array([r.w - 1.6, r.w + 1.6])
    return {
        "numbers": [words(f"{number:.3g}") for number in (r.w, r.z, r.y, r.loss)],
        "slopes": [words(f"{slope:.3g}") for slope in slopes],
        "product": words(f"{factors} = {r.gradient + 0.0:.3g}"),
        "curve": curve(np.linspace(-6, 6, 241), r.curve),
        "tangent": curve(tangent, r.loss + r.gradient * (tangent - r.w)),
        "point": curve([r.w], [r.loss]),
        "still": [],
    }


def decision_boundary(r, a):
    """The plane with its folds and the samples of each class, and both losses by step."""
    part = module("decision_boundary").problem(r.data).train
    plane = {"moons": [-1.8, 2.8, -1.4, 1.9], "spirals": [-1.3, 1.3, -1.3, 1.3]}[r.data]
    step, training, validation = r.curve.T
    return {
        "image": {"values": r.image, "extent": np.array(plane)},
        "folds": curve(*r.folds.T),
        "training": curve(step, training),
        "validation": curve(step, validation),
        "samples": [curve(*part.x[part.y == k].T) for k in range(3)],
        "labels": labels(("training", "validation"), (a["training"], a["validation"]), 0.08),
        "still": [],
    }


def wider(axes, half_width):
    """How many times wider than at first an Axes is."""
    low, high = axes.get_xlim()
    return (high - low) / (2 * half_width)


def descent_1d(r, a):
    """The path on the loss, and how far it is above the lowest one."""
    zoom = wider(a["curve"].axes, 3.2)
    grid, c = np.linspace(-3.2 * zoom, 3.2 * zoom, 300), r.curvature
    loss, path = (
        c * w**2 / 2 if r.landscape == "bowl" else c * (w**2 / 8 + np.exp(-(w**2)) - 3 * w / 20) for w in (grid, r.w)
    )
    note = f"view {zoom:,.0f} times wider" if zoom > 1 else ""
    return {
        "curve": curve(grid, loss),
        "path": curve(r.w, path),
        "start": curve([r.w[0]], [path[0]]),
        "end": curve([r.w[-1]], [path[-1]]),
        "where": words(f"diverges: {note}" if r.diverged and note else note),
        "loss": curve(range(len(r.w)), r.loss - r.lowest),
        "still": [],
    }


def ellipses(zoom, flat, steep, middle=(0.0, 0.0)):
    """Level lines of (flat x^2 + steep y^2) / 2, twelve in one line; nan lifts the pen."""
    angle = np.append(2 * np.pi * np.arange(73) / 72, np.nan)
    wide = zoom * 0.12 * 1.6 ** np.arange(12)[:, None]
    return curve(middle[0] + wide * np.cos(angle), middle[1] + wide * math.sqrt(flat / steep) * np.sin(angle))


def descent_2d(r, a):
    """The path on the ravine, and its loss beside what the best rate guarantees."""
    zoom = wider(a["path"].axes, 2.4)
    return {
        "levels": ellipses(zoom, 1, r.condition),
        "path": curve(r.w1, r.w2),
        "start": curve([r.w1[0]], [r.w2[0]]),
        "end": curve([r.w1[-1]], [r.w2[-1]]),
        "lowest": curve([0], [0]),
        "where": words(f"diverges: view {zoom:,.0f} times wider" if zoom > 1.5 else ""),
        "guaranteed": curve(range(len(r.guaranteed)), r.guaranteed),
        "loss": curve(range(len(r.w1)), (r.w1**2 + r.condition * r.w2**2) / 2),
        "still": [],
    }


def dropout(r, a):
    """The hidden units under one mask, what all masks say, and the loss of all four ways by rate."""
    gone = np.isnan(r.shown).reshape(8, 8)
    units = np.where(gone, 0, r.shown.reshape(8, 8))
    counts, edges = np.histogram(r.right, 25, (0, 1))
    rates, low, high = np.arange(10) / 10, *a["now"].axes.get_ylim()
    return {
        "units": {"values": units / max(units.max(), 1e-9), "extent": np.array([-0.5, 7.5, 7.5, -0.5])},
        "forgotten": curve(*np.nonzero(gone)[::-1]),
        "masks": {"values": counts / counts.max(), "edges": edges},
        "said": [curve([p, p], [0, 1]) for p in r.said],
        "now": curve([r.rate, r.rate], [low, high]),
        "still": [
            *(curve(rates, np.median(each, 1)) for each in r.losses),
            *(band(rates, each.min(1), each.max(1)) for each in r.losses),
        ],
    }


def ensemble(r, a):
    """Predictors with their mean, and errors by number of predictors, at powers of two."""
    sizes, miss = np.arange(1, 33), r.points.mean(0)
    few = np.array([1, 2, 4, 8, 16, 32])
    low, high = a["now"].axes.get_ylim()
    names = ("1 / K", "disc", "digits networks")
    circle = 2 * np.pi * np.arange(101) / 100
    one_over = a["theory"].axes.lines[0]
    return {
        "points": curve(*r.points.T),
        "miss": curve([0, miss[0]], [0, miss[1]]),
        "mean": curve([miss[0]], [miss[1]]),
        "now": curve([r.members, r.members], [low, high]),
        "theory": curve(sizes, r.theory),
        "disc": curve(few, r.disc[few - 1]),
        "digits": curve(few, r.digits[few - 1]),
        "labels": labels(names, (one_over, a["theory"], a["digits"])),
        "still": [curve(np.cos(circle), np.sin(circle)), curve([0], [0]), curve(sizes, 1 / sizes)],
    }


def fourier_features(r, a):
    """Three pictures, and both scores as dots, which stop at the ends of the axis, with their numbers."""
    extent = np.array([-0.5, 71.5, 47.5, -0.5])
    scores = ((r.training, 1), (r.others, 0))
    return {
        **{name: {"values": getattr(r, name), "extent": extent} for name in ("known", "painted", "truth")},
        "dots": [curve([np.clip(score, 0, 60)], [height]) for score, height in scores],
        "names": [
            words(f"training {r.training:.1f}", x=30, y=1.2),
            words(f"all others {r.others:.1f}", x=30, y=0.2),
        ],
        "still": [],
    }


def frozen_layers(r, a):
    """Median and middle 80 % of the seeds: by frozen layers at the chosen steps, and by step with the chosen layers."""
    steps, left = 10 * np.arange(len(r.new)), [-0.15, 3.15]
    new_now, chosen = r.new[r.at], r.frozen + 1  # way 0 is from scratch
    shown = {
        "new": (range(4), new_now[1:]),
        "scratch": (left, [new_now[0]] * 2),
        "new_by_step": (steps, r.new[:, chosen]),
        "old_by_step": (steps, r.old[:, chosen]),
    }
    by_step = [a["new_by_step"][0], a["old_by_step"][0]]
    return {
        "now": [curve([here] * 2, [0, 1]) for here in (r.frozen, 10 * r.at)],
        **{
            name: [curve(x, np.median(each, -1)), band(x, *np.quantile(each, (0.1, 0.9), -1))]
            for name, (x, each) in shown.items()
        },
        "labels": labels(("5 to 9", "first task"), by_step, 0.08),
        "still": [],
    }


def gradient_clipping(r, a):
    """Both paths on a map of the root of the loss, and both losses."""
    zoom, steps = wider(a["free"].axes, 1.6), range(len(r.free.loss))
    pixels = np.linspace(-1, 1, 160) * zoom
    loss = module("gradient_clipping").cliff(5 + 1.6 * pixels, -2 + 1.4 * pixels[:, None])
    (w, b), thrown = r.free.path[-1], np.any(np.abs(r.free.path[-1] - [5, -2]) > zoom * np.array([1.6, 1.4]))
    notes = [f"view {zoom:,.0f} times wider"] if zoom > 1.5 else []
    notes += [f"free: thrown to w = {w:.3g}, b = {b:.3g}"] if thrown else []
    extent = np.array([5 - 1.6 * zoom, 5 + 1.6 * zoom, -2 - 1.4 * zoom, -2 + 1.4 * zoom])
    return {
        "free": curve(*r.free.path.T),
        "clipped": curve(*r.clipped.path.T),
        "start": curve(*r.free.path[0]),
        "where": words("\n".join(notes)),
        "free_loss": curve(steps, r.free.loss),
        "clipped_loss": curve(steps, r.clipped.loss),
        "still": [{"values": np.sqrt(loss), "extent": extent}],
    }


def initialization(r, a):
    """Measured and predicted standard deviations by layer, and the density of the activations."""
    kinds, depth = ("activations", "gradients"), len(r.zero["activations"])
    layer, low = range(1, depth + 1), a["std"][0].axes.get_ylim()[0]
    notes = ["\nexactly 0" if r.zero[k].all() else "" if r.std[k].any() else "\nall equal" for k in kinds]
    return {
        "density": {"values": r.density, "extent": np.array([0.5, depth + 0.5, *r.ends])},
        "predicted": [curve(layer, np.maximum(r.predicted[kind], low)) for kind in kinds],
        "std": [curve(layer, np.maximum(r.std[kind], low)) for kind in kinds],
        "labels": labels([k + n for k, n in zip(kinds, notes, strict=True)], a["std"], 0.16 if any(notes) else 0.09),
        "still": [],
    }


def label_smoothing(r, a):
    """The loss by logit gap with its lowest point, and accuracy by confidence with and without smoothing."""
    gaps, k, amount = np.arange(141) / 10, r.classes, r.smoothing
    plain = np.log(1 + (k - 1) * np.exp(-gaps))
    paid = [np.log(1 + (k - 1) * np.exp(-g)) + amount * (k - 1) / k * g for g in (r.best, r.path[-1])]
    without, _, _, _ = module("label_smoothing").calibrated(0, r.labels)
    diagrams = [[each.confidence[each.counts >= 20], each.accuracy[each.counts >= 20]] for each in (without, r.shown)]
    return {
        "plain": curve(gaps, plain),
        "loss": curve(gaps, r.loss),
        "best": curve([r.best], [paid[0]]) if amount else {},
        "now": curve([r.path[-1]], [paid[1]]),
        "without": curve(*diagrams[0]),
        "with": curve(*diagrams[1]),
        "still": [curve([0, 1], [0, 1])],
    }


def loss_shapes(r, a):
    """Every loss of the view with its slope; nothing of the losses of other views."""
    names = ("squared", "absolute", "Huber", "hinge", "cross-entropy", "squared after sigmoid", "0-1 error")
    x, given = np.linspace(-6.3, 6.3, 505), [r.curves.get(name) for name in names]
    top = a["losses"][0].axes.get_ylim()[1]
    heights = iter(ends([line for line in a["slopes"] if shown_by(line)], 0.085))
    return {
        "samples": {} if r.view == "two classes" else curve(r.samples, -0.035 * top),
        "here": [curve([r.output] * 2, [0, 1])] * 2,
        "losses": [curve(x, c.loss) if c else {} for c in given],
        "losses dots": [curve([r.output], [c.here]) if c else {} for c in given],
        "slopes": [curve(x, c.slope) if c else {} for c in given],
        "slopes dots": [curve([r.output], [c.pull]) if c else {} for c in given],
        "best": [curve([c.best], [np.interp(c.best, x, c.loss)]) if c and c.best is not None else {} for c in given],
        "labels": [words(name, y=next(heights)) if c else {} for name, c in zip(names, given, strict=True)],
        "still": [curve([0, 1], [0, 0])],
    }


def minibatch_noise(r, a):
    """Both paths on the level lines, and the measured variance by batch size with the chosen one marked."""
    zoom, given = wider(a["path"].axes, 2.4), module("minibatch_noise").problem()
    sizes, m, here = np.array([1, 2, 4, 8, 16, 32, 64, 128]), r.batch_size, r.measured[r.batch_size - 1]
    place = {"x": m / 1.25, "y": here / 1.25} if m > 1 else {"x": 3.2, "y": here}
    return {
        "levels": ellipses(zoom, *given.curvature, given.minimum),
        "full_path": curve(*r.full_path.T),
        "path": curve(*r.path.T),
        "lowest": curve(*given.minimum),
        "where": words(f"view {zoom:,.0f} times wider" if zoom > 1.5 else ""),
        "measured": curve(sizes, r.measured[sizes - 1]),
        "now": curve([m], [here]),
        "number": words(f"m = {m}", **place),
        "still": [curve(sizes, r.predicted[sizes - 1])],
    }


def momentum_ball(r, a):
    """The ball and its trail on the landscape, and its position by step beside the lowest point."""
    landscapes = {
        "bowl": (lambda w: w**2 / 2, 0.0),
        "bump": (lambda w: (w**2 - 1) ** 2 / 2 - 0.3 * w, 1.067923),
        "plain": (lambda w: 1 - np.exp(-(w**2) / 2), 0.0),
    }
    loss, goal = landscapes[r.landscape]
    w, height, last = np.linspace(*a["curve"].axes.get_xlim(), 400), loss(r.w), a["position"].axes.get_xlim()[1]
    return {
        "curve": curve(w, loss(w)),
        "trail": curve(r.w, height),
        "start": curve([r.w[0]], [height[0]]),
        "ball": curve([r.w[-1]], [height[-1]]),
        "goal": curve([0, last], [goal, goal]),
        "goal_label": words("lowest\npoint", y=goal),
        "position": curve(range(len(r.w)), r.w),
        "still": [],
    }


def optimizer_race(r, a):
    """Path, end and loss of every racer; a cross and a word for those who are lost, an arrow for who is below 1e-8."""
    racers = list(r.racers.values())
    fates = [" lost" if k.lost is not None else " \u2193" if k.loss[-1] < 1e-8 else "" for k in racers]
    names = [name + fate for name, fate in zip(r.racers, fates, strict=True)]
    outs = [(len(k.loss) - 1, k.loss[-1]) if k.lost is not None else ([], []) for k in racers]
    ground = surfaces.get(r.surface)
    return {
        "paths": [curve(k.x, k.y) for k in racers],
        "ends": [curve([k.x[-1]], [k.y[-1]]) for k in racers],
        "losses": [curve(range(len(k.loss)), k.loss) for k in racers],
        "labels": labels(names, a["losses"]),
        "outs": [curve(*out) for out in outs],
        "still": [curve(*ground.minimum), *relief(r.surface)],
    }


@cache
def relief(name):
    """The level lines of log(loss - lowest) of a surface, filled and white, as matplotlib draws them elsewhere."""
    ground, ax = surfaces.get(name), Figure().subplots()
    x, y = np.linspace(*ground.xlim, 160), np.linspace(*ground.ylim, 160)[:, None]
    height = np.log10(ground.f(x, y) - ground.lowest + 1e-3)
    return [contours(draw(x, y.ravel(), height, levels=18)) for draw in (ax.contourf, ax.contour)]


def polynomial(r, a):
    """Samples with the fits of this draw and of others; errors by degree, with the chosen one marked."""
    x, degrees = np.linspace(-1, 1, 201), range(1, 16)
    truth = {"cubic": 2 * x**3 - x, "sine": np.sin(1.5 * np.pi * x), "step": np.where(x < 0, -1.0, 1.0)}[r.truth]
    zoom, top = a["fit"].axes.get_ylim()[1] / 2, a["now"].axes.get_ylim()[1]
    kinds, gap = ("training", "validation", "bias²", "variance"), np.full((12, 1), np.nan)
    return {
        "others": curve(np.tile(np.append(x, np.nan), 12), np.hstack([r.others, gap])),
        "truth": curve(x, truth),
        "fit": curve(x, r.fit),
        "samples": curve(r.x, r.y),
        "where": words(f"view {zoom:,.0f} times higher" if zoom > 1 else ""),
        "now": curve([r.degree, r.degree], [1e-4, top]),
        "lines": [curve(degrees, np.maximum(r.errors[kind], 1e-4)) for kind in kinds],
        "labels": labels(kinds, a["lines"]),
        "still": [],
    }


def range_test(r, a):
    """Every member and their median by learning rate, three rates that were found, and full runs."""
    found = {"suggested": r.suggestion, "lowest": r.lowest, "diverges": r.diverges}
    rates = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]
    members = [curve(r.lr, np.where(each <= 7.6, each, np.nan)) for each in r.smoothed]
    low, median, high = np.minimum(r.full, 8)
    return {
        "members": [*members, *[{}] * 8][:8],
        "median": curve(r.lr, np.where(r.median <= 7.6, r.median, np.nan)),
        "marks": [curve([rate, rate], [0, 3.8]) if rate else {} for rate in found.values()],
        "keys": [
            curve([0.03, 0.11], [height, height]) if rate else {}
            for rate, height in zip(found.values(), (0.21, 0.13, 0.05), strict=True)
        ],
        "names": [words(f"{name}: {rate:.2g}" if rate else "") for name, rate in found.items()],
        "band": band(rates, low, high),
        "full": curve(rates, median),
        "here": curve([r.suggestion] * 2, [0.1, 4]),
        "suggested": words("suggested ", x=r.suggestion),
        "still": [],
    }


def saturation(r, a):
    """Histograms and shares by layer, and both signals; a cross at the bottom where one is zero."""
    depth, (low, high) = len(r.gradient), {"sigmoid": (0, 1), "tanh": (-1, 1)}.get(r.activation, (-0.5, 3.5))
    layer, axes = np.arange(1, depth + 1), a["gradient"].axes
    bottom, top = np.log10(axes.get_ylim())
    zeros = np.concatenate([layer[size == 0] for size in (r.difference, r.gradient)])
    sizes = [np.where(size > 0, size, np.nan) for size in (r.difference, r.gradient)]
    heights = [(np.log10(s[-1]) - bottom) / (top - bottom) if s[-1] > 0 else 0.0 for s in (r.difference, r.gradient)]
    return {
        "image": {
            "values": np.sqrt(r.counts.T / r.counts.max(1)),
            "extent": np.array([0.5, depth + 0.5, low, high]),
        },
        "saturated": curve(layer, r.saturated),
        "none": words("" if r.saturated.any() or r.dead.any() else "none in any layer"),
        "dead": curve(layer, r.dead),
        "difference": curve(layer, sizes[0]),
        "gradient": curve(layer, sizes[1]),
        "zeros": curve(zeros, 10 ** (bottom + 0.025 * (top - bottom))),
        "labels": [words(t, y=y) for t, y in zip(("samples\napart", "gradient"), spread(heights, 0.16), strict=True)],
        "still": [],
    }


def schedule(r, a):
    """The factor by step; median and middle of the runs, cut where the median is lost."""
    steps, quantiles = np.arange(401), np.clip(r.quantiles, 1e-5, 1e6)
    kept = [int((median < 1e6).sum()) for _, median, _ in r.quantiles]
    outs = [(end - 1, q[1][end - 1]) if end < 401 else ([], []) for end, q in zip(kept, quantiles, strict=True)]
    names = [f"{n}\n{lost} lost" if lost else n for n, lost in zip(("scheduled", "constant"), r.lost, strict=True)]
    return {
        "factor": curve(range(400), r.factor),
        "bands": [band(steps, low, high) for low, _, high in quantiles],
        "medians": [curve(steps[:end], q[1][:end]) for end, q in zip(kept, quantiles, strict=True)],
        "labels": labels(names, a["medians"], 0.17 if any(r.lost) else 0.085),
        "outs": [curve(*out) for out in outs],
        "still": [curve([0, 1], [1, 1])],
    }


def search(r, a):
    """The plane with the trials, the box and the best of them; the ridge above; the best score by number of trials."""
    kinds, counts = ("random", "grid", "coarse to fine"), np.array([2, 3, 4, 5, 6, 7, 8]) ** 2
    corner = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    low, _, high = r.bands[r.strategy]
    return {
        "image": {"values": r.image, "extent": np.array([0, 1, 0, 1])},
        "ridge": curve(np.arange(201) / 200, r.ridge),
        "heights": curve(r.points[:, 0], r.heights),
        "coarse": curve(*r.points[: r.coarse].T),
        "fine": curve(*r.points[r.coarse :].T),
        "best": curve(*r.points[list(r.scores).index(max(r.scores))]),
        "box": {} if r.box is None else curve(*(r.box[0] + corner * (r.box[1] - r.box[0])).T),
        "band": band(counts, low, high),
        "curves": [curve(counts, r.bands[kind][1]) for kind in kinds],
        "here": curve([r.trials] * 2, a["here"].axes.get_ylim()),
        "labels": labels(kinds, a["curves"], 0.055),
        "still": [],
    }


def softmax_cross_entropy(r, a):
    """Three bars each, with their numbers beyond their ends, and the wanted probabilities."""
    shares = {"logits": 0.095, "probabilities": 0.05, "gradient": 0.05}  # a logit's number is beyond its handle's ring
    gap = [share * np.ptp(a[name][0].axes.get_ylim()) for name, share in shares.items()]
    off = [g if 0 <= g - p < 2 * gap[1] else p for g, p in zip(r.t, r.p, strict=True)]  # beyond a line nearby
    numbers = {
        "logits": [(f"{z:.1f}", z + math.copysign(gap[0], z)) for z in r.z],
        "probabilities": [(f"{p:.3f}", end + gap[1]) for p, end in zip(r.p, off, strict=True)],
        "gradient": [(f"{g:+.3f}", g + math.copysign(gap[2], g)) for g in r.gradient],
    }
    small = {"logits": "0.0", "probabilities": "0.000", "gradient": "0.000"}
    heights = {"logits": r.z, "probabilities": r.p, "gradient": r.gradient}
    shown = {
        f"{name} texts": [
            words(text if abs(height) >= 5e-4 else small[name], y=y)
            for (text, y), height in zip(numbers[name], heights[name], strict=True)
        ]
        for name in numbers
    }
    rule = "p - wanted" if r.temperature == 1 else f"(p - wanted) / {r.temperature:.3g}"
    return shown | {
        **{name: [curve([k + 1], [height]) for k, height in enumerate(each)] for name, each in heights.items()},
        "goals": [curve([k + 0.62, k + 1.38], [goal, goal]) for k, goal in enumerate(r.t)],
        "goal note": words("bold line: wanted"),
        "loss": words(f"loss {r.loss:.3f}"),
        "rule": words(rule),
        "still": [curve([0, 1], [0, 0])] * 3,
    }


def weight_penalty(r, a):
    """Both paths with their ends, the shape of equal price through the lowest point, and both weights by step."""
    paths, n = (r.inside, r.outside), range(len(r.inside))
    angle = 2 * np.pi * np.arange(101) / 100
    price = math.hypot(*r.lowest) * np.array([np.cos(angle), np.sin(angle)])
    lam, h, m = np.append(np.geomspace(1e-3, 1e3, 200), 1e9)[:, None], np.array([1, 5]), np.array([1, 1.6])
    minima = h * m / (h + lam) if r.penalty == "L2" else np.maximum(m - lam / h, 0)
    if r.penalty == "L1":
        price = np.abs(r.lowest).sum() * np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])
    names = [f"$w_{k}$ {where}" for k in "12" for where in ("inside", "outside")]
    heights = spread([(path[-1, w] + 1.2) / 4.7 for w in (0, 1) for path in paths], 0.085)  # they are often equal
    levels = [
        curve(1 + math.sqrt(2 * h) * np.cos(angle), 1.6 + math.sqrt(2 * h / 5) * np.sin(angle))
        for h in (0.3, 1.2, 2.7, 4.8, 7.5)
    ]
    return {
        "minima": curve(*minima.T),
        "price": curve(*price),
        "paths": [curve(*path.T) for path in paths],
        "ends": [curve(*path[-1]) for path in paths],
        "lowest": curve(*r.lowest),
        "weights": [curve(n, path[:, w]) for w in (0, 1) for path in paths],
        "labels": [words(name, y=y) for name, y in zip(names, heights, strict=True)],
        "still": [curve([0, 1], [0, 0]), curve([0, 0], [0, 1]), *levels, curve([1], [1.6]), curve([0, 1], [0, 0])],
    }


PICTURES = {
    each.__name__: each
    for each in (
        activation, backprop_steps, batch_norm, bias_correction, capacity, chain_rule, decision_boundary, descent_1d,
        descent_2d, dropout, ensemble, fourier_features, frozen_layers, gradient_clipping, initialization,
        label_smoothing, loss_shapes, minibatch_noise, momentum_ball, optimizer_race, polynomial, range_test,
        saturation, schedule, search, softmax_cross_entropy, weight_penalty,
    )
}  # fmt: skip
