"""Findings: the explanations of the lines of one exchange, in their order, and its diagnoses.

Findings are frozen records, which can render themselves as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, overload

from regtutor.protocol.citations import LEVELS, Citation, Level
from regtutor.protocol.text import visible

Kind = Literal["line", "diagnosis"]

INSIDE = "    "
"""The indent of a line that is a part of the body in the line above."""


def legend(findings: Iterable[Finding]) -> tuple[tuple[Level, str], ...]:
    """Return the levels that ``findings`` have, each with its meaning, from the strongest to the weakest."""
    found = {item.rule for item in findings}
    return tuple((rule, meaning) for rule, meaning in LEVELS.items() if rule in found)


def legend_text(findings: Iterable[Finding]) -> list[str]:
    """Return the lines of the :func:`legend`, for text; no lines without findings."""
    levels = legend(findings)
    return ["* The levels in brackets:", *(f"*   {rule}: {meaning}" for rule, meaning in levels)] if levels else []


@dataclass(frozen=True)
class Finding:
    """The meaning of one line of a message, or a problem of the exchange.

    Attributes
    ----------
    line: the line as it was in the message, with ``>`` for sent and ``<`` for received; of an error code, the code and
        the registry's message, without such a mark, because they are a part of the body; of a diagnosis, the line that
        shows the problem, or ``""`` if the problem is a missing line.
    part: ``request``, ``request header``, ``request body``, ``interim``, ``interim header``, ``response``,
        ``response header``, ``error code`` or ``response body``.
    name, value: of a header, its name and value; of a request line, method and target; of a status line, status and
        reason; of an error code, the code and the registry's message; of a diagnosis, its name and what shows it.
    meaning: the meaning in this exchange, one sentence without its full stop.
    level: how strongly the documents require such a line.
    citation: the clause; None without one.
    kind: ``line`` for the explanation of a line, or ``diagnosis``.
    next: for a diagnosis, the next step.
    known: False for a header, a status or an error code that is in no table of regtutor.
    condition: when the level applies, such as ``if the list does not fit in one response``; empty if it always does.
    """

    line: str
    part: str
    name: str
    value: str
    meaning: str
    level: Level
    citation: Citation | None = None
    kind: Kind = "line"
    next: str = ""
    known: bool = True
    condition: str = ""

    @property
    def rule(self) -> Level:
        """The level, by its earlier name, which the column of the table of findings has."""
        return self.level

    @property
    def badge(self) -> str:
        """The level with its condition, as printed before the clause."""
        if self.level == "not in the registry documents" and self.citation:
            return f"{self.level}; defined in"
        return f"{self.level} {self.condition}".rstrip()

    def as_text(self) -> str:
        """Return the line with its meaning indented below; a diagnosis begins with ``!``, an error code is indented."""
        colon = "" if self.badge.endswith("defined in") else ":"
        source = f" [{self.badge}{f'{colon} {self.citation}' if self.citation else ''}]"
        if self.kind == "diagnosis":
            lines = [f"! {self.name}: {self.meaning}{source}", f"    next: {self.next}"]
        else:
            indent = INSIDE if self.part == "error code" else ""
            lines = [f"{indent}{self.line}", f"{indent}    {self.meaning}{source}"]
        return "\n".join(visible(line) for line in lines)

    def __str__(self) -> str:
        return self.as_text()


@dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """The findings of one exchange: its lines in the order of the message, then the diagnoses.

    As text and as HTML, the diagnoses come first. ``title`` has the step of the exchange and the meaning of its
    response.
    """

    items: tuple[Finding, ...] = ()
    title: str = ""

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        return replace(self, items=self.items[index]) if isinstance(index, slice) else self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def diagnoses(self) -> tuple[Finding, ...]:
        """The problems and the known traps; each states what to try next."""
        return tuple(item for item in self.items if item.kind == "diagnosis")

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """Headers, statuses and error codes that regtutor does not know."""
        return tuple(item for item in self.items if not item.known)

    @property
    def lines(self) -> tuple[Finding, ...]:
        """The explanations of the lines, in the order of the message."""
        return tuple(item for item in self.items if item.kind == "line")

    def as_text(self, *, brief: bool = False, levels: bool = True) -> str:
        """Return the diagnoses, and then each line of the message with its meaning indented below.

        Parameters
        ----------
        brief: leave out the lines of the message.
        levels: end with the meanings of the levels in brackets.
        """
        shown = (*self.diagnoses, *(() if brief else self.lines))
        texts = [visible(f"* {self.title}"), *(item.as_text() for item in shown)]
        return "\n".join(texts + (legend_text(shown) if levels else []))

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Findings {self.title!r}: {len(self) - len(self.diagnoses)} lines, {len(self.diagnoses)} diagnoses>"
