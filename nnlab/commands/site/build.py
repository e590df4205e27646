"""Build: ``python3 -m nnlab site [FOLDER]`` writes the course as pages that live without a kernel."""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nnlab import explorers
from nnlab.commands.generated.launch import repository
from nnlab.commands.notebook_files import NotebookError, read, write
from nnlab.commands.notebooks import find_notebooks
from nnlab.commands.site.alive import Alive, alive
from nnlab.commands.site.checked import complaints, sizes
from nnlab.commands.site.contents import DOCS, first_page, gallery, gallery_notebook, page_of_explorer, text_page
from nnlab.commands.site.frame import frame
from nnlab.commands.site.kernel import MARK
from nnlab.commands.site.pages import page
from nnlab.commands.site.reference import reference
from nnlab.commands.start.environment import ROOT
from nnlab.stage.alone.page import script
from nnlab.stage.alone.recording import Caps

__all__ = ["SITE", "build", "main"]

SITE = Caps(seconds=240.0, size=800_000)  # what one explorer may take
EACH = 7  # explorers that one kernel records
SIGN = ".nnlab-site"  # in a folder that may be replaced
ERRORS = (NotebookError, OSError, ValueError)


def main(arguments) -> int:
    """Build the site, say how large it is and what is wrong with it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m nnlab site", description="The course as a static site.")
    parser.add_argument("folder", nargs="?", default="site", help="where it is written; what was there is replaced")
    parser.add_argument("-n", type=int, default=2, dest="workers", help="how many kernels run at a time")
    given, started = parser.parse_args(arguments), time.monotonic()
    folder = Path(given.folder).expanduser().resolve()
    try:
        wrong = build(folder, workers=given.workers)
    except ERRORS as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    for what, size, limit in sizes(folder):
        print(f"{what}: {size / 1000:.0f} kB, at most {limit / 1000:.0f} kB")
        wrong += [f"{what} is too large"] if size > limit else []
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    state = "NOT as it should be" if wrong else "written"
    print(f"{folder / 'index.html'}: {state}, {time.monotonic() - started:.0f} s")
    return int(bool(wrong))


def build(
    folder: Path, notebooks=None, named=None, caps: Caps = SITE, workers: int = 2, cache: Path | None = None
) -> list[str]:
    """Write the site into a folder, whole or not at all; returns what is wrong with it.

    Args:
        notebooks: which of them live, as ``refresh`` takes them; the others show what is stored. None means all.
        named: explorers of the gallery; None means all.
        cache: where the pages of earlier builds are kept; None is the user's cache.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SIGN).exists():
        raise ValueError(f"{folder} holds something that is no site of nnlab. Name a new folder, or empty this one.")
    with tempfile.TemporaryDirectory() as work:
        source, made = Path(work) / "source", Path(work) / "site"
        source.mkdir()
        made.mkdir()
        stored = [Alive(path, read(path), True) for path in find_notebooks()]
        paths = [*find_notebooks(notebooks), *galleries(Path(work), list(named or explorers.__all__))]
        found = {one.path: one for one in [*stored, *run(paths, made, caps, workers, cache)]}.values()
        write_sources(source, made, found)
        wrong = frame(source, made, Path(work) / "doctrees")
        (made / "_static" / "front.js").write_text(script()[0], encoding="utf-8")
        for name in (SIGN, ".nojekyll"):
            (made / name).touch()
        for name in (".buildinfo", "objects.inv"):
            (made / name).unlink(missing_ok=True)
        (made / "_sources").rmdir()
        wrong += complaints(made, repository())
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(made, folder)
    return wrong


def galleries(folder: Path, named: list[str]) -> list[Path]:
    """Notebooks that open explorers, so few in each that two kernels share the work."""
    parts = [named[k : k + EACH] for k in range(0, len(named), EACH)]
    paths = [folder / f"explorers_{k}.ipynb" for k in range(len(parts))]
    for path, names in zip(paths, parts, strict=True):
        write(path, gallery_notebook(names))
    return paths


def run(paths: list[Path], made: Path, caps: Caps, workers: int, cache: Path | None) -> list[Alive]:
    """Run all notebooks, the longest first; says what each took."""
    begun = time.monotonic()

    def one(path: Path) -> Alive:
        done = alive(path, made, caps, cache)
        state = "kept" if done.kept else f"run, {time.monotonic() - begun:.0f} s since the start"
        print(f"{path.stem}: {state}", *said(done.notebook), sep="\n  ", flush=True)
        return done

    with ThreadPoolExecutor(max(1, workers)) as pool:
        return list(pool.map(one, reversed(paths)))[::-1]


def said(notebook: dict) -> list[str]:
    """What was said while the notebook's explorers were recorded: which pictures had no room."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    return list(dict.fromkeys(line for output in outputs for line in output.get("metadata", {}).get(MARK, ())))


def write_sources(source: Path, made: Path, found: Iterable[Alive]) -> None:
    """Write the pages as Sphinx reads them."""
    living: dict[str, str] = {}
    names = []
    for path, notebook, _ in found:
        if path.parent == ROOT / "notebooks":
            names.append(path.stem)
            (source / f"{path.stem}.md").write_text(page(path.stem, notebook, made), encoding="utf-8")
        else:
            living |= {cell["id"]: "".join(cell["outputs"][-1]["data"]["text/html"]) for cell in notebook["cells"]}
    pages = {
        "index.md": first_page(names, living),
        "gallery.md": gallery(living),
        **{f"explorer_{name}.md": page_of_explorer(name, text) for name, text in living.items()},
        **{f"{name}.md": text_page(name) for name in DOCS},
        **reference(),
    }
    for name, text in pages.items():
        (source / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
