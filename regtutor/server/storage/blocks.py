"""Blocks of memory into which large bodies are received, shared by all uploads: together they are bounded."""

from __future__ import annotations

import threading

BLOCK = 256 * 1024
"""The size of a block: whole pages of a file are written faster than parts of them."""

MOST = 256
"""The number of blocks that all uploads use at once: 64 MiB. Beyond that, bodies arrive in pieces."""

_KEPT = 16  # blocks that nothing uses


class Blocks:
    """At most ``most`` blocks at once. Several threads can use it at the same time.

    Parameters
    ----------
    most: the number of blocks.
    """

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._left = most
        self._free: list[bytearray] = []

    def take(self) -> bytearray | None:
        """A block that nothing else uses, or None if too many are in use."""
        with self._lock:
            if not self._left:
                return None
            self._left -= 1
            return self._free.pop() if self._free else bytearray(BLOCK)

    def give_back(self, block: bytearray) -> None:
        """Return a block that nothing uses any more."""
        with self._lock:
            self._left += 1
            if len(self._free) < _KEPT:
                self._free.append(block)

    def forget(self, count: int) -> None:
        """Note that ``count`` blocks will not be returned, because something may still write to them."""
        with self._lock:
            self._left += count


SHARED = Blocks(MOST)
