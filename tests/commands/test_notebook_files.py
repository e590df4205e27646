"""The normal form of a stored notebook."""

import base64
import copy
import io
import json

import nbformat
import numpy as np
import pytest
from PIL import Image

from nnlab.commands.notebook_files import LARGEST, complaint, normalise, smaller_png, to_bytes, write


def code(source="x", outputs=(), count=7):
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": "c1",
        "metadata": {"execution": {"iopub.status.busy": "2026"}, "tags": ["keep"]},
        "outputs": list(outputs),
        "source": source,
    }


def notebook(*cells):
    return {"cells": list(cells), "metadata": {"widgets": {"state": {}}}, "nbformat": 4, "nbformat_minor": 5}


def stream(text, name="stdout"):
    return {"name": name, "output_type": "stream", "text": text}


def shown(data, metadata=None):
    return {"data": data, "metadata": metadata or {}, "output_type": "display_data"}


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode()


def decoded(encoded):
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


@pytest.fixture
def gradient():
    """A smooth picture with thousands of colours, as anti-aliased lines and colour maps make them."""
    y, x = np.mgrid[0:120, 0:160]
    return np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8)


def test_what_differs_from_run_to_run_is_dropped():
    result = notebook(
        code(outputs=[{**shown({"text/plain": "1"}), "output_type": "execute_result", "execution_count": 7}])
    )
    normalise(result)
    assert "widgets" not in result["metadata"]
    assert result["metadata"]["language_info"] == {"name": "python"}
    assert result["cells"][0]["metadata"] == {"tags": ["keep"]}
    assert result["cells"][0]["outputs"][0]["execution_count"] == 1


def test_cells_are_counted_from_one_and_empty_ones_not_at_all():
    result = notebook(code(count=4), code("  \n", count=None), code(count=9))
    normalise(result)
    assert [cell["execution_count"] for cell in result["cells"]] == [1, None, 2]


def test_neighbouring_streams_are_one_output():
    result = notebook(code(outputs=[stream("a\n"), stream(["b\n", "c"]), shown({"text/plain": "x"}), stream("d")]))
    normalise(result)
    assert [output.get("text") for output in result["cells"][0]["outputs"]] == ["a\nb\nc", None, "d"]


def test_widget_views_are_not_stored_but_the_picture_beside_them_and_its_size_are(gradient):
    data = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "12", "version_major": 2, "version_minor": 0},
        "image/png": png(gradient),
        "text/plain": "Explorer",
    }
    result = notebook(code(outputs=[shown(data, {"image/png": {"width": 80}})]))
    normalise(result)
    assert set(result["cells"][0]["outputs"][0]["data"]) == {"image/png", "text/plain"}
    assert result["cells"][0]["outputs"][0]["metadata"] == {"image/png": {"width": 80}}


def test_the_file_is_what_nbformat_writes_and_normalising_twice_changes_nothing(gradient):
    result = notebook(code("a = 1\nb", [stream("x\ny\n"), shown({"image/png": png(gradient), "text/plain": "µ"})]))
    normalise(result)
    again = copy.deepcopy(result)
    normalise(again)
    assert to_bytes(again) == to_bytes(result)
    node = nbformat.from_dict(copy.deepcopy(result))
    nbformat.validate(node)
    assert to_bytes(result).decode() == nbformat.writes(node) + "\n"


def test_a_picture_gets_smaller_and_looks_the_same(gradient):
    before = png(gradient)
    after = smaller_png(before)
    assert len(after) <= 0.9 * len(before)
    assert np.abs(np.asarray(decoded(after).convert("RGB")).astype(int) - gradient).max() <= 24
    assert smaller_png(before) == after
    assert smaller_png(after) == after


def test_a_picture_that_256_colours_would_spoil_keeps_every_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(decoded(smaller_png(png(pixels))).convert("RGB")), pixels)


def test_transparency_survives():
    pixels = np.zeros((40, 40, 4), dtype=np.uint8)
    pixels[10:20] = 128
    assert np.array_equal(np.asarray(decoded(smaller_png(png(pixels))).convert("RGBA")), pixels)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (stream("oops", "stderr"), "cell 1 (In [1]) writes to stderr: oops"),
        (stream("<f at 0x7f00aa>\n"), "cell 1 (In [1]) prints a memory address"),
        (shown({"text/plain": ["<f\n", " at 0x7f00aa>"]}), "prints a memory address"),
        (shown({"text/html": "<i>x at 0x7f00aa</i>"}), "prints a memory address"),
        (
            shown({"text/plain": "Explorer mine failed: E: why\nmore"}),
            "explorer that failed: Explorer mine failed: E: why",
        ),
        (stream("a" * LARGEST), "300 kB is more than 300 kB; the largest outputs: cell 1 with 300 kB"),
    ],
)
def test_what_must_not_be_stored_is_named(output, reason):
    result = notebook(code(outputs=[output]))
    normalise(result)
    assert reason in complaint(result)


def test_ordinary_outputs_are_not_complained_about():
    result = notebook(
        code(
            outputs=[
                stream("loss at 0.5\n"),
                shown({"text/plain": "Explorer mine: the run failed: no."}),
                shown({"text/plain": "<Figure size 640x480 with 1 Axes>"}),
            ]
        )
    )
    normalise(result)
    assert complaint(result) is None


def test_the_same_content_is_not_written_again(tmp_path):
    path = tmp_path / "a.ipynb"
    result = notebook(code())
    assert write(path, result)
    before = path.stat()
    assert not write(path, result)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    result["cells"][0]["source"] = "y"
    assert write(path, result)
    assert json.loads(path.read_text())["cells"][0]["source"] == ["y"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    write(path, notebook(code()))
    before = path.read_bytes()

    def fail(source, target):
        raise OSError("no")

    monkeypatch.setattr("nnlab.commands.notebook_files.os.replace", fail)
    with pytest.raises(OSError, match="no"):
        write(path, notebook(code("y")))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
