"""A gate for changes of the links of a store: any number of requests pass it, or a garbage collection alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Own(threading.local):
    """The number of times that the current thread shares a gate."""

    shares = 0


class Gate:
    """A lock that many threads can share, or that a single one holds alone. A thread that waits to be alone goes first.

    A thread that holds it, alone or together with others, can share it once more without waiting: otherwise it would
    wait for a collection that waits for this thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._alone: int | None = None
        self._own = _Own()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the gate together with others; waits while another thread holds it alone."""
        with self._changed:
            while self._closed and not self._own.shares:
                self._changed.wait()
            self._sharing += 1
            self._own.shares += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
                self._own.shares -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the gate alone; waits until nobody shares it. Nobody can share it from here on."""
        with self._changed:
            while self._alone is not None:
                self._changed.wait()
            self._alone = threading.get_ident()
            while self._sharing:
                self._changed.wait()
        try:
            yield
        finally:
            with self._changed:
                self._alone = None
                self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether another thread holds the gate alone, or waits for that."""
        with self._changed:
            return self._closed

    @property
    def _closed(self) -> bool:
        return self._alone is not None and self._alone != threading.get_ident()
