"""Which bytes of an image a recorded request sent: all of a blob, a chunk of one, or a manifest.

A record holds the first part of a body only. Its digest says which blob, or which part of one, it was; where it is not
known (curl does not tell it), the request's target and the size do. It writes no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from regtutor.exchange import BodyRecord, Exchange
from regtutor.message import CHUNK, Blob
from regtutor.protocol.digests import sha256


@dataclass(frozen=True)
class Part:
    """``size`` bytes of a ``blob``, from ``first`` on."""

    blob: Blob
    first: int
    size: int

    @property
    def name(self) -> str:
        """What a file with it is called."""
        told = self.blob.digest.partition(":")[2][:12]
        whole = self.size == self.blob.size
        return f"blob-{told}.bin" if whole else f"blob-{told}-from-{self.first}.bin"

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, some at a time."""
        with self.blob.open() as file:
            file.seek(self.first)
            left = self.size
            while left and (data := file.read(min(CHUNK, left))):
                left -= len(data)
                yield data


def part_sent(exchange: Exchange, blobs: Iterable[Blob]) -> Part | None:
    """What of ``blobs`` the request of ``exchange`` sent; None if nothing of them.

    Parameters
    ----------
    exchange: what was recorded.
    blobs: what was pushed: layers, configs and manifests.
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
