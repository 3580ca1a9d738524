"""The head of a request: found among the bytes of a connection, and parsed.

Where RFC 9112 lets a server choose between a guess and an error, this module chooses the error: a proxy that guesses
otherwise would see other requests than the registry does.

Source: RFC 9112, "HTTP/1.1", sections 2, 3, 5 and 6 <https://www.rfc-editor.org/rfc/rfc9112.html>; RFC 6585,
"Additional HTTP Status Codes", section 5 <https://www.rfc-editor.org/rfc/rfc6585.html#section-5>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from regtutor.message import HeaderList
from regtutor.server.shell.request_line import Line, malformed

MOST_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""

MOST_LINE = 32 * 1024
"""Bytes of a request line. RFC 9112, section 3, recommends at least 8,000."""

_END = re.compile(rb"\n\r?\n")
_LINES = re.compile(r"\r?\n")
_START = re.compile(r"(?P<method>[^ ]+) (?P<path>[^ ]+) (?P<version>HTTP/1\.[0-9])")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")


UNKNOWN_LINE = Line("-", "-", "-")
"""Takes the place of a request line that was not received."""


class BadRequest(Exception):
    """A client sent bytes that are not an HTTP/1.1 request.

    Parameters
    ----------
    problem: what is wrong, in a few words, for the response and for the log; it contains no secret.
    status: the status of the response.
    line: the request line, if it was received.
    """

    def __init__(self, problem: str, status: int = 400, line: Line = UNKNOWN_LINE) -> None:
        super().__init__(problem)
        self.problem, self.status, self.line = problem, status, line


@dataclass(frozen=True)
class ReceivedHead:
    """A well-formed head.

    Attributes
    ----------
    line: the request line.
    headers: in the order and spelling in which they were received.
    values: the values by name in lowercase; those of a repeated header are joined by commas.
    """

    line: Line
    headers: HeaderList
    values: dict[str, str] = field(repr=False)

    @property
    def chunked(self) -> bool:
        """Whether the body is in chunked transfer coding."""
        return "transfer-encoding" in self.values

    @property
    def content_length(self) -> int:
        """The announced number of bytes of the body; 0 without an announcement."""
        return int(self.values.get("content-length", 0))

    @property
    def has_body(self) -> bool:
        """Whether bytes of a body follow the head."""
        return self.chunked or self.content_length > 0

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body."""
        return self.values.get("expect", "").lower() == "100-continue"

    @property
    def keeps_connection(self) -> bool:
        """Whether the client wants another request on the connection (RFC 9112, section 9.3)."""
        options = {option.strip().lower() for option in self.values.get("connection", "").split(",")}
        return "close" not in options and (self.line.version != "HTTP/1.0" or "keep-alive" in options)


class HeadReader:
    """Finds the end of a head among pieces of bytes."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.rest = b""

    @property
    def begun(self) -> bool:
        """Whether a byte of the head has arrived. Empty lines before it do not count (RFC 9112, section 2.2)."""
        return bool(self._data)

    def feed(self, piece: bytes) -> bytes | None:
        """Add ``piece``; return the head once it is complete. ``rest`` has the bytes after it.

        Raises
        ------
        BadRequest: 414 or 431, if the head is too long.
        """
        if not self._data:
            piece = piece.lstrip(b"\r\n")
        since = max(len(self._data) - 3, 0)
        self._data += piece
        end = _END.search(self._data, since)
        if end is None and len(self._data) <= MOST_LINE:
            return None
        size = end.start() if end is not None else len(self._data)
        first = self._data.find(b"\n", 0, MOST_LINE)
        line = _line_of(bytes(self._data[: first + 1])) if first >= 0 else UNKNOWN_LINE
        if first < 0 and size >= MOST_LINE:
            raise BadRequest(f"a request line of more than {MOST_LINE:,} bytes", 414)
        if size > MOST_HEAD:
            raise BadRequest(f"a head of more than {MOST_HEAD:,} bytes", 431, line)
        if end is None:
            return None
        self.rest = bytes(self._data[end.end() :])
        return bytes(self._data[:size]).removesuffix(b"\r")


def parse_head(data: bytes) -> ReceivedHead:
    """Parse a head, without the empty line at its end.

    Raises
    ------
    BadRequest: if it is malformed.
    """
    _, *lines = _LINES.split(data.decode("latin-1"))
    line = _line_of(data)
    if line is UNKNOWN_LINE:
        raise BadRequest("a first line that is not METHOD TARGET HTTP/1.1")
    headers: list[tuple[str, str]] = []
    values: dict[str, str] = {}
    for text in lines:
        match = _FIELD.fullmatch(text)
        if match is None:
            raise BadRequest("a header line that is not NAME: VALUE", line=line)
        name, value = match[1], match[2].rstrip(" \t")
        headers.append((name, value))
        key = name.lower()
        values[key] = f"{values[key]},{value}" if key in values else value
    problem = malformed(line, values)
    if problem is not None:
        raise BadRequest(problem, line=line)
    return ReceivedHead(line, tuple(headers), values)


def _line_of(data: bytes) -> Line:
    match = _START.fullmatch(_LINES.split(data.decode("latin-1"), maxsplit=1)[0])
    return Line(match["method"], match["path"], match["version"]) if match else UNKNOWN_LINE
