"""What compressed bytes unpack to, as far as a diagnosis needs it: only small ones, and never much of them."""

from __future__ import annotations

import zlib

from regtutor.protocol.digests import sha256

GZIP = b"\x1f\x8b"
"""How gzip begins."""

_MOST = 8 * 1024 * 1024


def unpacked_digest(data: bytes) -> str | None:
    """The sha256 digest of what gzip has packed in ``data``; None if it is no whole gzip, or more than 8 MiB."""
    if not data.startswith(GZIP):
        return None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, _MOST)
    except zlib.error:
        return None
    return sha256(unpacked) if unpacker.eof else None
