"""A gate for changes of the links of a store: any number of requests pass it, or a garbage collection alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """A lock that many threads can share, or that a single one holds alone. A thread that waits to be alone goes first.

    The owner that holds it alone can also share it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._alone: int | None = None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the gate together with others; waits while another thread holds it alone."""
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
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
