"""A registry that lies: it asks a real one, and changes what comes back before it sends it, byte for byte as told."""

from __future__ import annotations

import http.client
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Truth:
    """A response, which a lie changes."""

    status: int
    reason: str
    headers: Headers
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def with_header(self, name: str, *values: str) -> Truth:
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*kept, *((name, value) for value in values)))

    def with_body(self, body: bytes) -> Truth:
        return replace(self.with_header("Content-Length", str(len(body))), body=body)

    def head(self, *without: str) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() not in without]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def wire(self) -> bytes:
        return self.head() + self.body


Lie = Callable[[Asked, Truth], Iterable[bytes] | None]
"""Gives the bytes to send instead of the truth, piece by piece; None tells the truth."""


class LyingRegistry:
    """Its ``url``; ``lie`` can be changed at any time. The connection ends after each response."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self.lie: Lie = lambda _asked, _truth: None
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError, ValueError):
                    outer._converse(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def _converse(self, sock: socket.socket) -> None:
        sock.settimeout(20)
        with sock.makefile("rb") as reader:
            asked = _read(sock, reader)
        if asked is None:
            return
        self.asked.append(asked)
        truth = self.truth(asked)
        pieces = self.lie(asked, truth)
        for piece in [truth.wire()] if pieces is None else pieces:
            if self.stopped.is_set():
                return
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):  # what the client still sends, so that no reset hides the response
            continue

    def truth(self, asked: Asked) -> Truth:
        """What the real registry answers; a Location of its own leads to this one."""
        connection = http.client.HTTPConnection(self._upstream, timeout=20)
        kept: dict[str, str] = {}
        for name, value in asked.headers:
            if name.lower() not in _HOPS:
                kept[name] = f"{kept[name]}, {value}" if name in kept else value  # such as several Accept
        connection.request(asked.method, asked.target, asked.body or None, kept)
        got = connection.getresponse()
        body = got.read()
        connection.close()
        headers = tuple(
            (name, value.replace(f"http://{self._upstream}", self.url))
            for name, value in got.getheaders()
            if name.lower() not in ("connection", "transfer-encoding", "keep-alive")
        )
        found = Truth(got.status, got.reason, headers, body)
        length = found.header("Content-Length") if asked.method == "HEAD" else str(len(body))
        return found.with_header("Content-Length", length or "0").with_header("Connection", "close")

    def close(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


_HOPS = ("host", "connection", "expect", "transfer-encoding", "content-length", "accept-encoding")


def _read(sock: socket.socket, reader: socket.SocketIO) -> Asked | None:  # type: ignore[type-arg]
    line = reader.readline(65536).decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: list[tuple[str, str]] = []
    while (text := reader.readline(65536).decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = text.partition(":")
        headers.append((name, value.strip()))
    values = {name.lower(): value for name, value in headers}
    if "expect" in values:
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if values.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(reader))
    else:
        body = reader.read(int(values.get("content-length", 0)))
    return Asked(line[0], line[1], tuple(headers), body)


def _chunks(reader: socket.SocketIO) -> Iterator[bytes]:
    while size := int(reader.readline(100), 16):
        yield reader.read(size)
        reader.readline(10)
    reader.readline(10)


@contextmanager
def lying_registry(upstream: str, lie: Lie | None = None) -> Iterator[LyingRegistry]:
    """A :class:`LyingRegistry` in front of the registry at ``upstream``, closed at the end."""
    registry = LyingRegistry(upstream)
    registry.lie = lie or registry.lie
    try:
        yield registry
    finally:
        registry.close()
