"""The fields to predict a status and headers before a request is sent, the verdict after it, and the score.

A prediction is a part of the form of a request: without one, the request is sent all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import ipywidgets  # type: ignore[import-untyped]

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.protocol.responses import meaning
from regtutor.protocol.text import cut
from regtutor.stepping.predicting import HEADERS_ASKED, Guess, Question, Score, Verdict, judge
from regtutor.widgets.stepper.controls import html, row, show_only_if

_NO_STATUS = ("no prediction", 0)
"""No status; a list without a value would show an empty field."""

LONGEST = 60
"""The most characters of a status with its meaning in the list."""

_MARKS = {True: ("regtutor-right", "right"), False: ("regtutor-wrong", "wrong")}


class PredictionPanel:
    """The fields for one guess at a time, with the verdict on the last guess and the score.

    Attributes
    ----------
    status: the list of statuses, with :attr:`more`, a button that shows the headers, next to it.
    headers: the box of the headers that can be ticked.
    said: the verdict on the last guess and the score, to be shown with the response.
    score: the points so far, by concept.
    verdict: on the last guess; None before the first, and again once a request is sent without a guess, or after Reset.
    """

    def __init__(self) -> None:
        self.score = Score()
        self.verdict: Verdict | None = None
        self._question: Question | None = None
        self.status = ipywidgets.Dropdown(description="Predict", options=(_NO_STATUS,))
        self.status.add_class("regtutor-predict-status")
        self.more = ipywidgets.ToggleButton(description="+ headers", tooltip="Predict headers of the response as well")
        self.more.add_class("regtutor-predict-more")
        self._boxes = [ipywidgets.Checkbox(indent=False) for _ in range(HEADERS_ASKED)]
        self.headers = row("predict-headers", *self._boxes)
        self.more.observe(lambda change: show_only_if(self.headers, change.new), "value")
        show_only_if(self.headers, False)
        self.said = html("verdict")
        self.ask(None)

    @property
    def made(self) -> bool:
        """Whether a status was picked, or a header ticked."""
        return bool(self.status.value) or any(box.value for box in self._boxes)

    def ask(self, question: Question | None) -> None:
        """Offer the options of ``question``, with empty fields unless it is the current one. None offers nothing."""
        if question == self._question and question is not None:
            return
        self._question = question
        for field in (self.status, self.more, *self._boxes):
            field.disabled = question is None
        if question is None:
            return
        options = [
            (cut(f"{status}: {meaning(question.step, status)}", LONGEST), status) for status in question.statuses
        ]
        self.status.options = [_NO_STATUS, *options]
        self.status.value = 0
        for box, name in zip(self._boxes, (*question.headers, *[""] * HEADERS_ASKED), strict=False):
            box.description, box.value = name, False
            show_only_if(box, bool(name))

    def guess(self, status: int, headers: Iterable[str] = ()) -> None:
        """Pick a status and headers, as a learner does.

        Raises
        ------
        InvalidArgument: for an option that is not offered, and without a question; it names what is offered.
        """
        question, names = self._question, frozenset(headers)
        if question is None:
            raise InvalidArgument(
                "There is nothing to predict here",
                "the walk has ended, or this state shows a request that was sent already",
                "Reset to start again, or go forward to the latest state",
            )
        if status not in question.statuses:
            what, offered = f"The status {status!r}", ", ".join(map(str, question.statuses))
        elif not names <= set(question.headers):
            unknown = ", ".join(sorted(map(str, names - set(question.headers))))
            what, offered = f"The header {unknown}", ", ".join(question.headers)
        else:
            self.status.value = status
            for box in self._boxes:
                box.value = box.description in names
            return
        raise InvalidArgument(
            f"{what} cannot be predicted for {question.step}", f"the list offers {offered}", "Pick one of them"
        )

    def judge(self, exchange: Exchange | None) -> None:
        """Judge the guess, show the verdict and add it to the score; without a guess, remove the last verdict."""
        question, self._question = self._question, None
        if question is None or not self.made:
            self.verdict, self.said.value = None, ""
            return
        headers = (box.description for box in self._boxes if box.value)
        self.verdict = judge(question, Guess.of(self.status.value or None, headers), exchange)
        self.score = self.score.add(self.verdict)
        self.said.value = verdict_html(self.verdict, self.score)


def verdict_html(verdict: Verdict, score: Score) -> str:
    """Return a verdict as one line that opens to its rows and to the score by concept."""
    rows = "".join(_judged(row.right, row.sentence) for row in verdict.rows) or f"<p>{escape(verdict.sentences[0])}</p>"
    tallies = "".join(
        f"<tr><th>{escape(row.concept)}</th><td>{row.right} of {row.guesses}</td></tr>"
        for row in (*score.rows, score.total)
    )
    said = f"Your prediction ({verdict.concept}): {verdict.points} of {verdict.of}"
    status = f" {_judged(verdict.rows[0].right, verdict.rows[0].sentence, 'span')}" if verdict.rows else ""
    return (
        f'<details class="regtutor-judged"><summary role="status"><b>{escape(said)}</b>{status}</summary>'
        f"<ul>{rows}</ul>"
        f'<div class="regtutor-title">Score by concept: {score.total.right} of {score.total.guesses}</div>'
        f'<table class="regtutor-score"><tbody>{tallies}</tbody></table></details>'
    )


def _judged(right: bool, said: str, tag: str = "li") -> str:
    name, word = _MARKS[right]
    text = escape(said.removeprefix("Right: ").removeprefix("Right, "))
    return f'<{tag}><b class="{name}">{word}</b> {text}</{tag}>'
