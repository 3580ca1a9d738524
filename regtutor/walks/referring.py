"""Listing referrers, and maintaining the list under a tag on a registry without the referrers API.

Source: OCI distribution-spec v1.1.1, "Unavailable Referrers API"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#unavailable-referrers-api>.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from regtutor.client.registry import Registry
from regtutor.content.image import Manifest
from regtutor.errors import InvalidDigest, InvalidManifest, ListFailed, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.printable import visible
from regtutor.protocol.digests import Hasher, is_well_formed, parse, sha256
from regtutor.protocol.manifests import MAX_BYTES, Descriptor, parse_manifest
from regtutor.protocol.media_types import OCI_INDEX
from regtutor.protocol.referrers import referrer_entry, referrers_index, referrers_tag
from regtutor.steps import draft, get_manifest, get_referrers, put_manifest
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Notes, Walk, run
from regtutor.walks.existence import check_manifest_stored, digest_at_registry
from regtutor.walks.expected_status import expect, stop
from regtutor.walks.listing import MAX_PAGES, check_new_page, linked_page, next_page, why_unreadable
from regtutor.walks.redirects import follows_redirects


@dataclass(frozen=True)
class Referrers:
    """The result of :func:`list_referrers`; it iterates over its ``descriptors``.

    Attributes
    ----------
    descriptors: one for each referrer: its digest, size, media type, artifact type and annotations.
    tag: the referrers tag that the list was read from, or ``""`` if it came from the referrers API.
    transcript: every request that was made.
    """

    descriptors: tuple[Descriptor, ...]
    tag: str
    transcript: Transcript

    def __iter__(self) -> Iterator[Descriptor]:
        return iter(self.descriptors)

    def __len__(self) -> int:
        return len(self.descriptors)

    def __repr__(self) -> str:
        source = f"the tag {self.tag}" if self.tag else "the referrers API"
        return visible(f"<Referrers: {len(self)} manifest{'s' * (len(self) != 1)}, from {source}>")


@needs_registry
def list_referrers(
    reg: Registry,
    repository: str,
    digest: str,
    artifact_type: str | None = None,
    *,
    watch: Callable[[Exchange], None] | None = None,
) -> Referrers:
    """List every manifest that has ``digest`` as its subject: signatures, SBOMs and other artifacts.

    The list comes from the referrers API, page by page. If the registry has no referrers API (404, also 400, 403, 405
    or 501), the list is read from the referrers tag, ``sha256-<hex>``.

    Parameters
    ----------
    reg: the registry.
    repository, digest: of the subject.
    artifact_type: list only manifests of this type; if the registry does not filter, the client does.
    watch: called with each exchange as soon as it is made.

    Raises
    ------
    ListFailed: if a response is not a list of referrers.
    InvalidDigest: if the registry has no referrers API and ``digest`` is malformed, so that it has no tag.
    ConnectionFailed: if the registry could not be reached.

    Source: OCI distribution-spec v1.1.1, "Listing Referrers"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>.
    """
    found = Found()
    walk = referrers(repository, digest, found, artifact_type=artifact_type)
    transcript = run(walk, reg, watch=watch, title=f"referrers of {digest} in {repository} on {reg.name}")
    return Referrers(found.descriptors, found.tag, transcript)


@dataclass
class Found:
    """Filled in by :func:`referrers`; see the attributes of :class:`Referrers`."""

    descriptors: tuple[Descriptor, ...] = ()
    tag: str = ""


@follows_redirects
def referrers(repository: str, digest: str, found: Found, *, artifact_type: str | None = None) -> Walk:
    """The walk of :func:`list_referrers`, with the same parameters and one more.

    Parameters
    ----------
    found: receives the result.
    """
    exchange = yield draft(get_referrers, repository, digest, artifact_type=artifact_type)
    if _has_no_api(exchange, digest):
        found.tag = referrers_tag(digest)
        index, why = yield from _tagged(repository, found.tag, digest)
        found.descriptors = _of_type(_entries(index), artifact_type)
        result = f"{why}, so there are no referrers" if why else "clients maintain that list"
        return (f"{_no_api(exchange)}. The list was read from the tag {found.tag}: {result}",)
    entries: tuple[Descriptor, ...] = ()
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        expect(exchange, 200, kind=ListFailed)
        try:
            page = _entries(exchange.content)
        except InvalidManifest as error:
            stop(exchange, f"The body is not an index: {error.why}{why_unreadable(exchange)}", ListFailed)
        entries += page if _was_filtered(exchange) else _of_type(page, artifact_type)
        if linked_page(exchange) is None:
            found.descriptors = entries
            return ()
        check_new_page(exchange, seen)
        exchange = yield from next_page(exchange, draft(get_referrers, repository, digest, page=exchange.next_page))
    stop(exchange, f"The list has more than {MAX_PAGES:,} pages", ListFailed)


def add_referrer(repository: str, manifest: Manifest, pushed: Exchange) -> Generator[Request, Exchange, Notes]:
    """Add a pushed manifest that has a subject to the list under the referrers tag, unless the registry has the API.

    ``OCI-Subject`` in the response to the push says that the registry has it.

    Parameters
    ----------
    repository, manifest: the manifest, and the repository that it was pushed to.
    pushed: the exchange of the push.

    Source: OCI distribution-spec v1.1.1, "Pushing Manifests with Subject"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject>.
    """
    subject = manifest.view.subject
    if subject is None or "OCI-Subject" in pushed.headers:
        return ()
    tag = referrers_tag(subject.digest)
    index, why = yield from _tagged(repository, tag, subject.digest)
    if index is None and why != _NO_SUCH_TAG:
        return (f"{manifest.digest} was not added to the referrers of {subject.digest}: {why}",)
    body = json.loads(index or referrers_index([]))
    entries: list[dict[str, Any]] = body.get("manifests") or []
    digest = digest_at_registry(pushed, manifest.digest)
    if any(entry["digest"] == digest for entry in entries):
        return ()
    body["manifests"] = [*entries, referrer_entry(manifest.view, digest, manifest.size)]
    yield from _put(repository, tag, body)
    return (f"This registry has no referrers API: {digest} was added to the list under the tag {tag}",)


def drop_referrer(repository: str, subject: str, digest: str) -> Generator[Request, Exchange, Notes]:
    """Remove a deleted manifest from the list under the referrers tag of its subject, unless the registry has the API.

    Parameters
    ----------
    repository: the repository that had the manifest.
    subject, digest: the digest of its subject, and its own digest.

    Returns
    -------
    Notes on the changes to the list. The manifest is already deleted, so that a list which cannot be read or pushed
    causes a note and no error.

    Source: OCI distribution-spec v1.1.1, "Deleting Manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests>.
    """
    try:
        tag = referrers_tag(subject)
    except InvalidDigest:
        return ()  # a malformed digest has no referrers tag, so there is no list
    try:
        return (yield from _drop(repository, subject, tag, digest))
    except RegtutorError as error:
        return (f"If a list of referrers exists under the tag {tag}, it still names {digest}: {error}",)


def _drop(repository: str, subject: str, tag: str, digest: str) -> Generator[Request, Exchange, Notes]:
    exchange = yield draft(get_referrers, repository, subject)
    if not _has_no_api(exchange, subject):
        return ()
    index, _ = yield from _tagged(repository, tag, subject)
    if index is None:
        return ()
    body = json.loads(index)
    others = [entry for entry in body.get("manifests") or [] if entry["digest"] != digest]
    if len(others) == len(body.get("manifests") or []):
        return ()
    body["manifests"] = others
    yield from _put(repository, tag, body)
    return (f"{_no_api(exchange)}: {digest} was removed from the list under the tag {tag}",)


_NO_SUCH_TAG = "the tag does not exist"
_SUBJECT = "the registry returns the subject itself for this tag"

_WITHOUT_API = (400, 403, 404, 405, 501)
"""The responses of registries without the referrers API; the specification names 404 only."""


def _has_no_api(exchange: Exchange, digest: str) -> bool:
    """Return whether the response means that there is no referrers API; 400 can also mean a malformed digest."""
    return exchange.status in _WITHOUT_API and (exchange.status != 400 or is_well_formed(digest))


def _no_api(exchange: Exchange) -> str:
    status = exchange.status
    return "This registry has no referrers API" + (f" (it returned {status})" if status != 404 else "")


def _tagged(repository: str, tag: str, subject: str) -> Generator[Request, Exchange, tuple[bytes | None, str]]:
    """Return the bytes of the index under the tag, or None and the reason.

    A registry can resolve the tag of a list as a digest, and return the subject itself, which is no list.
    """
    received = _Limited()
    # Any type is accepted: if Accept named indexes only, a registry with another manifest there would return 404.
    exchange = yield draft(get_manifest, repository, tag, into=received)
    if exchange.status == 404:
        return None, _NO_SUCH_TAG
    expect(exchange, 200, kind=ListFailed)
    if _digest_like(subject, received.getvalue()) == subject:
        return None, _SUBJECT
    try:
        parse_manifest(received.getvalue(), OCI_INDEX)
    except InvalidManifest as error:
        return None, f"the manifest there is not an index ({error.why})"
    return received.getvalue(), ""


def _digest_like(digest: str, data: bytes) -> str:
    hasher = Hasher(parse(digest).algorithm)
    hasher.update(data)
    return hasher.digest


class _Limited(io.BytesIO):
    """Receives the exact bytes of an index, up to a limit. (A record has no secrets, so its bytes can differ.)"""

    def write(self, chunk: Any) -> int:
        if self.tell() <= MAX_BYTES:
            super().write(chunk)
        return len(chunk)


def _put(repository: str, tag: str, body: dict[str, Any]) -> Generator[Request, Exchange, None]:
    data = json.dumps(body).encode()
    exchange = yield draft(put_manifest, repository, tag, data, media_type=OCI_INDEX)
    yield from check_manifest_stored(exchange, repository, tag, sha256(data))


def _entries(index: bytes | None) -> tuple[Descriptor, ...]:
    return parse_manifest(index, OCI_INDEX).manifests if index is not None else ()


def _was_filtered(exchange: Exchange) -> bool:
    names = ",".join(exchange.headers.all("OCI-Filters-Applied"))
    return "artifactType" in [name.strip() for name in names.split(",")]


def _of_type(entries: tuple[Descriptor, ...], artifact_type: str | None) -> tuple[Descriptor, ...]:
    return tuple(entry for entry in entries if not artifact_type or entry.artifact_type == artifact_type)
