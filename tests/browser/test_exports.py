"""Notebooks as pages, slides and PDF, opened from disk without a network: nothing is missing, cut, or given away."""

import re
from pathlib import Path

import axe
import nbformat
import pytest
from pypdf import PdfReader

from benchmarks.lab import ROOT
from benchmarks.pages import WIDTH, open_offline
from nnlab.commands.export.cells import words_for
from nnlab.commands.export.files import export

NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SAMPLE = ["06_optimizers"]
PAPER = 673  # pixels: A4 without its margins
ALTS = "() => [...document.images].map(image => image.alt)"
BROKEN = "() => [...document.images].filter(image => !image.naturalWidth).length"
LATEX = r"""() => {
    const copy = document.body.cloneNode(true);
    copy.querySelectorAll('pre, code, math, script, style').forEach(part => part.remove());
    return copy.textContent.match(/\\[a-z]+|\$[^$]*\$/g) ?? [];
}"""
UNSEEN = """() => [...document.querySelectorAll('math')]
    .filter(formula => !formula.checkVisibility() || !formula.getBoundingClientRect().width)
    .map(formula => formula.outerHTML)"""
CUT = """right => [...document.querySelectorAll('main *')]
    .filter(part => part.checkVisibility())
    .filter(part => {
        const box = part.getBoundingClientRect();
        return box.left < -1 || box.right > right + 1 || part.matches('pre') && part.scrollWidth > part.clientWidth + 1;
    })
    .map(part => part.outerHTML.slice(0, 120))"""
SHOWN = "() => [...document.querySelectorAll('section')].filter(part => part.checkVisibility()).map(part => part.id)"
FOREIGN = """() => {
    const script = document.createElement('script');
    script.text = 'window.foreign = 1';
    document.body.append(script);
}"""
FOLDED = "kind => [...document.querySelectorAll(`details.${kind} .code`)].map(code => code.checkVisibility())"


class Files(dict):
    """Files of each kind, written when they are first asked for."""

    def __init__(self, folder: Path, names: list[str]):
        self.folder, self.names = folder, names

    def __missing__(self, kind: str) -> dict[str, Path]:
        self[kind] = dict(zip(self.names, export(self.names, self.folder, kind), strict=True))
        return self[kind]


@pytest.fixture(scope="module")
def files(tmp_path_factory, request):
    """Kind of file -> name of the notebook -> the file."""
    return Files(tmp_path_factory.mktemp("exports"), NOTEBOOKS if request.config.getoption("--ends") else SAMPLE)


def stored(name: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


def alternatives(name: str) -> list[str]:
    """What the pictures of a notebook say in words."""
    found = []
    for cell in stored(name).cells:
        shown = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        found += [output.metadata.get("image/png", {}).get("alt") or words_for(cell.source) for output in shown]
    return found


def is_folded(cell) -> bool:
    return bool({"solution", "setup"} & {*cell.metadata.get("tags", [])})


def mistaken(violation: str) -> bool:
    """axe does not read MathML, and takes the head of a column that is a formula for an empty one."""
    return violation.startswith("empty-table-header") and "<th><math" in violation


def test_a_page_has_all_that_the_notebook_shows_without_a_network(browser, files):
    for name, path in files["page"].items():
        with open_offline(browser, path) as (page, complaints):
            assert page.evaluate(ALTS) == alternatives(name)
            assert page.evaluate(BROKEN) == 0
            assert page.evaluate(LATEX) == []
            assert page.evaluate(UNSEEN) == []
            assert page.evaluate(WIDTH) <= 1200
            assert page.title() == page.locator("h1").first.inner_text()
            assert [said for said in axe.violations(page, within="main") if not mistaken(said)] == []
        assert complaints == []


def test_solutions_and_answers_are_folded_until_somebody_opens_them(browser, files):
    for name, path in files["page"].items():
        with open_offline(browser, path) as (page, _):
            solutions = [cell for cell in stored(name).cells if "solution" in cell.metadata.get("tags", [])]
            assert page.evaluate(FOLDED, "solution") == [False] * len(solutions)
            assert not any(page.evaluate(FOLDED, "answer"))
            if name != "00_start_here":
                page.get_by_text("Solution", exact=True).first.click()
                assert page.locator("details.solution .code").first.is_visible()


def test_nothing_leaves_the_screen_of_a_telephone(browser, files):
    for path in files["page"].values():
        with open_offline(browser, path, phone=True) as (page, complaints):
            assert page.evaluate(WIDTH) <= 390
        assert complaints == []


def test_nothing_is_cut_on_paper(browser, files):
    for name, path in files["page"].items():
        with open_offline(browser, path) as (page, _):
            page.set_viewport_size({"width": PAPER, "height": 900})
            page.emulate_media(media="print")
            assert page.evaluate(CUT, PAPER) == [], name
            assert page.locator("img").evaluate_all("all => all.every(picture => picture.checkVisibility())")
            assert not any(page.evaluate(FOLDED, "solution"))


def test_a_pdf_has_every_line_of_code_and_no_solution(files):
    for name, path in files["pdf"].items():
        pages = PdfReader(path).pages
        assert {tuple(round(float(side)) for side in page.mediabox[2:]) for page in pages} == {(595, 842)}
        said = squeezed("".join(page.extract_text() for page in pages))
        for cell in (cell for cell in stored(name).cells if cell.cell_type == "code"):
            lines = [squeezed(line) for line in cell.source.splitlines() if len(squeezed(line)) > 20]
            missing = [line for line in lines if line not in said]
            assert missing == [] or is_folded(cell), (name, missing)
        assert "#Solution" not in said


def squeezed(text: str) -> str:
    """Text without spaces and line breaks, which a page sets as it likes."""
    return re.sub(r"\s+", "", text)


def test_slides_are_turned_by_keys_and_each_fits(browser, files):
    for name, path in files["slides"].items():
        with open_offline(browser, path) as (page, complaints):
            count = page.locator("section").count()
            seen = []
            for _ in range(count):
                (shown,) = page.evaluate(SHOWN)
                seen.append(int(shown))
                assert page.evaluate(WIDTH) <= 1200, (name, shown)
                assert page.evaluate(CUT, 1200) == [], (name, shown)
                page.keyboard.press("ArrowRight")
            assert seen == [*range(1, count + 1)]
            page.keyboard.press("Home")
            page.get_by_role("button", name="the next slide").click()
            assert page.evaluate(SHOWN) == ["2"]
            assert sorted(page.evaluate(ALTS)) == sorted(alternatives(name))
            assert page.evaluate(BROKEN) == 0
            assert page.evaluate(LATEX) == []
        assert complaints == []


def test_without_a_script_slides_stand_one_below_the_other(browser, files):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(Path(files["slides"][SAMPLE[0]]).as_uri())
    slides = page.locator("section")
    assert slides.last.is_visible()
    assert slides.first.is_visible()
    context.close()


@pytest.mark.parametrize("kind", ["page", "slides"])
def test_a_page_allows_no_script_but_its_own(browser, files, kind):
    with open_offline(browser, files[kind][SAMPLE[0]]) as (page, complaints):
        page.evaluate(FOREIGN)
        assert page.evaluate("() => window.foreign") is None
        assert "Content Security Policy" in complaints[0]
