"""Traps for content that was changed on its way: encoded by a proxy, or rewritten by the registry to another format.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import by_received, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of
from regtutor.protocol.citations import HABIT, OUTSIDE
from regtutor.protocol.clauses import http
from regtutor.protocol.digests import is_well_formed, parse
from regtutor.protocol.encodings import UnpackingHasher, applied
from regtutor.protocol.media_types import DOCKER_MANIFEST, MANIFEST_TYPES, essence, kind_of

_READS = ("get_manifest", "head_manifest", "get_blob", "head_blob")


def _asked(exchange: Exchange, coding: str) -> bool:
    accepted = ",".join(exchange.request_headers.all("Accept-Encoding")).lower()
    named = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return coding in named or "*" in named


@trap(endpoints=_READS, statuses=(200, 206))
def encoded(exchange: Exchange) -> Iterator[Finding]:
    """The response has a content coding that the request did not ask for, so that its bytes do not match the digest."""
    coding = applied(exchange.headers.get("Content-Encoding", ""))
    if not coding or _asked(exchange, coding):
        return
    yield diagnosis(
        "the content is encoded",
        f"the response has Content-Encoding: {coding}, which the request did not ask for; a digest is that of the "
        f"plain bytes{_unpacked(exchange, coding)}",
        "Configure the proxy, or the registry's storage, not to compress these responses (nginx: gzip off), or unpack "
        "the bytes before you compare the digest",
        http("8.4 Content-Encoding"),
        shown=by_received(exchange, "Content-Encoding"),
        level=OUTSIDE,
    )


def _unpacked(exchange: Exchange, coding: str) -> str:
    """Return whether the unpacked bytes have the digest, if the record holds all bytes."""
    fields, body = fields_of(exchange), exchange.response.body if exchange.response else None
    named = fields.get("digest") or fields.get("reference", "")
    expected = named if is_well_formed(named) and ":" in named else exchange.headers.get("Docker-Content-Digest", "")
    if body is None or not body.size or not body.whole or not is_well_formed(expected):
        return ""
    hasher = UnpackingHasher(coding, parse(expected).algorithm)
    hasher.update(body.preview)
    return ", and the unpacked bytes have it" if hasher.digest == expected else ""


@trap(endpoints=("get_manifest", "head_manifest"), statuses=(200,))
def rewritten_to_schema_1(exchange: Exchange) -> Iterator[Finding]:
    """The registry perhaps rewrote the manifest to Schema 1, because Accept does not list its type."""
    accepted = {essence(part) for part in ",".join(exchange.request_headers.all("Accept")).split(",")}
    received = exchange.headers.get("Content-Type", "")
    if kind_of(essence(received)) != "schema1" or DOCKER_MANIFEST in accepted:
        return
    yield diagnosis(
        "perhaps rewritten to Schema 1",
        f"the response is {essence(received)}, and Accept does not list {DOCKER_MANIFEST}: Distribution 2 rewrites a "
        "manifest for such a request, so these are not the bytes that were pushed, and Docker-Content-Digest is not "
        "the digest of the pushed manifest; a later request by this digest, such as DELETE, returns 404",
        f"Send Accept: {', '.join(MANIFEST_TYPES)}",
        issue(1565, "a digest that depends on Accept"),
        shown=by_received(exchange, "Content-Type"),
        level=HABIT,
    )
