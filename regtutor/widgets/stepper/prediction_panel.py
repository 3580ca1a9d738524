"""The fields to predict a status and headers before a request is sent, the verdict after it, and the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

import ipywidgets  # type: ignore[import-untyped]

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.protocol.responses import meaning
from regtutor.stepping.predicting import HEADERS_ASKED, Guess, Question, Score, Verdict, judge

_PICK_ONE = ("pick one", 0)
"""No status; a list without a value would show an empty field."""

_MARKS = {True: ("regtutor-right", "right"), False: ("regtutor-wrong", "wrong")}


class PredictionPanel(ipywidgets.VBox):
    """The fields for one guess at a time, with the verdict on the last guess and the score.

    Parameters
    ----------
    picked: called when the learner picks a status, since only then the request can be sent.

    Attributes
    ----------
    score: the points so far, by concept.
    verdict: on the last guess; None before the first, and again once a request is sent without a guess, or after Reset.
    """

    def __init__(self, picked: Callable[[], None]) -> None:
        self.score = Score()
        self.verdict: Verdict | None = None
        self._question: Question | None = None
        self._picked = picked
        self._question_text = ipywidgets.HTML()
        label = {"description_width": "70px"}
        self._status = ipywidgets.Dropdown(description="Status", options=(_PICK_ONE,), style=label)
        self._status.layout.width = "100%"
        self._status.add_class("regtutor-predict-status")
        self._status.observe(lambda _change: self._picked(), "value")
        self._headers = [ipywidgets.Checkbox(indent=False) for _ in range(HEADERS_ASKED)]
        for box in self._headers:
            box.layout.width = "auto"
        row = ipywidgets.HBox(self._headers)
        row.layout.flex_flow = "row wrap"
        row.add_class("regtutor-predict-headers")
        self._fields = ipywidgets.VBox([self._question_text, self._status, row])
        self._verdict_text = ipywidgets.HTML()
        self._verdict_text.add_class("regtutor-verdict")
        super().__init__([self._fields, self._verdict_text])
        self.add_class("regtutor-prediction")
        self.ask(None)

    @property
    def ready(self) -> bool:
        """Whether there is no question, or a status was picked."""
        return self._question is None or bool(self._status.value)

    def ask(self, question: Question | None) -> None:
        """Ask ``question``, with empty fields unless it is the current question already. None asks nothing."""
        if question == self._question and question is not None:
            return
        self._question = question
        self._fields.layout.display = "none" if question is None else ""
        if question is None:
            return
        self._question_text.value = (
            f'<div class="regtutor-title">Predict: how will the registry respond? ({escape(question.concept)})</div>'
            "<p>Pick the status, tick the headers that the response will have, then press Send.</p>"
        )
        options = [(f"{status}: {meaning(question.step, status)}", status) for status in question.statuses]
        self._status.options = [_PICK_ONE, *options]
        self._status.value = 0
        for box, name in zip(self._headers, (*question.headers, *[""] * HEADERS_ASKED), strict=False):
            box.description, box.value = name, False
            box.layout.display = "" if name else "none"

    def guess(self, status: int | None, headers: Iterable[str] = ()) -> None:
        """Pick a status and headers, as a learner does.

        Raises
        ------
        InvalidArgument: for an option that is not offered, and without a question.
        """
        question, names = self._question, frozenset(headers)
        if question is None or status not in question.statuses or not names <= set(question.headers):
            offered = "there is no question now" if question is None else _offered(question)
            raise InvalidArgument("This cannot be predicted here", offered, "Pick one of the statuses that are offered")
        self._status.value = status
        for box in self._headers:
            box.value = box.description in names

    def judge(self, exchange: Exchange | None) -> None:
        """Judge the guess, show the verdict and add it to the score; without a question, remove the last verdict."""
        if self._question is None:
            self.verdict, self._verdict_text.value = None, ""
            return
        headers = (box.description for box in self._headers if box.value)
        self.verdict = judge(self._question, Guess.of(self._status.value or None, headers), exchange)
        self.score = self.score.add(self.verdict)
        self._verdict_text.value = verdict_html(self.verdict, self.score)
        self._question = None


def _offered(question: Question) -> str:
    statuses, headers = ", ".join(map(str, question.statuses)), ", ".join(question.headers)
    return f"the statuses {statuses} and the headers {headers} are offered"


def verdict_html(verdict: Verdict, score: Score) -> str:
    """Return a verdict, row by row, and the score by concept."""
    rows = "".join(_judged(row.right, row.sentence) for row in verdict.rows) or f"<p>{escape(verdict.sentences[0])}</p>"
    tallies = "".join(
        f"<tr><th>{escape(row.concept)}</th><td>{row.right} of {row.guesses}</td></tr>"
        for row in (*score.rows, score.total)
    )
    said = f"Your prediction ({verdict.concept}): {verdict.points} of {verdict.of}"
    return (
        f'<div role="status"><div class="regtutor-title">{escape(said)}</div><ul>{rows}</ul></div>'
        f'<details class="regtutor-score"><summary>Score by concept: {score.total.right} of {score.total.guesses}'
        f"</summary><table><tbody>{tallies}</tbody></table></details>"
    )


def _judged(right: bool, said: str) -> str:
    name, word = _MARKS[right]
    return f'<li><b class="{name}">{word}</b> {escape(said.removeprefix("Right: ").removeprefix("Right, "))}</li>'
