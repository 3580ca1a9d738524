"""A body that is checked while it is sent: nothing wrong is ever sent whole.

The digest of a layer is known from the manifest, and the bytes are read once, on their way out. So the last chunk is
held back until all bytes have been hashed; if they are not what the digest says, the request is cut short, and no
registry, however careless, can take it for complete.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import BinaryIO

from regtutor.errors import DigestMismatch
from regtutor.message import CHUNK, Body
from regtutor.protocol.digests import Hasher, parse


def checked(body: Body) -> Body:
    """``body``, whose reading fails before its last bytes if they are not what ``body.digest`` and ``body.size`` say.

    Parameters
    ----------
    body: a body with a digest.

    Raises
    ------
    InvalidDigest: if ``body.digest`` is none that can be checked.
    """
    expected = body.digest or ""
    algorithm = parse(expected).algorithm

    def opener() -> BinaryIO:
        return _CheckedFile(body, Hasher(algorithm), expected)  # type: ignore[return-value]

    return replace(body, opener=opener)


class _CheckedFile(io.RawIOBase):
    """Reads one chunk ahead, so that the end, or a byte too many, is seen before the last announced byte goes out."""

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
        """At most ``size`` bytes; DigestMismatch in place of the last ones if they are not what was expected."""
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
            f"The blob {self._expected} is not what its digest says",
            f"its {self._hasher.size} bytes have the digest {self._hasher.digest}, "
            f"and {self._body.size} bytes were announced",
            "The image is damaged: make or fetch it again. Nothing of this blob was stored in the registry",
            path=self._body.label,
        )

    def close(self) -> None:
        close = getattr(self._file, "close", None)
        if close is not None:
            close()
        super().close()
