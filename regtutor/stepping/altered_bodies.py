"""Bodies derived from other bodies, chunk by chunk: nothing is read before it is sent, and never more than a chunk.

This module depends neither on requests nor on the reason for a change.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from regtutor.message import CHUNK, Body

Chunks = Iterator[bytes]


def altered(body: Body, change: Callable[[Chunks], Chunks], size: int, label: str) -> Body:
    """Return a body of ``size`` bytes that applies ``change`` to the chunks of ``body`` each time it is sent."""
    return Body(size, lambda: _File(change(body.chunks())), label)  # type: ignore[arg-type, return-value]


class _File(io.RawIOBase):
    """A file that reads from an iterator of chunks; closing it closes the iterator."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks, self._ready = chunks, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; fewer at the end of a chunk, even if more chunks follow."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        while not self._ready:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._ready = chunk
        read, self._ready = self._ready[:size], self._ready[size:]
        return read

    def close(self) -> None:
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        super().close()
