"""Predict before you look: a question, and a picture that appears after the answer."""

import io
import sys
from collections.abc import Callable, Sequence
from typing import Any

import traitlets
from matplotlib.figure import Figure

from nnlab import arguments
from nnlab.stage import logbook
from nnlab.stage.beside import beside, covered, show_live
from nnlab.stage.panel import Drawn, picture_of

__all__ = ["Prediction", "predict", "static"]


class Question(Drawn):
    """The question as the browser shows it, drawn by ``front/question.js``; "" stands for nothing chosen."""

    scripts = ("page.js", "question.js")
    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    choice = traitlets.Unicode().tag(sync=True)
    given = traitlets.Bool(False).tag(sync=True)  # whether the answer is wanted without a choice
    answer = traitlets.Unicode().tag(sync=True)  # known to the browser once something is chosen
    verdict = traitlets.Unicode().tag(sync=True)


class Prediction:
    """A question whose picture waits for the student's choice; made by ``nnlab.predict``.

    With a live front end the picture appears once an option is chosen. Where no widget can live (GitHub, nbconvert,
    a notebook that is only read) question and picture are shown at once, one below the other.

    Attributes:
        choice: the option that was chosen, or None.
        reveal: the Explorer or Figure that appears after the choice, or None.
    """

    def __init__(self, question: str, options: Sequence[str], answer: str | None, because: str, reveal):
        self.question, self.options, self.answer, self.because = question, list(options), answer, because
        self.choice: str | None = None
        self.reveal = reveal
        if isinstance(reveal, Figure) and "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(reveal)  # an open figure would be shown at the end of the cell
        self._form = Question(question=question, options=self.options)
        self._form.observe(lambda change: self.choose(change["new"]), names="choice")
        self._form.observe(lambda change: self._show(), names="given")
        self._form.on_msg(lambda form, message, buffers: self._uncover() if message.get("opened") else None)
        self._live = beside(self._form, stills=1 if reveal is None else 2)
        self._text: Any = None  # the output that tells question, choice and verdict
        self._uncover: Callable[[], None] = lambda: None

    def choose(self, option: str) -> None:
        """Commit to an option: says whether it was right, and shows the picture."""
        arguments.one_of("option", option, self.options)
        self.choice = option
        if self._form.choice != option:
            self._form.choice = option  # comes back here through observe
            return
        outcome = "open" if self.answer is None else "right" if option == self.answer else "wrong"
        logbook.note("predict", self.question, outcome)  # what goes wrong there is said by the next check
        self._show()

    def _show(self) -> None:
        """Verdict, reason and picture together."""
        with self._form.hold_sync():
            self._form.answer, self._form.verdict = self.answer or "", self.verdict()
        if self.reveal is not None and self._live.children[-1] is self._form:
            self._live.children = [*self._live.children, live(self.reveal, self.question)]
        if self._text is not None:
            self._text.update(self._told(), raw=True)

    def verdict(self, choice: str | None = None) -> str:
        """What is said after the choice, or would be after another one; without any choice, the answer."""
        choice = self.choice if choice is None else choice
        if choice is None:
            return f"{f'The answer is: {self.answer}. ' if self.answer else ''}{self.because}".strip()
        if self.answer is None:
            return f"You predicted: {choice}. {self.because}".strip()
        judged = "That is it." if choice == self.answer else f"Not quite. The answer is: {self.answer}."
        return f"{judged} {self.because}".strip()

    def __repr__(self) -> str:
        return self._told()["text/plain"]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._text = display(self._told(), raw=True, display_id=True)
        if self.reveal is not None:
            self._uncover = covered(*static(self.reveal))
        show_live(self._live)

    def _told(self) -> dict:
        """Question, choice and verdict as text: what is there without the live question."""
        options = [f"{option} (your choice)" if option == self.choice else option for option in self.options]
        verdict = ["", self.verdict()] if self._form.verdict else []
        plain = [f"Predict: {self.question}", *(f"  ( ) {option}" for option in options), *verdict]
        marked = [f"**Predict:** {self.question}", "", *(f"- {option}" for option in options), *verdict]
        return {"text/plain": "\n".join(plain), "text/markdown": "\n".join(marked)}


def predict(
    question: str,
    options: Sequence[str],
    *,
    answer: str | None = None,
    because: str = "",
    reveal=None,
) -> Prediction:
    """Ask before showing: put this call on the last line of a cell.

    Args:
        question: one sentence that ends in a question mark.
        options: two or more answers to choose from.
        answer: the right one, or None when the picture itself is the answer.
        because: one sentence of explanation, shown after the choice.
        reveal: an Explorer or a matplotlib Figure that appears after the choice.

    Raises:
        ValueError, TypeError: fewer than two options, equal options, or an answer that is not among them.
    """
    if isinstance(options, str) or len(options) < 2 or len(set(options)) < len(options):
        raise ValueError(f"options must be at least two different answers. Got {options!r}. Try ['yes', 'no'].")
    if answer is not None:
        arguments.one_of("answer", answer, options)
    return Prediction(question, options, answer, because, reveal)


def live(shown, title: str) -> Any:
    """The widget that shows an Explorer or a live training, or a Figure as a picture."""
    return picture_of(shown, title) if isinstance(shown, Figure) else shown.widget


def static(shown) -> tuple[dict, dict]:
    """Plain text and PNG of an Explorer or of a Figure, without any widget."""
    if not isinstance(shown, Figure):
        return shown._repr_mimebundle_()
    out = io.BytesIO()
    shown.savefig(out, format="png", dpi=100)
    width = round(shown.get_figwidth() * 100)
    return {"text/plain": repr(shown), "image/png": out.getvalue()}, {"image/png": {"width": width}}
