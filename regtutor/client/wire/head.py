"""Writes the heads of requests, and parses the heads of responses.

This module works on bytes and values only; it does not depend on connections. ``sending.py`` sends the heads that it
writes, and gives it the heads that were received.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from regtutor.errors import InvalidHeader
from regtutor.message import HeaderList, Request
from regtutor.protocol.headers import BREAKS_A_VALUE, TOKEN
from regtutor.protocol.text import cut
from regtutor.protocol.urls import Address

HEAD_LIMIT = 256 * 1024
"""The largest head that is accepted, in bytes, with its start line."""

_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9]) +([0-9]{3})(?: (.*))?", re.DOTALL)
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
"""The empty line after a head."""


def default_user_agent() -> str:
    """Return ``regtutor/VERSION``."""
    return f"regtutor/{sys.modules['regtutor'].__version__}"  # not imported, because the package is above this module


def composed_headers(
    request: Request, headers: HeaderList, address: Address, user_agent: str, extra: HeaderList = ()
) -> HeaderList:
    """Return the headers to send: the given ones, in their order and spelling, and those that a client must add.

    A header is added only if it is not among the given ones. Host comes first; then User-Agent, ``Accept-Encoding:
    identity`` (digests are computed over the bytes as the registry stores them) and ``Accept: */*``; then the given
    headers; last ``Transfer-Encoding: chunked`` for a body whose length is not given.

    Raises
    ------
    InvalidHeader: if a name is not a token, a value contains a line break or NUL, or the method is not a token.
    """
    given = {name.lower() for name, _ in headers}
    own = (
        ("Host", address.authority),
        ("User-Agent", user_agent),
        ("Accept-Encoding", "identity"),
        ("Accept", "*/*"),
    )
    added = [*(pair for pair in own if pair[0].lower() not in given), *(p for p in extra if p[0].lower() not in given)]
    framing = [] if request.body is None or given & {"content-length", "transfer-encoding"} else [_CHUNKED]
    composed = (*added, *headers, *framing)
    for name, value in composed:
        _check_header(name, value)
    if not TOKEN.fullmatch(request.method):
        raise InvalidHeader(
            f"{request.method!r} cannot be sent as a method", "a method is a single word without spaces"
        )
    return composed


_CHUNKED = ("Transfer-Encoding", "chunked")


def _check_header(name: str, value: str) -> None:
    if not TOKEN.fullmatch(name):
        raise InvalidHeader(
            f"{name!r} cannot be sent as the name of a header",
            "a name consists of letters, digits and some signs, without spaces or colons",
            "Remove or rename it: request.edit(headers={...})",
        )
    if BREAKS_A_VALUE.search(value):
        raise InvalidHeader(
            f"The value of the header {name} cannot be sent",
            "it contains a line break, which would begin another header, or a NUL",
            "Remove the line break or the NUL",
        )


def head_bytes(method: str, target: str, headers: HeaderList) -> bytes:
    """Return the head as it is sent, with the empty line at its end."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return b"\r\n".join([*(_encoded(line) for line in lines), b"", b""])


def _encoded(line: str) -> bytes:
    # Received heads are decoded as latin-1, so encoding as latin-1 restores the same bytes.
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogateescape")


class MalformedResponse(Exception):
    """The received bytes are not an HTTP response; ``beginning`` holds the first of them."""

    def __init__(self, why: str, beginning: bytes = b"") -> None:
        super().__init__(why)
        self.why, self.beginning = why, beginning


@dataclass(frozen=True)
class ReceivedHead:
    """A head as it was received: the headers keep their order, spelling and duplicates."""

    version: str
    status: int
    reason: str
    headers: HeaderList
    size: int = 0

    def all(self, name: str) -> list[str]:
        """Return every value of the header ``name``, matched without case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """Return the first value of the header ``name``, or ``""``."""
        return next(iter(self.all(name)), "")

    @property
    def interim(self) -> bool:
        """Whether another response follows. 101 is final: the bytes after it are not HTTP."""
        return 100 <= self.status < 200 and self.status != 101


def head_end(received: bytes | bytearray, searched: int = 0) -> int | None:
    """Return where the head at the beginning of ``received`` ends (after its empty line); None if it is incomplete.

    Parameters
    ----------
    received: the bytes so far.
    searched: how many of them an earlier call has searched, so that a head that comes byte by byte is searched once.

    Raises
    ------
    MalformedResponse: as soon as the bytes cannot be the beginning of an HTTP head, or the head is too large.
    """
    start = received[:5]
    if start != b"HTTP/"[: len(start)]:
        raise MalformedResponse("it does not begin with HTTP/", bytes(received[:80]))
    match = END_OF_HEAD.search(received, max(searched - 3, 0), HEAD_LIMIT)
    if match is None and len(received) >= HEAD_LIMIT:
        raise MalformedResponse(f"its headers are larger than {HEAD_LIMIT} bytes", bytes(received[:80]))
    return match.end() if match else None


def split_head(raw: bytes) -> tuple[bytes, HeaderList]:
    """Return the first line of a head and its headers.

    Folded lines are joined by one space, as RFC 9112, section 5.2, permits. A line without a colon becomes a name
    without a value.
    """
    first, *lines = re.split(rb"\r?\n", raw.rstrip(b"\r\n"))
    headers: list[tuple[str, list[str]]] = []
    for line in (raw_line.decode("latin-1") for raw_line in lines):
        if line[:1] in (" ", "\t") and headers:
            headers[-1][1].append(line.strip())
            continue
        name, _, value = line.partition(":")
        headers.append((name.strip(), [value.strip(" \t")]))
    return first, tuple((name, " ".join(filter(None, parts))) for name, parts in headers)


def parse_head(raw: bytes) -> ReceivedHead:
    """Parse a received head; :func:`split_head` reads its headers.

    Raises
    ------
    MalformedResponse: if the first line is not a status line, or its status is below 100.

    Source: RFC 9110, section 15 <https://www.rfc-editor.org/rfc/rfc9110.html#section-15>.
    """
    first, headers = split_head(raw)
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        raise MalformedResponse("its first line is not a status line (RFC 9112, 4)", bytes(raw[:80]))
    if match[2] < b"100":
        why = f"its status is {match[2].decode()}, and a status is a number from 100 to 599 (RFC 9110, 15)"
        raise MalformedResponse(why, bytes(raw[:80]))
    reason = (match[3] or b"").decode("latin-1")
    return ReceivedHead(match[1].decode(), int(match[2]), reason, headers, len(raw))


def body_framing(head: ReceivedHead) -> HeaderList:
    """Return the headers that say where the body of this response ends, in one normal form.

    Without any such header, the body ends with the connection.

    Source: RFC 9112, section 6.3 <https://www.rfc-editor.org/rfc/rfc9112.html#section-6.3>.

    Raises
    ------
    MalformedResponse: if Content-Length is not a number, or has several different values.
    """
    codings = [coding.strip().lower() for value in head.all("Transfer-Encoding") for coding in value.split(",")]
    if codings:
        return (_CHUNKED,) if codings[-1] == "chunked" else ()
    lengths = {length.strip() for value in head.all("Content-Length") for length in value.split(",")}
    if not lengths:
        return ()
    length = lengths.pop()
    if lengths or not re.fullmatch("[0-9]{1,19}", length):
        given = cut(", ".join(head.all("Content-Length")), 80)
        raise MalformedResponse(f"its Content-Length is {given!r}, and it must be one number (RFC 9110, 8.6)")
    return (("Content-Length", length),)


def keeps_open(head: ReceivedHead) -> bool:
    """Return whether the sender of this head intends to keep the connection open after the response."""
    tokens = {token.strip().lower() for value in head.all("Connection") for token in value.split(",")}
    both = bool(head.all("Transfer-Encoding") and head.all("Content-Length"))
    return head.version == "HTTP/1.1" and "close" not in tokens and head.status != 101 and not both
