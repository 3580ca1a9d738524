"""Sends a literal request over a bare socket and reads what comes back, byte by byte of HTTP/1.1 and nothing more.

It shares no code with regtutor's client, so that a mistake there cannot hide a mistake of a registry.
"""

from __future__ import annotations

import select
import socket
from typing import BinaryIO
from urllib.parse import urlsplit

from tests.contract.language import Answered, Sent

LIMIT = 20.0
"""Seconds that any single wait may last."""

EXPECT = 1.0
"""Seconds that a body waits for a response to its head."""


class SocketSender:
    """Sends to the registry at ``url``, a connection for each request."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._address = (parts.hostname, parts.port)

    def send(self, sent: Sent, values: dict[str, str]) -> Answered:
        """Return the response to ``sent``. With Expect the body waits for it or ``100 Continue``, for a second."""
        method, target, headers = sent.filled(values)
        target = target.removeprefix(self.url)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._address[0]}:{self._address[1]}"]
        head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers)]) + "\r\n\r\n"
        waits = any(name.lower() == "expect" for name, _ in headers)
        waited = False
        with socket.create_connection(self._address, LIMIT) as connection, connection.makefile("rb") as reader:
            connection.sendall(head.encode("latin-1"))
            interims: list[int] = []
            if waits:
                waited = not select.select([connection], [], [], EXPECT)[0]
            if waited or not waits:
                connection.sendall(sent.body)
            while (answered := _read_head(reader))[0] < 200:
                interims.append(answered[0])
                if answered[0] == 100 and not waited:
                    connection.sendall(sent.body)
            status, received = answered
            body = b"" if method == "HEAD" else _read_body(reader, status, received)
        return Answered(status, received, body, tuple(interims), waited)


def _read_head(reader: BinaryIO) -> tuple[int, tuple[tuple[str, str], ...]]:
    start = reader.readline().decode("latin-1")
    assert start.startswith("HTTP/1.1 "), f"no response came, but {start!r}"
    headers = []
    while (line := reader.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return int(start.split()[1]), tuple(headers)


def _read_body(reader: BinaryIO, status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    fields = {name.lower(): value for name, value in headers}
    if status in (204, 304):
        return b""
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(reader.readline(), 16):
            body += reader.read(size)
            reader.readline()
        reader.readline()
        return body
    return reader.read(int(fields["content-length"])) if "content-length" in fields else reader.read()
