"""Questions in parts, answers in any form that a learner types, and verdicts that point to the lines of an exchange.

Each part of a question brings the right value, the lines that prove it, and an explanation of a wrong value. This
module does not depend on any particular question. Verdicts are rendered in a terminal and in a notebook.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import SupportsIndex

from regtutor.protocol.text import visible, visible_lines

Value = int | str
"""A value of a learner's answer, after parsing: a number, or a word in capitals."""

_NUMBER = re.compile(r"(?<![\w.-])[0-9]{1,15}(?![\w.]*[0-9])")
_THOUSANDS = re.compile(r"(?<=[0-9])[,_'\u00a0\u202f](?=[0-9]{3}(?![0-9]))")
_BETWEEN = re.compile(r"(?<!\s)\s*+[;/]\s*+|,\s++|(?<!\s)\s++and\s++")
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
    """A sentence (``said``) and the ``lines`` of an exchange that prove it."""

    said: str
    lines: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Return the sentence, with the lines indented below it."""
        return "\n".join([visible_lines(self.said), *(f"    {visible(line)}" for line in self.lines)])


@dataclass(frozen=True)
class Verdict:
    """The result of checking a learner's answer. It has a text form, and an HTML form for notebooks.

    Attributes
    ----------
    right: whether every part is right.
    answered: whether every part had a value that could be parsed.
    remarks: what happened, and where, whether or not every part is right.
    """

    right: bool
    answered: bool
    remarks: tuple[Remark, ...]

    def after(self, question: str) -> Verdict:
        """Return the verdict with the question above it."""
        return replace(self, remarks=(Remark(question), *self.remarks))

    @property
    def text(self) -> str:
        """All remarks, with the lines that they point to."""
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
        return visible_lines(self.text)

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Part:
    """A part of a question: one number or one word.

    Attributes
    ----------
    asked: the name of the part, such as ``"the status"``.
    right: all values that are accepted.
    seen: what happened, in words, and the lines that prove it.
    mistake: returns a remark that explains a wrong value, or None.
    """

    asked: str
    right: tuple[Value, ...]
    seen: Remark
    mistake: Callable[[Value], Remark | None]

    def read(self, given: object) -> Value | None:
        """Return the number or word in ``given``, or None if it contains none."""
        return read_number(given) if isinstance(self.right[0], int) else read_word(given)

    def remarks(self, value: Value) -> list[Remark]:
        """Return the remarks on ``value``, right or wrong. They always include what happened."""
        if value in self.right:
            return [Remark(f"{_shown(value)} is right. {self.seen.said}", self.seen.lines)]
        mistake = self.mistake(value)
        quoted = f"{_capital(self.asked)}: your answer is {_shown(value)}."
        about = Remark(f"{quoted} {mistake.said}", mistake.lines) if mistake else Remark(quoted)
        return [about, Remark(f"In the transcript: {self.seen.said}", self.seen.lines)]


@dataclass(frozen=True)
class Question:
    """A question about one transcript.

    Attributes
    ----------
    text: the question and the exchange that it is about.
    form: the call to type, such as ``check(1000, 1)``.
    parts: the values to find. Empty if the transcript has nothing to ask about; then ``text`` says what to do.
    """

    text: str
    form: str = ""
    parts: tuple[Part, ...] = ()

    def called(self, call: str) -> Question:
        """Return the question with the beginning of another call in its form, such as ``question("the bytes", ``."""
        return replace(self, form=self.form.replace("check(", call))

    def check(self, *answer: object) -> Verdict:
        """Compare the learner's answer with the transcript.

        Parameters
        ----------
        answer: one value for each part, or all of them in a tuple or a string. Numbers can be written as ``11,748`` or
            ``201 Created``, and words in lowercase.

        Returns
        -------
        A verdict. If a value cannot be parsed, the verdict says how to give it.
        """
        if not self.parts:
            return Verdict(False, False, (Remark(self.text),))
        given = _spread(answer, len(self.parts))
        values = [part.read(one) for part, one in zip(self.parts, given, strict=True)]
        missing = [part.asked for part, value in zip(self.parts, values, strict=True) if value is None]
        if missing:
            hint = f"Not answered yet: {' and '.join(missing)}. Give {self.form}"
            return Verdict(False, False, (Remark(hint),))
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
    """Return the only number in ``given``, such as ``201``, ``"201 Created"`` or ``"11,748 bytes"``, or else None."""
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
    """Return ``given`` as one word in capitals, such as ``MANIFEST_INVALID`` for ``"manifest invalid"``, or None."""
    if not isinstance(given, str):
        return None
    word = re.sub(r"[\s_-]+", "_", given.strip()).upper()
    found = _WORD.search(word)
    return found[0].strip("_") if found else None


def _spread(answer: tuple[object, ...], count: int) -> list[object]:
    """Return ``answer`` as a list of ``count`` values, all None if it has another number of values."""
    values: list[object] = list(answer)
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        values = list(values[0])
    if len(values) == 1 and count > 1 and isinstance(values[0], str):
        text = values[0].strip()
        split = [_BETWEEN.split(text), text.split()]
        values = list(next((parts for parts in split if len(parts) == count), values))
    if len(values) < count:
        values += [None] * (count - len(values))
    return values if len(values) == count else [None] * count


def _shown(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
