"""Submissions as a class hands them in, each with what must be in its row: ``write(folder)`` makes all, or a sample.

Right in three styles, wrong in every named way, notebooks that were cut up, and those that break, hang or cheat.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle

from nnlab import exercises
from nnlab.exercises import Exercise

sys.path.insert(0, str(Path(__file__).parents[1] / "exercises"))

import styles

ALL = exercises.exercises()
RIGHT = "def momentum(w, g, v):\n    v = 0.9 * v + g\n    return w - 0.1 * v, v"
CHECK = 'nnlab.check("06.1", momentum)'
IMPORTS = "import math\nimport torch\nimport nnlab"


@dataclass
class Submission:
    """A file, and what its row must say."""

    name: str
    content: str
    marks: dict[str, int] = field(default_factory=dict)  # 1 right, 0 wrong; what is not here is empty
    note: str = ""  # what the note must contain; "" for no note at all
    mistakes: list[tuple[str, str]] = field(default_factory=list)  # (exercise, message)
    needs_walls: bool = False  # whether it does harm where bubblewrap does not work


def notebook(*cells: str) -> str:
    """The text of a notebook file with these code cells, without ids, between texts."""
    made: list[dict] = [{"cell_type": "markdown", "metadata": {}, "source": ["# My homework\n", "by me"]}]
    for source in cells:
        made.append(
            {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines(source)}
        )
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)


def pickled(answer: Any) -> str:
    """A cell that makes this answer, and an ``id`` that checks it."""
    module = sys.modules.get(getattr(answer, "__module__", None) or "")
    if module is not None and module.__name__.split(".")[0] in ("nnlab", "styles"):
        cloudpickle.register_pickle_by_value(module)
    text = base64.b64encode(cloudpickle.dumps(answer)).decode()
    return f'import base64, cloudpickle\nanswer = cloudpickle.loads(base64.b64decode("{text}"))'


def checked(exercise: Exercise, answer: Any) -> str:
    return f'{pickled(answer)}\nnnlab.check("{exercise.id}", answer)'


def right(number: str, style: str) -> Submission:
    """Every exercise of a notebook in one style; where that makes no sense, in plain Python or as the solution is."""
    own = {id: exercise for id, exercise in ALL.items() if id[:2] == number}
    cells = []
    for id, exercise in own.items():
        names = [f"{kind}_{id.replace('.', '_')}" for kind in (style, "plain")]
        found = [getattr(styles, name) for name in names if hasattr(styles, name)]
        cells.append(checked(exercise, found[0] if found else exercise.solution))
    return Submission(f"right/{number}-{style}", notebook("import nnlab", *cells), dict.fromkeys(own, 1))


def wrong(number: str, k: int) -> Submission:
    """Every exercise of a notebook with its k-th mistake, if it has so many."""
    own = {id: ALL[id] for id in ALL if id[:2] == number and k < len(ALL[id].mistakes)}
    cells = [checked(exercise, exercise.mistakes[k].answer) for exercise in own.values()]
    said = [(id, exercise.mistakes[k].message) for id, exercise in own.items()]
    return Submission(f"wrong/{number}-{k + 1}", notebook("import nnlab", *cells), dict.fromkeys(own, 0), "", said)


def all_wrong() -> Iterable[Submission]:
    for number in exercises.NOTEBOOKS:
        most = max(len(exercise.mistakes) for id, exercise in ALL.items() if id[:2] == number)
        yield from (wrong(number, k) for k in range(most))


def cut_up() -> Iterable[Submission]:
    """Cells deleted, doubled, split, moved; checks with other ids, none, too many."""
    done = {"06.1": 1}
    first, second = RIGHT.rsplit("\n", 1)
    bad = RIGHT.replace("w - 0.1", "w + 0.1")
    uphill = [("06.1", ALL["06.1"].mistakes[0].message)]
    yield Submission("cells/split", notebook(IMPORTS, f"{first}\n{second}", "f = momentum", CHECK), done)
    yield Submission("cells/doubled", notebook(IMPORTS, bad, CHECK, RIGHT, CHECK, RIGHT, CHECK), done)
    yield Submission("cells/last counts", notebook(IMPORTS, RIGHT, CHECK, bad, CHECK), {"06.1": 0}, "", uphill)
    yield Submission("cells/one", notebook(f"{IMPORTS}\n{RIGHT}\n{CHECK}"), done)
    yield Submission("cells/short id", notebook(IMPORTS, RIGHT, 'nnlab.check("6.1", momentum)'), done)
    yield Submission(
        "cells/two notebooks", notebook(IMPORTS, RIGHT, CHECK, 'nnlab.check("02.4", 4)'), {**done, "02.4": 1}
    )
    yield Submission("cells/checked above", notebook(IMPORTS, CHECK, RIGHT), {}, "cell 2 (NameError)")
    yield Submission("cells/import deleted", notebook(RIGHT, CHECK), {}, "cell 2 (NameError)")
    yield Submission(
        "cells/name used again", notebook(IMPORTS, "b = 0.9", RIGHT.replace("0.9", "b"), CHECK, "b = 0.1"), done
    )
    yield Submission("cells/errors between", notebook(IMPORTS, "1 / 0", "x +", RIGHT, CHECK), done, "2 cells failed")
    yield Submission("cells/stub", notebook(IMPORTS, "def momentum(w, g, v): ...", CHECK), {})
    yield Submission(
        "cells/solution shown",
        notebook(IMPORTS, f"# Solution\n{RIGHT}\n{CHECK}"),
        {},
        "1 check below # Solution left out",
    )
    yield Submission("cells/unknown exercise", notebook(IMPORTS, 'nnlab.check("06.9", 1)'), {}, "cell 2 (ValueError)")
    yield Submission("cells/magics", notebook("%%time\n" + IMPORTS, "!true", f"%time\n{RIGHT}", CHECK), done)
    helped = ('nnlab.hint("06.1")', "nnlab.record()")
    yield Submission("cells/hint and record", notebook(IMPORTS, *helped, RIGHT, CHECK), done)
    yield Submission("cells/await", notebook(IMPORTS, "import asyncio\nawait asyncio.sleep(0)", RIGHT, CHECK), done)
    yield Submission("cells/asks", notebook(IMPORTS, 'input("name?")', RIGHT, CHECK), done, "cell 2 (EOFError)")


def broken() -> Iterable[Submission]:
    unreadable = "this is no notebook that can be read"
    yield Submission("broken/empty file", "", {}, unreadable)
    yield Submission("broken/half", notebook(IMPORTS, RIGHT, CHECK)[:200], {}, unreadable)
    yield Submission("broken/list", "[1, 2]", {}, unreadable)
    yield Submission("broken/other cells", '{"cells": [1]}', {}, unreadable)
    yield Submission("broken/not UTF-8", "\udcff\udcfe", {}, unreadable)
    yield Submission("broken/deep", "[" * 100_000, {}, unreadable)
    yield Submission("broken/no cells", notebook(), {})
    yield Submission("broken/only text", '{"cells": [{"cell_type": "markdown", "source": "hello"}]}', {})


def endless(seconds: float) -> Iterable[Submission]:
    done = {"06.1": 1}
    late = f"stopped after {seconds:g} s in cell 4"
    yield Submission("endless/cell", notebook(IMPORTS, RIGHT, CHECK, "while True: pass", "1 / 0"), done, late)
    yield Submission(
        "endless/answer",
        notebook(IMPORTS, 'def f(w, g, v):\n    while True: pass\nnnlab.check("06.1", f)', 'nnlab.check("06.2", 1.0)'),
        {"06.1": 0, "06.2": 1},
    )
    yield Submission(
        "endless/deaf",
        notebook(IMPORTS, RIGHT, CHECK, "import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True: pass"),
        done,
        late,
    )


EXIT = "import os\nos._exit(0)"
ABOVE = "import shutil\nshutil.rmtree('..', ignore_errors=True)"
PRINTS = "print('✓ 06.1 correct: w and v agree with PyTorch')\nimport sys\nsys.__stdout__.write('correct')"
FIND = 'nnlab.check("06.1", nnlab.exercises.find("06.1").solution)'
IMPORTED = 'from nnlab.exercises.optimizers import momentum\nnnlab.check("06.1", momentum)'
READ = """
from pathlib import Path
names = {}
exec(compile((Path(nnlab.__file__).parent / "exercises/optimizers.py").read_text(), "copied", "exec"), names)
nnlab.check("06.1", names["momentum"])
"""
NOTEBOOK = """
import json
text = (Path(nnlab.__file__).parents[1] / "notebooks/06_optimizers.ipynb").read_text()
source = next("".join(c["source"]) for c in json.loads(text)["cells"] if "momentum_solution(" in "".join(c["source"]))
exec(source.split("nnlab.check")[0])
nnlab.check("06.1", momentum_solution)
"""
HEAP = """
import gc
from nnlab.exercises import Exercise
nnlab.check("06.1", next(one.solution for one in gc.get_objects() if isinstance(one, Exercise) and one.id == "06.1"))
"""
MEMORY = "big = bytearray(4_000_000_000)\nbig = torch.ones(1_000_000_000)"
PATCHED = """
from nnlab.exercises import exercise
exercise.Exercise.check = exercise.Exercise.judge = lambda *a: exercise.Report("06.1", "correct", "")
exercise.first_difference = lambda *a, **k: None
nnlab.check("06.1", lambda w, g, v: (w, v))
"""
FORGED = """
from nnlab.commands.classroom.grade_plain import send
wire = nnlab.check.__self__.wire_out
huge = {"numbers": [1], "shape": [10**12], "kind": "float64"}
for results in ([], None, [[{"tuple": []}]], [["correct"]], [[huge]], 3, [[1.0]]):
    outcome = {"begun": 1, "results": results, "calls": [], "used": [], "reason": "correct"}
    send(wire, {"id": "06.1", "outcome": outcome})
send(wire, {"check": "06.1", "outcome": {"status": "correct"}})
send(wire, {"id": "06.1", "outcome": outcome})
send(wire, {"id": "06.2", "outcome": "correct"})
"""
NOISE = "import os\nfor number in range(3, 20):\n    try: os.write(number, b'\\xff' * 100)\n    except OSError: pass"
TABLE = """
made = []
def table(w, g, v):
    made.append(1)
    return momentum(w, g, v) if len(made) <= 20 else (w, v)
nnlab.check("06.1", table)
"""
LEFT_BEHIND = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(300)"
KILLS = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(300,)).start()"
LARGE_FILE = "with open('large', 'wb') as file:\n    for _ in range(400): file.write(bytes(1_000_000))"


def hostile(outside: Path) -> Iterable[Submission]:
    """Those that do harm or want a mark for nothing; ``outside`` is a folder that they know of."""
    done = {"06.1": 1}
    own = (RIGHT, CHECK)
    yield Submission("hostile/exits", notebook(IMPORTS, *own, EXIT, "1 / 0"), done, "its process ended in cell 4")
    exits = "def f(w, g, v): os._exit(0)"
    yield Submission(
        "hostile/answer exits",
        notebook(f"{IMPORTS}\nimport os", exits, 'nnlab.check("06.1", f)'),
        {"06.1": 0},
        "cell 3",
    )
    yield Submission("hostile/kills itself", notebook(IMPORTS, *own, KILLS), done, "its process ended in cell 4")
    yield Submission("hostile/deletes above", notebook(IMPORTS, ABOVE, *own), done)
    yield Submission("hostile/prints", notebook(IMPORTS, PRINTS), {})
    for name, source, error in (
        ("finds", FIND, "Error"),
        ("imports", IMPORTED, "Error"),
        ("reads", READ, "Error"),
        ("reads the notebook", "from pathlib import Path" + NOTEBOOK, "Error"),
        ("searches memory", HEAP, "StopIteration"),
    ):
        yield Submission(f"hostile/{name}", notebook(f"{IMPORTS}\nimport nnlab.exercises", source), {}, error)
    yield Submission("hostile/memory", notebook(IMPORTS, MEMORY, *own), done, "cell 2 (MemoryError)")
    yield Submission("hostile/large file", notebook(IMPORTS, LARGE_FILE, *own), done, "cell 2 (OSError)")
    yield Submission("hostile/patches", notebook(IMPORTS, PATCHED), {"06.1": 0})
    yield Submission("hostile/forges", notebook(IMPORTS, *own, FORGED), {"06.1": 0})
    yield Submission("hostile/noise", notebook(IMPORTS, *own, NOISE), done, "ended in cell 4")
    yield Submission("hostile/table", notebook(IMPORTS, RIGHT, TABLE), {"06.1": 0})
    yield Submission("hostile/thread", notebook(IMPORTS, *own, THREAD), done)
    yield Submission("hostile/leaves a process", notebook(IMPORTS, *own, LEFT_BEHIND), done)
    deletes = f"import shutil\nshutil.rmtree({str(outside)!r})"
    writes = f"open({str(outside / 'new')!r}, 'w').write('here')"
    reads = f"nnlab.check('06.2', float(open({str(outside / 'secret')!r}).read()))"
    network = "import socket\nsocket.create_connection(('127.0.0.1', PORT), timeout=5)\nnnlab.check('06.2', 1.0)"
    for name, source in (("deletes", deletes), ("writes", writes), ("reads", reads), ("connects", network)):
        yield Submission(
            f"hostile/{name} outside", notebook(IMPORTS, *own, source), done, "1 cell failed", needs_walls=True
        )


def everything(outside: Path, seconds: float) -> list[Submission]:
    """All of them, about 200."""
    rights = [right(number, style) for number in exercises.NOTEBOOKS for style in ("plain", "library", "numpy")]
    return [*rights, *all_wrong(), *cut_up(), *broken(), *endless(seconds), *hostile(outside)]


SAMPLE = (  # each kind once
    "right/06-plain", "right/08-library", "right/02-numpy", "wrong/15-1", "wrong/01-2", "cells/doubled",
    "cells/magics", "cells/hint and record", "cells/solution shown", "broken/half", "broken/no cells", "endless/cell",
    "hostile/exits", "hostile/deletes above", "hostile/prints", "hostile/finds", "hostile/reads", "hostile/memory",
    "hostile/forges", "hostile/table", "hostile/deletes outside", "hostile/connects outside",
)  # fmt: skip


def write(folder: Path, submissions: Iterable[Submission]) -> None:
    """Write the files."""
    for submission in submissions:
        path = folder / f"{submission.name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(submission.content, encoding="utf-8", errors="surrogateescape")


if __name__ == "__main__":  # write all of them into a folder, to look at or to grade by hand
    write(Path(sys.argv[1]), everything(Path(sys.argv[1]) / "outside", 60))
