"""Write an exercise, an explorer or a notebook of one's own into ``notebooks/own``, from a template, with its test.

Nothing is overwritten. A notebook is also run once, so that it has its outputs, as ``refresh`` does it.
"""

import json
import sys
from pathlib import Path

from nnlab.commands.new.names import NameRefused, checked
from nnlab.commands.start.environment import ROOT

__all__ = ["FILES", "main", "make", "notebook_from"]

HERE = Path(__file__).parent
USAGE = """\
Usage: python3 -m nnlab new exercise NAME
       python3 -m nnlab new explorer NAME
       python3 -m nnlab new notebook NAME

Writes a first version that works, with its test, into notebooks/own. docs/authors.md leads on from there.
"""
FILES = {  # kind -> template: file
    "exercise": {"exercise.txt": "NAME.py", "exercise_test.txt": "test_NAME.py"},
    "explorer": {"explorer.txt": "NAME.py", "explorer_test.txt": "test_NAME.py"},
    "notebook": {"notebook.txt": "NAME.ipynb"},
}


def make(kind, name, root=ROOT):
    """Write the files of a kind under a name; returns their paths.

    Raises `NameRefused` for a name that cannot be and for one that has a file already: then nothing is written.
    """
    folder = root / "notebooks" / "own"
    checked(name, root)
    targets = {template: folder / file.replace("NAME", name) for template, file in FILES[kind].items()}
    for path in targets.values():
        if path.exists():
            where = path.relative_to(root).as_posix()
            raise NameRefused(f"NAME must be free: {where} is there, and is never overwritten. Try my_{name}.")
    folder.mkdir(parents=True, exist_ok=True)
    for template, path in targets.items():
        text = (HERE / template).read_text(encoding="utf-8").replace("NAME", name)
        text = json.dumps(notebook_from(text), indent=1) if path.suffix == ".ipynb" else text
        with open(path, "x", encoding="utf-8") as file:  # x: not even one that came a moment ago is overwritten
            file.write(text)
    return list(targets.values())


def notebook_from(text):
    """A notebook of the cells of a text: a line ``%% text`` or ``%% code``, perhaps with tags, begins each."""
    cells = []
    for part in text.split("%% ")[1:]:
        head, _, source = part.partition("\n")
        kind, *tags = head.split()
        common = {"id": f"cell-{len(cells)}", "metadata": {"tags": tags} if tags else {}, "source": source.strip()}
        if kind == "text":
            cells.append({"cell_type": "markdown", **common})
        else:
            cells.append({"cell_type": "code", "execution_count": None, "outputs": [], **common})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def main(arguments):
    """Make what is asked for, and say how to go on; returns the exit code."""
    if arguments in ([], ["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    if len(arguments) != 2 or arguments[0] not in FILES:
        print(f"nnlab: new needs a kind and a name.\n{USAGE}", end="", file=sys.stderr)
        return 1
    kind, name = arguments
    try:
        paths = make(kind, name)
    except NameRefused as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"nnlab: {error.filename} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    for path in paths:
        print(f"{path.relative_to(ROOT).as_posix()}: written")
    if kind == "notebook":
        from nnlab.commands import notebooks  # which needs the environment

        if code := notebooks.main([str(path) for path in paths]):
            return code
    print(f"Its test: python3 -m nnlab test {tested(paths)}")
    return 0


def tested(paths):
    """What ``nnlab test`` must be given to test these files."""
    *_, last = (path.relative_to(ROOT).as_posix() for path in paths)
    return f"--nbval --nbval-current-env {last}" if last.endswith(".ipynb") else last


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
