"""Bodies made of other bodies, chunk by chunk: nothing is read before it is sent, and never more than a chunk.

This module knows neither requests nor why a body is changed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from regtutor.message import CHUNK, Body

Chunks = Iterator[bytes]


def altered(body: Body, change: Callable[[Chunks], Chunks], size: int, label: str) -> Body:
    """A body of ``size`` bytes: what ``change`` makes of the chunks of ``body``, each time that it is sent."""
    return Body(size, lambda: _File(change(body.chunks())), label)  # type: ignore[arg-type, return-value]


class _File(io.RawIOBase):
    """A file that is read from chunks; closing it ends them."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks, self._ready = chunks, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; fewer than that before the end too, where a chunk ends."""
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
