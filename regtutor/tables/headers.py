"""The headers of exchanges next to each other, or line by line as they went over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from regtutor.exchange import Exchange
from regtutor.message import HeaderList
from regtutor.tables.frames import Exchanges, counted, frame, listed, text_pairs

if TYPE_CHECKING:
    import pandas as pd

Side = Literal["response", "request", "both"]


_SIDES: Mapping[str, tuple[str, ...]] = {
    "request": ("request",),
    "response": ("response",),
    "both": ("request", "response"),
}


def headers_table(exchanges: Exchanges, *, side: Side = "response", as_sent: bool = False) -> pd.DataFrame:
    """The headers of some exchanges next to each other.

    Parameters
    ----------
    exchanges: a list of exchanges, a Transcript, or one Exchange.
    side: ``"response"``, ``"request"``, or ``"both"`` (the request's headers first).
    as_sent: keep each message's own order and spelling; this gives another shape, see below.

    Returns
    -------
    One column for each exchange, called ``"1 start_upload 202"`` (its number in ``exchanges``, its step, its status, or
    ``-`` if no answer came), of dtype ``string``. One row for each header; the index has the levels ``side``
    (``request`` or ``response``) and ``header``. Names are matched without case and shown as they first came, in the
    order in which they first came. A header that came more than once has its values in one cell, a line each. ``<NA>``
    is a header that was not there; an empty text is one that had no value. Interim answers (1xx) are not here: their
    headers belong to another message than the final answer's.

    With ``as_sent`` there is one row for each header line that went over the wire, in order. The index has the levels
    ``exchange`` (the column's name above, dtype ``string``), ``side`` (``request``, ``interim`` or ``response``;
    interim answers come with the response) and ``position`` (from 1 within that message); the columns are ``header``
    and ``value``, of dtype ``string``.

    Raises
    ------
    ValueError: for any other ``side``.
    TypeError: for anything that is no exchange, such as a request that was not sent.

    Source: RFC 9110, 5.1 Field Names (no case) and 5.3 Field Order
    <https://www.rfc-editor.org/rfc/rfc9110.html#section-5.1>.
    """
    if side not in _SIDES:
        raise ValueError(f"side is one of {', '.join(map(repr, _SIDES))}, not {side!r}")
    named = [(f"{n} {x.step} {x.status or '-'}", x) for n, x in enumerate(listed(exchanges), start=1)]
    return _header_lines(named, side) if as_sent else _header_columns(named, side)


def _header_columns(named: list[tuple[str, Exchange]], side: Side) -> pd.DataFrame:
    found = {
        name: {(part, key): pair for part in _SIDES[side] for key, pair in header_values(exchange, part).items()}
        for name, exchange in named
    }
    spelled: dict[tuple[str, str], str] = {}
    for headers in found.values():
        for key, (spelling, _) in headers.items():
            spelled.setdefault(key, spelling)
    keys = sorted(spelled, key=lambda key: _SIDES[side].index(key[0]))
    columns = {name: [headers[key][1] if key in headers else None for key in keys] for name, headers in found.items()}
    index = text_pairs([(key[0], spelled[key]) for key in keys], ["side", "header"])
    return frame(columns, dict.fromkeys(columns, "string"), index)


def _header_lines(named: list[tuple[str, Exchange]], side: Side) -> pd.DataFrame:
    rows = [
        (name, part, position, header, value)
        for name, exchange in named
        for part, headers in _messages(exchange, side)
        for position, (header, value) in enumerate(headers, start=1)
    ]
    names = ["exchange", "side", "position", "header", "value"]
    cells = {name: [row[number] for row in rows] for number, name in enumerate(names)}
    dtypes = dict.fromkeys(names, "string") | {"position": "int64"}
    return frame(cells, dtypes, counted(len(rows), "n")).set_index(names[:3])


def _messages(exchange: Exchange, side: Side) -> Iterable[tuple[str, HeaderList]]:
    if "request" in _SIDES[side]:
        yield "request", exchange.request.headers
    if "response" in _SIDES[side]:
        # All interim answers are one run of positions, so that each line keeps a place of its own.
        yield "interim", tuple(pair for interim in exchange.interims for pair in interim.headers)
        yield "response", _headers(exchange, "response")


def _headers(exchange: Exchange, part: str) -> HeaderList:
    if part == "request":
        return exchange.request.headers
    return exchange.response.headers if exchange.response else ()


def header_values(exchange: Exchange, part: str) -> dict[str, tuple[str, str]]:
    """The headers of one side: name in lower case -> (name as first received, every value on a line of its own)."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in _headers(exchange, part):
        first, values = found.get(name.lower(), (name, None))
        found[name.lower()] = (first, value if values is None else f"{values}\n{value}")
    return found
