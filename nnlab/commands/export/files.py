"""The command ``python3 -m nnlab export``: stored notebooks as files to hand out."""

import argparse
import sys
import tempfile
from pathlib import Path

from nnlab.commands.export.exporters import PageExporter, SlidesExporter
from nnlab.commands.export.printing import print_page
from nnlab.commands.notebook_files import NotebookError
from nnlab.commands.notebooks import find_notebooks
from nnlab.commands.start.setup_errors import SetupError

__all__ = ["KINDS", "export", "main"]

KINDS = ("page", "slides", "pdf")


def export(notebooks, folder, kind="page") -> list[Path]:
    """Write stored notebooks, as they are, into a folder as pages, slides or PDF.

    Args:
        notebooks: names, beginnings of names such as "06", or paths; empty means all.
        folder: is made where it is missing; files of the same names in it are replaced.
        kind: one of ``KINDS``.

    Returns:
        the paths that were written.

    Raises:
        NotebookError: there is no such notebook. SetupError: a folder that cannot be written to, or no browser.
    """
    paths, folder = find_notebooks(notebooks), Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [written(path, folder, kind) for path in paths]
    except OSError as error:
        where = error.filename or folder
        raise SetupError(f"{where} cannot be written to: {error.strerror}. Try another folder.") from error


def written(notebook: Path, folder: Path, kind: str) -> Path:
    """The file of one notebook."""
    exporter = {"page": PageExporter, "slides": SlidesExporter, "pdf": PageExporter}[kind]()
    if kind == "pdf":
        exporter.links = ""
    html, _ = exporter.from_filename(str(notebook))
    path = folder / f"{notebook.stem}{'.pdf' if kind == 'pdf' else exporter.file_extension}"
    if kind != "pdf":
        path.write_text(html, encoding="utf-8")
        return path
    with tempfile.TemporaryDirectory() as made:
        page = Path(made) / f"{notebook.stem}.html"
        page.write_text(html, encoding="utf-8")
        print_page(page, path)
    return path


def main(arguments) -> int:
    """Write what is asked for and say where it is; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m nnlab export",
        description="Write stored notebooks as pages that need neither a kernel nor a network.",
    )
    parser.add_argument("notebooks", nargs="*", metavar="NN", help="such as 06, or a path; all if none is named")
    parser.add_argument("folder", metavar="FOLDER", help="where the files go")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--slides", action="store_const", dest="kind", const="slides", help="slides, not pages")
    kinds.add_argument("--pdf", action="store_const", dest="kind", const="pdf", help="PDF, by Chromium or Chrome")
    asked = parser.parse_args(arguments)
    try:
        paths = export(asked.notebooks, asked.folder, asked.kind or "page")
    except (NotebookError, SetupError) as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"{path}: {path.stat().st_size / 1000:.0f} kB" for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
