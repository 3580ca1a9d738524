"""A transcript as a sequence diagram in SVG: the client on the left, the registries to its right, time downwards.

The picture is self-contained: it has its own background, no script, no style sheet, nothing to load, and no ids, so
that one page can contain several. Text that does not fit is cut off; a tooltip has the full text.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.text import cut, visible

MOST = 500
"""The most exchanges that are drawn; a note states how many are left out."""

_LEFT, _APART, _TOP, _LINE = 110, 660, 110, 26
_SMALL = 84
"""The number of characters of the smaller text that fit between two lifelines."""
_COLOURS = {"sent": "#0b57a4", "good": "#1b6e2c", "bad": "#b3261e", "interim": "#6b5b00", "quiet": "#6b5b00"}
_FONT = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"


@dataclass(frozen=True)
class _Arrow:
    """A message: its bold ``label``, its meaning as ``caption``, and whether it goes to the registry (``away``)."""

    label: str
    caption: str
    kind: str
    away: bool
    arrives: bool = True


def svg_of(transcript: Transcript) -> str:
    """Return the transcript as the text of an SVG file.

    Parameters
    ----------
    transcript: the recorded exchanges; only the first :data:`MOST` are drawn.
    """
    drawn = transcript.exchanges[:MOST]
    registries = list(dict.fromkeys(_registry(exchange) for exchange in drawn)) or ["registry"]
    parts: list[str] = []
    y = _TOP
    for number, exchange in enumerate(drawn, 1):
        at = _LEFT + _APART * (registries.index(_registry(exchange)) + 1)
        parts.append(f"<g><title>{_text(exchange.as_text())}</title>")
        for arrow in _arrows(number, exchange):
            parts.append(_arrow(arrow, at, y))
            y += _LINE + (14 if arrow.caption else 0)
        parts.append("</g>")
        y += 14
    notes = [*transcript.notes, *([f"{len(transcript) - MOST:,} more are not drawn"] if len(transcript) > MOST else [])]
    for note in notes:
        parts.append(_label(20, y, cut(visible(note), 110), "#1b1b1b", 12))
        y += 18
    width = _LEFT + _APART * len(registries) + 130
    title = visible(transcript.title) or "Transcript"
    return _document(title, width, y + 20, [*_lifelines(registries, y), *parts])


def _registry(exchange: Exchange) -> str:
    return visible(exchange.registry or urlsplit(exchange.url.split("?")[0]).netloc) or "registry"


def _arrows(number: int, exchange: Exchange) -> list[_Arrow]:
    request, body = exchange.request, exchange.request.body
    amount = "" if body.fate == "none" else f"{body.size:,} bytes {body.fate}"
    caption = ", ".join(part for part in (exchange.step, amount) if part)
    arrived = exchange.response is not None
    arrows = [_Arrow(f"{number} {request.method} {request.target}", caption, "sent", True, arrived)]
    arrows += [_Arrow(f"{i.status} {i.reason}", "", "interim", False) for i in exchange.interims]
    if exchange.response is None:
        return [*arrows, _Arrow("no response", exchange.error, "bad", False, False)]
    label = f"{exchange.response.status} {exchange.response.reason}".strip()
    return [*arrows, _Arrow(label, exchange.meaning, exchange.outcome, False)]


def _arrow(arrow: _Arrow, at: int, y: int) -> str:
    """Draw a line between the client and the lifeline at ``at``, with the label above and the caption below."""
    colour, middle = _COLOURS[arrow.kind], (_LEFT + at) // 2 if not arrow.arrives else at
    start, end = (_LEFT, middle) if arrow.away else (middle, _LEFT)
    step = -9 if arrow.away else 9
    dashed = "" if arrow.away else ' stroke-dasharray="6 4"'
    point = f'<path d="M{end} {y}l{step} -5v10z" fill="{colour}"/>' if arrow.arrives else _cross(middle, y, colour)
    left = max(_LEFT, at - _APART) + 14
    lines = [
        f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}" stroke-width="1.5"{dashed}/>',
        point,
        _label(left, y - 6, cut(visible(arrow.label), 76), colour, 13, bold=True),
    ]
    if arrow.caption:
        lines.append(_label(left, y + 14, cut(visible(arrow.caption), _SMALL), "#3c3c3c", 12))
    return "".join(lines)


def _cross(x: int, y: int, colour: str) -> str:
    return f'<path d="M{x - 6} {y - 6}l12 12m0 -12l-12 12" stroke="{colour}" stroke-width="2" fill="none"/>'


def _lifelines(registries: list[str], bottom: int) -> list[str]:
    parts = []
    for index, name in enumerate(["client", *registries]):
        x = _LEFT + _APART * index
        parts.append(
            f'<line x1="{x}" y1="72" x2="{x}" y2="{bottom}" stroke="#8a8a8a"/>'
            f'<rect x="{x - 90}" y="44" width="180" height="28" rx="4" fill="#f1f3f5" stroke="#8a8a8a"/>'
            + _label(x, 63, cut(name, 22), "#1b1b1b", 13, bold=True, middle=True)
        )
    return parts


def _label(x: int, y: int, text: str, colour: str, size: int, *, bold: bool = False, middle: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}"{weight}{anchor}>{_text(text)}</text>'


def _text(text: str) -> str:
    return escape("\n".join(visible(line) for line in text.split("\n")))


def _document(title: str, width: int, height: int, parts: list[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{escape(title)}" font-family="{escape(_FONT)}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        f"{_label(20, 26, cut(title, 80), '#1b1b1b', 15, bold=True)}\n{body}\n</svg>\n"
    )
