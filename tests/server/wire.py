"""A raw connection to a server: send bytes, read one message at a time."""

from __future__ import annotations

import socket

from regtutor.server.shell.listen import Server


class Wire:
    """A raw connection: send bytes, read one message at a time."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.file = self.socket.makefile("rb")

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + body)

    def read(self, *, body: bool = True) -> tuple[str, dict[str, str], bytes]:
        """Start line, headers (lowercase) and body of the next message."""
        start = self.file.readline().decode().rstrip()
        headers = {}
        while line := self.file.readline().decode().rstrip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return start, headers, self.file.read(int(headers.get("content-length", "0")) if body else 0)

    def status(self, *, body: bool = True) -> int:
        """The status of the next message; 0 if the connection was closed instead."""
        start, _, _ = self.read(body=body)
        return int(start.split()[1]) if start else 0

    def ended(self) -> bool:
        """Whether the server has closed and nothing more comes."""
        return self.file.read() == b""

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
