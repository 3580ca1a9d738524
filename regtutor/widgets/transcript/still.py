"""The static forms of a timeline: a table with bars for a saved notebook, arrows for a terminal.

All styles are inline, and an untrusted notebook keeps all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from regtutor.exchange import Transcript
from regtutor.formats.svg import svg_of
from regtutor.protocol.text import cut, visible
from regtutor.widgets.transcript.timeline import COLUMNS, Row, duration, expected, real_duration, refused
from regtutor.widgets.view import picture

MOST_ROWS = 200
"""The most rows of the table, and the most exchanges of the text."""

MOST_DRAWN = 40
"""The most exchanges of a transcript whose table has a sequence diagram."""

_COLOURS = {"begin": "#8a8a8a", "wait": "#b58900", "body": "#1f6fc4", "answer": "#7b61a8", "receive": "#2b8a3e"}
"""The colours of the bars, visible on light and on dark; no information is in the colour alone."""

_CELL = "text-align:left;vertical-align:top;padding:1px 10px 1px 0"
_NUMBER = "text-align:right;vertical-align:top;padding:1px 10px 1px 0;white-space:nowrap"
_TARGET = f"{_CELL};overflow-wrap:anywhere"
_HEADS = {"": 4, "step": 12, "request": 33, "response": 14, "up": 7, "down": 7, "ms": 7, "time": 16}
"""The columns and their widths in percent; without widths, a notebook gives all columns the same."""


def summary(transcript: Transcript, rows: Sequence[Row]) -> str:
    """Return the number of requests, bytes and refusals, and the duration, in one line of text."""
    count, refusals, found_out = len(transcript), sum(map(refused, rows)), sum(map(expected, rows))
    parts = [
        f"{count:,} request{'' if count == 1 else 's'}",
        f"{transcript.bytes_up:,} bytes up",
        f"{transcript.bytes_down:,} bytes down",
        duration(real_duration(rows)),
        f"{refusals:,} refused" if refusals else "none refused",
        *([f"{found_out:,} not found, as expected"] if found_out else []),
    ]
    title = f"{cut(visible(transcript.title[:300]), 200)}: " if transcript.title else ""
    return title + ", ".join(parts)


def html(transcript: Transcript, rows: Sequence[Row]) -> str:
    """Return the summary, a table of the first :data:`MOST_ROWS` rows and, if it is short, a sequence diagram."""
    shown = [dict(zip(COLUMNS, row, strict=True)) for row in rows[:MOST_ROWS]]
    begin = min((row["left"] for row in shown), default=0.0)
    length = max((row["left"] + row["ms"] for row in shown), default=0.0) - begin
    head = "".join(f'<th style="{_CELL};width:{share}%">{name}</th>' for name, share in _HEADS.items())
    body = "".join(_table_row(number, row, begin, length or 1.0) for number, row in enumerate(shown, 1))
    more = len(transcript) - len(shown)
    tail = [f"... and {more:,} more"] if more > 0 else []
    tail += [cut(visible(note[:700]), 600) for note in transcript.notes[:20]]
    notes = "".join(f"<div>{escape(note)}</div>" for note in tail)
    short = 0 < len(transcript) <= MOST_DRAWN
    diagram = picture(svg_of(transcript), f"Sequence diagram: {_plain(transcript)}") if short else ""
    return (
        f"<div><div><b>{escape(summary(transcript, rows))}</b></div>"
        f'<table style="border-collapse:collapse;width:100%"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{notes}{diagram}</div>"
    )


def _plain(transcript: Transcript) -> str:
    return cut(visible(transcript.title[:300]), 100) or f"{len(transcript)} exchanges"


def _table_row(number: int, row: dict[str, object], begin: float, length: float) -> str:
    error = f"<br/>{escape(str(row['error']))}" if row["error"] else ""
    cells = [
        (_NUMBER, f"{number}"),
        (_CELL, escape(str(row["step"]))),
        (_TARGET, escape(f"{row['method']} {row['short'] or row['target']}")),
        (_CELL, f"<b>{escape(_answer(row))}</b>{error}"),
        (_NUMBER, f"{row['up']:,}"),
        (_NUMBER, f"{row['down']:,}"),
        (_NUMBER, f"{row['ms']:,}"),
        ("vertical-align:middle", _bar(row, begin, length)),
    ]
    return "<tr>" + "".join(f'<td style="{style}">{content}</td>' for style, content in cells) + "</tr>"


def _answer(row: dict[str, object]) -> str:
    return f"{row['status'] or ''} {row['said']}".strip()


def _bar(row: dict[str, object], begin: float, length: float) -> str:
    """Return a bar of adjacent blocks; the first one is moved to the beginning of the exchange."""
    left, ms, parts = row["left"], row["ms"], row["parts"]
    assert isinstance(left, float) and isinstance(ms, float) and isinstance(parts, list)
    known = sum(part_ms for _, part_ms in parts)
    blocks = [*parts, ("begin", ms - known)] if ms - known > 0.05 or not parts else parts
    at, drawn = 100 * (left - begin) / length, []
    for part, part_ms in blocks:
        width = min(max(100 * part_ms / length, 1.5), max(100 - at, 1.5))
        drawn.append(
            f'<div style="height:3px;margin-left:{min(at, 98.5):.2f}%;width:{width:.2f}%;'
            f'background-color:{_COLOURS[part]}"></div>'
        )
        at += 100 * part_ms / length
    return f'<div title="{escape(", ".join(f"{part} {part_ms} ms" for part, part_ms in parts))}">{"".join(drawn)}</div>'


def text(transcript: Transcript, rows: Sequence[Row]) -> str:
    """Return the summary and, for each of the first :data:`MOST_ROWS` exchanges, an arrow each way."""
    lines = [summary(transcript, rows)]
    for number, cells in enumerate(rows[:MOST_ROWS], 1):
        row = dict(zip(COLUMNS, cells, strict=True))
        up = f", {row['up']:,} bytes" if row["up"] else ""
        down = f", {row['down']:,} bytes" if row["down"] else ""
        error = f" ({row['error']})" if row["error"] else ""
        lines.append(f"{number:4} --> {row['method']} {row['short'] or row['target']}  {row['step']}{up}")
        lines.append(f"     <-- {_answer(row)}{error}{down}, {duration(row['ms'])}")
    more = len(transcript) - min(len(rows), MOST_ROWS)
    return "\n".join([*lines, *([f"... and {more:,} more"] if more > 0 else [])])
