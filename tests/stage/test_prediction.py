"""Predict: the picture waits for the choice, and is there at once where no widget can live."""

import pytest
from matplotlib.figure import Figure

import nnlab
from nnlab.stage.panel import VIEW

QUESTION, OPTIONS = "Will it converge?", ["yes", "no <b>"]


def test_repr_is_question_and_options():
    assert repr(nnlab.predict(QUESTION, OPTIONS)) == "Predict: Will it converge?\n  ( ) yes\n  ( ) no <b>"


@pytest.mark.parametrize("how", ["choose", "browser"])
@pytest.mark.parametrize(("option", "verdict"), [("yes", "That is it."), ("no <b>", "Not quite. The answer is: yes.")])
def test_the_verdict_follows_the_choice(how, option, verdict):
    asked = nnlab.predict(QUESTION, OPTIONS, answer="yes", because="Steps are short.")
    assert asked.choice is None
    form = asked._form
    assert (form.question, form.options) == (QUESTION, OPTIONS)
    assert (form.choice, form.answer, form.verdict) == ("", "", ""), "the browser does not know the answer yet"
    if how == "choose":
        asked.choose(option)
    else:
        form.set_state({"choice": option})
    assert asked.choice == form.choice == option
    assert asked.verdict() == form.verdict == f"{verdict} Steps are short."
    assert form.answer == "yes"


def test_without_an_answer_the_picture_is_the_answer():
    asked = nnlab.predict(QUESTION, OPTIONS)
    asked.choose("yes")
    assert asked.verdict() == asked._form.verdict == "You predicted: yes."
    assert asked._form.answer == ""


def test_whoever_only_reads_gets_the_answer_without_a_choice(published):
    asked = nnlab.predict(QUESTION, OPTIONS, answer="yes", because="Steps are short.", reveal=Figure((2, 1)))
    asked._ipython_display_()
    asked._form.set_state({"given": True})
    assert (asked.choice, asked._form.choice, asked._form.answer) == (None, "", "yes")
    assert asked._form.verdict == "The answer is: yes. Steps are short."
    assert asked._live.children[-1] is not asked._form, "the picture is there"
    told, _ = published[-1]
    assert told["text/plain"].endswith("  ( ) no <b>\n\nThe answer is: yes. Steps are short.")
    asked.choose("no <b>")
    assert asked._form.verdict.startswith("Not quite.")


@pytest.mark.parametrize("make", [nnlab.explorers.descent_1d, lambda: Figure((2, 1))], ids=["explorer", "figure"])
def test_the_picture_appears_once_after_the_choice(make):
    reveal = make()
    asked = nnlab.predict(QUESTION, OPTIONS, reveal=reveal)
    before = asked._live.children
    assert before[-1] is asked._form
    asked.choose("yes")
    *same, shown = asked._live.children
    assert tuple(same) == before
    assert isinstance(reveal, Figure) or shown is reveal.widget
    assert shown.frame["scene"] == shown.scene["key"]
    asked.choose("no <b>")
    assert asked._live.children == (*before, shown)


@pytest.mark.parametrize("make", [nnlab.explorers.descent_1d, lambda: Figure((2, 1))], ids=["explorer", "figure"])
def test_without_a_kernel_question_and_picture_are_there(make, published):
    nnlab.predict(QUESTION, OPTIONS, reveal=make())._ipython_display_()
    (question, _), (picture, metadata), (live, _) = published
    assert all(option in question["text/markdown"] for option in OPTIONS)
    assert picture["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] > 0
    assert live.keys() == {VIEW}, "no stored notebook needs it"
    assert VIEW not in question


def test_the_picture_that_stands_still_is_covered_until_the_question_lives(published):
    asked = nnlab.predict(QUESTION, OPTIONS, reveal=Figure((2, 1)))
    asked._ipython_display_()
    (_, _), (covered, metadata), _ = published
    assert VIEW in covered, "a widget outranks a picture"
    asked._form._handle_custom_msg({"opened": True}, [])
    assert published[3:] == [({key: covered[key] for key in ("text/plain", "image/png")}, metadata)]


def test_what_was_chosen_and_the_verdict_are_told_where_the_notebook_keeps_them(published):
    asked = nnlab.predict(QUESTION, OPTIONS, answer="yes", because="Steps are short.")
    asked._ipython_display_()
    assert len(published) == 2
    asked.choose("no <b>")
    ((told, _),) = published[2:]
    assert "- no <b> (your choice)" in told["text/markdown"]
    for text in told.values():
        assert text.splitlines()[-2:] == ["", "Not quite. The answer is: yes. Steps are short."]


@pytest.mark.parametrize("options", [[], ["yes"], ["yes", "yes"], "yes"])
def test_fewer_than_two_answers(options, refused):
    with refused(repr(options), start="options"):
        nnlab.predict(QUESTION, options)


def test_options_that_there_are_not(refused):
    with refused("'maybe'", start="answer"):
        nnlab.predict(QUESTION, OPTIONS, answer="maybe")
    with refused("'maybe'", start="option"):
        nnlab.predict(QUESTION, OPTIONS).choose("maybe")
