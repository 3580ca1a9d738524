"""One connection as pieces of bytes, with back pressure in both directions, and a note of when the client left.

asyncio owns the socket and TLS; this module keeps what has arrived until it is read. Nothing here depends on HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

MOST_UNREAD = 64 * 1024
"""Bytes that have arrived and were not read, beyond which the socket is not read until they are."""

GRACE = 5.0
"""Seconds for which work continues for a client that has sent its last byte."""


class Channel(asyncio.BufferedProtocol):
    """A connection that a client opened.

    Parameters
    ----------
    serve: called with this channel when the connection is open; its coroutine runs as a task until it ends.
    scratch: where bytes arrive; the channels of an event loop can share it, because they are copied from there at once.

    Attributes
    ----------
    address: the client's IP address, or ``-``.
    left: done when the client has sent its last byte, or when the connection is lost.
    task: runs ``serve``; None before the connection is open.
    """

    task: asyncio.Task[None] | None = None
    _socket: asyncio.BaseTransport | None = None  # below TLS; it is the first to notice that the client has left
    transport: asyncio.Transport

    def __init__(self, serve: Callable[[Channel], Coroutine[Any, Any, None]], scratch: memoryview) -> None:
        loop = asyncio.get_running_loop()
        self._serve, self._scratch = serve, scratch
        self._room: memoryview | None = None  # where the next bytes go; otherwise they go to ``scratch``
        self._filled, self._arrived_at = 0, 0.0
        self.address = "-"
        self.left: asyncio.Future[None] = loop.create_future()
        self._left_at: float | None = None
        self._lost, self._paused, self._secure, self._shakes_hands = False, False, False, False
        self._pieces: deque[bytes] = deque()
        self._unread = 0
        self._arrived: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the task."""
        self._uses(transport)
        self._socket = transport
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else "-"
        self.task = asyncio.get_running_loop().create_task(self._serve(self))

    def _uses(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # write() waits until the client has read, however slow it is. Not high=0: over TLS, asyncio compares with >=,
        # and would pause after each write to an empty buffer, until more bytes of the client arrive.
        transport.set_write_buffer_limits(high=1, low=0)

    async def start_tls(self, context: Any, seconds: float) -> None:
        """Shake hands, before a byte was read.

        Raises
        ------
        OSError: the handshake failed, or took longer than ``seconds``. The connection is closed then.
        """
        self._secure = self._shakes_hands = True
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(
            self.transport, self, context, server_side=True, ssl_handshake_timeout=seconds, ssl_shutdown_timeout=seconds
        )
        if secured is None:
            raise ConnectionAbortedError("the connection was lost")
        self._uses(secured)
        self._shakes_hands = False
        self._pause_if_full()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where the next bytes go."""
        return self._scratch if self._room is None else self._room[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Keep the bytes that have arrived until they are read."""
        if self._room is None:
            self._pieces.append(bytes(self._scratch[:nbytes]))
            self._unread += nbytes
            _finish(self._arrived)
            self._pause_if_full()
            return
        self._filled += nbytes
        self._arrived_at = asyncio.get_running_loop().time()
        if self._filled == len(self._room):
            self._room = None
            _finish(self._arrived)

    def _pause_if_full(self) -> None:
        # During a handshake the transport is still the one below TLS, which nothing would resume.
        if self._unread > MOST_UNREAD and self._arrived is None and not (self._paused or self._shakes_hands):
            self._paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """Keep the connection open: a client that sends nothing more can still read. TLS has no such state."""
        self._has_left()
        return not self._secure

    def abandoned(self) -> bool:
        """Whether nobody waits for a response any more. May be called from any thread.

        A client that has sent its last byte can still read, or has closed its socket, which looks the same.
        """
        return self._lost or (self._left_at is not None and time.monotonic() - self._left_at > GRACE)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Wake up whatever waits for the client."""
        self._lost = True
        self._has_left()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(False)

    def _has_left(self) -> None:
        if self._left_at is None:
            self._left_at = time.monotonic()
        _finish(self.left)
        _finish(self._arrived)

    def pause_writing(self) -> None:
        """The client has not read the last piece yet."""
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """The client has read the last piece."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(True)
        self._drained = None

    async def read(self) -> bytes:
        """The bytes that arrived next, as one piece; empty if no more will arrive."""
        while not self._pieces:
            if self.left.done():
                return b""
            if self._paused:
                self._paused = False
                self.transport.resume_reading()
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                await self._arrived
            finally:
                self._arrived = None
        piece = self._pieces.popleft()
        self._unread -= len(piece)
        return piece

    async def fill(self, room: memoryview, pause: float, seconds: float) -> int:
        """Fill ``room``; return how many bytes have arrived when it is full, after ``seconds``, or at the end.

        Raises
        ------
        TimeoutError: nothing arrived for ``pause`` seconds.
        """
        self._filled = self._take(room)
        if self._filled == len(room) or self.left.done():
            return self._filled
        loop = asyncio.get_running_loop()
        self._arrived_at = began = loop.time()
        self._room = room
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        try:
            while self._room is not None and not self.left.done() and loop.time() < began + seconds:
                came = await self._arrives(min(self._arrived_at + pause, began + seconds))
                if not came and loop.time() >= self._arrived_at + pause:
                    raise TimeoutError
            return self._filled
        finally:
            self._room = None

    async def _arrives(self, until: float) -> bool:
        """Wait for what ``_arrived`` announces; False if it has not come ``until`` then."""
        self._arrived = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout_at(until):
                await self._arrived
        except TimeoutError:
            return False
        finally:
            self._arrived = None
        return True

    def _take(self, room: memoryview) -> int:
        """Move bytes that have arrived to ``room``, and return their number."""
        at = 0
        while self._pieces and at < len(room):
            piece = self._pieces.popleft()
            part = piece[: len(room) - at]
            room[at : at + len(part)] = part
            at += len(part)
            self._unread -= len(piece)
            self.unread(piece[len(part) :])
        return at

    def unread(self, data: bytes) -> None:
        """Make ``data`` the piece that is read next."""
        if data:
            self._pieces.appendleft(data)
            self._unread += len(data)

    async def write(self, data: bytes | memoryview, seconds: float | None = None) -> None:
        """Send ``data``, and wait until the operating system has taken all of it. The client may have left after that.

        Raises
        ------
        TimeoutError: it has not within ``seconds``.
        ConnectionResetError: the connection is lost.
        """
        if self._lost or self.transport.is_closing() or (self._socket is not None and self._socket.is_closing()):
            raise ConnectionResetError("the client has closed the connection")
        self.transport.write(data)
        if self._drained is None:
            return
        async with asyncio.timeout(seconds):
            drained = await self._drained
        if not drained:
            raise ConnectionResetError("the client has closed the connection")

    async def linger(self, seconds: float) -> None:
        """Shut down the sending side, and drop whatever still arrives, until the client closes or for ``seconds``."""
        with suppress(OSError, RuntimeError, TimeoutError):
            if not self._secure:
                self.transport.write_eof()
            async with asyncio.timeout(seconds):
                while await self.read():
                    await asyncio.sleep(0)

    def close(self) -> None:
        """Close the connection after what was written has been sent."""
        if not self._lost:
            self.transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        if self.task is not None and not self._lost:
            self.transport.abort()


def _finish(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
