"""Decide which differences between responses to the same request the documents allow, with the clause.

The levels come from the tables of ``protocol/``. This module has only the few values that are always free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regtutor.comparison.records import Row, Verdict
from regtutor.exchange import Exchange
from regtutor.protocol.citations import HABIT, MAY, MUST, OUTSIDE, Citation, Level
from regtutor.protocol.clauses import ERROR_CODES, POST_THEN_PUT, PULLING_BLOBS, http
from regtutor.protocol.header_uses import header_use
from regtutor.protocol.headers import HEADERS, LINKS
from regtutor.protocol.responses import ResponseRow, response_row

Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Ruling:
    """A verdict, with its reason, level and clause."""

    verdict: Verdict
    reason: str = ""
    level: Level | None = None
    citation: Citation | None = None


SAME = Ruling("same")
_TIME = Ruling("per instance", "the time until the response was complete")
_NOT_SENT = Ruling("depends", "this request was not sent everywhere: an earlier response led to another request")


def compared(number: int, exchanges: Sequence[Exchange | None], stopped: Sequence[bool]) -> list[Row]:
    """Return the rows of one request.

    Parameters
    ----------
    number: of the request within the walk, from 1; 0 for a single request.
    exchanges: one for each registry, None where it sent no response to this request.
    stopped: for each registry whether an error ended its requests; the requests after it are then no difference.
    """
    present = [x for x in exchanges if x is not None]
    request = present[0].request_name if present else ""
    rows = [
        ("status", "status", _statuses(exchanges), _status_ruling(exchanges, stopped)),
        *(("header", name, values, _header_ruling(name, values, exchanges)) for name, values in _headers(exchanges)),
        *(("body", name, values, ruling) for name, values, ruling in _body_rows(exchanges)),
        ("time", "milliseconds", tuple(_milliseconds(x) for x in exchanges), _TIME if len(present) > 1 else SAME),
    ]
    return [
        Row(number, request, part, name, values, ruling.verdict, ruling.reason, ruling.level, ruling.citation)
        for part, name, values, ruling in rows
    ]


def _milliseconds(exchange: Exchange | None) -> str | None:
    return None if exchange is None else f"{exchange.milliseconds:.1f}"


def _statuses(exchanges: Sequence[Exchange | None]) -> Values:
    return tuple(str(x.status) if x is not None and x.status else None for x in exchanges)


_HAS_NO_SUCH_FEATURE = {
    ("get_referrers", 404),
    ("list_repositories", 404),
    ("delete_blob", 405),
    ("delete_manifest", 405),
}
"""Refusals that mean that a registry does not have an optional feature."""


def _status_ruling(exchanges: Sequence[Exchange | None], stopped: Sequence[bool]) -> Ruling:
    answered = [x for x in exchanges if x is not None]
    if len({x.status for x in answered}) < 2:
        left_out = any(x is None and not ended for x, ended in zip(exchanges, stopped, strict=True))
        return _NOT_SENT if left_out else SAME
    rows = [(x, response_row(x.request_name, x.status or 0)) for x in answered]
    for exchange, row in rows:
        if row is None or not row.endpoint:
            said = f"no registry document names {exchange.status} for {exchange.request_name}"
            return Ruling("differs", said, OUTSIDE, row.citation if row else None)
    return _documented(list({row.status: row for _, row in rows if row is not None}.values()))


def _documented(rows: list[ResponseRow]) -> Ruling:
    """Decide for several documented statuses whether a registry is free to choose, or a condition decides."""
    conditional = next((row for row in rows if row.condition), None)
    free = [row for row in rows if row.status < 400 or (row.endpoint, row.status) in _HAS_NO_SUCH_FEATURE]
    shown = conditional or next((row for row in rows if row.level != MUST), rows[-1])
    said = "; ".join(f"{row.status}: {row.meaning}" for row in rows)
    strict = conditional is not None and conditional.level == MUST and conditional not in free
    verdict: Verdict = "depends" if strict or len(free) < len(rows) else "allowed"
    condition = f"; {conditional.status} is {conditional.level} {conditional.condition}" if conditional else ""
    return Ruling(verdict, said + condition, shown.level, shown.citation)


def _headers(exchanges: Sequence[Exchange | None]) -> list[tuple[str, Values]]:
    names: dict[str, str] = {}
    for exchange in exchanges:
        for name in exchange.headers if exchange else ():
            names.setdefault(name.lower(), name)
    return [(name, tuple(_value(x, name) for x in exchanges)) for name in names.values()]


def _value(exchange: Exchange | None, name: str) -> str | None:
    values = exchange.headers.all(name) if exchange else ()
    return "\n".join(values) if values else None


_SESSION = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{32,}(?![0-9a-fA-F])")


def _path_of(value: str) -> str:
    """Return a Location without scheme, host, query and session name."""
    path = re.sub(r"^https?://[^/]+", "", value).partition("?")[0]
    last = path.rpartition("/")
    return f"{last[0]}/<session>" if "/uploads/" in path or _SESSION.fullmatch(last[2]) else path


@dataclass(frozen=True)
class Freedom:
    """A header whose value may differ: verdict, reason and clause; ``alike`` returns the part that must be equal."""

    verdict: Verdict
    reason: str
    citation: Citation
    alike: Callable[[str], Any] = str


_FREE: Mapping[str, tuple[Freedom, ...]] = {
    "date": (Freedom("per instance", "the time of the response", http("6.6.1 Date"), lambda _: ""),),
    "docker-upload-uuid": (
        Freedom("per instance", "the name of the session", HEADERS["docker-upload-uuid"].citation, lambda _: ""),
    ),
    "location": (
        Freedom("per instance", "host, session and state of this registry", POST_THEN_PUT, _path_of),
        Freedom("allowed", "a client must treat a Location as opaque", POST_THEN_PUT, lambda _: ""),
    ),
    "content-type": (
        Freedom(
            "allowed",
            "the same media type with other parameters",
            http("8.3.1 Media Type"),
            lambda value: value.partition(";")[0].strip().lower(),
        ),
    ),
    "etag": (Freedom("allowed", "an opaque name, which each server chooses", http("8.8.3 ETag"), lambda _: ""),),
    "link": (
        Freedom("allowed", "an address that a client follows as it is", HEADERS["link"].citation, lambda _: LINKS.name),
    ),
    "www-authenticate": (
        Freedom(
            "allowed", "each registry names its own scheme and realm", http("11.6.1 WWW-Authenticate"), lambda _: ""
        ),
    ),
}
"""Headers whose values are free, by name; the first entry that makes the values equal applies."""

_IDENTIFIER = re.compile(r"(?:^|-)(?:id|uuid|trace|traceparent|cf-ray|ray)$|request-id|^set-cookie$|^age$")
"""Headers in which servers number requests; no table has them."""


def _header_ruling(name: str, values: Values, exchanges: Sequence[Exchange | None]) -> Ruling:
    given = [value for value, x in zip(values, exchanges, strict=True) if x is not None]
    if len(set(given)) < 2:
        return SAME
    if None in given:
        return _absence(name, values, exchanges)
    key = name.lower()
    texts = [value for value in given if value is not None]
    for freedom in _FREE.get(key, ()):
        if len({freedom.alike(text) for text in texts}) == 1:
            return Ruling(freedom.verdict, freedom.reason, MAY, freedom.citation)
    if _IDENTIFIER.search(key):
        return Ruling("per instance", "a number or a name of this request")
    return _other_value(name, exchanges)


def _other_value(name: str, exchanges: Sequence[Exchange | None]) -> Ruling:
    first = next(x for x in exchanges if x is not None)
    use = header_use("response", first.request_name, first.status or 0, name)
    if use is None:
        return Ruling("differs", "no document that regtutor cites names this header", OUTSIDE)
    if len({x.status for x in exchanges if x is not None}) > 1:
        return Ruling("depends", "the responses have different statuses", use.level, use.citation)
    if name.lower() == "content-length" and not any(x.ok for x in exchanges if x is not None):
        return Ruling("allowed", "a server is free to choose the body of a refusal", use.level, use.citation)
    if name.lower() == "content-length":
        return Ruling("depends", "the bodies have different lengths", use.level, use.citation)
    if use.level in (OUTSIDE, HABIT):
        return Ruling("allowed", "the registry documents do not fix its value", use.level, use.citation)
    return Ruling("differs", "the values have different meanings", use.level, use.citation)


def _absence(name: str, values: Values, exchanges: Sequence[Exchange | None]) -> Ruling:
    """Decide for a header that only some responses have, by its level in the others."""
    pairs = zip(values, exchanges, strict=True)
    lacking = [x for value, x in pairs if value is None and x is not None and x.status]
    uses = [header_use("response", x.request_name, x.status or 0, name) for x in lacking]
    named = [use for use in uses if use is not None]
    if not named:
        if _IDENTIFIER.search(name.lower()):
            return Ruling("per instance", "a number or a name of this request")
        return Ruling("differs", "no document that regtutor cites names this header", OUTSIDE)
    strictest = next((use for use in named if use.level == MUST), named[0])
    if strictest.level != MUST:
        return Ruling(
            "allowed",
            f"a registry may leave it out {strictest.condition}".rstrip(),
            strictest.level,
            strictest.citation,
        )
    if strictest.condition:
        return Ruling("depends", f"required {strictest.condition}", MUST, strictest.citation)
    return Ruling("differs", "the specification requires it here, and it is missing", MUST, strictest.citation)


def _body_rows(exchanges: Sequence[Exchange | None]) -> Iterable[tuple[str, Values, Ruling]]:
    sizes = tuple(_body(x, lambda x: str(x.bytes_down)) for x in exchanges)
    digests = tuple(_body(x, lambda x: x.response.body.digest if x.response else None) for x in exchanges)
    ruling = _body_ruling(exchanges, digests)
    yield "size", sizes, SAME if len(_known(sizes, exchanges)) < 2 else ruling
    yield "digest", digests, ruling
    codes = tuple(_body(x, _codes) for x in exchanges)
    if any(codes):
        yield "error codes", codes, SAME if len(_known(codes, exchanges)) < 2 else _codes_ruling(exchanges)


def _known(values: Values, exchanges: Sequence[Exchange | None]) -> set[str | None]:
    return {value for value, x in zip(values, exchanges, strict=True) if x is not None}


def _body(exchange: Exchange | None, read: Callable[[Exchange], str | None]) -> str | None:
    return None if exchange is None or exchange.response is None else read(exchange)


def _codes(exchange: Exchange) -> str | None:
    return ", ".join(str(entry.get("code")) for entry in exchange.errors) or None


def _codes_ruling(exchanges: Sequence[Exchange | None]) -> Ruling:
    if len({x.status for x in exchanges if x is not None}) > 1:
        return Ruling("depends", "the error codes belong to different statuses", MAY, ERROR_CODES)
    return Ruling("differs", "the same status with other error codes", MAY, ERROR_CODES)


def _body_ruling(exchanges: Sequence[Exchange | None], digests: Values) -> Ruling:
    if len(_known(digests, exchanges)) < 2:
        return SAME
    present = [x for x in exchanges if x is not None]
    if any(x.errors for x in present):
        return Ruling("allowed", "a registry is free to choose message and detail of an error", MAY, ERROR_CODES)
    if any(not x.ok for x in present):
        return Ruling(
            "allowed", "a server is free to choose the body of a refusal", OUTSIDE, http("15.5 Client Error 4xx")
        )
    if len({json.dumps(value, sort_keys=True) for value in map(_json, present)}) == 1 and _json(present[0]) is not None:
        return Ruling("allowed", "the same JSON, written differently", MAY, http("8.3.1 Media Type"))
    if all(x.request_name in ("get_blob", "get_manifest") for x in present):
        return Ruling("differs", "the bytes are not the same", MUST, PULLING_BLOBS)
    return Ruling("depends", "the registries have different content, or write the same content differently")


def _json(exchange: Exchange) -> Any:
    if exchange.request_name in ("get_blob", "get_manifest"):
        return None  # for these the exact bytes count, not the JSON value
    try:
        return exchange.json()
    except ValueError:
        return None
