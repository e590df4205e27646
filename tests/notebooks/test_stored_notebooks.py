"""What a student meets who only opens a stored notebook: pictures, order, prose, and exercises with hidden answers."""

import ast
import re
import statistics
from functools import cache

import nbformat
import pytest
from nbconvert import HTMLExporter
from ours import NOTEBOOKS

PUBLIC = {"nnlab", "torch", "torchmetrics", "matplotlib.pyplot", "sklearn.linear_model", "ipywidgets"}
STANDARD = {"math", "tempfile", "time"}  # Python's own: cos and log of a number, a folder for a while, a clock

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@cache
def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def texts(path):
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def outputs(path):
    return [output for cell in code_cells(path) for output in cell.outputs]


def is_set_up(cell):
    """The cell that does nothing outside Colab and Kaggle."""
    return "google.colab" in cell.source


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


@cache
def as_html(path):
    exporter = HTMLExporter()
    exporter.embed_images = False
    return exporter.from_notebook_node(read(path))[0]


def test_without_a_kernel_every_picture_is_shown(path):
    pictures = sum("image/png" in output.get("data", {}) for output in outputs(path))
    shows = sum(bool(re.search(r"nnlab\.explorers\.\w+\(.*\)\s*$", cell.source)) for cell in code_cells(path))
    html = as_html(path)
    assert len(re.findall(r'<img[^>]*src="data:image/png', html)) == pictures >= max(shows, 1)
    assert "Loading widget" not in html
    assert "Error displaying widget" not in html


def test_the_file_is_small_and_holds_no_widget_state(path):
    assert path.stat().st_size <= 300_000
    assert "widgets" not in read(path).metadata
    assert read(path).metadata.kernelspec.name == "python3"


def test_nothing_went_wrong_in_the_stored_run(path):
    assert [output.evalue for output in outputs(path) if output.output_type == "error"] == []
    assert [output.text for output in outputs(path) if output.get("name") == "stderr"] == []
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


def test_it_starts_with_a_question_and_says_what_it_takes(path):
    start = "\n".join(texts(path)[:3])
    title = next(line for line in start.splitlines() if line.startswith("# "))
    assert title.endswith("?")
    for label in ("You will learn", "You need", "Cost"):
        assert label in start
    assert re.search(r"\d+ (s|seconds)\b", start)
    assert re.search(r"\d+ MB", start)


def test_code_comes_in_small_bites(path):
    sizes = [len(lines(cell)) for cell in code_cells(path) if not is_set_up(cell) and not is_hidden(cell)]
    assert 20 <= sum(not is_solution(cell) for cell in code_cells(path)) <= 40
    assert statistics.median(sizes) <= 4
    assert sorted(sizes)[int(0.9 * (len(sizes) - 1))] <= 8  # the ninetieth percentile
    assert max(sizes) <= 14
    assert all(len(lines(cell)) <= 20 for cell in code_cells(path) if is_hidden(cell))


def test_no_text_is_long_and_no_notebook_either(path):
    assert [text for text in texts(path) if len(text.split()) > 120] == []
    assert len(read(path).cells) <= 90


def test_one_cell_imports_and_only_public_names(path):
    trees = [ast.parse(cell.source) for cell in code_cells(path) if not is_set_up(cell)]
    importing = [[n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)] for tree in trees]
    (statements,) = filter(None, importing)
    assert all(isinstance(statement, ast.Import) for statement in statements)
    assert {alias.name for statement in statements for alias in statement.names} <= PUBLIC | STANDARD


def test_contenders_are_compared_in_pairs_and_never_by_their_bands(path):
    code = "\n".join(cell.source for cell in code_cells(path))
    assert code.count("nnlab.ensemble.train(") < 2 or "nnlab.compare(" in code
    sentences = [sentence for text in texts(path) for sentence in re.split(r"(?<=[.!?])\s", text)]
    assert [s for s in sentences if "band" in s and "overlap" in s and "decides nothing" not in s] == []


def test_there_is_at_least_as_much_text_as_code(path):
    shown = [cell for cell in code_cells(path) if not is_set_up(cell) and not is_hidden(cell)]
    words = sum(len(text.split()) for text in texts(path))
    assert words >= sum(len(cell.source.split()) for cell in shown)


def is_hidden(cell):
    return cell.metadata.get("jupyter", {}).get("source_hidden", False)


def is_solution(cell):
    return "solution" in cell.metadata.get("tags", [])


def test_only_answers_are_hidden(path):
    for cell in code_cells(path):
        assert is_hidden(cell) or not is_solution(cell)
        assert is_solution(cell) or not is_hidden(cell) or "nnlab.predict(" in cell.source


def test_every_exercise_has_a_stub_and_a_hidden_solution(path):
    stubs, solutions = {}, {}
    for cell in code_cells(path):
        for id in re.findall(r'nnlab\.check\("([\d.]+)"', cell.source):
            (solutions if is_solution(cell) else stubs).setdefault(id, []).append(cell)
    assert stubs.keys() == solutions.keys()
    assert all(id.startswith(path.stem[:2] + ".") for id in stubs)
    assert 3 <= len(stubs) <= 5 or path.stem.startswith("00")
    for id, cells in stubs.items():
        assert shown_by(cells) == [f"○ {id} not attempted"]
        assert shown_by(solutions[id]) == [f"✓ {id} correct"]


def shown_by(cells):
    """The beginnings of the reports under these cells."""
    reports = [output.data["text/plain"] for cell in cells for output in cell.outputs if "data" in output]
    return [report.split(":")[0] for report in reports]
