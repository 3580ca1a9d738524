"""A body that is verified while it is sent, so that wrong content is never sent completely.

The manifest states the digest of a layer, and the bytes are read only once, while they are sent. The last chunk is
therefore held back until all bytes have been hashed. If the bytes do not match the digest, the request is cut short,
and even a registry that checks nothing cannot mistake it for a complete one.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import BinaryIO

from regtutor.errors import DigestMismatch
from regtutor.message import CHUNK, Body
from regtutor.protocol.digests import Hasher, parse


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

    def opener() -> BinaryIO:
        return _CheckedFile(body, Hasher(algorithm), expected)  # type: ignore[return-value]

    return replace(body, opener=opener)


class _CheckedFile(io.RawIOBase):
    """A file read one chunk ahead, to find its end, or an extra byte, before the last announced byte is sent."""

    def __init__(self, body: Body, hasher: Hasher, expected: str) -> None:
        self._body, self._hasher, self._expected = body, hasher, expected
        self._file = body.opener()
        self._ready = b""
        self._next = self._take()

    def _take(self) -> bytes:
        chunk = self._file.read(CHUNK)
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
