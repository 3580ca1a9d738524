"""Request bodies that are kept until they are complete: all of them together in bounded memory."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO

BLOCK = 64 * 1024
"""Bytes that a body takes from the shared memory at once."""


class Memory:
    """The memory that all bodies of a registry share, in blocks of :data:`BLOCK` bytes.

    Parameters
    ----------
    size: in bytes.
    """

    def __init__(self, size: int) -> None:
        # list.pop and list.append are atomic, so this needs no lock.
        self._free = [None] * (size // BLOCK)

    @property
    def free(self) -> int:
        """The number of bytes that nothing uses."""
        return len(self._free) * BLOCK

    def take(self) -> bool:
        """Take a block: False if none is free."""
        try:
            self._free.pop()
        except IndexError:
            return False
        return True

    def give_back(self) -> None:
        """Return a block."""
        self._free.append(None)


class Buffered:
    """A destination that keeps the first ``limit`` bytes of a body, and only counts the rest.

    They are kept in ``memory`` while it has room, and in a temporary file without a name from then on. So many clients
    that send slowly, or stop, occupy no more than ``memory``, and nobody is refused because of them.

    As a context manager, it gives the memory back at the end of the block.

    Attributes
    ----------
    size: the number of bytes that arrived.
    """

    def __init__(self, limit: int, memory: Memory) -> None:
        self.limit, self.size = limit, 0
        self._memory, self._blocks = memory, 0
        self._data = bytearray()
        self._file: IO[bytes] | None = None

    @property
    def data(self) -> bytes:
        """The first ``limit`` bytes."""
        if self._file is None:
            return bytes(self._data)
        self._file.seek(0)
        return self._file.read()

    def write(self, chunk: bytes | memoryview) -> None:
        """Keep ``chunk``, up to the limit; OSError if neither the memory nor the disk has room."""
        kept = chunk[: max(self.limit - self.size, 0)]
        self.size += len(chunk)
        if self._file is None and self._has_room(len(self._data) + len(kept)):
            self._data += kept
            return
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115 - __exit__ closes it
            self._file.write(self._data)
            self._release()
        self._file.write(kept)

    def _has_room(self, size: int) -> bool:
        while self._blocks * BLOCK < size:
            if not self._memory.take():
                return False
            self._blocks += 1
        return True

    def _release(self) -> None:
        self._data = bytearray()
        for _ in range(self._blocks):
            self._memory.give_back()
        self._blocks = 0

    def __enter__(self) -> Buffered:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._release()
        if self._file is not None:
            self._file.close()
