"""The body of a request: where it ends, and whether it arrives fast enough.

Source: RFC 9112, "HTTP/1.1", sections 6 and 7.1 <https://www.rfc-editor.org/rfc/rfc9112.html#section-7.1>.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

from regtutor.server.shell.channel import Channel
from regtutor.server.shell.head import BadRequest
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.request_line import Line

MOST_CHUNK_LINE = 4096
"""Bytes of the line that begins a chunk, with its extensions."""

MOST_TRAILERS = 16 * 1024
"""Bytes of the trailer section."""

_SIZE = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,15})[ \t]*(?:;[\t -~\x80-\xff]*)?")


_CUT_OFF = "the client closed the connection before the body was complete"


class CutOff(ConnectionError):
    """The client closed the connection before the body was complete."""


class TooSlow(Exception):
    """A client sends too slowly; the text says how slowly."""


class ChunkedBody:
    """Decodes chunked transfer coding. Chunk extensions and trailers are dropped, as RFC 9112 permits.

    Attributes
    ----------
    ended: whether the last chunk and its trailers have arrived.
    rest: the bytes after the body.
    """

    def __init__(self) -> None:
        self.ended, self.rest = False, b""
        self._pending = b""  # the beginning of a line
        self._left = 0  # bytes of the current chunk that have not arrived
        self._expects = "size"  # of the next line: "size", "end" (of a chunk) or "trailer"
        self._trailers = 0

    def feed(self, piece: bytes) -> bytes:
        """The content in ``piece``.

        Raises
        ------
        BadRequest: if the coding is malformed, or a line or the trailers are too long.
        """
        if len(piece) < self._left:
            self._left -= len(piece)
            return piece
        data, at, found = self._pending + piece, 0, []
        self._pending = b""
        while not self.ended:
            if self._left:
                part = data[at : at + self._left]
                found.append(part)
                at, self._left = at + len(part), self._left - len(part)
                if self._left:
                    break
            end = data.find(b"\r\n", at)
            if end - at > MOST_CHUNK_LINE or (end < 0 and len(data) - at > MOST_CHUNK_LINE + 1):
                raise BadRequest(f"a line of more than {MOST_CHUNK_LINE:,} bytes in a chunked body")
            if end < 0:
                self._pending = data[at:]
                break
            self._take_line(data[at:end])
            at = end + 2
        self.rest = data[at:] if self.ended else b""
        return b"".join(found)

    def _take_line(self, line: bytes) -> None:
        if self._expects == "end":
            if line:
                raise BadRequest("a chunk that is longer than its size")
            self._expects = "size"
        elif self._expects == "size":
            match = _SIZE.fullmatch(line)
            if match is None:
                raise BadRequest("a chunk size that is not a hexadecimal number")
            self._left = int(match["size"], 16)
            self._expects = "end" if self._left else "trailer"
        elif line:
            self._trailers += len(line)
            if self._trailers > MOST_TRAILERS:
                raise BadRequest(f"trailers of more than {MOST_TRAILERS:,} bytes", 431)
        else:
            self.ended = True


class Pace:
    """Reads from a channel, and gives up on a client that sends too slowly.

    Only the time for which the registry waits for the client counts, on a monotonic clock.
    """

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel, self._limits = channel, limits
        self._waited, self._received = 0.0, 0

    async def read(self) -> bytes:
        """The next piece.

        Raises
        ------
        TooSlow: nothing arrived for ``body_timeout`` seconds, or less than ``least_rate`` bytes a second over
            ``rate_window`` seconds.
        CutOff: no more will arrive.
        """
        clock, limits = asyncio.get_running_loop().time, self._limits
        began = clock()
        try:
            async with asyncio.timeout(limits.body_timeout):
                piece = await self._channel.read()
        except TimeoutError:
            raise TooSlow(f"no byte of the body for {limits.body_timeout:g} s") from None
        if not piece:
            raise CutOff(_CUT_OFF)
        self._count(clock() - began, len(piece))
        return piece

    async def fill(self, room: memoryview) -> int:
        """Fill ``room``, and return the number of its bytes that have arrived: fewer if no more will arrive.

        Raises
        ------
        TooSlow: as :meth:`read`.
        """
        clock, limits, at = asyncio.get_running_loop().time, self._limits, 0
        while at < len(room):
            began = clock()
            try:
                arrived = await self._channel.fill(room[at:], limits.body_timeout, limits.rate_window)
            except TimeoutError:
                raise TooSlow(f"no byte of the body for {limits.body_timeout:g} s") from None
            if not arrived and self._channel.left.done():
                break
            at += arrived
            self._count(clock() - began, arrived)
        return at

    def _count(self, waited: float, received: int) -> None:
        limits = self._limits
        self._waited += waited
        self._received += received
        if self._waited >= limits.rate_window:
            if self._received < limits.least_rate * self._waited:
                raise TooSlow(f"{self._received} bytes of the body in {self._waited:.0f} s")
            self._waited, self._received = 0.0, 0


async def chunks_of_body(
    channel: Channel,
    limits: Limits,
    line: Line,
    size: int | None,
    block: Callable[[], memoryview | None] = lambda: None,
) -> AsyncIterator[bytes | memoryview]:
    """The content of a body, piece by piece; the channel then continues with the next request.

    Parameters
    ----------
    size: the length in bytes, or None for chunked transfer coding.
    block: returns room for the next bytes, if they should be received there without a copy.

    Raises
    ------
    BadRequest: for malformed chunks.
    TooSlow, CutOff: as :meth:`Pace.read`.
    """
    pace = Pace(channel, limits)
    if size is None:
        coding = ChunkedBody()
        while not coding.ended:
            try:
                content = coding.feed(await pace.read())
            except BadRequest as error:
                raise BadRequest(error.problem, error.status, line) from error
            if content:
                yield content
        channel.unread(coding.rest)
        return
    while size:
        room = block()
        if room is not None:
            room = room[:size]
            arrived = await pace.fill(room)
            size -= arrived
            yield room[:arrived]
            if arrived < len(room):
                raise CutOff(_CUT_OFF)
            continue
        piece = await pace.read()
        channel.unread(piece[size:])
        content = piece[:size]
        size -= len(content)
        yield content
