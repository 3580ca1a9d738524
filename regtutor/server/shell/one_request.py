"""One request on a socket, from its head to the last byte of its answer.

Tornado parses and frames; what it does in its own way is put right here. ``100 Continue`` is sent when the app has
accepted a request and not before; a refused body is never taken for the next request; a failure is an answer and not a
silent close; a body that stops coming is given up.
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
"""Bytes of a refused body that are read and dropped so that the connection can be kept."""

LINGER = 5.0
"""Seconds for which more of it is dropped before the connection is closed (RFC 9112, section 9.6): a client that sends
on, as most do, would else be reset and lose the answer that is on its way."""


@dataclass(frozen=True)
class Gate:
    """Who is let in, and the one thread that checks passwords: guesses wait for each other, and for nobody else."""

    passwords: Htpasswd
    worker: Executor


class OneRequest(HTTPMessageDelegate):
    """One request and its answer.

    Tornado calls ``headers_received``, then ``data_received`` for each chunk, then ``finish``; or
    ``on_connection_close`` when the connection ends before that.

    Parameters
    ----------
    app: asked in the loop's thread, except for requests that it says take long, and for the ``finish`` of its sinks,
        which waits for the disk.
    connection: Tornado's HTTP1Connection.
    scheme: ``http`` or ``https``.
    body_timeout: seconds between two chunks, either way, before the request is given up.
    workers: run what is not asked in the loop's thread.
    log: gets one line for each request, and one for each failure.
    gate: asked before the app, if there is one.
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
        self._answering: asyncio.Task[None] | None = None
        self._body_ended = asyncio.Event()
        self._watchdog: asyncio.TimerHandle | None = None

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> asyncio.Task[None] | None:
        """Ask the app. An answer that needs no body is awaited by Tornado before it reads on."""
        self._line, self._began = start_line, time.monotonic()
        received = tuple(headers.get_all())
        # Taken out, so that Tornado does not write "100 (Continue)" of its own accord.
        expects = headers.pop("Expect", "").lower() == "100-continue"
        problem = malformed(start_line, headers)
        if problem is not None:
            return self._answer(_malformed(problem), last=True)
        head = Head(start_line.method, origin_form(start_line.path), received)
        if self._gate is not None or self._app.takes_long(head):
            return asyncio.ensure_future(self._ask_and_wait(head, headers, expects))
        self._outcome = self._begin(head)
        return self._await_body(headers, expects)

    async def _ask_and_wait(self, head: Head, headers: HTTPHeaders, expects: bool) -> None:
        """Ask where the answer may take long, while others are served; Tornado reads no body before this is done."""
        try:
            self._outcome = await self._refused_by_gate(head)
            if self._outcome is None and self._app.takes_long(head):
                self._outcome = await asyncio.get_running_loop().run_in_executor(self._workers, self._begin, head)
            elif self._outcome is None:
                self._outcome = self._begin(head)
        except Exception as error:  # noqa: BLE001 - as below; such as a password file that is gone
            self._outcome = self._failure(error)
        answering = self._await_body(headers, expects)
        if answering is not None:
            await answering

    async def _refused_by_gate(self, head: Head) -> Response | None:
        gate = self._gate
        if gate is None or gate.passwords.remembers(head):
            return None
        return await asyncio.get_running_loop().run_in_executor(gate.worker, gate.passwords.refusal, head)

    def _begin(self, head: Head) -> Response | BodySink:
        try:
            return self._app.begin(head, scheme=self._scheme)
        except Exception as error:  # noqa: BLE001 - any failure of the app is an answer, and stands in the log
            return self._failure(error)

    def _await_body(self, headers: HTTPHeaders, expects: bool) -> asyncio.Task[None] | None:
        """Let the body come, if there is one; or answer without it, where it is refused and would be in vain."""
        length = int(headers.get("Content-Length", "0"))
        if length == 0 and "Transfer-Encoding" not in headers:
            return None
        if isinstance(self._outcome, Response) and expects:
            return self._answer(self._outcome, last=True)
        if isinstance(self._outcome, Response) and length > DRAIN:
            self._answer(self._outcome, last=True, lingers=True)
            return None
        if expects and self._line.version == "HTTP/1.1":
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._restart_watchdog()
        return None

    def data_received(self, chunk: bytes) -> None:
        """Pass ``chunk`` on, or drop it where the request was refused; up to a limit in either case."""
        if self._answering is not None:
            return
        self._bytes_in += len(chunk)
        self._restart_watchdog()
        outcome, limit = self._outcome, 0
        if outcome is not None and not isinstance(outcome, Response):
            try:
                outcome.write(chunk)
            except Exception as error:  # noqa: BLE001 - as above; such as a full disk
                self._give_up(self._failure(error), lingers=True)
                return
            if outcome.limit is None:
                return
            limit = outcome.limit
        if self._bytes_in > limit + DRAIN:
            self._answer(outcome, last=True, lingers=True)

    def finish(self) -> None:
        """The whole body is there: answer."""
        self._stop_watchdog()
        self._body_ended.set()
        if self._answering is None:
            self._answer(self._outcome)

    def on_connection_close(self) -> None:
        """The client is gone before its body was whole: as if nothing had been sent."""
        self._stop_watchdog()
        self._body_ended.set()
        if self._answering is None:
            self._abort()
            self._log("cut", 0)

    def _answer(
        self, outcome: Response | BodySink | None, *, last: bool = False, lingers: bool = False
    ) -> asyncio.Task[None]:
        self._stop_watchdog()
        self._answering = asyncio.ensure_future(self._respond(outcome, last, lingers))
        return self._answering

    async def _respond(self, outcome: Response | BodySink | None, last: bool, lingers: bool) -> None:
        assert outcome is not None, "answered before the head was read"
        response = outcome if isinstance(outcome, Response) else await self._finished(outcome)
        if self._line.method == "HEAD":  # also where the app was not asked, or failed
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
        """Say that nothing more comes, and let Tornado read on, for ``data_received`` to drop it."""
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
        """Write the response, a chunk at a time as fast as the client takes it.

        It is logged before its last bytes are written, so that whoever has an answer finds it in the log.
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
                raise OSError(f"{part.path} is shorter than it was")
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
        waited = f"no byte of the body for {self._body_timeout:g} s"
        expected = "the body that the head announces, without such a pause"
        refusal = Refusal(
            "SIZE_INVALID", given=waited, expected=expected, next="the same request once more", status=408
        )
        self._give_up(refusal.response())

    def _give_up(self, response: Response, *, lingers: bool = False) -> None:
        """Forget the body that has come so far, answer, and close."""
        self._abort()
        self._answer(response, last=True, lingers=lingers)

    def _abort(self) -> None:
        if self._outcome is None or isinstance(self._outcome, Response):
            return
        try:
            self._outcome.abort()
        except Exception as error:  # noqa: BLE001 - the request is over; what it left behind is all that can be said
            self._write_log(f"a request that was cut off was not cleaned up: {type(error).__name__}: {error}")

    def _failure(self, error: Exception) -> Response:
        self._write_log(f"500 because of {type(error).__name__}: {error}")
        next = "the same request once more; the registry's log says what went wrong"
        expected = "no failure of the registry's own: the request need not be wrong"
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
    next = "the same request on a new connection, written so; GET /v2/ is the shortest one"
    return Refusal("UNSUPPORTED", given=problem, expected="a request as in RFC 9112", next=next, status=400).response()
