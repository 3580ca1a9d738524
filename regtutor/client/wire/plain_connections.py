"""Connections for plain HTTP without a proxy: a socket each, of which the idle ones are kept for later requests.

Most registries on this machine are reached in this way. Nothing is verified or tunneled, so the libraries that do this
are not needed, and they are not loaded: their import takes as long as the push of a small image.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from functools import partial

from regtutor.client.wire.sending import Sending
from regtutor.client.wire.tap import Tap
from regtutor.protocol.urls import Address

_KEPT = 10
"""The most idle connections that are kept for one address."""


class PlainConnections:
    """The connections of one transport, by host and port. Several threads can use them at the same time."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Tap]] = {}
        self._lock = threading.Lock()

    def deliver(self, sending: Sending, address: Address, timeout: float) -> Callable[[], None]:
        """Send over an idle or a new connection, and wait for the head of the final response.

        Parameters
        ----------
        timeout: seconds to connect.

        Returns
        -------
        A function to call after the response: it keeps the connection for another request if it can take one.

        Raises
        ------
        OSError: if no connection can be opened.
        And the errors of :class:`~regtutor.client.wire.sending.Sending`; the connection is then closed.
        """
        tap = self._idle_tap(address) or _opened(address, timeout)
        try:
            sending.over(tap, forwarding=False, extra=(), note="")
            sending.begin()
        except BaseException:
            tap.close()
            raise
        return partial(self._give_back, tap, address)

    def _give_back(self, tap: Tap, address: Address) -> None:
        with self._lock:
            kept = self._idle.setdefault((address.host, address.port), [])
            if tap.reusable and len(kept) < _KEPT:
                kept.append(tap)
                return
        tap.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for tap in (tap for taps in idle.values() for tap in taps):
            tap.close()

    def _idle_tap(self, address: Address) -> Tap | None:
        """Return the connection that became idle last, or None.

        If an idle connection is readable, it was closed, or what arrived belongs to no request. It is then closed.
        """
        while True:
            with self._lock:
                kept = self._idle.get((address.host, address.port))
                tap = kept.pop() if kept else None
            if tap is None or tap.is_silent():
                return tap
            tap.close()


def _opened(address: Address, timeout: float) -> Tap:
    sock = socket.create_connection((address.host, address.port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Tap(sock)
