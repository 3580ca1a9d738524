"""Where bodies end: by length, in chunks, with the connection, and where their framing is malformed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtutor.client.wire.framing import Chunked, FixedLength, UntilClose, request_framing, response_framing
from regtutor.client.wire.head import ReceivedHead

CHUNKS = b"5;name=value\r\nhello\r\n0006\r\n world\r\n0\r\nX-Trailer: yes\r\n\r\n"


def taken(pieces: list[bytes], framing: Chunked) -> tuple[bytes, bytes]:
    """The bytes that belong to the body, and the content."""
    raw, content = b"", b""
    for piece in pieces:
        used, parts = framing.take(piece)
        raw += piece[:used]
        content += b"".join(parts)
    return raw, content


@given(st.lists(st.integers(1, 20), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_chunks_with_extensions_and_trailers_are_found_wherever_the_pieces_end(lengths: list[int]) -> None:
    data, pieces = CHUNKS + b"GET ", []
    while data:
        length = lengths[len(pieces) % len(lengths)]
        pieces.append(data[:length])
        data = data[length:]
    framing = Chunked()
    raw, content = taken(pieces, framing)
    assert (raw, content, framing.done, framing.broken) == (CHUNKS, b"hello world", True, "")


@pytest.mark.parametrize("line", [b"xyz\r\n", b"-1\r\n", b"\r\n", b"1" * 20 + b"\r\n", b"5;" + b"a" * 20_000])
def test_after_a_malformed_size_every_byte_passes_and_none_is_content(line: bytes) -> None:
    framing = Chunked()
    assert taken([line, b"more"], framing) == (line + b"more", b"")
    assert framing.broken and not framing.done


def test_content_that_is_longer_than_its_chunk_is_malformed() -> None:
    framing = Chunked()
    assert taken([b"2\r\nabc\r\n"], framing) == (b"2\r\nabc\r\n", b"ab")
    assert framing.broken


def test_a_length_ends_where_it_says() -> None:
    framing = FixedLength(5)
    assert framing.take(b"abc")[0] == 3 and not framing.done
    assert framing.take(b"defg")[0] == 2 and framing.done


@pytest.mark.parametrize(
    ("headers", "kind", "done"),
    [
        ((), FixedLength, True),
        ((("Content-Length", "0"),), FixedLength, True),
        ((("Content-Length", "5"),), FixedLength, False),
        ((("Content-Length", "5"), ("Content-Length", "6")), FixedLength, True),
        ((("Content-Length", "many"),), FixedLength, True),
        ((("transfer-encoding", "gzip, Chunked"), ("Content-Length", "5")), Chunked, False),
    ],
)
def test_framing_of_a_request(headers: tuple[tuple[str, str], ...], kind: type, done: bool) -> None:
    framing = request_framing(headers)
    assert isinstance(framing, kind) and framing.done is done


@pytest.mark.parametrize(
    ("method", "status", "headers", "kind", "done"),
    [
        ("HEAD", 200, (("Content-Length", "5"),), FixedLength, True),
        ("GET", 204, (), FixedLength, True),
        ("GET", 304, (("Content-Length", "5"),), FixedLength, True),
        ("GET", 200, (("Content-Length", "5"),), FixedLength, False),
        ("GET", 200, (("Transfer-Encoding", "chunked"),), Chunked, False),
        ("GET", 200, (), UntilClose, False),
        ("CONNECT", 200, (("Content-Length", "5"),), UntilClose, False),
        ("GET", 101, (("Content-Length", "5"),), UntilClose, False),
    ],
)
def test_framing_of_a_response(
    method: str, status: int, headers: tuple[tuple[str, str], ...], kind: type, done: bool
) -> None:
    framing = response_framing(method, ReceivedHead("HTTP/1.1", status, "", headers))
    assert isinstance(framing, kind) and framing.done is done
