"""Exchanges as tables: what went over the wire, one pandas.DataFrame for each question that one asks of it.

Every function gives a plain DataFrame with the columns and dtypes that its docstring names, also when there is nothing
to show. Text is ``string``, a number that can be missing is ``Int64``, and what is missing is ``<NA>``: an empty text
means that an empty text was sent. The data is whole; pandas shortens what it *shows* to 50 characters, and
:func:`whole` shows all of it.

This is the only module that imports pandas, and it does so when a table is made. It knows nothing of how records come
to be.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from regtutor.errors import RegtutorError
from regtutor.exchange import BodyRecord, Exchange
from regtutor.message import HeaderList

if TYPE_CHECKING:
    import pandas as pd

Side = Literal["response", "request", "both"]
Exchanges = Exchange | Iterable[Exchange]
"""What a table is made of: a Transcript, a list of exchanges, or a single one."""

_SIDES: Mapping[str, tuple[str, ...]] = {
    "request": ("request",),
    "response": ("response",),
    "both": ("request", "response"),
}

_SUMMARY_DTYPES = {
    "step": "string",
    "method": "string",
    "path": "string",
    "status": "Int64",
    "bytes up": "int64",
    "bytes down": "int64",
    "milliseconds": "float64",
    "meaning": "string",
}
_LAYER_DTYPES = {"media type": "string", "size": "int64", "digest": "string", "diff ID": "string"}
_PUSH_COLUMNS = ("requests", "uploads", "mounts", "HEAD 200", "bytes up")


class HasRows(Protocol):
    """Anything that can say its layers as rows, such as an Image."""

    def rows(self) -> list[dict[str, str | int]]: ...


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
    named = [(f"{n} {x.step} {x.status or '-'}", x) for n, x in enumerate(_listed(exchanges), start=1)]
    if as_sent:
        return _header_lines(named, side)
    pd, text = _pandas()
    keys = list(dict.fromkeys(key for part in _SIDES[side] for _, x in named for key in _values(x, part)))
    spelled = {key: spelling for part in _SIDES[side] for _, x in reversed(named) for key, spelling in _names(x, part)}
    columns = {name: pd.array([_cell(x, key) for key in keys], dtype=text) for name, x in named}
    index = pd.MultiIndex.from_arrays(
        [pd.array([part for part, _ in keys], dtype=text), pd.array([spelled[key] for key in keys], dtype=text)],
        names=["side", "header"],
    )
    return pd.DataFrame(columns, index=index, columns=[name for name, _ in named])


def _header_lines(named: list[tuple[str, Exchange]], side: Side) -> pd.DataFrame:
    pd, text = _pandas()
    rows = [
        (name, part, position, header, value)
        for name, exchange in named
        for part, headers in _messages(exchange, side)
        for position, (header, value) in enumerate(headers, start=1)
    ]
    names = ["exchange", "side", "position", "header", "value"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype(dict.fromkeys(names, text) | {"position": "int64"}).set_index(names[:3])


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


def _names(exchange: Exchange, part: str) -> list[tuple[tuple[str, str], str]]:
    return [((part, name.lower()), name) for name, _ in reversed(_headers(exchange, part))]


def _values(exchange: Exchange, part: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for name, value in _headers(exchange, part):
        found.setdefault((part, name.lower()), []).append(value)
    return {key: "\n".join(values) for key, values in found.items()}


def _cell(exchange: Exchange, key: tuple[str, str]) -> str | None:
    return _values(exchange, key[0]).get(key)


def summary_table(transcript: Exchanges) -> pd.DataFrame:
    """What was asked and answered, one row for each exchange.

    Parameters
    ----------
    transcript: a Transcript, a list of exchanges, or one Exchange.

    Returns
    -------
    The columns ``step``, ``method``, ``path`` (of the target, without scheme, host and query), ``status`` (``Int64``,
    ``<NA>`` if no answer came), ``bytes up`` and ``bytes down`` (``int64``, bodies only, what really went over the
    wire), ``milliseconds`` (``float64``) and ``meaning`` (what the answer says); the others are ``string``. The index
    ``n`` counts from 1.
    """
    listed = _listed(transcript)
    cells: dict[str, list[Any]] = {
        "step": [x.step for x in listed],
        "method": [x.method for x in listed],
        "path": [_path(x.target) for x in listed],
        "status": [x.status for x in listed],
        "bytes up": [x.bytes_up for x in listed],
        "bytes down": [x.bytes_down for x in listed],
        "milliseconds": [x.milliseconds for x in listed],
        "meaning": [x.meaning for x in listed],
    }
    return _frame(cells, _SUMMARY_DTYPES, _counted(len(listed), "n"))


def _path(target: str) -> str:
    path = target.partition("?")[0]
    scheme, mark, rest = path.partition("://")
    if not mark or "/" in scheme:
        return path
    return "/" + rest.partition("/")[2]


def diff_table(a: Exchange, b: Exchange) -> pd.DataFrame:
    """What two exchanges have in common and what not.

    Parameters
    ----------
    a, b: the exchanges.

    Returns
    -------
    The columns ``a`` and ``b`` (``string``; ``<NA>`` where an exchange has no such thing) and ``same`` (``bool``). The
    index has the levels ``part`` (``request``, ``request header``, ``request body``, ``interim``, ``response``,
    ``response header``, ``response body``) and ``name``. Headers are matched without case and compared by their values;
    their order is compared in no row (``headers_table([a, b], as_sent=True)`` shows it). Bodies are compared by size,
    digest and what became of them. ``table[~table.same]`` is what differs.
    """
    pd, text = _pandas()
    (left, right) = _parts(*_listed([a])), _parts(*_listed([b]))
    order = dict.fromkeys([*left, *right])
    keys = sorted(order, key=lambda key: _DIFF_PARTS.index(key[0]))
    shown = {key: name for side in (right, left) for key, (name, _) in side.items()}
    first = [left[key][1] if key in left else None for key in keys]
    second = [right[key][1] if key in right else None for key in keys]
    index = pd.MultiIndex.from_arrays(
        [pd.array([part for part, _ in keys], dtype=text), pd.array([shown[key] for key in keys], dtype=text)],
        names=["part", "name"],
    )
    same = pd.array([one == other for one, other in zip(first, second, strict=True)], dtype="bool")
    cells = {"a": pd.array(first, dtype=text), "b": pd.array(second, dtype=text), "same": same}
    return pd.DataFrame(cells, index=index)


_DIFF_PARTS = (
    "request",
    "request header",
    "request body",
    "interim",
    "response",
    "response header",
    "response body",
)


def _parts(exchange: Exchange) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(part, name in lower case) -> (name, value), in order."""
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
    spelled = dict(_names(exchange, part))
    for key, value in _values(exchange, part).items():
        yield f"{part} header", spelled[key], value


def _body_rows(part: str, body: BodyRecord | None) -> Iterable[tuple[str, str, str | None]]:
    yield part, "size", str(body.size) if body else None
    yield part, "digest", body.digest if body else None
    yield part, "fate", body.fate if body else None


def layers_table(image: HasRows) -> pd.DataFrame:
    """The layers of an image, from the base upwards.

    Parameters
    ----------
    image: an Image.

    Returns
    -------
    The columns ``media type``, ``size`` (``int64``, bytes), ``digest`` (of the bytes as they are sent) and ``diff ID``
    (of the uncompressed layer; ``<NA>`` where the config names none); texts are ``string``. The index ``layer`` counts
    from 1.

    Source: OCI image-spec v1.1.1, config.md, "Layer DiffID"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-diffid>.
    """
    rows = image.rows()
    cells: dict[str, list[Any]] = {column: [row.get(column) for row in rows] for column in _LAYER_DTYPES}
    cells["diff ID"] = [value or None for value in cells["diff ID"]]
    return _frame(cells, _LAYER_DTYPES, _counted(len(rows), "layer"))


def bytes_table(pushes: Mapping[str, Exchanges]) -> pd.DataFrame:
    """What several pushes cost, one row each.

    Parameters
    ----------
    pushes: title -> the transcript of a push.

    Returns
    -------
    The index ``push`` holds the titles (``string``); the columns, all ``int64``, are ``requests`` (how many were sent),
    ``uploads`` (blobs that were sent and stored: put_blob answered 201), ``mounts`` (mount_blob answered 201),
    ``HEAD 200`` (blobs that were there already) and ``bytes up`` (of all request bodies, the manifest included).
    """
    pd, text = _pandas()
    listed = [_listed(push) for push in pushes.values()]
    cells: dict[str, list[Any]] = {
        "requests": [len(push) for push in listed],
        "uploads": [_count(push, "put_blob", 201) for push in listed],
        "mounts": [_count(push, "mount_blob", 201) for push in listed],
        "HEAD 200": [_count(push, "head_blob", 200) for push in listed],
        "bytes up": [sum(exchange.bytes_up for exchange in push) for push in listed],
    }
    index = pd.Index(pd.array(list(pushes), dtype=text), name="push")
    return _frame(cells, dict.fromkeys(_PUSH_COLUMNS, "int64"), index)


def _count(exchanges: list[Exchange], step: str, status: int) -> int:
    return sum(exchange.step == step and exchange.status == status for exchange in exchanges)


class Whole:
    """A table as it is shown by :func:`whole`; ``table`` is the table itself."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    def __repr__(self) -> str:
        return str(self.table.to_string(max_colwidth=None))

    def _repr_html_(self) -> str:
        # Header values come from a registry, so every text is escaped here: pandas would escape a line break as well.
        pd, _ = _pandas()
        shown = self.table.map(_html_cell).rename(index=_escaped, columns=_escaped)
        with pd.option_context("display.max_colwidth", None):
            return str(shown.to_html(escape=False, border=0))


def whole(table: pd.DataFrame) -> Whole:
    """A table with nothing cut off, for the end of a notebook's cell: ``rt.whole(rt.headers_table(exchanges))``.

    pandas shows at most 50 characters of a cell (its option ``display.max_colwidth``), which is less than a digest.
    ``table.style`` shows all, but escapes nothing: do not use it on what a registry sent.

    Parameters
    ----------
    table: any DataFrame.

    Returns
    -------
    Something that JupyterLab shows as HTML and a terminal as text; several lines in a cell stay several lines.
    """
    return Whole(table)


def _escaped(value: Any) -> str:
    return html.escape(str(value))


def _html_cell(value: Any) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    lines = html.escape(text).replace("\n", "<br>")
    return f'<span style="overflow-wrap:anywhere">{lines}</span>'


def _frame(cells: Mapping[str, list[Any]], dtypes: Mapping[str, str], index: Any) -> pd.DataFrame:
    pd, text = _pandas()
    typed = {name: pd.array(cells[name], dtype=text if dtype == "string" else dtype) for name, dtype in dtypes.items()}
    return pd.DataFrame(typed, index=index)


def _counted(length: int, name: str) -> Any:
    pd, _ = _pandas()
    return pd.RangeIndex(1, length + 1, name=name)


def _listed(exchanges: Exchanges) -> list[Exchange]:
    listed = [exchanges] if isinstance(exchanges, Exchange) else list(exchanges)
    for item in listed:
        if not isinstance(item, Exchange):
            raise TypeError(f"A table shows exchanges, and this is a {type(item).__name__}: send a request first")
    return listed


def _pandas() -> tuple[Any, Any]:
    """pandas, and the dtype of text: kept by Python itself, so that it is the same with and without pyarrow."""
    try:
        import pandas
    except ImportError as error:
        raise RegtutorError(
            "Tables need pandas, which is not installed here",
            str(error),
            "Install it (pip install pandas), or print the exchange: its text needs nothing",
        ) from error
    return pandas, pandas.StringDtype("python")


__all__ = [
    "Whole",
    "bytes_table",
    "diff_table",
    "headers_table",
    "layers_table",
    "summary_table",
    "whole",
]
