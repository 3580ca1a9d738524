"""The progress of each blob of an image: a function of the exchanges of a walk, and a count while a body is sent.

One table lists the effect of each response on a blob. This module sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from regtutor.content.image import Config, Image
from regtutor.content.index import Index
from regtutor.content.writing.staging import Receiver
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.endpoints import identify
from regtutor.protocol.ranges import last_stored
from regtutor.stepping.altered_bodies import Chunks, altered

Fate = Literal["waiting", "sending", "uploaded", "mounted", "already there", "fetched", "deleted"]

OnBytes = Callable[[str, int, int], object]
"""Called with a blob's digest, the number of its bytes that were sent (in a pull: received), and its size in bytes."""

MOST_CALLS = 20
"""How often :data:`OnBytes` is called for one body, at most."""


@dataclass(frozen=True)
class BlobProgress:
    """The progress of one blob, or of the manifest.

    Attributes
    ----------
    digest, size: of the blob; the size in bytes.
    what: ``config``, ``layer 1`` and so on from the base upwards, or ``manifest``.
    sent: bytes of it that the registry has accepted, or that were fetched.
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
    """Return the progress of every blob of ``image``, and of its manifest, after ``exchanges``.

    Parameters
    ----------
    image: the content of the walk.
    exchanges: of one walk, in order; a refused one changes nothing.
    begins: the fate of everything before the first exchange.
    """
    rows = {row.digest: replace(row, fate=begins) for row in _rows(image)}
    for exchange, current in _with_digests(exchanges):
        effect = _EFFECTS.get((exchange.request_name, exchange.status or 0))
        if effect is not None and current in rows:
            fate, sent = effect
            rows[current] = replace(rows[current], fate=fate, sent=sent(rows[current], exchange))
    return tuple(rows.values())


def subjects(exchanges: Iterable[Exchange]) -> tuple[str, ...]:
    """Return, for each exchange of one walk, the digest of the blob or manifest that it is about; ``""`` for none.

    A request to an upload session is about the blob of the request before it.
    """
    return tuple(digest for _, digest in _with_digests(exchanges))


def subject_of(method: str, target: str, step: str, *, before: str = "", tagged: str = "") -> str:
    """Return the digest that a request is about, before it is sent.

    Parameters
    ----------
    method, target, step: of the request; the target in origin-form.
    before: the digest that the exchange before it is about, for a request that names none.
    tagged: the digest of the manifest that a tag is about.
    """
    match = identify(method, target, step)
    if match is None:
        return before
    reference = match.path.get("reference", "")
    if reference:
        return reference if ":" in reference else tagged
    return match.path.get("digest") or match.query.get("mount") or match.query.get("digest") or before


def _with_digests(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, str]]:
    current = ""
    for exchange in exchanges:
        current = _digest(exchange) or current
        yield exchange, current


def _rows(image: Image | Index) -> Iterable[BlobProgress]:
    layers = 0
    for blob in image.blobs:
        is_config = isinstance(blob, Config)
        layers += not is_config
        yield BlobProgress(blob.digest, blob.size, "config" if is_config else f"layer {layers}")
    for manifest in image.manifests:
        yield BlobProgress(manifest.digest, manifest.size, "manifest")


def _digest(exchange: Exchange) -> str:
    """Return the digest of the blob or manifest of an exchange.

    It is ``""`` if only an earlier exchange names the digest, as within an upload session.
    """
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
    """Return the bytes that the registry reports; ``0-0`` can mean one or none, so then the sent bytes are counted."""
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
"""The effect of a response on its blob: the new fate, and how many of its bytes are stored or fetched then."""


def counted(request: Request, row: BlobProgress, on_bytes: OnBytes) -> Request:
    """Return ``request`` so that it calls ``on_bytes`` while the blob's bytes go out or, in a pull, come in.

    Parameters
    ----------
    row: the blob that the request sends or fetches, with the bytes that were transferred before.
    on_bytes: called about :data:`MOST_CALLS` times at most.
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
            # Before the chunk goes out: after the last one, nobody requests another.
            count(len(chunk))
            yield chunk

    return replace(request, body=replace(altered(body, counting, body.size, body.label), digest=body.digest))


class _Count:
    """Counts the bytes of one body of ``size`` bytes, and reports them each time enough have been added."""

    def __init__(self, row: BlobProgress, size: int, on_bytes: OnBytes) -> None:
        self._row, self._size, self._on_bytes = row, size, on_bytes
        self._least = -(-size // MOST_CALLS)
        self.begin()

    def begin(self) -> None:
        """Start from zero; a body can be sent again."""
        self._done = self._reported = 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._done - self._reported >= self._least or self._done >= self._size:
            self._reported = self._done
            self._on_bytes(self._row.digest, min(self._row.sent + self._done, self._row.size), self._row.size)
