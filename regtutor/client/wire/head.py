"""Heads: what a request's head looks like on the wire, and what a received head says.

Bytes and values only. Nothing here opens a connection; ``connection.py`` sends what this module writes, and hands it
what it received.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from regtutor.errors import InvalidHeader
from regtutor.message import HeaderList, Request
from regtutor.protocol.urls import Address

HEAD_LIMIT = 256 * 1024
"""Bytes of a received head, its start line included, beyond which it is refused."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS_A_VALUE = re.compile(r"[\x00\r\n]")
_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9]) +([0-9]{3})(?: (.*))?", re.DOTALL)
_END = re.compile(rb"\r?\n\r?\n")


def default_user_agent() -> str:
    """``regtutor/VERSION``."""
    try:
        return f"regtutor/{version('regtutor')}"
    except PackageNotFoundError:
        return "regtutor"


def composed_headers(
    request: Request, headers: HeaderList, address: Address, user_agent: str, extra: HeaderList = ()
) -> HeaderList:
    """The headers that go out: those given, in order and spelling, and what a client adds where they do not say it.

    Host comes first; then User-Agent, ``Accept-Encoding: identity`` (a registry's bytes are digested as they are) and
    ``Accept: */*``; then the given ones; last ``Transfer-Encoding: chunked`` for a body whose length is not given.

    Raises
    ------
    InvalidHeader: for a name that is no token, and for a value that would end its line.
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
    if not _TOKEN.fullmatch(request.method):
        raise InvalidHeader(f"{request.method!r} cannot be sent as a method", "a method is one word without spaces")
    return composed


_CHUNKED = ("Transfer-Encoding", "chunked")


def _check_header(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise InvalidHeader(
            f"{name!r} cannot be sent as a header's name",
            "a name is letters, digits and some signs, without spaces or a colon",
            "Take it out or rename it: request.edit(headers={...})",
        )
    if _BREAKS_A_VALUE.search(value):
        raise InvalidHeader(
            f"The value of the header {name} cannot be sent",
            "it holds a line break or a NUL, which would begin another header",
            "Take the line break out of it",
        )


def head_bytes(method: str, target: str, headers: HeaderList) -> bytes:
    """The head as it goes over the wire, the empty line included."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return b"\r\n".join([*(_encoded(line) for line in lines), b"", b""])


def _encoded(line: str) -> bytes:
    # What was received was read as latin-1, so latin-1 gives the same bytes back.
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogateescape")


class NonsenseAnswer(Exception):
    """What came back is no HTTP answer; ``seen`` holds its first bytes."""

    def __init__(self, why: str, seen: bytes = b"") -> None:
        super().__init__(why)
        self.why, self.seen = why, seen


@dataclass(frozen=True)
class ReceivedHead:
    """A head as it was received: order, spelling and duplicates of the headers are the sender's."""

    version: str
    status: int
    reason: str
    headers: HeaderList
    size: int = 0

    def all(self, name: str) -> list[str]:
        """Every value of the header ``name``, matched without case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """The first value of the header ``name``, or ``""``."""
        return next(iter(self.all(name)), "")

    @property
    def interim(self) -> bool:
        """Whether another answer follows. 101 is final: what follows it is no HTTP."""
        return 100 <= self.status < 200 and self.status != 101


def head_end(received: bytes | bytearray) -> int | None:
    """Where the head at the beginning of ``received`` ends (after its empty line); None if it goes on.

    Raises
    ------
    NonsenseAnswer: as soon as it can be seen that this is no HTTP head, or one that is too large.
    """
    start = received[:5]
    if start != b"HTTP/"[: len(start)]:
        raise NonsenseAnswer("it does not begin with HTTP/", bytes(received[:80]))
    match = _END.search(received, 0, HEAD_LIMIT)
    if match is None and len(received) >= HEAD_LIMIT:
        raise NonsenseAnswer(f"its headers are larger than {HEAD_LIMIT} bytes", bytes(received[:80]))
    return match.end() if match else None


def parse_head(raw: bytes) -> ReceivedHead:
    """A received head taken apart. Folded lines are joined by one space, as RFC 9112, section 5.2, permits.

    Raises
    ------
    NonsenseAnswer: if its first line is no status line. A line without a colon is kept as a name without a value.
    """
    lines = re.split(rb"\r?\n", raw.rstrip(b"\r\n"))
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise NonsenseAnswer("its first line is no status line", bytes(raw[:80]))
    headers: list[tuple[str, str]] = []
    for line in (raw_line.decode("latin-1") for raw_line in lines[1:]):
        if line[:1] in (" ", "\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip(" \t")))
    reason = (match[3] or b"").decode("latin-1")
    return ReceivedHead(match[1].decode(), int(match[2]), reason, tuple(headers), len(raw))


def body_framing(head: ReceivedHead) -> HeaderList:
    """The headers that say where the body of this answer ends, brought to one form; none: it ends with the connection.

    Source: RFC 9112, section 6.3 <https://www.rfc-editor.org/rfc/rfc9112.html#section-6.3>.

    Raises
    ------
    NonsenseAnswer: for a Content-Length that is no number, or several that differ.
    """
    codings = [coding.strip().lower() for value in head.all("Transfer-Encoding") for coding in value.split(",")]
    if codings:
        return (_CHUNKED,) if codings[-1] == "chunked" else ()
    lengths = {length.strip() for value in head.all("Content-Length") for length in value.split(",")}
    if not lengths:
        return ()
    length = lengths.pop()
    if lengths or not re.fullmatch("[0-9]{1,19}", length):
        raise NonsenseAnswer(f"its Content-Length is {', '.join(head.all('Content-Length'))!r}")
    return (("Content-Length", length),)


def keeps_open(head: ReceivedHead) -> bool:
    """Whether the sender of this head means to keep the connection open after it."""
    tokens = {token.strip().lower() for value in head.all("Connection") for token in value.split(",")}
    both = bool(head.all("Transfer-Encoding") and head.all("Content-Length"))
    return head.version == "HTTP/1.1" and "close" not in tokens and head.status != 101 and not both
