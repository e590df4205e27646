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


@pytest.mark.parametrize("make", [nnlab.explorers.descent_1d, lambda: Figure((2, 1))], ids=["explorer", "figure"])
def test_the_picture_appears_once_after_the_choice(make):
    reveal = make()
    asked = nnlab.predict(QUESTION, OPTIONS, reveal=reveal)
    assert asked._place.children == ()
    asked.choose("yes")
    (shown,) = asked._place.children
    assert isinstance(reveal, Figure) or shown is reveal.widget
    assert shown.frame["scene"] == shown.scene["key"]
    asked.choose("no <b>")
    assert asked._place.children == (shown,)


@pytest.mark.parametrize("make", [nnlab.explorers.descent_1d, lambda: Figure((2, 1))], ids=["explorer", "figure"])
def test_without_a_kernel_question_and_picture_are_there(make, monkeypatch):
    published = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, metadata=None, raw=False: published.append((data, metadata))
    )
    nnlab.predict(QUESTION, OPTIONS, reveal=make())._ipython_display_()
    (question, _), (picture, metadata) = published
    assert all(option in question["text/markdown"] for option in OPTIONS)
    assert VIEW in question
    assert VIEW in picture
    assert picture["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] > 0


@pytest.mark.parametrize("options", [[], ["yes"], ["yes", "yes"], "yes"])
def test_fewer_than_two_answers(options, refused):
    with refused(repr(options), start="options"):
        nnlab.predict(QUESTION, options)


def test_options_that_there_are_not(refused):
    with refused("'maybe'", start="answer"):
        nnlab.predict(QUESTION, OPTIONS, answer="maybe")
    with refused("'maybe'", start="option"):
        nnlab.predict(QUESTION, OPTIONS).choose("maybe")
