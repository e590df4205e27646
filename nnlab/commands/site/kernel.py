"""Kernel: in the kernel of a notebook, what lives is shown as a page without a kernel shows it."""

import hashlib
import json
import warnings
from pathlib import Path

from matplotlib.figure import Figure

from nnlab.stage.alone.asked import asked
from nnlab.stage.alone.page import still
from nnlab.stage.alone.portable import in_files
from nnlab.stage.alone.recording import Caps
from nnlab.stage.beside import Beside
from nnlab.stage.explorer import Explorer
from nnlab.stage.prediction import Prediction, static

__all__ = ["FRAMES", "MARK", "PICTURES", "Page", "in_words", "show_alive"]

FRAMES, PICTURES = "frames", "pictures"  # folders of a site
MARK = "nnlab-site"  # the output that has it in its metadata lives


def show_alive(folder: str, caps: Caps) -> None:
    """From now on this kernel shows explorers, predictions and live trainings as HTML, with files in a folder.

    Figures get words for those who cannot see them.
    """
    import matplotlib_inline.backend_inline  # noqa: F401 - it says how figures are shown, and would say it later
    from IPython import get_ipython

    page = Page(Path(folder), caps)
    formatter = get_ipython().display_formatter
    shown = formatter.ipython_display_formatter
    shown.for_type(Explorer, lambda explorer: show(page, explorer, page.explorer))
    shown.for_type(Prediction, lambda prediction: show(page, prediction, page.question))
    shown.for_type(Beside, lambda live: show(page, live, page.still))
    pictures = formatter.formatters["image/png"]
    draw = pictures.lookup_by_type(Figure)
    pictures.for_type(Figure, lambda figure: (draw(figure), {"alt": in_words(figure)}))


def show(page: "Page", thing, as_html) -> None:
    """Show something as HTML, with what was said while it was made."""
    from IPython.display import display

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        data = {"text/html": as_html(thing), "text/plain": repr(thing)}
    display(data, metadata={MARK: [str(warning.message) for warning in said]}, raw=True)


class Page:
    """Makes the HTML of what lives, and the files beside it."""

    def __init__(self, folder: Path, caps: Caps):
        self.folder, self.caps = folder, caps
        for name in (FRAMES, PICTURES):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def explorer(self, explorer: Explorer) -> str:
        """An explorer that moves; its files have the same names wherever it stands at the same values."""
        name = f"{explorer.description.name}-{digest(json.dumps([explorer.start, explorer.values]).encode())}"
        html, files = in_files(explorer, f"{FRAMES}/{name}", self.caps)
        for path, data in files:
            (self.folder / path).write_bytes(data)
        return html

    def question(self, prediction: Prediction) -> str:
        """A question with verdict and proof."""
        shown = prediction.reveal
        if shown is None:
            return asked(prediction)
        return asked(prediction, self.explorer(shown) if isinstance(shown, Explorer) else self.still(shown))

    def still(self, shown) -> str:
        """A picture that does not move: of a figure or a live training."""
        data, metadata = static(shown)
        words = in_words(shown) if isinstance(shown, Figure) else shown.sentence
        path = f"{PICTURES}/{digest(data['image/png'])}.png"
        (self.folder / path).write_bytes(data["image/png"])
        return still(data["image/png"], words, metadata["image/png"]["width"], path)


def in_words(figure: Figure) -> str:
    """The titles of a figure, and what its axes are."""
    said = [figure.get_suptitle()]
    for axes in figure.axes:
        along = [name for name in (axes.get_ylabel(), axes.get_xlabel()) if name]
        said += [": ".join(filter(None, [axes.get_title(), " over ".join(along)]))]
    known = [text for k, text in enumerate(said) if text and text not in said[:k]]
    return " ".join("; ".join(known).replace("$", "").split()) or "What the code above draws"


def digest(data: bytes) -> str:
    """A short name for bytes."""
    return hashlib.sha256(data).hexdigest()[:10]
