"""The house rule: imports go down, never up, never in a circle, and every room says what it holds."""

import ast
import graphlib
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "nnlab"
ROOMS = [
    "commands",
    "exercises",
    "explorers",
    "training",
    "stage",
    "analysis",
    "engine",
    "datasets",
]  # from the top down
PEERS = ("explorers", "exercises", "engine")  # lists of peers may be long
GROUND = ["arguments", "history", "progress"]  # below all rooms
ROOF = ["__init__", "__main__"]  # above all rooms


def sources_of(package: Path) -> dict[str, str]:
    """Every module of the package, by the names of its folders and its own, such as "engine.losses"."""
    paths = {".".join(p.relative_to(package).with_suffix("").parts): p for p in sorted(package.rglob("*.py"))}
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items()}


def imported(name: str, source: str, modules) -> set[str]:
    """What a module imports from the package, wherever the statement stands: in functions, for type checkers only."""
    here = ["nnlab", *name.split(".")]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = (
                ".".join([*here[: len(here) - node.level], *filter(None, [node.module])]) if node.level else node.module
            )
            found |= {f"{start}.{item.name}" for item in node.names}
    return {module_of(full.removeprefix("nnlab."), modules) for full in found if re.match(r"nnlab(\.|$)", full)}


def module_of(full: str, modules) -> str:
    """The module that holds a name: "engine.losses.mse" is in "engine.losses", "training.fit" in the room itself."""
    parts = full.split(".")
    for end in range(len(parts), 0, -1):
        for name in (".".join(parts[:end]), ".".join([*parts[:end], "__init__"])):
            if name in modules:
                return name
    return "__init__"  # a public name, through the facade


def floor(name: str) -> int:
    """0 is the ground."""
    room = name.split(".")[0]
    if "." not in name:
        return 0 if room in GROUND else len(ROOMS) + 1
    return len(ROOMS) - ROOMS.index(room)


def complaints(sources: dict[str, str]) -> list[str]:
    """One sentence for everything that is out of place."""
    found = []
    for name in sources:
        if name.split(".")[0] not in ((*GROUND, *ROOF) if "." not in name else ROOMS):
            return [f"nnlab has no place for {name}. Put it into one of the rooms {', '.join(ROOMS)}."]
    imports = {name: imported(name, source, sources) - {name} for name, source in sources.items()}
    for name, targets in imports.items():
        found += [
            f"{name} imports {target}, which is above it. Move {name} up, or what it needs down."
            for target in sorted(targets)
            if floor(target) > floor(name)
        ]
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        found.append(f"A circle of imports: {' -> '.join(error.args[1])}. What both ends need belongs below them.")
    for room in ROOMS:
        found += complaints_about(room, sources)
    return found


def complaints_about(room: str, sources: dict[str, str]) -> list[str]:
    """What is wrong inside a room: no table of contents, a module that it leaves out, too many modules."""
    inside = sorted({name.split(".")[1] for name in sources if name.startswith(f"{room}.")} - {"__init__"})
    contents = sources.get(f"{room}.__init__", "")
    if not (contents and ast.get_docstring(ast.parse(contents))):
        return [f"{room} has no docstring that says what lives there."]
    # A list of peers that are all alike says it in code: what it imports, or the names that it loads.
    text = contents if room in ("explorers", "exercises") else ast.get_docstring(ast.parse(contents))
    found = [f"The docstring of {room} does not name {m}." for m in inside if not re.search(rf"\b{m}\b", text)]
    if room not in PEERS and len(inside) > 12:
        found.append(
            f"{room} has {len(inside)} modules. Beyond 12 nobody sees the course: make a room of some of them."
        )
    return found


SOURCES = sources_of(PACKAGE)


def test_everything_is_in_its_place():
    assert complaints(SOURCES) == []


def sizes(source: str):
    """(name, lines) of every function without its docstring, and of every class with all that it holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, 40, body[-1].end_lineno - body[0].lineno + 1 if body else 0
        elif isinstance(node, ast.ClassDef):
            yield node.name, 150, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_read_at_once_fits_on_a_screen_or_two(name):
    assert [(what, lines) for what, most, lines in sizes(SOURCES[name]) if lines > most] == []


def test_the_corridor_is_short():
    own = [path.name for path in PACKAGE.iterdir() if path.is_file() and path.name != "py.typed"]  # a mark, no module
    folders = [path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(own) <= 6
    assert sorted(folders) == sorted(ROOMS)


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        (
            "engine.losses",
            "from nnlab.analysis import plots",
            "engine.losses imports analysis.plots, which",
        ),
        ("engine.losses", "from nnlab.stage.live.run import LiveRun", "engine.losses imports stage.live.run, which"),
        (
            "engine.losses",
            "def f():\n    import nnlab.training.loop",
            "engine.losses imports training.loop",
        ),
        (
            "datasets.idx",
            "if TYPE_CHECKING:\n    from nnlab.engine.network import Network",
            "datasets.idx imports",
        ),
        (
            "datasets.idx",
            "from ..engine import network as n",
            "datasets.idx imports engine.network, which",
        ),
        ("analysis.probes", "from nnlab import fit", "analysis.probes imports __init__, which is above it."),
        ("history", "from nnlab.datasets.data import Dataset", "history imports datasets.data, which is above it."),
        ("engine.draws", "from nnlab.engine.ensemble import train", "A circle of imports: "),
        ("training.run.run", "from nnlab.training import fit", "A circle of imports: "),
        ("training.run.run", "from .. import loop", "A circle of imports: "),
        ("engine.novelty", "", "The docstring of engine does not name novelty."),
        ("stage.novelty", "", "The docstring of stage does not name novelty."),
        ("novelty", "", "nnlab has no place for novelty. Put it into one of the rooms commands, "),
        ("utils.novelty", "", "nnlab has no place for utils.novelty."),
    ],
)
def test_what_is_out_of_place_is_told_so(name, line, sentence):
    changed = {**SOURCES, name: f"{SOURCES.get(name, '')}\n{line}\n"}
    assert any(complaint.startswith(sentence) for complaint in complaints(changed)), complaints(changed)


def test_a_crowded_room_and_a_silent_one_are_told_so():
    crowd = {f"analysis.more{k}": "" for k in range(13)}
    assert re.search(r"analysis has \d\d modules. Beyond 12", " ".join(complaints({**SOURCES, **crowd})))
    silent = {**SOURCES, "engine.__init__": ""}
    assert complaints(silent) == ["engine has no docstring that says what lives there."]
