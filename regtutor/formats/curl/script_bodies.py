"""Finding the bytes that a recorded request sent: a whole blob, a chunk of a blob, or a manifest.

A record contains only the first part of a body. Its digest identifies the blob or the chunk; if the digest is not
known (curl does not print it), the target and the size of the request do. This module writes no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from regtutor.exchange import BodyRecord, Exchange
from regtutor.message import CHUNK, Blob
from regtutor.protocol.digests import sha256


@dataclass(frozen=True)
class Part:
    """``size`` bytes of a ``blob``, from offset ``first``."""

    blob: Blob
    first: int
    size: int

    @property
    def name(self) -> str:
        """The name for a file with these bytes."""
        prefix = self.blob.digest.partition(":")[2][:12]
        whole = self.size == self.blob.size
        return f"blob-{prefix}.bin" if whole else f"blob-{prefix}-from-{self.first}.bin"

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in small blocks."""
        with self.blob.open() as file:
            file.seek(self.first)
            left = self.size
            while left and (data := file.read(min(CHUNK, left))):
                left -= len(data)
                yield data


def part_sent(exchange: Exchange, blobs: Iterable[Blob]) -> Part | None:
    """Return the part of ``blobs`` that the request of ``exchange`` sent; None if it sent no part of them.

    Parameters
    ----------
    exchange: the recorded exchange.
    blobs: the pushed layers, configs and manifests.
    """
    body = exchange.request.body
    every = tuple(blobs)
    if body.digest is None:
        found = next((blob for blob in every if _named(exchange, body, blob)), None)
        return None if found is None else Part(found, 0, found.size)
    for blob in every:
        if blob.digest == body.digest:
            return Part(blob, 0, blob.size)
    first = exchange.request_headers.get("Content-Range", "").partition("-")[0]
    if not first.isascii() or not first.isdigit() or len(first) > 18:
        return None
    parts = (Part(blob, int(first), body.size) for blob in every if int(first) + body.size <= blob.size)
    return next((part for part in parts if sha256(part.chunks()) == body.digest), None)


def _named(exchange: Exchange, body: BodyRecord, blob: Blob) -> bool:
    if body.size != blob.size or body.fate != "sent":
        return False
    match = exchange.endpoint
    if match is None:
        return False
    if match.endpoint.name == "put_manifest":
        return ":" not in match.path["reference"] or match.path["reference"] == blob.digest
    return match.query.get("digest") == blob.digest
