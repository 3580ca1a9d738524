"""One request on a socket, from its head to the last byte of the response.

Tornado parses and frames HTTP. This module corrects some of its behaviour: ``100 Continue`` is sent only after the app
has accepted the request; a refused body is never read as the next request; a failure gets a response rather than a
silent close; a request whose body stops arriving is aborted.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine, format_timestamp
from tornado.iostream import StreamClosedError

from regtutor.message import CHUNK
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.urls import origin_form
from regtutor.server.application import Application
from regtutor.server.http import FileRange, Head, Response
from regtutor.server.receiving import BodySink
from regtutor.server.respond import Refusal
from regtutor.server.shell.authentication import Htpasswd
from regtutor.server.shell.request_line import malformed

DRAIN = 4 * 1024 * 1024
"""The number of bytes of a refused body that are read and dropped, so that the connection can be kept."""

LINGER = 5.0
"""Seconds for which more of a refused body is dropped before the connection is closed (RFC 9112, section 9.6).
Otherwise a client that keeps sending, as most do, would be reset and lose the response that is on its way."""


@dataclass(frozen=True)
class Gate:
    """The accepted passwords, and the single thread that checks them: guesses wait only for each other."""

    passwords: Htpasswd
    worker: Executor


class OneRequest(HTTPMessageDelegate):
    """One request and its response.

    Tornado calls ``headers_received``, then ``data_received`` for each chunk, then ``finish``; or
    ``on_connection_close`` when the connection ends before that.

    Parameters
    ----------
    app: called in the thread of the event loop, except for requests that take long according to it, and for the
        ``finish`` of its sinks, which waits for the disk.
    connection: Tornado's HTTP1Connection.
    scheme: ``http`` or ``https``.
    body_timeout: seconds between two chunks, in either direction, before the request is aborted.
    workers: run the calls that are not made in the thread of the event loop.
    log: called with one line for each request, and one for each failure.
    gate: checks credentials before the app is called; None for no check.
    """

    def __init__(
        self,
        app: Application,
        connection: Any,
        scheme: str,
        body_timeout: float,
        workers: Executor,
        log: Callable[[str], None],
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate
        self._app, self._connection, self._scheme = app, connection, scheme
        self._body_timeout, self._workers, self._write_log = body_timeout, workers, log
        self._began = time.monotonic()
        self._outcome: Response | BodySink | None = None
        self._line = RequestStartLine("-", "-", "-")
        self._bytes_in = 0
        self._responding: asyncio.Task[None] | None = None
        self._body_ended = asyncio.Event()
        self._watchdog: asyncio.TimerHandle | None = None

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> asyncio.Task[None] | None:
        """Call the app. If the response needs no body, Tornado waits until it is sent before it reads further."""
        self._line, self._began = start_line, time.monotonic()
        received = tuple(headers.get_all())
        # Removed, so that Tornado does not write "100 (Continue)" by itself.
        expects = headers.pop("Expect", "").lower() == "100-continue"
        problem = malformed(start_line, headers)
        if problem is not None:
            return self._start_response(_malformed(problem), last=True)
        head = Head(start_line.method, origin_form(start_line.path), received)
        if self._gate is not None or self._app.takes_long(head):
            return asyncio.ensure_future(self._begin_and_wait(head, headers, expects))
        self._outcome = self._begin(head)
        return self._await_body(headers, expects)

    async def _begin_and_wait(self, head: Head, headers: HTTPHeaders, expects: bool) -> None:
        """Check credentials and call the app while others are served; Tornado reads no body before this is done."""
        try:
            self._outcome = await self._refusal_of_gate(head)
            if self._outcome is None and self._app.takes_long(head):
                self._outcome = await asyncio.get_running_loop().run_in_executor(self._workers, self._begin, head)
            elif self._outcome is None:
                self._outcome = self._begin(head)
        except Exception as error:  # noqa: BLE001 - as below; for example, the password file is gone
            self._outcome = self._failure(error)
        responding = self._await_body(headers, expects)
        if responding is not None:
            await responding

    async def _refusal_of_gate(self, head: Head) -> Response | None:
        gate = self._gate
        if gate is None or gate.passwords.remembers(head):
            return None
        return await asyncio.get_running_loop().run_in_executor(gate.worker, gate.passwords.refusal, head)

    def _begin(self, head: Head) -> Response | BodySink:
        try:
            return self._app.begin(head, scheme=self._scheme)
        except Exception as error:  # noqa: BLE001 - any failure of the app gets a response and a line in the log
            return self._failure(error)

    def _await_body(self, headers: HTTPHeaders, expects: bool) -> asyncio.Task[None] | None:
        """Wait for the body, if there is one; or respond without it if the request is refused anyway."""
        length = int(headers.get("Content-Length", "0"))
        if length == 0 and "Transfer-Encoding" not in headers:
            return None
        if isinstance(self._outcome, Response) and expects:
            return self._start_response(self._outcome, last=True)
        if isinstance(self._outcome, Response) and length > DRAIN:
            self._start_response(self._outcome, last=True, lingers=True)
            return None
        if expects and self._line.version == "HTTP/1.1":
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._restart_watchdog()
        return None

    def data_received(self, chunk: bytes) -> None:
        """Pass ``chunk`` on, or drop it if the request was refused; up to a limit in either case."""
        if self._responding is not None:
            return
        self._bytes_in += len(chunk)
        self._restart_watchdog()
        outcome, limit = self._outcome, 0
        if outcome is not None and not isinstance(outcome, Response):
            try:
                outcome.write(chunk)
            except Exception as error:  # noqa: BLE001 - as above; for example, the disk is full
                self._abort_and_respond(self._failure(error), lingers=True)
                return
            if outcome.limit is None:
                return
            limit = outcome.limit
        if self._bytes_in > limit + DRAIN:
            self._start_response(outcome, last=True, lingers=True)

    def finish(self) -> None:
        """Respond, now that the whole body has arrived."""
        self._stop_watchdog()
        self._body_ended.set()
        if self._responding is None:
            self._start_response(self._outcome)

    def on_connection_close(self) -> None:
        """Abort the request: the connection closed before the whole body arrived."""
        self._stop_watchdog()
        self._body_ended.set()
        if self._responding is None:
            self._abort()
            self._log("cut", 0)

    def _start_response(
        self, outcome: Response | BodySink | None, *, last: bool = False, lingers: bool = False
    ) -> asyncio.Task[None]:
        self._stop_watchdog()
        self._responding = asyncio.ensure_future(self._respond(outcome, last, lingers))
        return self._responding

    async def _respond(self, outcome: Response | BodySink | None, last: bool, lingers: bool) -> None:
        assert outcome is not None, "a response before the head was read"
        response = outcome if isinstance(outcome, Response) else await self._finished(outcome)
        if self._line.method == "HEAD":  # also if the app was not called, or failed
            response = Response(response.status, response.headers)
        try:
            await self._send(response, last)
        except (StreamClosedError, TimeoutError, OSError) as error:
            self._connection.close()
            self._log(f"{response.status} cut ({type(error).__name__})", 0)
            return
        if lingers:
            await self._linger()
        self._connection.finish()
        if last:
            self._connection.close()

    async def _linger(self) -> None:
        """Shut down the sending side, and let Tornado read more of the body, which ``data_received`` drops."""
        stream = self._connection.stream
        if self._scheme == "http" and not stream.closed():
            with suppress(OSError):
                stream.socket.shutdown(socket.SHUT_WR)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._body_ended.wait(), LINGER)

    async def _finished(self, sink: BodySink) -> Response:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, sink.finish)
        except Exception as error:  # noqa: BLE001 - as above
            return self._failure(error)

    async def _send(self, response: Response, last: bool) -> None:
        """Write the response in chunks, as fast as the client reads it.

        It is logged before its last bytes are written, so that a client that has the response finds it in the log.
        """
        body = response.body
        if not isinstance(body, FileRange):
            self._log(str(response.status), len(body))
            await self._written(self._connection.write_headers(*_head(response, last), body))
            return
        try:
            file = body.path.open("rb")
        except OSError as error:
            await self._send(self._failure(error), last)
            return
        with file:
            await self._written(self._connection.write_headers(*_head(response, last)))
            await self._send_file(file, body, str(response.status))

    async def _send_file(self, file: BinaryIO, part: FileRange, status: str) -> None:
        file.seek(part.start)
        left = part.stop - part.start
        if not left:
            self._log(status, 0)
        while left:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                raise OSError(f"{part.path} has become shorter")
            left -= len(chunk)
            if not left:
                self._log(status, part.stop - part.start)
            await self._written(self._connection.write(chunk))

    async def _written(self, future: Any) -> None:
        await asyncio.wait_for(future, self._body_timeout)

    def _restart_watchdog(self) -> None:
        self._stop_watchdog()
        self._watchdog = asyncio.get_running_loop().call_later(self._body_timeout, self._too_slow)

    def _stop_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _too_slow(self) -> None:
        given = f"no byte of the body for {self._body_timeout:g} s"
        expected = "the body that the head announces, without such a pause"
        refusal = Refusal("SIZE_INVALID", given=given, expected=expected, next="the same request again", status=408)
        self._abort_and_respond(refusal.response())

    def _abort_and_respond(self, response: Response, *, lingers: bool = False) -> None:
        """Discard the body that has arrived so far, respond, and close."""
        self._abort()
        self._start_response(response, last=True, lingers=lingers)

    def _abort(self) -> None:
        if self._outcome is None or isinstance(self._outcome, Response):
            return
        try:
            self._outcome.abort()
        except Exception as error:  # noqa: BLE001 - the request is over: only the log can report it
            self._write_log(f"a request that was cut off was not cleaned up: {type(error).__name__}: {error}")

    def _failure(self, error: Exception) -> Response:
        self._write_log(f"500 because of {type(error).__name__}: {error}")
        next = "the same request again; the registry's log has the cause"
        expected = "no failure inside the registry: the request need not be wrong"
        return Refusal("UNKNOWN", given=type(error).__name__, expected=expected, next=next).response()

    def _log(self, status: str, bytes_out: int) -> None:
        milliseconds = (time.monotonic() - self._began) * 1000
        client = (self._connection.context.address or ("-",))[0]
        request = f"{self._line.method} {redact_url(self._line.path)}"
        if not (request.isascii() and request.isprintable()):
            request = ascii(request)
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        traffic = f"in={self._bytes_in} out={bytes_out} {milliseconds:.1f}ms"
        self._write_log(f"{now} {client} {request} {status} {traffic}")


def _head(response: Response, last: bool) -> tuple[ResponseStartLine, HTTPHeaders]:
    headers = HTTPHeaders()
    for name, value in response.headers:
        headers.add(name, value)
    headers.add("Date", format_timestamp(time.time()))
    if last:
        headers["Connection"] = "close"
    return ResponseStartLine("HTTP/1.1", response.status, HTTPStatus(response.status).phrase), headers


def _malformed(problem: str) -> Response:
    next = "the same request, well-formed, on a new connection; GET /v2/ is the shortest one"
    return Refusal("UNSUPPORTED", given=problem, expected="a request as in RFC 9112", next=next, status=400).response()
