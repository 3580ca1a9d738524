"""The headers of exchanges side by side, or line by line as they went over the wire."""

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
    """Compare the headers of exchanges side by side.

    Parameters
    ----------
    exchanges: a list of exchanges, a Transcript, or one Exchange.
    side: ``"response"``, ``"request"``, or ``"both"`` (the request's headers first).
    as_sent: keep the order and spelling of each message; the table then has another shape, see below.

    Returns
    -------
    One column for each exchange, of dtype ``string``, with a name such as ``"1 start_upload 202"``: its number in
    ``exchanges``, its step, and its status, or ``-`` if no response came. One row for each header; the index has the
    levels ``side`` (``request`` or ``response``) and ``header``. Names are matched without regard to case. The table
    has the spelling and the order of their first occurrence. A header that occurs more than once has all its values in
    one cell, one on each line. ``<NA>`` is a header that was absent; an empty string is a header without a value.
    Interim responses (1xx) are left out, because their headers belong to another message than the final response.

    With ``as_sent`` there is one row for each header line that went over the wire, in order. The index has the levels
    ``exchange`` (the name of the column above, dtype ``string``), ``side`` (``request``, ``interim`` or ``response``;
    interim responses are included with the response) and ``position`` (from 1 within that message); the columns are
    ``header`` and ``value``, of dtype ``string``.

    Raises
    ------
    ValueError: for any other ``side``.
    TypeError: for anything that is not an exchange, such as a request that was not sent.

    Source: RFC 9110, 5.1 Field Names (no case) and 5.3 Field Order
    <https://www.rfc-editor.org/rfc/rfc9110.html#section-5.1>.
    """
    if side not in _SIDES:
        raise ValueError(f"side must be one of {', '.join(map(repr, _SIDES))}, not {side!r}")
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
        # The positions run through all interim responses, so that the position of each line is unique.
        yield "interim", tuple(pair for interim in exchange.interims for pair in interim.headers)
        yield "response", _headers(exchange, "response")


def _headers(exchange: Exchange, part: str) -> HeaderList:
    if part == "request":
        return exchange.request.headers
    return exchange.response.headers if exchange.response else ()


def header_values(exchange: Exchange, part: str) -> dict[str, tuple[str, str]]:
    """Map each header name of one side, in lower case, to its first spelling and its values, one on each line."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in _headers(exchange, part):
        first, values = found.get(name.lower(), (name, None))
        found[name.lower()] = (first, value if values is None else f"{values}\n{value}")
    return found
