"""A blob that is sent in chunks but read only once.

Each chunk is a body of its own. The chunks are read one after the other from one open file, whose last bytes are held
back until all bytes have been hashed (``checked``). The blob is read again from its beginning only if a chunk is
requested a second time or out of order.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from regtutor.content.verified_body import checked
from regtutor.message import CHUNK, Body


class Pieces:
    """The chunks of a blob.

    Parameters
    ----------
    body: the bytes of the blob; its ``digest`` is set.
    """

    def __init__(self, body: Body) -> None:
        self._body = checked(body)
        self._file: BinaryIO | None = None
        self._at = 0

    def piece(self, start: int, size: int) -> Body:
        """Return the ``size`` bytes that begin at ``start``, as a body.

        Reading the last bytes of the blob raises DigestMismatch if the blob does not match its digest.
        """
        return Body(size, lambda: _Piece(self, start, size), self._body.label)  # type: ignore[arg-type, return-value]

    def close(self) -> None:
        """Close the file; reading another chunk opens it again."""
        if self._file is not None:
            self._file.close()
        self._file, self._at = None, 0

    def read(self, start: int, size: int) -> bytes:
        """Return at most ``size`` bytes from offset ``start``."""
        if self._file is None or start < self._at:
            self.close()
            self._file = self._body.opener()
        while self._at < start and self._take(min(CHUNK, start - self._at)):
            pass
        return self._take(size) if self._at == start else b""

    def _take(self, size: int) -> bytes:
        assert self._file is not None
        chunk = self._file.read(size)
        self._at += len(chunk)
        return chunk


class _Piece(io.RawIOBase):
    """One chunk as a file; closing it leaves the file of the blob open for the next chunk."""

    def __init__(self, pieces: Pieces, start: int, size: int) -> None:
        self._pieces, self._at, self._end = pieces, start, start + size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        chunk = self._pieces.read(self._at, min(size, left)) if left and size else b""
        self._at += len(chunk)
        return chunk
