"""What a body says: how much of it went over the wire, whether its digest is the one that was named, what is in it."""

from __future__ import annotations

from regtutor.errors import InvalidManifest
from regtutor.exchange import BodyRecord, Exchange
from regtutor.findings.subject import fields_of, name_of
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import essence, kind_of
from regtutor.protocol.text import counted

_FATES = {
    "sent": "{} were sent",
    "withheld": "nothing was sent: the answer came before the body",
    "partial": "{} came over the wire, and then it ended early",
    "received": "{} came",
    "saved": "{} came, and were saved in a file",
    "discarded": "{} came, are not what their digest says, and were not kept",
}


def body_line(mark: str, body: BodyRecord) -> str:
    """The line that stands for a body, as in the text of an exchange."""
    digest = f", {body.digest}" if body.digest else ""
    return f"{mark} [{counted(body.size)} {body.fate}{digest}]"


def sent_meaning(exchange: Exchange) -> str:
    """What the request's body says."""
    body = exchange.request.body
    said = [_FATES[body.fate].format(counted(body.size))]
    named = fields_of(exchange).get("digest")
    if named and body.digest and body.fate == "sent" and name_of(exchange) in ("put_blob", "post_blob"):
        chunks = name_of(exchange) == "put_blob"
        same = (
            "which is the digest that the request names" if body.digest == named else _named(named, body.digest, chunks)
        )
        said.append(f"they have the digest {body.digest}, {same}")
    if name_of(exchange) == "put_manifest":
        said += _manifest(body, exchange.request_headers.get("Content-Type", ""))
    return "; ".join(said)


def _named(named: str, digest: str, chunks: bool) -> str:
    if not same_algorithm(named, digest):
        return f"and the request names {named}, of another algorithm"
    return f"while the request names {named}" + (
        ": that of the whole blob, if other chunks went before" if chunks else ""
    )


def received_meaning(exchange: Exchange) -> str:
    """What the answer's body says."""
    assert exchange.response is not None
    body = exchange.response.body
    said = [_FATES[body.fate].format(counted(body.size))]
    digest = exchange.headers.get("Docker-Content-Digest")
    if exchange.status == 200 and digest and body.digest and same_algorithm(digest, body.digest):
        said.append(
            "they have the digest that was announced" if digest == body.digest else f"their digest is {body.digest}"
        )
    if exchange.errors:
        said.append(f"they are the API's error body; codes in it: {len(exchange.errors)}")
    elif not exchange.ok:
        said.append("they are not the API's error body, so perhaps no handler of the registry, or a proxy, wrote them")
    else:
        said += _manifest(body, exchange.headers.get("Content-Type", ""))
    return "; ".join(said)


def _manifest(body: BodyRecord, content_type: str) -> list[str]:
    if kind_of(essence(content_type)) not in ("manifest", "index") or not body.whole:
        return []
    try:
        view = parse_manifest(body.preview)
    except InvalidManifest as error:
        return [f"they are no manifest: {error.why or error.what}"]
    if view.manifests or kind_of(essence(content_type)) == "index":
        return [f"an index of {len(view.manifests)} manifests"]
    return [f"a manifest of one config and {len(view.layers)} layers"]
