"""A comparison of registries, and the capability card of one, as HTML: escaped, without script, inline styles only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from regtutor.exchange import Exchange
from regtutor.formats.html.records import exchange_html, transcript_html
from regtutor.protocol.citations import Citation
from regtutor.protocol.text import visible

if TYPE_CHECKING:
    from regtutor.comparison.capabilities.card import CapabilityCard, Item
    from regtutor.comparison.records import Comparison, Reached, Row

_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.4"
_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;word-wrap:break-word;overflow-wrap:anywhere"
_HEAD = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;white-space:nowrap"
_MARK = "border-left:3px solid {};padding-left:8px;white-space:nowrap"
_COLORS = {
    "differs": "#d32f2f",
    "depends": "#f57c00",
    "no": "#d32f2f",
    "other": "#f57c00",
    "yes": "#388e3c",
}
_PLAIN = "#9e9e9e"
_MOST = 200
"""The most characters of a value in a cell."""


def comparison_html(comparison: Comparison) -> str:
    """Return a comparison as HTML: a line for each registry, the table, and the collapsed exchanges.

    For one request the table has every row. For a walk it has the differences, and each repeated difference once.

    Parameters
    ----------
    comparison: the result of ``rt.compare`` or ``rt.compare_walk``.
    """
    head = f"<div><b>{_text(comparison.title)}</b></div>"
    same = len(comparison.rows) - len(comparison.differences)
    foot = f"<div>{len(comparison.differences)} lines differ, {same} are the same.</div>"
    columns = ("", "line", *comparison.names, "why")
    rows = (_compared(rows, comparison.places(rows)) for rows in _shown(comparison))
    folded = "".join(transcript_html(replace(each.transcript, title=each.name)) for each in comparison.registries)
    return f"<div>{head}{_registries(comparison.registries)}{_table(columns, rows)}{foot}{folded}</div>"


def _shown(comparison: Comparison) -> Sequence[Sequence[Row]]:
    single = all(row.number == 0 for row in comparison.rows)
    return [(row,) for row in comparison.rows] if single else comparison.grouped


def _registries(registries: Sequence[Reached]) -> str:
    rows = []
    for each in registries:
        answered = [x for x in each.transcript if x.response is not None]
        status = str(answered[-1].status) if answered else "-"
        time = f"{sum(x.milliseconds for x in answered):.1f} ms"
        said = each.error or (answered[-1].meaning if answered else "")
        rows.append([_text(each.name), _text(each.url), status, time, _text(said)])
    return _table(("registry", "address", "status", "time", ""), rows)


def _compared(rows: Sequence[Row], places: str) -> list[str]:
    first = rows[0]
    line = first.name + (f" of {places}" if first.number else "")
    values = ["-" if value is None else _text(value[:_MOST]) for value in first.values]
    return [_mark(first.verdict), _text(line), *values, f"{_text(first.reason)} {_source(first.level, first.citation)}"]


def card_html(card: CapabilityCard) -> str:
    """Return a card as HTML: a table for each group, then the notes; each verdict expands to its exchanges.

    Parameters
    ----------
    card: the card that ``rt.probe`` returned.
    """
    counts = ", ".join(f"{count} {outcome}" for outcome, count in card.counts.items())
    head = f"<div><b>{_text(card.title)}</b> at {_text(card.url)}: {_text(counts)}</div>"
    groups = dict.fromkeys(item.group for item in card)
    parts = [
        f"<div><i>{_text(group)}</i></div>"
        + _table(("", "capability", "response", "documents"), (_item(item) for item in card if item.group == group))
        for group in groups
    ]
    notes = "".join(f"<div>{_text(note)}</div>" for note in card.notes)
    return f"<div>{head}{''.join(parts)}{notes}</div>"


def _item(item: Item) -> list[str]:
    count = f"{len(item.exchanges)} request{'' if len(item.exchanges) == 1 else 's'}"
    proof = _exchanges(count, list(item.exchanges)) if len(item.exchanges) else ""
    name = f"{_text(item.name)}<div><i>{_text(item.question)}</i></div>"
    return [_mark(item.outcome), name, f"{_text(item.summary)}{proof}", _source(item.badge, item.citation)]


def _exchanges(title: str, exchanges: Iterable[Exchange]) -> str:
    html = "".join(exchange_html(exchange) for exchange in exchanges)
    return f'<details><summary style="cursor:pointer">{_text(title)}</summary>{html}</details>'


def _mark(word: str) -> str:
    return f'<span style="{_MARK.format(_COLORS.get(word, _PLAIN))}">{_text(word)}</span>'


def _source(level: str | None, citation: Citation | None) -> str:
    if level is None:
        return ""
    if citation is None:
        return f"<i>({escape(level)})</i>"
    clause = f"{citation.document.name}, {citation.section}"
    link = f'<a href="{escape(citation.url)}" rel="noreferrer noopener" target="_blank">{escape(clause)}</a>'
    return f"<i>({escape(level)}: {link})</i>"


def _table(columns: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are already HTML."""
    head = "".join(f'<th style="{_HEAD}">{_text(column)}</th>' for column in columns)
    lines = ("".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<table style="border-collapse:collapse;{_MONO}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _text(text: str) -> str:
    return escape(visible(text))
