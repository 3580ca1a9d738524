"""A comparison of two exchanges as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from regtutor.exchange import BodyRecord, Exchange
from regtutor.tables.frames import frame, listed, text_pairs
from regtutor.tables.headers import header_values

if TYPE_CHECKING:
    import pandas as pd


def diff_table(a: Exchange, b: Exchange) -> pd.DataFrame:
    """Compare two exchanges, line by line.

    Parameters
    ----------
    a, b: the exchanges.

    Returns
    -------
    The columns ``a`` and ``b`` (``string``; ``<NA>`` where an exchange has no such line) and ``same`` (``bool``). The
    index has the levels ``part`` (``request``, ``request header``, ``request body``, ``interim``, ``response``,
    ``response header``, ``response body``) and ``name``. Header names are matched without regard to case, and headers
    are compared by their values. No row compares their order; ``headers_table([a, b], as_sent=True)`` shows it. Bodies
    are compared by size, digest and fate (such as ``sent``, ``withheld`` or ``partial``). ``table[~table.same]`` has
    the differences.
    """
    left, right = _parts(*listed([a])), _parts(*listed([b]))
    keys = sorted(dict.fromkeys([*left, *right]), key=lambda key: _PARTS.index(key[0]))
    named = [(key[0], (left.get(key) or right[key])[0]) for key in keys]
    pairs = [(left.get(key, _ABSENT)[1], right.get(key, _ABSENT)[1]) for key in keys]
    cells: dict[str, list[Any]] = {
        "a": [a for a, _ in pairs],
        "b": [b for _, b in pairs],
        "same": [a == b for a, b in pairs],
    }
    return frame(cells, {"a": "string", "b": "string", "same": "bool"}, text_pairs(named, ["part", "name"]))


_PARTS = (
    "request",
    "request header",
    "request body",
    "interim",
    "response",
    "response header",
    "response body",
)
_ABSENT = ("", None)


def _parts(exchange: Exchange) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Map (part, name in lower case) to (name, value), in order."""
    request, response = exchange.request, exchange.response
    rows: list[tuple[str, str, str | None]] = [
        ("request", "method", request.method),
        ("request", "target", request.target),
        ("request", "version", request.version),
        *_header_rows("request", exchange),
        *_body_rows("request body", request.body),
        ("interim", "status", ", ".join(str(interim.status) for interim in exchange.interims) or None),
        ("response", "status", str(response.status) if response else None),
        ("response", "reason", response.reason if response else None),
        ("response", "version", response.version if response else None),
        *_header_rows("response", exchange),
        *_body_rows("response body", response.body if response else None),
    ]
    return {(part, name.lower()): (name, value) for part, name, value in rows}


def _header_rows(part: str, exchange: Exchange) -> Iterable[tuple[str, str, str | None]]:
    for name, value in header_values(exchange, part).values():
        yield f"{part} header", name, value


def _body_rows(part: str, body: BodyRecord | None) -> Iterable[tuple[str, str, str | None]]:
    yield part, "size", str(body.size) if body else None
    yield part, "digest", body.digest if body else None
    yield part, "fate", body.fate if body else None
