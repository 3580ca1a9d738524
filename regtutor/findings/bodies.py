"""The meaning of a body: how much of it crossed the wire, whether its digest matches, and its content."""

from __future__ import annotations

from regtutor.errors import InvalidManifest
from regtutor.exchange import BodyRecord, Exchange
from regtutor.findings.request_purpose import fields_of, name_of
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.text import counted

_FATES = {
    "sent": "the client sent {}",
    "withheld": "nothing was sent: the response came before the body",
    "partial": "the transfer stopped early, after {}",
    "received": "the client received {}",
    "saved": "the client received {} and saved the content to a file",
    "discarded": "the client received {} and discarded the content, because it does not match its digest",
}


def body_line(mark: str, body: BodyRecord) -> str:
    """Return the line that represents a body, as in the text of an exchange."""
    digest = f", {body.digest}" if body.digest else ""
    return f"{mark} [{counted(body.size)} {body.fate}{digest}]"


def sent_meaning(exchange: Exchange) -> str:
    """Return the meaning of the request's body."""
    body = exchange.request.body
    parts = [_FATES[body.fate].format(counted(body.size))]
    named = fields_of(exchange).get("digest")
    if named and body.digest and body.fate == "sent" and name_of(exchange) in ("put_blob", "post_blob"):
        chunks = name_of(exchange) == "put_blob"
        compared = "as the request states" if body.digest == named else _other_digest(named, body.digest, chunks)
        parts.append(f"their digest is {body.digest}, {compared}")
    if name_of(exchange) == "put_manifest":
        parts += _manifest(body, exchange.request_headers.get("Content-Type", ""))
    return "; ".join(parts)


def _other_digest(named: str, digest: str, chunks: bool) -> str:
    if not same_algorithm(named, digest):
        return f"and the request names {named}, which has another algorithm"
    return f"but the request names {named}" + (
        " (the digest of the whole blob, if other chunks were sent before)" if chunks else ""
    )


def received_meaning(exchange: Exchange) -> str:
    """Return the meaning of the response's body."""
    assert exchange.response is not None
    body = exchange.response.body
    parts = [_FATES[body.fate].format(counted(body.size))]
    digest = exchange.headers.get("Docker-Content-Digest")
    if exchange.status == 200 and digest and body.digest and same_algorithm(digest, body.digest):
        parts.append(
            "their digest matches Docker-Content-Digest" if digest == body.digest else f"their digest is {body.digest}"
        )
    if exchange.errors:
        parts.append(f"this is the API's error body, with {_number(len(exchange.errors), 'error code')}")
    elif exchange.page is not None:
        parts.append(f"this is {exchange.page}, not a body of the API")
    elif not exchange.ok:
        parts.append(
            "this is not the API's error body: perhaps a proxy wrote it, or the registry before it chose a handler"
        )
    else:
        parts += _manifest(body, exchange.headers.get("Content-Type", ""))
    return "; ".join(parts)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _manifest(body: BodyRecord, content_type: str) -> list[str]:
    if kind_of(essence(content_type)) not in ("manifest", "index") or not body.whole:
        return []
    try:
        view = parse_manifest(body.preview)
    except InvalidManifest as error:
        return [f"this is not a manifest: {error.why or error.what}"]
    if view.manifests or kind_of(essence(content_type)) == "index":
        return [f"this is an index of {_number(len(view.manifests), 'manifest')}"]
    return [f"this is a manifest of one config and {_number(len(view.layers), 'layer')}"]
