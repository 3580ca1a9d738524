"""Hashing and flushing beside the writing: a large blob is received, hashed and written to the disk at the same time.

``hashlib`` and ``fsync`` release Python's global lock, so two threads do the work of one request in parallel. A small
blob is hashed where it arrives: to hand it over would take longer. A browser has no threads: there, everything is done
in order.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from regtutor.protocol.digests import Hasher
from regtutor.server.storage import blocks

SMALL = 1024 * 1024
"""The number of bytes of a request that are hashed where they arrive."""

AT_ONCE = 1024 * 1024
"""The number of bytes that are handed over to the hash at once: each time takes as long as hashing many kilobytes."""

QUEUE = 4 * 1024 * 1024
"""The number of bytes that can wait for the hash; then the writer waits."""

FLUSH = 16 * 1024 * 1024
"""The number of written bytes after which the disk begins to write them, before the end of the request."""

_THREADS = sys.platform != "emscripten"


@cache
def _workers(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(4, f"regtutor-{name}")


class Beside:
    """The hash and the flushes of one file that is being written.

    Parameters
    ----------
    hasher: the hash of the bytes so far; None to hash nothing.
    """

    def __init__(self, hasher: Hasher | None) -> None:
        self._hasher = hasher
        self._taken = 0
        self._changed = threading.Condition()
        self._waiting: deque[bytes | memoryview] = deque()
        self._waiting_bytes, self._hashing = 0, False
        self._blocks: dict[int, bytearray] = {}  # that this file uses, by identity
        self._closed = False
        self._unflushed = 0
        self._flush: Future[None] | None = None

    @property
    def hasher(self) -> Hasher | None:
        """The hash of all bytes so far; waits for it."""
        with self._changed:
            while self._hashing:
                self._changed.wait()
            if self._waiting and self._hasher is not None:
                self._hash_waiting(self._hasher)
        return self._hasher

    def block(self, offset: int) -> memoryview | None:
        """Room for the next bytes of a large request, which will be at ``offset`` of the file.

        It ends where a block of the file ends. Pass the filled part to :meth:`hash`, once: the room is then used again
        as soon as it is hashed. A small request gets None, and so does each request while others use all blocks.
        """
        if self._taken < SMALL or self._closed or not _THREADS:
            return None
        block = blocks.SHARED.take()
        if block is None:
            return None
        with self._changed:
            self._blocks[id(block)] = block
        return memoryview(block)[: blocks.BLOCK - offset % blocks.BLOCK]

    def close(self) -> None:
        """Release the blocks. One that is being filled or hashed is never used again."""
        with self._changed:
            self._closed = True
            blocks.SHARED.forget(len(self._blocks))
            self._blocks.clear()

    def hash(self, chunk: bytes | memoryview) -> None:
        """Add ``chunk`` to the hash, in another thread if the request is large."""
        self._taken += len(chunk)
        if self._hasher is None:
            self._release(chunk)
            return
        if self._taken <= SMALL or not _THREADS:
            self._hasher.update(chunk)
            return
        with self._changed:
            while self._hashing and self._waiting_bytes > QUEUE:
                self._changed.wait()
            self._waiting.append(chunk)
            self._waiting_bytes += len(chunk)
            if self._hashing or (self._waiting_bytes < AT_ONCE and isinstance(chunk, memoryview)):
                return  # pieces are hashed soon: slow clients must not fill the memory with them
            self._hashing = True
        _workers("hash").submit(self._hash_waiting, self._hasher)

    def _hash_waiting(self, hasher: Hasher) -> None:
        chunks: deque[bytes | memoryview] = deque()
        while True:
            with self._changed:
                self._done(chunks)
                if not self._waiting:
                    self._hashing = False
                    return
                chunks, self._waiting = self._waiting, deque()
            for chunk in chunks:
                hasher.update(chunk)

    def _done(self, chunks: Iterable[bytes | memoryview]) -> None:
        """Note that these chunks are hashed."""
        with self._changed:
            for chunk in chunks:
                self._waiting_bytes -= len(chunk)
                self._release(chunk)
            self._changed.notify_all()

    def _release(self, chunk: bytes | memoryview) -> None:
        """Let the block of ``chunk`` be filled again."""
        if isinstance(chunk, memoryview):
            with self._changed:
                block = self._blocks.pop(id(chunk.obj), None)
            if block is not None:  # otherwise it was released at the end of the request
                blocks.SHARED.give_back(block)

    def flush(self, descriptor: int, written: int) -> None:
        """Note that ``written`` bytes were written, and let the disk begin with them if they are enough.

        At most one flush is in progress, so a slow disk has no queue. Raises the OSError of an earlier flush.
        """
        self._unflushed += written
        if self._unflushed < FLUSH or not _THREADS or (self._flush is not None and not self._flush.done()):
            return
        self.flushed()
        self._unflushed = 0
        self._flush = _workers("flush").submit(_sync_and_close, os.dup(descriptor))

    def flushed(self) -> None:
        """Wait for the flush in progress.

        Raises
        ------
        OSError: if it failed. The system reports a failed write to one sync only, so this error must not be lost.
        """
        flush, self._flush = self._flush, None
        if flush is not None:
            flush.result()


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
