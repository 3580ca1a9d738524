"""One request on a socket, from its head to the last byte of the response.

``100 Continue`` is sent only after the app has accepted the request; a refused body is never read as the next request;
a failure gets a response rather than a silent close; a request whose body stops arriving is aborted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from regtutor.protocol.urls import origin_form
from regtutor.server.application import PASSWORD, Application
from regtutor.server.http import Abandoned, Head, Response
from regtutor.server.receiving import BodySink
from regtutor.server.respond import Refusal, internal_failure
from regtutor.server.shell.body import TooSlow, chunks_of_body
from regtutor.server.shell.channel import Channel
from regtutor.server.shell.head import BadRequest, ReceivedHead
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.origin_check import OriginCheck
from regtutor.server.shell.password_queue import PasswordQueue
from regtutor.server.shell.request_log import RequestLog
from regtutor.server.shell.sending import Ending, send
from regtutor.server.shell.workers import COMMIT, Workers

if TYPE_CHECKING:
    from regtutor.server.shell.authentication import Htpasswd

DRAIN = 4 * 1024 * 1024
"""The number of bytes of a refused body that are read and dropped, so that the connection can be kept."""

LINGER = 5.0
"""Seconds for which more of a refused body is dropped before the connection is closed (RFC 9112, section 9.6).
Otherwise a client that keeps sending, as most do, would be reset and lose the response that is on its way."""


@dataclass(frozen=True)
class Service:
    """The parts of a server that its requests share.

    Attributes
    ----------
    app: called in the thread of the event loop, except for requests that take long according to it, and for the
        ``finish`` of its sinks, which waits for the disk.
    scheme, url: of the registry.
    limits: of each client.
    workers: the threads.
    passwords: the accepted credentials, checked before the app is called; None for no check.
    password_queue: the order of these checks, and of those that the app makes.
    origins: the check for requests that web pages cause.
    log: called with each line.
    """

    app: Application
    scheme: str
    url: str
    limits: Limits
    workers: Workers
    passwords: Htpasswd | None
    password_queue: PasswordQueue
    origins: OriginCheck
    log: Callable[[str], None]


class _Rest(Enum):
    """The part that remains of the request's body when the response is sent."""

    NOTHING = Ending(keeps=True)
    WITHHELD = Ending(keeps=False)  # the client waits for 100 Continue, or sends nothing more
    ON_ITS_WAY = Ending(keeps=False, lingers=True)


class OneRequest:
    """One request and its response.

    Parameters
    ----------
    service: what the requests of the server have in common.
    channel: the connection, whose next bytes are those of the body.
    received: the head.
    log: writes the line of this request.
    """

    def __init__(self, service: Service, channel: Channel, received: ReceivedHead, log: RequestLog) -> None:
        self._service, self._channel, self._received, self._log = service, channel, received, log
        self._outcome: Response | BodySink | None = None

    async def serve(self) -> bool:
        """Receive the body, respond, and log a line; return whether the connection continues."""
        try:
            self._outcome = await self._begin()
            try:
                rest = await self._receive(self._outcome)
            except TooSlow as slow:
                self._replace(_too_slow(str(slow)))
                rest = _Rest.WITHHELD
            except BadRequest as bad:
                self._replace(bad_request(bad))
                self._log.note = f"bad request: {bad.problem}"
                rest = _Rest.ON_ITS_WAY
            return await self._respond(rest)
        except (OSError, Abandoned):  # CutOff, or a client that does not read 100 Continue
            self._log.write("cut", 0)
            return False
        except asyncio.CancelledError:  # the server is closing
            self._log.write("cut", 0)
            raise
        finally:
            self._abort()

    async def _begin(self) -> Response | BodySink:
        """Check credentials and call the app, without the body; others are served if that takes long."""
        line, service = self._received.line, self._service
        head = Head(line.method, origin_form(line.path), self._received.headers, self._channel.abandoned)
        try:
            refused = service.origins.refusal(line.method, self._received.values, service.url)
            if refused is not None:
                return refused
            if service.passwords is not None and not service.passwords.remembers(head):
                key = (line.method == "HEAD", head.header("Authorization"))
                check = partial(service.passwords.refusal, head)
                refused = await service.password_queue.run(self._channel, key, check)
                if refused is not None:
                    return refused
            return await self._call(head)
        except Abandoned:
            raise
        except Exception as error:  # noqa: BLE001 - any failure of the app gets a response and a line in the log
            return self._failure(error)

    async def _call(self, head: Head) -> Response | BodySink:
        service = self._service
        reason = service.app.takes_long(head)
        work = partial(service.app.begin, head, scheme=service.scheme)
        if reason is None:
            return work()
        if reason == PASSWORD:
            return await service.password_queue.run(self._channel, object(), work)
        return await service.workers.run_for(self._channel, reason, work)

    async def _receive(self, outcome: Response | BodySink) -> _Rest:
        """Pass the body on, or drop it if the request was refused; up to a limit in either case."""
        received, channel = self._received, self._channel
        if not received.has_body:
            return _Rest.NOTHING
        sink = None if isinstance(outcome, Response) else outcome
        if sink is None and received.expects_continue:
            return _Rest.WITHHELD
        if sink is None and received.content_length > DRAIN:
            return _Rest.ON_ITS_WAY
        if received.expects_continue and received.line.version != "HTTP/1.0":
            await channel.write(b"HTTP/1.1 100 Continue\r\n\r\n", self._service.limits.body_timeout)
        most = DRAIN if sink is None else None if sink.limit is None else sink.limit + DRAIN
        size = None if received.chunked else received.content_length
        block = sink.block if sink is not None else lambda: None
        async for chunk in chunks_of_body(channel, self._service.limits, received.line, size, block):
            self._log.bytes_in += len(chunk)
            if sink is not None:
                try:
                    sink.write(chunk)
                except Exception as error:  # noqa: BLE001 - as above; for example, the disk is full
                    self._replace(self._failure(error))
                    return _Rest.ON_ITS_WAY
            if most is not None and self._log.bytes_in > most:
                return _Rest.ON_ITS_WAY
        return _Rest.NOTHING

    async def _respond(self, rest: _Rest) -> bool:
        outcome, channel, line = self._outcome, self._channel, self._received.line
        assert outcome is not None, "a response before the request"
        response = outcome if isinstance(outcome, Response) else await self._finished(outcome)
        if line.method == "HEAD":  # also if the app was not called, or failed
            response = Response(response.status, response.headers)
        ending = rest.value
        ending = replace(ending, keeps=ending.keeps and self._received.keeps_connection)
        try:
            await send(channel, response, ending, line, self._service.limits.body_timeout, self._log)
        except (TimeoutError, OSError) as error:
            channel.abort()
            self._log.write(f"{response.status} cut ({type(error).__name__})", 0)
            return False
        if ending.lingers:
            await channel.linger(LINGER)
        return ending.keeps

    async def _finished(self, sink: BodySink) -> Response:
        try:
            return await self._service.workers.run(COMMIT, sink.finish)
        except Exception as error:  # noqa: BLE001 - as above
            self._abort()  # if no worker has begun to finish it, such as while the server closes
            return self._failure(error)

    def _replace(self, response: Response) -> None:
        """Discard the body that has arrived so far, and respond with ``response``."""
        self._abort()
        self._outcome = response

    def _abort(self) -> None:
        if self._outcome is None or isinstance(self._outcome, Response):
            return
        try:
            self._outcome.abort()
        except Exception as error:  # noqa: BLE001 - the request is over: only the log can report it
            self._service.log(f"a request that was cut off was not cleaned up: {type(error).__name__}: {error}")

    def _failure(self, error: Exception) -> Response:
        return internal_failure(error, self._service.log)


def bad_request(error: BadRequest) -> Response:
    """The response to bytes that are not an HTTP/1.1 request."""
    return Refusal(
        "UNSUPPORTED",
        given=error.problem,
        expected="a request as in RFC 9112",
        next="Send a well-formed request on a new connection; GET /v2/ is the shortest one",
        status=error.status,
    ).response()


def _too_slow(given: str) -> Response:
    expected = "the body that the head announces, without such a pause"
    return Refusal(
        "SIZE_INVALID", given=given, expected=expected, next="Send the same request again", status=408
    ).response()
