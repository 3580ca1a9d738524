"""HTTP/1.1 as RFC 9112 has it, where a server is easily wrong: limits, chunks, trailers, and lists of options."""

from __future__ import annotations

from collections.abc import Iterator

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtutor.server.shell.body import MOST_CHUNK_LINE, MOST_TRAILERS, ChunkedBody
from regtutor.server.shell.head import MOST_HEAD, MOST_LINE, BadRequest, HeadReader, parse_head
from regtutor.server.shell.listen import Server
from tests.server.inline import Inline, digest
from tests.server.wire import Wire

HELLO = digest(b"hello")


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with Wire(server) as wire:
        yield wire


def put(wire: Wire, server: Server, *lines: str, body: bytes) -> int:
    target = f"{Inline(server.app).start('a')}&digest={HELLO}"
    wire.send(f"PUT {target} HTTP/1.1", "Host: r", *lines, body=body)
    return wire.status()


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        (b"GET /" + b"a" * MOST_LINE + b" HTTP/1.1\r\nHost: r\r\n\r\n", 414, "request line"),
        (b"GET /" + b"a" * MOST_LINE, 414, "request line"),
        (b"GET /v2/ HTTP/1.1\r\nHost: r\r\nA: " + b"a" * MOST_HEAD + b"\r\n\r\n", 431, "head of more"),
        (b"GET /v2/ HTTP/1.1\r\nHost: r\r\nA: " + b"a" * MOST_HEAD, 431, "head of more"),
        (b"GET /v2/ HTTP/1.1\r\nHost: r\r\n folded\r\n\r\n", 400, "header line"),
        (b"GET /v2/ HTTP/1.1\r\nHost : r\r\n\r\n", 400, "header line"),
        (b"GET /v2/ HTTP/1.1\r\nHost: r\r\nA: \0\r\n\r\n", 400, "header line"),
        (b"GET /v2/ HTTP/1.1\r\nHost: r\rA: b\r\n\r\n", 400, "header line"),
        (b"GET /v2/\r\n\r\n", 400, "first line"),
        (b"GET /v2/ HTTP/1.1\r\r\nHost: r\r\n\r\n", 400, "first line"),
        (b"GET  /v2/ HTTP/1.1\r\nHost: r\r\n\r\n", 400, "first line"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "first line"),
        (b"GET http://[ HTTP/1.1\r\nHost: r\r\n\r\n", 400, "neither a path"),
        (b"GET x://] HTTP/1.1\r\nHost: r\r\n\r\n", 400, "neither a path"),
        (b"GET http: HTTP/1.1\r\nHost: r\r\n\r\n", 400, "neither a path"),
        (b"PUT /v2/ HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "chunked only"),
        (b"PUT /v2/ HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400, "chunked only"),
        (b"PUT /v2/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"),
        (b"PUT /v2/ HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400, "both"),
    ],
)
def test_a_bad_request_is_answered_in_the_form_of_the_api_and_logged(
    server: Server, wire: Wire, sent: bytes, status: int, says: str
) -> None:
    wire.socket.sendall(sent)
    start, headers, body = wire.read()
    assert (int(start.split()[1]), headers["connection"]) == (status, "close")
    assert says in body.decode()
    assert int(headers["content-length"]) == len(body) > 0
    assert wire.ended()
    assert f" {status} bad request: " in server.log_lines[-1]
    assert len(server.log_lines) == 1


@pytest.mark.parametrize(
    "target",
    ["http://[", "http://[::1", "http://[x]/", "http://[::1]:x/v2/", "http://]", "http:///", "http://r:5000:5/"],
)
def test_no_target_is_a_failure_of_the_registry(server: Server, wire: Wire, target: str) -> None:
    wire.send(f"GET {target} HTTP/1.1", "Host: r")
    assert 400 <= wire.status() < 500
    assert not any("because of" in line for line in server.log_lines)


@pytest.mark.parametrize(
    "body",
    [
        b"5;a=b\r\nhello\r\n0\r\n\r\n",
        b'5 ; a="b;c"\r\nhello\r\n0;last\r\n\r\n',
        b"5\r\nhello\r\n0\r\nX-Checksum: 1\r\nY: 2\r\n\r\n",
        b"2\r\nhe\r\n003\r\nllo\r\n000\r\n\r\n",
    ],
)
def test_chunk_extensions_and_trailers_are_dropped(server: Server, wire: Wire, body: bytes) -> None:
    assert put(wire, server, "Transfer-Encoding: chunked", body=body) == 201
    wire.send("GET /v2/ HTTP/1.1", "Host: r")
    assert wire.status() == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"-5\r\nhello\r\n0\r\n\r\n", 400),
        (b"0x5\r\nhello\r\n0\r\n\r\n", 400),
        (b"\r\nhello\r\n0\r\n\r\n", 400),
        (b"5\nhello\r\n0\r\n\r\n", 400),
        (b"4\r\nhello\r\n0\r\n\r\n", 400),
        (b"6\r\nhello\r\n0\r\n\r\n", 400),
        (b"5\r\nhello\r\n0;" + b"a" * MOST_CHUNK_LINE + b"\r\n\r\n", 400),
        (b"5\r\nhello\r\n0\r\n" + b"A: b\r\n" * MOST_TRAILERS + b"\r\n", 431),
    ],
)
def test_a_malformed_chunk_is_answered_and_stores_nothing(server: Server, wire: Wire, body: bytes, status: int) -> None:
    assert put(wire, server, "Transfer-Encoding: chunked", body=body) == status
    assert wire.ended()
    assert f" {status} bad request: " in server.log_lines[-1]
    assert Inline(server.app).ask("HEAD", f"/v2/a/blobs/{HELLO}").status == 404


@pytest.mark.parametrize(
    ("version", "option", "closes"),
    [
        ("1.1", "close", True),
        ("1.1", "keep-alive, close", True),
        ("1.1", "close, TE", True),
        ("1.1", "TE,CLOSE", True),
        ("1.1", "closed", False),
        ("1.1", "keep-alive", False),
        ("1.0", "", True),
        ("1.0", "TE, keep-alive", False),
        ("1.0", "keep-alive, close", True),
    ],
)
def test_connection_is_a_list_of_options(wire: Wire, version: str, option: str, closes: bool) -> None:
    wire.send(f"GET /v2/ HTTP/{version}", "Host: r", f"Connection: {option}")
    _, headers, _ = wire.read()
    assert (headers.get("connection") == "close") is closes
    if closes:
        assert wire.ended()
    else:
        wire.send("GET /v2/ HTTP/1.1", "Host: r")
        assert wire.status() == 200


def test_a_head_may_arrive_byte_by_byte_and_after_empty_lines(wire: Wire) -> None:
    for byte in b"\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n":
        wire.socket.sendall(bytes([byte]))
    assert wire.status() == 200


# A second opinion: h11 (https://h11.readthedocs.io) reads what our own parser accepted.

PIECES = st.sampled_from(
    [b"GET", b"PUT", b" ", b"/v2/", b"http://a/", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\n", b"\r", b":", b"Host: a\r\n",
     b"Content-Length: 3\r\n", b"Content-Length: 4\r\n", b"Content-Length: 3, 3\r\n", b"Content-Length: +3\r\n",
     b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding:\x0bchunked\r\n",
     b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"3;a\r\n", b"abc", b"\t", b"\0", b"\xff", b"A: b\r\n",
     b" A: b"]
)  # fmt: skip
USUAL = st.tuples(
    st.sampled_from([b"GET /v2/ HTTP/1.1\r\nHost: a\r\n", b"PUT /v2/x HTTP/1.1\r\nHost: a\r\n"]), st.lists(PIECES)
).map(lambda parts: parts[0] + b"".join(parts[1]))
REQUESTS = st.one_of(USUAL, st.lists(PIECES).map(b"".join))


def ours(data: bytes) -> tuple[str, str, list[tuple[str, str]], bytes] | None:
    reader = HeadReader()
    try:
        head = reader.feed(data)
        received = parse_head(head) if head is not None else None
        if received is None:
            return None
        body, rest = b"", reader.rest
        if received.chunked:
            coding = ChunkedBody()
            body = coding.feed(rest)
            if not coding.ended:
                return None
        else:
            body = rest[: received.content_length]
            if len(body) < received.content_length:
                return None
    except BadRequest:
        return None
    names = [(name.lower(), value) for name, value in received.headers]
    return received.line.method, received.line.path, names, body


def theirs(data: bytes) -> tuple[str, str, list[tuple[str, str]], bytes]:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request), request
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        body += event.data
    names = [(name.decode(), value.decode("latin-1")) for name, value in request.headers]
    return request.method.decode(), request.target.decode(), names, body


@settings(max_examples=1000, deadline=None)
@given(REQUESTS)
def test_what_is_accepted_is_read_as_another_library_reads_it(data: bytes) -> None:
    found = ours(data)
    if found is not None:
        assert found == theirs(data)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=50)), st.integers(1, 30), st.binary(max_size=5))
def test_a_chunked_body_is_the_same_however_it_is_split(parts: list[bytes], step: int, rest: bytes) -> None:
    coded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\nA: b\r\n\r\n" + rest
    coding, found, at = ChunkedBody(), b"", 0
    while not coding.ended:
        found += coding.feed(coded[at : at + step])
        at += step
    assert found == b"".join(parts)
    assert coding.rest + coded[at:] == rest
