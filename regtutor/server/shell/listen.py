"""The registry on a socket: Tornado's HTTP/1.1 in front of an :class:`~regtutor.server.app.App`.

This is the outer shell: sockets, TLS, threads and time limits. It depends on nothing of the registry API.
``one_request`` handles a single request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ssl import SSLContext
from types import TracebackType
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.iostream import IOStream
from tornado.log import gen_log

from regtutor.errors import ServerError
from regtutor.message import CHUNK
from regtutor.server.application import Application
from regtutor.server.shell.authentication import Htpasswd
from regtutor.server.shell.one_request import Gate, OneRequest

LARGEST_BODY = 10**18
"""Bytes. Tornado needs a number; the app decides how much a request can really send."""

TLS_HANDSHAKE = 0x16
"""The first byte that a TLS client sends (RFC 8446, section 5.1)."""

TLS_SUBSTITUTE = b"tls / HTTP/1.0\r\n\r\n"
"""Replaces the bytes of a TLS client. It is not a valid request, so it gets a 400 at once, and the log shows "tls"."""

LogSink = Callable[[str], object]


class Server:
    """Serves an App on a socket, in a thread of its own.

    Parameters
    ----------
    app: called from that thread and from its workers.
    host: an address of this machine. An address other than loopback requires both ``ssl_context`` and ``passwords``:
        otherwise anybody could write to the registry, or read the passwords on their way to it.
    port: the port, or 0 for a free one.
    ssl_context: serves TLS with this context.
    passwords: the accepted names and passwords; by default everybody has access.
    log: called with one line for each request; ``log_lines`` keeps the last 1,000 lines anyway.
    public: whether ``host`` can be an address that other machines reach without TLS or passwords.
    body_timeout: seconds between two chunks of a body, in either direction, before the request is aborted (408).
    idle_timeout: seconds for which an unused connection is kept.

    Raises
    ------
    ServerError: for an unprotected address other than loopback, and from :meth:`start` if the address is not available.
    """

    def __init__(
        self,
        app: Application,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: SSLContext | None = None,
        log: LogSink | None = None,
        *,
        passwords: Htpasswd | None = None,
        public: bool = False,
        body_timeout: float = 60.0,
        idle_timeout: float = 300.0,
    ) -> None:
        if not (public or is_loopback(host) or (ssl_context and passwords)):
            raise ServerError(
                f"The registry does not listen on {host} without both TLS and passwords",
                "Anybody who can reach this machine could write to it, or read the passwords on their way",
                "Use 127.0.0.1, or both --tls and --htpasswd FILE, or --insecure-public (in Python: public=True)",
            )
        self.app, self.host, self.port = app, host, port
        self.log_lines: deque[str] = deque(maxlen=1000)
        self.body_timeout, self.idle_timeout = body_timeout, idle_timeout
        self._ssl, self._log = ssl_context, log
        self.scheme = "https" if ssl_context else "http"
        self.workers = ThreadPoolExecutor(4, "regtutor-commit")
        self.gate = Gate(passwords, ThreadPoolExecutor(1, "regtutor-password")) if passwords else None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The base URL of the registry, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def start(self) -> Server:
        """Start to listen, and return when connections are accepted. A closed Server does not start again."""
        if self._thread is not None:
            return self
        try:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            listening = socket.create_server((self.host, self.port), family=family)
        except OSError as error:
            raise ServerError(
                f"The registry cannot listen on {self.host}:{self.port}",
                error.strerror or str(error),
                "Use another port, or port 0 for a free one",
            ) from error
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(listening, ready)), name="regtutor-server", daemon=True
        )
        self._thread.start()
        if not ready.wait(10):
            raise ServerError("The thread of the registry did not start within 10 s")
        return self

    def close(self) -> None:
        """Stop listening and drop open connections; waits at most 5 s. The App's store stays open."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(5)
        self.workers.shutdown(wait=True, cancel_futures=True)
        if self.gate is not None:
            self.gate.worker.shutdown(wait=True, cancel_futures=True)
        self._thread = None

    def __enter__(self) -> Server:
        return self if self._thread else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def write_log(self, line: str) -> None:
        """Add ``line`` to ``log_lines`` and pass it to ``log``."""
        self.log_lines.append(line)
        if self._log is None:
            return
        try:
            self._log(line)
        except Exception as error:  # noqa: BLE001 - a log that fails, such as a closed terminal, must not stop requests
            self._log = None
            self.log_lines.append(
                f"no further lines are passed on: the log failed with {type(error).__name__}: {error}"
            )

    async def _run(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = _Listener(
            _Connections(self),
            ssl_options=self._ssl,
            chunk_size=CHUNK,
            max_body_size=LARGEST_BODY,
            max_buffer_size=4 * CHUNK,
            idle_connection_timeout=self.idle_timeout,
        )
        server.add_socket(listening)
        handshakes = _FailedHandshakes(self.write_log)
        gen_log.addFilter(handshakes)
        ready.set()
        await self._stop.wait()
        gen_log.removeFilter(handshakes)
        server.stop()
        try:
            await asyncio.wait_for(server.close_all_connections(), 3)
        except TimeoutError:
            self.write_log("closed while a request was still in progress")


class _FailedHandshakes(logging.Filter):
    """Moves the messages of failed TLS handshakes in this thread from Tornado's log to the log of the registry."""

    def __init__(self, write_log: LogSink) -> None:
        super().__init__()
        self._write_log, self._thread = write_log, threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.thread == self._thread and str(record.msg).startswith("SSL Error on") and record.args
        if ours:
            *_, client, error = record.args  # type: ignore[misc]
            address = client[0] if isinstance(client, tuple) else "-"
            reason = getattr(error, "reason", None) or error
            self._write_log(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {address} tls failed: {reason}")
        return not ours


class _Listener(HTTPServer):
    """Responds at once to a client that speaks TLS to a plain port; it would wait 10 s before it tries without TLS."""

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        if self.ssl_options is None:
            _notice_tls(stream)
        super().handle_stream(stream, address)


def _notice_tls(stream: IOStream) -> None:
    read = stream.read_from_fd

    def first_read(buf: bytearray | memoryview) -> int | None:
        count = read(buf)
        if count:
            stream.read_from_fd = read  # type: ignore[method-assign]
            if buf[0] == TLS_HANDSHAKE:
                buf[: len(TLS_SUBSTITUTE)] = TLS_SUBSTITUTE
                return len(TLS_SUBSTITUTE)
        return count

    stream.read_from_fd = first_read  # type: ignore[method-assign]


class _Connections(HTTPServerConnectionDelegate):
    def __init__(self, server: Server) -> None:
        self._server = server

    def start_request(self, server_conn: object, request_conn: Any) -> OneRequest:  # noqa: ARG002 - Tornado's signature
        server = self._server
        return OneRequest(
            server.app, request_conn, server.scheme, server.body_timeout, server.workers, server.write_log, server.gate
        )


def is_loopback(host: str) -> bool:
    """Whether ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
