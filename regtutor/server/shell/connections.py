"""The connections of a server, and the requests on each, one after the other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from ssl import SSLContext
from time import strftime

from regtutor.server.http import Response
from regtutor.server.respond import Refusal
from regtutor.server.shell.channel import Channel
from regtutor.server.shell.head import BadRequest, HeadReader, ReceivedHead, parse_head
from regtutor.server.shell.one_request import LINGER, OneRequest, Service, bad_request
from regtutor.server.shell.request_line import Line
from regtutor.server.shell.request_log import RequestLog
from regtutor.server.shell.sending import Ending, send

TLS_HANDSHAKE = 0x16
"""The first byte that a TLS client sends (RFC 8446, section 5.1)."""


_MOST_AT_ONCE = 256 * 1024
"""Bytes that are taken from a socket at once."""


class Connections:
    """Serves connections as they are opened.

    Parameters
    ----------
    service: what their requests have in common.
    ssl_context: serves TLS with this context.
    """

    def __init__(self, service: Service, ssl_context: SSLContext | None = None) -> None:
        self._service, self._ssl = service, ssl_context
        self._open: set[Channel] = set()
        self._scratch = memoryview(bytearray(_MOST_AT_ONCE))

    def channel(self) -> Channel:
        """A new connection, for asyncio."""
        excess = len(self._open) + 1 - self._service.limits.max_connections
        channel = Channel(partial(self._serve, excess=excess), self._scratch)
        self._open.add(channel)  # here, since a task that is canceled before it begins leaves no trace
        return channel

    async def close(self, seconds: float) -> bool:
        """Close every connection; return whether all of their requests ended within ``seconds``."""
        channels = list(self._open)
        tasks = [channel.task for channel in channels if channel.task is not None]
        for task in tasks:
            task.cancel()
        pending: set[asyncio.Task[None]] = set()
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=seconds)
        for channel in channels:
            channel.abort()
        await settle()
        return not pending

    async def _serve(self, channel: Channel, excess: int) -> None:
        try:
            await self._requests(channel, excess)
        except (OSError, asyncio.CancelledError):
            channel.abort()
        except Exception as error:  # noqa: BLE001 - one connection must not end the others, and the log can report it
            self._service.log(f"a connection was closed because of {type(error).__name__}: {error}")
            channel.abort()
        finally:
            self._open.discard(channel)
            channel.close()

    async def _requests(self, channel: Channel, excess: int) -> None:
        """Serve the requests of a connection, of which ``excess`` are too many."""
        limits = self._service.limits
        if excess > limits.max_connections:  # not even the response of a refusal
            channel.abort()
            return
        if self._ssl is not None and not await self._shakes_hands(channel, self._ssl):
            return
        while True:
            log = RequestLog(self._service.log, channel.address)
            try:
                received = await self._next_head(channel, log)
            except BadRequest as error:
                log.line, log.note = error.line, f"bad request: {error.problem}"
                await self._refuse(channel, bad_request(error), log)
                return
            if received is None:
                return
            log.line = received.line
            if excess > 0:
                await self._refuse(channel, _too_many(limits.max_connections), log)
                return
            if not await OneRequest(self._service, channel, received, log).serve():
                return

    async def _shakes_hands(self, channel: Channel, context: SSLContext) -> bool:
        try:
            await channel.start_tls(context, self._service.limits.head_timeout)
        except OSError as error:
            reason = getattr(error, "reason", None) or str(error) or "the client closed the connection"
            self._service.log(f"{strftime('%Y-%m-%dT%H:%M:%S%z')} {channel.address} tls failed: {reason}")
            return False
        return True

    async def _next_head(self, channel: Channel, log: RequestLog) -> ReceivedHead | None:
        """The next head on the connection; None if the connection ends without one.

        Raises
        ------
        BadRequest: if it is malformed, too long, or takes too long.
        """
        reader, limits = HeadReader(), self._service.limits
        try:
            async with asyncio.timeout(limits.idle_timeout):
                piece = await channel.read()
        except TimeoutError:
            return None
        log.restart()
        try:
            data = await self._rest_of_head(channel, reader, piece)
        except TimeoutError:
            if reader.begun:
                raise BadRequest(f"a head that took longer than {limits.head_timeout:g} s", 408) from None
            return None
        if data is not None:
            channel.unread(reader.rest)
            return parse_head(data)
        if reader.begun:
            log.write("cut", 0)
        return None

    async def _rest_of_head(self, channel: Channel, reader: HeadReader, piece: bytes) -> bytes | None:
        """The head that begins with ``piece``, which mostly has all of it; None if the connection ends before."""
        data = _fed(reader, piece)
        if data is not None or not piece:
            return data
        async with asyncio.timeout(self._service.limits.head_timeout):
            while data is None and (piece := await channel.read()):
                data = _fed(reader, piece)
        return data

    async def _refuse(self, channel: Channel, response: Response, log: RequestLog) -> None:
        if log.line.method == "HEAD":
            response = Response(response.status, response.headers)
        with suppress(TimeoutError):
            await send(channel, response, _LAST, log.line, self._service.limits.body_timeout, log)
            await channel.linger(LINGER)


def _fed(reader: HeadReader, piece: bytes) -> bytes | None:
    if piece and piece[0] == TLS_HANDSHAKE and not reader.begun:
        raise BadRequest("a TLS handshake, but this port has no TLS", line=Line("tls", "/", "-"))
    return reader.feed(piece)


async def settle() -> None:
    """Let the event loop run what is ready, and what that makes ready."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


_ROUNDS = 8  # asyncio opens an accepted connection in a task, in three rounds
_LAST = Ending(keeps=False, lingers=True)


def _too_many(most: int) -> Response:
    return Refusal(
        "UNAVAILABLE",
        given=f"more than {most:,} connections at once",
        expected=f"at most {most:,}; --max-connections of regtutor serve sets the number",
        next="Send the same request again after the seconds in Retry-After",
        headers=(("Retry-After", "1"),),
    ).response()
