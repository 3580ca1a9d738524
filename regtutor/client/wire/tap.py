"""A tap on a connected socket: received bytes can be inspected before they are read.

Bytes are inspected by reading them into a buffer, which later reads are served from first (TLS sockets cannot peek; see
``tls_tap.py``). Of HTTP, this module uses only the rule where a head ends.
"""

from __future__ import annotations

import math
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

from regtutor.client.wire.head import head_end
from regtutor.client.wire.limits import Overdue
from regtutor.message import CHUNK

_CHUNK = 64 * 1024
_SENT_AT_ONCE = 256 * 1024
"""Bytes. Before each part of this size, a response that has come in the meantime is read."""


class ClosedEarly(OSError):
    """The other side closed the connection before its response was complete."""


class Tap:
    """A socket with a buffer of bytes that were received and not yet read.

    Attributes
    ----------
    pending: received bytes that were not read yet.
    ended: whether the other side has closed its side.
    used: whether a request was sent over this connection.
    reusable: whether another request can be sent over it.
    deadline: the moment (of ``time.monotonic``) after which nothing more is received; usually infinite.
    """

    would_block: tuple[type[OSError], ...] = (BlockingIOError,)
    """The exceptions of a socket that can do nothing without waiting."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.pending = bytearray()
        self.ended = False
        self.used = False
        self.reusable = True
        self.deadline = math.inf
        self._lost: OSError | None = None
        self._searched = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def close(self) -> None:
        """Close the socket, and mark it as not reusable."""
        self.reusable = False
        self._sock.close()

    def fill(self, timeout: float) -> None:
        """Receive the next bytes, waiting at most ``timeout`` seconds (then TimeoutError; Overdue at the deadline)."""
        self.pending += self._received(timeout)

    def piece(self, timeout: float) -> bytes:
        """Remove and return the pending bytes, or else receive the next ones as :meth:`fill` does; ``b""`` at the end.

        Raises
        ------
        OSError: if the connection is lost.
        """
        if self.pending:
            piece = bytes(self.pending)
            self.pending.clear()
            return piece
        if self._lost is not None:
            raise self._lost
        return b"" if self.ended else self._received(timeout)

    def _received(self, timeout: float) -> bytes:
        left = self.deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(max(min(timeout, left), 0.001))
            received = self._sock.recv(CHUNK)
        except TimeoutError:
            if left <= timeout:
                raise Overdue("its response was still incomplete at the deadline") from None
            raise
        self.ended = not received
        return received

    def poll(self) -> None:
        """Receive what has come, without waiting.

        If the connection is lost, the error is raised later, so that the bytes before it can be read. The socket stays
        non-blocking.
        """
        if self.ended:
            return
        self._sock.settimeout(0)
        try:
            received = self._sock.recv(_CHUNK)
        except self.would_block:
            return
        except OSError as error:
            self.ended, self._lost = True, error
            return
        self.ended = not received
        self.pending += received

    def is_silent(self) -> bool:
        """Return whether nothing has come, not even the end."""
        self.poll()
        return not self.ended and not self.pending

    def take_head(self) -> bytes | None:
        """Remove and return the head at the beginning of the received bytes; None if it is incomplete."""
        end = head_end(self.pending, self._searched) if self.pending else None
        self._searched = 0 if end else len(self.pending)
        if end is None:
            return None
        head = bytes(self.pending[:end])
        del self.pending[:end]
        return head

    def head(self, deadline: float) -> bytes:
        """Return the next head, waiting until ``deadline`` (of ``time.monotonic``; then TimeoutError).

        Raises
        ------
        ClosedEarly: if the connection ends before the head is complete.
        """
        while True:
            head = self.take_head()
            if head is not None:
                return head
            if self.ended:
                raise self._lost or ClosedEarly(
                    f"the connection was closed after {len(self.pending)} bytes of a response"
                )
            self._wait_for_head(deadline)

    def _wait_for_head(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        try:
            if remaining <= 0:
                raise TimeoutError("no response came in time")
            self.fill(remaining)
        except TimeoutError as error:
            if isinstance(error, Overdue) or not self.pending:
                raise
            raise Overdue(f"only {len(self.pending)} bytes of the head of its response came") from None

    def write(self, data: bytes, timeout: float, stop: Callable[[], bool]) -> int:
        """Send ``data``, and receive what comes in the meantime.

        Parameters
        ----------
        timeout: seconds that can pass without a byte sent (then TimeoutError).
        stop: called before each chunk; if it returns True, no more is sent. It must return True once the other side has
            closed its side.

        Returns
        -------
        How many bytes were sent.
        """
        view = memoryview(data)
        sent = 0
        deadline = time.monotonic() + timeout
        while sent < len(view):
            self.poll()
            if stop():
                break
            try:
                sent += self._sock.send(view[sent : sent + _SENT_AT_ONCE])
            except self.would_block:
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
