"""Kept: recordings of earlier builds, found again as long as nothing has changed that they depend on."""

import ast
import base64
import contextlib
import hashlib
import json
import os
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from nnlab.stage.alone.recording import PAGE, Caps, Recorded, record
from nnlab.stage.description import Description

__all__ = ["LIBRARIES", "PACKAGE", "default_cache", "fingerprint", "recording"]

PACKAGE = Path(__file__).parents[2]
OURS = "nnlab.stage.alone.recording"  # with all that it imports
LIBRARIES = ("matplotlib", "numpy", "pillow", "scikit-learn", "torch")


def default_cache() -> Path:
    """Where recordings are kept if nobody names a folder: ``~/.cache/nnlab/frames`` on Linux."""
    import pooch

    return Path(pooch.os_cache("nnlab")) / "frames"


def recording(
    description: Description, bases: list[dict], caps: Caps = PAGE, folder: Path | None = None, shown: bool = True
) -> Recorded:
    """The same as ``record``, from a file of ``folder`` if it was recorded before and would be the same today.

    Only explorers of the package are kept: what a notebook defines has no file by which to tell whether it changed.
    """
    key = fingerprint(description, bases, caps)
    if key is None:
        return record(description, bases, caps, shown)
    folder = default_cache() if folder is None else folder
    path = folder / f"{description.name}-{digest([bases, caps])[:12]}.json"
    known = read(path, key)
    if known is not None:
        return known
    recorded = record(description, bases, caps, shown)
    with contextlib.suppress(OSError):  # a full disk, a folder of somebody else: the next build takes longer
        write(path, key, recorded)
    return recorded


def fingerprint(description: Description, bases: list[dict], caps: Caps) -> str | None:
    """A name for all that a recording depends on: code, versions, settings; None if the code is not the package's."""
    name = str(getattr(description.compute, "__module__", ""))
    if file_of(name) is None or getattr(sys.modules.get(name), "DESCRIPTION", None) is not description:
        return None
    paths = [*sorted(sources(name) | sources(OURS)), PACKAGE / "nnlab.mplstyle"]
    code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    return digest([code, [metadata.version(library) for library in LIBRARIES], bases, caps])


def sources(module: str) -> set[Path]:
    """The files of the package that a module needs, its own among them."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = file_of(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += imports(path, path.stat().st_mtime_ns)
    return found


def file_of(module: str) -> Path | None:
    """The file of a module of the package; None for anything else, and for what only opens and shows explorers."""
    first, *rest = module.split(".")
    path = PACKAGE.joinpath(*rest)
    if first != "nnlab" or not rest or module == "nnlab.stage.explorer":
        return None
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


@cache
def imports(path: Path, changed: int) -> list[str]:
    """Every name that a file imports, wherever the statement stands; ``changed`` is when the file was."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{item.name}" for item in node.names)]
    return found


def digest(thing) -> str:
    """A name for anything that is JSON."""
    return hashlib.sha256(json.dumps(thing).encode()).hexdigest()


def write(path: Path, key: str, recorded: Recorded) -> None:
    """Keep a recording; a file that is there is replaced at once or not at all."""
    chunks = [base64.b64encode(chunk).decode() for chunk in recorded.chunks]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"key": key, **recorded._asdict(), "chunks": chunks}), encoding="utf-8")
    draft.replace(path)


def read(path: Path, key: str) -> Recorded | None:
    """A recording that was kept under this key; None if there is none, or only half of one."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("key") != key:
            return None
        return Recorded(**{**told, "chunks": [base64.b64decode(chunk, validate=True) for chunk in told["chunks"]]})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
