"""What an exported page is made of: formulas without a script, folded cells, words for pictures, files in a folder."""

from copy import deepcopy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nnlab.commands import cli
from nnlab.commands.export import files, printing
from nnlab.commands.export.cells import Prepared, words_for
from nnlab.commands.export.exporters import PageExporter, SlidesExporter
from nnlab.commands.export.text import html_of, parts
from nnlab.commands.formulas import mathml

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=="


def picture(alt=""):
    told = {"image/png": {"alt": alt}} if alt else {}
    return new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"}, metadata=told)


def notebook(*cells):
    return new_notebook(cells=list(cells))


def page(*cells, exporter=PageExporter):
    return exporter().from_notebook_node(notebook(*cells))[0]


def prepared(*cells):
    return Prepared().preprocess(deepcopy(notebook(*cells)), {"metadata": {"name": "made_up"}})


@pytest.mark.parametrize("latex", [r"\eta", r"\frac{1}{N}\sum_{i=1}^N x_i", r"\tfrac12", r"\text{loss}", r"\hat z"])
def test_a_formula_is_mathml(latex):
    html = mathml(latex)
    assert html.startswith("<math")
    assert "\\" not in html


def test_formulas_of_one_line_may_stand_one_below_the_other():
    assert parts(r"a = b, \qquad c = d") == ["a = b, ", " c = d"]
    together = r"\left( a \qquad b \right)"
    assert parts(together) == [together]
    assert html_of("$$a \\qquad b$$").count("<math") == 2


def test_markdown_keeps_code_and_loads_no_picture_from_the_network():
    html = html_of("`$x$` and $y_1$ and [![Open in Binder](https://a.org/b.svg)](https://c.org)")
    assert "<code>$x$</code>" in html
    assert html.count("<math") == 1
    assert "<img" not in html
    assert '<a href="https://c.org">Open in Binder</a>' in html


@pytest.mark.parametrize(("suffix", "expected"), [(".html", '<a href="06_a.html#b">c</a>'), ("", "c")])
def test_links_lead_to_the_notebook_beside_it_in_the_same_form(suffix, expected):
    assert html_of("[c](06_a.ipynb#b)", suffix) == f"<p>{expected}</p>\n"
    assert 'href="https://x.org/y.ipynb"' in html_of("[c](https://x.org/y.ipynb)", suffix)


def test_a_picture_says_what_it_shows():
    html = page(new_code_cell('ax.set(title="seven heads")', outputs=[picture("a < b"), picture()]))
    assert 'alt="a &lt; b"' in html
    assert 'alt="A plot: seven heads."' in html
    assert words_for('a.set_title("x"); f(title=f"{y}"); b.set(title="z")') == "A plot: x; z."


def test_what_lives_only_in_jupyterlab_is_left_out():
    widget = new_output("display_data", {"text/plain": "VBox(children=(FloatSlider(value=1.0),))"})
    assert "VBox" not in page(new_code_cell("box", outputs=[widget]))


def test_solutions_and_answers_and_set_up_are_folded():
    hidden = {"jupyter": {"source_hidden": True}}
    asked = new_output("display_data", {"text/markdown": "**Predict:** up?", "text/plain": "Predict: up?"})
    cells, _ = prepared(
        new_code_cell("%pip", metadata={"tags": ["setup"]}),
        new_code_cell("nnlab.predict()", metadata=hidden, outputs=[asked, picture("up")]),
        new_code_cell("1", metadata={**hidden, "tags": ["solution"]}),
        new_code_cell("2"),
    )
    assert [cell.metadata.get("folded", {}).get("kind") for cell in cells.cells] == [
        *("setup", None, "answer", "solution", None)
    ]
    assert cells.cells[1].source == "**Predict:** up?"
    html = page(*cells.cells)
    assert html.index("Predict:") < html.index("<summary>The answer</summary>") < html.index('alt="up"')


def test_slides_begin_at_texts_and_pictures_or_where_the_author_says_so():
    cells = [new_markdown_cell("# A"), new_code_cell("1"), new_code_cell("2", outputs=[picture()]), new_code_cell("3")]
    assert [cell.metadata.get("slide") for cell in prepared(*cells)[0].cells] == [1, None, 2, None]
    cells[3].metadata["slideshow"] = {"slide_type": "slide"}
    cells[1].metadata["slideshow"] = {"slide_type": "skip"}
    marked, resources = prepared(*cells)
    assert [cell.metadata.get("slide") for cell in marked.cells] == [1, None, None, 2]
    assert resources["title"] == "A"
    html = page(*cells, exporter=SlidesExporter)
    assert html.count("<section") == html.count("</section") == 2


def test_files_lie_in_the_folder_and_are_named_after_the_notebook(tmp_path, capsys):
    path = tmp_path / "own.ipynb"
    nbformat.write(notebook(new_markdown_cell("# Mine")), path)
    assert files.main([str(path), str(tmp_path / "out")]) == 0
    assert files.main(["--slides", str(path), str(tmp_path / "out")]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["own.html", "own.slides.html"]
    assert "own.html: " in capsys.readouterr().out


def test_what_cannot_be_exported_is_said_in_a_sentence(tmp_path, capsys, monkeypatch):
    assert files.main(["99", str(tmp_path)]) == 1
    assert "There is no notebook '99'" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert files.main(["06", str(tmp_path / "file")]) == 1
    assert "cannot be written to" in capsys.readouterr().err
    monkeypatch.setattr(printing, "find_browser", lambda: None)
    assert files.main(["--pdf", "06", str(tmp_path)]) == 1
    assert "export pages, and print those" in capsys.readouterr().err


def test_a_browser_that_prints_nothing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "find_browser", lambda: "/bin/false")
    with pytest.raises(printing.SetupError, match="printed no PDF"):
        printing.print_page(tmp_path / "a.html", tmp_path / "a.pdf")


def test_the_command_runs_in_the_prepared_interpreter(monkeypatch):
    ran = []
    monkeypatch.setattr(cli, "prepare", lambda: "python")
    monkeypatch.setattr(cli, "_become", ran.append)
    cli.main(["export", "06", "out"])
    assert ran == [["python", "-m", "nnlab.commands.export.files", "06", "out"]]


def test_what_follows_an_answer_is_on_another_slide():
    hidden = {"jupyter": {"source_hidden": True}}
    cells, _ = prepared(new_markdown_cell("?"), new_code_cell("answer", metadata=hidden), new_code_cell("proof"))
    assert [cell.metadata.get("slide") for cell in cells.cells] == [1, None, 2]
