"""What a stored notebook looks like: one normal form, so that executing twice writes the same bytes.

Standard library at import; Pillow is loaded when a picture is stored.
"""

import base64
import io
import json
import os
import re
from pathlib import Path

__all__ = [
    *(
        "WIDGET_VIEW",
        "NotebookError",
        "complaint",
        "normalise",
        "only_a_view",
        "read",
        "text_of",
        "texts_of",
        "to_bytes",
    ),
    "write",
]

LARGEST = 300_000  # bytes
KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RUN_METADATA = {"lines_to_next_cell", "execution", "ExecuteTime", "trusted", "scrolled", "collapsed", "outputId"}
FAILED = re.compile(r"^Explorer \w+ failed: .*", re.MULTILINE)  # what an explorer calls itself whose last frame failed


class NotebookError(Exception):
    """Why a notebook was not stored: which one, which cell, what, in a sentence."""


def read(path):
    """The notebook in `path`, as nested dictionaries."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def text_of(source):
    """A source or text output as one string; the file format also allows a list of lines."""
    return source if isinstance(source, str) else "".join(source)


def texts_of(notebook):
    """The sources of the text cells of a notebook, in their order."""
    return [text_of(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]


def write(path, notebook):
    """Write `notebook`, at once or not at all, and only if its bytes changed. Returns whether they did."""
    path = Path(path)
    new = to_bytes(notebook)
    if path.exists() and path.read_bytes() == new:
        return False
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(new)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def to_bytes(notebook):
    """The file: keys sorted, text as lists of lines, one-space indent, a newline at the end."""
    lines = {**notebook, "cells": [_with_lines(cell) for cell in notebook["cells"]]}
    return (json.dumps(lines, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")


def normalise(notebook):
    """Drop, in place, what differs from run to run or shows nothing without a kernel."""
    kept = {key: value for key, value in notebook["metadata"].items() if key != "widgets"}
    notebook["metadata"] = {**kept, **KERNEL}
    count = 0
    for cell in notebook["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key not in RUN_METADATA}
        if cell["cell_type"] != "code":
            continue
        ran = bool(text_of(cell["source"]).strip())
        count += ran
        cell["execution_count"] = count if ran else None
        cell["outputs"] = _merged(output for output in cell["outputs"] if not only_a_view(output))
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = count
            _normalise_data(output.get("data", {}))


def complaint(notebook):
    """The first reason not to store these outputs, or None."""
    for number, cell in enumerate(notebook["cells"], 1):
        for output in cell.get("outputs", ()):
            where = f"cell {number} (In [{cell['execution_count']}])"
            if output.get("name") == "stderr":
                return f"{where} writes to stderr: {text_of(output['text']).strip()[:300]}"
            text = _all_text(output)
            failed = FAILED.search(text)
            if failed:
                return f"{where} shows an explorer that failed: {failed.group()}"
            address = re.search(r" at 0x[0-9a-f]+", text)
            if address:
                line = text[max(0, address.start() - 60) : address.end()].splitlines()[-1]
                return f"{where} prints a memory address, which changes from run to run: ...{line}"
    size = len(to_bytes(notebook))
    if size > LARGEST:
        return f"{size // 1000} kB is more than {LARGEST // 1000} kB; the largest outputs: {_largest(notebook)}"
    return None


def only_a_view(output):
    """Whether an output has nothing but a live widget: its still picture is an output of its own."""
    return set(output.get("data", ())) == {WIDGET_VIEW}


def smaller_png(encoded):
    """The same picture (base64) in 256 colours or packed harder, when that saves 10 % and nothing can be seen."""
    from PIL import Image

    raw = base64.b64decode(encoded)
    picture = Image.open(io.BytesIO(raw))
    resolution = {"dpi": picture.info["dpi"]} if "dpi" in picture.info else {}
    picture = picture.convert("RGBA")
    if picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")
    candidates = [picture]
    if picture.mode == "RGB":
        reduced = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        if looks_the_same(picture, reduced):
            candidates.append(reduced)
    packed = [raw]
    for candidate in candidates:
        buffer = io.BytesIO()
        candidate.save(buffer, "PNG", optimize=True, **resolution)
        packed.append(buffer.getvalue())
    smallest = min(packed, key=len)
    return base64.b64encode(smallest).decode("ascii") if len(smallest) <= 0.9 * len(raw) else encoded


def looks_the_same(picture, reduced):
    """Whether no colour channel of any pixel moved by more than 24 of 255 levels."""
    from PIL import ImageChops

    return all(largest <= 24 for _, largest in ImageChops.difference(picture, reduced.convert("RGB")).getextrema())


def _normalise_data(data):
    data.pop(WIDGET_VIEW, None)  # in a trusted notebook JupyterLab shows "model not found" in place of the picture
    if "image/png" in data:
        data["image/png"] = smaller_png(text_of(data["image/png"]).strip()) + "\n"


def _merged(outputs):
    merged = []
    for output in outputs:
        if output["output_type"] == "stream":
            output = {**output, "text": text_of(output["text"])}
            if merged and merged[-1].get("name") == output["name"]:
                merged[-1]["text"] += output["text"]
                continue
        merged.append(output)
    return merged


def _with_lines(cell):
    cell = {**cell, "source": _lines(cell["source"])}
    if "outputs" in cell:
        cell["outputs"] = [_output_with_lines(output) for output in cell["outputs"]]
    return cell


def _output_with_lines(output):
    if "text" in output:
        return {**output, "text": _lines(output["text"])}
    if "data" in output:
        return {**output, "data": {key: _data_lines(key, value) for key, value in output["data"].items()}}
    return output


def _data_lines(mime, value):
    is_text = isinstance(value, (str, list)) and (mime.startswith("text/") or mime == "image/svg+xml")
    return _lines(value) if is_text else value


def _lines(source):
    return text_of(source).splitlines(keepends=True)


def _all_text(output):
    data = output.get("data", {})
    texts = [text_of(value) for mime, value in data.items() if mime.startswith("text/")]
    return "\n".join([*texts, text_of(output.get("text", ""))])


def _largest(notebook):
    sizes = [
        (len(json.dumps(output)), f"cell {number} with {len(json.dumps(output)) // 1000} kB")
        for number, cell in enumerate(notebook["cells"], 1)
        for output in cell.get("outputs", ())
    ]
    return ", ".join(text for _, text in sorted(sizes, reverse=True)[:3])
