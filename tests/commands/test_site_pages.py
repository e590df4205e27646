"""What becomes of a notebook on its page, and what is said of a site in which something is wrong."""

import base64
import html
import re

import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import nnlab
from nnlab.commands.formulas import mathml
from nnlab.commands.notebook_files import read
from nnlab.commands.site import alive
from nnlab.commands.site.alive import merged
from nnlab.commands.site.build import SITE, main
from nnlab.commands.site.checked import complaints, sizes
from nnlab.commands.site.contents import DOCS, first_page, text_page
from nnlab.commands.site.frame import POLICY, lighten, slug
from nnlab.commands.site.kernel import MARK, in_words
from nnlab.commands.site.pages import fenced, flat, page
from nnlab.commands.site.reference import groups
from nnlab.commands.start.environment import ROOT

PNG = base64.b64encode(nnlab.explorers.activation().png()).decode()
HEAD = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{POLICY}">'


def cell(source, *outputs, **metadata):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": metadata}


def text(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def shown(metadata=None, **data):
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def made(tmp_path, *cells):
    return page("06_made", {"cells": [text("# What?\n\nWords."), *cells]}, tmp_path)


def test_a_page_begins_with_its_reading_time(tmp_path):
    cells = [cell('nnlab.check("06.1", ...)'), cell('nnlab.check("06.1", 3)', jupyter={"source_hidden": True})]
    assert made(tmp_path, *cells).startswith("# What?\n\n*5 minutes to read, 1 exercises*\n\nWords.")


def test_code_and_outputs_keep_their_order_and_their_letters(tmp_path):
    stream = {"output_type": "stream", "name": "stdout", "text": ["a < b\n", "```\n"]}
    told = made(tmp_path, cell("print('`' * 3)  # ```", stream))
    assert "````{code-block} ipython3\nprint('`' * 3)  # ```\n````" in told
    assert told.index("{code-block}") < told.index('<pre class="output">a &lt; b\n```</pre>')


def test_what_a_notebook_folds_is_folded(tmp_path):
    hidden = {"source_hidden": True}
    told = made(
        tmp_path,
        cell("import os", tags=["setup"]),
        cell("secret()", shown(**{"text/plain": "seen"}), jupyter=hidden),
        cell('# Solution\nnnlab.check("06.1", f)', shown(**{"text/plain": "✓"}), tags=["solution"], jupyter=hidden),
    )
    folded = [part.partition("</details>")[0] for part in told.split("<details>")[1:]]
    assert [part.partition("</summary>")[0] for part in folded] == [
        "<summary>Set-up on Colab and Kaggle",
        "<summary>The code of this",
        "<summary>Solution of 06.1",
    ]
    assert "✓" in folded[2]
    assert "seen" not in folded[1]


def test_an_exercise_has_its_two_hints(tmp_path):
    told = made(tmp_path, cell('nnlab.check("06.1", ...)'))
    assert told.count("<details>") == 2
    assert "<summary>Hint 2 of 2 for 06.1</summary>" in told


def test_a_picture_is_a_file_with_words_and_a_size(tmp_path):
    told = made(
        tmp_path, cell("draw()", shown({"image/png": {"alt": 'a "curve"', "width": 400}}, **{"image/png": PNG}))
    )
    assert (tmp_path / "pictures" / "06_made-1.png").read_bytes() == base64.b64decode(PNG)
    assert 'alt="a &quot;curve&quot;" width="400" height="' in told


def test_a_widget_that_needs_a_kernel_is_said_to(tmp_path):
    told = made(tmp_path, cell("box", shown(**{"text/plain": "VBox(children=(FloatSlider(value=0.9),))"})))
    assert "VBox" not in told
    assert "needs a kernel" in told


def test_code_loses_marks_that_no_rule_speaks_of_and_no_letter():
    source = 'def f(x: float = 0.5):\n    """Half < whole."""\n    return torch.relu(x) @ "&"  # so\n'
    marked = highlight(source, PythonLexer(), HtmlFormatter())
    context = {"body": marked}
    lighten(None, "", "", context, None)
    told = [html.unescape(re.sub("<[^>]*>", "", text)) for text in (marked, context["body"])]
    assert [text.strip() for text in told] == [source.strip()] * 2
    rules = (ROOT / "nnlab" / "commands" / "site" / "course" / "static" / "site.css").read_text(encoding="utf-8")
    ruled = set(re.findall(r"\.(\w+)", " ".join(re.findall(r"\.highlight :is\((.*?)\)", rules))))
    before, after = (set(re.findall('<span class="([^"]*)"', text)) for text in (marked, context["body"]))
    assert ruled & after == ruled & before, "what is coloured stays"
    assert {"k", "mf", "c1"} <= after < before
    assert len(context["body"]) < 0.8 * len(marked)


def test_links_lead_to_pages_and_badges_are_words():
    assert (
        flat("[06](../notebooks/06_optimizers.ipynb#Adam,-too) [7](07_x.ipynb)")
        == "[06](06_optimizers.md#Adam,-too) [7](07_x.md)"
    )
    assert flat("[![Open in Binder](https://a/b.svg)](https://c)") == "[Open in Binder](https://c)"
    assert slug("Where in, colour out") == "Where-in,-colour-out"


def test_a_fence_is_longer_than_any_in_its_text():
    assert fenced("raw", "html", "a ````` b").startswith("``````{raw} html\n")


def test_what_lives_takes_the_place_of_what_is_stored_and_nothing_else_does():
    stored = {"cells": [cell("a", shown(**{"text/plain": "old"})), cell("b", shown(**{"image/png": PNG}))]}
    alive = shown({MARK: []}, **{"text/html": "<div>"})
    view = shown(**{"application/vnd.jupyter.widget-view+json": {}})
    warned = {"output_type": "stream", "name": "stderr", "text": "no room"}
    fresh = {
        "cells": [
            cell("a", alive, view, warned),
            cell("b", shown({"image/png": {"alt": "words"}}, **{"image/png": "x"})),
        ]
    }
    told = merged(stored, fresh)["cells"]
    assert told[0]["outputs"] == [alive]
    assert told[1]["outputs"][0]["data"] == {"image/png": PNG}
    assert told[1]["outputs"][0]["metadata"] == {"image/png": {"alt": "words"}}


def test_a_figure_is_told_by_its_titles_and_axes():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.set(title="loss", xlabel="step", ylabel="$L$")
    right.set(xlabel="step")
    assert in_words(figure) == "loss: L over step; step"
    assert in_words(Figure()) == "What the code above draws"


def test_the_first_page_leads_to_every_notebook():
    told = first_page(["05_weight_initialization", "06_optimizers"], {"descent_2d": "<b>moves</b>"})
    assert "| 06 | [What does each optimizer remember?](06_optimizers.md) | 40 min | 4 in 35 min |" in told
    assert "\n06 What does each optimizer remember? <06_optimizers>\n" in told
    assert 'href="05_weight_initialization.html"' in told
    assert "<b>moves</b>" in told


@pytest.mark.parametrize("name", DOCS)
def test_no_text_leads_out_of_the_site(name):
    assert "](../" not in text_page(name)
    assert ".ipynb" not in text_page(name)


def test_the_reference_has_every_public_name():
    assert [name for names in groups().values() for name in names] == nnlab.__all__


def test_every_doc_is_on_the_site():
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} == set(DOCS)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="b.html">b</a>', "b.html is not there"),
        ('<a href="#nowhere">b</a>', "#nowhere names a place that is not on a.html"),
        ('<script src="https://else.where/x.js"></script>', "loads https://else.where/x.js from elsewhere"),
        ("<script>alert(1)</script>", "a script stands in the page"),
        ('<p style="color: red">', "p has style"),
        ('<p onclick="x()">', "p has onclick"),
        ('<script type="text/plain" data-address="frames/x-0.js"></script>', "frames/x-0.js is not there"),
    ],
)
def test_what_is_wrong_with_a_page_is_said(tmp_path, body, said):
    (tmp_path / "a.html").write_text(HEAD + body, encoding="utf-8")
    found = complaints(tmp_path, "")
    assert any(said in line for line in found), found


def test_a_page_without_its_policy_is_refused_and_a_good_one_is_not(tmp_path):
    (tmp_path / "a.html").write_text("<p id='x'><a href='#x'>", encoding="utf-8")
    assert complaints(tmp_path, "") == ["a.html has another policy: "]
    (tmp_path / "a.html").write_text(
        f"{HEAD}<p id='x'><a href='a.html#x'><a href='https://arxiv.org'>", encoding="utf-8"
    )
    assert complaints(tmp_path, "") == []


def test_launch_links_open_their_own_notebook(tmp_path):
    name = "06_optimizers"
    links = "".join(
        f'<a href="{address}">'
        for address in (
            f"https://mybinder.org/v2/gh/a/b/HEAD?urlpath=lab/tree/notebooks/{name}.ipynb",
            f"https://colab.research.google.com/github/a/b/blob/HEAD/notebooks/{name}.ipynb",
            f"https://kaggle.com/kernels/welcome?src=https://github.com/a/b/blob/HEAD/notebooks/{name}.ipynb",
        )
    )
    (tmp_path / f"{name}.html").write_text(HEAD + links, encoding="utf-8")
    assert complaints(tmp_path, "a/b") == []
    assert len(complaints(tmp_path, "c/d")) == 6
    assert len(complaints(tmp_path, "")) == 3


def test_a_page_weighs_what_it_loads_at_once(tmp_path):
    (tmp_path / "x-0.js").write_bytes(b"0" * 1000)
    (tmp_path / "x-1.js").write_bytes(b"0" * 5000)
    chunks = "".join(f'<script type="text/plain" data-address="x-{k}.js"></script>' for k in (0, 1))
    (tmp_path / "a.html").write_text(HEAD + chunks, encoding="utf-8")
    page_size = (tmp_path / "a.html").stat().st_size
    found = {what: size for what, size, _ in sizes(tmp_path)}
    assert found["heaviest page with its first chunks (a.html)"] == page_size + 1000
    assert found["first chunk, largest"] == 1000
    assert found["the whole site, 3 files"] == page_size + 6000


def test_the_stored_notebooks_need_no_widget_on_their_pages(tmp_path):
    told = page("06_optimizers", read(ROOT / "notebooks" / "06_optimizers.ipynb"), tmp_path)
    assert "(children=" not in told
    assert "](06_optimizers.ipynb" not in told


def test_a_formula_has_the_spaces_of_tex_and_every_part_its_parts():
    assert mathml(r"t \log p").count("<mspace") == 2
    assert mathml(r"\log(p)").count("<mspace") == 0
    assert mathml(r"\log_2 p").count("<mspace") == 0
    assert "<mspace" not in mathml(r"\frac{\log}{2}").partition("<mfrac>")[2].partition("</mfrac>")[0]


def test_a_page_that_is_kept_follows_code_caps_and_versions(tmp_path, monkeypatch):
    notebook = tmp_path / "06_made.ipynb"
    notebook.write_text("{}")
    package = tmp_path / "package"
    for name in ("stage/panel.js", "engine/network.py", "commands/cli.py"):
        (package / name).parent.mkdir(parents=True)
        (package / name).write_text("1")
    monkeypatch.setattr(alive, "PACKAGE", package)
    names = [alive.fingerprint(notebook, SITE), alive.fingerprint(notebook, SITE._replace(frames=7))]
    for changed in (notebook, package / "stage" / "panel.js", package / "engine" / "network.py"):
        changed.write_text("2")
        names.append(alive.fingerprint(notebook, SITE))
    (package / "commands" / "cli.py").write_text("2")
    assert alive.fingerprint(notebook, SITE) == names[-1], "a command is not seen on a page"
    monkeypatch.setattr(alive.metadata, "version", lambda library: "0")
    names.append(alive.fingerprint(notebook, SITE))
    assert len(set(names)) == len(names) == 6


def test_a_folder_with_something_else_in_it_stays_as_it_is(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main([str(tmp_path)]) == 1
    assert "holds something that is no site of nnlab. Name a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
