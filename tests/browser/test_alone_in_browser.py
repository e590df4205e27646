"""Explorers in files of their own, opened from disk without a network: every control moves, and nothing lies."""

import random
import warnings
from contextlib import contextmanager
from statistics import median

import axe
import pytest

import nnlab
from benchmarks.agreement import agree
from benchmarks.notebook_page import ShownExplorer
from benchmarks.pages import WIDTH, answer_time, open_offline
from nnlab.stage.alone.asked import asked
from nnlab.stage.alone.page import IMAGE, fragment, script
from nnlab.stage.alone.page import page as page_of
from nnlab.stage.alone.portable import LARGEST, in_files, shown_now
from nnlab.stage.alone.recording import Caps, record

SITE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Site</title>
<meta name="viewport" content="width=device-width">"""
SAMPLE = ("activation", "descent_2d")
FEW = Caps(frames=260)
FRAME_TIME = 17  # milliseconds
CROWDED = """<!doctype html><html lang="en"><title>A page with a style of its own</title>
<style>button { background: red; padding: 30px } input { width: 300px; display: block } p { font-size: 40px }
* { letter-spacing: 3px; box-sizing: content-box; line-height: 3 }</style><h1>Two</h1>"""
SMALL = """() => [...document.querySelectorAll('.nnlab-alone')].flatMap(host => {
    const kinds = 'button:not(.nnlab-handle), select, input[type=checkbox], .nnlab-options label, .nnlab-value';
    const parts = [...host.shadowRoot.querySelectorAll(kinds)];
    return parts.filter(part => part.getBoundingClientRect().height < 40).map(part => part.outerHTML.slice(0, 120));
})"""

# A picture fits, or it is as narrow as its letters allow (11 pixels), and is moved in a window of its own.
FITS = """root => {
    const [wide, sheet] = ['.nnlab-wide', '.nnlab-sheet'].map(part => root.querySelector(part));
    const moves = getComputedStyle(wide).overflowX === 'auto' && sheet.offsetWidth === parseInt(sheet.style.minWidth);
    return sheet.offsetWidth <= wide.clientWidth || moves;
}"""


@pytest.fixture(scope="module")
def files(tmp_path_factory, request):
    """Name -> the file of an explorer, written once."""
    folder, found = tmp_path_factory.mktemp("alone"), {}
    if request.config.getoption("--ends"):
        with warnings.catch_warnings(action="ignore"):
            found = {n: getattr(nnlab.explorers, n)().to_html(folder / f"{n}.html") for n in nnlab.explorers.__all__}
        assert {name: path.stat().st_size for name, path in found.items() if path.stat().st_size > LARGEST} == {}
        return found
    for name in SAMPLE:
        explorer, found[name] = getattr(nnlab.explorers, name)(), folder / f"{name}.html"
        bases = bases_of(explorer.description)
        text = page_of(shown_now(explorer), record(explorer.description, bases, FEW, shown=False))
        found[name].write_text(text, encoding="utf-8")
    return found


def bases_of(description):
    return [description.values(), *(description.values(**preset.values) for preset in description.presets)]


@contextmanager
def opened(browser, path, **settings):
    """A page of a file, its explorers, and in the end that nothing was complained of."""
    with open_offline(browser, path, **settings) as (page, complaints):
        yield page, [ShownExplorer(page, root) for root in page.locator(".nnlab-panel").all()]
        assert complaints == []


def places(page, track):
    """Points on the track of a slider or on the options of a choice, in pixels of the screen."""
    box = track.bounding_box()
    return [(box["x"] + share * box["width"], box["y"] + box["height"] / 2) for share in (0.8, 0.3)]


def move_all(page, shown, touch):
    """Every control by the pointer; after each move picture, sentence and controls belong together."""
    for row in shown.root.locator(".nnlab-control").all():
        targets = row.locator("input[type=range]").or_(row.locator(".nnlab-options label")).all()
        for target in targets:
            target.scroll_into_view_if_needed()
            for x, y in places(page, target):
                (page.touchscreen.tap if touch else page.mouse.click)(x, y)
                agree(shown)


def test_every_control_moves_by_keyboard_and_mouse_without_a_network(browser, files):
    for name, path in files.items():
        with opened(browser, path) as (page, (shown,)):
            assert agree(shown) == f"nnlab.explorers.{name}()"
            for k in range(shown.sliders.count()):
                seen = set()
                for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
                    shown.press(k, key)
                    seen.add(agree(shown))
                assert len(seen) >= 2, "a key changed nothing"
            for label in shown.presets.all_inner_texts():
                shown.push(label)
                agree(shown)
                assert shown.note.inner_text().startswith(label), "a preset is recorded itself"
            shown.push("reset")
            assert agree(shown) == f"nnlab.explorers.{name}()"
            move_all(page, shown, touch=False)


def test_at_random_settings_a_page_says_what_the_notebook_says(browser, files, request):
    """Wherever random clicks lead: controls, sentence, strokes and background are those of the live explorer there."""
    wanted = 50 if request.config.getoption("--ends") else 4
    for name, path in files.items():
        with opened(browser, path) as (page, (shown,)):
            chance, seen = random.Random(name), set()
            parts = shown.sliders.or_(shown.root.locator(".nnlab-options label")).or_(shown.toggles).or_(shown.presets)
            for _ in range(4 * wanted):
                part = chance.choice(parts.all())
                part.scroll_into_view_if_needed()
                box = part.bounding_box()
                page.mouse.click(box["x"] + chance.random() * box["width"], box["y"] + box["height"] / 2)
                seen.add(agree(shown))
                if len(seen) == wanted:
                    break
            assert len(seen) >= wanted // 2, name  # some have few settings


def test_every_control_moves_by_touch_on_a_telephone(browser, files):
    for path in files.values():
        with opened(browser, path, phone=True) as (page, (shown,)):
            move_all(page, shown, touch=True)
            assert page.evaluate(WIDTH) <= 390, "the page scrolls sideways"
            assert page.evaluate(SMALL) == []
            assert shown.root.evaluate(FITS), f"{path.stem}: its letters would allow a narrower picture"
            picture = shown.image.bounding_box()
            assert picture["x"] >= 0
            if path.stem in SAMPLE:
                assert picture["x"] + picture["width"] <= 390, "its panels stand one above the other"
                assert picture["height"] > picture["width"]


def test_a_value_that_was_not_recorded_goes_to_the_nearest_one_and_says_so(browser, files):
    with opened(browser, files["descent_2d"]) as (_, (shown,)):
        shown.fields.first.fill("0.0511")
        shown.fields.first.press("Enter")
        code = agree(shown)
        assert code != "nnlab.explorers.descent_2d(lr=0.0511)"
        assert "The nearest one: learning rate lr is now 0.0" in shown.note.inner_text()
        shown.fields.first.fill("9")
        shown.fields.first.press("Enter")
        assert "must be a number from " in shown.error.inner_text()
        assert shown.fields.first.input_value() != "9"


def test_what_was_touched_last_stays_and_the_others_go_where_there_is_a_picture(browser, files):
    with opened(browser, files["descent_2d"]) as (_page, (shown,)):
        shown.press(4, "End")  # steps
        assert agree(shown) == "nnlab.explorers.descent_2d(steps=200)"
        shown.press(2, "End")  # w1, of the start
        assert agree(shown) == "nnlab.explorers.descent_2d(start_w1=2.2)"
        assert shown.note.inner_text().endswith("The nearest one: steps is now 40.")


@pytest.mark.parametrize("width", [1200, 390])
def test_a_place_can_be_dragged_in_both_directions(browser, files, width):
    with opened(browser, files["descent_2d"]) as (page, (shown,)):
        page.set_viewport_size({"width": width, "height": 900})
        agree(shown)
        box = shown.root.locator(".nnlab-handle").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 100, y + 60, steps=8)
        page.mouse.up()
        code = agree(shown)
        assert "start_w1=" in code
        assert "start_w2=" in code
        box = shown.root.locator(".nnlab-handle").first.bounding_box()
        assert abs(box["x"] + box["width"] / 2 - x - 100) < 30, "it lies where it was dropped, up to a stop"
        assert abs(box["y"] + box["height"] / 2 - y - 60) < 30


def test_an_answer_comes_within_one_frame(browser, files):
    """From the key to the drawn picture, in the median of a busy machine."""
    for name, path in files.items():
        with opened(browser, path) as (_page, (shown,)):
            delays = answer_time(shown)
            assert len(delays) >= 10, name
            assert median(delays) < FRAME_TIME, (name, delays)


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(browser, files, dark):
    for path in files.values():
        for phone in (False, True):
            with opened(browser, path, dark=dark, phone=phone) as (page, _):
                assert axe.violations(page, within="main") == []


def test_two_fragments_live_on_a_page_that_has_a_style_of_its_own(browser, files, tmp_path):
    path = tmp_path / "two.html"
    left, right = nnlab.explorers.activation(), nnlab.explorers.activation(z=2.0)
    path.write_text(f"{CROWDED}{left.embed()}<p>between</p>{right.embed(front=False)}", encoding="utf-8")
    with opened(browser, path) as (_page, (first, second)):
        with opened(browser, files["activation"]) as (_, (alone,)):
            height = alone.root.bounding_box()["height"]
        assert abs(first.root.bounding_box()["height"] - height) < 40
        before = agree(second)
        first.press(0, "Home")
        assert agree(first) == "nnlab.explorers.activation(z=-6.0)"
        assert agree(second) == before == "nnlab.explorers.activation(z=2.0)"


def test_a_prediction_judges_and_proves_without_a_kernel(browser, tmp_path):
    wanted = nnlab.predict("Up or <down>?", ["up", "<down>"], answer="up", because="It is so.")
    explorer = nnlab.explorers.activation()
    few = record(explorer.description, bases_of(explorer.description), Caps(frames=20), shown=False)
    path = tmp_path / "asked.html"
    both = f"<main><h1>Asked</h1>{asked(wanted, fragment(shown_now(explorer), few))}{IMAGE}</main>"
    path.write_text(f"{SITE}{both}<script>{script()[0]}</script>", encoding="utf-8")
    with opened(browser, path, phone=True) as (page, _):
        assert (
            page.locator("img, .nnlab-picture").evaluate_all("all => all.filter(p => p.checkVisibility()).length") == 0
        )
        page.get_by_role("radio", name="<down>").check()
        page.locator(".nnlab-picture").wait_for()
        said = page.locator(".nnlab-verdict")
        assert said.inner_text() == "Not quite. The answer is: up. It is so."
        (shown,) = [ShownExplorer(page, root) for root in page.locator(".nnlab-panel:has(.nnlab-picture)").all()]
        before = agree(shown)
        shown.press(0, "End")
        assert agree(shown) != before
        page.get_by_role("radio", name="up").check()
        assert said.inner_text() == "That is it. It is so."
        assert page.evaluate(WIDTH) <= 390
        assert axe.violations(page, within="main") == []


def test_without_javascript_the_picture_stands_with_its_sentence(browser, files):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(files["activation"].as_uri())
    picture = page.locator("img")
    assert "sigmoid at z = 0" in picture.get_attribute("alt")
    assert picture.bounding_box()["width"] <= 390
    assert "where JavaScript is allowed" in page.inner_text("body")
    context.close()


def test_a_chunk_with_a_file_of_its_own_is_loaded_when_touched_and_missed_when_gone(browser, tmp_path):
    with pytest.warns(UserWarning, match="descent_1d: 160 pictures were recorded"):
        html, files = in_files(nnlab.explorers.descent_1d(), "descent_1d-1", Caps(frames=160), tmp_path)
    (tmp_path / "front.js").write_text(script()[0], encoding="utf-8")
    for name, data in files:
        (tmp_path / name).write_bytes(data)
    path = tmp_path / "site.html"
    path.write_text(
        f'<!doctype html><html lang="en"><title>Site</title>{html}<script src="front.js"></script>', encoding="utf-8"
    )
    with opened(browser, path) as (page, (shown,)):
        shown.push("too small")
        agree(shown)
        shown.press(2, "End")
        assert agree(shown) == "nnlab.explorers.descent_1d(lr=0.03, start=3.0)"
    for name, _ in files[2:]:
        (tmp_path / name).unlink()
    with open_offline(browser, path) as (page, complaints):
        (shown,) = [ShownExplorer(page, root) for root in page.locator(".nnlab-panel").all()]
        shown.push("too small")
        before = agree(shown)
        shown.press(2, "End")
        shown.root.locator(".nnlab-error:not(:empty)").wait_for()
        assert "could not be loaded" in shown.error.inner_text()
        assert shown.frame()["code"] == before
        assert complaints, "the browser says which file is missing"
    (tmp_path / files[1][0]).unlink()
    page_says_so = "document.querySelector('.nnlab-alone').shadowRoot.querySelector('.nnlab-error').textContent"
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_function(f"() => {page_says_so} === 'These pictures could not be loaded. Open the page again.'")
    context.close()
