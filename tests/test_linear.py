"""No pattern, and no function that reads text of others, does more than linear work on it.

Processor time is bounded, and not measured: linear work needs about a hundredth of the limit, and quadratic work on
256 KiB exceeds it, however busy the machine is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import pytest

import regtutor as rt
from regtutor.backends.recorder.request_head import NoRequest, parse_request_head, request_head_end
from regtutor.client.wire.framing import Chunked
from regtutor.client.wire.head import MalformedResponse, head_end, parse_head
from regtutor.errors import RegtutorError
from regtutor.exchange import BodyRecord, Exchange, RequestRecord, ResponseRecord
from regtutor.findings import explain
from regtutor.findings.found_messages import messages_in
from regtutor.formats.transcript_file import transcript_in
from regtutor.protocol import (
    bounded_json,
    challenges,
    digests,
    endpoints,
    links,
    manifests,
    pages,
    ranges,
    references,
    secrets,
    tokens,
    urls,
)
from regtutor.protocol.headers import HEADERS
from tests.patterns import Found, compiled, every, in_functions
from tests.pumping import SIZE, TooMuchWork, bounded_work, pumped, try_pattern

PATTERNS = every()
CI_TEXTS, SOAK_TEXTS = 6, 200

IN_FUNCTIONS: Mapping[str, str] = {
    "regtutor.backends.recorder.rewriting": "made from the registry's own address; tried by `recorder` below",
    "regtutor.findings.traps.refusals": "a table of words, searched in an error; tried by `explain error` below",
    "regtutor.formats.curl.pasted": "made from a prefix of at most 200 bytes; tried by `curl prefix` below",
    "regtutor.protocol.pages": "a table of words, searched in 64 KiB; tried by `page` below",
    "regtutor.protocol.ranges": "digits, counted; tried by `length` below",
}
"""Modules that make a pattern in a function -> why that is bounded, and where it is tried."""


def test_every_pattern_is_found() -> None:
    made = {name for name, line, _, text in in_functions() if text is None and (name, line) not in compiled()}
    assert made == set(IN_FUNCTIONS)
    assert len(PATTERNS) > 120


@pytest.mark.parametrize("found", PATTERNS, ids=lambda found: f"{found.module}:{found.line}")
def test_no_pattern_is_worse_than_linear(found: Found) -> None:
    try_pattern(found.pattern, pumped(found.pattern, CI_TEXTS), anywhere=found.anywhere)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("found", PATTERNS, ids=lambda found: f"{found.module}:{found.line}")
def test_no_pattern_is_worse_than_linear_in_the_long_round(found: Found) -> None:
    try_pattern(found.pattern, pumped(found.pattern, SOAK_TEXTS, seed=11), anywhere=found.anywhere)


def _exchange(text: str, place: str) -> Exchange:
    headers, reason, target, error, body = (), "OK", "/v2/a/tags/list", "", BodyRecord()
    asked: tuple[tuple[str, str], ...] = (("Host", "h"),)
    if place == "target":
        target = f"/v2/{text}"
    elif place == "reason":
        reason = text
    elif place == "error":
        error = text
    elif place.startswith("body "):
        data = text.encode("utf-8", "replace")
        headers = (("Content-Type", place[5:]),)  # type: ignore[assignment]
        body = BodyRecord(len(data), None, data, "received", place[5:])
    elif place.startswith("sent "):
        asked = ((place[5:], text),)
    else:
        headers = ((place, text),)  # type: ignore[assignment]
    request = RequestRecord("GET", target, asked)
    response = None if error else ResponseRecord(404 if place.startswith("body") else 200, reason, headers, body)
    return Exchange("list_tags", f"http://h{target}", request, response, error=error)


def _explained(place: str) -> Callable[[str], object]:
    return lambda text: explain(_exchange(text, place)).as_text()


def _loaded(before: bytes, after: bytes = b"") -> Callable[[str], object]:
    return lambda text: transcript_in(before + text.encode() + after, "a file")


_CURL = b"> GET /v2/ HTTP/1.1\n> Host: h\n>\n< HTTP/1.1 200 OK\n"
_TRACE = b"=> Send header, 5 bytes (0x5)\n0000: GET / HTTP/1.1\n<= Recv header, 3 bytes\n0000: HTTP/1.1 200 OK\n"


def _head(text: str) -> object:
    data = b"HTTP/1.1 200 OK\r\n" + text.encode("latin-1", "replace")[: SIZE - 100] + b"\r\n\r\n"
    return parse_head(data[: head_end(data)])


def _head_in_drips(text: str) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + text.encode("latin-1", "replace")[: SIZE - 100]
    for end in range(1000, len(data), 100):
        head_end(data[:end], end - 100)


def _asked(text: str) -> object:
    data = b"GET " + text.encode("latin-1", "replace")[: SIZE - 100] + b" HTTP/1.1\r\nHost: h\r\n\r\n"
    return parse_request_head(data[: request_head_end(data)])


def _page(text: str) -> object:
    body = b"<html><title>" + text.encode()
    return pages.page_in(pages.Received("list_tags", "GET", 503, {"Content-Type": "text/html"}, body))


PARSERS: Mapping[str, Callable[[str], object]] = {
    "links": lambda text: links.next_link([text]),
    "challenges": lambda text: challenges.parse_challenges([text]),
    "redact_url": secrets.redact_url,
    "redact_address": secrets.redact_address,
    "redact_text": secrets.redact_text,
    "redact_body json": lambda text: secrets.redact_body("application/json", b'{"token":' + text.encode()),
    "redact_body form": lambda text: secrets.redact_body("application/x-www-form-urlencoded", text.encode()),
    "redact_token_response": lambda text: tokens.redact_token_response("", text.encode()),
    "token": tokens.Token,
    "digest": digests.parse,
    "reference": lambda text: references.parse_reference(f"h.io/{text}", digest=True),
    "length": ranges.length,
    "least": lambda text: ranges.least(text, 5),
    "split_url": lambda text: urls.split_url(f"http://{text}"),
    "origin_form": urls.origin_form,
    "identify": lambda text: endpoints.identify("GET", f"/v2/{text}"),
    "json": lambda text: bounded_json.parse_json_value(text.encode()),
    "manifest": lambda text: manifests.parse_manifest(b'{"mediaType":"' + text.encode() + b'"}', None),
    "page": _page,
    "client messages": messages_in,
    "head": _head,
    "head in drips": _head_in_drips,
    "request head": _asked,
    "chunks": lambda text: Chunked().take(text.encode()),
    "file": _loaded(b""),
    "curl body": _loaded(_CURL + b"<\n"),
    "curl header": _loaded(_CURL + b"< X: "),
    "curl prefix": lambda text: transcript_in(text[:150].encode() + _CURL + text.encode(), "a file"),
    "curl -i": _loaded(b"$ curl http://h/v2/\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n"),
    "curl trace": _loaded(_TRACE + b"0011: \n<= Recv data, 99 bytes\n0000: {"),
    "HAR": _loaded(b'{"log":{"entries":[{"request":{"method":"GET","url":"', b'"}}]}}'),
    "curl": lambda text: rt.curl(_exchange(text, "sent X-Free")),
    "text": lambda text: _exchange(text, "X-Free").as_text(),
    "explain error": _explained("error"),
    "explain target": _explained("target"),
    "explain reason": _explained("reason"),
    **{f"explain body {kind}": _explained(f"body {kind}") for kind in ("application/json", "text/html", "text/plain")},
}

CHARACTERS = (
    *("<", "%", "=", ";", " ", "\t\r", "\r", "\n", "a", "a=", '"', "\\", ",", "/", "?a=b&", "&token=", "@", ":"),
    *("[{", "0-", "\x1b[m", "\u202e", "<a>;", "eyJ.", "* ", "> ", "\n ", "<redacted>", "Basic "),
    *("#", "'", "\x00", ". "),
)


def _worst(size: int = SIZE) -> Iterator[str]:
    for piece in CHARACTERS:
        yield (piece * (size // len(piece) + 1))[:size]


def _bounded(parse: Callable[[str], object], texts: Iterator[str]) -> None:
    for text in texts:
        try:
            with bounded_work():
                parse(text)
        except TooMuchWork:
            raise AssertionError(f"more than linear work on {text[:40]!r}...") from None
        except (RegtutorError, ValueError, MalformedResponse, NoRequest):
            continue


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_no_parser_is_worse_than_linear(parse: Callable[[str], object]) -> None:
    _bounded(parse, _worst())


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", sorted(header.name for header in HEADERS.values()))
def test_no_header_is_explained_with_more_than_linear_work(name: str) -> None:
    for place in (name, f"sent {name}"):
        _bounded(_explained(place), _worst())


@pytest.mark.parametrize("name", ["Link", "WWW-Authenticate", "Location", "Range", "Content-Range", "Authorization"])
def test_the_headers_with_a_grammar_are_explained_with_linear_work(name: str) -> None:
    for place in (name, f"sent {name}"):
        _bounded(_explained(place), _worst())


def test_a_pattern_that_is_quadratic_is_found() -> None:
    slow = Found("here", 0, re.compile(r"[\s,]*<([^>]*)>"), anywhere=True)
    with pytest.raises(AssertionError, match="on "):
        try_pattern(slow.pattern, iter(["<" * SIZE]), anywhere=True)
