"""The exchanges that a recording keeps: a transcript that grows, within limits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from regtutor.exchange import Exchange, Transcript
from regtutor.message import HeaderList

MOST = 10_000
"""Exchanges that a recording keeps."""

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of targets, headers and bodies' first parts that a recording keeps."""

_MOST_NOTES = 100

Watcher = Callable[[Exchange], object]


class Kept:
    """The exchanges so far. Any thread may read them.

    Parameters
    ----------
    title: of the transcript.
    most, most_bytes: the limits; later exchanges are relayed, shown to watchers and counted.
    """

    def __init__(self, title: str, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._title, self._most, self._room = title, most, most_bytes
        self._exchanges: list[Exchange] = []
        self._held: dict[object, Exchange] = {}
        self._notes: list[str] = []
        self._beyond = 0
        self._watchers: list[Watcher] = []
        self._lock = threading.RLock()
        self._closed = False
        self._thread = ThreadPoolExecutor(1, "regtutor-recorded")  # a slow terminal must not delay the client

    @property
    def transcript(self) -> Transcript:
        """The exchanges so far, in the order in which they ended; then those that have only their response."""
        with self._lock:
            room = self._most - len(self._exchanges)
            exchanges = [*self._exchanges, *list(self._held.values())[:room]]
            beyond = [f"{self._beyond:,} more exchanges were relayed and not kept"] if self._beyond else []
            return Transcript.of(exchanges, self._title, [*self._notes, *beyond])

    def hold(self, of: object, exchange: Exchange) -> None:
        """Show ``exchange`` in the transcript until :meth:`add` gives its final record with the same key ``of``."""
        with self._lock:
            self._held[of] = exchange

    def add(self, exchange: Exchange, of: object = None) -> None:
        """Keep ``exchange`` if there is room, and call the watchers with it, in a thread of their own."""
        with self._lock:
            self._held.pop(of, None)
            self._room -= _weight(exchange)
            if len(self._exchanges) < self._most and self._room >= 0:
                self._exchanges.append(exchange)
            else:
                self._beyond += 1
            for watcher in self._watchers:
                self._show(watcher, exchange)

    def note(self, sentence: str) -> None:
        """Add a sentence to the transcript's notes, once."""
        with self._lock:
            if sentence not in self._notes and len(self._notes) < _MOST_NOTES:
                self._notes.append(sentence)

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` with each exchange, the kept ones first, until it raises an error."""
        with self._lock:
            self._watchers.append(watcher)
            for exchange in tuple(self._exchanges):
                self._show(watcher, exchange)

    def close(self) -> None:
        """Wait until the watchers have seen every exchange."""
        with self._lock:
            self._closed = True
        self._thread.shutdown(wait=True)

    def _show(self, watcher: Watcher, exchange: Exchange) -> None:
        if self._closed:
            self._call(watcher, exchange)
        else:
            self._thread.submit(self._call, watcher, exchange)

    def _call(self, watcher: Watcher, exchange: Exchange) -> None:
        if watcher not in self._watchers:
            return
        try:
            watcher(exchange)
        except Exception as error:  # noqa: BLE001 - a closed terminal or view must not stop the relay
            with self._lock:
                self._watchers.remove(watcher)
            self.note(f"The exchanges were not shown any longer: {type(error).__name__}: {error}")


def _weight(exchange: Exchange) -> int:
    request, response = exchange.request, exchange.response
    bodies = len(request.body.preview) + (len(response.body.preview) if response else 0)
    heads = [request.headers, *(one.headers for one in exchange.interims), *([response.headers] if response else [])]
    return bodies + len(request.target) + sum(map(_length, heads))


def _length(headers: HeaderList) -> int:
    return sum(len(name) + len(value) for name, value in headers)
