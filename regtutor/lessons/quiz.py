"""A question in parts, an answer in whatever form it is typed, and a verdict that shows what was seen.

Nothing here knows what is asked: a question's parts bring along what is right, where that can be seen, and what a wrong
answer would mean. Verdicts show themselves, in a terminal and in a notebook.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import SupportsIndex

from regtutor.protocol.text import visible, visible_lines

Value = int | str
"""An answer, once it is read: a number, or a word in capitals."""

_NUMBER = re.compile(r"(?<![\w.-])[0-9]{1,15}(?![\w.]*[0-9])")
_THOUSANDS = re.compile(r"(?<=[0-9])[,_'\u00a0\u202f](?=[0-9]{3}(?![0-9]))")
_BETWEEN = re.compile(r"\s*[;/]\s*|,\s+|\s+and\s+")
_WORD = re.compile(r"[A-Z][A-Z_]+")

_WRAP = "white-space:pre-wrap;overflow-wrap:anywhere"
_PRE = f"margin:2px 0 6px 12px;padding:0;background:none;border:none;color:inherit;{_WRAP}"
_BARS = {
    "right": "var(--jp-success-color1,#388e3c)",
    "wrong": "var(--jp-error-color1,#d32f2f)",
    "open": "var(--jp-border-color1,#9e9e9e)",
}


@dataclass(frozen=True)
class Remark:
    """Something that is ``said``, and the ``lines`` of an exchange that show it."""

    said: str
    lines: tuple[str, ...] = ()

    def as_text(self) -> str:
        """What is said, and the lines indented under it."""
        return "\n".join([visible_lines(self.said), *(f"    {visible(line)}" for line in self.lines)])


@dataclass(frozen=True)
class Verdict:
    """What is said to an answer. It shows itself, as text and in a notebook.

    Attributes
    ----------
    right: whether every part of the answer is what was seen.
    answered: whether there was an answer that could be read at all.
    remarks: what was seen, and where, whether the answer is right or not.
    """

    right: bool
    answered: bool
    remarks: tuple[Remark, ...]

    @property
    def text(self) -> str:
        """Every remark, with the lines that it points to."""
        return "\n".join(remark.as_text() for remark in self.remarks)

    def _repr_html_(self) -> str:
        parts = []
        for remark in self.remarks:
            parts.append(f'<div style="overflow-wrap:anywhere">{escape(visible_lines(remark.said))}</div>')
            if remark.lines:
                lines = "\n".join(escape(visible(line)) for line in remark.lines)
                parts.append(f'<pre style="{_PRE}">{lines}</pre>')
        bar = _BARS["right" if self.right else "wrong" if self.answered else "open"]
        return f'<div style="border-left:3px solid {bar};padding-left:10px;margin:4px 0">{"".join(parts)}</div>'

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Part:
    """A part of a question: one number or one word.

    Attributes
    ----------
    asked: what is asked for, such as ``"the status"``.
    right: what was seen; where that can be said in several ways, all of them.
    seen: what was seen, in words, and the lines that show it.
    mistake: what a wrong value would mean, or is: a remark about it, or None.
    """

    asked: str
    right: tuple[Value, ...]
    seen: Remark
    mistake: Callable[[Value], Remark | None]

    def read(self, given: object) -> Value | None:
        """The number or word in what was ``given``; None if there is none."""
        return read_number(given) if isinstance(self.right[0], int) else read_word(given)

    def remarks(self, value: Value) -> list[Remark]:
        """What is said to ``value``, right or wrong; what was seen is always among it."""
        if value in self.right:
            return [Remark(f"{_shown(value)} is right. {self.seen.said}", self.seen.lines)]
        mistake = self.mistake(value)
        said = f"{_capital(self.asked)}: you say {_shown(value)}."
        about = Remark(f"{said} {mistake.said}", mistake.lines) if mistake else Remark(said)
        return [about, Remark(f"What was seen: {self.seen.said}", self.seen.lines)]


@dataclass(frozen=True)
class Question:
    """A question about one transcript.

    Attributes
    ----------
    text: the question, with what it asks about.
    form: how an answer is typed, such as ``check(1000, 1)``.
    parts: what is asked for; none if the transcript has nothing to ask about: then ``text`` says what to do.
    """

    text: str
    form: str = ""
    parts: tuple[Part, ...] = ()

    def check(self, *answer: object) -> Verdict:
        """Compare an answer with what was seen.

        Parameters
        ----------
        answer: one value for each part, or all of them in a tuple or a string. Numbers may be written as ``11,748`` or
            ``201 Created``, words in small letters.

        Returns
        -------
        A verdict; for an answer that cannot be read, one that says how to give it.
        """
        if not self.parts:
            return Verdict(False, False, (Remark(self.text),))
        given = _spread(answer, len(self.parts))
        values = [part.read(one) for part, one in zip(self.parts, given, strict=True)]
        missing = [part.asked for part, value in zip(self.parts, values, strict=True) if value is None]
        if missing:
            said = f"Not answered yet: {' and '.join(missing)}. Give {self.form}"
            return Verdict(False, False, (Remark(said),))
        pairs = [(part, value) for part, value in zip(self.parts, values, strict=True) if value is not None]
        remarks = tuple(remark for part, value in pairs for remark in part.remarks(value))
        return Verdict(all(value in part.right for part, value in pairs), True, remarks)

    def _repr_html_(self) -> str:
        form = f"<div><i>Answer with</i> <code>{escape(self.form)}</code></div>" if self.form else ""
        text = escape(visible_lines(self.text))
        return f'<div style="overflow-wrap:anywhere"><b>{text}</b>{form}</div>'

    def __str__(self) -> str:
        return f"{visible_lines(self.text)}\nAnswer with {self.form}" if self.form else visible_lines(self.text)

    def __repr__(self) -> str:
        return str(self)


def read_number(given: object) -> int | None:
    """The one number in what was given: ``201``, ``"201 Created"``, ``"11,748 bytes"``, ``"request 4"``; else None."""
    if isinstance(given, str):
        found = _NUMBER.findall(_THOUSANDS.sub("", given))
        return int(found[0]) if len(found) == 1 else None
    if isinstance(given, bool):
        return None
    if isinstance(given, float):
        return int(given) if given.is_integer() else None
    try:
        return operator.index(given) if isinstance(given, SupportsIndex) else None
    except TypeError:  # an array of several numbers
        return None


def read_word(given: object) -> str | None:
    """What was given as one word in capitals: ``"manifest invalid"`` is ``MANIFEST_INVALID``; None without letters."""
    if not isinstance(given, str):
        return None
    word = re.sub(r"[\s_-]+", "_", given.strip()).upper()
    found = _WORD.search(word)
    return found[0].strip("_") if found else None


def _spread(answer: tuple[object, ...], count: int) -> list[object]:
    """``answer`` as ``count`` things; all None if it is of another number of things."""
    things: list[object] = list(answer)
    if len(things) == 1 and isinstance(things[0], (tuple, list)):
        things = list(things[0])
    if len(things) == 1 and count > 1 and isinstance(things[0], str):
        text = things[0].strip()
        split = [_BETWEEN.split(text), text.split()]
        things = list(next((parts for parts in split if len(parts) == count), things))
    if len(things) < count:
        things += [None] * (count - len(things))
    return things if len(things) == count else [None] * count


def _shown(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
