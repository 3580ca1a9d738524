"""Fetching manifests and blobs, with every digest and size verified: the part of a walk that pulls and copies share.

An interrupted transfer resumes where it stopped. The walk follows redirects, see ``redirects.py``.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import replace
from typing import NoReturn

from regtutor.content.image import Manifest
from regtutor.content.writing.staging import Incoming, Receiver
from regtutor.errors import ConnectionFailed, ContentMismatch, InvalidDigest, InvalidManifest, PullFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.digests import CANONICAL, Hasher, parse, sha256
from regtutor.protocol.encodings import ENCODED_NEXT, UnpackingHasher, applied, why_encoded
from regtutor.protocol.manifests import MAX_BYTES, Descriptor, parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.ranges import PART
from regtutor.steps import draft, get_blob, get_manifest
from regtutor.walks.expected_status import stop
from regtutor.walks.redirects import REDIRECTED, REDIRECTS

TRIES = 6
"""The most requests for one blob if connections are cut or fail, not counting redirects."""

_MANIFESTS = ("manifest", "index", "schema1")


def fetch_manifest(
    repository: str, reference: str, *, entry: Descriptor | None = None, side: str = ""
) -> Generator[Request, Exchange, Manifest]:
    """Fetch a manifest or an index, byte for byte as the registry has it.

    Parameters
    ----------
    repository, reference: what to fetch: a tag or a digest.
    entry: its descriptor in an index; the size and the media type are compared as well.
    side: see :class:`~regtutor.message.Request`.

    Raises
    ------
    ContentMismatch: if it does not match its digest, the ``Docker-Content-Digest`` header or ``entry``.
    PullFailed: if the registry does not send it, or if it has more than 4 MiB or is not a usable manifest.

    Source: OCI distribution-spec v1.1.1, "Pulling manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
    """
    bytes_in = io.BytesIO()
    with _Held(bytes_in, reference) as receiver:
        request = replace(draft(get_manifest, repository, reference, into=receiver), side=side)
        exchange = yield from _sent(request)
        _expect(exchange, 200)
        data = bytes_in.getvalue()
    digest = verified(exchange, data, *([reference] if ":" in reference else []), *([entry.digest] if entry else []))
    if entry is not None and entry.size != len(data):
        _mismatch(exchange, f"it has {len(data):,} bytes, but the index names {entry.size:,}")
    content_type = exchange.headers.get("Content-Type", "")
    media_type = content_type if kind_of(content_type) in _MANIFESTS else entry.media_type if entry else None
    try:
        view = parse_manifest(data, media_type)
    except InvalidManifest as error:
        _stop(exchange, error.why)
    if view.kind == "schema1":
        _stop(exchange, "This is a manifest of Docker's first format, schema 1, which has no sizes and no config")
    if entry is not None and essence(entry.media_type) != view.media_type:
        _stop(exchange, f"The index lists it as {entry.media_type}, but it is {view.media_type}")
    return Manifest(data, view.media_type, digest)


class _Held(Receiver):
    """Receives small content in memory, of at most ``limit`` bytes."""

    def __init__(self, file: io.BytesIO, name: str, limit: int = MAX_BYTES) -> None:
        def refusal() -> PullFailed:
            return PullFailed(
                f"{name} was not accepted", f"it has more than {limit:,} bytes, the most that are accepted"
            )

        super().__init__(file, limit, refusal)

    def close(self) -> None:
        """Keep the file open, because its bytes are read later."""


def verified(exchange: Exchange, data: bytes, *named: str) -> str:
    """Return the digest of ``data``, after a comparison with each of ``named`` and with ``Docker-Content-Digest``.

    Raises
    ------
    ContentMismatch: if ``data`` does not match one of them.
    """
    header = exchange.headers.get("Docker-Content-Digest")
    names = [*named, *([header] if header else [])]
    for digest in names:
        try:
            hasher = Hasher(parse(digest).algorithm)
        except InvalidDigest as error:
            _mismatch(exchange, f"{error.what}: {error.why}")
        hasher.update(data)
        if hasher.digest != digest:
            _other_digest(exchange, data, digest, hasher.digest)
    return names[0] if names else sha256(data)


def _other_digest(exchange: Exchange, data: bytes, expected: str, found: str) -> NoReturn:
    why, coding = f"its digest is {found}, not {expected}", applied(exchange.headers.get("Content-Encoding", ""))
    if not coding:
        _mismatch(exchange, why)
    unpacked = UnpackingHasher(coding, parse(expected).algorithm)
    unpacked.update(data)
    _mismatch(exchange, f"{why}: {why_encoded(coding, unpacked.digest, expected)}", ENCODED_NEXT)


def fetch_small(repository: str, blob: Descriptor, limit: int) -> Generator[Request, Exchange, bytes]:
    """Fetch a small blob, such as a config, and return its bytes; for the errors see :func:`fetch_blob`."""
    if blob.data is not None:
        return blob.data
    bytes_in = io.BytesIO()
    with _Held(bytes_in, blob.digest, limit) as receiver:
        exchange = yield from _sent(draft(get_blob, repository, blob.digest, into=receiver))
        _expect(exchange, 200)
    data = bytes_in.getvalue()
    if len(data) != blob.size and not applied(exchange.headers.get("Content-Encoding", "")):
        _mismatch(exchange, f"it has {len(data):,} bytes, but the manifest names {blob.size:,}")
    verified(exchange, data, blob.digest)
    return data


def fetch_blob(
    repository: str, blob: Descriptor, incoming: Incoming, *, side: str = ""
) -> Generator[Request, Exchange, None]:
    """Fetch a blob, unless ``incoming`` already has it; at the end ``incoming`` has the verified blob.

    An interrupted transfer resumes with a ``Range`` request, with ``If-Range`` if the registry sent an ETag. Once the
    registry has responded, a connection that brings no bytes is retried too. At most :data:`TRIES` requests are made.

    Raises
    ------
    ContentMismatch: if the received bytes do not match ``blob``; none of them are kept.
    PullFailed: if the registry does not send it.
    ConnectionFailed: if the connection fails before the first response, or too often; the received bytes are kept for
        the next call.

    Sources: OCI distribution-spec v1.1.1, "Pulling blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>; RFC 9110, 14.2 Range and
    13.1.5 If-Range <https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2>.
    """
    yield from _Fetch(repository, blob, incoming, side).run()


class _Fetch:
    """The fetch of one blob: the bytes received so far, and the result of the latest request.

    ``_start``, ``_received`` and ``_cut`` belong to the latest request: the offset that it requested, the body of the
    response, and the error that cut the connection, or None. ``_etag`` is the latest ETag that the registry sent.
    """

    def __init__(self, repository: str, blob: Descriptor, incoming: Incoming, side: str) -> None:
        self._repository, self._blob, self._incoming, self._side = repository, blob, incoming, side
        self._partial = incoming.partial(blob)
        self._start, self._etag = 0, ""
        self._responded = False
        self._received: Receiver
        self._cut: ConnectionFailed | None = None

    def run(self) -> Generator[Request, Exchange, None]:
        """Request the missing bytes until the blob is complete."""
        if self._is_complete():
            return
        exchange: Exchange | None = None
        for _ in range(TRIES):
            exchange = yield from self._send()
            if exchange is not None and self._take(exchange) and self._settle(exchange):
                return
        self._give_up(exchange)

    def _is_complete(self) -> bool:
        """Return whether no request is needed, because the blob, its descriptor or an earlier fetch has the bytes."""
        if self._incoming.holds(self._blob):
            return True
        if self._blob.data is not None:
            self._incoming.keep(self._blob.digest, self._blob.data)
            return True
        return self._partial.size >= self._blob.size > 0 and self._partial.settle()

    def _send(self) -> Generator[Request, Exchange, Exchange | None]:
        """Send one request.

        Returns
        -------
        The exchange, which can hold only a part of the response if the connection was cut; None if the connection was
        cut before the first byte of the body.
        """
        self._start = self._partial.size
        with self._partial.receiver() as self._received:
            exchange: Exchange | None
            try:
                exchange, self._cut = (yield from _sent(self._request())), None
            except ConnectionFailed as error:
                exchange, self._cut = error.exchange, error
            except ContentMismatch:
                self._partial.drop()
                raise
        if self._cut is not None and (exchange is None or not self._received.size):
            self._retry_or_raise(self._cut)
            return None
        self._responded = True
        return exchange

    def _request(self) -> Request:
        request = replace(draft(get_blob, self._repository, self._blob.digest, into=self._received), side=self._side)
        if not self._start:
            return request
        headers = {"Range": f"bytes={self._start}-"}
        if self._etag and not self._etag.startswith("W/"):
            headers["If-Range"] = self._etag
        return request.edit(headers=headers)

    def _retry_or_raise(self, failure: ConnectionFailed) -> None:
        """Discard the empty response; raise ``failure`` unless the registry has responded before."""
        self._partial.ignore(self._received)
        if not self._responded:
            raise failure

    def _take(self, exchange: Exchange) -> bool:
        """Keep the received bytes if they are a part of the blob; otherwise the next request is for the whole blob."""
        self._etag = exchange.headers.get("ETag", self._etag)
        if exchange.status == 200:
            self._partial.start_over(self._received)
            return True
        if self._continues(exchange):
            self._partial.append(self._received)
            return True
        if exchange.status not in (206, 416) or not self._start:
            self._partial.ignore(self._received)
            _expect(exchange, 200)
        self._partial.drop()
        return False

    def _continues(self, exchange: Exchange) -> bool:
        """Return whether the response is the requested range."""
        match = PART.fullmatch(exchange.headers.get("Content-Range", "").strip())
        end = self._start + self._received.size
        return exchange.status == 206 and match is not None and int(match[1]) == self._start and end <= self._blob.size

    def _settle(self, exchange: Exchange) -> bool:
        """Verify the blob if it is complete; return False if bytes are missing or the ranges do not fit together."""
        complete = self._cut is None or self._partial.size >= self._blob.size
        if complete and self._partial.settle(self._recorded_digest(exchange)):
            return True
        if self._cut is None and exchange.status == 200:
            found = f"its {self._received.size:,} bytes are not the {self._blob.size:,} bytes of {self._blob.digest}"
            _mismatch(exchange, found)
        return False

    def _recorded_digest(self, exchange: Exchange) -> str | None:
        """Return the digest from the record if the body is the whole blob, so that its file is not read again."""
        if self._cut is not None or exchange.status != 200 or parse(self._blob.digest).algorithm != CANONICAL:
            return None
        return exchange.response.body.digest if exchange.response else None

    def _give_up(self, exchange: Exchange | None) -> NoReturn:
        if self._cut is not None:
            raise self._cut
        assert exchange is not None  # without a response there is an error
        _stop(exchange, f"The blob {self._blob.digest} is still incomplete after {TRIES} requests")


def _sent(request: Request) -> Generator[Request, Exchange, Exchange]:
    """Send ``request``; the walk follows its redirects, see :mod:`regtutor.walks.redirects`."""
    exchange = yield request
    if exchange.status in REDIRECTED:
        _stop(exchange, _why_not_followed(exchange))
    return exchange


def _why_not_followed(exchange: Exchange) -> str:
    if exchange.location is not None:
        return f"There were more than {REDIRECTS} redirects in a row"
    value = exchange.headers.get("Location")
    if value is None:
        return "The redirect has no Location, so it cannot be followed"
    return f"The Location of the redirect is {value!r}, which is not a URL, so it cannot be followed"


_DAMAGED = "Nothing was kept. The registry's storage is damaged, or something in between changed the bytes"


def _mismatch(exchange: Exchange, why: str, next: str = _DAMAGED) -> NoReturn:
    raise ContentMismatch(
        f"The response to {exchange.step} is not the requested content",
        why,
        next,
        exchange=exchange,
    )


def _expect(exchange: Exchange, status: int) -> None:
    if exchange.status != status:
        _stop(exchange, f"{exchange.method} {exchange.target} returned {exchange.status}, not {status}")


def _stop(exchange: Exchange, why: str) -> NoReturn:
    stop(exchange, why, PullFailed)
