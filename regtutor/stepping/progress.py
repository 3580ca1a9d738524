"""How far each blob of an image has come: a function of the exchanges of a walk, and a count while a body goes out.

What a request does to a blob stands in one table. This module sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from regtutor.content.image import Config, Image
from regtutor.content.index import Index
from regtutor.content.writing.staging import Receiver
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.ranges import last_stored
from regtutor.stepping.altered_bodies import Chunks, altered

Fate = Literal["waiting", "sending", "uploaded", "mounted", "already there", "fetched", "deleted"]

OnBytes = Callable[[str, int, int], object]
"""Is told a blob's digest, how many of its bytes have gone out (in a pull: come in), and how many there are."""

TOLD = 20
"""How often :data:`OnBytes` is called for one body at most."""


@dataclass(frozen=True)
class BlobProgress:
    """How far one blob, or the manifest, has come.

    Attributes
    ----------
    digest, size: of the blob; the size in bytes.
    what: ``config``, ``layer 1`` and so on from the base upwards, or ``manifest``.
    sent: bytes of it that the registry took, or that were fetched.
    fate: ``waiting``, ``sending`` (a session is open), ``uploaded``, ``mounted``, ``already there``, ``fetched`` or
        ``deleted``.
    """

    digest: str
    size: int
    what: str
    sent: int = 0
    fate: Fate = "waiting"


def progress(
    image: Image | Index, exchanges: Iterable[Exchange], *, begins: Fate = "waiting"
) -> tuple[BlobProgress, ...]:
    """How far every blob of ``image``, and its manifest, has come after ``exchanges``.

    Parameters
    ----------
    image: what the walk is about.
    exchanges: of one walk, in order; those that were refused change nothing.
    begins: the fate of everything before the first.
    """
    rows = {row.digest: replace(row, fate=begins) for row in _rows(image)}
    current = ""
    for exchange in exchanges:
        current = _digest(exchange) or current
        effect = _EFFECTS.get((exchange.request_name, exchange.status or 0))
        if effect is not None and current in rows:
            fate, sent = effect
            rows[current] = replace(rows[current], fate=fate, sent=sent(rows[current], exchange))
    return tuple(rows.values())


def _rows(image: Image | Index) -> Iterable[BlobProgress]:
    layers = 0
    for blob in image.blobs:
        is_config = isinstance(blob, Config)
        layers += not is_config
        yield BlobProgress(blob.digest, blob.size, "config" if is_config else f"layer {layers}")
    for manifest in image.manifests:
        yield BlobProgress(manifest.digest, manifest.size, "manifest")


def _digest(exchange: Exchange) -> str:
    """Which blob or manifest an exchange is about; ``""`` if only the one before it says so, as within a session."""
    match = exchange.endpoint
    if match is None:
        return ""
    if "reference" in match.path:
        return _manifest_digest(exchange, match.path["reference"])
    return match.path.get("digest") or match.query.get("mount") or match.query.get("digest") or ""


def _manifest_digest(exchange: Exchange, reference: str) -> str:
    received = exchange.response.body.digest if exchange.response and exchange.method == "GET" else None
    found = exchange.request.body.digest or received or exchange.headers.get("Docker-Content-Digest")
    return found or (reference if ":" in reference else "")


_Sent = Callable[[BlobProgress, Exchange], int]


def _whole(row: BlobProgress, exchange: Exchange) -> int:  # noqa: ARG001 - one signature for all
    return row.size


def _nothing(row: BlobProgress, exchange: Exchange) -> int:  # noqa: ARG001 - as above
    return 0


def _as_before(row: BlobProgress, exchange: Exchange) -> int:  # noqa: ARG001 - as above
    return row.sent


def _more(row: BlobProgress, exchange: Exchange) -> int:
    """What the registry says that it has; ``0-0`` may mean one byte or none, so what was sent is counted instead."""
    last = last_stored(exchange.headers.get("Range", "")) or 0
    return min(last + 1 if last else row.sent + exchange.bytes_up, row.size)


def _received(row: BlobProgress, exchange: Exchange) -> int:
    return min(row.sent + exchange.bytes_down, row.size)


_EFFECTS: Mapping[tuple[str, int], tuple[Fate, _Sent]] = {
    ("head_blob", 200): ("already there", _nothing),
    ("mount_blob", 201): ("mounted", _nothing),
    ("mount_blob", 202): ("sending", _nothing),
    ("start_upload", 202): ("sending", _nothing),
    ("patch_upload", 202): ("sending", _more),
    ("get_upload", 204): ("sending", _more),
    ("cancel_upload", 204): ("waiting", _nothing),
    ("put_blob", 201): ("uploaded", _whole),
    ("post_blob", 201): ("uploaded", _whole),
    ("put_manifest", 201): ("uploaded", _whole),
    ("head_manifest", 200): ("already there", _nothing),
    ("get_manifest", 200): ("fetched", _whole),
    ("get_blob", 200): ("fetched", _received),
    ("get_blob", 206): ("fetched", _received),
    ("delete_blob", 202): ("deleted", _as_before),
    ("delete_manifest", 202): ("deleted", _as_before),
}
"""What an answer does to the blob that it is about: its fate, and how many of its bytes are there then."""


def counted(request: Request, row: BlobProgress, on_bytes: OnBytes) -> Request:
    """``request``, which tells ``on_bytes`` how far the blob is while its bytes go out, or come in for a pull.

    Parameters
    ----------
    row: the blob that it brings or asks for, with the bytes that were there before.
    on_bytes: is called about :data:`TOLD` times at most.
    """
    if isinstance(request.into, Receiver):
        request.into.follow(_Count(row, row.size, on_bytes), lambda: None)
        return request
    body = request.body
    if body is None:
        return request
    count = _Count(row, body.size, on_bytes)

    def counting(chunks: Chunks) -> Chunks:
        count.begin()
        for chunk in chunks:
            # Before the chunk goes out, since nobody asks for another one after the last.
            count(len(chunk))
            yield chunk

    return replace(request, body=replace(altered(body, counting, body.size, body.label), digest=body.digest))


class _Count:
    """Counts the bytes of one body of ``size`` bytes, and tells of them when enough are there."""

    def __init__(self, row: BlobProgress, size: int, on_bytes: OnBytes) -> None:
        self._row, self._size, self._on_bytes = row, size, on_bytes
        self._least = -(-size // TOLD)
        self.begin()

    def begin(self) -> None:
        """None has gone yet; a body may be sent anew."""
        self._done = self._told = 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._done - self._told >= self._least or self._done >= self._size:
            self._told = self._done
            self._on_bytes(self._row.digest, min(self._row.sent + self._done, self._row.size), self._row.size)
