"""Every notebook in real JupyterLab: run it, move everything that moves, look at what is shown."""

import re

import pytest
from ours import NOTEBOOKS

from benchmarks.agreement import agree, named_in, reference
from benchmarks.notebook_page import SHOWN, NotebookPage

COLOURS = """canvas => {
    const context = canvas.getContext('2d');
    return new Set(new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
}"""
STOPS = "range => [range.value, range.max].map(Number)"


@pytest.fixture(scope="module", params=[path.name for path in NOTEBOOKS])
def notebook(request, browser, lab, shots):
    """A notebook that has just been run from top to bottom."""
    page = NotebookPage(browser, lab, request.param)
    shots.walk(page, "stored")
    page.stored_text = page.page.locator(".jp-Notebook").inner_text()
    page.run_all()
    yield page
    shots.walk(page, "after")
    page.close()


@pytest.fixture(scope="module")
def revealed(notebook, shots):
    """The same notebook after every *predict* was answered, and what each showed before and after."""
    shots.walk(notebook)
    notebook.answers = [answer(prediction) for prediction in notebook.predictions()]
    notebook.page.wait_for_function(SHOWN)
    return notebook


def answer(prediction):
    """Choose the first option: whether a picture was shown before, whether one should follow, and the verdict."""
    early = prediction.locator(".nnlab-picture:visible, img:visible").count()
    reveals = prediction.locator(".jp-OutputArea-child").count() > 2  # the question as text, and alive
    prediction.locator(".nnlab-option input[type=radio]").first.check()
    verdict = prediction.locator(".nnlab-verdict")
    verdict.get_by_text(re.compile(r"\S")).wait_for()
    if reveals:
        prediction.locator(".nnlab-panel[data-frames] .nnlab-picture").first.wait_for()
    return early, reveals, verdict.inner_text()


def streams(notebook, name):
    outputs = [output for cell in notebook.outputs() for output in cell]
    return ["".join(output["text"]) for output in outputs if output.get("name") == name]


def test_a_notebook_that_was_only_opened_shows_its_stored_pictures(notebook):
    assert "Error displaying widget" not in notebook.stored_text
    assert "Loading widget" not in notebook.stored_text


def test_it_runs_to_the_end_without_an_error_or_a_warning(notebook):
    outputs = [output for cell in notebook.outputs() for output in cell]
    assert [output["evalue"] for output in outputs if output["output_type"] == "error"] == []
    assert streams(notebook, "stderr") == []
    assert notebook.complaints == []


def test_every_explorer_is_shown_as_a_picture(revealed, shots):
    views = sum("image/png" in output.get("data", {}) for cell in revealed.outputs() for output in cell)
    explorers = revealed.explorers()
    assert 0 < len(explorers) + len(revealed.lives()) <= views
    for number, shown in enumerate(explorers, start=1):
        name, _ = named_in(agree(shown))
        shots.take(shown.root, f"{revealed.name}-explorer-{number}-{name}.png")
        assert shown.image.evaluate(COLOURS) > 50


def test_every_slider_moves_the_picture_by_keyboard(revealed):
    for shown in revealed.explorers():
        for slider in range(shown.sliders.count()):
            shown.push("reset")
            agree(shown)
            seen = []
            for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
                shown.press(slider, key)
                seen.append((agree(shown), shown.picture(), shown.sentence.inner_text()))
            low, high = seen[0], seen[2]
            assert low[0] != high[0]
            assert len({code for code, _, _ in seen}) >= 3
            assert low[1] != high[1], f"{low[0]} and {high[0]} look the same"
        shown.push("reset")
        agree(shown)


def test_every_list_and_box_changes_the_picture(revealed):
    for shown in revealed.explorers():
        for choice in shown.choices.all():
            for option in choice.locator("option").all_inner_texts():
                choice.locator("select").select_option(option)
                agree(shown)
            for option in choice.locator("input[type=radio]").all():
                option.check()
                agree(shown)
        for toggle in shown.toggles.all():
            before = shown.picture()
            toggle.focus()
            shown.page.keyboard.press("Space")
            agree(shown)
            assert shown.picture() != before
        shown.push("reset")
        agree(shown)


def test_every_preset_does_what_it_says_and_reset_leads_back(revealed, shots):
    for number, shown in enumerate(revealed.explorers(), start=1):
        shown.push("reset")
        start = agree(shown)
        name, _ = named_in(start)
        description = reference(name).description
        assert shown.presets.all_inner_texts() == [preset.label for preset in description.presets]
        for preset in description.presets:
            shown.push(preset.label)
            shown.note.get_by_text(preset.reason).wait_for()
            wanted = description.code(description.values(**preset.values))
            assert agree(shown) == wanted
            shots.take(shown.root, f"{revealed.name}-preset-{number}-{name}-{preset.label}.png")
        shown.push("reset")
        assert agree(shown) == start
        on = [
            preset for preset in description.presets if description.code(description.values(**preset.values)) == start
        ]
        assert shown.note.inner_text() == "".join(f"{preset.label}: {preset.reason}" for preset in on[:1])


def test_every_live_training_trains_follows_its_sliders_and_begins_again(revealed, shots):
    for number, live in enumerate(revealed.lives(), start=1):
        stored = live.sentence.inner_text()

        def wait_for(text, live=live):
            live.root.get_by_text(text).first.wait_for()

        def wait_for_button(label, live=live):
            live.root.get_by_role("button", name=label, exact=True).wait_for()

        live.push("reset")
        wait_for("before the first step")
        first = live.picture()
        live.push("start")
        wait_for_button("pause")
        revealed.page.wait_for_timeout(1000)
        live.press(0, "Home")
        wait_for("lr 0.0001")
        live.push("pause")
        wait_for_button("start")
        shots.take(live.root, f"{revealed.name}-live-{number}.png")
        assert "after step" in live.sentence.inner_text()
        assert live.sentence.inner_text() != stored
        assert live.picture() != first
        live.push("reset")
        wait_for("before the first step")


def test_the_picture_of_a_prediction_waits_for_the_answer(revealed, shots):
    for number, (early, _, verdict) in enumerate(revealed.answers, start=1):
        assert early == 0
        assert verdict
        shots.take(revealed.predictions()[number - 1], f"{revealed.name}-predict-{number}.png")
    for picture in revealed.page.locator(".jp-Notebook .nnlab-picture").all():
        assert picture.evaluate(COLOURS) > 50


def test_a_burst_of_keys_ends_at_the_last_value(revealed):
    for shown in revealed.explorers():
        shown.push("reset")
        agree(shown)
        shown.press(0, "Home")
        agree(shown)
        frames = shown.count_frames()
        shown.press(0, "ArrowRight", times=40)
        shown.mark_last_key()
        agree(shown)
        stops = shown.sliders.first.evaluate(STOPS)
        assert stops[0] == min(40, stops[1])
        assert frames()["after"] <= 2


def test_the_browser_had_nothing_to_complain_about(notebook):
    assert notebook.complaints == []
