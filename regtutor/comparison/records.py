"""A comparison as a record: one row for each line that was compared, and the responses of each registry.

It is frozen, and has no secrets, because it is made of exchanges. It renders itself as text and JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from regtutor.exchange import Transcript
from regtutor.protocol.citations import Citation, Level
from regtutor.protocol.text import visible

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["same", "per instance", "allowed", "depends", "differs"]
"""``same``: equal everywhere. ``per instance``: normal between any two registries, or two requests to one of them.
``allowed``: the documents leave it to the registry. ``depends``: a document requires one of them under a condition that
the exchange does not show. ``differs``: everything else; no document that regtutor cites allows it.
"""

VERDICTS: tuple[Verdict, ...] = ("differs", "depends", "allowed", "per instance", "same")
"""Every verdict, the most important one first."""

_MOST = 100
"""The most characters of a value in a line of the text."""


@dataclass(frozen=True)
class Row:
    """One line of the responses to one request, side by side.

    Attributes
    ----------
    number, request: which request of the walk, counted from 1, and its name.
    part: ``status``, ``header``, ``body`` or ``time``.
    name: the header's name, or ``status``, ``digest``, ``code`` or ``milliseconds``.
    values: one for each registry, in their order; None where a response has no such line, or there is no response.
    verdict: see :data:`Verdict`.
    reason: the reason in a few words; empty for ``same``.
    level, citation: the level in the documents, and the clause; None without a clause.
    """

    number: int
    request: str
    part: str
    name: str
    values: tuple[str | None, ...]
    verdict: Verdict
    reason: str = ""
    level: Level | None = None
    citation: Citation | None = None

    @property
    def clause(self) -> str:
        """The clause as text, or ``""``."""
        return str(self.citation) if self.citation else ""


@dataclass(frozen=True)
class Reached:
    """The responses of one registry: ``name``, ``url``, ``transcript``, and the ``error`` that ended it, or ``""``."""

    name: str
    url: str
    transcript: Transcript
    error: str = ""


@dataclass(frozen=True)
class Comparison:
    """One request, or one walk, on several registries.

    Attributes
    ----------
    title: the request or walk, and the registries.
    registries: the responses of each registry, in the given order.
    rows: every line that was compared, in the order of the messages.
    """

    title: str
    registries: tuple[Reached, ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The registries' names."""
        return tuple(each.name for each in self.registries)

    @property
    def exchanges(self) -> Transcript:
        """All exchanges, those of the first registry first."""
        return Transcript.of((x for each in self.registries for x in each.transcript), self.title)

    @property
    def differences(self) -> tuple[Row, ...]:
        """The rows with different values; the differences that no document allows come first."""
        found = [row for row in self.rows if row.verdict != "same"]
        return tuple(sorted(found, key=lambda row: VERDICTS.index(row.verdict)))

    @property
    def grouped(self) -> tuple[tuple[Row, ...], ...]:
        """The differences, grouped by line and reason, because most of them repeat in a walk."""
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in self.differences:
            groups.setdefault((row.verdict, row.name, row.reason, row.clause), []).append(row)
        return tuple(tuple(rows) for rows in groups.values())

    @staticmethod
    def places(rows: Sequence[Row]) -> str:
        """Return the requests of a walk that the rows belong to; the values of the first are rendered."""
        first = f"{rows[0].number} {rows[0].request}"
        return first if len(rows) == 1 else f"{first} and {len(rows) - 1} more"

    @property
    def table(self) -> pd.DataFrame:
        """Every row as a table; see :func:`regtutor.tables.comparison_table`."""
        from regtutor.tables import comparison_table

        return comparison_table(self)

    @property
    def summary(self) -> pd.DataFrame:
        """One row for each registry, those that failed included; see :func:`regtutor.tables.registries_table`."""
        from regtutor.tables import registries_table

        return registries_table(self.registries)

    def as_text(self) -> str:
        """Return the result of each registry, then every difference with its clause."""
        width = max((len(name) for name in self.names), default=0)
        lines = [f"* {self.title}", *(_registry_line(each, width) for each in self.registries)]
        for rows in self.grouped:
            lines += _group_lines(rows, self.names, width)
        same = len(self.rows) - len(self.differences)
        lines.append(f"* {len(self.differences)} lines differ, {same} are the same")
        return "\n".join(visible(line) for line in lines)

    def as_json(self) -> str:
        """Return the registries and all rows as JSON; ``rt.save(comparison.exchanges, path)`` writes the exchanges."""
        registries = [
            {"name": each.name, "url": each.url, "error": each.error, "statuses": [x.status for x in each.transcript]}
            for each in self.registries
        ]
        rows = [_row_value(row, self.names) for row in self.rows]
        return json.dumps({"title": self.title, "registries": registries, "rows": rows}, indent=1)

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Comparison {self.title!r}: {len(self.registries)} registries, {len(self.differences)} differences>"


def _registry_line(each: Reached, width: int) -> str:
    if each.error:
        return f"{each.name:{width}}  not compared: {each.error}"
    last = each.transcript[-1]
    count = f"{len(each.transcript)} requests, the last: " if len(each.transcript) > 1 else ""
    return f"{each.name:{width}}  {count}{last.status}, {last.meaning}; {last.milliseconds:.1f} ms"


def _group_lines(rows: Sequence[Row], names: Sequence[str], width: int) -> list[str]:
    first = rows[0]
    at = f" of {Comparison.places(rows)}" if first.number else ""
    source = f" [{first.level}{': ' if first.clause else ''}{first.clause}]" if first.level else ""
    lines = [f"{first.verdict}: {first.name}{at}{f' ({first.reason})' if first.reason else ''}{source}"]
    if first.verdict == "per instance":
        return lines
    pairs = zip(names, first.values, strict=True)
    return lines + [f"    {name:{width}}  {'-' if value is None else value[:_MOST]}" for name, value in pairs]


def _row_value(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {
        "number": row.number,
        "request": row.request,
        "part": row.part,
        "name": row.name,
        "values": dict(zip(names, row.values, strict=True)),
        "verdict": row.verdict,
        "reason": row.reason,
        "level": row.level,
        "document": row.citation.document.name if row.citation else None,
        "section": row.citation.section if row.citation else None,
        "url": row.citation.url if row.citation else None,
    }
