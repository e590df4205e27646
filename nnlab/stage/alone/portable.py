"""Portable: what an explorer can do without a kernel: a file of its own, a fragment for any page."""

import os
import warnings
from pathlib import Path
from typing import Any

from nnlab import arguments
from nnlab.stage.alone.kept import recording
from nnlab.stage.alone.page import IMAGE, Shown, as_file, fragment, page, script
from nnlab.stage.alone.recording import PAGE, Caps, Recorded
from nnlab.stage.description import Description

__all__ = ["LARGEST", "Portable", "in_files", "recorded_around", "shown_now"]

LARGEST = 600_000  # bytes of a file of its own
SPARE = 20_000  # of them, for what is not known before


class Portable:
    """The part of an explorer that writes pages.

    On a page sliders, presets, handles and the sentence work as in a notebook, without a kernel and without a network:
    the pictures were recorded before, along each control around the start and around each preset, and over the grid of
    the first controls. Where a combination was not recorded the page shows the nearest one, and so do its controls.
    """

    description: Description
    start: dict
    sentence: str
    widget: Any
    values: Any
    png: Any

    def to_html(self, path) -> Path:
        """Write the explorer as one HTML file that opens from disk, on any computer, without a network.

        Recording takes some seconds, once: it is kept in your user cache. The page opens where the explorer stands now.

        Args:
            path: of the file, which ends in ".html"; a file that is there is replaced. It has at most 600 kB: a warning
                says which pictures had no room.

        Returns:
            the path.

        Raises:
            TypeError, ValueError: a path that no such file can have.

        >>> import nnlab, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     nnlab.explorers.activation().to_html(f"{folder}/activation.html").name
        'activation.html'
        """
        path = html_path(path)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(page(*self._alone()), encoding="utf-8")
        draft.replace(path)
        return path

    def embed(self, *, front: bool = True) -> str:
        """The explorer as a fragment of HTML that needs nothing else, to be pasted into any page.

        Several on one page do not disturb each other, and the style of the page does not reach them.

        Args:
            front: whether the front end is in it. One fragment of a page is enough, so the others may leave it out.

        >>> import nnlab
        >>> nnlab.explorers.activation().embed()[:24]
        '<div class="nnlab-alone"'
        """
        code = [f"<script>{script()[0]}</script>"] if front else []
        return "\n".join([fragment(*self._alone()), IMAGE, *code])

    def _alone(self) -> tuple[Shown, Recorded]:
        shown = shown_now(self)
        rest = len(page(shown, Recorded([b""], {n: [] for n in shown.values}, [], 0, 0, [])).encode())
        size = (LARGEST - SPARE - rest) * 3 // 4  # as text it is a third longer
        caps = Caps(size=max(0, size // 10_000 * 10_000))  # the same again when the page is a little longer
        return shown, recorded_around(self, caps)


def in_files(explorer: Portable, name: str, caps: Caps = PAGE, folder: Path | None = None):
    """The same for a page of a site: the fragment without the front end, and the files that it loads when needed.

    Args:
        name: of the files, with the folder in which they lie, such as "frames/descent_2d": chunk 2 of it is
            "frames/descent_2d-2.js", and its still picture "frames/descent_2d.png".
        folder: where recordings are kept; None is your user cache.

    Returns:
        the HTML, and a list of (file name, bytes). The page needs ``script()`` as well, once.
    """
    shown, recorded = shown_now(explorer), recorded_around(explorer, caps, folder)
    chunks = [(f"{name}-{k}.js", chunk) for k, chunk in enumerate(recorded.chunks)]
    html = fragment(shown, recorded, [address for address, _ in chunks], f"{name}.png")
    files = [(address, as_file(address.rpartition("/")[2], chunk)) for address, chunk in chunks]
    return html, [(f"{name}.png", shown.png), *files]


def shown_now(explorer: Portable) -> Shown:
    """What a page says of an explorer as it stands now."""
    png = explorer.png()
    folds = explorer.widget.scene.get("strokes", {}).get("folds", [])  # known before the first picture: nothing jumps
    about = {**explorer.widget.about, "folds": folds}
    return Shown(explorer.description, about, explorer.values, explorer.sentence, png)


def recorded_around(explorer: Portable, caps: Caps, folder: Path | None = None) -> Recorded:
    """Frames around the start, around where it stands now, and around each preset; says what had no room."""
    description = explorer.description
    bases = [explorer.start, explorer.values, *(description.values(**p.values) for p in description.presets)]
    bases = [base for k, base in enumerate(bases) if base not in bases[:k]]
    recorded = recording(description, bases, caps, folder)
    if recorded.left_out:
        warnings.warn(
            f"{description.name}: {recorded.frames} pictures were recorded, and there was no room for "
            f"{', '.join(recorded.left_out)}. {'Its page moves around the start.' if recorded.chunks else ''}",
            stacklevel=4,
        )
    return recorded


def html_path(path) -> Path:
    """The path of an HTML file that can be written."""
    path = arguments.path("path", path, "explorer.html").expanduser()
    if path.is_dir():
        raise ValueError(f"path must be a file. Got {str(path)!r}, a folder. Try {str(path / 'explorer.html')!r}.")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path must end in .html. Got {str(path)!r}. Try {path.name + '.html'!r}.")
    if not path.parent.is_dir():
        raise ValueError(f"path must lie in a folder that exists. Got {str(path)!r}. Try {path.name!r}.")
    return path
