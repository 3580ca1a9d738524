"""Explain an exchange line by line, in the order of the message, and then add the diagnoses.

The texts come from the tables of ``request_headers.py``, ``response_headers.py`` and ``bodies.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, overload

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange, Transcript
from regtutor.findings import request_headers, response_headers, traps
from regtutor.findings.bodies import body_line, received_meaning, sent_meaning
from regtutor.findings.cause import cause_of
from regtutor.findings.diagnosis import by_request_line
from regtutor.findings.explanation import Explanation
from regtutor.findings.finding import Finding, Findings
from regtutor.findings.request_purpose import name_of, request_meaning
from regtutor.message import HeaderList
from regtutor.protocol.cases import CASE_CLAUSES
from regtutor.protocol.citations import (
    DISTRIBUTION_SPEC,
    HABIT,
    HTTP,
    HTTP_1_1,
    MAY,
    OUTSIDE,
    REGISTRY_DOCUMENTS,
    Citation,
)
from regtutor.protocol.codes import CODES
from regtutor.protocol.header_uses import Side, header_use
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.responses import ResponseRow, response_row

_REQUEST_LINE = Citation(HTTP_1_1, "3 Request Line", "section-3")
_CONTENT = Citation(HTTP, "6.4 Content", "section-6.4")


@overload
def explain(record: Exchange) -> Findings: ...
@overload
def explain(record: Transcript) -> Explanation: ...
def explain(record: Exchange | Transcript) -> Findings | Explanation:
    """Explain each line of an exchange with its own values, and diagnose problems and known traps.

    Parameters
    ----------
    record: the recorded exchange, or a transcript; nothing is sent, and nothing except this record is read.

    Returns
    -------
    For an exchange, a sequence of :class:`Finding`: first one for each line, in the order of the message (request line,
    request headers, interim responses, request body, status line, response headers, response body, the error codes in
    that body), then the diagnoses, each with what to try next. ``print`` shows all of them, the diagnoses first;
    ``.diagnoses`` and ``.unknown`` select some.

    For a transcript, an :class:`Explanation`: a sequence with the findings of each exchange; ``.cause`` is the
    diagnosis that says most about a failure.

    Raises
    ------
    InvalidArgument: for anything else, such as an unsent request.
    """
    if isinstance(record, Transcript):
        explained = tuple(_explained(exchange) for exchange in record)
        requests = tuple(f"{each.method} {each.shown_target}: {each.status or 'no response'}" for each in record)
        return Explanation(explained, requests, cause_of(record), record.title, record.notes)
    if not isinstance(record, Exchange):
        raise InvalidArgument(
            f"explain received an object of type {type(record).__name__}",
            "it explains an exchange or a transcript",
            "Give the exchange that a step returns, or the transcript of a walk",
        )
    return _explained(record)


def _explained(exchange: Exchange) -> Findings:
    lines = (*_request(exchange), *_interims(exchange), *_sent_body(exchange), *_response(exchange))
    found = traps.diagnose(exchange)
    return Findings((*lines, *found), f"{exchange.request_name}: {exchange.meaning}")


def _request(exchange: Exchange) -> Iterator[Finding]:
    match, request = exchange.endpoint, exchange.request
    own = match.endpoint.citations[0] if match else _REQUEST_LINE
    source = CASE_CLAUSES.get((name_of(exchange), exchange.case), own)
    level = MAY if source.document in REGISTRY_DOCUMENTS else OUTSIDE
    part, line, _ = by_request_line(exchange)
    yield Finding(line, part, request.method, request.target, request_meaning(exchange), level, source)
    yield from _headers("request", request.headers, exchange, request_headers.MEANINGS, 0)


def _interims(exchange: Exchange) -> Iterator[Finding]:
    for interim in exchange.interims:
        line = f"< {interim.start_line}"
        yield _status(line, "interim", interim.status, interim.reason, response_row("", interim.status))
        yield from _headers("interim", interim.headers, exchange, {}, interim.status)


def _sent_body(exchange: Exchange) -> Iterator[Finding]:
    body = exchange.request.body
    if body.fate != "none":
        meaning, value = sent_meaning(exchange), f"{body.size} bytes"
        yield Finding(body_line(">", body), "request body", "body", value, meaning, MAY, _CONTENT)


def _response(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    if response is None:
        yield Finding("* no response", "response", "no response", "", exchange.meaning, OUTSIDE)
        return
    row = response_row(name_of(exchange), response.status, exchange.case, exchange.codes)
    yield _status(f"< {response.start_line}", "response", response.status, response.reason, row)
    yield from _headers("response", response.headers, exchange, response_headers.MEANINGS, response.status)
    if response.body.fate != "none":
        meaning, value = received_meaning(exchange), f"{response.body.size} bytes"
        yield Finding(body_line("<", response.body), "response body", "body", value, meaning, MAY, _CONTENT)
    yield from (_code(exchange, entry) for entry in exchange.errors[:MOST_CODES])
    if (more := len(exchange.errors) - MOST_CODES) > 0:
        line = f"... and {more:,} more error codes"
        yield Finding(line, "error code", "", "", "they are in the body, which the record contains", OUTSIDE)


def _status(line: str, part: str, status: int, reason: str, row: ResponseRow | None) -> Finding:
    if row is None:
        meaning = f"{status} is in no table of regtutor; the reason that the registry gives: {reason or '(empty)'}"
        return Finding(line, part, str(status), reason, meaning, OUTSIDE, known=False)
    return Finding(line, part, str(status), reason, row.meaning, row.level, row.citation, condition=row.condition)


def _headers(
    part: str,
    headers: HeaderList,
    exchange: Exchange,
    meanings: Mapping[str, Callable[[Exchange, str], str]],
    status: int,
) -> Iterator[Finding]:
    mark, side, endpoint = (">" if part == "request" else "<"), _SIDES[part], name_of(exchange)
    for name, value in headers:
        key, line = name.lower(), f"{mark} {name}: {value}"
        use = header_use(side, endpoint, status, name, exchange.case)
        if use is None:
            meaning = "this header is in no table of regtutor; a client may ignore a header that it does not know"
            yield Finding(line, f"{part} header", name, value, meaning, OUTSIDE, known=False)
            continue
        meaning = meanings[key](exchange, value) if key in meanings else f"{HEADERS[key].meaning}: {value}"
        yield Finding(line, f"{part} header", name, value, meaning, use.level, use.citation, condition=use.condition)


MOST_CODES = 100
"""The most entries of an error body that are explained one by one."""

_SIDES: Mapping[str, Side] = {"request": "request", "interim": "response", "response": "response"}


_MESSAGE_IS_MEANING = "the message is the meaning of this code"


def _code(exchange: Exchange, entry: Mapping[str, Any]) -> Finding:
    name, message = str(entry.get("code", "")), str(entry.get("message", ""))
    row, line = CODES.get(name), f"{name}: {message}".removesuffix(": ")
    if row is None:
        meaning = "this error code is in no table of regtutor; the registry's own message follows the code"
        return Finding(line, "error code", name, message, meaning, OUTSIDE, known=False)
    parts = [] if message == row.meaning else [row.meaning]
    if entry.get("detail"):
        parts.append(f"detail from the registry: {json.dumps(entry['detail'])}")
    if row.note:
        parts.append(row.note)
    if row.status != exchange.status:
        registry = row.source.document.name.partition(",")[0]
        parts.append(f"{registry} sends this code with status {row.status}; this response has {exchange.status}")
    meaning = "; ".join(parts) or _MESSAGE_IS_MEANING
    level = MAY if row.citation.document == DISTRIBUTION_SPEC else HABIT
    return Finding(line, "error code", name, message, meaning, level, row.citation)
