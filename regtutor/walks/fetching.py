"""Fetching manifests and blobs, with every digest and size verified: the part of a walk that pulls and copies share.

Redirects are followed as requests of their own, which take no credentials to another host. A transfer that is cut
resumes where it was cut.
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
from regtutor.protocol.manifests import MAX_BYTES, Descriptor, parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.ranges import PART
from regtutor.steps import draft, get_blob, get_manifest
from regtutor.walks.expect import stop

REDIRECTS = 5
"""How many redirects are followed for one response."""

TRIES = 6
"""How many requests are made for one blob if connections are cut or fail, redirects not counted."""

_MANIFESTS = ("manifest", "index", "schema1")
_REDIRECTED = (301, 302, 303, 307, 308)


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


def fetch_blob(
    repository: str, blob: Descriptor, incoming: Incoming, *, side: str = ""
) -> Generator[Request, Exchange, None]:
    """Fetch a blob, unless it is there already; at the end ``incoming`` holds it, verified.

    A transfer that is cut resumes with a ``Range`` request, with ``If-Range`` if the registry gave an ETag. Once the
    registry has responded, a connection that brings no bytes is retried too; at most :data:`TRIES` requests are made.

    Raises
    ------
    ContentMismatch: if what comes does not match ``blob``; nothing of it is kept.
    PullFailed: if the registry does not give it.
    ConnectionFailed: if the connection fails before the first response, or too often; what came is kept for next time.

    Sources: OCI distribution-spec v1.1.1, "Pulling blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>; RFC 9110, 14.2 Range and
    13.1.5 If-Range <https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2>.
    """
    yield from _Fetch(repository, blob, incoming, side).run()


class _Fetch:
    """The fetch of one blob: what there is of it, and how the latest request for it ended.

    ``_start``, ``_received`` and ``_cut`` belong to the latest request: the offset that it asked for, the body of the
    response, and the error that cut the connection, if one did. ``_etag`` is the latest that the registry gave.
    """

    def __init__(self, repository: str, blob: Descriptor, incoming: Incoming, side: str) -> None:
        self._repository, self._blob, self._incoming, self._side = repository, blob, incoming, side
        self._partial = incoming.partial(blob)
        self._start, self._etag = 0, ""
        self._responded = False
        self._received: Receiver
        self._cut: ConnectionFailed | None = None

    def run(self) -> Generator[Request, Exchange, None]:
        """Ask for the bytes that are missing until the blob is complete."""
        if self._is_there():
            return
        answer: Exchange | None = None
        for _ in range(TRIES):
            answer = yield from self._ask()
            if answer is not None and self._take(answer) and self._settle(answer):
                return
        self._give_up(answer)

    def _is_there(self) -> bool:
        """Whether no request is needed: the blob is stored, its descriptor has its bytes, or an earlier try has."""
        if self._incoming.holds(self._blob):
            return True
        if self._blob.data is not None:
            self._incoming.keep(self._blob.digest, self._blob.data)
            return True
        return self._partial.size >= self._blob.size > 0 and self._partial.settle()

    def _ask(self) -> Generator[Request, Exchange, Exchange | None]:
        """One request, and the requests that its redirects lead to.

        Returns
        -------
        The response, or the part of it that came before the connection was cut; None if not one byte of its body came.
        """
        self._start = self._partial.size
        with self._partial.receiver() as self._received:
            answer: Exchange | None
            try:
                answer, self._cut = (yield from _following(self._request())), None
            except ConnectionFailed as error:
                answer, self._cut = error.exchange, error
            except ContentMismatch:
                self._partial.drop()
                raise
        if self._cut is not None and (answer is None or not self._received.size):
            self._nothing_came(self._cut)
            return None
        self._responded = True
        return answer

    def _request(self) -> Request:
        request = replace(draft(get_blob, self._repository, self._blob.digest, into=self._received), side=self._side)
        if not self._start:
            return request
        headers = {"Range": f"bytes={self._start}-"}
        if self._etag and not self._etag.startswith("W/"):
            headers["If-Range"] = self._etag
        return request.edit(headers=headers)

    def _nothing_came(self, failure: ConnectionFailed) -> None:
        """Only a registry that has responded before is asked again."""
        self._partial.ignore(self._received)
        if not self._responded:
            raise failure

    def _take(self, answer: Exchange) -> bool:
        """Keep the bytes that came, if they are a part of the blob; else the next request asks for all of it."""
        self._etag = answer.headers.get("ETag", self._etag)
        if answer.status == 200:
            self._partial.start_over(self._received)
            return True
        if self._continues(answer):
            self._partial.append(self._received)
            return True
        if answer.status not in (206, 416) or not self._start:
            self._partial.ignore(self._received)
            _expect(answer, 200)
        self._partial.drop()
        return False

    def _continues(self, answer: Exchange) -> bool:
        """Whether the response is the range that was asked for."""
        match = PART.fullmatch(answer.headers.get("Content-Range", "").strip())
        end = self._start + self._received.size
        return answer.status == 206 and match is not None and int(match[1]) == self._start and end <= self._blob.size

    def _settle(self, answer: Exchange) -> bool:
        """Verify the blob once all of it has come; False if bytes are missing, or if the ranges do not fit together."""
        complete = self._cut is None or self._partial.size >= self._blob.size
        if complete and self._partial.settle(self._recorded_digest(answer)):
            return True
        if self._cut is None and answer.status == 200:
            found = f"its {self._received.size:,} bytes are not the {self._blob.size:,} bytes of {self._blob.digest}"
            _mismatch(answer, found)
        return False

    def _recorded_digest(self, answer: Exchange) -> str | None:
        """The digest of the body in the record, if the body is the whole blob: then its file is not read again."""
        if self._cut is not None or answer.status != 200 or parse(self._blob.digest).algorithm != CANONICAL:
            return None
        return answer.response.body.digest if answer.response else None

    def _give_up(self, answer: Exchange | None) -> NoReturn:
        if self._cut is not None:
            raise self._cut
        assert answer is not None  # without a response there is an error
        _stop(answer, f"After {TRIES} requests the blob {self._blob.digest} is still not there")


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
