"""What is missing in an exchange, or contradicts something else in it: lengths, digests, media types, ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.exchange import Exchange
from regtutor.findings.asked import fields_of, step_of
from regtutor.findings.compression import GZIP, unpacked_digest
from regtutor.findings.diagnosis import by_received, by_request_line, by_sent, by_status, codes_of, diagnosis, issue
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import DISTRIBUTION_SPEC, HTTP, IMAGE_CONFIG_SPEC, Citation
from regtutor.protocol.digests import parse, same_algorithm
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.ranges import CHUNK, first_and_last, length
from regtutor.protocol.responses import required_headers
from regtutor.protocol.text import counted

_CHUNKS = Citation(DISTRIBUTION_SPEC, "Pushing a blob in chunks", "pushing-a-blob-in-chunks")
_MANIFESTS = Citation(DISTRIBUTION_SPEC, "Pushing Manifests", "pushing-manifests")
_BLOBS = Citation(DISTRIBUTION_SPEC, "Pulling blobs", "pulling-blobs")
_POST_PUT = Citation(DISTRIBUTION_SPEC, "POST then PUT", "post-then-put")
_LENGTH = Citation(HTTP, "8.6 Content-Length", "section-8.6")


def diagnose(exchange: Exchange) -> Iterator[Finding]:
    """Everything that is missing or contradictory."""
    for look in _LOOKS:
        yield from look(exchange)


def _missing_in_answer(exchange: Exchange) -> Iterator[Finding]:
    needed = required_headers(step_of(exchange), exchange.status or 0) if exchange.response else {}
    for key, citation in needed.items():
        if key not in exchange.headers:
            name = HEADERS[key].name
            said = f"an answer {exchange.status} to {step_of(exchange)} must have the header {name}, which says: "
            yield diagnosis(
                "missing header",
                said + HEADERS[key].meaning,
                "See whether a proxy before the registry takes it away: send the same request to the registry itself",
                citation,
                shown=by_received(exchange, name),
            )


def _manifest_without_type(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) == "put_manifest" and "Content-Type" not in exchange.request_headers:
        yield diagnosis(
            "manifest without Content-Type",
            "a manifest was sent without its type; Distribution 2.8 then takes it for a signed one of Schema 1, and "
            "says that a signature is missing",
            "Send Content-Type with the manifest's own mediaType, such as application/vnd.oci.image.manifest.v1+json",
            _MANIFESTS,
            shown=by_sent(exchange, "Content-Type"),
        )


def _manifest_of_another_type(exchange: Exchange) -> Iterator[Finding]:
    named = exchange.request_headers.get("Content-Type")
    body = exchange.request.body
    if step_of(exchange) != "put_manifest" or named is None or not body.size or not body.whole:
        return
    try:
        declared = parse_manifest(body.preview).declared_media_type
    except InvalidManifest:
        return
    if declared and declared != essence(named):
        yield diagnosis(
            "Content-Type is not the mediaType",
            f"the manifest says that it is {declared}, and the header says {essence(named)}",
            f"Send Content-Type: {declared}, and the manifest's bytes as they are",
            _MANIFESTS,
            shown=by_sent(exchange, "Content-Type"),
        )


def _content_range(exchange: Exchange) -> Iterator[Finding]:
    value = exchange.request_headers.get("Content-Range")
    if value is None:
        return
    found, shown = first_and_last(value), by_sent(exchange, "Content-Range")
    if not CHUNK.fullmatch(value) or found is None:
        yield diagnosis(
            "Content-Range is not written so",
            f"{value!r} is another form than that of an upload, <first>-<last> without a unit and without a size; "
            "Distribution 3 answers 500 to it, and Distribution 2.8 does not look at it",
            f"Send Content-Range: {found[0]}-{found[1]}" if found else "Send Content-Range: 0-9 for the first 10 bytes",
            issue(3496, "the form of ranges in uploads"),
            shown=shown,
        )
        return
    announced = length(exchange.request_headers.get("Content-Length"))
    size, said = found[1] - found[0] + 1, exchange.request.body.size if announced is None else announced
    if size != said and exchange.request.body.fate != "partial":
        length_of = f"{value} is a range of {counted(size)}" if size > 0 else f"{value} ends before it begins"
        half = "; the last byte counts, so this looks like a half-open range" if size == said + 1 else ""
        yield diagnosis(
            "Content-Range is not as long as the body",
            f"{length_of}, and the body has {said}{half}",
            f"Send Content-Range: {found[0]}-{found[0] + said - 1}" if said else "Leave Content-Range out",
            _CHUNKS,
            shown=shown,
        )


def _sent_length(exchange: Exchange) -> Iterator[Finding]:
    body, announced = exchange.request.body, length(exchange.request_headers.get("Content-Length"))
    if body.fate == "partial" and body.digest is None:
        return  # how many bytes went out is not known
    if announced is not None and body.fate in ("none", "sent", "partial") and body.size != announced:
        yield diagnosis(
            "Content-Length is not that of the body sent",
            f"{counted(announced)} were announced, and {body.size} were sent",
            "Leave Content-Length to the client, or announce what the body has",
            _LENGTH,
            shown=by_sent(exchange, "Content-Length"),
        )


def _received_length(exchange: Exchange) -> Iterator[Finding]:
    if exchange.response is None or exchange.method == "HEAD" or exchange.status == 304:
        return
    announced, got = length(exchange.headers.get("Content-Length")), exchange.response.body.size
    if announced is None or announced == got or exchange.response.body.fate == "withheld":
        return
    stale = got == 0 and step_of(exchange) == "get_blob" and exchange.status == 200
    why = "; after a garbage collection Distribution may still believe that it has a blob" if stale else ""
    again = "Restart the registry, push the blob again" if stale else "Send the request again"
    yield diagnosis(
        "the body is not as long as announced",
        f"{counted(announced)} were announced, and {got} came{why}",
        f"{again}; a pull that broke off goes on with Range: bytes={got}-",
        issue(4569, "a blob cache that garbage collection leaves stale") if stale else _LENGTH,
        shown=by_received(exchange, "Content-Length"),
    )


def _digest_invalid(exchange: Exchange) -> Iterator[Finding]:
    fields = fields_of(exchange)
    named = fields.get("digest") or fields.get("mount") or fields.get("reference", "")
    if "DIGEST_INVALID" not in codes_of(exchange):
        return
    body, shown = exchange.request.body, by_request_line(exchange)
    try:
        parse(named)
    except InvalidDigest as error:
        said = f"the digest cannot be read: {error}" if named else "the request names no digest"
        again = f"Send the same request with digest={body.digest}" if body.digest else "Write it sha256:<64 hex digits>"
        yield diagnosis("malformed digest", said, again, _POST_PUT, shown=shown)
        return
    if body.whole and unpacked_digest(body.preview) == named:
        yield _diff_id(exchange, named)
        return
    packed = body.preview.startswith(GZIP)
    if body.digest and same_algorithm(body.digest, named) and body.digest != named:
        yield diagnosis(
            "the digest is not that of the bytes",
            f"the request names {named}, and the bytes of this request have {body.digest}",
            "Hash the very bytes that are sent (JSON that was written anew is other bytes); after chunks, the digest "
            "is that of the whole blob"
            + ("; the bytes are gzip: perhaps the digest is that of the unpacked layer, its diff ID" if packed else ""),
            _POST_PUT,
            shown=shown,
        )
        return
    yield diagnosis(
        "the digest is not that of the bytes",
        f"the request names {named}; what the registry holds has another one",
        "GET the upload's Location to see how many bytes are there, and begin again if they are others",
        _POST_PUT,
        shown=shown,
    )


def _diff_id(exchange: Exchange, named: str) -> Finding:
    sent = exchange.request.body.digest
    return diagnosis(
        "the digest is the diff ID",
        f"the request names {named}, which is the digest of the unpacked layer, its diff ID; the bytes are gzip, and "
        f"have {sent}",
        f"Send digest={sent}. The manifest names a layer by the digest of the bytes that are sent, and the config by "
        "that of the unpacked ones",
        Citation(IMAGE_CONFIG_SPEC, "Layer DiffID", "layer-diffid"),
        shown=by_request_line(exchange),
    )


def _other_content(exchange: Exchange) -> Iterator[Finding]:
    """The digest that the registry names, or that was asked for, is not that of the body that came."""
    response, fields = exchange.response, fields_of(exchange)
    if response is None or exchange.status != 200 or step_of(exchange) not in ("get_blob", "get_manifest"):
        return
    if kind_of(essence(exchange.headers.get("Content-Type", ""))) == "schema1":
        return  # its digest is that of the content without the signatures
    got = response.body.digest if response.body.fate != "partial" else None
    named = fields.get("digest") or fields.get("reference", "")
    announced = exchange.headers.get("Docker-Content-Digest", "")
    for what, wanted in (("the request names", named), ("Docker-Content-Digest says", announced)):
        if got and wanted != got and same_algorithm(wanted, got):
            yield diagnosis(
                "the content is not what its digest says",
                f"{what} {wanted}, and the bytes that came have {got}",
                "Do not use the bytes; ask for them again, without a proxy between, and then push them anew",
                _BLOBS,
                shown=by_received(exchange, "Docker-Content-Digest"),
            )


def _stored_other(exchange: Exchange) -> Iterator[Finding]:
    sent, stored = exchange.request.body, exchange.headers.get("Docker-Content-Digest", "")
    if exchange.status != 201 or step_of(exchange) not in ("put_manifest", "post_blob") or sent.fate != "sent":
        return
    if sent.digest and sent.digest != stored and same_algorithm(sent.digest, stored):
        yield diagnosis(
            "another content was stored",
            f"the bytes that were sent have {sent.digest}, and the registry says that it stored {stored}",
            f"GET it by the digest {sent.digest}, and compare the bytes",
            _MANIFESTS,
            shown=by_received(exchange, "Docker-Content-Digest"),
        )


def _size_invalid(exchange: Exchange) -> Iterator[Finding]:
    if "SIZE_INVALID" in codes_of(exchange) and exchange.status == 400 and not any(_content_range(exchange)):
        yield diagnosis(
            "the size is not what was said",
            "the registry counted other bytes than Content-Range or Content-Length announced",
            "Send Content-Range: <first>-<last>, where <last> is the position of the last byte, and not one behind it",
            _CHUNKS,
            shown=by_status(exchange),
        )


_LOOKS: tuple[Callable[[Exchange], Iterator[Finding]], ...] = (
    _missing_in_answer,
    _manifest_without_type,
    _manifest_of_another_type,
    _content_range,
    _sent_length,
    _received_length,
    _digest_invalid,
    _other_content,
    _stored_other,
    _size_invalid,
)
