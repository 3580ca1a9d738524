"""Traps for missing headers and for contradictions in one exchange: lengths, digests, media types, ranges.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import by_received, by_request_line, by_sent, by_status, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of, name_of
from regtutor.protocol.citations import HABIT, MAY, MUST, SHOULD, Citation
from regtutor.protocol.clauses import (
    CHUNKS,
    DIGESTS,
    ERROR_CODES,
    PULLING_BLOBS,
    PULLING_MANIFESTS,
    PUSHING_MANIFESTS,
    SINGLE_POST,
    http,
)
from regtutor.protocol.digests import ALGORITHMS, is_well_formed, parse, same_algorithm, sha256
from regtutor.protocol.encodings import applied
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.ranges import CHUNK, first_and_last, length
from regtutor.protocol.responses import required_headers
from regtutor.protocol.text import counted

_LENGTH = http("8.6 Content-Length")

_SENDS_A_DIGEST: Mapping[str, Citation] = {
    "put_blob": CHUNKS,
    "post_blob": SINGLE_POST,
    "put_manifest": PUSHING_MANIFESTS,
}
"""Endpoints whose requests have bytes and their digest -> the clause that requires the two to match."""

_GIVES_A_DIGEST: Mapping[str, Citation] = {"get_blob": PULLING_BLOBS, "get_manifest": PULLING_MANIFESTS}
"""Endpoints whose responses have the bytes of a digest -> the clause that requires the two to match."""


@trap()
def missing_header(exchange: Exchange) -> Iterator[Finding]:
    """A header that a response of this endpoint and status must have is missing."""
    name = name_of(exchange)
    needed = required_headers(name, exchange.status or 0, exchange.case) if exchange.response else {}
    for key, citation in needed.items():
        if key not in exchange.headers:
            header = HEADERS[key].name
            request = name or "any request"
            yield diagnosis(
                "missing header",
                f"a response {exchange.status} to {request} must have the header {header} ({HEADERS[key].meaning})",
                "Check whether a proxy removes it: send the same request directly to the registry",
                citation,
                shown=by_received(exchange, header),
                level=MUST,
            )


def _declared_type(exchange: Exchange) -> str:
    """Return the ``mediaType`` of the manifest in the request; ``""`` if it has none, or is not a manifest."""
    body = exchange.request.body
    try:
        return parse_manifest(body.preview).declared_media_type if body.size and body.whole else ""
    except InvalidManifest:
        return ""


@trap(endpoints=("put_manifest",))
def manifest_without_type(exchange: Exchange) -> Iterator[Finding]:
    """A manifest was sent without Content-Type."""
    if "Content-Type" not in exchange.request_headers:
        declared = _declared_type(exchange)
        yield diagnosis(
            "manifest without Content-Type",
            "a manifest was sent without its type; Distribution 2.8 then treats it as a signed manifest of Schema 1 "
            "and refuses it (only its log says that the signature is missing), Distribution 3.1 refuses it with the "
            "types that it accepts in the detail, and olareg accepts it",
            "Send Content-Type with the manifest's own mediaType, such as application/vnd.oci.image.manifest.v1+json",
            PUSHING_MANIFESTS,
            shown=by_sent(exchange, "Content-Type"),
            level=MUST if declared else SHOULD,
            condition="if the manifest has a mediaType, as this one" if declared else "",
        )


@trap(endpoints=("put_manifest",))
def manifest_of_another_type(exchange: Exchange) -> Iterator[Finding]:
    """Content-Type is not the mediaType of the manifest that was sent."""
    named, declared = exchange.request_headers.get("Content-Type"), _declared_type(exchange)
    if named is not None and declared and declared != essence(named):
        yield diagnosis(
            "Content-Type does not match mediaType",
            f"the manifest's mediaType is {declared}, but Content-Type is {essence(named)}",
            f"Send Content-Type: {declared}, and the manifest's bytes unchanged",
            PUSHING_MANIFESTS,
            shown=by_sent(exchange, "Content-Type"),
            level=MUST,
            condition="if the manifest has a mediaType, as this one",
        )


@trap()
def range_of_another_form(exchange: Exchange) -> Iterator[Finding]:
    """The Content-Range of a request does not have the form for an upload."""
    value = exchange.request_headers.get("Content-Range")
    if value is None or CHUNK.fullmatch(value):
        return
    found = first_and_last(value)
    yield diagnosis(
        "malformed Content-Range",
        f"{value!r} does not have the form for an upload, <first>-<last>, without a unit and without a size; "
        "Distribution 3 responds 500 to it, and Distribution 2.8 ignores it",
        f"Send Content-Range: {found[0]}-{found[1]}" if found else "Send Content-Range: 0-9 for the first 10 bytes",
        CHUNKS,
        shown=by_sent(exchange, "Content-Range"),
        level=MUST,
    )


@trap()
def range_of_another_length(exchange: Exchange) -> Iterator[Finding]:
    """The Content-Range of a request does not match the length of its body."""
    value = exchange.request_headers.get("Content-Range", "")
    found = first_and_last(value) if CHUNK.fullmatch(value) else None
    if found is None or exchange.request.body.fate == "partial":
        return
    announced = length(exchange.request_headers.get("Content-Length"))
    size, body_size = found[1] - found[0] + 1, exchange.request.body.size if announced is None else announced
    if size != body_size:
        range_length = f"{value} is a range of {counted(size)}" if size > 0 else f"{value} ends before it begins"
        half = "; the last byte is included, so this looks like a half-open range" if size == body_size + 1 else ""
        yield diagnosis(
            "Content-Range does not match the length of the body",
            f"{range_length}, but the body has {counted(body_size)}{half}",
            f"Send Content-Range: {found[0]}-{found[0] + body_size - 1}" if body_size else "Omit Content-Range",
            CHUNKS,
            shown=by_sent(exchange, "Content-Range"),
            level=MUST,
        )


@trap()
def request_length(exchange: Exchange) -> Iterator[Finding]:
    """The Content-Length of a request does not match the body that was sent."""
    body, announced = exchange.request.body, length(exchange.request_headers.get("Content-Length"))
    if body.fate == "partial" and body.digest is None:
        return  # the number of bytes that were sent is not known
    if announced is not None and body.fate in ("none", "sent", "partial") and body.size != announced:
        yield diagnosis(
            "Content-Length does not match the sent body",
            f"the request announced {counted(announced)}, but the client sent {body.size}",
            "Let the client set Content-Length, or announce the length of the body",
            _LENGTH,
            shown=by_sent(exchange, "Content-Length"),
            level=MUST,
        )


@trap()
def response_length(exchange: Exchange) -> Iterator[Finding]:
    """The body of a response does not match its Content-Length."""
    if exchange.response is None or exchange.method == "HEAD" or exchange.status == 304:
        return
    announced, got = length(exchange.headers.get("Content-Length")), exchange.response.body.size
    if announced is None or announced == got or exchange.response.body.fate == "withheld":
        return
    stale = got == 0 and name_of(exchange) == "get_blob" and exchange.status == 200
    why = "; after a garbage collection, Distribution can still list a deleted blob in its cache" if stale else ""
    again = "Restart the registry, and push the blob again" if stale else "Send the request again"
    yield diagnosis(
        "Content-Length does not match the received body",
        f"the response announced {counted(announced)}, but the client received {got}{why}",
        f"{again}; to resume an interrupted pull, send Range: bytes={got}-",
        issue(4569, "a blob cache that garbage collection leaves stale") if stale else _LENGTH,
        shown=by_received(exchange, "Content-Length"),
        level=HABIT if stale else MUST,
    )


def _named_digest(exchange: Exchange) -> str | None:
    """Return the digest that a request names, malformed or not; None if it names a tag."""
    fields = fields_of(exchange)
    if "reference" in fields:
        return fields["reference"] if ":" in fields["reference"] else None
    return fields.get("digest") or fields.get("mount") or ""


@trap(codes=("DIGEST_INVALID",))
def digest_grammar(exchange: Exchange) -> Iterator[Finding]:
    """The digest that a request names is malformed, or the request names none."""
    named, body = _named_digest(exchange), exchange.request.body
    if named is None or exchange.endpoint is None or is_well_formed(named):
        return
    try:
        parse(named)
    except InvalidDigest as error:
        meaning = str(error).removesuffix(".") if named else "the request names no digest"
        again = f"Send the same request with digest={body.digest}" if body.digest else "Write sha256:<64 hex digits>"
        yield diagnosis("malformed digest", meaning, again, DIGESTS, shown=by_request_line(exchange), level=MUST)


@trap(codes=("DIGEST_INVALID",))
def unknown_algorithm(exchange: Exchange) -> Iterator[Finding]:
    """The digest that a request names is well formed, but the registry does not support its algorithm."""
    named, body = _named_digest(exchange) or "", exchange.request.body
    algorithm = named.partition(":")[0]
    if is_well_formed(named) and algorithm not in ALGORITHMS:
        again = f"Send the same request with digest={body.digest}" if body.digest else "Use the content's sha256 digest"
        yield diagnosis(
            "unsupported digest algorithm",
            f"{named} is a well-formed digest, but the image-spec does not register its algorithm, {algorithm}, and "
            "this registry refuses it",
            again,
            DIGESTS,
            shown=by_request_line(exchange),
            level=SHOULD,
        )


@trap(endpoints=_SENDS_A_DIGEST, codes=("DIGEST_INVALID",))
def digest_of_other_bytes(exchange: Exchange) -> Iterator[Finding]:
    """The digest that a request names is well formed, but does not match the bytes."""
    named, body = _named_digest(exchange) or "", exchange.request.body
    if not is_well_formed(named) or named.partition(":")[0] not in ALGORITHMS:
        return
    citation, shown = _SENDS_A_DIGEST[name_of(exchange)], by_request_line(exchange)
    unpacked = body.whole and _unpacked_digest(body.preview) == named
    if unpacked:
        yield diagnosis(
            "the digest is the diff ID",
            f"the request names {named}, which is the digest of the unpacked layer, its diff ID; the bytes are gzip "
            f"and have the digest {body.digest}",
            f"Send digest={body.digest}. The manifest names a layer by the digest of the bytes that are sent, and the "
            "config names it by the digest of the unpacked bytes",
            citation,
            shown=shown,
            level=MUST,
        )
    elif body.digest and same_algorithm(body.digest, named) and body.digest != named:
        packed = body.preview.startswith(_GZIP)
        yield diagnosis(
            "the digest does not match the bytes",
            f"the request names {named}, but the bytes of this request have the digest {body.digest}",
            "Hash exactly the bytes that are sent (serializing JSON again changes the bytes); after chunks, send the "
            "digest of the whole blob"
            + ("; the bytes are gzip: perhaps the digest is that of the unpacked layer, its diff ID" if packed else ""),
            citation,
            shown=shown,
            level=MUST,
        )
    else:
        yield _mismatch_with_stored_bytes(exchange, named, citation)


def _mismatch_with_stored_bytes(exchange: Exchange, named: str, citation: Citation) -> Finding:
    chunks = name_of(exchange) == "put_blob"
    return diagnosis(
        "the digest does not match the bytes",
        f"the request names {named}, but the bytes that the registry {'holds' if chunks else 'received'} have another "
        "digest",
        "GET the upload's Location to see how many bytes it holds, and start again if they are the wrong bytes"
        if chunks
        else "Hash exactly the bytes that are sent, with the same algorithm",
        citation,
        shown=by_request_line(exchange),
        level=MUST,
    )


_GZIP = b"\x1f\x8b"
"""The first bytes of gzip data."""

_MOST_UNPACKED = 8 * 1024 * 1024


def _unpacked_digest(data: bytes) -> str | None:
    """Return the sha256 digest of the unpacked ``data``; None if it is not complete gzip, or more than 8 MiB."""
    if not data.startswith(_GZIP):
        return None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return None
    return sha256(unpacked) if unpacker.eof else None


@trap(endpoints=_GIVES_A_DIGEST, statuses=(200,))
def other_content(exchange: Exchange) -> Iterator[Finding]:
    """The received body does not match the digest that the registry names, or the requested digest."""
    response = exchange.response
    if response is None or kind_of(essence(exchange.headers.get("Content-Type", ""))) == "schema1":
        return  # a schema 1 digest is that of the content without the signatures
    if applied(exchange.headers.get("Content-Encoding", "")):
        return  # the digest is that of the plain bytes
    got = response.body.digest if response.body.fate != "partial" else None
    announced = exchange.headers.get("Docker-Content-Digest", "")
    named = _named_digest(exchange) or ""
    for source, expected in (("the request names", named), ("Docker-Content-Digest is", announced)):
        if got and expected != got and same_algorithm(expected, got):
            yield diagnosis(
                "the content does not match its digest",
                f"{source} {expected}, but the received bytes have the digest {got}",
                "Do not use the bytes; request them again without a proxy, and then push them again",
                _GIVES_A_DIGEST[name_of(exchange)],
                shown=by_received(exchange, "Docker-Content-Digest"),
                level=MUST,
            )


@trap(endpoints=("put_manifest", "post_blob"), statuses=(201,))
def other_digest(exchange: Exchange) -> Iterator[Finding]:
    """The digest of the content that the registry stored is not that of the sent bytes."""
    sent, stored = exchange.request.body, exchange.headers.get("Docker-Content-Digest", "")
    if sent.fate == "sent" and sent.digest and sent.digest != stored and same_algorithm(sent.digest, stored):
        yield diagnosis(
            "the registry stored different content",
            f"the sent bytes have the digest {sent.digest}, but the registry reports that it stored {stored}",
            f"GET the content by the digest {sent.digest}, and compare the bytes",
            _SENDS_A_DIGEST[name_of(exchange)],
            shown=by_received(exchange, "Docker-Content-Digest"),
            level=MUST,
        )


@trap(statuses=(400,), codes=("SIZE_INVALID",))
def size_invalid(exchange: Exchange) -> Iterator[Finding]:
    """The registry counted another number of bytes than announced, and nothing else in the exchange shows why."""
    if not any((*range_of_another_form.look(exchange), *range_of_another_length.look(exchange))):
        yield diagnosis(
            "the size does not match the headers",
            "the registry counted another number of bytes than Content-Range or Content-Length announced",
            "Send Content-Range: <first>-<last>, where <last> is the position of the last byte, not the next one",
            ERROR_CODES,
            shown=by_status(exchange),
            level=MAY,
        )
