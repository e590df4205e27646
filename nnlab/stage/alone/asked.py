"""Asked: a prediction on a page without a kernel: choose, then verdict, reason and picture."""

import html
from collections.abc import Sequence
from typing import Protocol

from nnlab.stage.alone.page import as_json, data_block, script

__all__ = ["Question", "asked"]


class Question(Protocol):
    """What a page must know of a prediction: ``nnlab.predict`` makes it."""

    question: str
    answer: str | None

    @property
    def options(self) -> Sequence[str]: ...

    def verdict(self, choice: str | None = None) -> str: ...


def asked(question: Question, proof: str = "") -> str:
    """The question as a fragment of HTML without the front end (``page.script``), alive wherever that is in the page.

    Args:
        proof: the HTML that shows after the choice: a still picture or the fragment of an explorer.

    Without JavaScript the options are a list, and the answer lies folded below it.
    """
    verdicts = {option: question.verdict(option) for option in question.options}
    given = {"": question.verdict()}  # for whoever only reads
    answer = question.answer or ""
    about = {
        "question": question.question,
        "options": list(question.options),
        "answer": answer,
        "verdicts": verdicts | given,
    }
    options = "".join(f"<li>{html.escape(option)}</li>" for option in question.options)
    said = html.escape(verdicts[answer]) if answer else ""
    right = f"<p><b>{html.escape(answer)}</b> {said}</p>" if answer else ""
    return "\n".join(
        [
            f'<div class="nnlab-predict" data-front="{script()[1]}">',
            data_block(as_json(about), kind="application/json"),
            f"<p><b>Predict:</b> {html.escape(question.question)}</p>",
            f"<ul>{options}</ul>",
            f'<details><summary>The answer</summary>{right}<div class="nnlab-proof">{proof}</div></details>',
            "</div>",
        ]
    )
