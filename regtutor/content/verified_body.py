"""A body that is verified while it is sent, so that wrong content is never sent completely.

The manifest states the digest of a layer, and the bytes are read only once, while they are sent. The last chunk is
therefore held back until all bytes have been hashed. If the bytes do not match the digest, the request is cut short,
and even a registry that checks nothing cannot mistake it for a complete one.

The record of the request needs the digest of the bytes that were sent. It is taken from the same hash, because hashing
is most of the work of a push.
"""

from __future__ import annotations

import io
from collections import deque
from dataclasses import replace
from typing import BinaryIO

from regtutor.errors import DigestMismatch
from regtutor.message import CHUNK, Body
from regtutor.protocol.digests import CANONICAL, Hasher, parse


def checked(body: Body) -> Body:
    """Return ``body`` with verification: reading fails before the last bytes if digest or size does not match.

    Parameters
    ----------
    body: a body with a digest; the bytes are compared with ``body.digest`` and ``body.size``.

    Raises
    ------
    InvalidDigest: if ``body.digest`` is malformed or its algorithm is not supported.
    """
    expected = body.digest or ""
    algorithm = parse(expected).algorithm
    read = _Read()

    def opener() -> BinaryIO:
        read.forget()
        return _CheckedFile(body, Hasher(algorithm), expected, read)  # type: ignore[return-value]

    return replace(body, opener=opener, digest_of_first=read.digest_of_first if algorithm == CANONICAL else None)


class _Read:
    """The chunks that were read last, each with the hash of all bytes before it.

    The bytes that were sent end in one of these chunks: the last one that was read, the one that was read ahead, or the
    one before both.
    """

    def __init__(self) -> None:
        self._chunks: deque[tuple[Hasher, bytes]] = deque(maxlen=4)

    def forget(self) -> None:
        self._chunks.clear()

    def add(self, before: Hasher, chunk: bytes) -> None:
        self._chunks.append((before.copy(), chunk))

    def digest_of_first(self, size: int) -> str | None:
        """Return the digest of the first ``size`` bytes; None if they end before the chunks that were read last."""
        for before, chunk in reversed(self._chunks):
            if before.size <= size <= before.size + len(chunk):
                hasher = before.copy()
                hasher.update(memoryview(chunk)[: size - before.size])
                return hasher.digest
        return None


class _CheckedFile(io.RawIOBase):
    """A file read one chunk ahead, to find its end, or an extra byte, before the last announced byte is sent."""

    def __init__(self, body: Body, hasher: Hasher, expected: str, read: _Read) -> None:
        self._body, self._hasher, self._expected, self._read = body, hasher, expected, read
        self._file = body.opener()
        self._ready = b""
        self._next = self._take()

    def _take(self) -> bytes:
        chunk = self._file.read(CHUNK)
        self._read.add(self._hasher, chunk)
        self._hasher.update(chunk)
        return chunk

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; raise DigestMismatch instead of the last ones if the content is wrong."""
        if not self._ready and self._next:
            self._ready, self._next = self._next, self._take()
        if not self._next or self._hasher.size > self._body.size:
            self._check()
        if size is None or size < 0:
            return self._all()
        chunk, self._ready = self._ready[:size], self._ready[size:]
        return chunk

    def _all(self) -> bytes:
        parts = []
        while chunk := self.read(CHUNK):
            parts.append(chunk)
        return b"".join(parts)

    def _check(self) -> None:
        if self._hasher.digest == self._expected and self._hasher.size == self._body.size:
            return
        raise DigestMismatch(
            f"The content of the blob {self._expected} does not match its digest",
            f"its {self._hasher.size} bytes have the digest {self._hasher.digest}, "
            f"and {self._body.size} bytes were announced",
            "The image is damaged: build or download it again. Nothing of this blob was stored in the registry",
            path=self._body.label,
        )

    def close(self) -> None:
        close = getattr(self._file, "close", None)
        if close is not None:
            close()
        super().close()
