"""One side of a relay: a connection with a buffer of received bytes that nothing has read yet."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from regtutor.message import CHUNK

LINGER = 5.0
"""Seconds for which the rest of a body is read and dropped, so that the response before it is not lost.

Source: RFC 9112, section 9.6 <https://www.rfc-editor.org/rfc/rfc9112.html#section-9.6>.
"""


class _Reader(asyncio.StreamReader):
    """asyncio's reader drops what it has when the connection is lost; what came before the loss must be relayed."""

    lost: Exception | None = None

    def set_exception(self, exc: Exception) -> None:
        self.lost = exc
        self.feed_eof()


class Wire:
    """A connection.

    Attributes
    ----------
    pending: received bytes that nothing has read yet.
    ended: whether the other side has closed its side, or the connection is lost.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.pending = bytearray()
        self.ended = False

    @property
    def lost(self) -> Exception | None:
        """Why the connection was lost; None if it was not, or if the other side closed it in order."""
        return getattr(self._reader, "lost", None)

    @property
    def tls(self) -> str:
        """The version of TLS and the cipher, or ``""`` for a plain connection."""
        connection: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        cipher = connection.cipher() if connection else None
        return f"{connection.version()}, {cipher[0]}" if connection and cipher else ""

    async def fill(self) -> None:
        """Wait for the next bytes, or for the end."""
        self.pending += await self._received()

    async def piece(self) -> bytes:
        """The pending bytes, or else the next ones; none at the end."""
        if self.pending:
            piece = bytes(self.pending)
            self.pending.clear()
            return piece
        return b"" if self.ended else await self._received()

    async def _received(self) -> bytes:
        try:
            data = await self._reader.read(CHUNK)
        except OSError as error:
            self._reader.set_exception(error)
            data = b""
        self.ended = self.ended or not data
        return data

    async def send(self, data: bytes, meanwhile: Callable[[], None] | None = None) -> None:
        """Send ``data``, as fast as the other side reads it.

        Parameters
        ----------
        data: the bytes.
        meanwhile: is called once they are on their way, while the other side works on them.

        Raises
        ------
        OSError: if the connection is lost.
        """
        self._writer.write(data)
        if meanwhile is not None:
            meanwhile()
        await self._writer.drain()

    async def linger(self) -> None:
        """End our side, then read and drop what still comes, for at most :data:`LINGER` seconds."""
        with suppress(OSError, TimeoutError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            async with asyncio.timeout(LINGER):
                while not self.ended:
                    await self._received()

    def close(self) -> None:
        """Close it once everything is sent; a second call does nothing."""
        self._writer.close()

    def cut(self) -> None:
        """Close it at once."""
        self._writer.transport.abort()


def accepting(connected: Callable[[Wire], Awaitable[None]]) -> Callable[[], asyncio.StreamReaderProtocol]:
    """Return the factory of a server's protocols; ``connected`` is called with each connection that it accepts."""

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connected(Wire(reader, writer))

    def made() -> asyncio.StreamReaderProtocol:
        loop = asyncio.get_running_loop()
        return asyncio.StreamReaderProtocol(_Reader(limit=CHUNK, loop=loop), accepted, loop=loop)

    return made


async def opened(host: str, port: int, context: ssl.SSLContext | None) -> Wire:
    """Open a connection, with TLS if ``context`` is given.

    Raises
    ------
    OSError: if that fails.
    """
    loop = asyncio.get_running_loop()
    reader = _Reader(limit=CHUNK, loop=loop)
    transport, made = await loop.create_connection(
        lambda: asyncio.StreamReaderProtocol(reader, loop=loop),
        host,
        port,
        ssl=context,
        server_hostname=host if context else None,
    )
    return Wire(reader, asyncio.StreamWriter(transport, made, reader, loop))


async def first_of(*waits: Awaitable[None]) -> None:
    """Wait until one of ``waits`` has happened, and cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ended(*tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def ended(*tasks: asyncio.Future[None]) -> None:
    """Cancel what is not done, and wait for it."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
