"""A transcript as Markdown, for a bug report: a table of requests, then every exchange.

Data from the wire can contain Markdown and HTML; all of it is escaped.

Source: GitHub Flavored Markdown Spec, sections 4.5 "Fenced code blocks" and 4.10 "Tables" <https://github.github.com/gfm/>.
"""

from __future__ import annotations

import platform
import re

from regtutor.client.wire.head import default_user_agent
from regtutor.exchange import Exchange, Transcript
from regtutor.findings import explain
from regtutor.protocol.text import cut, visible

_LONGEST_CELL = 120
# An underscore within a word is not a mark in Markdown, and error codes contain many.
_MARKS = re.compile(r"(?<!\w)_|_(?!\w)|[\\`*\[\]<>|&#@~!$]|:(?=//)|(?<=www)\.")
_CODE_BREAKERS = re.compile(r"[`|\\]|^\s|\s$|^$")


def markdown_of(transcript: Transcript) -> str:
    """Return the transcript as Markdown (GitHub's), without secrets, as in the records.

    Parameters
    ----------
    transcript: the recorded exchanges.
    """
    count = f"{len(transcript)} request{'' if len(transcript) == 1 else 's'}"
    amounts = f"{count}, {transcript.bytes_up:,} bytes up, {transcript.bytes_down:,} bytes down"
    parts = [
        f"## {_plain(transcript.title) or 'Transcript'}",
        f"{amounts}; {default_user_agent()}, Python {platform.python_version()}",
        _table(transcript),
        _diagnoses(transcript),
        *(_section(number, exchange) for number, exchange in enumerate(transcript, 1)),
        *(f"- {_plain(note)}" for note in transcript.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(transcript: Transcript) -> str:
    rows = [
        (str(number), _code(e.step), _code(f"{e.method} {e.target}"), str(e.status or "none"), _plain(e.meaning))
        for number, e in enumerate(transcript, 1)
    ]
    head = ("#", "step", "request", "status", "meaning")
    lines = [head, ("---:", "---", "---", "---:", "---"), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _diagnoses(transcript: Transcript) -> str:
    """Return the diagnoses of all exchanges with their next steps, which readers of a report look for first."""
    found = [
        f"- request {number}, {_plain(exchange.step)}: **{_plain(one.name)}**: {_plain(one.meaning)}. "
        f"Next: {_plain(one.next)}."
        for number, exchange in enumerate(transcript, 1)
        for one in explain(exchange).diagnoses
    ]
    return "\n".join(["### Diagnoses", "", *found]) if found else ""


def _section(number: int, exchange: Exchange) -> str:
    return f"### {number}. {_plain(exchange.step)}\n\n{_fenced(exchange.as_text())}"


def _fenced(text: str) -> str:
    """Return ``text`` in a code block, with a fence that is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _code(text: str) -> str:
    """Return ``text`` as code if that is possible in a table cell, else as plain text."""
    shown = cut(visible(text), _LONGEST_CELL)
    return _plain(shown) if _CODE_BREAKERS.search(shown) else f"`{shown}`"


def _plain(text: str) -> str:
    """Return ``text`` as plain text, with every mark of Markdown or HTML as a character reference."""
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", visible(text))
