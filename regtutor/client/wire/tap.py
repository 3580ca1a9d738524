"""A tap on a connected socket, plain or TLS: received bytes can be looked at before http.client reads them.

It sits above TLS, so that it sees HTTP and not records. Looking is done by reading into a buffer that is served first
afterwards (peeking does not work on TLS). It knows where a head ends, and nothing else about HTTP.
"""

from __future__ import annotations

import io
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from regtutor.client.wire.head import head_end

_PIECE = 64 * 1024
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ClosedEarly(OSError):
    """The other side closed the connection before its answer was complete."""


class Tap:
    """A socket with a buffer of what was received and not yet read.

    Attributes
    ----------
    pending: received bytes that nobody has read yet.
    ended: whether the other side has closed its side.
    used: whether a request has gone over this connection.
    reusable: whether another one may.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.pending = bytearray()
        self.ended = False
        self.used = False
        self.reusable = True
        self._lost: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    @property
    def tls(self) -> str:
        """The version of TLS and the cipher, or ``""`` for a plain connection."""
        if not isinstance(self._sock, ssl.SSLSocket):
            return ""
        cipher = self._sock.cipher()
        return f"{self._sock.version()}, {cipher[0] if cipher else 'no cipher'}"

    def close(self) -> None:
        """Close the socket; it will not be used again."""
        self.reusable = False
        self._sock.close()

    def fill(self, timeout: float) -> None:
        """Take in what comes next, waiting at most ``timeout`` seconds (TimeoutError after that)."""
        self._sock.settimeout(max(timeout, 0.001))
        received = self._sock.recv(_PIECE)
        self.ended = not received
        self.pending += received

    def poll(self) -> None:
        """Take in what has come, without waiting. A lost connection is remembered: what came before it can be read.

        The socket stays non-blocking.
        """
        if self.ended:
            return
        self._sock.settimeout(0)
        try:
            received = self._sock.recv(_PIECE)
        except _WOULD_BLOCK:
            return
        except OSError as error:
            self.ended, self._lost = True, error
            return
        self.ended = not received
        self.pending += received

    def take_head(self) -> bytes | None:
        """The head at the beginning of what has come, if it is all there."""
        end = head_end(self.pending) if self.pending else None
        if end is None:
            return None
        head = bytes(self.pending[:end])
        del self.pending[:end]
        return head

    def head(self, deadline: float) -> bytes:
        """The next head, waiting until ``deadline`` (of ``time.monotonic``; TimeoutError after that).

        Raises
        ------
        ClosedEarly: if the connection ends before the head does.
        """
        while True:
            head = self.take_head()
            if head is not None:
                return head
            if self.ended:
                raise self._lost or ClosedEarly(
                    f"the connection was closed after {len(self.pending)} bytes of an answer"
                )
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("no answer came in time")
            self.fill(remaining)

    def write(self, data: bytes, timeout: float, stop: Callable[[], bool]) -> int:
        """Send ``data`` and look out for answers meanwhile.

        Parameters
        ----------
        timeout: seconds that may pass without any byte going out (TimeoutError after that).
        stop: called before each piece; True ends the sending. It must be True once the other side has closed its side.

        Returns
        -------
        How many bytes went out.
        """
        view = memoryview(data)
        sent = 0
        deadline = time.monotonic() + timeout
        while sent < len(view):
            self.poll()
            if stop():
                break
            try:
                sent += self._sock.send(view[sent : sent + _PIECE])
            except _WOULD_BLOCK:
                self._wait(deadline)
                continue
            deadline = time.monotonic() + timeout
        return sent

    def _wait(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        interest = selectors.EVENT_WRITE if self.ended else selectors.EVENT_WRITE | selectors.EVENT_READ
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, interest)
            if remaining <= 0 or not selector.select(remaining):
                raise TimeoutError("the other side stopped reading")

    def makefile(self, *_args: Any, **_options: Any) -> io.BufferedReader:
        """A reader of what is pending and then of what comes; closing it leaves the socket open."""
        return io.BufferedReader(_Reader(self), _PIECE)


class _Reader(io.RawIOBase):
    """The socket's own reader refuses to go on after one timeout; this one does not."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        tap = self._tap
        if tap.pending:
            count = min(len(buffer), len(tap.pending))
            buffer[:count] = tap.pending[:count]
            del tap.pending[:count]
            return count
        if tap.ended:
            return 0
        count = tap._sock.recv_into(buffer)
        tap.ended = count == 0
        return count
