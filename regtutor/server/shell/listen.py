"""The registry on a socket: asyncio's event loop in a thread, in front of an :class:`~regtutor.server.app.App`.

This is the outer shell: sockets, TLS, threads and limits. It depends on nothing of the registry API. ``connections``
reads the requests, and ``one_request`` handles each of them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Any

from regtutor.errors import ServerError
from regtutor.server.application import Application
from regtutor.server.respond import OUT_OF_DESCRIPTORS
from regtutor.server.shell.connections import Connections, settle
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.one_request import Service
from regtutor.server.shell.origin_check import ANY, OriginCheck
from regtutor.server.shell.password_queue import PasswordQueue
from regtutor.server.shell.workers import Workers

if TYPE_CHECKING:
    from regtutor.server.shell.authentication import Htpasswd

BACKLOG = 128
"""The number of connections that wait to be accepted."""

SILENCE = 60.0
"""Seconds in which the log mentions only once that no descriptor is left."""

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
    limits: what one client may take from the others.
    hosts: further host names of the registry, which clients may send in Host, such as the name of a proxy in front of
        it; ``*`` for any. Where TLS or passwords protect the registry from web pages, Host is not checked.

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
        limits: Limits | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        if not (public or is_loopback(host) or (ssl_context and passwords)):
            raise ServerError(
                f"The registry does not listen on {host} without both TLS and passwords",
                "Anybody who can reach this machine could write to it, or read the passwords on their way",
                "Use 127.0.0.1, or both --tls and --htpasswd FILE, or --insecure-public (in Python: public=True)",
            )
        self.app, self.host, self.port = app, host, port
        self.log_lines: deque[str] = deque(maxlen=1000)
        self.limits = limits if limits is not None else Limits()
        self._ssl, self._log, self._passwords = ssl_context, log, passwords
        self._origins = OriginCheck(host, (ANY,) if ssl_context or passwords else hosts)
        self.scheme = "https" if ssl_context else "http"
        self.workers, self._password_queue = Workers(), PasswordQueue(self.limits.waiting_passwords)
        self._starved = -SILENCE  # when the log last mentioned that no descriptor is left
        self._failure: Exception | None = None
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
            target=self._run_thread, args=(listening, ready), name="regtutor-server", daemon=True
        )
        self._thread.start()
        if not ready.wait(10):
            raise ServerError("The thread of the registry did not start within 10 s")
        if self._failure is not None:
            listening.close()
            raise ServerError(
                "The registry cannot start", str(self._failure), "Close files, or raise the limit of the process"
            )
        return self

    def close(self) -> None:
        """Stop listening and drop open connections; waits at most 5 s. The App's store stays open."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(5)
        self.workers.close()
        self._password_queue.close()
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

    def _run_thread(self, listening: socket.socket, ready: threading.Event) -> None:
        try:
            asyncio.run(self._run(listening, ready))
        except Exception as error:  # noqa: BLE001 - for example, no descriptor is left for the event loop
            self._failure = error
            self.write_log(f"the registry ended because of {type(error).__name__}: {error}")
            ready.set()

    async def _run(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(self._on_loop_error)
        connections = Connections(self._service(), self._ssl)
        server = await self._loop.create_server(connections.channel, sock=listening, backlog=BACKLOG)
        ready.set()
        await self._stop.wait()
        with suppress(NotImplementedError):  # only on Windows
            self._loop.remove_reader(listening)
        await settle()  # a closed asyncio server leaks the connections that it is just accepting
        server.close()
        if not await connections.close(3):
            self.write_log("closed while a request was still in progress")

    def _service(self) -> Service:
        return Service(
            app=self.app,
            scheme=self.scheme,
            url=self.url,
            limits=self.limits,
            workers=self.workers,
            passwords=self._passwords,
            password_queue=self._password_queue,
            origins=self._origins,
            log=self.write_log,
        )

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log an error of the event loop in one line. When no descriptor is left, asyncio pauses accepting for 1 s."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in OUT_OF_DESCRIPTORS):
            self.write_log(f"{context.get('message')}: {type(error).__name__}: {error}")
        elif time.monotonic() - self._starved >= SILENCE:
            self._starved = time.monotonic()
            self.write_log(
                f"no connection is accepted for a moment: {error.strerror}. Raise the limit of open files "
                "(ulimit -n), or lower --max-connections"
            )


def is_loopback(host: str) -> bool:
    """Whether ``host`` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
