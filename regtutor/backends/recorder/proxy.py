"""The recording proxy itself: it listens on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from regtutor.backends.certificate import TLS, ServerCertificate, server_certificate
from regtutor.backends.recorder.between import Between
from regtutor.backends.recorder.connection import Connection
from regtutor.backends.recorder.kept import MOST, Kept, Watcher
from regtutor.backends.recorder.realms import Realms
from regtutor.backends.recorder.rewriting import Addresses
from regtutor.backends.recorder.upstream import Upstream
from regtutor.backends.recorder.wire import Wire, accepting
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.errors import ServerError
from regtutor.exchange import Transcript

LOOPBACK = "127.0.0.1"
GRACE = 2.0
"""Seconds that exchanges in progress have when the recording ends."""


class RecordingProxy:
    """A reverse proxy on loopback that records what clients send to one registry, and what it responds.

    It starts when it is made, and ends with :meth:`close` or with the ``with`` block.

    Parameters
    ----------
    reg: the registry, or its URL. Its trust is used, and not its credentials: each client sends its own.
    port: to listen on; 0 for a free one.
    tls: True serves TLS with a certificate made for it; its CA is in :attr:`ca_file`. Or the paths of a certificate
        and of its key.
    limit: exchanges that are kept; later ones are relayed and counted.

    Raises
    ------
    ServerError: if the port is in use, the certificate cannot be used, or the registry has no socket.
    InvalidURL: if the URL is malformed.
    """

    def __init__(self, reg: Registry | str, *, port: int = 0, tls: TLS = False, limit: int = MOST) -> None:
        registry = connect(reg) if isinstance(reg, str) else reg
        upstream = Upstream.of(registry)
        self.limit = limit
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        certificate = self._certificate(tls)
        self.ca_file = certificate.ca_file if certificate else None
        listening = _listening(port)
        self.registry = f"{LOOPBACK}:{listening.getsockname()[1]}"
        self.url = f"{'https' if certificate else 'http'}://{self.registry}"
        self._kept = Kept(f"Recorded between a client and {upstream.address.origin}", limit)
        address = upstream.address
        between = Between(upstream, Addresses(address), Realms(address.origin), self.url, self._kept)
        self._loop = _Loop(between, listening, certificate)

    url: str
    """The proxy's URL, for clients that want one."""

    registry: str
    """Host and port of the proxy, as references begin: ``127.0.0.1:41234``."""

    limit: int
    """Number of exchanges that are kept."""

    ca_file: Path | None
    """The CA of the certificate that was made; the only file in its folder, for ``--cert-dir``. None without one."""

    @property
    def transcript(self) -> Transcript:
        """The exchanges so far, in the order in which they ended; its notes say what was not kept."""
        return self._kept.transcript

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` with each exchange, earlier ones included, in a thread of the recording's own."""
        self._kept.watch(watcher)

    def settle(self, limit: float = GRACE) -> None:
        """Wait until every exchange in progress has ended and is kept, at most ``limit`` seconds."""
        self._loop.settle(limit)

    def close(self) -> None:
        """Stop listening, give exchanges in progress 2 s, then cut and record them; a second call does nothing."""
        self._loop.close()
        self._kept.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> RecordingProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}: {len(self.transcript)} exchanges>"

    def _certificate(self, tls: TLS) -> ServerCertificate | None:
        if tls is True:
            self._folder = tempfile.TemporaryDirectory(prefix="regtutor-record-", ignore_cleanup_errors=True)
        return server_certificate(tls, LOOPBACK, Path(self._folder.name if self._folder else os.curdir))


def _listening(port: int) -> socket.socket:
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise ServerError(
            f"The recording proxy cannot listen on {LOOPBACK}:{port}",
            error.strerror or str(error),
            "Use another port, or port 0 for a free one",
        ) from error
    listening.setblocking(False)
    return listening


class _Loop:
    """The event loop of the proxy, in a thread."""

    def __init__(self, between: Between, listening: socket.socket, certificate: ServerCertificate | None) -> None:
        self._between, self._listening, self._certificate = between, listening, certificate
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._stop: Callable[[], None] = lambda: None
        self._running: asyncio.AbstractEventLoop | None = None
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(ready)), name="regtutor-record", daemon=True
        )
        self._thread.start()
        if not ready.wait(10):
            raise ServerError("The recording proxy did not start within 10 s")

    def close(self) -> None:
        """Stop it and wait for its end."""
        self._stop()
        self._thread.join(GRACE + 5)

    def settle(self, limit: float) -> None:
        """Wait until no connection is busy, at most ``limit`` seconds."""
        if self._running is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._idle(limit), self._running).result(limit + 5)

    async def _idle(self, limit: float) -> None:
        # A client that has its response can be ahead of the record by a few turns of this loop.
        end = asyncio.get_running_loop().time() + limit
        while any(connection.busy for connection in self._open.values()):
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(0.005)

    async def _run(self, ready: threading.Event) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        context = self._certificate.context if self._certificate else None
        server = await loop.create_server(accepting(self._accept), sock=self._listening, ssl=context)
        self._stop = lambda: _call_soon(loop, stopped.set)
        self._running = loop
        ready.set()
        await stopped.wait()
        server.close()
        await self._end_connections()

    async def _accept(self, client: Wire) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(client, self._between)
        self._open[task] = connection
        try:
            await connection.serve()
        except asyncio.CancelledError:
            pass  # only _end_connections cancels it, and asyncio's streams print a cancelled callback as an error
        finally:
            del self._open[task]

    async def _end_connections(self) -> None:
        for task, connection in tuple(self._open.items()):
            connection.last = True
            if not connection.busy:
                task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open), timeout=GRACE)
        for task in tuple(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open))


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
