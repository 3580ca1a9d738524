"""A question with choices: as it is asked, and the verdict on a choice, with the exchanges that show it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from regtutor.exchange import Exchange
from regtutor.lessons.lesson import LETTERS, Question
from regtutor.lessons.showing import box, lines_block, paragraph
from regtutor.lessons.task_report import exchange_lines
from regtutor.protocol.text import visible_lines
from regtutor.protocol.urls import origin_form


@dataclass(frozen=True)
class Asked:
    """A question, with its choices and how to choose one; never true, so that an unanswered one is not passed."""

    question: Question

    def __bool__(self) -> bool:
        return False

    @property
    def choices(self) -> list[str]:
        """The choices with their letters."""
        return [f"({letter}) {choice.text}" for letter, choice in zip(LETTERS, self.question.choices, strict=False)]

    @property
    def form(self) -> str:
        """The call that chooses the first choice."""
        return f'question("{self.question.name}", "a")'

    @property
    def text(self) -> str:
        """The question as text."""
        lines = (f"  {line}" for line in self.choices)
        return "\n".join([self.question.text, *lines, f"To choose (a), write {self.form}"])

    def _repr_html_(self) -> str:
        form = f"<div><i>To choose (a), write</i> <code>{escape(self.form)}</code></div>"
        return box("open", f"<b>{paragraph(self.question.text)}</b>", *map(paragraph, self.choices), form)

    def __repr__(self) -> str:
        return visible_lines(self.text)


@dataclass(frozen=True)
class QuestionVerdict:
    """The verdict on a choice: the question and the choice, whether it is ``right``, sentences, and what shows why."""

    question: str
    choice: str
    right: bool
    sentences: tuple[str, ...]
    lines: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.right

    @property
    def text(self) -> str:
        """The verdict as text."""
        lines = (f"    {line}" for line in self.lines)
        return visible_lines("\n".join([self.question, f"  {self.choice}", *self.sentences, *lines]))

    def _repr_html_(self) -> str:
        first, *rest = self.sentences
        asked = (paragraph(self.question), paragraph(self.choice), f"<b>{paragraph(first)}</b>")
        return box("good" if self.right else "bad", *asked, *map(paragraph, rest), lines_block(self.lines))

    def __repr__(self) -> str:
        return visible_lines(self.text)


def letter_of(given: object, question: Question) -> str | None:
    """Return the letter in ``given``, such as ``b`` for ``"(B)"``; None if it is no letter of a choice."""
    text = given.strip().strip("().").lower() if isinstance(given, str) else ""
    return text if len(text) == 1 and text in LETTERS[: len(question.choices)] else None


def verdict(question: Question, letter: str, exchanges: Iterable[Exchange]) -> QuestionVerdict:
    """Return the verdict on the choice ``letter``; ``exchanges`` show why, on the registry at hand."""
    choice = question.choices[LETTERS.index(letter)]
    right = not choice.confuses
    first = f"({letter}) is right." if right else f"({letter}) is not right. {choice.confuses}"
    rest = [question.because, question.where]
    chosen = f"({letter}) {choice.text}"
    return QuestionVerdict(question.text, chosen, right, (first, *rest), _evidence(question, exchanges))


_LONG = re.compile(r"([\w%-]{8})[\w%-]{16,}")


def _with_query(exchange: Exchange) -> str:
    """Return the target with its whole query, because a question can be about it; long values are cut."""
    return _LONG.sub("\\1\N{HORIZONTAL ELLIPSIS}", origin_form(exchange.target))


def _evidence(question: Question, exchanges: Iterable[Exchange]) -> tuple[str, ...]:
    lines: list[str] = []
    for exchange in exchanges:
        lines += exchange_lines(exchange, target=_with_query(exchange))
        lines += [f"< {name}: {exchange.headers[name]}" for name in question.headers if name in exchange.headers]
    return tuple(lines)
