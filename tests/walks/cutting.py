"""A proxy on loopback that cuts connections in the middle of a body, and whose registry can be exchanged."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LIMIT = 20.0
"""Seconds that any single wait may last."""


@dataclass
class CuttingProxy:
    """Passes bytes on.

    Attributes
    ----------
    url: where it listens.
    upstream: the registry's URL.
    cuts: for each PATCH or PUT to come, after how many bytes of its body the connection ends; None for not at all.
    answers: methods whose next answer is not passed on: the registry has done it, and the client is not told.
    """

    url: str
    upstream: str
    cuts: list[int | None] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


@contextmanager
def cutting_proxy(upstream: str) -> Iterator[CuttingProxy]:
    """A proxy in front of ``upstream``; a connection for each request, so that its body is seen as one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = CuttingProxy(f"http://127.0.0.1:{listening.getsockname()[1]}", upstream)
        thread = threading.Thread(target=_serve, args=(listening, proxy), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(LIMIT)


def _serve(listening: socket.socket, proxy: CuttingProxy) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            client.settimeout(LIMIT)
            with suppress(OSError):  # one end went away: that ends this connection, and the next one is served
                _pass_one(client, proxy)


def _pass_one(client: socket.socket, proxy: CuttingProxy) -> None:
    """One request and its answer; then both connections end."""
    head = _head(client)
    if not head:
        return
    method = head.split(b" ", 1)[0].decode()
    cut = proxy.cuts.pop(0) if method in ("PATCH", "PUT") and proxy.cuts else None
    start, _, body = head.partition(b"\r\n\r\n")
    parts = urlsplit(proxy.upstream)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), LIMIT) as upstream:
        upstream.sendall(start + b"\r\nConnection: close\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", start)
        left = int(length[1]) if length else 0
        if cut is not None:
            left = cut
        whole = b"chunked" in start.lower() and cut is None
        while left > 0 or whole:
            body = body or client.recv(65536)
            if not body:
                return
            upstream.sendall(body[:left] if not whole else body)
            if whole and body.endswith(b"0\r\n\r\n"):
                break
            left, body = left - len(body), b""
        if cut is not None:
            return
        answer = _answer(upstream)
        if method not in proxy.answers:
            client.sendall(answer)
        else:
            proxy.answers.remove(method)


def _answer(upstream: socket.socket) -> bytes:
    """All that comes until the registry ends the connection, also by a reset: it may answer before it has read all."""
    read = b""
    with suppress(ConnectionResetError):
        while more := upstream.recv(65536):
            read += more
    return read


def _head(client: socket.socket) -> bytes:
    """The head and what of the body came with it; empty if the client went away."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = client.recv(65536)
        if not more:
            return b""
        read += more
    return read
