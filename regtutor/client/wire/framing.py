"""Where a body ends, found while its bytes pass. The bytes themselves are never changed or decoded.

Source: RFC 9112, "HTTP/1.1", sections 6 and 7 <https://www.rfc-editor.org/rfc/rfc9112.html#section-6>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from regtutor.client.wire.head import MalformedResponse, ReceivedHead, body_framing
from regtutor.message import HeaderList

_LONGEST_LINE = 16 * 1024
_LONGEST_TRAILERS = 64 * 1024
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


class Framing(Protocol):
    """Finds the end of one body.

    Attributes
    ----------
    done: whether the body has ended.
    broken: why its framing is malformed, so that its end cannot be found, or ``""``.
    unfinished: what is missing if the connection ends now, or ``""`` if the body may end with it.
    """

    done: bool
    broken: str

    @property
    def unfinished(self) -> str: ...

    def take(self, data: bytes) -> tuple[int, list[memoryview]]:
        """Look at the next bytes.

        Returns
        -------
        How many of them belong to this body with its framing, and the parts of them that are content.
        """
        ...


class FixedLength:
    """A body of ``length`` bytes, as Content-Length gives it; 0 for no body."""

    broken = ""

    def __init__(self, length: int) -> None:
        self.length = self._left = length
        self.done = length == 0

    @property
    def unfinished(self) -> str:
        """See :class:`Framing`."""
        return f"after {self.length - self._left:,} of the {self.length:,} bytes that Content-Length announces"

    def take(self, data: bytes) -> tuple[int, list[memoryview]]:
        """See :meth:`Framing.take`."""
        used = min(len(data), self._left)
        self._left -= used
        self.done = self._left == 0
        return used, [memoryview(data)[:used]]


class UntilClose:
    """A body that ends with its connection."""

    done = False
    broken = ""
    unfinished = ""

    def take(self, data: bytes) -> tuple[int, list[memoryview]]:
        """See :meth:`Framing.take`."""
        return len(data), [memoryview(data)]


class Chunked:
    """A body in chunks, with extensions and trailers. After a malformed line everything belongs to it."""

    def __init__(self) -> None:
        self.done = False
        self.broken = ""
        self._left = 0
        self._line = b""
        self._trailers = 0
        self._reads = self._size

    @property
    def unfinished(self) -> str:
        """See :class:`Framing`."""
        return "before the last chunk, which has the size 0 (RFC 9112, 8)"

    def take(self, data: bytes) -> tuple[int, list[memoryview]]:
        """See :meth:`Framing.take`."""
        content: list[memoryview] = []
        at = 0
        while at < len(data) and not self.done:
            if self.broken:
                return len(data), content
            if self._left:
                used = min(len(data) - at, self._left)
                content.append(memoryview(data)[at : at + used])
                self._left -= used
                at += used
                continue
            at = self._through_line(data, at)
        return at, content

    def _through_line(self, data: bytes, at: int) -> int:
        """Read up to the end of a line, and let the state that waits for it take it."""
        end = data.find(b"\n", at)
        stop = len(data) if end < 0 else end + 1
        self._line += data[at:stop]
        if len(self._line) > _LONGEST_LINE:
            self.broken = f"a line between its chunks is longer than {_LONGEST_LINE:,} bytes"
        elif end >= 0:
            line, self._line = self._line.rstrip(b"\r\n"), b""
            self._reads(line)
        return stop

    def _size(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            self.broken = f"a chunk has the size {line[:40]!r}, and a size is a hexadecimal number (RFC 9112, 7.1)"
            return
        self._left = int(match[1], 16)
        self._reads = self._after_content if self._left else self._trailer

    def _after_content(self, line: bytes) -> None:
        if line:
            self.broken = "a chunk does not end where its size says (RFC 9112, 7.1)"
        self._reads = self._size

    def _trailer(self, line: bytes) -> None:
        self.done = line == b""
        self._trailers += len(line)
        if self._trailers > _LONGEST_TRAILERS:
            self.broken = f"its trailers are longer than {_LONGEST_TRAILERS:,} bytes"


def request_framing(headers: HeaderList) -> Framing:
    """How the body of a request with these ``headers`` ends.

    Without a length that can be read the request has no body for the proxy: the registry decides what it says.
    """
    framing = tuple(_framing_of(headers))
    return _of(framing) if framing else FixedLength(0)


def _framing_of(headers: HeaderList) -> Iterator[tuple[str, str]]:
    try:
        yield from body_framing(ReceivedHead("HTTP/1.1", 0, "", headers))
    except MalformedResponse:
        return


def response_framing(method: str, head: ReceivedHead) -> Framing:
    """How the body of the final response to a request of this ``method`` ends.

    Raises
    ------
    MalformedResponse: for a Content-Length that is not a number, or several that differ.
    """
    if method == "HEAD" or head.status in (204, 304):
        return FixedLength(0)
    framing = body_framing(head)
    return _of(framing) if framing and not _tunnels(method, head) else UntilClose()


def _tunnels(method: str, head: ReceivedHead) -> bool:
    return head.status == 101 or (method == "CONNECT" and 200 <= head.status < 300)


def _of(framing: HeaderList) -> Framing:
    ((name, value),) = framing
    return FixedLength(int(value)) if name.lower() == "content-length" else Chunked()
