"""A progress bar that leaves nothing behind: in a terminal, in a notebook, and in a file that is only executed."""

import sys
from contextlib import contextmanager, nullcontext

__all__ = ["progress_bar"]


def progress_bar(total: int, unit: str, start: int = 0, shown: bool = True, desc: str | None = None):
    """A context whose value has ``update(n)`` and ``set_postfix_str(text)``, as tqdm's bar; or None, where none shows.

    In a notebook the bar is one line of the cell's output, which is empty when the bar is closed: what is stored
    in the file is always the same. Elsewhere it is drawn on stderr when that is a terminal.

    Args:
        total: where the bar ends, in units. unit: such as "step"; "B" counts in kB and MB. start: where it begins.
        shown: False for no bar at all. desc: a word to the left of the bar.
    """
    line = CellLine() if shown and in_notebook() else sys.stderr
    if not shown or not line.isatty():
        return nullcontext()
    return shown_bar(line, total=total, unit=unit, initial=start, desc=desc, unit_scale=unit == "B")


@contextmanager
def shown_bar(line, **settings):
    """A tqdm bar that is written to ``line``, and wiped away at the end."""
    from tqdm import tqdm

    with tqdm(file=line, leave=False, ncols=88, mininterval=0.2, **settings) as bar:
        yield bar


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class CellLine:
    """A text stream for tqdm that shows the last line written to it as a cell's output, updated in place."""

    def __init__(self):
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        if text.strip("\n"):
            self.handle.update({"text/plain": text.strip("\r\n ")}, raw=True)

    def flush(self) -> None:
        """Every write is shown at once."""

    def isatty(self) -> bool:
        return True
