"""The walk through an exchange, line by line, in the order of the message; the diagnoses come after the lines.

Which words a line gets is not known here, but in the tables of ``request_headers.py``, ``response_headers.py`` and
``bodies.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.findings import request_headers, response_headers, traps
from regtutor.findings.bodies import body_line, received_meaning, sent_meaning
from regtutor.findings.diagnosis import by_request_line
from regtutor.findings.finding import Finding, Findings
from regtutor.findings.subject import asked, name_of
from regtutor.message import HeaderList
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
from regtutor.protocol.responses import response_row

_REQUEST_LINE = Citation(HTTP_1_1, "3 Request Line", "section-3")
_CONTENT = Citation(HTTP, "6.4 Content", "section-6.4")


def explain(exchange: Exchange) -> Findings:
    """What each line of an exchange means here, with its own values, and what is wrong with it or a known trap.

    Parameters
    ----------
    exchange: what went over the wire; nothing is sent, and nothing is read but this record.

    Returns
    -------
    A sequence of :class:`Finding`: first one for each line, in the order of the message (request line, request headers,
    interim answers, request body, status line, response headers, error codes, response body), then the diagnoses, each
    with what to try next. ``print`` shows all of it; ``.diagnoses`` and ``.unknown`` are parts of it.

    Raises
    ------
    InvalidArgument: for anything that is no exchange, such as a transcript or a request that was not sent.
    """
    if not isinstance(exchange, Exchange):
        raise InvalidArgument(
            f"What was given to be explained is of the type {type(exchange).__name__}",
            "one exchange is explained at a time",
            "Send a request and give what comes back, or explain each exchange of a transcript",
        )
    lines = (*_request(exchange), *_interims(exchange), *_sent_body(exchange), *_response(exchange))
    found = traps.diagnose(exchange)
    return Findings((*lines, *found), f"{exchange.request_name}: {exchange.meaning}")


def _request(exchange: Exchange) -> Iterator[Finding]:
    match, request = exchange.endpoint, exchange.request
    source = match.endpoint.citations[0] if match else _REQUEST_LINE
    rule = MAY if source.document in REGISTRY_DOCUMENTS else OUTSIDE
    part, line, _ = by_request_line(exchange)
    yield Finding(line, part, request.method, request.target, asked(exchange), rule, source)
    yield from _headers("request", request.headers, exchange, request_headers.MEANINGS, 0)


def _interims(exchange: Exchange) -> Iterator[Finding]:
    for interim in exchange.interims:
        line = f"< {interim.start_line}"
        yield _status(line, "interim", interim.status, interim.reason, "")
        yield from _headers("interim", interim.headers, exchange, {}, interim.status)


def _sent_body(exchange: Exchange) -> Iterator[Finding]:
    body = exchange.request.body
    if body.fate != "none":
        said, value = sent_meaning(exchange), f"{body.size} bytes"
        yield Finding(body_line(">", body), "request body", "body", value, said, MAY, _CONTENT)


def _response(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    if response is None:
        yield Finding("* no answer", "response", "no answer", "", exchange.meaning, OUTSIDE)
        return
    yield _status(f"< {response.start_line}", "response", response.status, response.reason, name_of(exchange))
    yield from _headers("response", response.headers, exchange, response_headers.MEANINGS, response.status)
    yield from (_code(exchange, entry) for entry in exchange.errors)
    if response.body.fate != "none":
        said, value = received_meaning(exchange), f"{response.body.size} bytes"
        yield Finding(body_line("<", response.body), "response body", "body", value, said, MAY, _CONTENT)


def _status(line: str, part: str, status: int, reason: str, endpoint: str) -> Finding:
    row = response_row(endpoint, status)
    if row is None:
        said = f"{status} is in no table of regtutor; {reason or 'there is no reason'} is what the registry calls it"
        return Finding(line, part, str(status), reason, said, OUTSIDE, known=False)
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
        use = header_use(side, endpoint, status, name)
        if use is None:
            said = "regtutor does not know this header; a client may ignore a header that it does not know"
            yield Finding(line, f"{part} header", name, value, said, OUTSIDE, known=False)
            continue
        said = meanings[key](exchange, value) if key in meanings else f"{HEADERS[key].meaning}: {value}"
        yield Finding(line, f"{part} header", name, value, said, use.rule, use.citation, condition=use.condition)


_SIDES: Mapping[str, Side] = {"request": "request", "interim": "response", "response": "response"}


def _code(exchange: Exchange, entry: Mapping[str, Any]) -> Finding:
    name, told = str(entry.get("code", "")), str(entry.get("message", ""))
    row, line = CODES.get(name), f"< {name}: {told}"
    if row is None:
        said = "regtutor does not know this error code; the registry's own words follow it"
        return Finding(line, "error code", name, told, said, OUTSIDE, known=False)
    said = row.meaning
    if entry.get("detail"):
        said += f"; the registry's detail: {json.dumps(entry['detail'])}"
    if row.note:
        said += f"; {row.note}"
    if row.status != exchange.status:
        registry, _, file = row.source.document.name.partition(", ")
        said += f"; {registry} sends it with {row.status} ({file}), here it came with {exchange.status}"
    rule = MAY if row.citation.document == DISTRIBUTION_SPEC else HABIT
    return Finding(line, "error code", name, told, said, rule, row.citation)
