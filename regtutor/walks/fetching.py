"""How a manifest or a blob is fetched so that it can be believed: the part of a walk that pulls and copies share.

Each digest and each size is compared with what names it. Redirects are followed as requests of their own, which take
no credentials to another host. A blob whose transfer is cut goes on where it was cut.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import replace
from typing import NoReturn

from regtutor.content.image import Manifest
from regtutor.content.incoming import Incoming, Receiver
from regtutor.errors import ConnectionFailed, ContentMismatch, InvalidDigest, InvalidManifest, PullFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.digests import Hasher, parse, sha256
from regtutor.protocol.manifests import MAX_BYTES, Descriptor, parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.ranges import PART
from regtutor.steps import draft, get_blob, get_manifest
from regtutor.walks.answers import stop

REDIRECTS = 5
"""How many redirects are followed for one answer."""

TRIES = 6
"""How many requests are made for one blob, if connections are cut or fail."""

_MANIFESTS = ("manifest", "index", "schema1")
_REDIRECTED = (301, 302, 303, 307, 308)

Fetch = Generator[Request, Exchange, None]


def fetch_manifest(
    repository: str, reference: str, *, entry: Descriptor | None = None, side: str = ""
) -> Generator[Request, Exchange, Manifest]:
    """A manifest or an index, byte for byte as the registry has it.

    Parameters
    ----------
    repository, reference: where it is: a tag or a digest.
    entry: what names it in an index; its size and media type are compared as well.
    side: see :class:`~regtutor.message.Request`.

    Raises
    ------
    ContentMismatch: if it is not what its digest, the ``Docker-Content-Digest`` header or ``entry`` says.
    PullFailed: if the registry does not give it, if it has more than 4 MiB, or is no manifest that can be used.

    Source: OCI distribution-spec v1.1.1, "Pulling manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
    """
    bytes_in = io.BytesIO()
    with _Held(bytes_in, reference) as receiver:
        request = replace(draft(get_manifest, repository, reference, into=receiver), side=side)
        answer = yield from _following(request)
        _expect(answer, 200)
        data = bytes_in.getvalue()
    digest = verified(answer, data, *([reference] if ":" in reference else []), *([entry.digest] if entry else []))
    if entry is not None and entry.size != len(data):
        _mismatch(answer, f"it has {len(data):,} bytes, and the index names {entry.size:,}")
    told = answer.headers.get("Content-Type", "")
    media_type = told if kind_of(told) in _MANIFESTS else entry.media_type if entry else None
    try:
        view = parse_manifest(data, media_type)
    except InvalidManifest as error:
        _stop(answer, error.why)
    if view.kind == "schema1":
        _stop(answer, "This is a manifest of Docker's first form, schema 1, which names no sizes and no config")
    if entry is not None and essence(entry.media_type) != view.media_type:
        _stop(answer, f"The index says that it is {entry.media_type}, and it is {view.media_type}")
    return Manifest(data, view.media_type, digest)


class _Held(Receiver):
    """Receives something small, of at most ``limit`` bytes."""

    def __init__(self, file: io.BytesIO, name: str, limit: int = MAX_BYTES) -> None:
        def refusal() -> PullFailed:
            return PullFailed(f"{name} was not taken", f"it has more than {limit:,} bytes, the most that are accepted")

        super().__init__(file, limit, refusal)

    def close(self) -> None:
        """The bytes are still to be looked at."""


def verified(answer: Exchange, data: bytes, *named: str) -> str:
    """The digest of ``data``, which must be each of ``named``, and that of the ``Docker-Content-Digest`` header.

    Raises
    ------
    ContentMismatch: if one of them is another.
    """
    header = answer.headers.get("Docker-Content-Digest")
    names = [*named, *([header] if header else [])]
    for digest in names:
        try:
            hasher = Hasher(parse(digest).algorithm)
        except InvalidDigest as error:
            _mismatch(answer, f"{error.what}: {error.why}")
        hasher.update(data)
        if hasher.digest != digest:
            _mismatch(answer, f"its digest is {hasher.digest}, not {digest}")
    return names[0] if names else sha256(data)


def fetch_small(repository: str, blob: Descriptor, limit: int) -> Generator[Request, Exchange, bytes]:
    """The bytes of a small blob, such as a config, held in memory; for the errors see :func:`fetch_blob`."""
    if blob.data is not None:
        return blob.data
    bytes_in = io.BytesIO()
    with _Held(bytes_in, blob.digest, limit) as receiver:
        answer = yield from _following(draft(get_blob, repository, blob.digest, into=receiver))
        _expect(answer, 200)
    data = bytes_in.getvalue()
    if len(data) != blob.size:
        _mismatch(answer, f"it has {len(data):,} bytes, and the manifest names {blob.size:,}")
    verified(answer, data, blob.digest)
    return data


def fetch_blob(repository: str, blob: Descriptor, incoming: Incoming, *, side: str = "") -> Fetch:
    """A blob, unless it is there already; in the end ``incoming`` holds it, verified.

    A transfer that is cut goes on with a ``Range`` request, and ``If-Range`` where the registry gave an ETag. Once
    bytes have come, a connection that brings none is tried again as well; at most :data:`TRIES` requests are made.

    Raises
    ------
    ContentMismatch: if what comes is not what ``blob`` says; nothing of it is kept.
    PullFailed: if the registry does not give it.
    ConnectionFailed: if the connection fails before a byte comes, or too often; what came is kept for the next time.

    Sources: OCI distribution-spec v1.1.1, "Pulling blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>; RFC 9110, 14.2 Range and
    13.1.5 If-Range <https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2>.
    """
    if incoming.holds(blob):
        return
    if blob.data is not None:
        incoming.keep(blob.digest, blob.data)
        return
    if incoming.begun(blob) >= blob.size > 0 and incoming.settle(blob):
        return
    etag, cut, answer = "", None, None  # type: str, ConnectionFailed | None, Exchange | None
    reached = False
    for _ in range(TRIES):
        start = incoming.begun(blob)
        with incoming.receiver(blob) as received:
            answer, cut = yield from _attempt(_asking(repository, blob, received, start, etag, side), incoming, blob)
        if cut is not None and (answer is None or not received.size):
            received.path.unlink(missing_ok=True)
            if not reached:
                raise cut
            continue
        assert answer is not None  # where there is none, there is the error
        reached = True
        etag = answer.headers.get("ETag", etag)
        if not _take(answer, incoming, blob, received, start):
            continue
        whole = cut is None or incoming.begun(blob) >= blob.size
        if whole and incoming.settle(blob, seen=_seen(answer, blob, cut)):
            return
        if cut is None and answer.status == 200:
            _mismatch(answer, f"its {received.size:,} bytes are not the {blob.size:,} bytes of {blob.digest}")
    if cut is not None:
        raise cut
    assert answer is not None
    _stop(answer, f"After {TRIES} requests the blob {blob.digest} is still not there")


def _asking(repository: str, blob: Descriptor, received: Receiver, start: int, etag: str, side: str) -> Request:
    request = replace(draft(get_blob, repository, blob.digest, into=received), side=side)
    if not start:
        return request
    headers = {"Range": f"bytes={start}-"}
    if etag and not etag.startswith("W/"):
        headers["If-Range"] = etag
    return request.edit(headers=headers)


def _attempt(
    request: Request, incoming: Incoming, blob: Descriptor
) -> Generator[Request, Exchange, tuple[Exchange | None, ConnectionFailed | None]]:
    """The answer, as far as one came, and the error that cut it, if one did."""
    try:
        return (yield from _following(request)), None
    except ConnectionFailed as error:
        return error.exchange, error
    except ContentMismatch:
        incoming.drop(blob)
        raise


def _take(answer: Exchange, incoming: Incoming, blob: Descriptor, received: Receiver, start: int) -> bool:
    """Put what was received where it belongs; False if it belongs nowhere, and the next try begins anew."""
    if answer.status == 200:
        incoming.begin_anew(blob, received)
        return True
    match = PART.fullmatch(answer.headers.get("Content-Range", "").strip())
    if answer.status == 206 and match and int(match[1]) == start and start + received.size <= blob.size:
        incoming.append(blob, received)
        return True
    if answer.status not in (206, 416) or not start:
        received.path.unlink(missing_ok=True)
        _expect(answer, 200)
    incoming.drop(blob)
    return False


def _seen(answer: Exchange, blob: Descriptor, cut: ConnectionFailed | None) -> str | None:
    """The digest that the record has of a whole body, so that the file need not be read again."""
    body = answer.response.body if answer.response else None
    return body.digest if body and not cut and answer.status == 200 and body.size == blob.size else None


def _following(request: Request) -> Generator[Request, Exchange, Exchange]:
    """The answer, redirects followed: each is a request of its own."""
    answer = yield request
    for _ in range(REDIRECTS):
        if answer.status not in _REDIRECTED:
            return answer
        if answer.location is None:
            _stop(answer, "The answer has no Location, so there is nowhere to go on")
        answer = yield replace(request, target=answer.location)
    if answer.status in _REDIRECTED:
        _stop(answer, f"More than {REDIRECTS} redirects lead from one to the next")
    return answer


def _mismatch(answer: Exchange, why: str) -> NoReturn:
    raise ContentMismatch(
        f"The answer to {answer.step} is not the content that was asked for",
        why,
        "Nothing was kept. The registry's storage is damaged, or something between changed the bytes",
        exchange=answer,
    )


def _expect(answer: Exchange, status: int) -> None:
    if answer.status != status:
        _stop(answer, f"{answer.method} {answer.target} was answered {answer.status}, not {status}")


def _stop(answer: Exchange, why: str) -> NoReturn:
    stop(answer, why, PullFailed)
