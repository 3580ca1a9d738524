"""Findings: what is said about the lines of one exchange, in their order, and what is said about the whole of it.

Records, frozen; they know their own text and nothing of how they came to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, overload

from regtutor.protocol.citations import Citation, Rule
from regtutor.protocol.text import visible

Kind = Literal["line", "diagnosis"]


@dataclass(frozen=True)
class Finding:
    """What one line of a message says, or what is wrong with the exchange.

    Attributes
    ----------
    line: the line as it stood in the message, ``>`` for sent and ``<`` for received; of a diagnosis, the line that
        shows it, or ``""`` where it shows by a line that is not there.
    part: ``request``, ``request header``, ``request body``, ``interim``, ``interim header``, ``response``,
        ``response header``, ``error code`` or ``response body``.
    name, value: of a header, its name and value; of a request line, method and target; of a status line, status and
        reason; of an error code, the code and the registry's message; of a diagnosis, its name and what shows it.
    meaning: what it says here, one sentence without its full stop.
    rule: how strongly the documents ask for such a line.
    citation: the clause; None where there is none.
    kind: whether it explains a ``line`` or is a ``diagnosis``.
    next: what to try, for a diagnosis.
    known: False for a header, a status or an error code that no table of regtutor has.
    condition: where the rule holds, such as ``if the list does not fit in one response``; empty where it always does.
    """

    line: str
    part: str
    name: str
    value: str
    meaning: str
    rule: Rule
    citation: Citation | None = None
    kind: Kind = "line"
    next: str = ""
    known: bool = True
    condition: str = ""

    @property
    def badge(self) -> str:
        """The rule with its condition, as it is shown before the clause."""
        if self.rule == "not in the registry documents" and self.citation:
            return f"{self.rule}; defined in"
        return f"{self.rule} {self.condition}".rstrip()

    def as_text(self) -> str:
        """The line, and what it means indented under it; a diagnosis begins with ``!``."""
        colon = "" if self.badge.endswith("defined in") else ":"
        source = f" [{self.badge}{f'{colon} {self.citation}' if self.citation else ''}]"
        if self.kind == "diagnosis":
            lines = [f"! {self.name}: {self.meaning}{source}", f"    next: {self.next}"]
        else:
            lines = [self.line, f"    {self.meaning}{source}"]
        return "\n".join(visible(line) for line in lines)

    def __str__(self) -> str:
        return self.as_text()


@dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """What is found in one exchange: its lines in the order of the message, and then the diagnoses.

    ``title`` is the exchange's step and what its answer says.
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
        """What is wrong, or a known trap; each says what to try next."""
        return tuple(item for item in self.items if item.kind == "diagnosis")

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """Headers, statuses and error codes that regtutor does not know."""
        return tuple(item for item in self.items if not item.known)

    def as_text(self) -> str:
        """Each line of the message, what it means indented under it, and then the diagnoses."""
        return "\n".join([visible(f"* {self.title}"), *(item.as_text() for item in self.items)])

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Findings {self.title!r}: {len(self) - len(self.diagnoses)} lines, {len(self.diagnoses)} diagnoses>"
