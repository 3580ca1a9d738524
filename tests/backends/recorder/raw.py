"""Both ends of the proxy as raw sockets: a registry that says exactly what a test writes, and such a client."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from regtutor.backends.recorder.proxy import RecordingProxy

LIMIT = 20.0


class Peer:
    """A socket with what it has received so far."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        sock.settimeout(LIMIT)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, count: int) -> bytes:
        while len(self.received) < count:
            self._more()
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def head(self) -> bytes:
        while b"\r\n\r\n" not in self.received:
            self._more()
        end = self.received.index(b"\r\n\r\n") + 4
        return self.read(end)

    def rest(self) -> bytes:
        """Everything up to the end of the connection, which may be a reset."""
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                self._more()
        return self.received

    def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while."""
        self.sock.settimeout(seconds)
        try:
            return not self.received and self.sock.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(LIMIT)

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError(f"closed after {self.received!r}")
        self.received += data

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        """Close it so that the other side sees a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.sock.close()


class RawRegistry:
    """Listens; each connection is handed to the script in a thread of its own."""

    def __init__(self, script: Callable[[Peer], None]) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections = 0
        self.errors: list[BaseException] = []
        self._script = script
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def authority(self) -> str:
        return self.url.removeprefix("http://")

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(Peer(sock),), daemon=True).start()

    def _serve(self, peer: Peer) -> None:
        try:
            self._script(peer)
        except BaseException as error:  # noqa: BLE001 - the test reads it
            self.errors.append(error)
        finally:
            peer.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # close alone does not end an accept in another thread
        self._listening.close()


@contextmanager
def between(script: Callable[[Peer], None]) -> Iterator[tuple[RawRegistry, RecordingProxy]]:
    """A registry that runs ``script`` for each connection, and a proxy before it."""
    registry = RawRegistry(script)
    try:
        with RecordingProxy(registry.url) as proxy:
            yield registry, proxy
    finally:
        registry.close()


def client_of(proxy: RecordingProxy) -> Peer:
    host, _, port = proxy.registry.rpartition(":")
    return Peer(socket.create_connection((host, int(port)), LIMIT))


def without_host(head: bytes) -> bytes:
    """A head without the one line that the proxy changes."""
    return re.sub(rb"(?im)^host:[^\n]*\n", b"", head)
