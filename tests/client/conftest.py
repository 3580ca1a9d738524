"""A server that does exactly what a test says, byte for byte, and a transport that is closed at the end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from regtutor.client.wire.transport import WireTransport
from regtutor.message import Request

LIMIT = 10.0


class Peer:
    """The server's end of one connection; every wait has a limit."""

    def __init__(self, sock: socket.socket, number: int, server: RawServer) -> None:
        self.sock, self.number, self.server = sock, number, server
        self._rest = b""

    def head(self) -> bytes:
        """The next request's head with its empty line; ``b""`` when the client is gone."""
        while b"\r\n\r\n" not in self._rest:
            received = self.sock.recv(65536)
            if not received:
                return b""
            self._rest += received
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        self.server.heads.append(head + b"\r\n\r\n")
        return self.server.heads[-1]

    def body(self, size: int) -> bytes:
        """The next ``size`` bytes, or fewer if the client is gone."""
        while len(self._rest) < size:
            received = self.sock.recv(1 << 20)
            if not received:
                break
            self._rest += received
        body, self._rest = self._rest[:size], self._rest[size:]
        return body

    def until_closed(self) -> bytes:
        """Everything until the client closes or resets the connection."""
        found = self._rest
        self._rest = b""
        try:
            while received := self.sock.recv(1 << 20):
                found += received
        except ConnectionError:
            pass
        return found

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)


class RawServer:
    """Takes connections one after the other, each handled by ``script`` in a thread of its own."""

    def __init__(self, script: Callable[[Peer], None], context: ssl.SSLContext | None = None) -> None:
        self._script, self._context = script, context
        self.heads: list[bytes] = []
        self.seen: list[Any] = []
        self.errors: list[BaseException] = []
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._began = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._converse, args=(sock, len(self._threads) + 1), daemon=True)
            with self._began:
                self._threads.append(thread)
                self.connections += 1
                thread.start()
                self._began.notify_all()

    def _converse(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(LIMIT)
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._script(Peer(sock, number, self))
        except (ConnectionError, ssl.SSLError) as error:
            self.seen.append(error)
        except BaseException as error:  # noqa: BLE001 - shown by the fixture when the test ends
            self.errors.append(error)
        finally:
            sock.close()

    def wait(self, connections: int = 1) -> None:
        """Wait until so many conversations have begun and ended."""
        with self._began:
            assert self._began.wait_for(lambda: self.connections >= connections, LIMIT), "no connection came"
        for thread in self._threads:
            thread.join(LIMIT)
            assert not thread.is_alive(), "the script of the server did not come to its end"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(LIMIT)


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """``serve(script)`` starts a server; at the end, what went wrong in a script fails the test."""
    servers: list[RawServer] = []

    def start(script: Callable[[Peer], None], context: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(script, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
    assert [error for server in servers for error in server.errors] == []


@pytest.fixture
def transports() -> Iterator[Callable[..., WireTransport]]:
    """``transports(...)`` makes a WireTransport with short time limits, closed at the end."""
    made: list[WireTransport] = []

    def make(**options: Any) -> WireTransport:
        made.append(WireTransport(**{"timeout": (5.0, 5.0), **options}))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def send(transports: Callable[..., WireTransport]) -> Callable[..., Any]:
    """``send(server, request)`` sends to the server's URL and the request's target."""
    transport = transports()

    def go(server: RawServer, request: Request, **options: Any) -> Any:
        chosen = transports(**options) if options else transport
        target = request.target if isinstance(request.target, str) else request.target.follow()
        url = target if target.startswith("http") else server.url + target
        return chosen.send(request, url, request.headers, "test")

    return go


def answer(body: bytes = b"", status: str = "200 OK", headers: str = "") -> bytes:
    """An answer with a Content-Length."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@pytest.fixture(name="answer")
def answer_fixture() -> Callable[..., bytes]:
    return answer
