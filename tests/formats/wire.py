"""A server that answers 201 to anything and keeps the bytes that it was sent."""

from __future__ import annotations

import socket
import ssl
import threading

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Wire:
    """Listens on loopback, over TLS if given a context; ``sent`` waits for the requests that it was sent."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.received: list[bytes] = []
        self._heard = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            with self._context.wrap_socket(connection, server_side=True) if self._context else connection as connection:
                try:
                    data = self._read(connection)
                    connection.sendall(ANSWER)
                except OSError as error:  # the test that waits for this request sees that it did not come whole
                    data = repr(error).encode()
                with self._heard:
                    self.received.append(data)
                    self._heard.notify_all()

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some(connection)
        head = data.partition(b"\r\n\r\n")[0]
        if b"expect: 100-continue" in head.lower():
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self._complete(data):
            data += self._some(connection)
        return data

    @staticmethod
    def _some(connection: socket.socket) -> bytes:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError("the client closed the connection in the middle of a request")
        return chunk

    @staticmethod
    def _complete(data: bytes) -> bool:
        head, _, body = data.partition(b"\r\n\r\n")
        fields = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(b":") for x in head.split(b"\r\n"))
        }
        if fields.get(b"transfer-encoding") == b"chunked":
            return body.endswith(b"0\r\n\r\n")
        return len(body) >= int(fields.get(b"content-length", b"0"))

    def sent(self, count: int) -> list[bytes]:
        """What the first ``count`` connections sent."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.received) >= count, timeout=10), "no request came"
        return self.received[:count]

    def close(self) -> None:
        self._listener.close()
