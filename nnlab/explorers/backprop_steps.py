"""backprop_steps: how do numbers flow forward, and blame backward? One computation graph, one operation at a time."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath, text_to_path

from nnlab.analysis.palette import BLACK, BLUE, MARK, PALE_BLUE, PALE_GREY, PALE_ORANGE, PAPER, SOFT, VERMILION
from nnlab.engine.scalar import Value, layers
from nnlab.explorers.memory import remembered
from nnlab.stage.description import Choice, Description, Preset, Slider
from nnlab.stage.explorer import opener

__all__ = ["backprop_steps"]

NEURON, RELU, SKIP, TWICE = "one neuron", "ReLU neuron", "skip connection", "weight used twice"
FORMULAS = {
    NEURON: "L = (sigmoid(w x + b) - t)² / 2",
    RELU: "L = (relu(w x + b) - t)² / 2",
    SKIP: "L = (tanh(w x + b) + x - t)²",
    TWICE: "L = (w tanh(w x + b) - t)²",
}
LAST = 13  # steps of every graph: 6 operations forward, 1 to begin, 6 backward
START: dict[str, Any] = {"step": LAST, "expression": NEURON, "w": 0.5, "x": 2.0, "b": 0.3, "t": 0.0}
FORWARD, BACKWARD = BLUE, VERMILION
WIDTH, HEIGHT, ROW = 8.0, 3.6, 0.2  # of the picture, and from line to line in a box, in inches
BOX = Path([(-1, -0.62), (1, -0.62), (1, 0.62), (-1, 0.62), (-1, -0.62)])


class Result(NamedTuple):
    """One moment in the life of a graph; arrays have an entry for each node, inputs before their results."""

    formula: str
    step: int
    last: int
    names: tuple[str, ...]
    operations: tuple[str, ...]
    values: np.ndarray
    grads: np.ndarray
    valued: np.ndarray  # whether the forward pass has reached the node
    reached: np.ndarray  # whether a gradient has reached the node
    active: int  # the node whose operation is at work, or -1
    shares: tuple[tuple[int, int, float], ...]  # (edge, input, local derivative) of the active node
    places: np.ndarray  # (node, 2)
    routes: tuple[np.ndarray, ...]  # one for each edge


def build(expression: str, *given: float) -> Value:
    """The loss of an expression of w, x, b and t, made by six operations, with a name for every value."""
    w, x, b, t = (Value(number, name) for number, name in zip(given, "wxbt", strict=True))
    z = named(named(w * x, "q") + b, "z")
    if expression == NEURON:
        y = named(z.sigmoid(), "y")
    elif expression == RELU:
        y = named(z.relu(), "y")
    else:
        a = named(z.tanh(), "a")
        y = named(a + x if expression == SKIP else w * a, "y")
    difference = named(y - t, "d")
    if expression in (SKIP, TWICE):
        return named(difference**2, "L")
    return named(named(difference**2, "s") / 2, "L")


def named(value: Value, name: str) -> Value:
    """The same value, with a name."""
    value.name = name
    return value


def compute(expression: str, step: int, w: float, x: float, b: float, t: float) -> Result:
    """Run the graph up to a step: one operation forward each, then dL/dL = 1, then one operation backward each."""
    loss = build(expression, w, x, b, t)
    nodes, edges = loss.nodes(), loss.edges()
    made = [node for node in nodes if node.inputs]
    last = 2 * len(made) + 1
    back = made[::-1][: max(0, step - len(made) - 1)]  # the operations that have handed their gradient on
    loss.grad = float(step > len(made))
    for node in back:
        node.pass_back()
    done = set(made[:step])
    reached = {value for node in back for value, _ in node.inputs} | ({loss} if loss.grad else set())
    active = back[-1] if back else loss if loss.grad else made[step - 1] if step else None
    index = {node: k for k, node in enumerate(nodes)}
    at_work = [(k, index[v], d) for k, (v, node, d) in enumerate(edges) if node is active and step != len(made) + 1]
    places, routes = layers(loss)
    return Result(
        formula=FORMULAS[expression],
        step=step,
        last=last,
        names=tuple(node.name for node in nodes),
        operations=tuple(node.operation for node in nodes),
        values=np.array([node.data for node in nodes]),
        grads=np.array([node.grad for node in nodes]) + 0.0,
        valued=np.array([not node.inputs or node in done for node in nodes]),
        reached=np.array([node in reached for node in nodes]),
        active=-1 if active is None else index[active],
        shares=tuple(at_work),
        places=np.array([places[node] for node in nodes], dtype=float),
        routes=tuple(np.array(route, dtype=float) for route in routes),
    )


def draw(figure) -> dict:
    """All graphs, of which ``update`` shows one; what moves are boxes, edges at work, and numbers."""
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))  # in inches
    ax.set_axis_off()
    for expression in FORMULAS:
        draw_graph(ax, compute(expression, 0, 1, 1, 1, 1))
    key = "upper number: value\nlower number: gradient of L"
    ax.text(WIDTH - 0.15, 0.12, key, ha="right", va="bottom", fontsize=9, color=SOFT, linespacing=1.4)
    return {
        "valued": boxes(ax, PALE_BLUE, MARK, 1.0),
        "reached": boxes(ax, PALE_ORANGE, MARK, 1.0),
        "active": boxes(ax, "none", BLACK, 2.2),
        "flow": [ax.plot([], [], linewidth=2.6, zorder=2)[0] for _ in range(2)],
        "values": ax.add_patch(PathPatch(Path([(0, 0)]), facecolor=FORWARD, linewidth=0, zorder=5)),
        "grads": ax.add_patch(PathPatch(Path([(0, 0)]), facecolor=BACKWARD, linewidth=0, zorder=5)),
        "phase": ax.text(WIDTH - 0.15, HEIGHT - 0.42, "", ha="right", va="top", fontsize=11, weight="bold"),
    }


def draw_graph(ax, r: Result) -> None:
    """The part of one graph that stays: formula, edges, empty boxes and names, marked with the formula."""
    places, routes = inches(r)
    clear = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}
    formula = ax.text(WIDTH - 0.15, HEIGHT - 0.15, r.formula, ha="right", va="top", fontsize=11)
    empty = boxes(ax, PALE_GREY, MARK, 1.0)
    empty.set_data(*places.T)
    drawn = [formula, empty]
    drawn += [ax.plot(*route.T, "-", color=MARK, linewidth=1.2, zorder=1)[0] for route in routes]
    for (x, y), name, operation in zip(places, r.names, r.operations, strict=True):
        title = f"{name}: {operation}" if operation else name
        drawn.append(ax.text(x, y + 2.0 * ROW, title, ha="center", va="center", fontsize=9, bbox=clear, zorder=3))
    for artist in drawn:
        artist.set(gid=r.formula, visible=False)


def boxes(ax, face: str, edge: str, width: float):
    """A line without a line: a box at each of its points."""
    style = {
        "marker": BOX,
        "markersize": 52,
        "markerfacecolor": face,
        "markeredgecolor": edge,
        "markeredgewidth": width,
    }
    return ax.plot([], [], linestyle="none", zorder=4, **style)[0]


def inches(r: Result) -> tuple[np.ndarray, list]:
    """Where the nodes (node, 2) and the routes of the edges stand in the picture."""
    heights = np.concatenate([route[:, 1] for route in r.routes])
    scale = np.array([(WIDTH - 0.9) / r.places[:, 0].max(), min(1.4, 2.55 / np.ptp(heights))])
    origin = np.array([0.45, HEIGHT / 2 - 0.1 - scale[1] * (heights.max() + heights.min()) / 2])
    return r.places * scale + origin, [route * scale + origin for route in r.routes]


def update(artists: dict, r: Result) -> str:
    """Put boxes, numbers and the edges at work where they belong."""
    ax, (places, routes) = artists["phase"].axes, inches(r)
    for artist in ax.get_children():
        if artist.get_gid() is not None:
            artist.set_visible(artist.get_gid() == r.formula)
    forward = r.step <= r.last // 2
    artists["phase"].set(text=phase(r), color=FORWARD if forward else BACKWARD)
    artists["valued"].set_data(*places[r.valued & ~r.reached].T)
    artists["reached"].set_data(*places[r.reached].T)
    artists["active"].set_data(*places[np.arange(len(places)) == r.active].T)
    values = [(short(v), x, y + ROW / 2) for v, (x, y), shown in zip(r.values, places, r.valued, strict=True) if shown]
    grads = [(short(g), x, y - ROW / 2) for g, (x, y), shown in zip(r.grads, places, r.reached, strict=True) if shown]
    if not forward:
        for _, node, derivative in r.shares:
            grads.append((f"×{short(derivative)}", places[node, 0], places[node, 1] - 2 * ROW))
    artists["values"].set_path(written(values))
    artists["grads"].set_path(written(grads))
    for k, line in enumerate(artists["flow"]):
        line.set_data(*(routes[r.shares[k][0]].T if k < len(r.shares) else ([], [])))
        line.set(color=FORWARD if forward else BACKWARD, linestyle="-" if forward else "--")
    return r.formula


def written(labels: list[tuple[str, float, float]]) -> Path:
    """Texts, each centred at a place, as one outline: two dozen Text artists would take ten times as long to draw."""
    vertices, codes = [np.zeros((1, 2))], [np.array([Path.MOVETO])]
    for text, x, y in labels:
        glyphs = [glyph(character) for character in text]
        ends = np.cumsum([0.0, *(advance for _, _, advance in glyphs)])
        for (outline, kinds, _), start in zip(glyphs, ends[:-1] - ends[-1] / 2, strict=True):
            vertices.append(outline + np.array([x + start, y]))
            codes.append(kinds)
    return Path(np.concatenate(vertices), np.concatenate(codes))


@remembered()
def glyph(character: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Outline, path codes and width of one character of 9 pt, in inches, with its middle at height 0."""
    font = FontProperties(family="DejaVu Sans", size=9)
    path = TextPath((0, -3.3), character, prop=font)
    width, _, _ = text_to_path.get_text_width_height_descent(character, font, ismath=False)
    return path.vertices / 72, path.codes, width / 72


def short(number: float) -> str:
    """A number with three digits, and no minus before a zero."""
    return f"{number + 0.0:.3g}".replace("-", "−")


def phase(r: Result) -> str:
    """Where the run is, in a few words."""
    if r.step == r.last:
        return f"all {r.last} steps done"
    way = "forward" if r.step <= r.last // 2 else "backward"
    return f"step {r.step} of {r.last}, {way}" if r.step else f"step 0 of {r.last}"


def sentence(r: Result) -> str:
    """What the operation at work did with its numbers."""
    if r.step == 0:
        return f"{r.formula}: four numbers are given, and nothing is computed yet."
    name, value = r.names[r.active], f"{r.values[r.active]:.3g}"
    if r.step <= r.last // 2:
        inputs = " and ".join(f"{r.names[i]} = {r.values[i]:.3g}" for i in dict.fromkeys(i for _, i, _ in r.shares))
        return f"Step {r.step} of {r.last}, forward: {name} = {value}, made by {r.operations[r.active]} from {inputs}."
    if r.step == r.last // 2 + 1:
        return f"Step {r.step} of {r.last}, backward: it begins with dL/dL = 1, where the loss is {value}."
    shares = " and ".join(share(r, i, d) for _, i, d in r.shares)
    ending = ""
    if r.step == r.last:
        given = [k for k, operation in enumerate(r.operations) if not operation]
        ending = " All gradients: " + ", ".join(f"{r.names[k]} {r.grads[k]:.3g}" for k in sorted(given, key=order(r)))
        ending += "."
    where = "the last" if r.step == r.last else "backward"
    return f"Step {r.step} of {r.last}, {where}: {name} hands on its {r.grads[r.active]:.3g}: {shares}.{ending}"


def share(r: Result, i: int, derivative: float) -> str:
    """What one input gets from the operation at work, and what it has then."""
    got = derivative * r.grads[r.active] + 0.0  # no minus before a zero
    sum_so_far = f", in sum {r.grads[i]:.3g}" if not np.isclose(r.grads[i], got, rtol=1e-9, atol=0) else ""
    return f"times {derivative:.3g} gives {r.names[i]} {got:.3g}{sum_so_far}"


def order(r: Result):
    """Sort key that puts the given numbers in the order w, x, b, t."""
    return lambda k: "wxbt".index(r.names[k])


DESCRIPTION = Description(
    name="backprop_steps",
    title="How do numbers flow forward, and blame backward?",
    about=(
        "One computation graph, stepped forward to the loss and backward to the gradients: first one operation "
        "forward a step, then dL/dL = 1, then one operation backward a step."
    ),
    controls=(
        Slider("step", START["step"], 0, LAST, 1, "step"),
        Choice("expression", START["expression"], tuple(FORMULAS), "expression"),
        Slider("w", START["w"], -3.0, 3.0, 0.1, "weight w"),
        Slider("x", START["x"], -3.0, 3.0, 0.1, "input x"),
        Slider("b", START["b"], -3.0, 3.0, 0.1, "bias b"),
        Slider("t", START["t"], -1.0, 1.0, 0.1, "target t"),
    ),
    compute=compute,
    draw=draw,
    update=update,
    sentence=sentence,
    letters=195,
    presets=(
        Preset("begin", "four given numbers: press the right arrow key and watch", {"step": 0}),
        Preset("turning point", "the loss is known, and the way back begins with dL/dL = 1", START | {"step": 7}),
        Preset(
            "dead ReLU",
            "z is negative, so the ReLU multiplies all blame by 0",
            START | {"expression": RELU, "w": -0.5, "t": 1.0},
        ),
        Preset(
            "skip", "x is used twice, and gets the sum of two shares", START | {"expression": SKIP, "w": 1.5, "x": 0.5}
        ),
        Preset("used twice", "w stands in two places: its shares add up", START | {"expression": TWICE, "t": 1.0}),
        Preset("saturated", "the slope of a sigmoid at z = 6.3 is tiny: little blame passes", START | {"w": 3.0}),
    ),
)

backprop_steps = opener(DESCRIPTION)
