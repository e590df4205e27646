"""A small site (with ``--ends`` the whole one), opened from disk without a network: it moves, asks, finds, and prints.

What every page must hold is looked at on every page, and every explorer is moved by keys, mouse and finger.
"""

import re
import time
from contextlib import contextmanager
from types import SimpleNamespace

import axe
import pytest

from benchmarks.agreement import agree
from benchmarks.notebook_page import ShownExplorer
from benchmarks.pages import ALIVE, WIDTH, open_offline
from nnlab.commands.site.build import SITE, build
from nnlab.stage.alone.recording import Caps

SMALL = {"notebooks": ["00"], "named": ["descent_2d", "activation"], "caps": Caps(frames=140)}
OF_EACH_KIND = (
    "index",
    "00_start_here",
    "03_losses_and_metrics",
    "gallery",
    "explorer_descent_2d",
    "lectures",
    "search",
)
OF_EACH_KIND += ("reference_data",)
TELEPHONE = 390
LOW = """() => [...document.querySelectorAll('.nnlab-alone, .nnlab-predict')].flatMap(host => {
    const kinds = 'button:not(.nnlab-handle), select, input[type=checkbox], label:has(input), .nnlab-value';
    return [...host.shadowRoot.querySelectorAll(kinds)];
}).concat([...document.querySelectorAll('button, summary, nav a, .top a, input, .begin, .gallery a')])
    .filter(part => part.checkVisibility() && part.getBoundingClientRect().height < 40)
    .map(part => part.outerHTML.slice(0, 120))"""
CUT = """() => [...document.querySelectorAll('pre, table, math mrow, main img, p, dt')]
    .filter(part => part.checkVisibility() && part.getBoundingClientRect().right > document.body.clientWidth + 1)
    .map(part => part.outerHTML.slice(0, 160))"""
WIDE = """() => [...document.querySelectorAll('main *')].filter(part => part.scrollWidth > part.clientWidth + 1)
    .filter(part => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(part).overflowX))
    .map(part => part.outerHTML.slice(0, 160))"""
HIDDEN = """() => [...document.querySelectorAll('.nnlab-proof')]
    .filter(proof => proof.children.length && !proof.checkVisibility()).length"""
STRANGE = """() => new Promise(done => {
    document.addEventListener('securitypolicyviolation', () => done('refused'), {once: true});
    const script = document.createElement('script');
    script.%s;
    document.head.append(script);
    setTimeout(() => done(window.strange ? 'ran' : 'nothing'), 2000);
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory, request):
    """A site, its pages, and what was wrong with it."""
    folder = tmp_path_factory.mktemp("site")
    settings = {"caps": SITE} if request.config.getoption("--ends") else {**SMALL, "cache": folder / "kept"}
    wrong = build(folder / "site", **settings, workers=2)
    pages = sorted((folder / "site").glob("*.html"))
    if "cache" in settings:
        pages = [path for path in pages if path.stem in OF_EACH_KIND]
        assert len(pages) == len(OF_EACH_KIND)
    return SimpleNamespace(folder=folder / "site", wrong=wrong, pages=pages, settings=settings)


@contextmanager
def opened(browser, path, **settings):
    """A page of the site, alive, and in the end that nothing was complained of."""
    with open_offline(browser, path, **settings) as (page, complaints):
        yield page
        assert complaints == [], path.name


def answer_all(page):
    """Choose in every question; each says its verdict, and what it hid is seen."""
    for question in page.locator(".nnlab-predict").all():
        question.locator("input[type=radio]").first.check()
        question.locator(".nnlab-verdict").get_by_text(re.compile(r"\S")).wait_for()
    assert page.evaluate(HIDDEN) == 0
    page.wait_for_function(ALIVE)


def explorers(page):
    """Every explorer that is seen."""
    return [ShownExplorer(page, root) for root in page.locator(".nnlab-alone .nnlab-panel").all() if root.is_visible()]


def test_nothing_is_wrong_with_it_and_a_second_build_is_the_same_and_quick(site):
    assert site.wrong == []
    before = {path.name: path.read_bytes() for path in site.folder.glob("*.html")}
    started = time.monotonic()
    assert build(site.folder, **site.settings) == []
    assert time.monotonic() - started < 120
    assert {path.name: path.read_bytes() for path in site.folder.glob("*.html")} == before


def test_on_every_page_every_explorer_moves_and_every_question_is_answered(browser, site):
    moved = 0
    for path in site.pages:
        with opened(browser, path) as page:
            answer_all(page)
            for shown in explorers(page):
                before = agree(shown)
                for k in range(shown.sliders.count()):
                    seen = {before}
                    for key in ("Home", "End"):
                        shown.press(k, key)
                        seen.add(agree(shown))
                    assert len(seen) >= 2, (path.name, before)
                box = shown.sliders.first.bounding_box()
                page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2)
                agree(shown)
                moved += 1
    assert moved >= 3


def test_on_a_telephone_it_moves_by_touch_and_nothing_is_cut_or_small(browser, site):
    for path in site.pages:
        with opened(browser, path, phone=True) as page:
            answer_all(page)
            assert page.evaluate(WIDTH) <= TELEPHONE, f"{path.name} scrolls sideways"
            assert page.evaluate(CUT) == [], path.name
            assert page.evaluate(WIDE) == [], path.name
            assert page.evaluate(LOW) == [], path.name
            for shown in explorers(page):
                slider = shown.sliders.first
                slider.scroll_into_view_if_needed()
                box = slider.bounding_box()
                page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
                agree(shown)


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_on_any_page(browser, site, dark):
    for path in site.pages:
        with open_offline(browser, path, dark=dark) as (page, _):  # axe wants to load style sheets once more: refused
            answer_all(page)
            for folded in page.locator("details").all():
                folded.evaluate("e => { e.open = true; }")
            assert axe.violations(page, within="body") == [], path.name


@pytest.mark.parametrize(
    "code", ["textContent = 'window.strange = 1'", "src = 'data:text/javascript,window.strange = 1'"]
)
def test_a_page_runs_no_code_but_its_own_files(browser, site, code):
    with open_offline(browser, site.folder / "index.html") as (page, _):
        assert page.evaluate(STRANGE % code) == "refused"


def test_search_finds_without_a_network(browser, site):
    with opened(browser, site.folder / "index.html") as page:
        page.get_by_role("searchbox").fill("gradient")
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li a")
        found = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert len(found) > 3
        assert all((site.folder / re.split("[?#]", link)[0]).is_file() for link in found)


def test_a_reader_chooses_the_theme_and_it_stays(browser, site):
    with opened(browser, site.folder / "index.html") as page:
        ground = "() => getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        page.get_by_role("button", name="Dark", exact=True).click()
        dark = page.evaluate(ground)
        assert dark != light
        assert page.locator(".nnlab-panel.nnlab-dark").count() >= 1
        page.reload()
        assert page.evaluate(ground) == dark


def test_code_can_be_copied(browser, site):
    with opened(browser, site.folder / "00_start_here.html") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        block = page.locator(".highlight-ipython3:visible").first
        block.get_by_role("button", name="Copy").click()
        block.get_by_role("button", name=re.compile("Copied|Selected")).wait_for()


def test_on_paper_no_code_is_cut(browser, site):
    for path in site.pages:
        with opened(browser, path) as page:
            page.set_viewport_size({"width": 718, "height": 1047})  # A4 without its margins
            page.emulate_media(media="print")
            assert page.evaluate(WIDTH) <= 718, path.name
            assert page.evaluate(CUT) == [], path.name
            assert not page.locator(".top").is_visible()
