"""How much the stored pictures of a notebook changed, so that nobody refreshes blindly.

Standard library at import; NumPy and Pillow are loaded when there are two pictures to compare.
"""

import base64
import io
from typing import NamedTuple

from nnlab.commands.notebook_files import text_of

__all__ = ["Difference", "changed_pictures", "difference", "pictures_of"]


class Difference(NamedTuple):
    """How far two pictures of one size are apart."""

    mean: float  # over all pixels and colours, in levels of 255
    largest: int  # of any colour of any pixel
    share: float  # of the pixels that differ at all, from 0 to 1


def pictures_of(cell) -> list[str]:
    """The pictures that a cell shows, each a PNG in base64."""
    shown = (output.get("data", {}) for output in cell.get("outputs", ()))
    return [text_of(data["image/png"]).strip() for data in shown if "image/png" in data]


def difference(one: str, other: str) -> Difference | None:
    """How far two pictures (PNG in base64) are apart; None where they have not the same size."""
    import numpy as np
    from PIL import Image

    a, b = (np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), dtype=int) for png in (one, other))
    if a.shape != b.shape:
        return None
    apart = np.abs(a - b)
    return Difference(float(apart.mean()), int(apart.max()), float((apart.max(-1) > 0).mean()))


def changed_pictures(before, now) -> list[str]:
    """A sentence for every cell of a notebook whose pictures are not those that it showed before."""
    stored = {key: pictures_of(cell) for key, cell in keyed(before)}
    said = []
    for number, (key, cell) in enumerate(keyed(now), 1):
        old, new = stored.get(key, []), pictures_of(cell)
        where = f"cell {number} (In [{cell.get('execution_count')}])"
        if len(old) != len(new):
            said.append(f"{where} had pictures: {len(old)}, and has {len(new)}")
            continue
        said += [f"{where} shows {how}" for pair in zip(old, new, strict=True) if (how := in_words(*pair))]
    gone = stored.keys() - {key for key, _ in keyed(now)}
    return said + [f"a cell is gone, with its pictures: {len(stored[key])}" for key in sorted(gone) if stored[key]]


def keyed(notebook) -> list[tuple]:
    """(what a cell is known by, the cell): its id, or its place where the file is older than ids."""
    return [(str(cell.get("id", place)), cell) for place, cell in enumerate(notebook["cells"])]


def in_words(old: str, new: str) -> str:
    """How far a picture is from what it was; nothing where no pixel differs."""
    if old == new:
        return ""
    apart = difference(old, new)
    if apart is None:
        return "a picture of another size"
    if apart.largest == 0:
        return ""
    return (
        f"another picture: {apart.share:.1%} of the pixels differ, by {apart.mean:.2g} of 255 on average over all and "
        f"{apart.largest} at most"
    )
