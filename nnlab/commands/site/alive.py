"""Alive: a notebook with its stored outputs, and what lives in it as HTML; kept for the next build."""

import hashlib
import json
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from nnlab.commands.notebook_files import only_a_view, read
from nnlab.commands.notebooks import execute
from nnlab.commands.site.kernel import MARK
from nnlab.stage.alone.kept import LIBRARIES, PACKAGE, default_cache
from nnlab.stage.alone.recording import Caps

__all__ = ["Alive", "alive"]

START = """\
from nnlab.commands.site.kernel import show_alive
from nnlab.stage.alone.recording import Caps
show_alive({folder!r}, Caps(*{caps!r}))
"""
PATIENCE = 900  # seconds for a cell: explorers are recorded in it
KINDS = (".py", ".js", ".css", ".csv", ".mplstyle")


class Alive(NamedTuple):
    """A notebook whose explorers and predictions are HTML; whether it was kept from an earlier build."""

    path: Path
    notebook: dict
    kept: bool


def alive(path: Path, folder: Path, caps: Caps, cache: Path | None = None) -> Alive:
    """Run a notebook once, and put the files of what lives in it into a folder.

    Args:
        cache: where it is kept; None is your user cache. What was run with the same code is not run again.
    """
    key = fingerprint(path, caps)
    place = (cache or default_cache().with_name("pages")) / f"{path.stem}-{key[:16]}"
    kept = (place / "notebook.json").is_file()
    if not kept:
        run(path, place, caps)
    shutil.copytree(place / "files", folder, dirs_exist_ok=True)
    return Alive(path, json.loads((place / "notebook.json").read_text(encoding="utf-8")), kept)


def run(path: Path, place: Path, caps: Caps) -> None:
    """Run a notebook, and keep it in a folder that is whole or not there at all; an older one of it is removed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as made:
        files = Path(made) / "files"
        files.mkdir()
        fresh, _, _ = execute(path, START.format(folder=str(files), caps=tuple(caps)), PATIENCE)
        text = json.dumps(merged(read(path), fresh))
        (Path(made) / "notebook.json").write_text(text, encoding="utf-8")
        for old in place.parent.glob(f"{path.stem}-" + "?" * 16):
            shutil.rmtree(old)
        shutil.copytree(made, place)


def merged(stored: dict, fresh: dict) -> dict:
    """The stored notebook, with what lives in it from the fresh one, and words for its pictures."""
    for old, new in zip(stored["cells"], fresh["cells"], strict=True):
        if old["cell_type"] != "code":
            continue
        outputs = [output for output in new["outputs"] if is_seen(output)]
        if any(MARK in output.get("metadata", {}) for output in outputs):
            old["outputs"] = outputs
        else:
            describe(old["outputs"], outputs)
    return stored


def is_seen(output: dict) -> bool:
    """Whether a page shows an output: no warnings, no live views, no line of a progress bar that has ended."""
    return output.get("name") != "stderr" and not only_a_view(output) and output.get("data") != {"text/plain": ""}


def describe(stored: list[dict], fresh: list[dict]) -> None:
    """Give every stored picture the words that the fresh one has."""
    old, new = ([output for output in outputs if "image/png" in output.get("data", {})] for outputs in (stored, fresh))
    for picture, told in zip(old, new, strict=False):
        words = told["metadata"].get("image/png", {})
        picture["metadata"] = {
            **picture["metadata"],
            "image/png": {**words, **picture["metadata"].get("image/png", {})},
        }


def fingerprint(path: Path, caps: Caps) -> str:
    """A name for all that a page depends on: the notebook, the package but for its commands, versions, caps."""
    files = [path, *(p for p in sorted(PACKAGE.rglob("*")) if p.suffix in KINDS and matters(p))]
    code = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    told = [code, [metadata.version(library) for library in LIBRARIES], caps]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def matters(path: Path) -> bool:
    """Whether a file of the package can change what a notebook shows."""
    room = path.relative_to(PACKAGE).parts[0]
    return room != "commands" or path == Path(__file__).with_name("kernel.py") or path == Path(__file__)
